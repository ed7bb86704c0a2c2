package settle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// payerWorld is a made account that several acquirers pay, and the truth of it.
type payerWorld struct {
	in   Input
	owed [][]int // per bank line the sums that it pays
	hint []bool  // it differs from them: it pays a part, or a hint names them
}

var payerNames = []string{
	"Global Payments Asia Limited", "First Data Merchant Services", "Worldline Italia", "拉卡拉支付股份有限公司", "银联商务支付股份有限公司", "通联支付网络服务股份有限公司", "Fiserv Polska", "深圳瑞银信信息技术有限公司",
}

// mangled is a payer as a bank may write it.
func mangled(rng *rand.Rand, name string) string {
	r := []rune(name)
	switch rng.IntN(6) {
	case 0:
		return strings.ToUpper(name)
	case 1: // every word cut to four letters
		var words []string
		for _, w := range strings.Fields(strings.ToUpper(name)) {
			words = append(words, string([]rune(w)[:min(4, len([]rune(w)))]))
		}
		if len(words) > 1 && len(words[0]) > 3 {
			return strings.Join(words, " ")
		}
	case 2: // cut short
		return string(r[:max(4, len(r)-2-rng.IntN(5))])
	case 3: // two letters changed places
		if len(r) > 8 {
			i := 1 + rng.IntN(len(r)-6)
			r[i], r[i+1] = r[i+1], r[i]
			return string(r)
		}
	case 4:
		return strings.ReplaceAll(name, " ", "-") + "客户备付"
	}
	return name
}

// makePayers draws a world: most settlements are paid alone, some days of an
// acquirer at once, some less a fee or with digits changed, some never; and the
// acquirer sends money of its own.
func makePayers(seed uint64, days int, round bool) *payerWorld {
	rng := rand.New(rand.NewPCG(seed, 11))
	w := &payerWorld{in: Input{AsOf: tuesday + record.Date(days) + 10, HasBank: true}}
	pay := func(name string, day record.Date, amount money.Fen, hint bool, sums ...int) {
		remark := []string{"清算款", "结算款", "", "SETTLEMENT"}[rng.IntN(4)]
		if len(sums) == 0 {
			remark = []string{"营销补贴", "返佣", "保证金退还", "清算款"}[rng.IntN(4)]
		}
		b := payoutOf(len(w.in.Bank), day, amount, remark)
		b.payer = mangled(rng, name)
		w.in.Bank, w.owed, w.hint = append(w.in.Bank, b), append(w.owed, sums), append(w.hint, hint)
	}
	for k, name := range payerNames {
		var batch []int
		var sum money.Fen
		for d := range days {
			v := money.Fen(20_000 + rng.IntN(900_000))
			if round {
				v = money.Fen(1+rng.IntN(60)) * 50_00
			}
			s := settlementOf(fmt.Sprint("9000", k), tuesday+record.Date(d), v)
			s.Acquirer = name
			w.in.Sums = append(w.in.Sums, s)
			i := len(w.in.Sums) - 1
			due, _ := terms.Builtin.Due(terms.DefaultCycle, s.Day)
			if batch = append(batch, i); len(batch) < 4 && (sum != 0 || rng.IntN(6) == 0) && rng.IntN(2) == 0 && d+1 < days {
				sum += v // paid with the next one
				continue
			}
			sum += v
			switch n := rng.IntN(100); {
			case n < 3: // never
			case n < 7:
				pay(name, due, sum-money.Fen(10_00+rng.IntN(40_00)), true, batch...)
			case n < 10 && sum/1000%10 != sum/100%10:
				swap := sum + (sum/100%10-sum/1000%10)*1000 + (sum/1000%10-sum/100%10)*100
				pay(name, due, swap, true, batch...)
			case n < 16:
				pay(name, due+record.Date(1+rng.IntN(3)), sum, false, batch...)
			default:
				pay(name, due, sum, false, batch...)
			}
			if rng.IntN(25) == 0 {
				v := money.Fen(5_000 + rng.IntN(400_000))
				if round {
					v = money.Fen(1+rng.IntN(60)) * 50_00
				}
				pay(name, due, v, false)
			}
			batch, sum = nil, 0
		}
	}
	return w
}

// payerScore counts pairs of lines and settlements.
type payerScore struct{ asserted, right, owed, batches, batchesRight, hinted, hints int }

func (s *payerScore) add(t *testing.T, w *payerWorld) {
	o := mustSettle(t, w.in)
	for i := range o.Credits {
		c := &o.Credits[i]
		var want []int32
		for _, sum := range w.owed[c.Row] {
			want = append(want, o.Of[sum])
		}
		slices.Sort(want)
		s.owed += len(want)
		if w.hint[c.Row] && c.Outcome != result.Identified {
			s.hints++
			if slices.ContainsFunc(c.Hint.Settlements, func(n int32) bool { return slices.Contains(want, n) }) {
				s.hinted++
			}
		}
		s.asserted += len(c.Settlements)
		for _, n := range c.Settlements {
			if slices.Contains(want, n) || c.Reason.Code == result.ReasonOneOfEqual {
				// Which of equal lines pays which of equal settlements is no
				// claim; what is short of a settlement is a part of it.
				s.right++
			} else if testing.Verbose() {
				t.Logf("line %s %s %q %q: %d, want %v (reason %d)", terms.DayText(c.Date), c.Amount, w.in.Bank[c.Row].payer, w.in.Bank[c.Row].remark, n, want, c.Reason.Code)
			}
		}
		if len(want) > 1 && !w.hint[c.Row] {
			if s.batches++; slices.Equal(want, c.Settlements) {
				s.batchesRight++
			}
		}
	}
}

func (s *payerScore) precision() float64 { return 100 * float64(s.right) / float64(max(1, s.asserted)) }

func (s *payerScore) recall() float64 { return 100 * float64(s.right) / float64(max(1, s.owed)) }

func (s *payerScore) f1() float64 {
	return 2 * s.precision() * s.recall() / (s.precision() + s.recall())
}

// Several acquirers pay one account; the bank writes their names as it likes.
func TestSeveralAcquirersPayOneAccount(t *testing.T) {
	for _, c := range []struct {
		round         bool
		precision, f1 float64
	}{{false, 99.5, 95}, {true, 99, 95}} {
		var s payerScore
		for seed := range uint64(8) {
			s.add(t, makePayers(seed, 30, c.round))
		}
		t.Logf("round %v: precision %.2f, recall %.2f, F1 %.2f, batches %.1f, hints %d of %d", c.round, s.precision(), s.recall(), s.f1(), 100*float64(s.batchesRight)/float64(s.batches), s.hinted, s.hints)
		if s.precision() < c.precision || s.f1() < c.f1 {
			t.Errorf("round %v: precision %.2f, F1 %.2f", c.round, s.precision(), s.f1())
		}
	}
}
