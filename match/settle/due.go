package settle

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// stage is the part of a settlement that is due under the same terms. A
// settlement is due with its last stage. What comes is taken to be for the stage
// that is due first: QR sales of D+0 that come on their day are in time, though
// the card sales beside them come a day later.
type stage struct {
	terms.DueBy
	cycle    terms.Cycle
	due      record.Date
	net      money.Fen
	credited record.Date // the day by which it and all before it had come; 0: they have not
}

// addStage adds a sum to the stage of its terms.
func (o *Output) addStage(n int, c *ClearingSum) {
	s := &o.Settlements[n]
	t := o.In.Contracts.For(s.Acquirer, s.MerchantID, s.ClearingDate).Tell(c.DueBy)
	i := slices.IndexFunc(o.Stages[n], func(g stage) bool { return g.DueBy == t })
	if i < 0 {
		i = len(o.Stages[n])
		o.Stages[n] = append(o.Stages[n], stage{DueBy: t})
	}
	// The sums of the whole settlement are checked; a part of it fits too.
	o.Stages[n][i].net += c.Amount - c.Fee
}

// dueDates works out when a settlement's stages are due and what follows for
// all of it. Years whose calendar is not known are noted.
func (o *Output) dueDates(i int, c *terms.Contract, years map[int]bool) {
	s, stages := &o.Settlements[i], o.Stages[i]
	provisional := map[record.Date]bool{}
	for k := range stages {
		g := &stages[k]
		if g.cycle = c.CycleBy(g.Under); s.ClearingDate == 0 {
			g.due = g.Promised
			continue
		}
		due, published := o.In.Calendar.Due(g.cycle, s.ClearingDate)
		if g.due = cmp.Or(g.Promised, due); g.Promised == 0 && !published {
			years[o.In.Calendar.MissingYear(s.ClearingDate, due)] = true
			provisional[due] = true
		}
	}
	slices.SortFunc(stages, func(a, b stage) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.Promised, b.Promised), cmp.Compare(a.Under, b.Under))
	})
	for k := range stages {
		if g := &stages[k]; c.Differs(o.In.Calendar, g.DueBy, s.ClearingDate) {
			agreed, _ := o.In.Calendar.Due(g.cycle, s.ClearingDate)
			s.Flags, s.Evidence = s.Flags|result.DueDiffers, append(s.Evidence, result.Reason{Code: result.ReasonDueDiffers, Day: g.Promised, N: int32(agreed)})
			break
		}
	}
	last := &stages[len(stages)-1]
	s.Cycle, s.DueDate = last.cycle.String(), last.due
	if provisional[last.due] {
		s.Flags |= result.Provisional
	}
}

// serve notes which stages have come by a day on which so much had come in all.
func serve(stages []stage, came, pay money.Fen, day record.Date) {
	until := money.Fen(0)
	for k := range stages {
		g := &stages[k]
		if until += g.net; k == len(stages)-1 || until > pay {
			until = pay // a payout fee and what was carried count with the last
		}
		if g.credited == 0 && came >= until {
			g.credited = day
		}
	}
}

// stageOf is the stage of a settlement's row.
func (o *Output) stageOf(n int32, t terms.DueBy) *stage {
	stages := o.Stages[n]
	if len(stages) > 1 {
		t = o.contract(int(n)).Tell(t)
		for k := range stages {
			if stages[k].DueBy == t {
				return &stages[k]
			}
		}
	}
	return &stages[len(stages)-1]
}

// isStage says whether a line is what is due first of a settlement of several
// stages, and comes when it is due or lately after.
func (a *allocator) isStage(l *line, p *payee) bool {
	stages := a.o.Stages[p.n]
	if len(stages) < 2 {
		return false
	}
	came, until := p.total-p.left, money.Fen(0)
	for k := range stages[:len(stages)-1] {
		until += stages[k].net
		if l.amount == until-came {
			return l.row.date >= stages[k].due && a.recentFrom(l.row.date) <= stages[k].due
		}
	}
	return false
}

// RowCredit is what a settlement says of the money of one of its rows. held
// tells the rows that explain its shortfall; settled and credited are the
// row's own dates in the clearing file, which count where no bank side does.
func (o *Output) RowCredit(settlement int32, held bool, settled, credited record.Date, t terms.DueBy) result.RowCredit {
	s, g := &o.Settlements[settlement], o.stageOf(settlement, t)
	r := result.RowCredit{Timing: s.Timing, Due: g.due, Credited: s.CreditedDate, Late: s.DaysLate, Known: true, Cycle: g.cycle}
	switch {
	case s.Credit == result.CreditUnchecked:
		day := cmp.Or(credited, settled)
		r.Timing, r.Credited, r.Late = result.ClaimTiming(o.In.Calendar, g.cycle, g.due, day, o.In.AsOf)
		r.Known = day != 0
	case s.Credit == result.CreditPartial && len(s.Held) > 0 && !held:
		// The other rows are what came, with the last credit at the latest.
		r.Credited = cmp.Or(g.credited, s.LastCredit)
		r.Timing, r.Late = result.PaidTiming(o.In.Calendar, g.cycle, g.due, r.Credited)
	case len(o.Stages[settlement]) > 1 && s.Timing != result.TimingNone:
		o.stageCredit(settlement, g, held, &r)
	case s.Credit == result.CreditPartial && len(s.Held) == 0:
		r.Known = false
	}
	return r
}

// stageCredit is RowCredit where not all of a settlement is due on one day.
func (o *Output) stageCredit(settlement int32, g *stage, held bool, r *result.RowCredit) {
	s := &o.Settlements[settlement]
	r.Credited = g.credited
	if s.CreditedDate != 0 {
		r.Credited = cmp.Or(g.credited, s.CreditedDate)
	}
	if r.Credited != 0 && !held {
		r.Timing, r.Late = result.PaidTiming(o.In.Calendar, g.cycle, g.due, r.Credited)
		return
	}
	r.Credited = 0
	r.Known = s.Credit != result.CreditPartial || held
	r.Timing, r.Late = result.OpenTiming(o.In.Calendar, g.cycle, g.due, o.In.AsOf), result.OverdueBy(o.In.Calendar, g.cycle, g.due, o.In.AsOf)
	if r.Timing == result.Overdue && o.awaited(int(settlement), g.due) {
		r.Timing, r.Late = result.PendingTiming, 0
	}
}
