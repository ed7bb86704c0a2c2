package match

import (
	"context"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// draft is a group before its timing and evidence are worked out.
type draft struct {
	match Match
	key   KeyType
	flags Flags
	sold  int32 // how many of rows are the shop's
	rows  []fact
	owed  *owed // of a sale that was not cleared
	why   Reason
}

// owed is what a sale's contract says as long as no clearing row answers it.
type owed struct {
	day, due    parse.Date // clearing day, and when its money should come
	merchantKey            // whose contract it is
	cycle       Cycle
	limit       money.Fen // the contract's, of one sale
	refund      *Contract // the contract whose days a refund that is not cleared has used up
}

// pos and clr are the rows of either side, in reading order.
func (d *draft) pos() []fact { return d.rows[:d.sold] }
func (d *draft) clr() []fact { return d.rows[d.sold:] }

// side is the side of one of its rows.
func (d *draft) side(i int) side {
	if i < int(d.sold) {
		return posSide
	}
	return clearingSide
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
	amount sum
}

// beaten is a row that its key left over, and the row of the other side that
// carries the key too: within key_days it went to another row, else it is so
// many days away. even says that the row it went to was no nearer in time.
type beaten struct {
	row, other parse.Pos
	days       int32
	even       bool
}

func newBeaten(it, other *item, limit int64) beaten {
	b := beaten{row: it.pos(), other: other.pos()}
	if d := abs(int64(it.time) - int64(other.time)); it.time != 0 && other.time != 0 && d > limit {
		b.days = int32(d / daySeconds)
	} else {
		b.even = compareWhat(it, other) == 0 && it.time != 0 && other.time != 0 && other.mate != 0 && d == abs(int64(other.mate)-int64(other.time))
	}
	return b
}

// joiner joins partitions, one after another; it belongs to one goroutine.
type joiner struct {
	r     *run
	key   KeyType
	rules rules
	// left are positions of rows that fall through to the next key.
	left   [2][]parse.Pos
	beaten [2][]beaten
	tied   [2][]tied // buckets that need contents, see rules.resolve
	drafts []draft
	rows   arena[fact]
	quiet  []quietSums // by class of the clearing row
	seen   [2]tally    // of the quiet groups' rows

	quietPairs []QuietPair // only where there is a ledger, which keeps them

	facts [2][]fact
	mask  uint32 // the part of a fact's high word that is key
	heads []bucketHead
	next  [2][]uint32 // chains of facts with one key, by index + 1
	items [2][]item
}

// bucketHead starts the chains of one key value: index + 1 of a fact of either side.
type bucketHead [2]uint32

func newJoiner(r *run, key KeyType) *joiner {
	j := &joiner{r: r, key: key, mask: ^uint32(0), quiet: make([]quietSums, len(r.classes.list))}
	if key == KeyRefAlone {
		j.mask = refAloneMask
	}
	j.rules = rules{key: key, keyDays: r.opt.KeyDays, out: j}
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
		fs, err := st.load(side(sd), p, j.facts[sd][:0])
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
	return st.depth < maxDepth && (j.key != KeyRefAlone || (st.depth+2)*st.bits <= refAloneBits)
}

// same says whether two facts carry the key of this join.
func (j *joiner) same(f, g *fact) bool { return f.lo == g.lo && (f.hi^g.hi)&j.mask == 0 }

// sameKeys says that all facts of a partition carry one key.
func (j *joiner) sameKeys(st *store[fact], p int) bool {
	var first *fact
	same := true
	for sd := range st.parts {
		if err := st.each(side(sd), p, func(fs []fact) {
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
		w := sub.writer(side(sd))
		if err := st.drain(side(sd), p, func(fs []fact) {
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
	p, c := j.facts[posSide], j.facts[clearingSide]
	if len(p) == 0 || len(c) == 0 {
		j.leaveAll(posSide, p)
		j.leaveAll(clearingSide, c)
		return
	}
	j.build(c)
	j.probe(p)
	for i := range j.heads {
		switch h := j.heads[i]; {
		case h[clearingSide] == 0:
		case h[posSide] == 0:
			for n := h[clearingSide]; n != 0; n = j.next[clearingSide][n-1] {
				j.left[clearingSide] = append(j.left[clearingSide], c[n-1].pos())
			}
		case j.next[posSide][h[posSide]-1] == 0 && j.next[clearingSide][h[clearingSide]-1] == 0 &&
			j.plain(h[posSide]-1, h[clearingSide]-1):
		case j.key == KeyRefAlone:
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

func (j *joiner) leaveAll(sd side, fs []fact) {
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
	j.next[clearingSide] = resize(j.next[clearingSide], len(c))
	mask := uint64(size - 1)
	for i := range c {
		at := c[i].lo & mask
		for {
			h := &j.heads[at][clearingSide]
			if *h == 0 || j.same(&c[*h-1], &c[i]) {
				j.next[clearingSide][i] = *h
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
	c := j.facts[clearingSide]
	j.next[posSide] = resize(j.next[posSide], len(p))
	mask := uint64(len(j.heads) - 1)
	for i := range p {
		at := p[i].lo & mask
		for {
			h := &j.heads[at]
			if h[clearingSide] == 0 {
				j.left[posSide] = append(j.left[posSide], p[i].pos())
				break
			}
			if j.same(&c[h[clearingSide]-1], &p[i]) {
				j.next[posSide][i] = h[posSide]
				h[posSide] = uint32(i + 1)
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
	if j.key == KeyRefAlone {
		return j.plainRefAlone(p, c)
	}
	return j.plainPair(&j.facts[posSide][p], &j.facts[clearingSide][c])
}

// plainPair takes the common case without ceremony: one row on either side, of
// the same kind, amount and status ok, not too far apart, nothing to report.
// What it refuses goes through the rules.
func (j *joiner) plainPair(p, c *fact) bool {
	pc, cc := j.r.codes[p.class], j.r.codes[c.class]
	if pc.what() != cc.what() || !pc.live() || p.ap>>8 != c.ap>>8 {
		return false
	}
	if p.time != 0 && c.time != 0 {
		d, limit := abs(int64(p.time)-int64(c.time)), j.r.opt.KeyDays*daySeconds
		if !pc.clock() || !cc.clock() {
			limit += daySeconds / 2
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
	q.amount.add(c.amount())
	j.seen[posSide].add(p)
	j.seen[clearingSide].add(c)
	if j.r.opt.Before != nil {
		j.quietPairs = append(j.quietPairs, QuietPair{p.pos(), c.pos(), j.r.outcomes[c.class].settlement, j.key})
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
	if !j.rules.resolve(j.items[posSide], j.items[clearingSide], false) {
		for sd := range j.items {
			for i := range j.items[sd] {
				j.tied[sd] = append(j.tied[sd], tied{fact: j.facts[sd][j.items[sd][i].row]})
			}
		}
	}
}

// item is a fact as the rules see it.
func (j *joiner) item(sd int, row uint32) item {
	f := &j.facts[sd][row]
	return f.item(row, j.r.codes[f.class])
}

// item is the fact as the rules see it; they know it by row.
func (f *fact) item(row uint32, c code) item {
	return item{time: f.time, fen: f.amount(), at: f.pos(), row: row, code: c}
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
			it.digest = rows[i].digest
			j.items[sd] = append(j.items[sd], it)
		}
	}
	j.rules.resolve(j.items[posSide], j.items[clearingSide], true)
}

// group implements sink.
func (j *joiner) group(m Match, f Flags, why Reason, p, c []*item) {
	f |= timeDiff(&j.r.opt, m, &why, p, c)
	if m == Matched && f == 0 && j.countQuiet(&j.facts[posSide][p[0].row], &j.facts[clearingSide][c[0].row]) {
		return
	}
	d := draft{match: m, key: j.key, flags: f, why: why, sold: int32(len(p)), rows: j.rows.take(len(p) + len(c))}
	fillFacts(d.pos(), j.facts[posSide], p)
	fillFacts(d.clr(), j.facts[clearingSide], c)
	j.drafts = append(j.drafts, d)
}

// leave implements sink.
func (j *joiner) leave(sd side, it, other *item) {
	j.left[sd] = append(j.left[sd], it.pos())
	if other != nil {
		j.beaten[sd] = append(j.beaten[sd], newBeaten(it, other, j.rules.limit))
	}
}

// timeDiff is the flag of a group whose sides' clock times are too far apart.
func timeDiff(opt *Options, m Match, why *Reason, p, c []*item) Flags {
	d, ok := apart(p, c)
	if !ok || d <= opt.TimeDiff || m == FailedMatch {
		return 0
	}
	if why.Code == ReasonAgrees {
		why.Seconds = d
	}
	return TimeDiff
}

// apart is how far apart in seconds the two sides' clock times are.
func apart(p, c []*item) (int64, bool) {
	if len(p) == 0 || len(c) == 0 {
		return 0, false
	}
	lo, hi := int64(1<<62), int64(0)
	for _, side := range [2][]*item{p, c} {
		for _, it := range side {
			if it.time == 0 || !it.code.clock() {
				return 0, false
			}
			lo, hi = min(lo, int64(it.time)), max(hi, int64(it.time))
		}
	}
	return hi - lo, true
}

// fillFacts copies the facts of items in reading order.
func fillFacts(fs, facts []fact, items []*item) {
	for i, it := range items {
		fs[i] = facts[it.row]
	}
	slices.SortFunc(fs, compareFactPos)
}
