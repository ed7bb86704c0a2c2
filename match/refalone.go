package match

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// A reference number without its terminal is the last of the keys (SPEC
// section 3.1): a till often knows no terminal, or numbers its own. It counts
// from minRefAlone characters on, leading zeros aside, where it is unique on
// both sides within key_days (copies of one row count once), no card tail
// contradicts, and one of the two rows has no terminal, or the terminals differ
// but amount and kind agree.
//
// Where one side knows no terminal at all the number is a key like the others:
// filed in the scan, and the plain pairs, which are nearly all, are joined by
// their facts. Everything else is decided among the rows that are left, which
// know their terminals and cards. A run in which the terminals serve never
// files anything under it.

// minRefAlone is how many characters a number needs to be no running number of
// one shop.
const minRefAlone = 8

// A fact that is filed under the number alone says in the lower half of its
// key's high word what else must fit.
const (
	refAloneMask     = 0xffff0000 // the part of the high word that is key
	refAloneTail     = 0x3fff     // last four digits of the card + 1; 0: unknown
	refAloneTerminal = 0x4000     // the row has a terminal
	// refAloneBits are the bits of the high word that may choose a partition.
	refAloneBits = 16
)

// refAlone is the row's key by its reference number alone. Payouts and fees
// carry none: they are no transactions of their own.
func (h *keyer) refAlone(r *record.Row) (v keyValue, ok bool) {
	ref := r.Text[record.RefNo]
	if len(ref) < minRefAlone || len(stripZeros(ref)) < minRefAlone || r.Kind == record.Fee || r.Kind == record.Payout {
		return v, false
	}
	buf := append(h.buf[:0], ref...)
	if cur := r.Text[record.Currency]; !isBase(cur) {
		buf = append(append(buf, keySep), cur...)
	}
	h.buf = buf
	u := xxh3.Hash128Seed(buf, h.seed+uint64(result.KeyRefAlone))
	v = keyValue{u.Lo, uint32(u.Hi) & refAloneMask}
	if tail := cardTail(r.Text[record.CardTail]); tail != [4]byte{} {
		n, _ := fewDigits(tail[:])
		v.hi |= uint32(n) + 1
	}
	if len(r.Text[record.TerminalID]) > 0 {
		v.hi |= refAloneTerminal
	}
	return v, true
}

// bulkShare is the share of rows, one in so many, that a key must leave before
// the number alone is worth a join of its own.
const bulkShare = 8

// refAloneInScan says whether the scan files rows under the number alone: one
// side has no terminals that it could be bound to.
func (r *run) refAloneInScan() bool {
	return slices.Contains(r.keys, result.KeyRefAlone) && !slices.Contains(r.keys, result.KeyRef)
}

// startRefAlone prepares the join by the number alone: rows that carry it but
// were never filed under it, because stricter keys left them, must be known,
// or a number would be taken for unique that is not.
func (r *run) startRefAlone(ctx context.Context) error {
	if !r.refAlone {
		return nil
	}
	if err := r.readRest(ctx); err != nil {
		return err
	}
	r.refLoose = map[uint64]struct{}{}
	for sd := range r.loose {
		for i := range r.loose[sd] {
			if v := r.loose[sd][i].refAlone; v != 0 {
				r.refLoose[v] = struct{}{}
			}
		}
	}
	return nil
}

// plainRefAlone takes the common case of a number that one row of either side
// carries, of the same kind and amount and status ok. Where both have a
// terminal they are two, since their common key would have paired them.
func (j *joiner) plainRefAlone(pRow, cRow uint32) bool {
	p, c := &j.facts[pair.PosSide][pRow], &j.facts[pair.ClearingSide][cRow]
	if tp, tc := p.hi&refAloneTail, c.hi&refAloneTail; tp != tc && tp != 0 && tc != 0 {
		return false
	}
	if _, also := j.r.refLoose[p.lo|1]; also {
		return false
	}
	flags := result.Flags(0)
	if p.hi&c.hi&refAloneTerminal != 0 {
		flags = result.TerminalDiff
	} else if j.plainPair(p, c) {
		return true
	}
	pc, cc := j.r.codes[p.class], j.r.codes[c.class]
	if pc.What() != cc.What() || !pc.Live() || p.ap>>8 != c.ap>>8 || !j.r.oneTime(p, c) {
		return false
	}
	pi, ci := p.item(pRow, pc), c.item(cRow, cc)
	j.Group(result.Matched, flags, result.Reason{Code: result.ReasonAgrees}, []*pair.Item{&pi}, []*pair.Item{&ci})
	return true
}

// oneTime says whether two facts can be one transaction by key_days.
func (r *run) oneTime(p, c *fact) bool {
	limit := r.opt.KeyDays * terms.DaySeconds
	if !r.codes[p.class].Clock() || !r.codes[c.class].Clock() {
		limit += terms.DaySeconds / 2
	}
	return p.time == 0 || c.time == 0 || abs(int64(p.time)-int64(c.time)) <= limit
}

// pairRefAlone decides the loose rows by the number alone.
func (r *run) pairRefAlone(ctx context.Context) error {
	if !slices.Contains(r.keys, result.KeyRefAlone) {
		return nil
	}
	pairers := make([]*refPairer, r.opt.Workers)
	for w := range pairers {
		pairers[w] = newRefPairer(r)
	}
	err := r.meet(ctx, func(l *loose) uint64 {
		if l.done {
			return 0
		}
		return l.refAlone
	}, func(w int, p, c []uint32) { pairers[w].number(p, c) })
	for _, o := range pairers {
		r.takeLoose(o.found)
		for sd := range o.beaten {
			r.keepBeaten(pair.Side(sd), o.beaten[sd])
		}
	}
	return err
}

// foundGroup is a group of loose rows, by their indexes.
type foundGroup struct {
	match result.Match
	flags result.Flags
	why   result.Reason
	rows  [2][]uint32
}

// refPairer decides the rows of one number after another; it belongs to one
// goroutine.
type refPairer struct {
	r      *run
	rules  pair.Rules
	flags  result.Flags // of the groups of the pair at hand
	found  []foundGroup
	beaten [2][]beaten
	limit  int64
	blocks [2][]copies
	items  [2][]pair.Item
}

func newRefPairer(r *run) *refPairer {
	o := &refPairer{r: r}
	o.rules = pair.Rules{Key: result.KeyRefAlone, KeyDays: r.opt.KeyDays, Out: o}
	return o
}

// copies are rows of one number that are copies of each other: same kind,
// status, amount, time, terminal and card.
type copies struct {
	at    []uint32 // indexes into the loose rows
	first *loose
	alone bool // no other row of its side is within key_days
}

// number decides the rows that carry one number.
func (o *refPairer) number(p, c []uint32) {
	o.limit = o.r.opt.KeyDays * terms.DaySeconds
	for sd, at := range [2][]uint32{p, c} {
		for _, i := range at {
			if l := &o.r.loose[sd][i]; l.time != 0 && !l.code.Clock() {
				o.limit = o.r.opt.KeyDays*terms.DaySeconds + terms.DaySeconds/2
			}
		}
	}
	o.blocks[pair.PosSide] = o.split(pair.PosSide, p)
	o.blocks[pair.ClearingSide] = o.split(pair.ClearingSide, c)
	clr := o.blocks[pair.ClearingSide]
	for i := range o.blocks[pair.PosSide] {
		b := &o.blocks[pair.PosSide][i]
		if !b.alone {
			continue
		}
		// b is alone on its side; a block that is alone on the other side and
		// within reach has no second one within reach of b, or that one would
		// have to be looked for on b's far side.
		if near := o.within(clr, b); len(near) == 1 && near[0].alone && len(o.within(o.blocks[pair.PosSide], &near[0])) == 1 {
			o.pair(b, &near[0])
		}
	}
}

// split cuts one side's rows of a number, which stand in order of time, into
// copies.
func (o *refPairer) split(sd pair.Side, at []uint32) []copies {
	list := o.blocks[sd][:0]
	for i := 0; i < len(at); {
		b := copies{first: &o.r.loose[sd][at[i]]}
		n := i + 1
		for n < len(at) && b.first.copies(&o.r.loose[sd][at[n]]) {
			n++
		}
		b.at = at[i:n]
		list = append(list, b)
		i = n
	}
	last := len(list) - 1
	for i := range list {
		list[i].alone = true
		for _, other := range [...]int{i - 1, i + 1, last} { // the last one's time may be unknown
			if other >= 0 && other <= last && other != i && o.near(&list[i], &list[other]) {
				list[i].alone = false
			}
		}
	}
	return list
}

// near says whether two blocks may be one transaction: an unknown time is near
// to all.
func (o *refPairer) near(a, b *copies) bool {
	return a.first.time == 0 || b.first.time == 0 || abs(int64(a.first.time)-int64(b.first.time)) <= o.limit
}

// within are up to two of the blocks that are within reach of b. They stand in
// order of time; those that do not say it are last, and not looked for behind
// others: none of a list with such a block and another is alone.
func (o *refPairer) within(list []copies, b *copies) []copies {
	if b.first.time == 0 {
		return list[:min(len(list), 2)]
	}
	from, _ := slices.BinarySearchFunc(list, int64(b.first.time)-o.limit, func(x copies, t int64) int {
		if x.first.time == 0 {
			return 1
		}
		return cmp.Compare(int64(x.first.time), t)
	})
	n := from
	for n < len(list) && n < from+2 && o.near(&list[n], b) {
		n++
	}
	return list[from:n]
}

// copies says whether two rows are copies of one.
func (l *loose) copies(o *loose) bool {
	return l.code == o.code && l.time == o.time && l.amount() == o.amount() && l.place[0] == o.place[0] && l.tail == o.tail
}

// pair applies the last gates to a number that is unique on both sides, and
// then the rules of every key.
func (o *refPairer) pair(p, c *copies) {
	a, b := p.first, c.first
	o.flags = 0
	if a.place[0] != 0 && b.place[0] != 0 {
		if a.place[0] == b.place[0] || a.code.Kind() != b.code.Kind() || a.amount() != b.amount() {
			return
		}
		o.flags = result.TerminalDiff
	}
	if a.tailConflicts(b) {
		return
	}
	for sd, at := range [2][]uint32{p.at, c.at} {
		o.items[sd] = o.items[sd][:0]
		for _, i := range at {
			l := &o.r.loose[sd][i]
			it := l.fact.item(i, l.code)
			it.Digest = l.digest
			o.items[sd] = append(o.items[sd], it)
		}
	}
	o.rules.Resolve(o.items[pair.PosSide], o.items[pair.ClearingSide], true)
}

// Group implements sink.
func (o *refPairer) Group(m result.Match, f result.Flags, why result.Reason, p, c []*pair.Item) {
	f |= timeDiff(&o.r.opt, m, &why, p, c)
	if len(p) > 0 && len(c) > 0 {
		f |= o.flags
	}
	g := foundGroup{match: m, flags: f, why: why}
	for sd, items := range [2][]*pair.Item{p, c} {
		for _, it := range items {
			g.rows[sd] = append(g.rows[sd], it.Row)
		}
	}
	o.found = append(o.found, g)
}

// Leave implements sink.
func (o *refPairer) Leave(sd pair.Side, it, other *pair.Item) {
	if other != nil {
		o.beaten[sd] = append(o.beaten[sd], newBeaten(it, other, o.limit))
	}
}

// takeLoose makes drafts of groups of loose rows.
func (r *run) takeLoose(found []foundGroup) {
	for i := range found {
		g := &found[i]
		if g.match == result.Matched && g.flags == 0 && r.countLoose(g) {
			continue
		}
		d := draft{match: g.match, key: result.KeyRefAlone, flags: g.flags, why: g.why, sold: int32(len(g.rows[pair.PosSide])),
			rows: r.rows.take(len(g.rows[pair.PosSide]) + len(g.rows[pair.ClearingSide]))}
		n := 0
		for sd, rows := range g.rows {
			for _, at := range rows {
				d.rows[n] = r.detailed(pair.Side(sd), &r.loose[sd][at])
				n++
			}
		}
		slices.SortFunc(d.pos(), compareFactPos)
		slices.SortFunc(d.clr(), compareFactPos)
		r.drafts = append(r.drafts, d)
	}
}

// countLoose only counts a matched pair if there is nothing to list about it.
func (r *run) countLoose(g *foundGroup) bool {
	p, c := &r.loose[pair.PosSide][g.rows[pair.PosSide][0]], &r.loose[pair.ClearingSide][g.rows[pair.ClearingSide][0]]
	if !r.quiet(&p.fact, &c.fact) {
		return false
	}
	p.done, c.done = true, true
	q := &r.quietSums[c.class]
	q.groups++
	q.amount.Add(c.amount())
	r.quietSeen[pair.PosSide].add(&p.fact)
	r.quietSeen[pair.ClearingSide].add(&c.fact)
	return true
}
