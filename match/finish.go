package match

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// detail is what a listed row says beyond its fact. A listed fact's key is of
// no more use; it holds the index of its detail instead.
type detail struct {
	digest                   uint64
	net, credited            money.Fen
	expected                 money.Fen
	hasExpected, hasCredited bool
}

func (r *run) detailOf(sd pair.Side, f *fact) *detail { return &r.details[sd][f.lo] }

// detailOf reads a row's detail.
func detailOf(c *classer, buf []byte, row *record.Row) (detail, []byte) {
	d := detail{net: netOf(row), credited: row.Credited, hasCredited: row.HasCredited}
	if _, _, on := c.find(row); on != nil && on.fee.Known {
		d.expected, _ = on.fee.Check(row.Amount, row.Fee)
		d.hasExpected = true
	}
	d.digest, buf = digest(buf, row)
	return d, buf
}

// readListed reads the rows of the groups that a key brought together, and
// that are listed, again: for their fees, for what the clearing file itself
// says was credited, and for the order of equals.
func (r *run) readListed(ctx context.Context) error {
	for _, sd := range [...]pair.Side{pair.PosSide, pair.ClearingSide} {
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
		at, details := make([]record.Pos, len(facts)), make([]detail, len(facts))
		for i, f := range facts {
			at[i], f.lo = f.pos(), uint64(i)
		}
		err := r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
			c, buf := newClasser(r, sd), []byte(nil)
			return func(i int, row *record.Row) { details[i], buf = detailOf(c, buf, row) }
		})
		if err != nil {
			return err
		}
		r.details[sd] = details
	}
	return nil
}

// result turns drafts into groups, in their order, with totals and proof.
func (r *run) result() (*result.Result, error) {
	res := &result.Result{AsOf: r.opt.AsOf, Thresholds: r.opt.Thresholds}
	for i := range r.drafts {
		r.compareCredited(&r.drafts[i])
	}
	r.orderDrafts()
	t, trend := newTotals(), trend{}
	res.Groups = make([]result.Group, len(r.drafts))
	for i := range r.drafts {
		res.Groups[i] = r.group(&r.drafts[i])
		t.add(&res.Groups[i], r.currencyOf(&r.drafts[i]))
		trend.add(r.originOf(&r.drafts[i]), &res.Groups[i])
	}
	provisional := int64(0) // of those that are only counted
	for id := range r.quietSums {
		if q := &r.quietSums[id]; q.groups > 0 {
			c := &r.classes.list[id]
			t.addQuiet(q, r.outcomes[id].credit.Timing, c.currency)
			if o := &r.outcomes[id]; o.settlement >= 0 && r.opt.Calendar.Provisional(o.credit.Cycle, o.credit.Due) {
				provisional += q.groups
			}
			trend.addQuiet(acquirerDay{c.day, c.acquirer, c.currency}, q)
		}
	}
	t.into(res)
	res.Flags[bits.TrailingZeros16(uint16(result.Provisional))] += provisional
	res.Trend, res.Fees = trend.points(), r.fees.Lines()
	for i := range r.leg.Settlements {
		if r.leg.Settlements[i].Flags&result.AccountChanged != 0 {
			res.Flags[bits.TrailingZeros16(uint16(result.AccountChanged))]++
		}
	}
	res.Settlements, res.Credits, res.Payments, res.Warnings = r.leg.Settlements, r.leg.Credits, r.leg.Payments, r.leg.Warnings
	slices.SortFunc(res.Warnings, settle.CompareWarnings)
	res.Money = settle.ProveMoney(r.leg.In, res.Settlements, res.Credits, res.Payments)
	res.Proof = r.prove(res)
	res.SumOwed(r.opt.Calendar, nil)
	res.Rows = r.leg
	if r.opt.Before != nil {
		res.Quiet, res.Sums, res.Days = r.quietPairs, r.leg.SettledSums(), r.sawDays
	}
	return res, nil
}

// orderDrafts puts the groups in the order of the report: by match, time (the
// shop's where it has one; unknown last), amount, content, and last of all
// position. No part of it depends on workers or chance.
func (r *run) orderDrafts() {
	type sortKey struct {
		match  result.Match
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
				k.digest += mix(r.detailOf(pair.Side(sd), &fs[j]).digest + uint64(sd))
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
func (r *run) group(d *draft) result.Group {
	g := result.Group{Match: d.match, KeyType: d.key, Flags: d.flags, Reason: d.why, Settlement: -1}
	var sums, moved [2]money.Sum
	for sd, fs := range [2][]fact{d.pos(), d.clr()} {
		at := r.at.take(len(fs))
		for i := range fs {
			sums[sd].Add(fs[i].amount())
			if r.classes.list[fs[i].class].code.Live() {
				moved[sd].Add(fs[i].amount())
			}
			g.Flags |= r.classes.list[fs[i].class].marks
			g.Flags |= r.marked[sd].of(&fs[i])
			at[i] = fs[i].pos()
			if at[i] < r.carriedBelow() {
				g.Flags |= result.Carried
			}
		}
		if len(fs) > 0 {
			*[2]*[]record.Pos{&g.Pos, &g.Clearing}[sd] = at
		}
	}
	if d.owed != nil {
		g.Acquirer, g.MerchantID = d.owed.acquirer, d.owed.merchant
	}
	g.PosAmount, _ = sums[0].Fen()
	g.ClearingAmount, _ = sums[1].Fen()
	g.Owed = owes(g.Match, &moved)
	g.Currency = r.currencyOf(d)
	r.time(&g, d)
	if len(g.Clearing) > 0 && g.Acquirer == "" && g.Settlement < 0 {
		c := &r.classes.list[d.clr()[0].class]
		g.Acquirer, g.MerchantID = c.acquirer, c.merchant
	}
	switch {
	case g.Settlement >= 0 && len(r.leg.Stages[g.Settlement]) > 1:
		g.Cycle = r.cycleOf(&g, d).String()
	case g.Settlement >= 0:
		g.Cycle = r.leg.Settlements[g.Settlement].Cycle
	case d.owed != nil:
		g.Cycle = d.owed.cycle.String()
	}
	r.expectFee(&g, d)
	if g.Flags&(result.OverLimit|result.RepeatSwipe|result.RefundLate|result.DueDiffers) != 0 {
		g.Evidence = r.flagEvidence(&g, d)
	}
	return g
}

func owes(m result.Match, moved *[2]money.Sum) money.Fen {
	sold, _ := moved[0].Fen()
	cleared, _ := moved[1].Fen()
	return m.Owes(sold, cleared)
}

// expectFee sums what the contract says the clearing rows' fees should be; one
// row that it does not tell leaves the group without.
func (r *run) expectFee(g *result.Group, d *draft) {
	rows := d.clr()
	g.HasExpectedFee = len(rows) > 0
	for i := range rows {
		row := r.detailOf(pair.ClearingSide, &rows[i])
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
	match [result.NumMatch]struct {
		result.Total
		pos, clearing moneyBag
	}
	timing [result.NumTiming]struct {
		groups int64
		amount moneyBag
	}
	flags [result.NumFlags]int64
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

func (t *totals) add(g *result.Group, currency string) {
	m := &t.match[g.Match]
	m.Groups++
	m.PosRows += int64(len(g.Pos))
	m.ClearingRows += int64(len(g.Clearing))
	var p, c money.Sum
	p.Add(g.PosAmount)
	c.Add(g.ClearingAmount)
	m.pos.add(currency, p)
	m.clearing.add(currency, c)
	w := &t.timing[g.Timing]
	w.groups++
	if len(g.Clearing) > 0 && !(g.Match == result.Conflict && g.Short()) {
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

func (t *totals) addQuiet(q *quietSums, timing result.Timing, currency string) {
	m := &t.match[result.Matched]
	m.Groups += q.groups
	m.PosRows += q.groups
	m.ClearingRows += q.groups
	m.pos.add(currency, q.amount)
	m.clearing.add(currency, q.amount)
	t.timing[timing].groups += q.groups
	t.timing[timing].amount.add(currency, q.amount)
}

func (t *totals) into(res *result.Result) {
	for i := range t.match {
		m := &t.match[i]
		m.PosAmount, _ = m.pos.sums()
		m.ClearingAmount, _ = m.clearing.sums()
		res.Match[i] = m.Total
	}
	for i := range t.timing {
		w := &t.timing[i]
		a, _ := w.amount.sums()
		res.Timing[i] = result.TimingTotal{Groups: w.groups, Amount: a}
	}
	res.Flags = t.flags
}

// acquirerDay is where a group's money should come from: a clearing day of an acquirer.
type acquirerDay struct {
	day                record.Date
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
type trend map[trendKey]*result.TrendPoint

type trendKey struct {
	day      record.Date
	acquirer string
}

func (t trend) at(o acquirerDay) *result.TrendPoint {
	k := trendKey{o.day, o.acquirer}
	if t[k] == nil {
		t[k] = &result.TrendPoint{Day: o.day, Acquirer: o.acquirer}
	}
	return t[k]
}

// add counts a group as matched, or as open if somebody has to look at it. Of a
// pair whose amounts differ only the difference is open. What is neither (voided,
// failed, duplicate, in transit) moves no trend.
func (t trend) add(o acquirerDay, g *result.Group) {
	amount := g.ClearingAmount
	if len(g.Clearing) == 0 {
		amount = g.PosAmount
	}
	if o.currency != "" {
		amount = 0 // amounts are of the base currency only
	}
	switch g.Match {
	case result.Matched:
		p := t.at(o)
		p.Matched++
		p.MatchedAmount += amount
	case result.Partial, result.Over:
		p := t.at(o)
		p.Open++
		p.MatchedAmount += amount
		if o.currency == "" {
			p.OpenAmount += g.PosAmount - g.ClearingAmount
		}
	case result.Conflict, result.PosOnly, result.ClearingOnly, result.Suggested:
		p := t.at(o)
		p.Open++
		p.OpenAmount += amount
	}
}

func (t trend) addQuiet(o acquirerDay, q *quietSums) {
	p := t.at(o)
	p.Matched += q.groups
	if v, ok := q.amount.Fen(); ok && o.currency == "" {
		p.MatchedAmount += v
	}
}

func (t trend) points() []result.TrendPoint {
	list := make([]result.TrendPoint, 0, len(t))
	for _, p := range t {
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b result.TrendPoint) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Acquirer, b.Acquirer))
	})
	return list
}
