package match

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// detail is what a listed row says beyond its fact. A listed fact's key is of
// no more use; it holds the index of its detail instead.
type detail struct {
	digest                   uint64
	net, credited            money.Fen
	expected                 money.Fen
	hasExpected, hasCredited bool
}

func (r *run) detailOf(sd side, f *fact) *detail { return &r.details[sd][f.lo] }

// detailOf reads a row's detail.
func detailOf(c *classer, buf []byte, row *parse.Row) (detail, []byte) {
	d := detail{net: netOf(row), credited: row.Credited, hasCredited: row.HasCredited}
	if _, _, on := c.find(row); on != nil && on.fee.known {
		d.expected, _ = on.fee.check(row.Amount, row.Fee)
		d.hasExpected = true
	}
	d.digest, buf = digest(buf, row)
	return d, buf
}

// readListed reads the rows of the groups that a key brought together, and
// that are listed, again: for their fees, for what the clearing file itself
// says was credited, and for the order of equals.
func (r *run) readListed(ctx context.Context) error {
	for _, sd := range [...]side{posSide, clearingSide} {
		var facts []*fact
		for i := range r.drafts {
			fs := [2][]fact{r.drafts[i].pos(), r.drafts[i].clr()}[sd]
			for j := range fs {
				facts = append(facts, &fs[j])
			}
		}
		if len(facts) == 0 {
			continue
		}
		slices.SortFunc(facts, func(a, b *fact) int { return cmp.Compare(a.pos(), b.pos()) })
		at, details := make([]parse.Pos, len(facts)), make([]detail, len(facts))
		for i, f := range facts {
			at[i], f.lo = f.pos(), uint64(i)
		}
		err := r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *parse.Row) {
			c, buf := newClasser(r, sd), []byte(nil)
			return func(i int, row *parse.Row) { details[i], buf = detailOf(c, buf, row) }
		})
		if err != nil {
			return err
		}
		r.details[sd] = details
	}
	return nil
}

// result turns drafts into groups, in their order, with totals and proof.
func (r *run) result() (*Result, error) {
	res := &Result{AsOf: r.opt.AsOf, Thresholds: r.opt.Thresholds}
	for i := range r.drafts {
		r.compareCredited(&r.drafts[i])
	}
	r.orderDrafts()
	t, trend, ages := newTotals(), trend{}, r.leg.agesOf()
	res.Groups = make([]Group, len(r.drafts))
	for i := range r.drafts {
		res.Groups[i] = r.group(&r.drafts[i])
		t.add(&res.Groups[i], r.currencyOf(&r.drafts[i]))
		trend.add(r.originOf(&r.drafts[i]), &res.Groups[i])
		r.age(ages, &res.Groups[i], &r.drafts[i])
	}
	provisional := int64(0) // of those that are only counted
	for id := range r.quietSums {
		if q := &r.quietSums[id]; q.groups > 0 {
			c := &r.classes.list[id]
			t.addQuiet(q, r.outcomes[id].credit.timing, c.currency)
			if o := &r.outcomes[id]; o.settlement >= 0 && r.opt.Calendar.Provisional(r.leg.cycles[o.settlement], o.credit.due) {
				provisional += q.groups
			}
			trend.addQuiet(acquirerDay{c.day, c.acquirer, c.currency}, q)
		}
	}
	t.into(res)
	res.Flags[bits.TrailingZeros16(uint16(Provisional))] += provisional
	res.Trend, res.Ages, res.Fees = trend.points(), ages, r.fees.lines()
	for i := range r.leg.settlements {
		if r.leg.settlements[i].Flags&AccountChanged != 0 {
			res.Flags[bits.TrailingZeros16(uint16(AccountChanged))]++
		}
	}
	res.Settlements, res.Credits, res.Payments, res.Warnings = r.leg.settlements, r.leg.credits, r.leg.payments, r.leg.warnings
	slices.SortFunc(res.Warnings, compareWarnings)
	res.Money = proveMoney(r.leg.in, res.Settlements, res.Credits, res.Payments)
	res.Proof = r.prove(res)
	res.Rows = r.leg
	if r.opt.Before != nil {
		res.Quiet, res.Sums, res.Days = r.quietPairs, r.leg.settledSums(), r.sawDays
	}
	return res, nil
}

// orderDrafts puts the groups in the order of the report: by match, time (the
// shop's where it has one; unknown last), amount, content, and last of all
// position. No part of it depends on workers or chance.
func (r *run) orderDrafts() {
	type sortKey struct {
		match  Match
		time   uint32
		amount money.Fen
		digest uint64
		at     uint64
		draft  int
	}
	keys := make([]sortKey, len(r.drafts))
	for i := range r.drafts {
		d := &r.drafts[i]
		k := sortKey{match: d.match, time: ^uint32(0), draft: i, at: ^uint64(0)}
		for sd, fs := range [2][]fact{d.pos(), d.clr()} {
			for j := range fs {
				if sd == 0 || d.sold == 0 {
					k.time = min(k.time, fs[j].time-1)
				}
				k.amount += fs[j].amount()
				k.digest += mix(r.detailOf(side(sd), &fs[j]).digest + uint64(sd))
				k.at = min(k.at, uint64(sd)<<40|uint64(fs[j].pos()))
			}
		}
		keys[i] = k
	}
	slices.SortFunc(keys, func(a, b sortKey) int {
		return cmp.Or(cmp.Compare(a.match, b.match), cmp.Compare(a.time, b.time), cmp.Compare(a.amount, b.amount),
			cmp.Compare(a.digest, b.digest), cmp.Compare(a.at, b.at))
	})
	sorted := make([]draft, len(keys))
	for i := range keys {
		sorted[i] = r.drafts[keys[i].draft]
	}
	r.drafts = sorted
}

// group makes the group of a draft.
func (r *run) group(d *draft) Group {
	g := Group{Match: d.match, KeyType: d.key, Flags: d.flags, Reason: d.why, Settlement: -1}
	var sums [2]sum
	for sd, fs := range [2][]fact{d.pos(), d.clr()} {
		at := r.at.take(len(fs))
		for i := range fs {
			sums[sd].add(fs[i].amount())
			g.Flags |= r.classes.list[fs[i].class].marks
			g.Flags |= r.marked[sd].of(&fs[i])
			at[i] = fs[i].pos()
			if at[i] < r.carriedBelow() {
				g.Flags |= Carried
			}
		}
		if len(fs) > 0 {
			*[2]*[]parse.Pos{&g.Pos, &g.Clearing}[sd] = at
		}
	}
	if d.owed != nil {
		g.Acquirer, g.MerchantID = d.owed.acquirer, d.owed.merchant
	}
	g.PosAmount, _ = sums[0].fen()
	g.ClearingAmount, _ = sums[1].fen()
	r.time(&g, d)
	switch {
	case g.Settlement >= 0:
		g.Cycle = r.leg.settlements[g.Settlement].Cycle
	case d.owed != nil:
		g.Cycle = d.owed.cycle.String()
	}
	r.expectFee(&g, d)
	if g.Flags&(OverLimit|RepeatSwipe|RefundLate) != 0 {
		g.Evidence = r.flagEvidence(&g, d)
	}
	return g
}

// expectFee sums what the contract says the clearing rows' fees should be; one
// row that it does not tell leaves the group without.
func (r *run) expectFee(g *Group, d *draft) {
	rows := d.clr()
	g.HasExpectedFee = len(rows) > 0
	for i := range rows {
		row := r.detailOf(clearingSide, &rows[i])
		g.ExpectedFee += row.expected
		g.HasExpectedFee = g.HasExpectedFee && row.hasExpected
	}
	if !g.HasExpectedFee {
		g.ExpectedFee = 0
	}
}

// currencyOf is the currency of a group; rows of two never meet.
func (r *run) currencyOf(d *draft) string {
	return r.classes.list[d.rows[0].class].currency
}

// totals adds groups up.
type totals struct {
	match [NumMatch]struct {
		Total
		pos, clearing moneyBag
	}
	timing [NumTiming]struct {
		groups int64
		amount moneyBag
	}
	flags [NumFlags]int64
}

func newTotals() *totals {
	t := new(totals)
	for i := range t.match {
		t.match[i].pos, t.match[i].clearing = moneyBag{}, moneyBag{}
	}
	for i := range t.timing {
		t.timing[i].amount = moneyBag{}
	}
	return t
}

func (t *totals) add(g *Group, currency string) {
	m := &t.match[g.Match]
	m.Groups++
	m.PosRows += int64(len(g.Pos))
	m.ClearingRows += int64(len(g.Clearing))
	var p, c sum
	p.add(g.PosAmount)
	c.add(g.ClearingAmount)
	m.pos.add(currency, p)
	m.clearing.add(currency, c)
	w := &t.timing[g.Timing]
	w.groups++
	if len(g.Clearing) > 0 && !(g.Match == Conflict && g.short()) {
		w.amount.add(currency, c)
	} else {
		w.amount.add(currency, p)
	}
	for i := range t.flags {
		if g.Flags&(1<<i) != 0 {
			t.flags[i]++
		}
	}
}

func (t *totals) addQuiet(q *quietSums, timing Timing, currency string) {
	m := &t.match[Matched]
	m.Groups += q.groups
	m.PosRows += q.groups
	m.ClearingRows += q.groups
	m.pos.add(currency, q.amount)
	m.clearing.add(currency, q.amount)
	t.timing[timing].groups += q.groups
	t.timing[timing].amount.add(currency, q.amount)
}

func (t *totals) into(res *Result) {
	for i := range t.match {
		m := &t.match[i]
		m.PosAmount, _ = m.pos.sums()
		m.ClearingAmount, _ = m.clearing.sums()
		res.Match[i] = m.Total
	}
	for i := range t.timing {
		w := &t.timing[i]
		a, _ := w.amount.sums()
		res.Timing[i] = TimingTotal{w.groups, a}
	}
	res.Flags = t.flags
}

// acquirerDay is where a group's money should come from: a clearing day of an acquirer.
type acquirerDay struct {
	day                parse.Date
	acquirer, currency string
}

// originOf takes a group's clearing rows' day and acquirer (the first, of
// several), else what its sale's contract says.
func (r *run) originOf(d *draft) acquirerDay {
	var o acquirerDay
	if d.owed != nil {
		return acquirerDay{d.owed.day, d.owed.acquirer, r.currencyOf(d)}
	}
	for i := range d.clr() {
		c := &r.classes.list[d.clr()[i].class]
		at := acquirerDay{c.day, c.acquirer, c.currency}
		if i == 0 || cmp.Or(cmp.Compare(at.day, o.day), cmp.Compare(at.acquirer, o.acquirer)) < 0 {
			o = at
		}
	}
	return o
}

// trend adds up the days of the acquirers.
type trend map[trendKey]*TrendPoint

type trendKey struct {
	day      parse.Date
	acquirer string
}

func (t trend) at(o acquirerDay) *TrendPoint {
	k := trendKey{o.day, o.acquirer}
	if t[k] == nil {
		t[k] = &TrendPoint{Day: o.day, Acquirer: o.acquirer}
	}
	return t[k]
}

// add counts a group as matched, or as open if somebody has to look at it.
// What is neither (voided, failed, duplicate, in transit) moves no trend.
func (t trend) add(o acquirerDay, g *Group) {
	amount := g.ClearingAmount
	if len(g.Clearing) == 0 {
		amount = g.PosAmount
	}
	if o.currency != "" {
		amount = 0 // amounts are of the base currency only
	}
	switch g.Match {
	case Matched:
		p := t.at(o)
		p.Matched++
		p.MatchedAmount += amount
	case Partial, Over, Conflict, PosOnly, ClearingOnly, Suggested:
		p := t.at(o)
		p.Open++
		p.OpenAmount += amount
	}
}

func (t trend) addQuiet(o acquirerDay, q *quietSums) {
	p := t.at(o)
	p.Matched += q.groups
	if v, ok := q.amount.fen(); ok && o.currency == "" {
		p.MatchedAmount += v
	}
}

func (t trend) points() []TrendPoint {
	list := make([]TrendPoint, 0, len(t))
	for _, p := range t {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b TrendPoint) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Acquirer, b.Acquirer))
	})
	return list
}

// age adds what a group shows to be owed beside the settlements: sales that
// were not cleared, and what was cleared short.
func (r *run) age(a ages, g *Group, d *draft) {
	switch g.Match {
	case PosOnly, InTransit:
		if g.Reason.Code == ReasonBothPending {
			return // it moves no money yet
		}
		a.add(g.DueDate, r.opt.AsOf, r.currencyOf(d), g.PosAmount)
	case Partial:
		a.add(g.DueDate, r.opt.AsOf, r.currencyOf(d), g.PosAmount-g.ClearingAmount)
	}
}
