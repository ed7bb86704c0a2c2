package match

import (
	"cmp"
	"context"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// copied is a clearing row that repeats another one of its settlement: same
// key, amount, kind and time, and the shop does not have it as often.
type copied struct {
	pos         parse.Pos
	amount, net money.Fen
}

// factCopy is what copies of a row have in common.
type factCopy struct {
	lo     uint64
	hi     uint32
	time   uint32
	amount money.Fen
	class  uint32
}

// sold is what a sale of the shop must have for a clearing row to be its.
type sold struct {
	lo     uint64
	hi     uint32
	amount money.Fen
}

// copiesOf finds the repeated rows of some settlements.
func (r *run) copiesOf(ctx context.Context, wanted map[int32]bool) (map[int32][]copied, error) {
	in := make([]bool, len(r.classes.list))
	for class, n := range r.leg.of[:len(in)] {
		in[class] = n >= 0 && wanted[n]
	}
	var found []placed
	for _, st := range r.stores {
		for p := range st.parts[clearingSide] {
			rows, err := r.copiesIn(st, p, in)
			if err != nil {
				return nil, err
			}
			found = append(found, rows...)
		}
	}
	slices.SortFunc(found, func(a, b placed) int { return cmp.Compare(a.pos, b.pos) })
	at, rows := make([]parse.Pos, len(found)), make([]copied, len(found))
	for i := range found {
		at[i] = found[i].pos
	}
	if len(at) > 0 {
		err := r.source(clearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *parse.Row) {
			return func(i int, row *parse.Row) { rows[i] = copied{row.Pos, row.Amount, netOf(row)} }
		})
		if err != nil {
			return nil, err
		}
	}
	list := map[int32][]copied{}
	for i := range found {
		n := r.leg.of[found[i].class]
		list[n] = append(list[n], rows[i])
	}
	return list, nil
}

// copiesIn finds the repeated rows among the facts of one partition: of equal
// ones all but the first, less those that the shop has too.
func (r *run) copiesIn(st *store[fact], p int, in []bool) (found []placed, err error) {
	alike := map[factCopy][]parse.Pos{}
	err = st.each(clearingSide, p, func(fs []fact) {
		for i := range fs {
			if f := &fs[i]; in[f.class] {
				k := factCopy{f.lo, f.hi, f.time, f.amount(), f.class}
				alike[k] = append(alike[k], f.pos())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	have := map[sold]int{}
	for k, rows := range alike {
		if len(rows) < 2 {
			delete(alike, k)
			continue
		}
		have[sold{k.lo, k.hi, k.amount}] = 0
	}
	if len(alike) == 0 {
		return nil, nil
	}
	err = st.each(posSide, p, func(fs []fact) {
		for i := range fs {
			k := sold{fs[i].lo, fs[i].hi, fs[i].amount()}
			if n, ok := have[k]; ok {
				have[k] = n + 1
			}
		}
	})
	for k, rows := range alike {
		slices.Sort(rows)
		for _, pos := range rows[min(len(rows), max(1, have[sold{k.lo, k.hi, k.amount}])):] {
			found = append(found, placed{pos, k.class})
		}
	}
	return found, err
}

// mayRepeat are the settlements whose repeated rows could say what an unplaced
// line is for: it is less than they lack.
func (o *settleOutput) mayRepeat() map[int32]bool {
	type open struct {
		day    parse.Date
		amount money.Fen
	}
	var lines []open
	for i := range o.credits {
		if c := &o.credits[i]; c.Amount > 0 && (c.Outcome == Unidentified || c.Outcome == Ambiguous) {
			lines = append(lines, open{c.Date, c.Amount})
		}
	}
	wanted := map[int32]bool{}
	if len(lines) == 0 {
		return wanted
	}
	for i := range o.settlements {
		s := &o.settlements[i]
		if o.covered[i] && s.Outstanding > 0 && s.Credit != CreditFull && slices.ContainsFunc(lines, func(l open) bool {
			return l.amount < s.Outstanding && l.day >= s.ClearingDate && l.day <= s.DueDate+nearDays
		}) {
			wanted[int32(i)] = true
		}
	}
	return wanted
}

// settleCopies settles again if rows that stand twice in the clearing files
// may explain lines that went nowhere.
func (r *run) settleCopies(ctx context.Context, in settleInput) error {
	wanted := r.leg.mayRepeat()
	if len(wanted) == 0 {
		return nil
	}
	found, err := r.copiesOf(ctx, wanted)
	if err != nil || len(found) == 0 {
		return err
	}
	in.copies = map[int32]money.Fen{}
	for n, rows := range found {
		in.copies[n] = netOfCopies(rows)
	}
	r.leg, err = settle(in)
	return err
}

func netOfCopies(rows []copied) (net money.Fen) {
	for i := range rows {
		net += rows[i].net
	}
	return net
}

// netOfCopies places lines that are what one settlement lacks once its
// repeated rows are taken out.
func (a *allocator) netOfCopies() (progress bool) {
	if len(a.o.in.copies) == 0 {
		return false
	}
	for _, l := range a.lines {
		if !l.open || !l.named || l.ways > 1 {
			continue
		}
		can := filter(a.choices(l, nearDays), func(p *payee) bool {
			copies := a.o.in.copies[p.n]
			return copies > 0 && p.left-copies == l.amount
		})
		rival := len(can) == 1 && slices.ContainsFunc(a.byAmount[l.amount], func(m *line) bool {
			return m != l && m.open && m.twins != l.twins && a.fits(m, can[0], nearDays)
		})
		switch {
		case len(can) == 1 && !rival:
			a.pay(l, can[0], l.amount, ReasonNetOfCopies)
			progress = true
		case len(can) > 0:
			l.ways = max(l.ways, int32(len(can)), 2)
		}
	}
	return progress
}

// takeOutCopies takes the repeated rows out of a settlement that is short by
// exactly their nets: all of them, or the only few of them that add up to it.
func (o *settleOutput) takeOutCopies(n int32, rows []copied) bool {
	s := &o.settlements[n]
	if len(rows) == 0 || s.Outstanding <= 0 {
		return false
	}
	if netOfCopies(rows) != s.Outstanding {
		nets := make([]rowNet, len(rows))
		for i := range rows {
			nets[i] = rowNet{rows[i].pos, rows[i].net}
		}
		h := findHeld(nets, s.Outstanding, &o.heldSteps)
		if h.sets != 1 {
			return false
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(c copied) bool { return !slices.Contains(h.rows, c.pos) })
	}
	for i := range rows {
		s.Gross -= rows[i].amount
		s.Fee -= rows[i].amount - rows[i].net
		s.Net -= rows[i].net
		s.Repeated += rows[i].net
		s.RepeatedRows = append(s.RepeatedRows, rows[i].pos)
	}
	s.repeated = rows
	s.Outstanding, s.CreditedDate, s.Credit = 0, s.LastCredit, CreditFull
	s.Timing, s.DaysLate = paidTiming(o.in.calendar, o.cycles[n], s.DueDate, s.CreditedDate)
	s.Reason = Reason{Code: ReasonWithoutCopies, N: int32(len(rows)), Amount: s.Repeated}
	return true
}
