package layout

import (
	"bytes"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

func TestTwoLayoutsThatFitAreRefusedByName(t *testing.T) {
	l := func(name string) string { return basis(name, "pos") + "format.unit = \"yuan\"\n" + someColumns }
	content := []byte("单,时,额\nA1,2026-03-01,5\n")
	ls := own(t, l("one"), l("two"))
	g := reading{name: "f.csv", layouts: ls}.read(t, content)
	if len(g.problems) != 1 || g.problems[0].Text(problem.EN) != "layouts one, two fit equally well; name one with --layout" {
		t.Error(texts(g.problems))
	}
	reading{name: "f.csv", layouts: ls, layout: "two"}.read(t, content).want(t, "two", 0, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
	ls = own(t, l("one"), "priority = 60\n"+l("two")) // the name is the first quoted text either way
	reading{name: "f.csv", layouts: ls}.read(t, content).want(t, "two", 0, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
	ls = own(t, l("one"), l("two")+"[detect]\nfile = ['^f']\n")
	reading{name: "f.csv", layouts: ls}.read(t, content).want(t, "two", 0, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
	ls = own(t, l("one")+"[detect]\nfile = ['^g']\nfile_required = true\n", l("two"))
	reading{name: "f.csv", layouts: ls}.read(t, content).want(t, "two", 0, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
}

func TestSidesAreHeldApart(t *testing.T) {
	wechat := []byte("交易时间,商户号,特约商户号,微信订单号,商户订单号,交易状态,订单金额,手续费\n`2026-03-01 10:00:00,`1,`0,`4200,`A1,`SUCCESS,`5.00,`0.03\n总交易单数,订单总金额\n`1,`5.00\n")
	g := reading{name: "w.csv", side: record.SidePos}.read(t, wechat)
	if len(g.problems) != 1 || g.problems[0].Code != CodeWrongSide {
		t.Error(texts(g.problems))
	}
	both := []byte("商户号,终端号,参考号,交易时间,交易金额,手续费,清算日期\n1,10000001,260301000001,2026-03-01 10:00:00,5.00,0.03,2026-03-01\n")
	if g := (reading{name: "f.csv", side: record.SidePos}).read(t, both); len(g.problems) != 1 || g.problems[0].Code != CodeWrongSide {
		t.Error(texts(g.problems))
	}
	if g := (reading{name: "f.csv", side: record.SidePos, layout: "generic-pos"}).read(t, both); g.plan == nil || g.plan.Layout.Name != "generic-pos" {
		t.Error(texts(g.problems))
	}
	if g := (reading{name: "f.csv"}).read(t, both); g.plan == nil || g.plan.Layout.Name != "generic-clearing" {
		t.Error(texts(g.problems))
	}
	till := []byte("门店,小票号,交易时间,收款\n一店,A1,2026-03-01 10:00:00,现金,5\n")
	if g := (reading{name: "f.csv"}).read(t, till); g.plan == nil || g.plan.Layout.Name != "generic-pos" {
		t.Error(texts(g.problems))
	}
}

func TestOverridesMustName(t *testing.T) {
	g := reading{name: "f.csv", layout: "nonsense"}.read(t, []byte("a,b\n1,2\n"))
	if len(g.problems) != 1 || g.problems[0].Code != CodeNoSuchLayout {
		t.Error(texts(g.problems))
	}
	g = reading{name: "f.csv", layout: "lakala-js"}.read(t, []byte("商户编号,交易日期\n1,2\n"))
	if len(g.problems) != 1 || g.problems[0].Code != CodeMissingColumns || !strings.Contains(g.problems[0].Args[1], "拉卡拉流水号") {
		t.Error(texts(g.problems))
	}
}

func TestWhatIsNoTableIsRefused(t *testing.T) {
	for content, code := range map[string]problem.Code{
		"":                    CodeEmptyFile,
		" \r\n\r\n":           CodeEmptyFile,
		"hello\n":             CodeUnknownLayout,
		"a,b,c\n1,2,3\n":      CodeUnknownLayout,
		"门店,备注\n一店,x\n":       CodeUnknownLayout,
		"<html>\n":            CodeUnknownLayout,
		"小票号,金额\nA1,5\n":      CodeUnknownLayout,
		"小票号,交易时间\nA1,2026\n": CodeUnknownLayout,
	} {
		g := reading{name: "f.csv"}.read(t, []byte(content))
		if g.plan != nil || len(g.problems) != 1 || g.problems[0].Code != code {
			t.Errorf("%q: %v %v", content, g.plan, texts(g.problems))
		}
	}
}

func TestLinesAreCountedToTheHeader(t *testing.T) {
	for content, want := range map[string][3]int64{ // header line, first line, skipped before
		"小票号,交易时间,金额\nA1,2026-03-01,5\n":                                {1, 2, 1},
		"\n题\n\n小票号,交易时间,金额\n\nA1,2026-03-01,5\n":                       {4, 5, 4},
		"题\r\n小票号,交易时间,金额\r\nA1,2026-03-01,5":                           {2, 3, 2},
		"题\r小票号,交易时间,金额\rA1,2026-03-01,5\r":                             {2, 3, 2},
		strings.Repeat("x\n", 40) + "小票号,交易时间,金额\nA1,2026-03-01,5\n":    {41, 42, 41},
		"小票号,交易时间,金额":                                                   {1, 2, 1},
		"\"收银,流水\"\n\"小票号\",\"交易时间\",\"金额\"\n\"A1\",\"2026-03-01\",5\n": {2, 3, 2},
	} {
		g := reading{name: "f.csv"}.read(t, []byte(content))
		if g.plan == nil {
			t.Errorf("%q: %v", content, texts(g.problems))
			continue
		}
		if have := [3]int64{g.plan.Why.Header, g.plan.FirstLine, g.plan.SkippedBefore}; have != want {
			t.Errorf("%q: %v, want %v", content, have, want)
		}
		if len(g.rejects) > 0 || strings.Contains(content, "A1") && len(g.rows) != 1 {
			t.Errorf("%q: %v %v", content, g.rows, texts(g.rejects))
		}
	}
	g := reading{name: "f.csv"}.read(t, []byte(strings.Repeat("x\n", 41)+"小票号,交易时间,金额\nA1,2026-03-01,5\n"))
	if g.plan != nil {
		t.Error("a header is looked for below line 41")
	}
}

func TestWorkbooksAreReadLikeText(t *testing.T) {
	c := func(rows ...string) []byte {
		return []byte(strings.ReplaceAll(strings.Join(rows, "\x1e")+"\x1e", "|", "\x1f"))
	}
	g := reading{name: "f.xlsx", spooled: true}.read(t, c("收银流水", "", "小票\n号|交易时间|金额|备注", "A1|2026-03-01 10:00:00|5", "A2|46082.5|5.5|x", "合计||10.5"))
	g.want(t, "generic-pos", 1, []string{"sale ok 2026-03-01 10:00:00 5.00 order_no=A1", "sale ok 2026-03-01 12:00:00 5.50 order_no=A2 remark=x"})
}

func TestHeadersThatComeAgainAreSkipped(t *testing.T) {
	g := reading{name: "f.csv", enc: text.GB18030}.read(t, gbk("小票号,交易时间,金额\nA1,2026-03-01,5\n小票号,交易时间,金额\nA2,2026-03-01,5\n"))
	g.want(t, "generic-pos", 1, []string{"sale ok 2026-03-01 5.00 order_no=A1", "sale ok 2026-03-01 5.00 order_no=A2"})
}

func TestConflictingNamesGoToTheColumnThatHasNothingBetter(t *testing.T) {
	field := func(header, cell string) string {
		g := reading{name: "f.csv", side: record.SidePos}.read(t, []byte(header+"\n"))
		if g.plan == nil {
			t.Fatal(texts(g.problems))
		}
		for _, c := range g.plan.Columns {
			if c.Header == cell {
				return c.Field
			}
		}
		return "?"
	}
	for header, want := range map[string]string{
		"流水号,交易时间,金额":               "order_no",
		"流水号,小票号,交易时间,金额":           "trace_no",
		"流水号,小票号,凭证号,交易时间,金额":       "channel_no",
		"凭证号,交易时间,流水号,金额":           "order_no",
		"交易时间,金额,支付流水号,订单号,流水号,终端号": "trace_no",
	} {
		if got := field(header, "流水号"); got != want {
			t.Errorf("%s: 流水号 is %s, want %s", header, got, want)
		}
	}
}

func FuzzAnalyse(f *testing.F) {
	f.Add([]byte("小票号,交易时间,金额\nA1,2026-03-01,5\n"), false)
	f.Add([]byte("#支付宝业务明细查询\n\"a,b\nc"), false)
	f.Add([]byte("a\x1fb\x1e订单号\x1f交易时间\x1f金额\x1e"), true)
	f.Add(gbk("门店|终端号|参考号|交易时间|金额\n一店|1|2|2026-03-01|5\n合计||||5\n"), false)
	f.Fuzz(func(t *testing.T, content []byte, spooled bool) {
		for _, enc := range []text.Encoding{text.UTF8, text.GB18030} {
			g := reading{name: "JY_20260301.txt", enc: enc, spooled: spooled, asOf: record.Civil(2026, 3, 1)}.read(t, content)
			if g.plan == nil {
				if len(g.problems) != 1 {
					t.Fatalf("refused with %d problems", len(g.problems))
				}
				continue
			}
			p := g.plan
			if p.DataStart < 0 || p.DataEnd > int64(len(content)) || p.DataStart > p.DataEnd {
				t.Fatalf("rows from %d to %d of %d", p.DataStart, p.DataEnd, len(content))
			}
			if lines := int64(bytes.Count(content[:p.DataStart], []byte{p.EOL})); p.DataStart < int64(len(content)) && lines != p.SkippedBefore {
				t.Fatalf("%d lines before the rows, not %d", lines, p.SkippedBefore)
			}
		}
	})
}
