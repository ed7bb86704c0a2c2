package settle

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
)

// scene is a settlement leg in a few lines of text.
type scene struct {
	asOf      string
	contracts string   // CSV
	clearing  []string // acquirer|merchant|account|day|amount|fee[|credited day]
	bank      []string // day|amount|account|payer|remark[|failed]
	noBank    bool
}

func fen(t testing.TB, s string) money.Fen {
	t.Helper()
	v, err := money.Parse(s, money.Yuan)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}

func (sc scene) input(t testing.TB) Input {
	t.Helper()
	in := Input{AsOf: mustDay(t, sc.asOf), HasBank: !sc.noBank}
	if sc.contracts != "" {
		table, err := tables.ReadTable("contracts.csv", []byte(sc.contracts))
		if err == nil {
			in.Contracts, err = table.Contracts(nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, line := range sc.clearing {
		f := append(strings.Split(line, "|"), "")
		c := ClearingSum{Acquirer: f[0], Merchant: f[1], Account: f[2], Day: mustDay(t, f[3]), Amount: fen(t, f[4]), Fee: fen(t, f[5]), Rows: 1, Kind: record.Sale, Status: record.OK}
		if f[6] != "" {
			c.Credited = mustDay(t, f[6])
		}
		in.Sums = append(in.Sums, c)
	}
	for i, line := range sc.bank {
		f := append(strings.Split(line, "|"), "")
		b := BankRow{Pos: record.Pos(i + 1), date: mustDay(t, f[0]), Amount: fen(t, f[1]), account: f[2], payer: f[3], remark: f[4], status: record.OK}
		if b.kind = record.Payout; f[5] == "failed" {
			b.status = record.Failed
		}
		in.Bank = append(in.Bank, b)
	}
	return in
}

func (sc scene) settle(t testing.TB) *Output {
	t.Helper()
	return mustSettle(t, sc.input(t))
}

func mustSettle(t testing.TB, in Input) *Output {
	t.Helper()
	o, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	if p := ProveMoney(&in, o.Settlements, o.Credits, o.Payments); !p.OK {
		t.Fatalf("the money does not add up: %s", p.Failure)
	}
	return o
}

// lines are the results as texts: per settlement id, state, timing, days late,
// credited and outstanding; per bank line (in the order of the scene) outcome
// and settlements.
func (o *Output) lines() (settlements, credits []string) {
	for i := range o.Settlements {
		s := &o.Settlements[i]
		text := fmt.Sprintf("%s %s %s %s/%s", s.ID, s.Credit, s.Timing, s.Credited, s.Outstanding)
		if s.DaysLate != 0 {
			text += fmt.Sprintf(" late %d", s.DaysLate)
		}
		for f := range result.FlagNames {
			if s.Flags&(1<<f) != 0 {
				text += " " + result.FlagNames[f]
			}
		}
		settlements = append(settlements, text)
	}
	credits = make([]string, len(o.Credits))
	for i := range o.Credits {
		c := &o.Credits[i]
		text := c.Outcome.String()
		for _, n := range c.Settlements {
			text += " " + o.Settlements[n].ID
		}
		credits[c.Row-1] = text
	}
	return settlements, credits
}

const (
	kala = "拉卡拉支付股份有限公司客户备付金"
	acct = "6222020000001234"
	oldA = "6222020000009999"
)

// November 2026: Mon 9, Fri 13, Sat 14, Sun 15, Mon 16; no holidays.
var allocationCases = []struct {
	why         string
	scene       scene
	settlements []string
	credits     []string
}{
	{
		why: "pass 1: merchant number and clearing day in the remark, even on amounts that others share",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80002|" + acct + "|2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100.00|" + acct + "|" + kala + "|商户号80002清算日期20261109"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1", "拉卡拉/80002/2026-11-09 full on_time 100.00/0.00"},
		credits:     []string{"identified 拉卡拉/80002/2026-11-09"},
	},
	{
		why: "pass 1: the reference places a part, and a later part completes it, late by one business day",
		scene: scene{asOf: "2026-11-12",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80002|" + acct + "|2026-11-09|70|0"},
			bank: []string{"2026-11-10|60.00|" + acct + "|" + kala + "|80001 清算日20261109", "2026-11-11|40.00|" + acct + "|" + kala + "|补划款 商户80001 11月9日清算",
				"2026-11-10|70.00|" + acct + "|" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full late 100.00/0.00 late 1", "拉卡拉/80002/2026-11-09 full on_time 70.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80002/2026-11-09"},
	},
	{
		why: "pass 1: a range of clearing days",
		scene: scene{asOf: "2026-11-16",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-13|100|0", "拉卡拉|80001|" + acct + "|2026-11-14|200|0", "拉卡拉|80001|" + acct + "|2026-11-15|300|0"},
			bank:     []string{"2026-11-16|600.00|" + acct + "|" + kala + "|商户号:80001 清算日期:20261113-20261115"}},
		settlements: []string{"拉卡拉/80001/2026-11-13 full on_time 100.00/0.00", "拉卡拉/80001/2026-11-14 full on_time 200.00/0.00", "拉卡拉/80001/2026-11-15 full on_time 300.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-13 拉卡拉/80001/2026-11-14 拉卡拉/80001/2026-11-15"},
	},
	{
		why: "pass 1: more than the referenced settlement lacks, and nothing else takes it: over",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0"},
			bank:     []string{"2026-11-10|120.00|" + acct + "|" + kala + "|商户号80001 清算日期2026-11-09"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 over on_time 120.00/-20.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09"},
	},
	{
		why: "pass 2: net of fee, on the due day, one day each; T+1 over a weekend comes on Monday",
		scene: scene{asOf: "2026-11-17",
			clearing: []string{"拉卡拉|80001||2026-11-12|100|0.60", "拉卡拉|80001||2026-11-13|200|1.20"},
			bank:     []string{"2026-11-13|99.40||" + kala + "|清算款", "2026-11-16|198.80||" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-12 full on_time 99.40/0.00", "拉卡拉/80001/2026-11-13 full on_time 198.80/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-12", "identified 拉卡拉/80001/2026-11-13"},
	},
	{
		why: "pass 2: equal nets on two days: each credit goes to the one that is due on its day",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-10|100|0", "拉卡拉|80001||2026-11-11|100|0"},
			bank:     []string{"2026-11-11|100.00||" + kala + "|清算款", "2026-11-10|100.00||" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 100.00/0.00", "拉卡拉/80001/2026-11-10 full on_time 100.00/0.00", "拉卡拉/80001/2026-11-11 none pending 0.00/100.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-10", "identified 拉卡拉/80001/2026-11-09"},
	},
	{
		why: "pass 2: a credit on the day of one may be late money for an older one of that net, which has none: nothing is guessed",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-10|100|0"},
			bank:     []string{"2026-11-11|100.00||" + kala + "|清算款", "2026-11-10|-20.00||房东|房租"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 3", "拉卡拉/80001/2026-11-10 none overdue 0.00/100.00 late 2"},
		credits:     []string{"ambiguous", "ignored"},
	},
	{
		why: "pass 2: two settlements of one net due on one day and one credit: ambiguous, nothing is guessed",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80002|" + acct + "|2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100.00|" + acct + "|" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1", "拉卡拉/80002/2026-11-09 none overdue 0.00/100.00 late 1"},
		credits:     []string{"ambiguous"},
	},
	{
		why: "pass 2: with two credits of it both are paid, whichever paid which",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80002|" + acct + "|2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100.00|" + acct + "|" + kala + "|清算款 1", "2026-11-10|100.00|" + acct + "|" + kala + "|清算款 2"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 100.00/0.00", "拉卡拉/80002/2026-11-09 full on_time 100.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80002/2026-11-09"},
	},
	{
		why: "pass 2: another acquirer's money is not taken, however well it fits",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100.00||银联商务股份有限公司|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1"},
		credits:     []string{"unidentified"},
	},
	{
		why: "pass 3: Friday and the weekend paid on Monday, two merchants on one account",
		scene: scene{asOf: "2026-11-16",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-13|100.01|0", "拉卡拉|80001|" + acct + "|2026-11-14|200.02|0", "拉卡拉|80001|" + acct + "|2026-11-15|300.03|0",
				"拉卡拉|80002|" + acct + "|2026-11-13|1000.07|0", "拉卡拉|80002|" + acct + "|2026-11-14|2000.11|0", "拉卡拉|80002|" + acct + "|2026-11-15|3000.13|0"},
			bank: []string{"2026-11-16|600.06|1234|" + kala + "|结算款", "2026-11-16|6000.31|1234|" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-13 full on_time 100.01/0.00", "拉卡拉/80001/2026-11-14 full on_time 200.02/0.00", "拉卡拉/80001/2026-11-15 full on_time 300.03/0.00",
			"拉卡拉/80002/2026-11-13 full on_time 1000.07/0.00", "拉卡拉/80002/2026-11-14 full on_time 2000.11/0.00", "拉卡拉/80002/2026-11-15 full on_time 3000.13/0.00"},
		credits: []string{"identified 拉卡拉/80001/2026-11-13 拉卡拉/80001/2026-11-14 拉卡拉/80001/2026-11-15", "identified 拉卡拉/80002/2026-11-13 拉卡拉/80002/2026-11-14 拉卡拉/80002/2026-11-15"},
	},
	{
		why: "pass 3: two of three merchant numbers in one transfer",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000.01|0", "拉卡拉|80002|" + acct + "|2026-11-09|2000.02|0", "拉卡拉|80003|" + acct + "|2026-11-09|4000.05|0"},
			bank:     []string{"2026-11-10|5000.06|" + acct + "|" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 1000.01/0.00", "拉卡拉/80002/2026-11-09 none overdue 0.00/2000.02 late 1", "拉卡拉/80003/2026-11-09 full on_time 4000.05/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09 拉卡拉/80003/2026-11-09"},
	},
	{
		why: "pass 3: two sets of one sum: ambiguous",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000|0", "拉卡拉|80002|" + acct + "|2026-11-09|4000|0", "拉卡拉|80003|" + acct + "|2026-11-09|2000|0", "拉卡拉|80004|" + acct + "|2026-11-09|3000|0"},
			bank:     []string{"2026-11-10|5000|" + acct + "|" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/1000.00 late 1", "拉卡拉/80002/2026-11-09 none overdue 0.00/4000.00 late 1",
			"拉卡拉/80003/2026-11-09 none overdue 0.00/2000.00 late 1", "拉卡拉/80004/2026-11-09 none overdue 0.00/3000.00 late 1"},
		credits: []string{"ambiguous"},
	},
	{
		why: "pass 4: a split payout and, next day, what was missing of another one",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|900|0", "拉卡拉|80002|" + acct + "|2026-11-09|1234.56|0"},
			bank: []string{"2026-11-10|500|" + acct + "|" + kala + "|结算款 1/2", "2026-11-10|400|" + acct + "|" + kala + "|结算款 2/2",
				"2026-11-10|1200.00|" + acct + "|" + kala + "|结算款", "2026-11-11|34.56|" + acct + "|" + kala + "|补划款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 900.00/0.00", "拉卡拉/80002/2026-11-09 full late 1234.56/0.00 late 1"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80002/2026-11-09", "identified 拉卡拉/80002/2026-11-09"},
	},
	{
		why: "pass 5: short money goes to the only settlement that can take it; today's own is not due yet",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000|0", "拉卡拉|80001|" + acct + "|2026-11-10|3000|0"},
			bank:     []string{"2026-11-10|950|" + acct + "|" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 partial overdue 950.00/50.00 late 1", "拉卡拉/80001/2026-11-10 none pending 0.00/3000.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09"},
	},
	{
		why: "pass 5: a part that two settlements could take goes to neither",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000|0", "拉卡拉|80002|" + acct + "|2026-11-09|3000|0"},
			bank:     []string{"2026-11-10|950|" + acct + "|" + kala + "|结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/1000.00 late 1", "拉卡拉/80002/2026-11-09 none overdue 0.00/3000.00 late 1"},
		credits:     []string{"unidentified"},
	},
	{
		why: "pass 5: the merchant number alone decides between them",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000|0", "拉卡拉|80002|" + acct + "|2026-11-09|3000|0"},
			bank:     []string{"2026-11-10|950|" + acct + "|" + kala + "|商户80002结算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/1000.00 late 1", "拉卡拉/80002/2026-11-09 partial overdue 950.00/2050.00 late 1"},
		credits:     []string{"identified 拉卡拉/80002/2026-11-09"},
	},
	{
		why: "a returned payout opens its settlement again, a later one closes it, late",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0"},
			bank: []string{"2026-11-10|100|" + acct + "|" + kala + "|结算款", "2026-11-11|-100|" + acct + "|" + kala + "|退票冲账",
				"2026-11-12|100|" + acct + "|" + kala + "|退票重划"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full late 100.00/0.00 late 2"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "returned 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80001/2026-11-09"},
	},
	{
		why: "a returned payout that is not paid again",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100|" + acct + "|" + kala + "|结算款", "2026-11-11|-100|" + acct + "||冲账"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 3"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "returned 拉卡拉/80001/2026-11-09"},
	},
	{
		why: "a failed payout in a payout list is no money",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100||" + kala + "|结算款 账户已销户|failed"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1"},
		credits:     []string{"returned"},
	},
	{
		why: "money going out, customers, interest and other days are no payouts",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0"},
			bank: []string{"2026-11-10|-30||房东|房租", "2026-11-10|100||王五|货款", "2026-11-10|0.12|||利息",
				"2026-11-12|100||" + kala + "|清算款", "2026-11-10|-5||" + kala + "|80001 扣款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1"},
		credits:     []string{"ignored", "ignored", "ignored", "ignored", "unidentified"},
	},
	{
		why: "a negative net is carried into the next settlement and, still negative, into the one after",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001||2026-11-09|-100|0", "拉卡拉|80001||2026-11-10|30|0", "拉卡拉|80001||2026-11-11|500|0"},
			bank:     []string{"2026-11-12|430||" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 carried none 0.00/0.00", "拉卡拉/80001/2026-11-10 carried none 0.00/0.00", "拉卡拉/80001/2026-11-11 full on_time 430.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-11"},
	},
	{
		why: "a negative net without a next settlement stays a debt; another merchant does not pay it",
		scene: scene{asOf: "2026-11-13",
			clearing: []string{"拉卡拉|80001||2026-11-09|-100|0", "拉卡拉|80002||2026-11-10|500|0"},
			bank:     []string{"2026-11-11|500||" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 carried none 0.00/-100.00", "拉卡拉/80002/2026-11-10 full on_time 500.00/0.00"},
		credits:     []string{"identified 拉卡拉/80002/2026-11-10"},
	},
	{
		why: "the payout fee is part of the net; nothing is charged where nothing is paid out",
		scene: scene{asOf: "2026-11-13", contracts: "收单机构,商户号,付款手续费\n拉卡拉,*,2\n",
			clearing: []string{"拉卡拉|80001||2026-11-09|-100|0", "拉卡拉|80001||2026-11-10|500|3"},
			bank:     []string{"2026-11-11|395||" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 carried none 0.00/0.00", "拉卡拉/80001/2026-11-10 full on_time 395.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-10"},
	},
	{
		why: "one payout of several settlements is charged one payout fee: named by its reference, or a whole weekend of the due day",
		scene: scene{asOf: "2026-11-16", contracts: "收单机构,商户号,付款手续费\n拉卡拉,*,2\n",
			clearing: []string{"拉卡拉|80001||2026-11-13|100.10|0", "拉卡拉|80001||2026-11-14|200.20|0", "拉卡拉|80001||2026-11-15|300.40|0",
				"拉卡拉|80002||2026-11-13|1000.10|0", "拉卡拉|80002||2026-11-14|2000.20|0", "拉卡拉|80003||2026-11-13|77|0", "拉卡拉|80003||2026-11-14|88|0"},
			bank: []string{"2026-11-16|598.70||" + kala + "|清算款", "2026-11-16|2998.30||" + kala + "|商户80002清算20261113-20261114", "2026-11-16|161.00||" + kala + "|清算款 每日一笔"}},
		settlements: []string{"拉卡拉/80001/2026-11-13 full on_time 100.10/0.00", "拉卡拉/80001/2026-11-14 full on_time 200.20/0.00", "拉卡拉/80001/2026-11-15 full on_time 298.40/0.00",
			"拉卡拉/80002/2026-11-13 full on_time 1000.10/0.00", "拉卡拉/80002/2026-11-14 full on_time 1998.20/0.00",
			"拉卡拉/80003/2026-11-13 full on_time 75.00/0.00", "拉卡拉/80003/2026-11-14 full on_time 86.00/0.00"},
		credits: []string{"identified 拉卡拉/80001/2026-11-13 拉卡拉/80001/2026-11-14 拉卡拉/80001/2026-11-15", "identified 拉卡拉/80002/2026-11-13 拉卡拉/80002/2026-11-14",
			"identified 拉卡拉/80003/2026-11-13 拉卡拉/80003/2026-11-14"},
	},
	{
		why: "the settlement card changed on the 10th: the old card after it is a finding, the new one is not",
		scene: scene{asOf: "2026-11-13",
			contracts: "收单机构,商户号,结算账户,生效日期,失效日期\n拉卡拉,80001,9999,,2026-11-09\n拉卡拉,80001,1234,2026-11-10,\n",
			clearing:  []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-10|200|0", "拉卡拉|80001||2026-11-11|300|0"},
			bank:      []string{"2026-11-10|100|" + oldA + "|" + kala + "|清算款", "2026-11-11|200|" + oldA + "|" + kala + "|清算款", "2026-11-12|300|" + acct + "|" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 100.00/0.00", "拉卡拉/80001/2026-11-10 full on_time 200.00/0.00 account_changed", "拉卡拉/80001/2026-11-11 full on_time 300.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "identified 拉卡拉/80001/2026-11-10", "identified 拉卡拉/80001/2026-11-11"},
	},
	{
		why: "no bank side covers the account: the clearing file's own day counts, but not one after the as-of day",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0|2026-11-11", "拉卡拉|80002|" + acct + "|2026-11-09|100|0|2026-11-12", "拉卡拉|80003|" + acct + "|2026-11-09|100|0",
				"拉卡拉|80004|" + acct + "|2026-11-10|100|0|2026-11-12"},
			bank: []string{"2026-11-10|100|" + oldA + "|银联商务|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 unchecked late 0.00/100.00 late 1", "拉卡拉/80002/2026-11-09 unchecked overdue 0.00/100.00 late 1",
			"拉卡拉/80003/2026-11-09 unchecked unknown 0.00/100.00", "拉卡拉/80004/2026-11-10 unchecked pending 0.00/100.00"},
		credits: []string{"unidentified"},
	},
	{
		why: "the account is covered, whatever days its statement shows: what was due after its last line, or before its first, is overdue all the same",
		scene: scene{asOf: "2026-11-16",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80001|" + acct + "|2026-11-10|200|0", "拉卡拉|80001|" + acct + "|2026-11-11|300|0",
				"拉卡拉|80001|" + acct + "|2026-11-12|400|0", "拉卡拉|80002|" + acct + "|2026-11-12|450|0|2026-11-13", "拉卡拉|80001|" + acct + "|2026-11-13|500|0"},
			bank: []string{"2026-11-11|200|" + acct + "|" + kala + "|清算款", "2026-11-12|5|" + acct + "|李四|货款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 4", "拉卡拉/80001/2026-11-10 full on_time 200.00/0.00",
			"拉卡拉/80001/2026-11-11 none overdue 0.00/300.00 late 2", "拉卡拉/80001/2026-11-12 none overdue 0.00/400.00 late 1",
			"拉卡拉/80001/2026-11-13 none pending 0.00/500.00", "拉卡拉/80002/2026-11-12 none overdue 0.00/450.00 late 1"},
		credits: []string{"identified 拉卡拉/80001/2026-11-10", "ignored"},
	},
	{
		why: "a part came before the statement's end; the rest is overdue, whatever the statement shows after it",
		scene: scene{asOf: "2026-11-16",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-11|300|0"},
			bank:     []string{"2026-11-11|100|" + acct + "|" + kala + "|商户80001清算20261111"}},
		settlements: []string{"拉卡拉/80001/2026-11-11 partial overdue 100.00/200.00 late 2"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-11"},
	},
	{
		why: "one day paid to two accounts has two settlements, named by account; the short way of writing one is the same account",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|100|0", "拉卡拉|80001|****1234|2026-11-09|10|0", "拉卡拉|80001|" + oldA + "|2026-11-09|200|0"},
			bank:     []string{"2026-11-10|110|" + acct + "|" + kala + "|清算款", "2026-11-10|200|" + oldA + "|" + kala + "|清算款"}},
		settlements: []string{"拉卡拉/80001/2026-11-09/6222020000001234 full on_time 110.00/0.00", "拉卡拉/80001/2026-11-09/6222020000009999 full on_time 200.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09/6222020000001234", "identified 拉卡拉/80001/2026-11-09/6222020000009999"},
	},
	{
		why: "a statement without payer and remark still shows exact payouts",
		scene: scene{asOf: "2026-11-11",
			clearing: []string{"拉卡拉|80001||2026-11-09|100|0"},
			bank:     []string{"2026-11-10|100|||", "2026-11-10|77|||"}},
		settlements: []string{"拉卡拉/80001/2026-11-09 full on_time 100.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-09", "ignored"},
	},
	{
		why: "D+0 after the cut-off comes the evening before its clearing day",
		scene: scene{asOf: "2026-11-11", contracts: "收单机构,商户号,结算周期\n拉卡拉,*,D+0\n",
			clearing: []string{"拉卡拉|80001||2026-11-10|100|0"},
			bank:     []string{"2026-11-09|100||" + kala + "|秒到"}},
		settlements: []string{"拉卡拉/80001/2026-11-10 full on_time 100.00/0.00"},
		credits:     []string{"identified 拉卡拉/80001/2026-11-10"},
	},
}

func TestAllocation(t *testing.T) {
	for _, c := range allocationCases {
		t.Run(c.why, func(t *testing.T) {
			settlements, credits := c.scene.settle(t).lines()
			if diff := cmp.Diff(c.settlements, settlements); diff != "" {
				t.Errorf("settlements (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.credits, credits); diff != "" {
				t.Errorf("credits (-want +got)\n%s", diff)
			}
		})
	}
}

// The order of the input decides nothing: rows are shuffled, results stay.
func TestSettleIgnoresOrder(t *testing.T) {
	for _, c := range allocationCases {
		in := c.scene.input(t)
		rng := rand.New(rand.NewPCG(1, 2))
		for range 5 {
			rng.Shuffle(len(in.Sums), func(i, j int) { in.Sums[i], in.Sums[j] = in.Sums[j], in.Sums[i] })
			rng.Shuffle(len(in.Bank), func(i, j int) { in.Bank[i], in.Bank[j] = in.Bank[j], in.Bank[i] })
			settlements, credits := mustSettle(t, in).lines()
			if diff := cmp.Diff(c.settlements, settlements); diff != "" {
				t.Errorf("%s: settlements (-want +got)\n%s", c.why, diff)
			}
			if diff := cmp.Diff(c.credits, credits); diff != "" {
				t.Errorf("%s: credits (-want +got)\n%s", c.why, diff)
			}
		}
	}
}
