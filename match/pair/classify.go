package pair

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Item is a row on its way through the rules of one key.
type Item struct {
	Fen    money.Fen
	At     record.Pos
	Digest uint64 // content of the row, where it was read for breaking a tie
	Time   uint32 // seconds since 2000-01-01, 0 unknown; see factTime
	Row    uint32 // which one it is for who asks
	Mate   uint32 // time of the row that it was paired with
	Traits Traits
	taken  bool
}

func (it *Item) amount() money.Fen { return it.Fen }

func (it *Item) Pos() record.Pos { return it.At }

// Traits is what the rules ask about a row's kind and status.
type Traits uint8

const (
	codeKind  Traits = 0x0f // parse.Kind
	codeLive  Traits = 0x10 // moves money
	codeClock Traits = 0x20 // the time has a time of day
	codeWaits Traits = 0x40 // pending: may move money yet
)

// TraitsOf folds kind and status. A negative sale is a refund, an unstated
// status is ok (a file without a status column lists what happened), and a
// pre-authorisation or a payout moves no money of a sale.
func TraitsOf(r *record.Row) Traits {
	k := normKind(r.Kind, r.Amount)
	c := Traits(k)
	if (r.Status == record.OK || r.Status == record.StatusUnknown) && k != record.Preauth && k != record.Payout {
		c |= codeLive
	}
	if r.Status == record.Pending && k != record.Preauth && k != record.Payout {
		c |= codeWaits
	}
	if r.HasClock {
		c |= codeClock
	}
	return c
}

func normKind(k record.Kind, amount money.Fen) record.Kind {
	switch {
	case (k == record.Sale || k == record.KindUnknown) && amount < 0:
		return record.Refund
	case k == record.KindUnknown:
		return record.Sale
	}
	return k
}

func (c Traits) Kind() record.Kind { return record.Kind(c & codeKind) }

func (c Traits) Live() bool { return c&codeLive != 0 }

func (c Traits) Clock() bool { return c&codeClock != 0 }

func (c Traits) waits() bool { return c&codeWaits != 0 }

// Swipes says whether rows of the code are sales that went through at a known
// time.
func (c Traits) Swipes() bool {
	return c.Live() && c.Clock() && (c.Kind() == record.Sale || c.Kind() == record.PreauthComplete)
}

// What is kind and liveness without the clock: rows pair only with their like.
func (c Traits) What() Traits { return c &^ codeClock }

// negative says on which side of zero the row stands; a row of nothing goes by
// its kind.
func (it *Item) negative() bool {
	if a := it.amount(); a != 0 {
		return a < 0
	}
	k := it.Traits.Kind()
	return k == record.Void || k == record.Reversal || k == record.Refund
}

// compareLike orders rows so that those of the same kind, status and amount
// stand together, by time (unknown last), then content, then position.
func compareLike(a, b *Item) int {
	if c := CompareWhat(a, b); c != 0 {
		return c
	}
	if c := compareTime(a, b); c != 0 {
		return c
	}
	if c := cmp.Compare(a.Digest, b.Digest); c != 0 {
		return c
	}
	return cmp.Compare(a.Pos(), b.Pos())
}

// compareWhen orders by time first, then as compareLike.
func compareWhen(a, b *Item) int {
	if c := compareTime(a, b); c != 0 {
		return c
	}
	return compareLike(a, b)
}

// CompareWhat orders by kind, status and amount.
func CompareWhat(a, b *Item) int {
	if x, y := a.Traits.What(), b.Traits.What(); x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a.amount(), b.amount())
}

func compareTime(a, b *Item) int {
	if a.Time != b.Time {
		return cmp.Compare(a.Time-1, b.Time-1) // "unknown" becomes the largest
	}
	return cmp.Compare(a.Traits&codeClock, b.Traits&codeClock)
}

// alike rows have the same kind, status, amount and time.
func alike(a, b *Item) bool {
	return a.Traits == b.Traits && a.Time == b.Time && a.amount() == b.amount()
}

// Rules applies SPEC section 3.1 to the rows of one key value, one bucket
// after another. It is used by one goroutine.
type Rules struct {
	Key     result.KeyType
	KeyDays int64
	Out     sink
	Limit   int64 // how far apart the bucket's rows may be, in seconds
	p, c    []*Item
	times   [2][]int64
	sort    sorter
	one     [2]*Item // the pair at hand
}

// sink takes what the rules decide.
type sink interface {
	// group takes rows that belong together.
	Group(m result.Match, f result.Flags, why result.Reason, p, c []*Item)
	// leave takes a row for which the key found no counterpart; other is the
	// row of the other side that carries the key but went to another one.
	Leave(sd Side, it, other *Item)
}

// needsContent says whether the fate of rows that look alike hangs on what
// their facts do not show. Such a bucket is resolved again with digests.
func needsContent(rows []Item) bool {
	for i := 1; i < len(rows); i++ {
		if alike(&rows[i-1], &rows[i]) {
			return true
		}
	}
	return false
}

// Resolve decides a bucket: all free rows of both sides that carry one key
// value. Without digests it refuses (false) where content would break a tie.
//
// The order of the steps is the rule: like pairs with like first; then copies
// of paired rows; then the rest of one sign as a sum; then contradictions; and
// what is left goes on to the next key.
func (b *Rules) Resolve(p, c []Item, digests bool) bool {
	b.sort.items(p)
	b.sort.items(c)
	if !digests && (needsContent(p) || needsContent(c)) {
		return false
	}
	b.p, b.c = pointers(b.p, p), pointers(b.c, c)
	b.setLimit()
	b.pairLike()
	b.duplicates(PosSide, b.p)
	b.duplicates(ClearingSide, b.c)
	if b.rest() {
		b.sums(false)
		b.sums(true)
	}
	if b.rest() {
		b.conflicts()
	}
	for _, it := range b.p {
		b.leave(PosSide, it, c)
	}
	for _, it := range b.c {
		b.leave(ClearingSide, it, p)
	}
	return true
}

func (b *Rules) leave(sd Side, it *Item, others []Item) {
	if !it.taken {
		b.Out.Leave(sd, it, nearestTaken(it, others))
	}
}

// nearestTaken is the row nearest in time, of the first MaxNear, that another
// one took; nil if none did.
func nearestTaken(it *Item, others []Item) (found *Item) {
	for i := range others[:min(len(others), MaxNear)] {
		if o := &others[i]; o.taken && (found == nil || abs(int64(o.Time)-int64(it.Time)) < abs(int64(found.Time)-int64(it.Time))) {
			found = o
		}
	}
	return found
}

// setLimit: "trade times more than key_days apart are not the same
// transaction". It holds for every key, order numbers included: tills count
// them afresh too. Between clock times the days are 24 hours; where a row of
// the bucket only says the day, days are counted by the calendar, which from
// its noon is half a day more.
func (b *Rules) setLimit() {
	b.Limit = b.KeyDays * terms.DaySeconds
	for _, side := range [2][]*Item{b.p, b.c} {
		for _, it := range side {
			if it.Time != 0 && !it.Traits.Clock() {
				b.Limit = b.KeyDays*terms.DaySeconds + terms.DaySeconds/2
				return
			}
		}
	}
}

// pairLike pairs rows of equal amount, kind and status, nearest in time first.
// A failed row pairs with a failed one: nothing happened, on either side.
func (b *Rules) pairLike() {
	i, j := 0, 0
	for i < len(b.p) && j < len(b.c) {
		o := CompareWhat(b.p[i], b.c[j])
		if o != 0 {
			if o < 0 {
				i++
			} else {
				j++
			}
			continue
		}
		p, c := runOf(b.p[i:]), runOf(b.c[j:])
		b.pairInTime(p, c, b.likePair)
		i, j = i+len(p), j+len(c)
	}
}

// runOf is the leading rows of one kind, status and amount.
func runOf(rows []*Item) []*Item {
	for i, it := range rows {
		if CompareWhat(rows[0], it) != 0 {
			return rows[:i]
		}
	}
	return rows
}

// pairInTime pairs rows that are ordered by time, nearest first. Rows whose
// time is unknown are compatible with all, and are served after those that
// say their time: they could be any of them.
func (b *Rules) pairInTime(p, c []*Item, pair func(p, c *Item)) {
	knownP, knownC := known(p), known(c)
	b.times[0] = appendTimes(b.times[0][:0], p[:knownP])
	b.times[1] = appendTimes(b.times[1][:0], c[:knownC])
	match := func(p, c *Item) {
		p.taken, c.taken = true, true
		p.Mate, c.Mate = c.Time, p.Time
		pair(p, c)
	}
	nearestPairs(b.times[0], b.times[1], b.Limit, func(i, j int) { match(p[i], c[j]) })
	zip(p[:knownP], c[knownC:], match)
	zip(p[knownP:], c[:knownC], match)
	zip(p[knownP:], c[knownC:], match)
}

// zip pairs the free rows of two lists in order.
func zip(p, c []*Item, pair func(p, c *Item)) {
	for i, j := 0, 0; i < len(p) && j < len(c); {
		switch {
		case p[i].taken:
			i++
		case c[j].taken:
			j++
		default:
			pair(p[i], c[j])
		}
	}
}

// known counts the leading rows that say their time.
func known(rows []*Item) int {
	n := len(rows)
	for n > 0 && rows[n-1].Time == 0 {
		n--
	}
	return n
}

func appendTimes(t []int64, rows []*Item) []int64 {
	for _, it := range rows {
		t = append(t, int64(it.Time))
	}
	return t
}

func (b *Rules) likePair(p, c *Item) {
	if p.Traits.waits() && c.Traits.waits() {
		b.one = [2]*Item{p, c}
		b.Out.Group(result.InTransit, 0, result.Reason{Code: result.ReasonBothPending, Amount: c.amount() - p.amount()}, b.one[:1], b.one[1:])
		return
	}
	if !p.Traits.Live() {
		why := result.Reason{Code: result.ReasonFailed}
		if p.Traits.Kind() == record.Preauth && c.Traits.Kind() == record.Preauth {
			why.Code = result.ReasonNoMoney
		}
		b.one = [2]*Item{p, c}
		b.Out.Group(result.FailedMatch, 0, why, b.one[:1], b.one[1:])
		return
	}
	b.one = [2]*Item{p, c}
	b.Out.Group(result.Matched, 0, result.Reason{Code: result.ReasonAgrees}, b.one[:1], b.one[1:])
}

// FailedReason tells why a row that is not live moves nothing.
func FailedReason(c Traits, status record.Status) result.Reason {
	switch {
	case c.Kind() == record.Payout:
		return result.Reason{Code: result.ReasonPayoutRow}
	case status == record.Failed:
		return result.Reason{Code: result.ReasonFailed}
	case status == record.Pending:
		return result.Reason{Code: result.ReasonPending}
	}
	return result.Reason{Code: result.ReasonNoMoney}
}

// duplicates: a further copy of a paired row (same key, amount, kind and time)
// on the same side. Times that are unknown on both are the same: nothing tells
// the rows apart. A second failed attempt is no duplicate, it is failed.
func (b *Rules) duplicates(sd Side, rows []*Item) {
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && alike(rows[i], rows[j]) {
			j++
		}
		// Within equal rows pairing takes the first.
		if first := rows[i]; first.taken && first.Traits.Live() {
			for _, it := range rows[i+1 : j] {
				if !it.taken {
					it.taken = true
					b.single(sd, it, result.Duplicate, result.Reason{Code: result.ReasonDuplicate, Other: first.Pos(), HasOther: true, OtherSide: sd.Record()})
				}
			}
		}
		i = j
	}
}

// single emits a group of one row.
func (b *Rules) single(sd Side, it *Item, m result.Match, why result.Reason) {
	if sd == PosSide {
		b.Out.Group(m, 0, why, []*Item{it}, nil)
	} else {
		b.Out.Group(m, 0, why, nil, []*Item{it})
	}
}

// rest keeps the rows that are still free, and says whether both sides have any.
func (b *Rules) rest() bool {
	taken := func(it *Item) bool { return it.taken }
	b.p, b.c = slices.DeleteFunc(b.p, taken), slices.DeleteFunc(b.c, taken)
	return len(b.p) > 0 && len(b.c) > 0
}

// sums compares what is left of one sign as a group: one sale of 45.00 cleared
// as 20.00 + 25.00 agrees. Only rows that move money count, and no fees: a fee
// under the key of its sale is no part of what was sold. Rows too far apart
// for one transaction make separate groups (see clusters). Rows whose time is
// unknown go, all of them, with the earliest group that has both sides then.
func (b *Rules) sums(negative bool) {
	p, c := summands(b.p, negative), summands(b.c, negative)
	if len(p) == 0 || len(c) == 0 {
		return
	}
	slices.SortFunc(p, compareWhen)
	slices.SortFunc(c, compareWhen)
	np, nc := known(p), known(c)
	lateP, lateC := p[np:], c[nc:]
	if np+nc == 0 {
		b.sum(p, c)
		return
	}
	p, c = p[:np], c[:nc]
	b.times[0] = appendTimes(appendTimes(b.times[0][:0], p), c)
	t := b.times[0]
	slices.Sort(t)
	clusters(t, b.Limit, func(_, hi int) {
		i, j := upTo(p, t[hi-1]), upTo(c, t[hi-1])
		inP, inC := p[:i], c[:j]
		p, c = p[i:], c[j:]
		if i+len(lateP) > 0 && j+len(lateC) > 0 {
			inP, inC = slices.Concat(inP, lateP), slices.Concat(inC, lateC)
			lateP, lateC = nil, nil
			b.sum(inP, inC)
		}
	})
}

// summands are the free rows of one sign that move money and are no fees.
func summands(rows []*Item, negative bool) []*Item {
	var s []*Item
	for _, it := range rows {
		if it.Traits.Live() && it.Traits.Kind() != record.Fee && it.negative() == negative {
			s = append(s, it)
		}
	}
	return s
}

// upTo counts the leading rows whose time is not after t.
func upTo(rows []*Item, t int64) int {
	n := 0
	for n < len(rows) && int64(rows[n].Time) <= t {
		n++
	}
	return n
}

// sum emits one group. Less or more is meant by size: a refund of 50.00 of
// which 30.00 was cleared is partial.
func (b *Rules) sum(p, c []*Item) {
	sold, cleared := total(p), total(c)
	why := result.Reason{Code: result.ReasonAgrees, Amount: cleared.Sub(sold)}
	m := result.Matched
	var f result.Flags
	if len(p) > 1 || len(c) > 1 {
		f = result.Split
		why.N = int32(max(len(p), len(c)))
	}
	switch {
	case sold == cleared && f != 0:
		why.Code = result.ReasonSplit
	case sold == cleared:
	case sold.Size().Less(cleared.Size()):
		m, why.Code = result.Over, result.ReasonMore
	default:
		m, why.Code = result.Partial, result.ReasonLess
	}
	for _, side := range [2][]*Item{p, c} {
		for _, it := range side {
			it.taken = true
		}
	}
	b.Out.Group(m, f, why, p, c)
}

func total(rows []*Item) (s money.Sum) {
	for _, it := range rows {
		s.Add(it.amount())
	}
	return s
}

// conflicts pairs what contradicts under one key, the closest contradictions
// first: the same kind and amount that one side calls failed; then two that
// both sides wait for (in transit, whatever their amounts); then two failed
// rows that differ otherwise (nothing happened on either side, so it is no
// conflict but failed); then ok against failed of any amount; then a sale
// against a refund of the same size; then of any size. Each pairs one row with
// one, nearest in time first, and what finds no counterpart falls through.
// Fees contradict nothing.
func (b *Rules) conflicts() {
	status := func(p, c *Item) { b.conflict(result.ReasonStatusConflict, p, c) }
	kind := func(p, c *Item) { b.conflict(result.ReasonKindConflict, p, c) }
	live := func(it *Item) bool { return it.Traits.Live() && it.Traits.Kind() != record.Fee }
	dead := func(it *Item) bool { return !it.Traits.Live() && it.Traits.Kind() != record.Fee }
	waits := func(it *Item) bool { return it.Traits.waits() && it.Traits.Kind() != record.Fee }
	plus := func(it *Item) bool { return live(it) && !it.negative() }
	minus := func(it *Item) bool { return live(it) && it.negative() }
	asIs := func(it *Item) (record.Kind, money.Fen) { return it.Traits.Kind(), it.amount() }
	size := func(it *Item) (record.Kind, money.Fen) { return 0, abs(it.amount()) }
	whatever := func(*Item) (record.Kind, money.Fen) { return 0, 0 }

	b.pairWhere(live, dead, asIs, status)
	b.pairWhere(dead, live, asIs, status)
	b.pairWhere(waits, waits, whatever, b.likePair)
	b.pairWhere(dead, dead, whatever, b.likePair)
	b.pairWhere(live, dead, whatever, status)
	b.pairWhere(dead, live, whatever, status)
	b.pairWhere(plus, minus, size, kind)
	b.pairWhere(minus, plus, size, kind)
	b.pairWhere(plus, minus, whatever, kind)
	b.pairWhere(minus, plus, whatever, kind)
}

func (b *Rules) conflict(why result.ReasonCode, p, c *Item) {
	b.one = [2]*Item{p, c}
	b.Out.Group(result.Conflict, 0, result.Reason{Code: why, Amount: c.amount() - p.amount()}, b.one[:1], b.one[1:])
}

// pairWhere pairs the free rows that pass their side's filter and agree in by,
// nearest in time first.
func (b *Rules) pairWhere(okP, okC func(*Item) bool, by func(*Item) (record.Kind, money.Fen), pair func(p, c *Item)) {
	order := func(x, y *Item) int {
		kx, ax := by(x)
		ky, ay := by(y)
		return cmp.Or(cmp.Compare(kx, ky), cmp.Compare(ax, ay))
	}
	pick := func(rows []*Item, ok func(*Item) bool) (s []*Item) {
		for _, it := range rows {
			if !it.taken && ok(it) {
				s = append(s, it)
			}
		}
		slices.SortFunc(s, func(x, y *Item) int { return cmp.Or(order(x, y), compareWhen(x, y)) })
		return s
	}
	p, c := pick(b.p, okP), pick(b.c, okC)
	for len(p) > 0 && len(c) > 0 {
		switch o := order(p[0], c[0]); {
		case o < 0:
			p = p[1:]
		case o > 0:
			c = c[1:]
		default:
			i, j := sameRun(p, order), sameRun(c, order)
			b.pairInTime(p[:i], c[:j], pair)
			p, c = p[i:], c[j:]
		}
	}
}

// sameRun counts the leading rows that are equal under order.
func sameRun(rows []*Item, order func(x, y *Item) int) int {
	n := 1
	for n < len(rows) && order(rows[0], rows[n]) == 0 {
		n++
	}
	return n
}

// pointers are the addresses of items, in the memory of refs.
func pointers(refs []*Item, items []Item) []*Item {
	refs = refs[:0]
	for i := range items {
		refs = append(refs, &items[i])
	}
	return refs
}

// sorter puts items in the order of compareLike. It sorts small keys and moves
// each item once, because a hot key makes buckets of millions.
type sorter struct {
	keys []likeKey
	out  []Item
}

// likeKey orders like compareLike as far as it goes.
type likeKey struct {
	what uint64 // kind and status, amount
	when uint64 // time, unknown last, and whether it has a clock
	at   uint32
}

func (s *sorter) items(items []Item) {
	if len(items) < 2 {
		return
	}
	s.keys = s.keys[:0]
	for i := range items {
		it := &items[i]
		s.keys = append(s.keys, likeKey{
			what: uint64(it.Traits.What())<<56 | (uint64(it.Fen)&(1<<56-1) ^ 1<<55),
			when: uint64(it.Time-1)<<8 | uint64(it.Traits&codeClock),
			at:   uint32(i),
		})
	}
	slices.SortFunc(s.keys, func(a, b likeKey) int {
		if a.what != b.what {
			return cmp.Compare(a.what, b.what)
		}
		if a.when != b.when {
			return cmp.Compare(a.when, b.when)
		}
		x, y := &items[a.at], &items[b.at]
		if x.Digest != y.Digest {
			return cmp.Compare(x.Digest, y.Digest)
		}
		return cmp.Compare(x.Pos(), y.Pos())
	})
	s.out = s.out[:0]
	for _, k := range s.keys {
		s.out = append(s.out, items[k.at])
	}
	copy(items, s.out)
}

// MaxNear is how many neighbours are looked at for evidence.
const MaxNear = 16

// Side is an index for the two sides of the transaction leg.
type Side int

const (
	PosSide Side = iota
	ClearingSide
)

func (s Side) Record() record.Side {
	if s == PosSide {
		return record.SidePos
	}
	return record.SideClearing
}
