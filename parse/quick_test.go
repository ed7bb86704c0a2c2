package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// quickFile is a file of the corpus, ready to have its rows bound again.
type quickFile struct {
	name string
	plan *plan
	rows [][][]byte // cells; one cell where lines are not cut
}

func quickFiles(t *testing.T) (out []quickFile) {
	files, err := filepath.Glob("testdata/layouts/*/*.want")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, f := range files {
		f = strings.TrimSuffix(f, ".want")
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: filepath.Base(f), asOf: civil(2026, 3, 10)}
		if dir := filepath.Base(filepath.Dir(f)); builtin(t).Get(dir).Explicit {
			r.layout = dir
		}
		for _, enc := range []encoding{encUTF8, encGB18030} {
			if r.enc = enc; enc == encGB18030 {
				content = gbk(string(content))
			}
			g := r.read(t, content)
			if g.plan == nil {
				continue
			}
			q := quickFile{name: fmt.Sprint(f, " ", enc), plan: g.plan}
			for _, l := range bytes.SplitAfter(content[g.plan.dataStart:g.plan.dataEnd], []byte{g.plan.eol}) {
				if l = bytes.TrimRight(l, "\r\n"); len(l) == 0 {
					continue
				}
				cells := [][]byte{l}
				if g.plan.form == formDelimited {
					cells = cutRow(l, g.plan)
				}
				q.rows = append(q.rows, cells)
			}
			if len(q.rows) > 0 {
				out = append(out, q)
			}
		}
	}
	return out
}

// asSpans is a row as the splitter gives it at a glance.
func asSpans(cells [][]byte) *rawRow {
	raw := &rawRow{}
	for _, c := range cells {
		from := len(raw.text)
		raw.text = append(append(raw.text, c...), ',')
		raw.spans = append(raw.spans, cellSpan{uint32(from), uint32(len(raw.text) - 1)})
	}
	return raw
}

// bound is what bind has said about a row.
func bound(v verdict, p *Problem, row *Row) string {
	if v != accept {
		return fmt.Sprint(v, p)
	}
	r := *row
	text := fmt.Sprintf("%q", r.Text)
	r.Text = [NumText][]byte{}
	return fmt.Sprintf("%+v %s", r, text)
}

// oddCells are what a cell may become.
var oddCells = []string{
	"", "", " ", "-", "--", "0", "00", "00000000", "000000", "0.00", "-0.00", "1.5", "-3.00", "3.00", "12345678.90", "123456789.01", "1,234.00", "1.234", "x1.00", "１２",
	"1E+12", "1.2E5", "6222021234567890", "622202******1234", "6222021234", "合计", "合计:", "T1", "TOTAL-01", "#", "----", "`123", "'0012", "=\"7\"", "\t9", "9\t",
	"2026-03-01", "2026-03-01 10:11:12", "2026-02-30", "2026-03-01 25:00:00", "20260301", "20260301101112", "101112", "10:11:12", "10:61:12", "2026/3/1", "0000-00-00", "46082.5",
	"消费", "退款", "撤销", "失败", "成功", "处理中", "借记卡", "贷记卡", "微信", "支付宝", "收入", "支出", "是", "C", "D", "CNY", "USD", "人民币", "null", "无", "/", strings.Repeat("9", 70),
}

// TestQuickEqualsTheLongWay changes cells of the corpus at random: reading rows by
// recipe says of each what the long way says.
func TestQuickEqualsTheLongWay(t *testing.T) {
	files := quickFiles(t)
	quick := 0
	rapid.Check(t, func(t *rapid.T) {
		f := rapid.SampledFrom(files).Draw(t, "file")
		need := rapid.SampledFrom([]FieldSet{0, some, allFields}).Draw(t, "need").With(Currency)
		long, short := f.plan.newBinder(), f.plan.newBinder()
		var a, b Row
		for i := range rapid.IntRange(1, 40).Draw(t, "rows") {
			cells := slices.Clone(rapid.SampledFrom(f.rows).Draw(t, "row"))
			if f.plan.form == formDelimited {
				for range rapid.IntRange(0, 2).Draw(t, "changes") {
					k := rapid.IntRange(0, len(cells)-1).Draw(t, "cell")
					switch rapid.IntRange(0, 2).Draw(t, "how") {
					case 0:
						if other := rapid.SampledFrom(f.rows).Draw(t, "other"); k < len(other) {
							cells[k] = other[k]
						}
					case 1:
						cells[k] = []byte(rapid.SampledFrom(oddCells).Draw(t, "odd"))
						if f.plan.enc == encGB18030 {
							cells[k] = gbk(string(cells[k]))
						}
					case 2:
						cells = slices.Insert(cells, k, []byte(rapid.SampledFrom([]string{"", "7"}).Draw(t, "more")))
					}
				}
			}
			long.need, long.quick.off = need, true
			if long.picks == nil {
				long.choose(need)
				long.quick.off = true
			}
			want := bound3(long.bind(&rawRow{cells: cells}, &a, need))(&a)
			raw := &rawRow{cells: cells}
			if f.plan.form == formDelimited {
				raw = asSpans(cells)
			}
			if got := bound3(short.bind(raw, &b, need))(&b); got != want {
				t.Fatalf("%s, row %d %q:\nquick %s\n long %s", f.name, i, cells, got, want)
			}
		}
		quick += short.quick.rows - short.quick.long
	})
	if quick < 100 {
		t.Errorf("only %d rows were quick", quick)
	}
}

func bound3(v verdict, p *Problem) func(*Row) string {
	return func(row *Row) string { return bound(v, p, row) }
}
