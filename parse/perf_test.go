package parse

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// rawRows is a document's rows already cut, and a binder for them.
func rawRows(t testing.TB, name string, enc encoding, content []byte) (*binder, []rawRow) {
	t.Helper()
	in := analyseInput{name: name, file: name, head: content, tail: content, size: int64(len(content)), enc: enc, layouts: builtin(t), asOf: civil(2026, 3, 10)}
	p, problems := analyse(in)
	if p == nil {
		t.Fatal(texts(problems))
	}
	var rows []rawRow
	for _, l := range bytes.SplitAfter(content[p.dataStart:p.dataEnd], []byte{p.eol}) {
		if l = bytes.TrimRight(l, "\r\n"); len(l) > 0 {
			rows = append(rows, rawRow{cells: cutRow(l, p)})
		}
	}
	return p.newBinder(), rows
}

// everyday is a clearing file such as acquirers send it every day.
func everyday(n int) string {
	var b strings.Builder
	b.WriteString("商户号,门店名称,终端号,交易日期,交易时间,交易类型,批次号,凭证号,参考号,卡号,卡类型,交易金额,手续费,结算金额,清算日期,交易状态\r\n")
	for i := range n {
		fmt.Fprintf(&b, "822290000000001,东方商场（%d店）,1000%04d,2026-03-01,%02d:%02d:%02d,消费,000001,%06d,%012d,622262******%04d,借记卡,%d.%02d,%d.%02d,%d.10,2026-03-01,成功\r\n",
			i%50, i%1000, 8+i%12, i%60, i/60%60, i, i, i%10000, i%500, i%100, i%3, i%100, i%400)
	}
	return b.String()
}

// some is what the join asks for.
var some = FieldSet(0).With(OrderNo, ChannelNo, TerminalID, RefNo, MerchantID)

func TestAcceptedRowsDoNotAllocate(t *testing.T) {
	text := everyday(200)
	for _, c := range []struct {
		name    string
		enc     encoding
		content []byte
		need    FieldSet
	}{
		{"utf-8, keys", encUTF8, []byte(text), some}, {"utf-8, everything", encUTF8, []byte(text), ^FieldSet(0)},
		{"gb18030, keys", encGB18030, gbk(text), some}, {"gb18030, everything", encGB18030, gbk(text), ^FieldSet(0)},
	} {
		b, rows := rawRows(t, "day.csv", c.enc, c.content)
		var row Row
		all := func() {
			for i := range rows {
				if v, p := b.bind(&rows[i], &row, c.need); v != accept {
					t.Fatal(p)
				}
			}
		}
		all()
		if n := testing.AllocsPerRun(5, all); n > 0 {
			t.Errorf("%s: %v allocations in %d rows", c.name, n, len(rows))
		}
	}
}

func BenchmarkBind(b *testing.B) {
	text := everyday(1000)
	for _, c := range []struct {
		name    string
		enc     encoding
		content []byte
		need    FieldSet
	}{{"utf8/keys", encUTF8, []byte(text), some}, {"gb18030/keys", encGB18030, gbk(text), some}, {"gb18030/all", encGB18030, gbk(text), ^FieldSet(0)}} {
		b.Run(c.name, func(b *testing.B) {
			bd, rows := rawRows(b, "day.csv", c.enc, c.content)
			var row Row
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if v, p := bd.bind(&rows[i], &row, c.need); v != accept {
					b.Fatal(p)
				}
				if i++; i == len(rows) {
					i = 0
				}
			}
		})
	}
}

func BenchmarkAnalyse(b *testing.B) {
	content := gbk(everyday(2000))
	in := analyseInput{name: "day.csv", file: "day.csv", head: content[:256<<10], tail: content[len(content)-64<<10:], size: int64(len(content)), enc: encGB18030, layouts: builtin(b)}
	for b.Loop() {
		if p, problems := analyse(in); p == nil {
			b.Fatal(texts(problems))
		}
	}
}
