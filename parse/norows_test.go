package parse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
)

// A file of a header alone is told, on every side; one that declares 0 is not.
func TestFileWithoutRowsIsAProblemUnlessItDeclaresZero(t *testing.T) {
	const till = "门店,小票号,交易时间,支付方式,金额\n"
	const clearing = "商户号,参考号,交易时间,交易金额,手续费,清算日期\n"
	const bank = "交易时间,收入,支出,余额,对方户名\n"
	for _, c := range []struct {
		text  string
		empty bool
	}{
		{till, true},
		{strings.TrimSuffix(till, "\n"), true},
		{"门店流水\n" + till, true},
		{clearing, true},
		{bank, true},
		{clearing + "合计,,,0.00,0.00,\n", false},
		{clearing + "总笔数：0\n", false},
		{"总笔数,0\n" + clearing, false},
		{bank + "共 0 笔\n", false},
		{till + "没有符合条件的交易记录\n", false},
		{"总笔数：3 退款总笔数：0\n" + till, true},
		{till + "一店,A1,2026-03-01 10:00:00,微信,5.00\n", false},
		{till + "一店,A1,2026-03-01 10:00:00,微信,5.00x\n", false}, // rejected, and told as such
	} {
		in := openFiles(t, nil, writeFiles(t, map[string]string{"a.csv": c.text}), "a.csv")
		for _, s := range in.Sets {
			if s != nil {
				scanAll(t, s, 1)
			}
		}
		f := in.Files[0]
		said := strings.Contains(strings.Join(texts(f.Problems), " "), "not one row")
		if !c.empty && len(f.Problems) > 0 && f.Problems[0].Code == layout.CodeControlRows {
			continue // the count that it declares refuses it
		}
		if f.Empty != c.empty || said != c.empty || c.empty && !f.Incomplete() {
			t.Errorf("%q: empty %v, %v", c.text, f.Empty, texts(f.Problems))
		}
	}
}

// Whatever file of the corpus is cut in or behind its header: it is not read as
// if all were well.
func TestFilesCutAtTheirHeaderAreNeverFine(t *testing.T) {
	files, _ := filepath.Glob("testdata/layouts/*/*")
	for _, file := range files {
		base := filepath.Base(file)
		if strings.HasSuffix(file, ".want") || strings.HasPrefix(base, "bad") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: base, asOf: record.Civil(2026, 3, 10)}
		g := r.read(t, content)
		if g.plan == nil || g.plan.Why.Header == 0 || g.plan.Nothing {
			continue
		}
		lines := strings.SplitAfter(string(content), "\n")
		head := strings.Join(lines[:g.plan.Why.Header], "")
		from := len(head) - len(lines[g.plan.Why.Header-1])
		for _, cut := range []int{len(head), from + (len(head)-from)/2, from + (len(head)-from)*3/4} {
			name := filepath.Join(t.TempDir(), base)
			if err := os.WriteFile(name, []byte(head[:cut]), 0o600); err != nil {
				t.Fatal(err)
			}
			in := openFiles(t, &Options{Layouts: builtin(t), AsOf: r.asOf}, filepath.Dir(name), base)
			for _, s := range in.Sets {
				if s != nil {
					scanAll(t, s, 1)
				}
			}
			if f := in.Files[0]; !f.Incomplete() {
				t.Errorf("%s cut at %d: %s as %s, %v", file, cut, f.Layout, f.Side, texts(f.Problems))
			}
		}
	}
}
