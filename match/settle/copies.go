package settle

import (
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// MayRepeat are the settlements whose repeated rows could say what an unplaced
// line is for: it is less than they lack.
func (o *Output) MayRepeat() map[int32]bool {
	type open struct {
		day    record.Date
		amount money.Fen
	}
	var lines []open
	for i := range o.Credits {
		if c := &o.Credits[i]; c.Amount > 0 && (c.Outcome == result.Unidentified || c.Outcome == result.Ambiguous) {
			lines = append(lines, open{c.Date, c.Amount})
		}
	}
	wanted := map[int32]bool{}
	if len(lines) == 0 {
		return wanted
	}
	for i := range o.Settlements {
		s := &o.Settlements[i]
		if o.Covered[i] && s.Outstanding > 0 && s.Credit != result.CreditFull && slices.ContainsFunc(lines, func(l open) bool {
			return l.amount < s.Outstanding && l.day >= s.ClearingDate && l.day <= s.DueDate+nearDays
		}) {
			wanted[int32(i)] = true
		}
	}
	return wanted
}

func NetOfCopies(rows []result.Copied) (net money.Fen) {
	for i := range rows {
		net += rows[i].Net
	}
	return net
}

// netOfCopies places lines that are what one settlement lacks once its
// repeated rows are taken out.
func (a *allocator) netOfCopies() (progress bool) {
	if len(a.o.In.Copies) == 0 {
		return false
	}
	for _, l := range a.lines {
		if !l.open || !l.named || l.ways > 1 {
			continue
		}
		can := filter(a.choices(l, nearDays), func(p *payee) bool {
			copies := a.o.In.Copies[p.n]
			return copies > 0 && p.left-copies == l.amount
		})
		rival := len(can) == 1 && slices.ContainsFunc(a.byAmount[l.amount], func(m *line) bool {
			return m != l && m.open && m.twins != l.twins && a.fits(m, can[0], nearDays)
		})
		switch {
		case len(can) == 1 && !rival:
			a.pay(l, can[0], l.amount, result.ReasonNetOfCopies)
			progress = true
		case len(can) > 0:
			l.ways = max(l.ways, int32(len(can)), 2)
		}
	}
	return progress
}

// TakeOutCopies takes the repeated rows out of a settlement that is short by
// exactly their nets: all of them, or the only few of them that add up to it.
func (o *Output) TakeOutCopies(n int32, rows []result.Copied) bool {
	s := &o.Settlements[n]
	if len(rows) == 0 || s.Outstanding <= 0 {
		return false
	}
	if NetOfCopies(rows) != s.Outstanding {
		nets := make([]RowNet, len(rows))
		for i := range rows {
			nets[i] = RowNet{rows[i].Pos, rows[i].Net}
		}
		h := findHeld(nets, s.Outstanding, &o.heldSteps)
		if h.sets != 1 {
			return false
		}
		rows = slices.DeleteFunc(slices.Clone(rows), func(c result.Copied) bool { return !slices.Contains(h.rows, c.Pos) })
	}
	for i := range rows {
		s.Gross -= rows[i].Amount
		s.Fee -= rows[i].Amount - rows[i].Net
		s.Net -= rows[i].Net
		s.Repeated += rows[i].Net
		s.RepeatedRows = append(s.RepeatedRows, rows[i].Pos)
	}
	s.Copies = rows
	s.Outstanding, s.CreditedDate, s.Credit = 0, s.LastCredit, result.CreditFull
	s.Timing, s.DaysLate = result.PaidTiming(o.In.Calendar, o.Cycles[n], s.DueDate, s.CreditedDate)
	s.Reason = result.Reason{Code: result.ReasonWithoutCopies, N: int32(len(rows)), Amount: s.Repeated}
	return true
}
