package match

import (
	"context"

	"duizhang/parse"
)

type classOutcome struct {
	timing        Timing
	daysLate      int32
	due, credited parse.Date
	settlement    int32
}

func (r *run) rowMarks(k *kin, row *parse.Row) Flags { return 0 }

type treatment uint8

func (r *run) settle(ctx context.Context) error {
	t := &r.classes
	r.codes = make([]code, len(t.list))
	r.outcome = make([]classOutcome, len(t.list))
	for i := range t.list {
		r.codes[i] = t.list[i].code
		r.outcome[i] = r.claimed(&t.list[i])
	}
	return nil
}

func (r *run) claimed(c *class) classOutcome {
	o := classOutcome{settlement: -1, timing: UnknownTiming}
	if c.side == posSide || c.day == 0 {
		return o
	}
	k := r.opt.Contracts.For(c.acquirer, c.merchant, c.day)
	o.due = dueOf(r.opt.Calendar, k, c.day)
	at := c.credited
	if at == 0 {
		at = c.settleDate
	}
	switch {
	case at == 0:
	case at > r.opt.AsOf && o.due < r.opt.AsOf:
		o.timing = Overdue
	case at > r.opt.AsOf:
		o.timing = PendingTiming
	case at > o.due:
		o.timing, o.credited = Late, at
		o.daysLate = r.opt.Calendar.DaysLate(k.Cycle, o.due, at)
	default:
		o.timing, o.credited = OnTime, at
	}
	return o
}

func dueOf(cal *Calendar, c *Contract, day parse.Date) parse.Date {
	if day == 0 {
		return 0
	}
	d, _ := cal.Due(c.Cycle, day)
	return d
}

func (r *run) quiet(p, c *fact) bool {
	if r.opt.All {
		return false
	}
	cc := &r.classes.list[c.class]
	if cc.marks|r.classes.list[p.class].marks != 0 || cc.gap != noGap {
		return false
	}
	t := r.outcome[c.class].timing
	return t != Late && t != Overdue
}

// time fills in the timing of a group.
func (r *run) time(g *Group, d *draft) {
	switch g.Match {
	case Voided, FailedMatch, Duplicate, Conflict:
		g.Timing = TimingNone
		return
	case InTransit:
		g.Timing = PendingTiming
		return
	case PosOnly:
		g.Timing = PendingTiming
		switch {
		case g.Flags&NoFile != 0 || g.DueDate == 0:
			g.Timing = UnknownTiming
		case g.DueDate < r.opt.AsOf:
			g.Timing = Overdue
		}
		return
	}
	for i := range d.clr {
		o := &r.outcome[d.clr[i].class]
		if i == 0 || o.timing > g.Timing {
			g.Timing, g.DaysLate, g.DueDate, g.CreditedDate = o.timing, o.daysLate, o.due, o.credited
		}
	}
}
