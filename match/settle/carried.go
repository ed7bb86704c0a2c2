package settle

import (
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// SettledSums are the sums of all settlements for the nights to come, those of
// earlier nights included, in an order that depends on their content alone.
func (o *Output) SettledSums() []result.SettledSum {
	type like struct {
		n                 int32
		kind              record.Kind
		settled, credited record.Date
		terms.DueBy
	}
	index := map[like]int{}
	var sums []result.SettledSum
	for i := range o.In.Sums {
		c := &o.In.Sums[i]
		if o.Of[i] < 0 {
			continue
		}
		// Cycles that the contract does not tell apart are one.
		k := like{o.Of[i], c.Kind, c.Settled, c.Credited, o.contract(int(o.Of[i])).Tell(c.DueBy)}
		n, ok := index[k]
		if !ok {
			n = len(sums)
			index[k] = n
			sums = append(sums, result.SettledSum{Key: o.Settlements[o.Of[i]].Key(), Kind: c.Kind, Settled: c.Settled, Credited: c.Credited, Promised: k.Promised, Under: k.Under})
		}
		s := &sums[n]
		s.Rows += c.Rows
		s.Amount += c.Amount
		s.Fee += c.Fee
	}
	order := map[result.SettlementKey]int{}
	for i := range o.Settlements {
		order[o.Settlements[i].Key()] = i
	}
	slices.SortFunc(sums, func(a, b result.SettledSum) int {
		for _, d := range [...]int64{int64(order[a.Key] - order[b.Key]), int64(a.Kind) - int64(b.Kind), int64(a.Settled - b.Settled), int64(a.Credited - b.Credited),
			int64(a.Promised - b.Promised), int64(a.Under) - int64(b.Under)} {
			if d != 0 {
				return int(max(-1, min(1, d)))
			}
		}
		return 0
	})
	return sums
}

// standing places what earlier nights placed. A payout that was returned since
// is taken back: its settlement is open again.
func (a *allocator) standing() {
	if len(a.o.In.Paid) == 0 {
		return
	}
	lines, payees := map[record.Pos]*line{}, map[result.SettlementKey]*payee{}
	for _, l := range a.lines {
		lines[l.row.Pos] = l
	}
	for _, p := range a.payees {
		payees[a.o.Settlements[p.n].Key()] = p
	}
	for i := range a.o.In.Paid {
		paid := &a.o.In.Paid[i]
		l, p := lines[paid.Line], payees[paid.Key]
		if l == nil || p == nil || l.undone || l.row.date > a.o.In.AsOf {
			continue
		}
		if paid.Amount > l.amount-sumPaid(l) {
			continue
		}
		a.pay(l, p, paid.Amount, paid.Why)
		l.peers = int(paid.Lines)
	}
}

func sumPaid(l *line) (sum money.Fen) {
	for _, p := range l.paid {
		sum += p.Amount
	}
	return sum
}

func (o *Output) RowMoney(settlement int32, held bool, row *record.Record) result.RowMoney {
	settled, credited := row.SettleDate, row.CreditedDate
	c := o.RowCredit(settlement, held, settled, credited, terms.DueBy{Promised: row.PromisedDate, Under: terms.CycleFor(row.CardType, row.Channel)})
	if !o.Covered[settlement] && c.Timing == result.TimingNone {
		day := credited
		if day == 0 {
			day = settled
		}
		c.Timing, c.Credited, c.Late = result.ClaimTiming(o.In.Calendar, c.Cycle, c.Due, day, o.In.AsOf)
		c.Known = day != 0
	}
	return result.RowMoney{Timing: c.Timing, Due: c.Due, Credited: c.Credited, Late: c.Late, Known: c.Known}
}

func (o *Output) Shows(settlement int32) bool { return o.Covered[settlement] }
