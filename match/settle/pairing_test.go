package settle

import (
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
)

// clears is a settlement of a scene on the usual account.
func clears(merchant, day, net string) string {
	return "拉卡拉|" + merchant + "|" + acct + "|" + day + "|" + net + "|0"
}

func pays(day, amount, payer, remark string) string {
	return day + "|" + amount + "|" + acct + "|" + payer + "|" + remark
}

var namedCases = []struct {
	why     string
	scene   scene
	credits []string
}{
	{"a line that names its merchant chooses before an equal one that does not",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100"), clears("80002", "2026-11-09", "100")},
			bank: []string{pays("2026-11-10", "100", kala, "清算款 商户号80001"), pays("2026-11-10", "100", kala, "清算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80002/2026-11-09"}},
	{"also where the unnamed one comes first",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100"), clears("80002", "2026-11-09", "100")},
			bank: []string{pays("2026-11-10", "100", kala, "A 清算款"), pays("2026-11-10", "100", kala, "清算款 商户号80001")}},
		[]string{"identified 拉卡拉/80002/2026-11-09", "identified 拉卡拉/80001/2026-11-09"}},
	{"a line that can only pay one of two takes it, the other line the other",
		scene{asOf: "2026-11-25", clearing: []string{clears("80001", "2026-11-05", "100"), clears("80001", "2026-11-12", "100")},
			bank: []string{pays("2026-11-12", "100", kala, "清算款"), pays("2026-11-18", "100", kala, "结算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-05", "identified 拉卡拉/80001/2026-11-12"}},
	{"the acquirer's bonus is no part of a settlement",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "1000")},
			bank: []string{pays("2026-11-10", "600", kala, "营销补贴"), pays("2026-11-10", "700", kala, "返佣"), pays("2026-11-10", "800", kala, "保证金退还 商户号80001")}},
		[]string{"unidentified", "unidentified", "unidentified"}},
	{"a small unnamed line is no part of a settlement",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-10", "499.99", kala, "清算款")}},
		[]string{"unidentified"}},
	{"nor is a large one of a settlement that fell due long ago",
		scene{asOf: "2026-11-20", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-16", "900", kala, "清算款")}},
		[]string{"unidentified"}},
	{"a part of the one settlement that fell due within three business days",
		scene{asOf: "2026-11-20", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-13", "900", kala, "清算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-09"}},
	{"a combined payout that names its merchants, weeks late",
		scene{asOf: "2026-12-20", clearing: []string{clears("80001", "2026-11-09", "123.45"), clears("80002", "2026-11-09", "67.89"), clears("80003", "2026-11-09", "10.01")},
			bank: []string{pays("2026-12-10", "201.35", kala, "补划款 商户号80001 80002 80003")}},
		[]string{"identified 拉卡拉/80001/2026-11-09 拉卡拉/80002/2026-11-09 拉卡拉/80003/2026-11-09"}},
	{"one payout that names its merchant, months late",
		scene{asOf: "2027-03-20", clearing: []string{clears("80001", "2026-11-09", "123.45")}, bank: []string{pays("2027-03-10", "123.45", kala, "补划款 商户号80001")}},
		[]string{"identified 拉卡拉/80001/2026-11-09"}},
	{"a merchant number that nobody knows is for none of ours",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100")}, bank: []string{pays("2026-11-10", "100", kala, "商户号822290000000099 清算款")}},
		[]string{"unidentified"}},
	{"a payout number and a day behind a merchant's name are no merchant number",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100")}, bank: []string{pays("2026-11-10", "100", kala, "商户PAYOUT20261109 清算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-09"}},
	{"of two sets with the sum the one that alone fell due lately",
		scene{asOf: "2026-11-25", clearing: []string{clears("80001", "2026-11-12", "123.45"), clears("80002", "2026-11-12", "67.89"), clears("80001", "2026-11-19", "100.33"), clears("80002", "2026-11-19", "91.01")},
			bank: []string{pays("2026-11-20", "191.34", kala, "清算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-19 拉卡拉/80002/2026-11-19"}},
	{"of two sets that fell due within three business days none",
		scene{asOf: "2026-11-25", clearing: []string{clears("80001", "2026-11-18", "123.45"), clears("80002", "2026-11-18", "67.89"), clears("80001", "2026-11-19", "100.33"), clears("80002", "2026-11-19", "91.01")},
			bank: []string{pays("2026-11-20", "191.34", kala, "清算款")}},
		[]string{"ambiguous"}},
	{"among round amounts a sum is no evidence",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100"), clears("80002", "2026-11-09", "250"), clears("80003", "2026-11-09", "500"), clears("80004", "2026-11-09", "950"), clears("80005", "2026-11-09", "1900"), clears("80006", "2026-11-09", "3050")},
			bank: []string{pays("2026-11-10", "2650", kala, "清算款")}},
		[]string{"ambiguous"}},
	{"among odd ones it is",
		scene{asOf: "2026-11-11", clearing: []string{clears("80001", "2026-11-09", "100.01"), clears("80002", "2026-11-09", "250.17"), clears("80003", "2026-11-09", "500.29"), clears("80004", "2026-11-09", "950.33"), clears("80005", "2026-11-09", "1900.71"), clears("80006", "2026-11-09", "3050.07")},
			bank: []string{pays("2026-11-10", "2501.01", kala, "清算款")}},
		[]string{"identified 拉卡拉/80001/2026-11-09 拉卡拉/80003/2026-11-09 拉卡拉/80005/2026-11-09"}},
	{"two days named and paid short: the older one first",
		scene{asOf: "2026-11-13", clearing: []string{clears("80001", "2026-11-09", "100"), clears("80001", "2026-11-10", "200")},
			bank: []string{pays("2026-11-11", "260", kala, "商户号80001 清算日期20261109-20261110")}},
		[]string{"identified 拉卡拉/80001/2026-11-09 拉卡拉/80001/2026-11-10"}},
}

func TestNamesAndChance(t *testing.T) {
	for _, c := range namedCases {
		t.Run(c.why, func(t *testing.T) {
			if _, credits := c.scene.settle(t).lines(); cmp.Diff(c.credits, credits) != "" {
				t.Error(cmp.Diff(c.credits, credits))
			}
		})
	}
}

// What an unplaced line looks like beside its nearest settlement.
func TestHints(t *testing.T) {
	for _, c := range []struct {
		amount string
		want   result.HintKind
		ids    string
	}{
		{"1004.52", result.HintGross, "拉卡拉/80001/2026-11-09"},
		{"998.55", result.HintFen, "拉卡拉/80001/2026-11-09"},
		{"989.50", result.HintTransposed, "拉卡拉/80001/2026-11-09"},
		{"998.05", result.HintTransposed, "拉卡拉/80001/2026-11-09"},
		{"978.50", result.HintFee, "拉卡拉/80001/2026-11-09"},
		{"1296.06", result.HintSeveral, "拉卡拉/80001/2026-11-09 拉卡拉/80001/2026-11-10"},
		{"1500.00", result.HintNearest, "拉卡拉/80001/2026-11-09"},
	} {
		sc := scene{asOf: "2026-11-20", clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1004.52|6.02", "拉卡拉|80001|" + acct + "|2026-11-10|302.56|0"},
			bank: []string{pays("2026-11-18", c.amount, kala, "清算款")}}
		o := sc.settle(t)
		var ids []string
		for _, n := range o.Credits[0].Hint.Settlements {
			ids = append(ids, o.Settlements[n].ID)
		}
		if h := o.Credits[0].Hint; h.Kind != c.want || strings.Join(ids, " ") != c.ids || o.Credits[0].Outcome != result.Unidentified {
			t.Errorf("%s: hint %d of %v (%s), want %d", c.amount, h.Kind, ids, o.Credits[0].Outcome, c.want)
		}
	}
}

// Payers as banks write them.
func TestMangledPayersAreRecognised(t *testing.T) {
	own := &terms.Payers{}
	for _, name := range []string{"Global Payments Asia Limited", "拉卡拉支付股份有限公司", "First Data Merchant Services", "Worldline IT", "环球支付有限公司", "First Asia Merchant Bank"} {
		own.Add(name, name)
	}
	own.Ready()
	for payer, want := range map[string]string{
		"GLOBAL PAYM ASIA L": "Global Payments Asia Limited", "Global  Payments": "Global Payments Asia Limited", "GLOBAL-PAYMENTS ASIA LTD.": "Global Payments Asia Limited",
		"GLOBALPAYMENT": "Global Payments Asia Limited", "GLOABL PAYMENTS ASIA": "Global Payments Asia Limited", "拉卡拉支付股份有限公司客户备付": "拉卡拉支付股份有限公司", "拉卡拉支付": "拉卡拉支付股份有限公司",
		"FIRST DATA MERCH SERV": "First Data Merchant Services", "FIRST": "", "FIRST MERCH": "", "WORLD TRADING LTD": "", "ＷＯＲＬＤＬＩＮＥ　ＩＴ": "Worldline IT",
		"环球支付": "环球支付有限公司", "环球贸易有限公司": "", "张三": "", "": "", "GLOBAL": "Global Payments Asia Limited",
	} {
		text := terms.FoldText(payer)
		got := own.Named(text)
		if got == "" {
			got = own.Like(text)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", payer, got, want)
		}
	}
}

// Many accounts cost no more than their settlements.
func TestAccountsAreNotCompared(t *testing.T) {
	in := Input{AsOf: tuesday, HasBank: true}
	for i := range 3000 {
		s := settlementOf(fmt.Sprint("8000", i), tuesday-1, money.Fen(10_000+i))
		s.Account = fmt.Sprintf("62220200%08d", i)
		in.Sums = append(in.Sums, s)
		b := payoutOf(i, tuesday, money.Fen(10_000+i), "清算款")
		b.account = s.Account
		in.Bank = append(in.Bank, b)
	}
	in.Bank[7].account = "6222020000000009" // another shelf of which the amount is nobody's
	o := mustSettle(t, in)
	full := 0
	for i := range o.Settlements {
		if o.Settlements[i].Credit == result.CreditFull {
			full++
		}
	}
	if full < len(in.Sums)-1 {
		t.Errorf("%d of %d are paid", full, len(in.Sums))
	}
	a := newAllocator(&Output{In: &Input{}, Settlements: o.Settlements})
	if len(a.accounts) != 0 || a.byDue != nil {
		t.Error("something is built without bank lines")
	}
}

// Money that fell due after the statement ends is waited for.
func TestStatementGrace(t *testing.T) {
	for _, c := range []struct {
		asOf  string
		grace record.Date
		want  result.Timing
	}{{"2026-11-11", 0, result.PendingTiming}, {"2026-11-13", 0, result.PendingTiming}, {"2026-11-14", 0, result.Overdue}, {"2026-11-12", 2, result.PendingTiming}, {"2026-11-13", 2, result.Overdue}, {"2026-11-11", -1, result.Overdue}} {
		in := scene{asOf: c.asOf, clearing: []string{clears("80001", "2026-11-09", "100")}, bank: []string{pays("2026-11-07", "1", "王五", "货款"), pays("2026-11-09", "5", "王五", "货款")}}.input(t)
		in.Grace = c.grace
		s := mustSettle(t, in).Settlements[0]
		if s.Timing != c.want || (s.Reason.Code == result.ReasonStatementEnds) != (c.want == result.PendingTiming) {
			t.Errorf("as of %s, grace %d: %s, reason %d", c.asOf, c.grace, s.Timing, s.Reason.Code)
		}
	}
	// An account that stood in one file with another is shown as long as it.
	in := scene{asOf: "2026-11-30", clearing: []string{clears("80001", "2026-11-09", "100"), "拉卡拉|80002|" + oldA + "|2026-11-20|100|0"},
		bank: []string{pays("2026-11-07", "1", "王五", "货款"), "2026-11-08|5|" + oldA + "|王五|货款", "2026-11-24|5|" + acct + "|王五|货款"}}.input(t)
	in.Bank[2].doc = 1
	if s := mustSettle(t, in).Settlements[1]; s.Timing != result.Overdue {
		t.Errorf("its statement goes on with the other account's: %s", s.Timing)
	}
}
