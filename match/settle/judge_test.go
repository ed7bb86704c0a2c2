package settle

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
)

// What the settlement leg knows flows back to each row.
func TestRowsKnowWhatBecameOfTheirMoney(t *testing.T) {
	o := scene{asOf: "2026-11-12",
		clearing: []string{"拉卡拉|80001||2026-11-09|1000|0", "拉卡拉|80002||2026-11-09|500|0", "拉卡拉|80003||2026-11-10|70|0|2026-11-13", "拉卡拉|80004||2026-11-11|70|0"},
		bank:     []string{"2026-11-11|1000|1234|" + kala + "|80001清算", "2026-11-10|480|1234|" + kala + "|80002清算"}}.settle(t)
	if got := o.Short(); !slices.Equal(got, []int32{1}) {
		t.Fatalf("short: %v", got)
	}
	o.Explain(1, nets(300_00, 20_00, 180_00))
	s := o.Settlements[1]
	if s.Reason != (result.Reason{Code: result.ReasonShortHeld, N: 1, Amount: 20_00}) || !slices.Equal(s.Held, []record.Pos{2}) || s.Flags&result.Held == 0 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		why        string
		settlement int32
		held       bool
		want       result.RowCredit
	}{
		{"fully credited a day late", 0, false, result.RowCredit{Timing: result.Late, Due: tuesday, Credited: tuesday + 1, Known: true, Late: 1, Cycle: terms.DefaultCycle}},
		{"the held row is overdue by two business days", 1, true, result.RowCredit{Timing: result.Overdue, Due: tuesday, Credited: 0, Known: true, Late: 2, Cycle: terms.DefaultCycle}},
		{"the others came in time", 1, false, result.RowCredit{Timing: result.OnTime, Due: tuesday, Credited: tuesday, Known: true, Late: 0, Cycle: terms.DefaultCycle}},
		{"the bank side covers it, so the file's own day does not count", 2, false, result.RowCredit{Timing: result.Overdue, Due: tuesday + 1, Credited: 0, Known: true, Late: 1, Cycle: terms.DefaultCycle}},
		{"due on the as-of day", 3, false, result.RowCredit{Timing: result.PendingTiming, Due: tuesday + 2, Credited: 0, Known: true, Late: 0, Cycle: terms.DefaultCycle}},
	} {
		if got := o.RowCredit(c.settlement, c.held, 0, tuesday, terms.DueBy{}); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}

func TestShortfallsAreExplainedOnlyWhenCertain(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|1000|0"}, bank: []string{"2026-11-10|900|1234|" + kala + "|80001清算"}}
	for _, c := range []struct {
		why  string
		rows []RowNet
		want result.Reason
	}{
		{"two sales of that net", nets(100_00, 100_00, 800_00), result.Reason{Code: result.ReasonShortMany, N: 2, Amount: 100_00}},
		{"no set of rows", nets(300_00, 700_00), result.Reason{Code: result.ReasonShortOpen, Amount: 100_00}},
		{"six rows, every set tried", nets(10_00, 20_00, 200_00, 300_00, 220_00, 250_00), result.Reason{Code: result.ReasonShortOpen, Amount: 100_00}},
	} {
		o := sc.settle(t)
		o.Explain(0, c.rows)
		if s := o.Settlements[0]; s.Reason != c.want || s.Held != nil || s.Flags&result.Held != 0 {
			t.Errorf("%s: %+v", c.why, s.Reason)
		}
		if r := o.RowCredit(0, false, 0, 0, terms.DueBy{}); r.Timing != result.Overdue || r.Known || r.Credited != 0 {
			t.Errorf("%s: which rows are paid is not known: %+v", c.why, r)
		}
	}
}

func TestReasonsOfSettlements(t *testing.T) {
	for _, c := range []struct {
		why            string
		clearing, bank []string
		noBank         bool
		want           result.Reason
	}{
		{"the acquirer says paid, the bank shows nothing", []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10"}, nil, false,
			result.Reason{Code: result.ReasonClaimDiffers, Day: tuesday, Amount: 100_00}},
		{"nothing came, two business days late", []string{"拉卡拉|80001||2026-11-09|100|0"}, nil, false,
			result.Reason{Code: result.ReasonNotPaid, Day: tuesday, N: 2, Amount: 100_00}},
		{"not due", []string{"拉卡拉|80001||2026-11-11|100|0"}, nil, false,
			result.Reason{Code: result.ReasonNotDue, Day: tuesday + 2, Amount: 100_00}},
		{"no bank side", []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10"}, nil, true,
			result.Reason{Code: result.ReasonUnchecked, Day: tuesday}},
		{"returned and not paid again", []string{"拉卡拉|80001||2026-11-09|100|0"}, []string{"2026-11-10|100||" + kala + "|结算款", "2026-11-11|-100||" + kala + "|退票"}, false,
			result.Reason{Code: result.ReasonReopened, Day: tuesday + 1, Amount: 100_00}},
		{"one of two equal credits may be its", []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80002||2026-11-09|100|0"}, []string{"2026-11-10|100||" + kala + "|结算款"}, false,
			result.Reason{Code: result.ReasonMayBePaid, N: 1, Amount: 100_00}},
		{"late", []string{"拉卡拉|80001||2026-11-09|100|0"}, []string{"2026-11-11|100||" + kala + "|结算款"}, false,
			result.Reason{Code: result.ReasonPaidLate, Day: tuesday + 1, N: 1}},
		{"negative", []string{"拉卡拉|80001||2026-11-09|-100|0"}, nil, false,
			result.Reason{Code: result.ReasonNegative, Amount: -100_00}},
	} {
		o := scene{asOf: "2026-11-12", clearing: c.clearing, bank: c.bank, noBank: c.noBank}.settle(t)
		if got := o.Settlements[0].Reason; got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}

// The acquirer's payout list ties a payout number to merchant and day; the
// bank's remark only carries the number.
func TestPayoutNumbersAreReferences(t *testing.T) {
	in := scene{asOf: "2026-11-12",
		clearing: []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80002||2026-11-09|100|0"},
		bank:     []string{"2026-11-10|100||" + kala + "|划款单号PX2026111000017"}}.input(t)
	in.Payouts = []PayoutRow{{Acquirer: "拉卡拉", Merchant: "80002", Clearing: tuesday - 1, Numbers: []string{"PX2026111000017"}}}
	o := mustSettle(t, in)
	if o.Settlements[1].Credit != result.CreditFull || o.Settlements[0].Credit != result.CreditNone || o.Credits[0].Reason.Code != result.ReasonByReference {
		t.Errorf("%+v", o.Settlements)
	}
}

// With a statement and the acquirer's payout list of one account the money is
// counted once; without the statement the list is the bank side.
func TestPayoutListBesideStatement(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001|1234|2026-11-09|100|0", "拉卡拉|80002|1234|2026-11-09|100|0"},
		bank: []string{"2026-11-10|100|1234||", "2026-11-10|100|1234|" + kala + "|划款 PX0000000001"}}
	in := sc.input(t)
	in.Bank[0].acquirer, in.Bank[0].merchant, in.Bank[0].clearing, in.Bank[0].numbers = "拉卡拉", "80002", tuesday-1, []string{"PX0000000001"}
	in.Bank[1].numbers = []string{"PX0000000001"}
	_, credits := mustSettle(t, in).lines()
	if diff := cmp.Diff([]string{"ignored", "identified 拉卡拉/80002/2026-11-09"}, credits); diff != "" {
		t.Error(diff)
	}
	in.Bank = in.Bank[:1]
	settlements, credits := mustSettle(t, in).lines()
	if diff := cmp.Diff([]string{"拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 2", "拉卡拉/80002/2026-11-09 full on_time 100.00/0.00"}, settlements); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"identified 拉卡拉/80002/2026-11-09"}, credits); diff != "" {
		t.Error(diff)
	}
}

func TestClaimsAgainstTheBank(t *testing.T) {
	o := scene{asOf: "2026-11-12",
		clearing: []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10", "拉卡拉|80002||2026-11-09|200|0|2026-11-10", "拉卡拉|80003||2026-11-09|300|0|2026-11-10", "拉卡拉|80004||2026-11-11|400|0|2026-11-13"},
		bank:     []string{"2026-11-10|100||" + kala + "|结算款", "2026-11-11|200||" + kala + "|结算款"}}.settle(t)
	for i, want := range []bool{false, true, true, false} {
		if got := o.Settlements[i].ClaimDiffers(); got != want {
			t.Errorf("%s: %v", o.Settlements[i].ID, got)
		}
	}
}

// What the acquirer itself calls not settled is not credited on the day beside
// it; and where the bank shows all of the money, that is a finding.
func TestRowsThatTheAcquirerCallsNotSettled(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10", "拉卡拉|80001||2026-11-09|20|0", "拉卡拉|80002||2026-11-11|30|0"}, noBank: true}
	in := sc.input(t)
	in.Sums[1].Settled, in.Sums[2].Settled = NotSettled, NotSettled
	o := mustSettle(t, in)
	settlements, _ := o.lines()
	if diff := cmp.Diff([]string{"拉卡拉/80001/2026-11-09 unchecked overdue 0.00/120.00 late 2", "拉卡拉/80002/2026-11-11 unchecked pending 0.00/30.00"}, settlements); diff != "" {
		t.Error(diff)
	}
	if s := o.Settlements[0]; s.Unsettled != 1 || s.Claimed != 0 || s.ClaimDiffers() {
		t.Errorf("%+v", s)
	}
	if c := o.RowCredit(0, false, NotSettled, 0, terms.DueBy{}); c.Timing != result.Overdue || c.Credited != 0 {
		t.Errorf("the row: %+v", c)
	}
	if c := o.RowCredit(0, false, 0, tuesday, terms.DueBy{}); c.Timing != result.OnTime || c.Credited != tuesday {
		t.Errorf("its neighbour: %+v", c)
	}
	in.HasBank, in.Bank = true, []BankRow{payoutOf(1, tuesday, 120_00, "清算款")}
	if s := mustSettle(t, in).Settlements[0]; s.Credit != result.CreditFull || !s.ClaimDiffers() {
		t.Errorf("with a bank: %+v", s)
	}
}

func TestRowsThatSettleNothing(t *testing.T) {
	in := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-09|55|0", "拉卡拉|80001||2026-11-09|66|0", "拉卡拉|80001||2026-11-09|-100|0"}}.input(t)
	in.Sums[1].Status = record.Failed
	in.Sums[2].Kind = record.Preauth
	in.Sums[3].Kind = record.Payout
	o := mustSettle(t, in)
	if len(o.Settlements) != 1 || o.Settlements[0].Net != 100_00 || !slices.Equal(o.Of, []int32{0, -1, -1, -1}) {
		t.Errorf("%v %+v", o.Of, o.Settlements)
	}
}

// Two currencies of one day are two settlements, and no credit crosses.
func TestCurrenciesStayApart(t *testing.T) {
	in := scene{asOf: "2026-11-12", clearing: []string{"Stripe|acct_1||2026-11-09|100|0", "Stripe|acct_1||2026-11-09|100|0"}, bank: []string{"2026-11-10|100||STRIPE PAYMENTS|payout"}}.input(t)
	in.Sums[1].Currency, in.Bank[0].Currency = "USD", "USD"
	settlements, credits := mustSettle(t, in).lines()
	if diff := cmp.Diff([]string{"Stripe/acct_1/2026-11-09 none overdue 0.00/100.00 late 2", "Stripe/acct_1/2026-11-09/USD full on_time 100.00/0.00"}, settlements); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"identified Stripe/acct_1/2026-11-09/USD"}, credits); diff != "" {
		t.Error(diff)
	}
}

func TestCalendarWarningNamesTheYear(t *testing.T) {
	o := scene{asOf: "2027-01-12", clearing: []string{"拉卡拉|80001||2026-12-31|100|0", "拉卡拉|80002||2026-12-31|100|0"}}.settle(t)
	if diff := cmp.Diff([]result.Warning{{Code: "calendar_year", Args: []string{"2027"}}}, o.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestOverflowIsAnError(t *testing.T) {
	in := Input{AsOf: tuesday, Sums: []ClearingSum{settlementOf("1", tuesday, 1<<62), settlementOf("1", tuesday, 1<<62)}}
	if _, err := Run(in); err == nil {
		t.Error("a sum that does not fit must not wrap around")
	}
}

// The proof must notice any planted slip.
func TestMoneyProofNoticesSlips(t *testing.T) {
	for why, slip := range map[string]func(o *Output){
		"a payment lost":             func(o *Output) { o.Payments = o.Payments[1:] },
		"a payment doubled":          func(o *Output) { o.Payments = append(o.Payments, o.Payments[0]) },
		"a credit lost":              func(o *Output) { o.Credits = o.Credits[1:]; o.Payments = nil },
		"a credit's allocation off":  func(o *Output) { o.Credits[0].Allocated-- },
		"more placed than came":      func(o *Output) { o.Credits[0].Allocated += 1 << 40 },
		"a settlement lost":          func(o *Output) { o.Settlements = o.Settlements[:1]; o.Payments = nil },
		"a net off by a fen":         func(o *Output) { o.Settlements[0].Net++ },
		"an outstanding off":         func(o *Output) { o.Settlements[0].Outstanding++ },
		"a carried net that is lost": func(o *Output) { o.Settlements[0].Carried++; o.Settlements[0].Outstanding++ },
		"a row counted twice":        func(o *Output) { o.Settlements[0].Transactions++ },
	} {
		in := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|1", "拉卡拉|80002||2026-11-09|70|0"},
			bank: []string{"2026-11-10|99||" + kala + "|结算款", "2026-11-10|70||" + kala + "|结算款"}}.input(t)
		o := mustSettle(t, in)
		slip(o)
		if p := ProveMoney(&in, o.Settlements, o.Credits, o.Payments); p.OK || p.Failure == "" {
			t.Errorf("%s: not noticed", why)
		}
	}
}

func TestSameAccount(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"6222020000001234", "1234", true}, {"****1234", "6222021234", true}, {"6222****1234", "6222020000001234", true},
		{"6222020000001234", "6222020000011234", false}, {"6222020000001234", "9999", false},
		{"234", "1234", false}, {"acct_a", "ACCT_A", true}, {"acct_a", "acct_b", false},
	} {
		if sameAccount(c.a, c.b) != c.want || sameAccount(c.b, c.a) != c.want {
			t.Errorf("%s %s: want %v", c.a, c.b, c.want)
		}
	}
}
