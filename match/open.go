package match

import (
	"cmp"
	"context"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// decideRest decides the rows that no key brought together: voids,
// suggestions, and one side only.
func (r *run) decideRest(context.Context) error {
	r.sortLoose()
	r.voids()
	r.suggestions()
	days := r.clearingDays()
	why := r.newEvidence()
	for _, sd := range [...]side{posSide, clearingSide} {
		for _, l := range r.loose[sd] {
			if !l.done {
				r.oneSided(sd, l, days, why)
			}
		}
	}
	return nil
}

// loosePair puts loose rows into one group.
func (r *run) loosePair(m Match, key KeyType, why Reason, p, c []*loose) {
	d := draft{match: m, key: key, why: why, sold: int32(len(p)), rows: make([]fact, 0, len(p)+len(c))}
	for _, l := range slices.Concat(p, c) {
		l.done = true
		d.rows = append(d.rows, l.fact)
	}
	slices.SortFunc(d.pos(), compareFactPos)
	r.drafts = append(r.drafts, d)
}

func compareFactPos(a, b fact) int { return cmp.Compare(a.pos(), b.pos()) }

// oneSided decides a row that stands alone.
func (r *run) oneSided(sd side, l *loose, days *clearingDays, why *evidence) {
	cl := &r.classes.list[l.class]
	d := draft{rows: []fact{l.fact}, sold: int32(clearingSide - sd)}
	l.done = true
	switch {
	case !l.code.live():
		// Failed, pending or without money: nothing is owed, and one side
		// that does not list such rows is no finding.
		d.match, d.why = FailedMatch, failedReason(l.code, cl.status)
	case sd == clearingSide:
		d.match, d.why = ClearingOnly, why.of(sd, l)
	default:
		r.notCleared(&d, l, days, why)
	}
	r.drafts = append(r.drafts, d)
}

// notCleared decides a sale (or refund) that no clearing row answers. Its
// clearing day d is counted by the contract from its time.
//
// It is in transit if the clearing file of d is not due yet: d is not before
// the as-of day, and no clearing row of that merchant (of anybody, where the
// merchant is unknown) is of d or later. A file that came early settles it.
// Where d is past and no clearing row of d exists at all, the file never came,
// and the acquirer cannot be blamed for the sale: flag no_file.
func (r *run) notCleared(d *draft, l *loose, days *clearingDays, why *evidence) {
	cl := &r.classes.list[l.class]
	contract := r.opt.Contracts.For(l.merchant.acquirer, l.merchant.merchant, l.when().Date())
	day := cl.day
	if day == 0 && l.time != 0 {
		day = contract.ClearingDay(l.when(), l.code.clock(), cl.channel)
	}
	if contract.overLimit(l.code.kind(), l.amount()) {
		d.flags |= OverLimit
	}
	seen := days.of(l.merchant)
	d.match, d.owed = PosOnly, &owed{day: day, due: r.due(contract, day), acquirer: l.merchant.acquirer, cycle: contract.Cycle}
	switch {
	case day == 0:
		d.why = why.of(posSide, l)
	case day >= r.opt.AsOf && seen.last < day:
		d.match, d.why = InTransit, Reason{Code: ReasonFileNotDue, Day: day}
		if day > l.when().Date() {
			d.why.Code = ReasonAfterCutoff
		}
	case day < r.opt.AsOf && !seen.days[day]:
		d.flags |= NoFile
		d.why = Reason{Code: ReasonNoFile, Day: day}
	default:
		d.why = why.of(posSide, l)
	}
}

// clearingDays are the days for which clearing rows exist, by merchant.
type clearingDays struct {
	all daySet
	by  map[merchantKey]*daySet
}

type daySet struct {
	last parse.Date
	days map[parse.Date]bool
}

func (s *daySet) add(d parse.Date) {
	if s.days == nil {
		s.days = map[parse.Date]bool{}
	}
	s.days[d] = true
	s.last = max(s.last, d)
}

// of are the days of a merchant. The days of all count for a merchant that is
// not known by number.
func (c *clearingDays) of(m merchantKey) *daySet {
	if m.merchant == "" {
		return &c.all
	}
	if s := c.by[m]; s != nil {
		return s
	}
	// The shop's file seldom names the acquirer: any with that number will do.
	if s := c.by[merchantKey{"", m.merchant}]; s != nil && m.acquirer == "" {
		return s
	}
	return &daySet{}
}

func (r *run) clearingDays() *clearingDays {
	c := &clearingDays{by: map[merchantKey]*daySet{}}
	for i := range r.classes.list {
		cl := &r.classes.list[i]
		if cl.side != clearingSide || cl.day == 0 || cl.code.kind() == parse.Payout {
			continue
		}
		c.all.add(cl.day)
		for _, k := range [...]merchantKey{{cl.acquirer, cl.merchant}, {"", cl.merchant}} {
			if c.by[k] == nil {
				c.by[k] = new(daySet)
			}
			c.by[k].add(cl.day)
		}
	}
	return c
}

// evidence finds, for an open row, the nearest candidate on the other side and
// the gate that it failed. Only rows that stayed open are candidates.
type evidence struct {
	r     *run
	keys  [2][4]map[uint64][]*loose // by side, key
	exact [2][3]map[shelfKey][]*loose
	any   [2][3]map[shelfKey][]*loose
}

// maxNear is how many neighbours are looked at for evidence.
const maxNear = 16

func (r *run) newEvidence() *evidence {
	e := &evidence{r: r}
	for sd := range r.loose {
		rows := open(r.loose[sd], isLive)
		for i := range keyOrder {
			e.keys[sd][i] = map[uint64][]*loose{}
			for _, l := range rows {
				if k := l.keys[i]; k != 0 && l.time != 0 {
					e.keys[sd][i][k] = append(e.keys[sd][i][k], l)
				}
			}
		}
		for i := range 3 {
			e.exact[sd][i], e.any[sd][i] = map[shelfKey][]*loose{}, map[shelfKey][]*loose{}
			for _, l := range rows {
				if l.place[i] == 0 || l.time == 0 {
					continue
				}
				k := shelfKey{l.place[i], l.currency, l.code.kind(), l.amount()}
				e.exact[sd][i][k] = append(e.exact[sd][i][k], l)
				k.amount = 0
				e.any[sd][i][k] = append(e.any[sd][i][k], l)
			}
		}
	}
	return e
}

// of is the reason of an open row: a tie among candidates; else the same key
// too many days away; else the same place, kind and amount with another card
// or too far in time; else the same place and time with another amount.
func (e *evidence) of(sd side, l *loose) Reason {
	other := posSide + clearingSide - sd
	why := Reason{Code: ReasonNoCandidate, OtherSide: other.parse()}
	if l.tie != nil {
		// Of two rows that fit one candidate the one that lost is told so too.
		why.Code, why.N = ReasonTie, int32(max(l.tie.n, 2))
		return why.with(l.tie.other)
	}
	if l.time == 0 {
		return e.beaten(sd, l, why)
	}
	for i := range keyOrder {
		if o := e.nearest(e.keys[other][i][l.keys[i]], l, 1<<62, func(o *loose) bool { return !e.r.withinDays(l, o) }); o != nil {
			why.Code, why.N = ReasonKeyDays, int32(distance(l, o)/daySeconds)
			return why.with(o)
		}
	}
	reach := e.r.opt.KeyDays*daySeconds + daySeconds/2
	for i := range l.place {
		k := shelfKey{l.place[i], l.currency, l.code.kind(), l.amount()}
		if o := e.nearest(e.exact[other][i][k], l, reach, func(o *loose) bool { return e.samePlace(i, l, o) }); o != nil {
			why.Code, why.Seconds = ReasonOtherTime, distance(l, o)
			if l.tailConflicts(o) && e.r.withinWindow(l, o) {
				why.Code = ReasonOtherCard
			}
			return why.with(o)
		}
	}
	for i := range l.place {
		k := shelfKey{l.place[i], l.currency, l.code.kind(), 0}
		near := func(o *loose) bool {
			return e.samePlace(i, l, o) && o.amount() != l.amount() && !l.tailConflicts(o) && e.r.withinWindow(l, o)
		}
		if o := e.nearest(e.any[other][i][k], l, max(e.r.opt.TimeWindow, daySeconds/2), near); o != nil {
			why.Code, why.Amount = ReasonOtherAmount, cleared(sd, l, o)
			return why.with(o)
		}
	}
	return e.beaten(sd, l, why)
}

// beaten is the reason of a row that has no candidate: perhaps one carries its
// key but went to another row.
func (e *evidence) beaten(sd side, l *loose, why Reason) Reason {
	if at, ok := e.r.beaten[sd][l.pos()]; ok {
		why.Code, why.Other, why.HasOther = ReasonKeyTaken, at, true
	}
	return why
}

// cleared is clearing − sold.
func cleared(sd side, l, o *loose) money.Fen {
	if sd == posSide {
		return o.amount() - l.amount()
	}
	return l.amount() - o.amount()
}

func (e *evidence) samePlace(level int, l, o *loose) bool {
	return level == 0 || l.place[0] == 0 || o.place[0] == 0
}

func (w Reason) with(o *loose) Reason {
	w.Other, w.HasOther = o.pos(), true
	return w
}

// nearest is the nearest row in time that passes.
func (e *evidence) nearest(rows []*loose, l *loose, reach int64, ok func(*loose) bool) *loose {
	var found *loose
	outward(rows, l, reach, maxNear, func(o *loose) bool {
		if ok(o) {
			found = o
		}
		return found == nil
	})
	return found
}
