package settle

import (
	"testing"

	"github.com/duizhang/duizhang/fixtures"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// The steps of every generated settlement lead to what was credited, and
// hardly ever is anything left unexplained.
func TestWaterfallLeadsToTheCredit(t *testing.T) {
	settlements, unexplained := 0, 0
	for seed := range uint64(20) {
		w := fixtures.Generate(seed, fixtures.Config{Bank: true, Lag: int(seed % 6), Days: 2 + int(seed%6), Rate: 10, Sales: 4, Stores: 1 + int(seed%2), Terminals: 1})
		o := mustSettle(t, worldInput(t, w))
		for _, n := range o.Short() {
			var rows []RowNet
			for i, c := range o.In.Sums {
				if o.Of[i] == n {
					rows = append(rows, RowNet{record.Pos(i), c.Amount - c.Fee})
				}
			}
			o.Explain(n, rows)
		}
		for i := range o.Settlements {
			s := &o.Settlements[i]
			f := s.Waterfall()
			if f.Sum() != s.Credited || f.Credited != s.Credited {
				t.Errorf("seed %d: %s: %+v leads to %s", seed, s.ID, f, f.Sum())
			}
			if settlements++; f.Unexplained != 0 {
				unexplained++
			}
			if (f.Overpaid > 0) != (s.Credit == result.CreditOver) || f.Overpaid < 0 {
				t.Errorf("seed %d: %s is %s, paid too much %s", seed, s.ID, s.Credit, f.Overpaid)
			}
		}
	}
	t.Logf("%d of %d settlements have a remainder", unexplained, settlements)
	if 100*unexplained > settlements {
		t.Errorf("%d of %d settlements are not explained", unexplained, settlements)
	}
}

func TestWaterfallNamesItsLines(t *testing.T) {
	sc := scene{asOf: "2026-11-13", clearing: []string{"拉卡拉|80001|" + acct + "|2026-11-09|1000|6", "拉卡拉|80001|" + acct + "|2026-11-09|-200|-1", "拉卡拉|80001|" + acct + "|2026-11-09|30|0"},
		bank: []string{pays("2026-11-10", "700", kala, "商户号80001 清算日期20261109"), pays("2026-11-12", "100", kala, "补划款 商户号80001 清算日期20261109")}}
	in := sc.input(t)
	in.Sums[1].Kind, in.Sums[2].Kind = record.Refund, record.Adjustment
	o := mustSettle(t, in)
	want := result.Waterfall{Sales: 1000_00, Refunds: -200_00, Adjustments: 30_00, Fees: 5_00, Held: 100_00, Released: 100_00, Unexplained: 25_00, Credited: 800_00}
	if got := o.Settlements[0].Waterfall(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !o.TakeOutCopies(0, []result.Copied{{Pos: 1, Amount: money.Fen(25_50), Net: money.Fen(25_00)}}) {
		t.Fatal("the copy explains it")
	}
	if f := o.Settlements[0].Waterfall(); f.Repeated != 25_00 || f.Unexplained != 0 || f.Sum() != 800_00 || f.Fees != 5_00 {
		t.Errorf("without the copy: %+v leads to %s", f, f.Sum())
	}
}
