package match

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
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
	r.unsent = map[merchantDay]int{}
	for _, sd := range [...]pair.Side{pair.PosSide, pair.ClearingSide} {
		for i := range r.loose[sd] {
			if l := &r.loose[sd][i]; !l.done {
				r.oneSided(sd, l, days)
			}
		}
	}
	r.warnOfUnsent()
	return nil
}

// loosePair puts two loose rows into one group: a sale with what cancels it,
// or one row of either side.
func (r *run) loosePair(m result.Match, key result.KeyType, why result.Reason, a, b *loose) {
	d := draft{match: m, key: key, why: why, rows: r.rows.take(2), sold: 1}
	if m == result.Voided {
		d.sold = 2
	}
	d.rows[0], d.rows[1] = r.detailed(pair.PosSide, a), r.detailed(pair.ClearingSide-pair.Side(d.sold-1), b)
	slices.SortFunc(d.pos(), compareFactPos)
	r.drafts = append(r.drafts, d)
}

// detailed is a loose row's fact, pointing at what was read of it.
func (r *run) detailed(sd pair.Side, l *loose) fact {
	l.done = true
	f := l.fact
	r.details[sd] = append(r.details[sd], l.detail)
	f.lo = uint64(len(r.details[sd]) - 1)
	return f
}

func compareFactPos(a, b fact) int { return cmp.Compare(a.pos(), b.pos()) }

// oneSided decides a row that stands alone.
func (r *run) oneSided(sd pair.Side, l *loose, days *clearingDays) {
	cl := &r.classes.list[l.class]
	d := draft{rows: r.rows.take(1), sold: int32(pair.ClearingSide - sd)}
	d.rows[0] = r.detailed(sd, l)
	switch {
	case !l.code.Live():
		// Failed, pending or without money: nothing is owed, and one side
		// that does not list such rows is no finding.
		d.match, d.why = result.FailedMatch, pair.FailedReason(l.code, cl.status)
	case sd == pair.ClearingSide:
		d.match, d.why = result.ClearingOnly, r.openReason(sd, l)
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
	owner := r.merchantOf(l, days)
	contract := r.opt.Contracts.For(owner.acquirer, owner.merchant, l.when().Date())
	day := cl.day
	if day == 0 && l.time != 0 {
		day = contract.ClearingDay(l.when(), l.code.Clock(), cl.channel)
	}
	if contract.OverLimit(l.code.Kind(), l.amount()) {
		d.flags |= result.OverLimit
	}
	seen := days.of(owner)
	cycle := contract.CycleBy(terms.CycleFor(cl.cardType, cl.channel))
	d.match, d.owed = result.PosOnly, &owed{day: day, due: r.due(cycle, day), merchantKey: owner, cycle: cycle, limit: contract.Limit}
	switch {
	case day == 0:
		d.why = r.openReason(pair.PosSide, l)
	case day >= r.opt.AsOf && seen.last < day:
		d.match, d.why = result.InTransit, result.Reason{Code: result.ReasonFileNotDue, Day: day}
		if day > l.when().Date() {
			d.why.Code = result.ReasonAfterCutoff
		}
	case day < r.opt.AsOf && !seen.days[day]:
		d.flags |= result.NoFile
		d.why = result.Reason{Code: result.ReasonNoFile, Day: day}
		if seen.first < day && day < seen.latest {
			r.unsent[merchantDay{owner, day}]++
		}
	default:
		d.why = r.openReason(pair.PosSide, l)
	}
	if d.match == result.PosOnly && d.flags&result.NoFile == 0 && l.code.Kind() == record.Refund && l.time != 0 && terms.RefundLate(r.opt.Calendar, contract, l.when().Date(), 0, r.opt.AsOf) {
		d.flags |= result.RefundLate
		d.owed.refund = contract
	}
}

// clearingDays are the days for which clearing rows exist, by merchant, and who
// clears what.
type clearingDays struct {
	all      daySet
	by       map[merchantKey]*daySet // {acquirer, ""} is all of an acquirer, {"", merchant} any with the number
	clearers []clearer
}

// daySet are days on which rows were cleared or sold.
type daySet struct {
	last          record.Date // cleared
	first, latest record.Date // of all
	days          map[record.Date]bool
}

func (s *daySet) add(d record.Date) {
	if s.days == nil {
		s.days = map[record.Date]bool{}
		s.first = d
	}
	s.days[d] = true
	s.first, s.latest = min(s.first, d), max(s.latest, d)
}

// clearer is a merchant with the channels that its clearing rows show, as bits.
type clearer struct {
	merchantKey
	channels uint8
}

// of are the days of a merchant. The days of all count where neither acquirer
// nor merchant is known.
func (c *clearingDays) of(m merchantKey) *daySet {
	if m == (merchantKey{}) {
		return &c.all
	}
	if s := c.by[m]; s != nil && (m.merchant != "" || m.acquirer != "") {
		return s
	}
	if m.merchant == "" {
		return &c.all // the shop's own name for an acquirer that no file has
	}
	// The shop's file seldom names the acquirer: any with that number will do.
	if s := c.by[merchantKey{"", m.merchant}]; s != nil && m.acquirer == "" {
		return s
	}
	return &daySet{}
}

func (c *clearingDays) add(m merchantKey, day record.Date, cleared bool) {
	for _, s := range append(c.know(m), &c.all) {
		s.add(day)
		if cleared {
			s.last = max(s.last, day)
		}
	}
}

// know gives the sets that a merchant's days belong to, so that one who has
// rows but no days is not taken for unknown.
func (c *clearingDays) know(m merchantKey) (sets []*daySet) {
	for _, k := range [...]merchantKey{m, {"", m.merchant}, {m.acquirer, ""}} {
		if k == (merchantKey{}) {
			continue
		}
		if c.by[k] == nil {
			c.by[k] = new(daySet)
		}
		if !slices.Contains(sets, c.by[k]) {
			sets = append(sets, c.by[k])
		}
	}
	return sets
}

func (r *run) clearingDays() *clearingDays {
	c := &clearingDays{by: map[merchantKey]*daySet{}}
	channels := map[merchantKey]uint8{}
	for i := range r.classes.list {
		cl := &r.classes.list[i]
		if cl.side != pair.ClearingSide {
			continue
		}
		m := merchantKey{cl.acquirer, cl.merchant}
		c.know(m)
		if cl.code.Kind() == record.Payout {
			continue
		}
		channels[m] |= 1 << cl.channel
		if cl.day != 0 {
			c.add(m, cl.day, true)
		}
		r.sawDays = append(r.sawDays, result.ClearingDayOf{Acquirer: cl.acquirer, MerchantID: cl.merchant, Day: cl.day, Channels: 1 << cl.channel, Trade: false})
	}
	for d := range r.tradeDays {
		c.add(d.merchantKey, d.day, false)
		r.sawDays = append(r.sawDays, result.ClearingDayOf{Acquirer: d.acquirer, MerchantID: d.merchant, Day: d.day, Channels: 0, Trade: true})
	}
	if r.opt.Before != nil {
		for _, d := range r.opt.Before.Days {
			m := merchantKey{d.Acquirer, d.MerchantID}
			c.know(m)
			channels[m] |= d.Channels
			c.add(m, d.Day, !d.Trade)
		}
	}
	for m, ch := range channels {
		c.clearers = append(c.clearers, clearer{m, ch})
	}
	slices.SortFunc(c.clearers, func(a, b clearer) int { return compareMerchants(a.merchantKey, b.merchantKey) })
	return c
}

func compareMerchants(a, b merchantKey) int {
	return cmp.Or(cmp.Compare(a.acquirer, b.acquirer), cmp.Compare(a.merchant, b.merchant))
}

// clears is the only acquirer that clears a pay method, with its merchant number
// where it has only one for it; none if several do.
func (c *clearingDays) clears(ch record.Channel, w wallet) (m merchantKey, one bool) {
	if ch == record.ChannelOther {
		return m, false
	}
	for _, k := range c.clearers {
		of := walletOf(k.acquirer)
		if ch != record.ChannelUnknown && k.channels&(1<<ch|1<<record.ChannelUnknown) == 0 || w != noWallet && of != noWallet && w != of {
			continue
		}
		switch {
		case !one:
			m, one = k.merchantKey, true
		case m.acquirer != k.acquirer:
			return merchantKey{}, false
		default:
			m.merchant = ""
		}
	}
	return m, one
}

// wallet is whose wallet paid, where a pay method's words say so.
type wallet uint8

const (
	noWallet wallet = iota
	wechat
	alipay
)

// walletOf reads the words of a pay method, or of an acquirer's name: a wallet's
// own acquirer clears no other one's sales.
func walletOf(name string) wallet {
	name = strings.ToLower(name)
	for _, w := range [...]struct {
		word string
		is   wallet
	}{{"微信", wechat}, {"wechat", wechat}, {"weixin", wechat}, {"财付通", wechat}, {"tenpay", wechat}, {"支付宝", alipay}, {"alipay", alipay}, {"蚂蚁", alipay}} {
		if strings.Contains(name, w.word) {
			return w.is
		}
	}
	return noWallet
}

// warnOfUnsent tells of days in a run of an acquirer's days that it sent no row
// of although the shop sold through it.
func (r *run) warnOfUnsent() {
	days := slices.SortedFunc(maps.Keys(r.unsent), func(a, b merchantDay) int {
		return cmp.Or(compareMerchants(a.merchantKey, b.merchantKey), cmp.Compare(a.day, b.day))
	})
	for _, d := range days {
		r.leg.Warnings = append(r.leg.Warnings, result.Warning{Code: result.WarningMissingDay,
			Args: []string{cmp.Or(d.acquirer, "-"), cmp.Or(d.merchant, "-"), terms.DayText(d.day), strconv.Itoa(r.unsent[d])}})
	}
}

// evidence finds, for every open row, the nearest candidate on the other side
// and the gate that it failed: the same key too many days away; else the same
// place, kind and amount with another card or too far in time; else the same
// place and time with another amount. Only rows that stayed open are
// candidates.
func (r *run) evidence(ctx context.Context) error {
	for i := range keyOrder {
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.keys[i] }, 1<<62, func(l, o *loose) result.ReasonCode {
			if r.withinDays(l, o) {
				return result.NoReason
			}
			return result.ReasonKeyDays
		})
		if err != nil {
			return err
		}
	}
	for i := range len(loose{}.place) {
		reach := r.opt.KeyDays*terms.DaySeconds + terms.DaySeconds/2
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.lot(l.place[i], true) }, reach, func(l, o *loose) result.ReasonCode {
			switch {
			case !placesAgree(i, l, o):
				return result.NoReason
			case l.tailConflicts(o) && r.withinWindow(l, o):
				return result.ReasonOtherCard
			case r.withinWindow(l, o):
				return result.ReasonNearerRival // or it would have been suggested
			}
			return result.ReasonOtherTime
		})
		if err != nil {
			return err
		}
	}
	for i := range len(loose{}.place) {
		reach := max(r.opt.TimeWindow, terms.DaySeconds/2)
		err := r.evidenceBy(ctx, func(l *loose) uint64 { return l.lot(l.place[i], false) }, reach, func(l, o *loose) result.ReasonCode {
			if !placesAgree(i, l, o) || o.amount() == l.amount() || l.tailConflicts(o) || !r.withinWindow(l, o) {
				return result.NoReason
			}
			return result.ReasonOtherAmount
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// evidenceBy looks for the nearest row in the bucket that fails a gate.
func (r *run) evidenceBy(ctx context.Context, bucket func(l *loose) uint64, reach int64, gate func(l, o *loose) result.ReasonCode) error {
	return r.meet(ctx, func(l *loose) uint64 {
		if !l.open() && !l.proposed || l.time == 0 {
			return 0
		}
		return bucket(l)
	}, func(_ int, p, c []uint32) {
		pos, clr := newShelf(r.loose[pair.PosSide], p), newShelf(r.loose[pair.ClearingSide], c)
		for i := range p {
			clr.nearest(pos.row(i), reach, gate)
		}
		for i := range c {
			pos.nearest(clr.row(i), reach, gate)
		}
	})
}

// nearest notes the nearest row that fails a gate, if nothing surer is known.
func (s shelf) nearest(l *loose, reach int64, gate func(l, o *loose) result.ReasonCode) {
	if l.near != 0 {
		return
	}
	s.outward(l, reach, pair.MaxNear, func(i int) bool {
		why := gate(l, s.row(i))
		if why != result.NoReason {
			l.near, l.why = s.at[i]+1, why
		}
		return why == result.NoReason
	})
}

// openReason is the reason of an open row: a tie among candidates, else its
// evidence, else that its key went to another row.
func (r *run) openReason(sd pair.Side, l *loose) result.Reason {
	other := pair.PosSide + pair.ClearingSide - sd
	why := result.Reason{Code: result.ReasonNoCandidate, OtherSide: other.Record()}
	var o *loose
	switch {
	case l.tied != 0:
		o = &r.loose[other][l.tied-1]
		why.Code, why.N = l.rival, int32(l.ways)
	case l.near != 0:
		o = &r.loose[other][l.near-1]
		why.Code = l.why
	default:
		// Perhaps a row carries its key but went to another one.
		if b, ok := r.beaten[sd][l.pos()]; ok {
			why.Code, why.Other, why.HasOther = result.ReasonKeyTaken, b.other, true
			switch {
			case b.days > 0:
				why.Code, why.N = result.ReasonKeyDays, b.days
			case b.even:
				why.Code = result.ReasonKeyEven
			}
		} else if !r.nobodyCarries(sd, l) {
			why.Code = result.ReasonNotLeft
		}
		return why
	}
	why.Other, why.HasOther = o.pos(), true
	switch why.Code {
	case result.ReasonKeyDays:
		why.N = int32(distance(l, o) / terms.DaySeconds)
	case result.ReasonOtherTime, result.ReasonOtherCard:
		why.Seconds = distance(l, o)
	case result.ReasonOtherAmount: // clearing − sold
		if why.Amount = o.amount() - l.amount(); sd == pair.ClearingSide {
			why.Amount = -why.Amount
		}
	}
	return why
}

// nobodyCarries says whether it is certain that no row of the other side
// carries the row's strongest number (a reference number with its terminal):
// the number is a key under which all rows that carry it were filed first, or
// the other side has no such column, and no row that is left carries it either.
func (r *run) nobodyCarries(sd pair.Side, l *loose) bool {
	src := r.source(pair.PosSide + pair.ClearingSide - sd)
	if src == nil {
		return true
	}
	if r.foreign() {
		return false // keys of two currencies never meet
	}
	first := result.NoKey
	if len(r.keys) > 0 {
		first = r.keys[0]
	}
	for i, k := range keyOrder {
		if l.keys[i] == 0 {
			if k == result.KeyRef && l.refAlone != 0 {
				return first == result.KeyRefAlone && !r.carriedLoose(sd, l.refAlone)
			}
			if k == result.KeyRef && l.hasRef {
				return !src.Carries().Has(record.RefNo)
			}
			continue
		}
		f := k.Fields()
		if k == result.KeyTrace {
			return false // its day is a part of the key
		}
		return (first == k || src.Carries()&f != f) && !r.carriedLoose(sd, l.keys[i])
	}
	return true
}

// foreign says whether there are rows of another currency.
func (r *run) foreign() bool {
	return slices.ContainsFunc(r.classes.list, func(c class) bool { return c.currency != "" })
}

// carriedLoose says whether a loose row of the other side carries a number.
func (r *run) carriedLoose(sd pair.Side, number uint64) bool {
	other := pair.PosSide + pair.ClearingSide - sd
	if r.carried[other] == nil {
		r.carried[other] = map[uint64]struct{}{}
		for i := range r.loose[other] {
			l := &r.loose[other][i]
			for _, v := range append(l.keys[:], l.refAlone) {
				if v != 0 {
					r.carried[other][v] = struct{}{}
				}
			}
		}
	}
	_, is := r.carried[other][number]
	return is
}

// merchantOf is the merchant whose contract a sale goes by that no clearing row
// answers: the one merchant whose clearing rows show its terminal; else the one
// the shop's file names; else the only acquirer that clears its pay method; else
// none, and the default contract applies.
func (r *run) merchantOf(l *loose, days *clearingDays) merchantKey {
	if m, ok := r.terminals.shows(l.place[0]); ok {
		return m
	}
	c := &r.classes.list[l.class]
	if m := (merchantKey{c.acquirer, c.merchant}); m != (merchantKey{}) {
		return m
	}
	m, _ := days.clears(c.channel, l.wallet)
	return m
}
