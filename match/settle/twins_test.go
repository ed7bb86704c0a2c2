package settle

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// makeTwins draws an account with few prices: settlements of two merchants of
// one acquirer, paid on the day, late or never, by lines that name their
// merchant or nothing; and some money of the acquirer's own. paid is the day
// on which each sum of the input was paid, 0 if never.
func makeTwins(seed uint64, prices []money.Fen, named int) (in Input, paid []record.Date) {
	rng := rand.New(rand.NewPCG(seed, 5))
	in = Input{AsOf: tuesday + 40, HasBank: true}
	for d := range record.Date(12) {
		for m := range 2 {
			merchant := fmt.Sprint("8000", m)
			s := settlementOf(merchant, tuesday+d, prices[rng.IntN(len(prices))])
			in.Sums = append(in.Sums, s)
			due, _ := terms.Builtin.Due(terms.DefaultCycle, s.Day)
			switch n := rng.IntN(100); {
			case n < 6:
				due = 0
			case n < 14:
				due += record.Date(1 + rng.IntN(4))
			}
			if paid = append(paid, due); due != 0 {
				remark := "清算款"
				if rng.IntN(100) < named {
					remark += " 商户号" + merchant
				}
				in.Bank = append(in.Bank, payoutOf(len(in.Bank), due, s.Amount, remark))
			}
		}
		if rng.IntN(8) == 0 {
			in.Bank = append(in.Bank, payoutOf(len(in.Bank), tuesday+d, prices[0]*3/4, []string{"营销补贴", "返佣", "保证金退还"}[rng.IntN(3)]))
		}
	}
	in.Bank = append(in.Bank, BankRow{Pos: record.Pos(len(in.Bank)), date: in.AsOf, Amount: -100, account: acct, payer: "房东", status: record.OK})
	return in, paid
}

// toldEqual says whether a line that pays a settlement is told to be one of
// several equal ones.
func (o *Output) toldEqual(s *result.Settlement) bool {
	for i := range o.Credits {
		if c := &o.Credits[i]; c.Reason.Code == result.ReasonOneOfEqual && slices.Contains(s.CreditSources, c.Row) {
			return true
		}
	}
	return false
}

// On accounts with few prices most lines could pay several settlements. Where
// which one cannot be known, the line is ambiguous, or told to be one of equal
// ones; no settlement is called paid that was not, or on another day.
func TestTwinsAreNotGuessed(t *testing.T) {
	worlds := uint64(100)
	if n, err := strconv.ParseUint(os.Getenv("DUIZHANG_SEEDS"), 10, 64); err == nil {
		worlds = max(worlds, n)
	}
	for _, c := range []struct {
		named int
		open  int // of the paid settlements, in per cent, at most
	}{{100, 24}, {50, 40}, {0, 44}} {
		full, open := 0, 0
		for seed := range worlds {
			in, paid := makeTwins(seed, []money.Fen{100_00, 250_00}, c.named)
			o := mustSettle(t, in)
			for i, n := range o.Of {
				s := &o.Settlements[n]
				switch {
				case s.Credit != result.CreditFull:
					if paid[i] != 0 {
						open++
					}
					continue
				case s.CreditedDate != paid[i] && !o.toldEqual(s):
					t.Errorf("%d %% named, seed %d: %s due %s paid %s, called %s", c.named, seed, s.ID, terms.DayText(s.DueDate), terms.DayText(paid[i]), terms.DayText(s.CreditedDate))
				}
				full++
			}
		}
		t.Logf("%d %% named: %d called paid, %d paid ones left open", c.named, full, open)
		if 100*open > c.open*(full+open) {
			t.Errorf("%d %% named: of %d settlements %d are left open", c.named, full+open, open)
		}
	}
}
