package settle

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse/record"
)

func TestReferencesInRemarks(t *testing.T) {
	known := terms.IDBook{}
	for _, id := range []string{"898310000000001", "898310048161001", "80001", "777290058160810", "777290058100810"} {
		known.Add(id)
	}
	paid := mustDay(t, "2026-11-16")
	for _, c := range []struct{ remark, merchants, days, loose, payouts string }{
		{"商户号898310000000001清算日期20261113", "898310000000001", "2026-11-13", "2026-11-13", ""},
		{"商户号：８９８３１０００００００００１　清算日期：２０２６－１１－１３", "898310000000001", "2026-11-13", "", ""},
		{"898310048161001 清算日期20261113", "898310048161001", "2026-11-13", "2026-11-13", ""}, // …1001 is no 1 October
		{"898310000000001-20261113-货款", "898310000000001", "", "2026-11-13", ""},
		{"89831000000000120261113", "898310000000001", "", "2026-11-13", ""},
		{"20261113898310000000001", "898310000000001", "", "2026-11-13", ""},
		{"清算日20261113-20261115", "", "2026-11-13 2026-11-14 2026-11-15", "2026-11-13 2026-11-15", ""},
		{"11月13日至11月15日交易款", "", "2026-11-13 2026-11-14 2026-11-15", "", ""},
		{"清算1113", "", "2026-11-13", "", ""},
		{"清算8113", "", "", "", ""},
		{"清算日期12-31", "", "", "", ""}, // the last 31 December is too long ago
		{"划款单号:PX20261116000123 商户80001", "80001", "", "", "PX20261116000123"},
		{"商户号999999999", "", "", "", ""},
		{"货款", "", "", "", ""},
		{"898310****1001 清算日期20261113", "898310048161001", "2026-11-13", "2026-11-13", ""}, // masked by the reader
		{"商户号777290****0810", "", "", "", ""},                                              // two merchants look so
	} {
		r := terms.BuiltinPatterns().Read(terms.FoldText(c.remark), paid, known)
		texts := func(days []record.Date) string {
			var list []string
			for _, d := range days {
				list = append(list, terms.DayText(d))
			}
			return strings.Join(list, " ")
		}
		if got := [4]string{strings.Join(r.Merchants, " "), texts(r.Days), texts(r.Loose), strings.Join(r.Payouts, " ")}; got != [4]string{c.merchants, c.days, c.loose, c.payouts} {
			t.Errorf("%q: %q", c.remark, got)
		}
	}
}

// A day without a year is the latest that is not after the payout: 31 December
// in January is last year's.
func TestRemarkDaysAcrossNewYear(t *testing.T) {
	for in, want := range map[string]string{"1231": "2025-12-31", "12月31日": "2025-12-31", "01-03": "2026-01-03", "0106": "2026-01-06", "0201": "", "0230": "", "20251231": "2025-12-31", "20240101": ""} {
		d, ok := terms.RemarkDay(in, mustDay(t, "2026-01-04"))
		if ok != (want != "") || ok && terms.DayText(d) != want {
			t.Errorf("%q: %s %v, want %q", in, terms.DayText(d), ok, want)
		}
	}
}

func TestWhoPays(t *testing.T) {
	own := &terms.Payers{}
	own.Add("云汇收单", "云汇收单")
	own.Ready()
	for _, c := range []struct {
		payer, remark, group string
		from                 bool
	}{
		{"拉卡拉支付股份有限公司客户备付金", "", "拉卡拉", true},
		{"财付通支付科技有限公司", "提现", "微信支付", true},
		{"支付宝（中国）网络技术有限公司", "", "支付宝", true},
		{"银联商务支付股份有限公司", "", "银联商务", true},
		{"中国银联股份有限公司", "", "", true},
		{"待清算商户消费款", "", "", true},
		{"", "银联POS清算款", "", true},
		{"云汇收单服务有限公司备付金", "", "云汇收单", true},
		{"张三", "支付宝转账", "", false},
		{"王五", "微信转账 货款", "", false},
		{"宏远物业服务有限公司", "3月房租", "", false},
		{"", "结息", "", false},
	} {
		group, ok := terms.BuiltinPatterns().From(terms.FoldText(c.payer), terms.FoldText(c.remark), own)
		if group != c.group || ok != c.from {
			t.Errorf("%s %s: %q %v, want %q %v", c.payer, c.remark, group, ok, c.group, c.from)
		}
	}
}

func TestUserPatternsComeFirst(t *testing.T) {
	p, err := tables.LoadPatterns(writeFile(t, "payers.toml", "[[acquirer]]\nname = \"城商行收单\"\naliases = [\"csh\"]\npayer = '城市商业银行.*(清算|内部户)'\n"))
	if err != nil {
		t.Fatal(err)
	}
	if group, ok := p.From(terms.FoldText("某城市商业银行清算专户"), "", nil); !ok || group != "城商行收单" {
		t.Errorf("own rule: %q %v", group, ok)
	}
	if group, ok := p.From(terms.FoldText("拉卡拉支付"), "", nil); !ok || group != "拉卡拉" {
		t.Errorf("built-in rule behind it: %q %v", group, ok)
	}
	// Its names are names of contracts and of clearing files too, and a name
	// that the program knows stays the same acquirer.
	if p.Group("CSH") != "城商行收单" || p.Group("lakala") != "拉卡拉" {
		t.Errorf("groups %q, %q", p.Group("CSH"), p.Group("lakala"))
	}
	in := scene{asOf: "2026-11-11", clearing: []string{"csh|80001||2026-11-09|100|0"}, bank: []string{"2026-11-10|100||某城市商业银行清算专户|入账"}}.input(t)
	if in.Patterns = p; mustSettle(t, in).Settlements[0].Credit != result.CreditFull {
		t.Error("the money of an acquirer that the user's file names by another spelling is not found")
	}
	for _, bad := range []string{"[[acquirer]]\nname='x'\npayer='('\n", "[[payers]]\nname='x'\n", "["} {
		if _, err := tables.LoadPatterns(writeFile(t, "bad.toml", bad)); err == nil || !strings.HasPrefix(err.Error(), "bad.toml:") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// The words by which banks call money going out the return of a payout; what a
// shop pays back or transfers itself is none.
func TestWordsOfReturns(t *testing.T) {
	p := terms.BuiltinPatterns()
	for _, remark := range []string{"退票", "退汇-账号户名不符", "退票冲账", "冲帐", "冲正", "冲销", "红冲", "冲红", "账户不符退回", "抹账", "payout returned"} {
		if !p.IsReturn(terms.FoldText(remark)) {
			t.Errorf("%s: not taken for a return", remark)
		}
	}
	for _, remark := range []string{"", "清算款", "退款", "退货款", "房租", "补划款"} {
		if p.IsReturn(terms.FoldText(remark)) {
			t.Errorf("%q: taken for a return", remark)
		}
	}
}
