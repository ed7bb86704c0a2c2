package match

import (
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// draft is a group before its timing and evidence are worked out.
type draft struct {
	match result.Match
	key   result.KeyType
	flags result.Flags
	sold  int32 // how many of rows are the shop's
	rows  []fact
	owed  *owed // of a sale that was not cleared
	why   result.Reason
}

// owed is what a sale's contract says as long as no clearing row answers it.
type owed struct {
	day, due    record.Date // clearing day, and when its money should come
	merchantKey             // whose contract it is
	cycle       terms.Cycle
	limit       money.Fen       // the contract's, of one sale
	refund      *terms.Contract // the contract whose days a refund that is not cleared has used up
}

// pos and clr are the rows of either side, in reading order.
func (d *draft) pos() []fact { return d.rows[:d.sold] }

func (d *draft) clr() []fact { return d.rows[d.sold:] }

// side is the side of one of its rows.
func (d *draft) side(i int) pair.Side {
	if i < int(d.sold) {
		return pair.PosSide
	}
	return pair.ClearingSide
}

// arena hands out small slices of large blocks.
type arena[T any] struct{ block []T }

// arenaBlock is how many elements are allocated at once.
const arenaBlock = 1024

func (a *arena[T]) take(n int) []T {
	if n > len(a.block) {
		if n >= arenaBlock {
			return make([]T, n)
		}
		a.block = make([]T, arenaBlock)
	}
	s := a.block[:n:n]
	a.block = a.block[n:]
	return s
}

// quietSums are the matched groups of one class that a report only counts.
// They are always one row to one, of equal amount.
type quietSums struct {
	groups int64
	amount money.Sum
}

// beaten is a row that its key left over, and the row of the other side that
// carries the key too: within key_days it went to another row, else it is so
// many days away. even says that the row it went to was no nearer in time.
type beaten struct {
	row, other record.Pos
	days       int32
	even       bool
}

func newBeaten(it, other *pair.Item, limit int64) beaten {
	b := beaten{row: it.Pos(), other: other.Pos()}
	if d := abs(int64(it.Time) - int64(other.Time)); it.Time != 0 && other.Time != 0 && d > limit {
		b.days = int32(d / terms.DaySeconds)
	} else {
		b.even = pair.CompareWhat(it, other) == 0 && it.Time != 0 && other.Time != 0 && other.Mate != 0 && d == abs(int64(other.Mate)-int64(other.Time))
	}
	return b
}

// joiner joins partitions, one after another; it belongs to one goroutine.
type joiner struct {
	r     *run
	key   result.KeyType
	rules pair.Rules
	// left are positions of rows that fall through to the next key.
	left   [2][]record.Pos
	beaten [2][]beaten
	tied   [2][]tied // buckets that need contents, see rules.resolve
	drafts []draft
	rows   arena[fact]
	quiet  []quietSums // by class of the clearing row
	seen   [2]tally    // of the quiet groups' rows

	quietPairs []result.QuietPair // only where there is a ledger, which keeps them

	facts [2][]fact
	mask  uint32 // the part of a fact's high word that is key
	heads []bucketHead
	next  [2][]uint32 // chains of facts with one key, by index + 1
	items [2][]pair.Item
}

// bucketHead starts the chains of one key value: index + 1 of a fact of either side.
type bucketHead [2]uint32

func newJoiner(r *run, key result.KeyType) *joiner {
	j := &joiner{r: r, key: key, mask: ^uint32(0), quiet: make([]quietSums, len(r.classes.list))}
	if key == result.KeyRefAlone {
		j.mask = refAloneMask
	}
	j.rules = pair.Rules{Key: key, KeyDays: r.opt.KeyDays, Out: j}
	return j
}

// partition joins one partition of a store. Too large a one is split by
// further bits of the key first; rows of one single key cannot be split and
// are joined in one piece.
func (j *joiner) partition(ctx context.Context, st *store[fact], p int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if n := st.rows(p); n > j.r.maxPartition && j.divides(st) && !j.sameKeys(st, p) {
		return j.split(ctx, st, p)
	}
	for sd := range j.facts {
		fs, err := st.load(pair.Side(sd), p, j.facts[sd][:0])
		if err != nil {
			return err
		}
		j.facts[sd] = fs
	}
	j.bucket()
	return nil
}

// divides says whether further bits of the key can split a store's partitions.
func (j *joiner) divides(st *store[fact]) bool {
	return st.depth < maxDepth && (j.key != result.KeyRefAlone || (st.depth+2)*st.bits <= refAloneBits)
}

// same says whether two facts carry the key of this join.
func (j *joiner) same(f, g *fact) bool { return f.lo == g.lo && (f.hi^g.hi)&j.mask == 0 }

// sameKeys says that all facts of a partition carry one key.
func (j *joiner) sameKeys(st *store[fact], p int) bool {
	var first *fact
	same := true
	for sd := range st.parts {
		if err := st.each(pair.Side(sd), p, func(fs []fact) {
			if first == nil {
				f := fs[0]
				first = &f
			}
			for i := range fs {
				same = same && j.same(&fs[i], first)
			}
		}); err != nil {
			return true // the following load reports it
		}
	}
	return same
}

// split spreads a partition over the partitions of a store one level deeper.
func (j *joiner) split(ctx context.Context, st *store[fact], p int) error {
	sub := newStore[fact](st.sp, st.bits, st.chunk, st.depth+1)
	for sd := range st.parts {
		w := sub.writer(pair.Side(sd))
		if err := st.drain(pair.Side(sd), p, func(fs []fact) {
			for i := range fs {
				*w.next(fs[i].hi) = fs[i]
			}
		}); err != nil {
			return err
		}
		if err := w.close(); err != nil {
			return err
		}
	}
	for q := range sub.parts[0] {
		if err := j.partition(ctx, sub, q); err != nil {
			return err
		}
	}
	return nil
}

// bucket sorts a partition's facts into buckets by key and decides them.
func (j *joiner) bucket() {
	p, c := j.facts[pair.PosSide], j.facts[pair.ClearingSide]
	if len(p) == 0 || len(c) == 0 {
		j.leaveAll(pair.PosSide, p)
		j.leaveAll(pair.ClearingSide, c)
		return
	}
	j.build(c)
	j.probe(p)
	for i := range j.heads {
		switch h := j.heads[i]; {
		case h[pair.ClearingSide] == 0:
		case h[pair.PosSide] == 0:
			for n := h[pair.ClearingSide]; n != 0; n = j.next[pair.ClearingSide][n-1] {
				j.left[pair.ClearingSide] = append(j.left[pair.ClearingSide], c[n-1].pos())
			}
		case j.next[pair.PosSide][h[pair.PosSide]-1] == 0 && j.next[pair.ClearingSide][h[pair.ClearingSide]-1] == 0 &&
			j.plain(h[pair.PosSide]-1, h[pair.ClearingSide]-1):
		case j.key == result.KeyRefAlone:
			j.leaveBucket(h)
		default:
			j.decide(h)
		}
	}
}

// leaveBucket leaves all rows of one key.
func (j *joiner) leaveBucket(h bucketHead) {
	for sd := range h {
		for n := h[sd]; n != 0; n = j.next[sd][n-1] {
			j.left[sd] = append(j.left[sd], j.facts[sd][n-1].pos())
		}
	}
}

func (j *joiner) leaveAll(sd pair.Side, fs []fact) {
	for i := range fs {
		j.left[sd] = append(j.left[sd], fs[i].pos())
	}
}

// build makes an open-addressing table of the clearing side's keys, with a
// chain of facts per key, so that rows of one key never lengthen a probe.
func (j *joiner) build(c []fact) {
	size := 16
	for size < 2*len(c) {
		size *= 2
	}
	j.heads = resize(j.heads, size)
	j.next[pair.ClearingSide] = resize(j.next[pair.ClearingSide], len(c))
	mask := uint64(size - 1)
	for i := range c {
		at := c[i].lo & mask
		for {
			h := &j.heads[at][pair.ClearingSide]
			if *h == 0 || j.same(&c[*h-1], &c[i]) {
				j.next[pair.ClearingSide][i] = *h
				*h = uint32(i + 1)
				break
			}
			at = (at + 1) & mask
		}
	}
}

// probe chains the shop's facts to the clearing side's keys; what finds none
// falls through.
func (j *joiner) probe(p []fact) {
	c := j.facts[pair.ClearingSide]
	j.next[pair.PosSide] = resize(j.next[pair.PosSide], len(p))
	mask := uint64(len(j.heads) - 1)
	for i := range p {
		at := p[i].lo & mask
		for {
			h := &j.heads[at]
			if h[pair.ClearingSide] == 0 {
				j.left[pair.PosSide] = append(j.left[pair.PosSide], p[i].pos())
				break
			}
			if j.same(&c[h[pair.ClearingSide]-1], &p[i]) {
				j.next[pair.PosSide][i] = h[pair.PosSide]
				h[pair.PosSide] = uint32(i + 1)
				break
			}
			at = (at + 1) & mask
		}
	}
}

// resize gives a zeroed slice of n, in the same memory where it fits.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/4)
	}
	s = s[:n]
	clear(s)
	return s
}

// plain takes the common case of one row on either side.
func (j *joiner) plain(p, c uint32) bool {
	if j.key == result.KeyRefAlone {
		return j.plainRefAlone(p, c)
	}
	return j.plainPair(&j.facts[pair.PosSide][p], &j.facts[pair.ClearingSide][c])
}

// plainPair takes the common case without ceremony: one row on either side, of
// the same kind, amount and status ok, not too far apart, nothing to report.
// What it refuses goes through the rules.
func (j *joiner) plainPair(p, c *fact) bool {
	pc, cc := j.r.codes[p.class], j.r.codes[c.class]
	if pc.What() != cc.What() || !pc.Live() || p.ap>>8 != c.ap>>8 {
		return false
	}
	if p.time != 0 && c.time != 0 {
		d, limit := abs(int64(p.time)-int64(c.time)), j.r.opt.KeyDays*terms.DaySeconds
		if !pc.Clock() || !cc.Clock() {
			limit += terms.DaySeconds / 2
		} else if d > j.r.opt.TimeDiff {
			return false
		}
		if d > limit {
			return false
		}
	}
	return j.countQuiet(p, c)
}

// countQuiet counts a matched pair if there is nothing to list about it.
func (j *joiner) countQuiet(p, c *fact) bool {
	if !j.r.quiet(p, c) {
		return false
	}
	q := &j.quiet[c.class]
	q.groups++
	q.amount.Add(c.amount())
	j.seen[pair.PosSide].add(p)
	j.seen[pair.ClearingSide].add(c)
	if j.r.opt.Before != nil {
		j.quietPairs = append(j.quietPairs, result.QuietPair{Pos: p.pos(), Clearing: c.pos(), Settlement: j.r.outcomes[c.class].settlement, KeyType: j.key})
	}
	return true
}

// decide applies the rules to a bucket, or puts it aside where the content of
// rows is needed to break a tie.
func (j *joiner) decide(h bucketHead) {
	for sd := range h {
		items := j.items[sd][:0]
		for n := h[sd]; n != 0; n = j.next[sd][n-1] {
			items = append(items, j.item(sd, n-1))
		}
		j.items[sd] = items
	}
	if !j.rules.Resolve(j.items[pair.PosSide], j.items[pair.ClearingSide], false) {
		for sd := range j.items {
			for i := range j.items[sd] {
				j.tied[sd] = append(j.tied[sd], tied{fact: j.facts[sd][j.items[sd][i].Row]})
			}
		}
	}
}

// item is a fact as the rules see it.
func (j *joiner) item(sd int, row uint32) pair.Item {
	f := &j.facts[sd][row]
	return f.item(row, j.r.codes[f.class])
}

// item is the fact as the rules see it; they know it by row.
func (f *fact) item(row uint32, c pair.Traits) pair.Item {
	return pair.Item{Time: f.time, Fen: f.amount(), At: f.pos(), Row: row, Traits: c}
}

// tied is a fact of a bucket in which rows look alike, with its row's content.
type tied struct {
	fact
	digest uint64
}

// decideTied applies the rules to a bucket whose contents have been read.
func (j *joiner) decideTied(bucket [2][]tied) {
	for sd, rows := range bucket {
		j.facts[sd], j.items[sd] = j.facts[sd][:0], j.items[sd][:0]
		for i := range rows {
			j.facts[sd] = append(j.facts[sd], rows[i].fact)
			it := j.item(sd, uint32(i))
			it.Digest = rows[i].digest
			j.items[sd] = append(j.items[sd], it)
		}
	}
	j.rules.Resolve(j.items[pair.PosSide], j.items[pair.ClearingSide], true)
}

// Group implements sink.
func (j *joiner) Group(m result.Match, f result.Flags, why result.Reason, p, c []*pair.Item) {
	f |= timeDiff(&j.r.opt, m, &why, p, c)
	if m == result.Matched && f == 0 && j.countQuiet(&j.facts[pair.PosSide][p[0].Row], &j.facts[pair.ClearingSide][c[0].Row]) {
		return
	}
	d := draft{match: m, key: j.key, flags: f, why: why, sold: int32(len(p)), rows: j.rows.take(len(p) + len(c))}
	fillFacts(d.pos(), j.facts[pair.PosSide], p)
	fillFacts(d.clr(), j.facts[pair.ClearingSide], c)
	j.drafts = append(j.drafts, d)
}

// Leave implements sink.
func (j *joiner) Leave(sd pair.Side, it, other *pair.Item) {
	j.left[sd] = append(j.left[sd], it.Pos())
	if other != nil {
		j.beaten[sd] = append(j.beaten[sd], newBeaten(it, other, j.rules.Limit))
	}
}

// timeDiff is the flag of a group whose sides' clock times are too far apart.
func timeDiff(opt *Options, m result.Match, why *result.Reason, p, c []*pair.Item) result.Flags {
	d, ok := apart(p, c)
	if !ok || d <= opt.TimeDiff || m == result.FailedMatch {
		return 0
	}
	if why.Code == result.ReasonAgrees {
		why.Seconds = d
	}
	return result.TimeDiff
}

// apart is how far apart in seconds the two sides' clock times are.
func apart(p, c []*pair.Item) (int64, bool) {
	if len(p) == 0 || len(c) == 0 {
		return 0, false
	}
	lo, hi := int64(1<<62), int64(0)
	for _, side := range [2][]*pair.Item{p, c} {
		for _, it := range side {
			if it.Time == 0 || !it.Traits.Clock() {
				return 0, false
			}
			lo, hi = min(lo, int64(it.Time)), max(hi, int64(it.Time))
		}
	}
	return hi - lo, true
}

// fillFacts copies the facts of items in reading order.
func fillFacts(fs, facts []fact, items []*pair.Item) {
	for i, it := range items {
		fs[i] = facts[it.Row]
	}
	slices.SortFunc(fs, compareFactPos)
}

func abs[T ~int64 | ~int32](v T) T {
	if v < 0 {
		return -v
	}
	return v
}
