package match

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duizhang/parse"
	"duizhang/parse/money"
)

// What the settlement leg knows flows back to each row.
func TestRowsKnowWhatBecameOfTheirMoney(t *testing.T) {
	o := scene{asOf: "2026-11-12",
		clearing: []string{"拉卡拉|80001||2026-11-09|1000|0", "拉卡拉|80002||2026-11-09|500|0", "拉卡拉|80003||2026-11-10|70|0|2026-11-13", "拉卡拉|80004||2026-11-11|70|0"},
		bank:     []string{"2026-11-11|1000|1234|" + kala + "|80001清算", "2026-11-10|480|1234|" + kala + "|80002清算"}}.settle(t)
	if got := o.short(); !slices.Equal(got, []int32{1}) {
		t.Fatalf("short: %v", got)
	}
	o.explain(1, nets(300_00, 20_00, 180_00))
	s := o.settlements[1]
	if s.Reason != (Reason{Code: ReasonShortHeld, N: 1, Amount: 20_00}) || !slices.Equal(s.Held, []parse.Pos{2}) || s.Flags&Held == 0 {
		t.Errorf("%+v", s)
	}
	for _, c := range []struct {
		why        string
		settlement int32
		held       bool
		want       rowCredit
	}{
		{"fully credited a day late", 0, false, rowCredit{Late, tuesday, tuesday + 1, true, 1}},
		{"the held row is overdue by two business days", 1, true, rowCredit{Overdue, tuesday, 0, true, 2}},
		{"the others came in time", 1, false, rowCredit{OnTime, tuesday, tuesday, true, 0}},
		{"the bank side covers it, so the file's own day does not count", 2, false, rowCredit{Overdue, tuesday + 1, 0, true, 1}},
		{"due on the as-of day", 3, false, rowCredit{PendingTiming, tuesday + 2, 0, true, 0}},
	} {
		if got := o.rowCredit(c.settlement, c.held, 0, tuesday); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}

func TestShortfallsAreExplainedOnlyWhenCertain(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|1000|0"}, bank: []string{"2026-11-10|900|1234|" + kala + "|80001清算"}}
	for _, c := range []struct {
		why  string
		rows []rowNet
		want Reason
	}{
		{"two sales of that net", nets(100_00, 100_00, 800_00), Reason{Code: ReasonShortMany, N: 2, Amount: 100_00}},
		{"no set of rows", nets(300_00, 700_00), Reason{Code: ReasonShortOpen, Amount: 100_00}},
		{"six rows, every set tried", nets(10_00, 20_00, 200_00, 300_00, 220_00, 250_00), Reason{Code: ReasonShortOpen, Amount: 100_00}},
	} {
		o := sc.settle(t)
		o.explain(0, c.rows)
		if s := o.settlements[0]; s.Reason != c.want || s.Held != nil || s.Flags&Held != 0 {
			t.Errorf("%s: %+v", c.why, s.Reason)
		}
		if r := o.rowCredit(0, false, 0, 0); r.timing != Overdue || r.known || r.credited != 0 {
			t.Errorf("%s: which rows are paid is not known: %+v", c.why, r)
		}
	}
}

func TestReasonsOfSettlements(t *testing.T) {
	for _, c := range []struct {
		why            string
		clearing, bank []string
		noBank         bool
		want           Reason
	}{
		{"the acquirer says paid, the bank shows nothing", []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10"}, nil, false,
			Reason{Code: ReasonClaimDiffers, Day: tuesday, Amount: 100_00}},
		{"nothing came, two business days late", []string{"拉卡拉|80001||2026-11-09|100|0"}, nil, false,
			Reason{Code: ReasonNotPaid, Day: tuesday, N: 2, Amount: 100_00}},
		{"not due", []string{"拉卡拉|80001||2026-11-11|100|0"}, nil, false,
			Reason{Code: ReasonNotDue, Day: tuesday + 2, Amount: 100_00}},
		{"no bank side", []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10"}, nil, true,
			Reason{Code: ReasonUnchecked, Day: tuesday}},
		{"returned and not paid again", []string{"拉卡拉|80001||2026-11-09|100|0"}, []string{"2026-11-10|100||" + kala + "|结算款", "2026-11-11|-100||" + kala + "|退票"}, false,
			Reason{Code: ReasonReopened, Day: tuesday + 1, Amount: 100_00}},
		{"one of two equal credits may be its", []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80002||2026-11-09|100|0"}, []string{"2026-11-10|100||" + kala + "|结算款"}, false,
			Reason{Code: ReasonMayBePaid, N: 1, Amount: 100_00}},
		{"late", []string{"拉卡拉|80001||2026-11-09|100|0"}, []string{"2026-11-11|100||" + kala + "|结算款"}, false,
			Reason{Code: ReasonPaidLate, Day: tuesday + 1, N: 1}},
		{"negative", []string{"拉卡拉|80001||2026-11-09|-100|0"}, nil, false,
			Reason{Code: ReasonNegative, Amount: -100_00}},
	} {
		o := scene{asOf: "2026-11-12", clearing: c.clearing, bank: c.bank, noBank: c.noBank}.settle(t)
		if got := o.settlements[0].Reason; got != c.want {
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
	in.payouts = []payoutRow{{acquirer: "拉卡拉", merchant: "80002", clearing: tuesday - 1, numbers: []string{"PX2026111000017"}}}
	o := mustSettle(t, in)
	if o.settlements[1].Credit != CreditFull || o.settlements[0].Credit != CreditNone || o.credits[0].Reason.Code != ReasonByReference {
		t.Errorf("%+v", o.settlements)
	}
}

// With a statement and the acquirer's payout list of one account the money is
// counted once; without the statement the list is the bank side.
func TestPayoutListBesideStatement(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001|1234|2026-11-09|100|0", "拉卡拉|80002|1234|2026-11-09|100|0"},
		bank: []string{"2026-11-10|100|1234||", "2026-11-10|100|1234|" + kala + "|划款 PX0000000001"}}
	in := sc.input(t)
	in.bank[0].acquirer, in.bank[0].merchant, in.bank[0].clearing, in.bank[0].numbers = "拉卡拉", "80002", tuesday-1, []string{"PX0000000001"}
	in.bank[1].numbers = []string{"PX0000000001"}
	_, credits := mustSettle(t, in).lines()
	if diff := cmp.Diff([]string{"ignored", "identified 拉卡拉/80002/2026-11-09"}, credits); diff != "" {
		t.Error(diff)
	}
	in.bank = in.bank[:1]
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
		if got := o.settlements[i].ClaimDiffers(); got != want {
			t.Errorf("%s: %v", o.settlements[i].ID, got)
		}
	}
}

// What the acquirer itself calls not settled is not credited on the day beside
// it; and where the bank shows all of the money, that is a finding.
func TestRowsThatTheAcquirerCallsNotSettled(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|0|2026-11-10", "拉卡拉|80001||2026-11-09|20|0", "拉卡拉|80002||2026-11-11|30|0"}, noBank: true}
	in := sc.input(t)
	in.sums[1].settled, in.sums[2].settled = notSettled, notSettled
	o := mustSettle(t, in)
	settlements, _ := o.lines()
	if diff := cmp.Diff([]string{"拉卡拉/80001/2026-11-09 unchecked overdue 0.00/120.00 late 2", "拉卡拉/80002/2026-11-11 unchecked pending 0.00/30.00"}, settlements); diff != "" {
		t.Error(diff)
	}
	if s := o.settlements[0]; s.Unsettled != 1 || s.Claimed != 0 || s.ClaimDiffers() {
		t.Errorf("%+v", s)
	}
	if c := o.rowCredit(0, false, notSettled, 0); c.timing != Overdue || c.credited != 0 {
		t.Errorf("the row: %+v", c)
	}
	if c := o.rowCredit(0, false, 0, tuesday); c.timing != OnTime || c.credited != tuesday {
		t.Errorf("its neighbour: %+v", c)
	}
	in.hasBank, in.bank = true, []bankRow{payoutOf(1, tuesday, 120_00, "清算款")}
	if s := mustSettle(t, in).settlements[0]; s.Credit != CreditFull || !s.ClaimDiffers() {
		t.Errorf("with a bank: %+v", s)
	}
}

func TestRowsThatSettleNothing(t *testing.T) {
	in := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-09|55|0", "拉卡拉|80001||2026-11-09|66|0", "拉卡拉|80001||2026-11-09|-100|0"}}.input(t)
	in.sums[1].status = parse.Failed
	in.sums[2].kind = parse.Preauth
	in.sums[3].kind = parse.Payout
	o := mustSettle(t, in)
	if len(o.settlements) != 1 || o.settlements[0].Net != 100_00 || !slices.Equal(o.of, []int32{0, -1, -1, -1}) {
		t.Errorf("%v %+v", o.of, o.settlements)
	}
}

// Two currencies of one day are two settlements, and no credit crosses.
func TestCurrenciesStayApart(t *testing.T) {
	in := scene{asOf: "2026-11-12", clearing: []string{"Stripe|acct_1||2026-11-09|100|0", "Stripe|acct_1||2026-11-09|100|0"}, bank: []string{"2026-11-10|100||STRIPE PAYMENTS|payout"}}.input(t)
	in.sums[1].currency, in.bank[0].currency = "USD", "USD"
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
	if diff := cmp.Diff([]Warning{{"calendar_year", []string{"2027"}}}, o.warnings); diff != "" {
		t.Error(diff)
	}
}

func TestOverflowIsAnError(t *testing.T) {
	in := settleInput{asOf: tuesday, sums: []clearingSum{settlementOf("1", tuesday, 1<<62), settlementOf("1", tuesday, 1<<62)}}
	if _, err := settle(in); err == nil {
		t.Error("a sum that does not fit must not wrap around")
	}
}

// The proof must notice any planted slip.
func TestMoneyProofNoticesSlips(t *testing.T) {
	for why, slip := range map[string]func(o *settleOutput){
		"a payment lost":             func(o *settleOutput) { o.payments = o.payments[1:] },
		"a payment doubled":          func(o *settleOutput) { o.payments = append(o.payments, o.payments[0]) },
		"a credit lost":              func(o *settleOutput) { o.credits = o.credits[1:]; o.payments = nil },
		"a credit's allocation off":  func(o *settleOutput) { o.credits[0].Allocated-- },
		"more placed than came":      func(o *settleOutput) { o.credits[0].Allocated += 1 << 40 },
		"a settlement lost":          func(o *settleOutput) { o.settlements = o.settlements[:1]; o.payments = nil },
		"a net off by a fen":         func(o *settleOutput) { o.settlements[0].Net++ },
		"an outstanding off":         func(o *settleOutput) { o.settlements[0].Outstanding++ },
		"a carried net that is lost": func(o *settleOutput) { o.settlements[0].Carried++; o.settlements[0].Outstanding++ },
		"a row counted twice":        func(o *settleOutput) { o.settlements[0].Transactions++ },
	} {
		in := scene{asOf: "2026-11-12", clearing: []string{"拉卡拉|80001||2026-11-09|100|1", "拉卡拉|80002||2026-11-09|70|0"},
			bank: []string{"2026-11-10|99||" + kala + "|结算款", "2026-11-10|70||" + kala + "|结算款"}}.input(t)
		o := mustSettle(t, in)
		slip(o)
		if p := proveMoney(&in, o.settlements, o.credits, o.payments); p.OK || p.Failure == "" {
			t.Errorf("%s: not noticed", why)
		}
	}
}

func TestAgesOfWhatIsOwed(t *testing.T) {
	o := scene{asOf: "2026-12-31",
		clearing: []string{"拉卡拉|80001||2026-12-30|1|0", "拉卡拉|80001||2026-12-29|20|0", "拉卡拉|80001||2026-12-25|300|0", "拉卡拉|80001||2026-10-12|4000|0", "拉卡拉|80001||2026-12-01|-7|0", "拉卡拉|80001||2026-12-02|7|0"}}.settle(t)
	var got []string
	for _, b := range o.agesOf() {
		var sum money.Fen
		for _, s := range b.Amount {
			sum += s.Amount
		}
		got = append(got, strings.Join([]string{money.Fen(b.From * 100).String(), money.Fen(b.To * 100).String(), sum.String()}, " "))
	}
	want := []string{"0.00 0.00 1.00", "1.00 3.00 320.00", "4.00 7.00 0.00", "8.00 15.00 0.00", "16.00 30.00 0.00", "31.00 60.00 0.00", "61.00 -1.00 4000.00"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
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
