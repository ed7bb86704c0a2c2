package settle

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
)

// Bounds of what differences look like, in fen, and of the search for hints in
// settlements looked at.
const (
	hintFenMost   money.Fen = 99
	hintFeeLeast  money.Fen = 10_00
	hintFeeMost   money.Fen = 50_00
	hintRun                 = 4
	maxHintSteps            = 1 << 25
	hintDaysAhead           = 3
)

// hint looks for what an unplaced line of an acquirer is nearest to.
func (a *allocator) hint(l *line) result.Hint {
	around := a.around(l, nearDays)
	if a.hintSteps -= len(around); a.hintSteps < 0 {
		a.hintSteps = 0
		return result.Hint{GaveUp: true}
	}
	near := filter(around, func(p *payee) bool {
		return p.due <= l.row.date+hintDaysAhead && a.fits(l, p, nearDays)
	})
	best := result.Hint{}
	take := func(h result.Hint) {
		if best.Kind == result.NoHint || h.Kind < best.Kind || h.Kind == best.Kind && h.Amount.Abs() < best.Amount.Abs() {
			best = h
		}
	}
	byDay := inOrderOfDays(near)
	// Of equal ones the one that fell due last before the line.
	slices.SortStableFunc(byDay, func(x, y *payee) int {
		return cmp.Compare(apartDays(l, x), apartDays(l, y))
	})
	for _, p := range byDay {
		if p.left > 0 {
			take(result.Hint{Kind: a.likeness(l.amount, p), Settlements: []int32{p.n}, Amount: l.amount - p.left})
		} else if p.total == l.amount {
			take(result.Hint{Kind: result.HintPaid, Settlements: []int32{p.n}, Amount: 0})
		}
	}
	if best.Kind == result.NoHint || best.Kind > result.HintSeveral {
		a.hintRuns(l, near, take)
	}
	return best
}

func apartDays(l *line, p *payee) int {
	if d := int(l.row.date - p.due); d >= 0 {
		return d
	} else {
		return -2 * d
	}
}

// likeness is what the difference to one settlement looks like.
func (a *allocator) likeness(amount money.Fen, p *payee) result.HintKind {
	s, more := &a.o.Settlements[p.n], amount-p.left
	switch {
	case more == 0:
		return result.HintEqual
	case swapped(amount, p.left):
		return result.HintTransposed
	case more > 0 && p.left == p.total && s.Fee > 0 && (more == s.Fee || more == s.Fee+s.PayoutFee):
		return result.HintGross
	case more.Abs() <= hintFenMost:
		return result.HintFen
	case -more >= hintFeeLeast && -more <= hintFeeMost:
		return result.HintFee
	}
	return result.HintNearest
}

// swapped says whether two amounts differ in two neighbouring digits that have
// changed places.
func swapped(x, y money.Fen) bool {
	if x < y {
		x, y = y, x
	}
	for unit := money.Fen(1); unit <= x/10; unit *= 10 {
		low, high := x/unit%10, x/(10*unit)%10
		if low != high && x+(low-high)*10*unit+(high-low)*unit == y {
			return true
		}
	}
	return false
}

// hintRuns looks at a few days of one merchant paid at once, less a fee.
func (a *allocator) hintRuns(l *line, near []*payee, take func(result.Hint)) {
	open := filter(near, func(p *payee) bool { return p.left > 0 && p.left < l.amount })
	slices.SortFunc(open, func(x, y *payee) int {
		return cmp.Or(cmp.Compare(x.group, y.group), cmp.Compare(x.merchant, y.merchant), compareDays(x, y))
	})
	for i := range open {
		sum := open[i].left
		for j := i + 1; j < len(open) && j-i < hintRun && open[j].follows(open[i]); j++ {
			if sum += open[j].left; sum > l.amount && sum-l.amount <= hintFeeMost {
				h := result.Hint{Kind: result.HintSeveral, Settlements: nil, Amount: l.amount - sum}
				for _, p := range open[i : j+1] {
					h.Settlements = append(h.Settlements, p.n)
				}
				slices.Sort(h.Settlements)
				take(h)
			}
		}
	}
}
