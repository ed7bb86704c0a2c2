package layout

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// rawRows is a document's rows already cut, and a binder for them.
func rawRows(t testing.TB, name string, enc text.Encoding, content []byte) (*Binder, []text.Record) {
	t.Helper()
	in := Sample{Name: name, File: name, Head: content, Tail: content, Size: int64(len(content)), Enc: enc, Layouts: builtin(t), AsOf: record.Civil(2026, 3, 10)}
	p, problems := Recognise(in)
	if p == nil {
		t.Fatal(texts(problems))
	}
	var rows []text.Record
	for _, l := range bytes.SplitAfter(content[p.DataStart:p.DataEnd], []byte{p.EOL}) {
		if l = bytes.TrimRight(l, "\r\n"); len(l) > 0 {
			rows = append(rows, text.Record{Cells: cutRow(l, p)})
		}
	}
	return p.NewBinder(), rows
}

// everyday is a clearing file such as acquirers send it every day.
func everyday(n int) string {
	var b strings.Builder
	b.WriteString("商户号,门店名称,终端号,交易日期,交易时间,交易类型,批次号,凭证号,参考号,卡号,卡类型,交易金额,手续费,结算金额,清算日期,交易状态\r\n")
	for i := range n {
		amount, fee := 500+i%500*100+i%100, i%300 // fen
		net := amount - fee
		fmt.Fprintf(&b, "822290000000001,东方商场（%d店）,1000%04d,2026-03-01,%02d:%02d:%02d,消费,000001,%06d,%012d,622262******%04d,借记卡,%d.%02d,%d.%02d,%d.%02d,2026-03-01,成功\r\n",
			i%50, i%1000, 8+i%12, i%60, i/60%60, i, i, i%10000, amount/100, amount%100, fee/100, fee%100, net/100, net%100)
	}
	return b.String()
}

// some is what the join asks for.
var some = record.FieldSet(0).With(record.OrderNo, record.ChannelNo, record.TerminalID, record.RefNo, record.MerchantID)

func TestAcceptedRowsDoNotAllocate(t *testing.T) {
	body := everyday(200)
	for _, c := range []struct {
		name    string
		enc     text.Encoding
		content []byte
		need    record.FieldSet
	}{
		{"utf-8, keys", text.UTF8, []byte(body), some}, {"utf-8, everything", text.UTF8, []byte(body), ^record.FieldSet(0)},
		{"gb18030, keys", text.GB18030, gbk(body), some}, {"gb18030, everything", text.GB18030, gbk(body), ^record.FieldSet(0)},
	} {
		b, rows := rawRows(t, "day.csv", c.enc, c.content)
		var row record.Row
		all := func() {
			for i := range rows {
				if v, p := b.Bind(&rows[i], &row, c.need); v != Accepted {
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
	body := everyday(1000)
	for _, c := range []struct {
		name    string
		enc     text.Encoding
		content []byte
		need    record.FieldSet
	}{{"utf8/keys", text.UTF8, []byte(body), some}, {"gb18030/keys", text.GB18030, gbk(body), some}, {"gb18030/all", text.GB18030, gbk(body), ^record.FieldSet(0)}} {
		b.Run(c.name, func(b *testing.B) {
			bd, rows := rawRows(b, "day.csv", c.enc, c.content)
			var row record.Row
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if v, p := bd.Bind(&rows[i], &row, c.need); v != Accepted {
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
	in := Sample{Name: "day.csv", File: "day.csv", Head: content[:256<<10], Tail: content[len(content)-64<<10:], Size: int64(len(content)), Enc: text.GB18030, Layouts: builtin(b)}
	for b.Loop() {
		if p, problems := Recognise(in); p == nil {
			b.Fatal(texts(problems))
		}
	}
}
