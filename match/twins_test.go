package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"duizhang/parse"
	"duizhang/parse/money"
)

// makeTwins draws an account with few prices: settlements of two merchants of
// one acquirer, paid on the day, late or never, by lines that name their
// merchant or nothing; and some money of the acquirer's own. paid is the day
// on which each sum of the input was paid, 0 if never.
func makeTwins(seed uint64, prices []money.Fen, named int) (in settleInput, paid []parse.Date) {
	rng := rand.New(rand.NewPCG(seed, 5))
	in = settleInput{asOf: tuesday + 40, hasBank: true}
	for d := range parse.Date(12) {
		for m := range 2 {
			merchant := fmt.Sprint("8000", m)
			s := settlementOf(merchant, tuesday+d, prices[rng.IntN(len(prices))])
			in.sums = append(in.sums, s)
			due, _ := builtin.Due(DefaultCycle, s.day)
			switch n := rng.IntN(100); {
			case n < 6:
				due = 0
			case n < 14:
				due += parse.Date(1 + rng.IntN(4))
			}
			if paid = append(paid, due); due != 0 {
				remark := "清算款"
				if rng.IntN(100) < named {
					remark += " 商户号" + merchant
				}
				in.bank = append(in.bank, payoutOf(len(in.bank), due, s.amount, remark))
			}
		}
		if rng.IntN(8) == 0 {
			in.bank = append(in.bank, payoutOf(len(in.bank), tuesday+d, prices[0]*3/4, []string{"营销补贴", "返佣", "保证金退还"}[rng.IntN(3)]))
		}
	}
	in.bank = append(in.bank, bankRow{pos: parse.Pos(len(in.bank)), date: in.asOf, amount: -100, account: acct, payer: "房东", status: parse.OK})
	return in, paid
}

// toldEqual says whether a line that pays a settlement is told to be one of
// several equal ones.
func (o *settleOutput) toldEqual(s *Settlement) bool {
	for i := range o.credits {
		if c := &o.credits[i]; c.Reason.Code == ReasonOneOfEqual && slices.Contains(s.CreditSources, c.Row) {
			return true
		}
	}
	return false
}

// On accounts with few prices most lines could pay several settlements.
func TestTwinsAreNotGuessed(t *testing.T) {
	for _, c := range []struct {
		named int
		wrong float64 // of the verdicts "paid in full", in per cent, at most
	}{{100, 0.5}, {50, 1}, {0, 2}} {
		full, wrong, open := 0, 0, 0
		for seed := range uint64(10) {
			in, paid := makeTwins(seed, []money.Fen{100_00, 250_00}, c.named)
			o := mustSettle(t, in)
			for i, n := range o.of {
				s := &o.settlements[n]
				switch {
				case s.Credit != CreditFull:
					if paid[i] != 0 {
						open++
					}
				case s.CreditedDate != paid[i] && !o.toldEqual(s):
					if wrong++; testing.Verbose() {
						t.Logf("seed %d: %s due %s paid %s, called %s", seed, s.ID, dayText(s.DueDate), dayText(paid[i]), dayText(s.CreditedDate))
					}
					full++
				default:
					full++
				}
			}
		}
		t.Logf("%d %% named: %d called paid, %d of them wrong, %d paid ones left open", c.named, full, wrong, open)
		if rate := 100 * float64(wrong) / float64(full); rate > c.wrong {
			t.Errorf("%d %% named: %.1f %% of the verdicts are wrong", c.named, rate)
		}
	}
}
