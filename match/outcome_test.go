package match

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
)

// moneyRow is rowOf with what a clearing file says of money: fee=, net= and
// got= in fen, set= and paid= days after day0, acc= account.
func moneyRow(desc string) record.Row {
	var plain []string
	var apply []func(r *record.Row)
	for _, part := range strings.Fields(desc) {
		name, value, _ := strings.Cut(part, "=")
		var n int
		if _, err := fmt.Sscan(value, &n); err != nil && strings.Contains(" fee net got set paid ", " "+name+" ") {
			panic(err)
		}
		switch name {
		case "fee":
			apply = append(apply, func(r *record.Row) { r.HasFee, r.Fee = true, money.Fen(n) })
		case "net":
			apply = append(apply, func(r *record.Row) { r.HasNet, r.Net = true, money.Fen(n) })
		case "got":
			apply = append(apply, func(r *record.Row) { r.HasCredited, r.Credited = true, money.Fen(n) })
		case "set":
			apply = append(apply, func(r *record.Row) { r.SettleDate = day0 + record.Date(n) })
		case "paid":
			apply = append(apply, func(r *record.Row) { r.CreditedDate = day0 + record.Date(n) })
		case "acc":
			apply = append(apply, func(r *record.Row) { r.Text[record.Account] = []byte(value) })
		default:
			plain = append(plain, part)
		}
	}
	r := rowOf(strings.Join(plain, " "))
	for _, f := range apply {
		f(&r)
	}
	return r
}

func moneyRows(descs []string) (rows []record.Row) {
	for _, d := range descs {
		rows = append(rows, moneyRow(d))
	}
	return rows
}

// paid is a group's money in one line; days count from day0.
func paid(g *result.Group) string {
	s := short(g) + " | " + g.Timing.String()
	if g.DueDate != 0 {
		s += fmt.Sprintf(" due=%d", g.DueDate-day0)
	}
	if g.CreditedDate != 0 {
		s += fmt.Sprintf(" credited=%d", g.CreditedDate-day0)
	}
	if g.HasCredited {
		s += fmt.Sprintf(" got=%d", int64(g.Credited))
	}
	if g.DaysLate != 0 {
		s += fmt.Sprintf(" late=%d", g.DaysLate)
	}
	if g.HasExpectedFee {
		s += fmt.Sprintf(" fee=%d", int64(g.ExpectedFee))
	}
	return s
}

// TestMoneyOfGroups: day0 is a Monday (and day 5 a Saturday, three business
// days after the due Tuesday), the contract is T+1 at 0.6 %, a limit of
// 500.00 and refunds within one business day.
func TestMoneyOfGroups(t *testing.T) {
	contracts, err := terms.NewContracts(terms.Contract{Acquirer: "A", MerchantID: "M", Cycle: terms.DefaultCycle, CutOff: terms.DefaultCutOff,
		Debit: 600_000, Credit: 600_000, Limit: 500_00, RefundDays: 1, Account: "6222000011112222"})
	if err != nil {
		t.Fatal(err)
	}
	const m = " m=M acq=A day=0 "
	for _, c := range []struct {
		rule                string
		pos, clearing, bank []string
		asOf                record.Date
		want                []string
	}{
		{"the clearing file's own day decides where there is no bank",
			[]string{"30 o=A"}, []string{"30 o=A set=1 fee=18" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | on_time due=1 credited=1 got=2982 fee=18"}},
		{"the credited day is surer than the settle day",
			[]string{"30 o=A"}, []string{"30 o=A set=1 paid=3 fee=18" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | late due=1 credited=3 got=2982 late=2 fee=18"}},
		{"a day after the as-of day has not come: pending until the due date has passed",
			[]string{"30 o=A"}, []string{"30 o=A set=1 fee=18" + m}, nil, 0,
			[]string{"matched p1 c1 order_no | pending due=1 got=0 fee=18"}},
		{"and overdue afterwards",
			[]string{"30 o=A"}, []string{"30 o=A set=8 fee=18" + m}, nil, 4,
			[]string{"matched p1 c1 order_no | overdue due=1 got=0 late=3 fee=18"}},
		{"no day at all is unknown",
			[]string{"30 o=A"}, []string{"30 o=A fee=18" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | unknown due=1 fee=18"}},
		{"the worst and latest row of a split counts",
			[]string{"45 o=A"}, []string{"20 o=A set=1 fee=12" + m, "25 o=A at=1 set=4 fee=15 acq=A m=M day=1"}, nil, 6,
			[]string{"matched p1 c1 c2 order_no split | late due=2 credited=4 got=4473 late=2 fee=27"}},
		{"wherever in the group it stands",
			[]string{"45 o=A"}, []string{"25 o=A at=1 set=4 fee=15 acq=A m=M day=1", "20 o=A set=1 fee=12" + m}, nil, 6,
			[]string{"matched p1 c1 c2 order_no split | late due=2 credited=4 got=4473 late=2 fee=27"}},
		{"a split of which one part has not come is overdue",
			[]string{"45 o=A"}, []string{"25 o=A at=1 set=9 fee=15" + m, "20 o=A set=1 fee=12" + m}, nil, 4,
			[]string{"matched p1 c1 c2 order_no split | overdue due=1 got=1988 late=3 fee=27"}},
		{"a sale that was not cleared is overdue once its money should have come",
			[]string{"30 o=A t=T", "31 o=B t=T at=3d"}, []string{"9 o=Z t=T" + m, "8 o=Y t=T m=M acq=A day=3"}, nil, 3,
			[]string{"pos_only p1 | overdue due=1 late=2", "pos_only p2 | pending due=4", "clearing_only c2 | unknown due=4 fee=5", "clearing_only c1 | unknown due=1 fee=5"}},
		{"nobody is blamed for a file that never came",
			[]string{"30 o=A t=T at=2d"}, []string{"9 o=Z t=T" + m}, nil, 5,
			[]string{"pos_only p1 no_file | unknown due=3", "clearing_only c1 | unknown due=1 fee=5"}},
		{"for a refund that was not cleared no money is expected",
			[]string{"-30 o=A k=refund t=T"}, []string{"9 o=Z t=T" + m}, nil, 5,
			[]string{"pos_only p1 refund_late | none", "clearing_only c1 | unknown due=1 fee=5"}},
		{"and it is late once the contract's days for refunds are over, unless its file never came",
			[]string{"-30 o=A k=refund t=T", "-31 o=B k=refund t=T at=2d"}, []string{"9 o=Z t=T" + m}, nil, 4,
			[]string{"pos_only p1 refund_late | none", "pos_only p2 no_file | none", "clearing_only c1 | unknown due=1 fee=5"}},
		{"but not before",
			[]string{"-30 o=A k=refund t=T"}, []string{"9 o=Z t=T" + m}, nil, 1,
			[]string{"pos_only p1 | none", "clearing_only c1 | unknown due=1 fee=5"}},
		{"duplicates, voids and failures expect nothing",
			[]string{"30 o=A", "30 o=A", "31 o=B", "-31 o=B k=void at=1", "32 o=C s=failed"}, []string{"30 o=A set=1 fee=18" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | on_time due=1 credited=1 got=2982 fee=18", "duplicate p2 order_no | none", "voided p3 p4 order_no | none", "failed p5 | none"}},
		{"a sale that the acquirer calls failed is owed all the same",
			[]string{"30 o=A"}, []string{"30 o=A s=failed" + m}, nil, 5,
			[]string{"conflict p1 c1 order_no | overdue due=1 got=0 late=3"}},
		{"credited less than the net is partial though it was cleared in full, and not on time: not all of it came",
			[]string{"30 o=A"}, []string{"30 o=A fee=18 got=2900 paid=1" + m}, nil, 5,
			[]string{"partial p1 c1 order_no | overdue due=1 got=2900 late=3 fee=18"}},
		{"cleared less than sold is overdue once the due date has passed, whatever came",
			[]string{"30 o=A"}, []string{"25 o=A paid=1" + m}, nil, 5,
			[]string{"partial p1 c1 order_no | overdue due=1 got=2500 late=3 fee=15"}},
		{"cleared less than sold is pending up to the due date",
			[]string{"30 o=A"}, []string{"25 o=A paid=1" + m}, nil, 1,
			[]string{"partial p1 c1 order_no | pending due=1 got=2500 fee=15"}},
		{"cleared less than sold is unknown where no file says anything about credits",
			[]string{"30 o=A"}, []string{"25 o=A" + m}, nil, 5,
			[]string{"partial p1 c1 order_no | unknown due=1 fee=15"}},
		{"of a refund that was cleared short nothing is owed",
			[]string{"-30 o=A k=refund", "90 o=B"}, []string{"-25 o=A k=refund paid=1" + m, "90 o=B paid=1 fee=54" + m}, nil, 5,
			[]string{"matched p2 c2 order_no | on_time due=1 credited=1 got=8946 fee=54", "partial p1 c1 order_no | none due=1 got=-2500 fee=0"}},
		{"a sale that was cleared as a refund is not credited by it",
			[]string{"30 o=A"}, []string{"-30 o=A k=refund paid=1" + m}, nil, 5,
			[]string{"conflict p1 c1 order_no | overdue due=1 got=-3000 late=3 fee=0"}},
		{"credited more than the net is over",
			[]string{"30 o=A"}, []string{"30 o=A fee=18 got=3000 paid=1" + m}, nil, 5,
			[]string{"over p1 c1 order_no | on_time due=1 credited=1 got=3000 fee=18"}},
		{"nothing credited and no day for it is not partial, it has not come yet",
			[]string{"30 o=A"}, []string{"30 o=A fee=18 got=0" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | unknown due=1 got=0 fee=18"}},
		{"the file's own net counts where it gives one",
			[]string{"30 o=A"}, []string{"30 o=A net=2900 got=2900 paid=1" + m}, nil, 5,
			[]string{"matched p1 c1 order_no | on_time due=1 credited=1 got=2900 fee=18"}},
		{"a fee beyond the contract is flagged, a fen is not",
			[]string{"30 o=A", "31 o=B"}, []string{"30 o=A fee=20" + m, "31 o=B fee=20" + m}, nil, 5,
			[]string{"matched p1 c1 order_no fee_diff | unknown due=1 fee=18", "matched p2 c2 order_no | unknown due=1 fee=19"}},
		{"a sale over the contract's limit is flagged",
			[]string{"500.01 o=A t=T", "600 o=B t=T"}, []string{"500.01 o=A t=T" + m}, nil, 5,
			[]string{"matched p1 c1 order_no over_limit | unknown due=1 fee=300", "pos_only p2 over_limit | overdue due=1 late=3"}},
		{"a refund that took longer than the contract allows is flagged",
			[]string{"-30 o=A k=refund"}, []string{"-30 o=A k=refund m=M acq=A day=2"}, nil, 5,
			[]string{"matched p1 c1 order_no refund_late | unknown due=3 fee=0"}},
		{"the bank shows when it came, whatever the clearing file says",
			[]string{"30 o=A"}, []string{"30 o=A fee=18 set=1" + m}, []string{"29.82 paid=3 remark=M acq=A acc=6222000011112222"}, 5,
			[]string{"matched p1 c1 order_no | late due=1 credited=3 got=2982 late=2 fee=18"}},
		{"and that it did not come",
			[]string{"30 o=A"}, []string{"30 o=A fee=18 set=1" + m}, []string{"1.00 paid=1 remark=X acc=6222000011112222"}, 5,
			[]string{"matched p1 c1 order_no | overdue due=1 got=0 late=3 fee=18"}},
		{"a shortfall that one row explains is held, the other rows came",
			[]string{"30 o=A", "70 o=B"}, []string{"30 o=A fee=18" + m, "70 o=B fee=42" + m}, []string{"69.58 paid=1 remark=M20260302 acq=A acc=6222000011112222"}, 5,
			[]string{"matched p1 c1 order_no held | overdue due=1 got=0 late=3 fee=18", "matched p2 c2 order_no | on_time due=1 credited=1 got=6958 fee=42"}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			var bank Source
			if c.bank != nil {
				bank = newMemory(moneyRows(c.bank))
			}
			res, err := Run(context.Background(), newMemory(moneyRows(c.pos)), newMemory(moneyRows(c.clearing)), bank,
				Options{AsOf: day0 + c.asOf, Contracts: contracts, All: true})
			if err != nil || !res.Proof.Balanced {
				t.Fatal(err, res.Proof.Failure)
			}
			var got []string
			for i := range res.Groups {
				got = append(got, paid(&res.Groups[i]))
			}
			if !slices.Equal(got, c.want) {
				t.Fatalf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// What set a flag is told: the limit, how many swipes, how long a refund took.
func TestFlagsHaveTheirEvidence(t *testing.T) {
	contracts, err := terms.NewContracts(terms.Contract{Acquirer: "A", MerchantID: "M", Cycle: terms.DefaultCycle, Limit: 500_00, RefundDays: 1})
	if err != nil {
		t.Fatal(err)
	}
	res, err := Run(context.Background(),
		newMemory(moneyRows([]string{"600 o=A t=T", "700 o=B t=T", "-30 o=C k=refund t=T", "-40 o=I k=refund t=T", "10 o=D t=T2 card=1111 at=0s", "11 o=E t=T2 card=1111 at=60s", "12 o=F t=T2 card=1111 at=200s", "13 o=G t=T2 card=1111 at=450s", "14 o=H t=T2 card=1111 at=2000s"})),
		newMemory(moneyRows([]string{"600 o=A t=T m=M acq=A day=0", "-30 o=C k=refund t=T m=M acq=A day=3"})), nil,
		Options{AsOf: day0 + 4, Contracts: contracts})
	if err != nil {
		t.Fatal(err)
	}
	got := map[money.Fen][]result.Reason{}
	for i := range res.Groups {
		if g := &res.Groups[i]; g.Evidence != nil {
			got[g.PosAmount] = g.Evidence
		}
	}
	swiped := []result.Reason{{Code: result.ReasonRepeatSwipe, N: 3, Seconds: 200}}
	want := map[money.Fen][]result.Reason{
		600_00: {{Code: result.ReasonOverLimit, Amount: 500_00}}, 700_00: {{Code: result.ReasonOverLimit, Amount: 500_00}},
		-30_00: {{Code: result.ReasonRefundLate, N: 3, Day: day0 + 1}}, -40_00: {{Code: result.ReasonRefundOpen, N: 4, Day: day0 + 1}}, 10_00: swiped, 11_00: swiped, 12_00: swiped,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// legOf is what the transaction leg says of the groups: everything but their money.
func legOf(res *result.Result) []string {
	var out []string
	for i := range res.Groups {
		g := &res.Groups[i]
		out = append(out, fmt.Sprint(g.Match, g.KeyType, g.Flags&^result.Held, g.Pos, g.Clearing, g.Reason.Code, g.Reason.Other, g.Reason.N))
	}
	slices.Sort(out)
	return out
}

func TestBankSideNeverChangesTheTransactionLeg(t *testing.T) {
	seeds(t, 150, func(t *testing.T, rng *rand.Rand) {
		pos, clearing := randomDay(rng)
		opt := Options{AsOf: day0 + record.Date(rng.IntN(8)), All: true, Contracts: randomContracts(rng)}
		run := func(bank Source) *result.Result {
			res, err := Run(context.Background(), newMemory(pos), newMemory(clearing), bank, opt)
			if err != nil || !res.Proof.Balanced {
				t.Fatal(err, res.Proof.Failure)
			}
			return res
		}
		without, with := run(nil), run(newMemory(randomBank(rng, clearing)))
		if a, b := legOf(without), legOf(with); !slices.Equal(a, b) || !reflect.DeepEqual(without.Match, with.Match) {
			t.Fatalf("without:\n%s\nwith:\n%s", only(a, b), only(b, a))
		}
	})
}

func TestTrendAndAgesAddUp(t *testing.T) {
	res := mustRun(t, moneyRows([]string{"30 o=A t=T", "31 o=B t=T", "32 o=C t=T"}),
		moneyRows([]string{"30 o=A t=T m=M acq=A day=0", "30 o=C t=T m=M acq=A day=0"}), Options{AsOf: day0 + 5})
	want := []result.TrendPoint{{Day: day0, Acquirer: "A", Matched: 1, Open: 2, MatchedAmount: 3000 + 3000, OpenAmount: 200 + 3100}}
	if !reflect.DeepEqual(res.Trend, want) {
		t.Errorf("trend %+v, want %+v", res.Trend, want)
	}
	if o := res.Owed; o.Total != 3100+200 || o.Items != 2 || o.Sales != o.Total || o.Refunds != 0 {
		t.Errorf("owed %+v", o)
	}
}
