package layout

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"pgregory.net/rapid"
)

// quickFile is a file of the corpus, ready to have its rows bound again.
type quickFile struct {
	name string
	plan *Plan
	rows [][][]byte // cells; one cell where lines are not cut
}

func quickFiles(t *testing.T) (out []quickFile) {
	files, err := filepath.Glob("../testdata/layouts/*/*.want")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, f := range files {
		f = strings.TrimSuffix(f, ".want")
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: filepath.Base(f), asOf: record.Civil(2026, 3, 10)}
		if dir := filepath.Base(filepath.Dir(f)); builtin(t).Get(dir).Explicit {
			r.layout = dir
		}
		for _, enc := range []text.Encoding{text.UTF8, text.GB18030} {
			if r.enc = enc; enc == text.GB18030 {
				content = gbk(string(content))
			}
			g := r.read(t, content)
			if g.plan == nil {
				continue
			}
			q := quickFile{name: fmt.Sprint(f, " ", enc), plan: g.plan}
			for _, l := range bytes.SplitAfter(content[g.plan.DataStart:g.plan.DataEnd], []byte{g.plan.EOL}) {
				if l = bytes.TrimRight(l, "\r\n"); len(l) == 0 {
					continue
				}
				cells := [][]byte{l}
				if g.plan.Form == FormDelimited {
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
func asSpans(cells [][]byte) *text.Record {
	raw := &text.Record{}
	for _, c := range cells {
		from := len(raw.Text)
		raw.Text = append(append(raw.Text, c...), ',')
		raw.Spans = append(raw.Spans, text.Span{From: uint32(from), To: uint32(len(raw.Text) - 1)})
	}
	return raw
}

// bound is what bind has said about a row.
func bound(v Verdict, p *problem.Problem, row *record.Row) string {
	if v != Accepted {
		return fmt.Sprint(v, p)
	}
	r := *row
	text := fmt.Sprintf("%q", r.Text)
	r.Text = [record.NumText][]byte{}
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
		need := rapid.SampledFrom([]record.FieldSet{0, some, record.AllFields}).Draw(t, "need").With(record.Currency)
		long, short := f.plan.NewBinder(), f.plan.NewBinder()
		var a, b record.Row
		for i := range rapid.IntRange(1, 40).Draw(t, "rows") {
			cells := slices.Clone(rapid.SampledFrom(f.rows).Draw(t, "row"))
			if f.plan.Form == FormDelimited {
				for range rapid.IntRange(0, 2).Draw(t, "changes") {
					k := rapid.IntRange(0, len(cells)-1).Draw(t, "cell")
					switch rapid.IntRange(0, 2).Draw(t, "how") {
					case 0:
						if other := rapid.SampledFrom(f.rows).Draw(t, "other"); k < len(other) {
							cells[k] = other[k]
						}
					case 1:
						cells[k] = []byte(rapid.SampledFrom(oddCells).Draw(t, "odd"))
						if f.plan.Enc == text.GB18030 {
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
			want := bound3(long.Bind(&text.Record{Cells: cells}, &a, need))(&a)
			raw := &text.Record{Cells: cells}
			if f.plan.Form == FormDelimited {
				raw = asSpans(cells)
			}
			if got := bound3(short.Bind(raw, &b, need))(&b); got != want {
				t.Fatalf("%s, row %d %q:\nquick %s\n long %s", f.name, i, cells, got, want)
			}
		}
		quick += short.quick.rows - short.quick.long
	})
	if quick < 100 {
		t.Errorf("only %d rows were quick", quick)
	}
}

func bound3(v Verdict, p *problem.Problem) func(*record.Row) string {
	return func(row *record.Row) string { return bound(v, p, row) }
}
