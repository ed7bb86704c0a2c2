package match

import (
	"cmp"
	"context"
	"slices"

	"duizhang/parse"
)

// decideRest decides the rows that no key brought together: voids,
// suggestions, and one side only.
func (r *run) decideRest(ctx context.Context) error {
	r.sortLoose()
	if err := r.pairRefAlone(ctx); err != nil {
		return err
	}
	r.voids()
	if err := r.suggestions(ctx); err != nil {
		return err
	}
	if err := r.evidence(ctx); err != nil {
		return err
	}
	days := r.clearingDays()
	for _, sd := range [...]side{posSide, clearingSide} {
		for i := range r.loose[sd] {
			if l := &r.loose[sd][i]; !l.done {
				r.oneSided(sd, l, days)
			}
		}
	}
	return nil
}

// loosePair puts two loose rows into one group: a sale with what cancels it,
// or one row of either side.
func (r *run) loosePair(m Match, key KeyType, why Reason, a, b *loose) {
	d := draft{match: m, key: key, why: why, rows: r.rows.take(2), sold: 1}
	if m == Voided {
		d.sold = 2
	}
	d.rows[0], d.rows[1] = r.detailed(posSide, a), r.detailed(clearingSide-side(d.sold-1), b)
	slices.SortFunc(d.pos(), compareFactPos)
	r.drafts = append(r.drafts, d)
}

// detailed is a loose row's fact, pointing at what was read of it.
func (r *run) detailed(sd side, l *loose) fact {
	l.done = true
	f := l.fact
	r.details[sd] = append(r.details[sd], l.detail)
	f.lo = uint64(len(r.details[sd]) - 1)
	return f
}

func compareFactPos(a, b fact) int { return cmp.Compare(a.pos(), b.pos()) }

// oneSided decides a row that stands alone.
func (r *run) oneSided(sd side, l *loose, days *clearingDays) {
	cl := &r.classes.list[l.class]
	d := draft{rows: r.rows.take(1), sold: int32(clearingSide - sd)}
	d.rows[0] = r.detailed(sd, l)
	switch {
	case !l.code.live():
		// Failed, pending or without money: nothing is owed, and one side
		// that does not list such rows is no finding.
		d.match, d.why = FailedMatch, failedReason(l.code, cl.status)
	case sd == clearingSide:
		d.match, d.why = ClearingOnly, r.openReason(sd, l)
	default:
		r.notCleared(&d, l, days)
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
func (r *run) notCleared(d *draft, l *loose, days *clearingDays) {
	cl := &r.classes.list[l.class]
	owner := r.merchantOf(l.place[0], l.class)
	contract := r.opt.Contracts.For(owner.acquirer, owner.merchant, l.when().Date())
	day := cl.day
	if day == 0 && l.time != 0 {
		day = contract.ClearingDay(l.when(), l.code.clock(), cl.channel)
	}
	if contract.overLimit(l.code.kind(), l.amount()) {
		d.flags |= OverLimit
	}
	seen := days.of(owner)
	d.match, d.owed = PosOnly, &owed{day: day, due: r.due(contract, day), acquirer: owner.acquirer, cycle: contract.Cycle, limit: contract.Limit}
	switch {
	case day == 0:
		d.why = r.openReason(posSide, l)
	case day >= r.opt.AsOf && seen.last < day:
		d.match, d.why = InTransit, Reason{Code: ReasonFileNotDue, Day: day}
		if day > l.when().Date() {
			d.why.Code = ReasonAfterCutoff
		}
	case day < r.opt.AsOf && !seen.days[day]:
		d.flags |= NoFile
		d.why = Reason{Code: ReasonNoFile, Day: day}
	default:
		d.why = r.openReason(posSide, l)
	}
	if d.match == PosOnly && d.flags&NoFile == 0 && l.code.kind() == parse.Refund && l.time != 0 && refundLate(r.opt.Calendar, contract, l.when().Date(), 0, r.opt.AsOf) {
		d.flags |= RefundLate
		d.owed.refund = contract
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

// maxNear is how many neighbours are looked at for evidence.
const maxNear = 16

// evidence finds, for every open row, the nearest candidate on the other side
// and the gate that it failed: the same key too many days away; else the same
// place, kind and amount with another card or too far in time; else the same
// place and time with another amount. Only rows that stayed open are
// candidates.
func (r *run) evidence(ctx context.Context) error {
	for i := range keyOrder {
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.keys[i] }, 1<<62, func(l, o *loose) ReasonCode {
			if r.withinDays(l, o) {
				return NoReason
			}
			return ReasonKeyDays
		})
		if err != nil {
			return err
		}
	}
	for i := range len(loose{}.place) {
		reach := r.opt.KeyDays*daySeconds + daySeconds/2
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.lot(l.place[i], true) }, reach, func(l, o *loose) ReasonCode {
			switch {
			case !placesAgree(i, l, o):
				return NoReason
			case l.tailConflicts(o) && r.withinWindow(l, o):
				return ReasonOtherCard
			}
			return ReasonOtherTime
		})
		if err != nil {
			return err
		}
	}
	for i := range len(loose{}.place) {
		reach := max(r.opt.TimeWindow, daySeconds/2)
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.lot(l.place[i], false) }, reach, func(l, o *loose) ReasonCode {
			if !placesAgree(i, l, o) || o.amount() == l.amount() || l.tailConflicts(o) || !r.withinWindow(l, o) {
				return NoReason
			}
			return ReasonOtherAmount
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// evidenceBy looks for the nearest row in the bucket that fails a gate.
func (r *run) evidenceBy(ctx context.Context, bucket func(l *loose) uint64, reach int64, gate func(l, o *loose) ReasonCode) error {
	return r.meet(ctx, func(l *loose) uint64 {
		if !l.open() || l.time == 0 {
			return 0
		}
		return bucket(l)
	}, func(_ int, p, c []uint32) {
		pos, clr := newShelf(r.loose[posSide], p), newShelf(r.loose[clearingSide], c)
		for i := range p {
			clr.nearest(pos.row(i), reach, gate)
		}
		for i := range c {
			pos.nearest(clr.row(i), reach, gate)
		}
	})
}

// nearest notes the nearest row that fails a gate, if nothing surer is known.
func (s shelf) nearest(l *loose, reach int64, gate func(l, o *loose) ReasonCode) {
	if l.near != 0 {
		return
	}
	s.outward(l, reach, maxNear, func(i int) bool {
		why := gate(l, s.row(i))
		if why != NoReason {
			l.near, l.why = s.at[i]+1, why
		}
		return why == NoReason
	})
}

// openReason is the reason of an open row: a tie among candidates, else its
// evidence, else that its key went to another row.
func (r *run) openReason(sd side, l *loose) Reason {
	other := posSide + clearingSide - sd
	why := Reason{Code: ReasonNoCandidate, OtherSide: other.parse()}
	var o *loose
	switch {
	case l.tied != 0:
		o = &r.loose[other][l.tied-1]
		why.Code, why.N = ReasonTie, int32(l.ways)
	case l.near != 0:
		o = &r.loose[other][l.near-1]
		why.Code = l.why
	default:
		// Perhaps a row carries its key but went to another one.
		if b, ok := r.beaten[sd][l.pos()]; ok {
			why.Code, why.Other, why.HasOther = ReasonKeyTaken, b.other, true
			switch {
			case b.days > 0:
				why.Code, why.N = ReasonKeyDays, b.days
			case b.even:
				why.Code = ReasonKeyEven
			}
		}
		return why
	}
	why.Other, why.HasOther = o.pos(), true
	switch why.Code {
	case ReasonKeyDays:
		why.N = int32(distance(l, o) / daySeconds)
	case ReasonOtherTime, ReasonOtherCard:
		why.Seconds = distance(l, o)
	case ReasonOtherAmount: // clearing − sold
		if why.Amount = o.amount() - l.amount(); sd == clearingSide {
			why.Amount = -why.Amount
		}
	}
	return why
}

// merchantOf is the merchant whose contract a row goes by as long as it has no
// counterpart. For a clearing row, its own. For a sale, the one merchant whose
// clearing rows show its terminal; else the one the shop's file names; else
// none, and the default contract applies.
func (r *run) merchantOf(terminal uint64, class uint32) merchantKey {
	c := &r.classes.list[class]
	if c.side == posSide {
		if m, ok := r.terminals.shows(terminal); ok {
			return m
		}
	}
	return merchantKey{c.acquirer, c.merchant}
}
