package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// item is a row on its way through the rules of one key.
type item struct {
	fen    money.Fen
	at     parse.Pos
	digest uint64 // content of the row, where it was read for breaking a tie
	time   uint32 // seconds since 2000-01-01, 0 unknown; see factTime
	row    uint32 // which one it is for who asks
	mate   uint32 // time of the row that it was paired with
	code   code
	taken  bool
}

func (it *item) amount() money.Fen { return it.fen }
func (it *item) pos() parse.Pos    { return it.at }

// code is what the rules ask about a row's kind and status.
type code uint8

const (
	codeKind  code = 0x0f // parse.Kind
	codeLive  code = 0x10 // moves money
	codeClock code = 0x20 // the time has a time of day
	codeWaits code = 0x40 // pending: may move money yet
)

// rowCode folds kind and status. A negative sale is a refund, an unstated
// status is ok (a file without a status column lists what happened), and a
// pre-authorisation or a payout moves no money of a sale.
func rowCode(r *parse.Row) code {
	k := normKind(r.Kind, r.Amount)
	c := code(k)
	if (r.Status == parse.OK || r.Status == parse.StatusUnknown) && k != parse.Preauth && k != parse.Payout {
		c |= codeLive
	}
	if r.Status == parse.Pending && k != parse.Preauth && k != parse.Payout {
		c |= codeWaits
	}
	if r.HasClock {
		c |= codeClock
	}
	return c
}

func normKind(k parse.Kind, amount money.Fen) parse.Kind {
	switch {
	case (k == parse.Sale || k == parse.KindUnknown) && amount < 0:
		return parse.Refund
	case k == parse.KindUnknown:
		return parse.Sale
	}
	return k
}

func (c code) kind() parse.Kind { return parse.Kind(c & codeKind) }
func (c code) live() bool       { return c&codeLive != 0 }
func (c code) clock() bool      { return c&codeClock != 0 }
func (c code) waits() bool      { return c&codeWaits != 0 }

// swipes says whether rows of the code are sales that went through at a known
// time.
func (c code) swipes() bool {
	return c.live() && c.clock() && (c.kind() == parse.Sale || c.kind() == parse.PreauthComplete)
}

// what is kind and liveness without the clock: rows pair only with their like.
func (c code) what() code { return c &^ codeClock }

// negative says on which side of zero the row stands; a row of nothing goes by
// its kind.
func (it *item) negative() bool {
	if a := it.amount(); a != 0 {
		return a < 0
	}
	k := it.code.kind()
	return k == parse.Void || k == parse.Reversal || k == parse.Refund
}

// compareLike orders rows so that those of the same kind, status and amount
// stand together, by time (unknown last), then content, then position.
func compareLike(a, b *item) int {
	if c := compareWhat(a, b); c != 0 {
		return c
	}
	if c := compareTime(a, b); c != 0 {
		return c
	}
	if c := cmp.Compare(a.digest, b.digest); c != 0 {
		return c
	}
	return cmp.Compare(a.pos(), b.pos())
}

// compareWhen orders by time first, then as compareLike.
func compareWhen(a, b *item) int {
	if c := compareTime(a, b); c != 0 {
		return c
	}
	return compareLike(a, b)
}

// compareWhat orders by kind, status and amount.
func compareWhat(a, b *item) int {
	if x, y := a.code.what(), b.code.what(); x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a.amount(), b.amount())
}

func compareTime(a, b *item) int {
	if a.time != b.time {
		return cmp.Compare(a.time-1, b.time-1) // "unknown" becomes the largest
	}
	return cmp.Compare(a.code&codeClock, b.code&codeClock)
}

// alike rows have the same kind, status, amount and time.
func alike(a, b *item) bool {
	return a.code == b.code && a.time == b.time && a.amount() == b.amount()
}

// rules applies SPEC section 3.1 to the rows of one key value, one bucket
// after another. It is used by one goroutine.
type rules struct {
	key     KeyType
	keyDays int64
	out     sink
	limit   int64 // how far apart the bucket's rows may be, in seconds
	p, c    []*item
	times   [2][]int64
	sort    sorter
	one     [2]*item // the pair at hand
}

// sink takes what the rules decide.
type sink interface {
	// group takes rows that belong together.
	group(m Match, f Flags, why Reason, p, c []*item)
	// leave takes a row for which the key found no counterpart; other is the
	// row of the other side that carries the key but went to another one.
	leave(sd side, it, other *item)
}

// needsContent says whether the fate of rows that look alike hangs on what
// their facts do not show. Such a bucket is resolved again with digests.
func needsContent(rows []item) bool {
	for i := 1; i < len(rows); i++ {
		if alike(&rows[i-1], &rows[i]) {
			return true
		}
	}
	return false
}

// resolve decides a bucket: all free rows of both sides that carry one key
// value. Without digests it refuses (false) where content would break a tie.
//
// The order of the steps is the rule: like pairs with like first; then copies
// of paired rows; then the rest of one sign as a sum; then contradictions; and
// what is left goes on to the next key.
func (b *rules) resolve(p, c []item, digests bool) bool {
	b.sort.items(p)
	b.sort.items(c)
	if !digests && (needsContent(p) || needsContent(c)) {
		return false
	}
	b.p, b.c = pointers(b.p, p), pointers(b.c, c)
	b.setLimit()
	b.pairLike()
	b.duplicates(posSide, b.p)
	b.duplicates(clearingSide, b.c)
	if b.rest() {
		b.sums(false)
		b.sums(true)
	}
	if b.rest() {
		b.conflicts()
	}
	for _, it := range b.p {
		b.leave(posSide, it, c)
	}
	for _, it := range b.c {
		b.leave(clearingSide, it, p)
	}
	return true
}

func (b *rules) leave(sd side, it *item, others []item) {
	if !it.taken {
		b.out.leave(sd, it, nearestTaken(it, others))
	}
}

// nearestTaken is the row nearest in time, of the first maxNear, that another
// one took; nil if none did.
func nearestTaken(it *item, others []item) (found *item) {
	for i := range others[:min(len(others), maxNear)] {
		if o := &others[i]; o.taken && (found == nil || abs(int64(o.time)-int64(it.time)) < abs(int64(found.time)-int64(it.time))) {
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
func (b *rules) setLimit() {
	b.limit = b.keyDays * daySeconds
	for _, side := range [2][]*item{b.p, b.c} {
		for _, it := range side {
			if it.time != 0 && !it.code.clock() {
				b.limit = b.keyDays*daySeconds + daySeconds/2
				return
			}
		}
	}
}

// pairLike pairs rows of equal amount, kind and status, nearest in time first.
// A failed row pairs with a failed one: nothing happened, on either side.
func (b *rules) pairLike() {
	i, j := 0, 0
	for i < len(b.p) && j < len(b.c) {
		o := compareWhat(b.p[i], b.c[j])
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
func runOf(rows []*item) []*item {
	for i, it := range rows {
		if compareWhat(rows[0], it) != 0 {
			return rows[:i]
		}
	}
	return rows
}

// pairInTime pairs rows that are ordered by time, nearest first. Rows whose
// time is unknown are compatible with all, and are served after those that
// say their time: they could be any of them.
func (b *rules) pairInTime(p, c []*item, pair func(p, c *item)) {
	knownP, knownC := known(p), known(c)
	b.times[0] = appendTimes(b.times[0][:0], p[:knownP])
	b.times[1] = appendTimes(b.times[1][:0], c[:knownC])
	match := func(p, c *item) {
		p.taken, c.taken = true, true
		p.mate, c.mate = c.time, p.time
		pair(p, c)
	}
	nearestPairs(b.times[0], b.times[1], b.limit, func(i, j int) { match(p[i], c[j]) })
	zip(p[:knownP], c[knownC:], match)
	zip(p[knownP:], c[:knownC], match)
	zip(p[knownP:], c[knownC:], match)
}

// zip pairs the free rows of two lists in order.
func zip(p, c []*item, pair func(p, c *item)) {
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
func known(rows []*item) int {
	n := len(rows)
	for n > 0 && rows[n-1].time == 0 {
		n--
	}
	return n
}

func appendTimes(t []int64, rows []*item) []int64 {
	for _, it := range rows {
		t = append(t, int64(it.time))
	}
	return t
}

func (b *rules) likePair(p, c *item) {
	if p.code.waits() && c.code.waits() {
		b.one = [2]*item{p, c}
		b.out.group(InTransit, 0, Reason{Code: ReasonBothPending, Amount: c.amount() - p.amount()}, b.one[:1], b.one[1:])
		return
	}
	if !p.code.live() {
		why := Reason{Code: ReasonFailed}
		if p.code.kind() == parse.Preauth && c.code.kind() == parse.Preauth {
			why.Code = ReasonNoMoney
		}
		b.one = [2]*item{p, c}
		b.out.group(FailedMatch, 0, why, b.one[:1], b.one[1:])
		return
	}
	b.one = [2]*item{p, c}
	b.out.group(Matched, 0, Reason{Code: ReasonAgrees}, b.one[:1], b.one[1:])
}

// failedReason tells why a row that is not live moves nothing.
func failedReason(c code, status parse.Status) Reason {
	switch {
	case c.kind() == parse.Payout:
		return Reason{Code: ReasonPayoutRow}
	case status == parse.Failed:
		return Reason{Code: ReasonFailed}
	case status == parse.Pending:
		return Reason{Code: ReasonPending}
	}
	return Reason{Code: ReasonNoMoney}
}

// duplicates: a further copy of a paired row (same key, amount, kind and time)
// on the same side. Times that are unknown on both are the same: nothing tells
// the rows apart. A second failed attempt is no duplicate, it is failed.
func (b *rules) duplicates(sd side, rows []*item) {
	for i := 0; i < len(rows); {
		j := i + 1
		for j < len(rows) && alike(rows[i], rows[j]) {
			j++
		}
		// Within equal rows pairing takes the first.
		if first := rows[i]; first.taken && first.code.live() {
			for _, it := range rows[i+1 : j] {
				if !it.taken {
					it.taken = true
					b.single(sd, it, Duplicate, Reason{Code: ReasonDuplicate, Other: first.pos(), HasOther: true, OtherSide: sd.parse()})
				}
			}
		}
		i = j
	}
}

// single emits a group of one row.
func (b *rules) single(sd side, it *item, m Match, why Reason) {
	if sd == posSide {
		b.out.group(m, 0, why, []*item{it}, nil)
	} else {
		b.out.group(m, 0, why, nil, []*item{it})
	}
}

// rest keeps the rows that are still free, and says whether both sides have any.
func (b *rules) rest() bool {
	taken := func(it *item) bool { return it.taken }
	b.p, b.c = slices.DeleteFunc(b.p, taken), slices.DeleteFunc(b.c, taken)
	return len(b.p) > 0 && len(b.c) > 0
}

// sums compares what is left of one sign as a group: one sale of 45.00 cleared
// as 20.00 + 25.00 agrees. Only rows that move money count, and no fees: a fee
// under the key of its sale is no part of what was sold. Rows too far apart
// for one transaction make separate groups (see clusters). Rows whose time is
// unknown go, all of them, with the earliest group that has both sides then.
func (b *rules) sums(negative bool) {
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
	clusters(t, b.limit, func(_, hi int) {
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
func summands(rows []*item, negative bool) []*item {
	var s []*item
	for _, it := range rows {
		if it.code.live() && it.code.kind() != parse.Fee && it.negative() == negative {
			s = append(s, it)
		}
	}
	return s
}

// upTo counts the leading rows whose time is not after t.
func upTo(rows []*item, t int64) int {
	n := 0
	for n < len(rows) && int64(rows[n].time) <= t {
		n++
	}
	return n
}

// sum emits one group. Less or more is meant by size: a refund of 50.00 of
// which 30.00 was cleared is partial.
func (b *rules) sum(p, c []*item) {
	sold, cleared := total(p), total(c)
	why := Reason{Code: ReasonAgrees, Amount: cleared.sub(sold)}
	m := Matched
	var f Flags
	if len(p) > 1 || len(c) > 1 {
		f = Split
		why.N = int32(max(len(p), len(c)))
	}
	switch {
	case sold == cleared && f != 0:
		why.Code = ReasonSplit
	case sold == cleared:
	case sold.size().less(cleared.size()):
		m, why.Code = Over, ReasonMore
	default:
		m, why.Code = Partial, ReasonLess
	}
	for _, side := range [2][]*item{p, c} {
		for _, it := range side {
			it.taken = true
		}
	}
	b.out.group(m, f, why, p, c)
}

func total(rows []*item) (s sum) {
	for _, it := range rows {
		s.add(it.amount())
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
func (b *rules) conflicts() {
	status := func(p, c *item) { b.conflict(ReasonStatusConflict, p, c) }
	kind := func(p, c *item) { b.conflict(ReasonKindConflict, p, c) }
	live := func(it *item) bool { return it.code.live() && it.code.kind() != parse.Fee }
	dead := func(it *item) bool { return !it.code.live() && it.code.kind() != parse.Fee }
	waits := func(it *item) bool { return it.code.waits() && it.code.kind() != parse.Fee }
	plus := func(it *item) bool { return live(it) && !it.negative() }
	minus := func(it *item) bool { return live(it) && it.negative() }
	asIs := func(it *item) (parse.Kind, money.Fen) { return it.code.kind(), it.amount() }
	size := func(it *item) (parse.Kind, money.Fen) { return 0, abs(it.amount()) }
	whatever := func(*item) (parse.Kind, money.Fen) { return 0, 0 }

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

func (b *rules) conflict(why ReasonCode, p, c *item) {
	b.one = [2]*item{p, c}
	b.out.group(Conflict, 0, Reason{Code: why, Amount: c.amount() - p.amount()}, b.one[:1], b.one[1:])
}

// pairWhere pairs the free rows that pass their side's filter and agree in by,
// nearest in time first.
func (b *rules) pairWhere(okP, okC func(*item) bool, by func(*item) (parse.Kind, money.Fen), pair func(p, c *item)) {
	order := func(x, y *item) int {
		kx, ax := by(x)
		ky, ay := by(y)
		return cmp.Or(cmp.Compare(kx, ky), cmp.Compare(ax, ay))
	}
	pick := func(rows []*item, ok func(*item) bool) (s []*item) {
		for _, it := range rows {
			if !it.taken && ok(it) {
				s = append(s, it)
			}
		}
		slices.SortFunc(s, func(x, y *item) int { return cmp.Or(order(x, y), compareWhen(x, y)) })
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
func sameRun(rows []*item, order func(x, y *item) int) int {
	n := 1
	for n < len(rows) && order(rows[0], rows[n]) == 0 {
		n++
	}
	return n
}

// pointers are the addresses of items, in the memory of refs.
func pointers(refs []*item, items []item) []*item {
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
	out  []item
}

// likeKey orders like compareLike as far as it goes.
type likeKey struct {
	what uint64 // kind and status, amount
	when uint64 // time, unknown last, and whether it has a clock
	at   uint32
}

func (s *sorter) items(items []item) {
	if len(items) < 2 {
		return
	}
	s.keys = s.keys[:0]
	for i := range items {
		it := &items[i]
		s.keys = append(s.keys, likeKey{
			what: uint64(it.code.what())<<56 | (uint64(it.fen)&(1<<56-1) ^ 1<<55),
			when: uint64(it.time-1)<<8 | uint64(it.code&codeClock),
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
		if x.digest != y.digest {
			return cmp.Compare(x.digest, y.digest)
		}
		return cmp.Compare(x.pos(), y.pos())
	})
	s.out = s.out[:0]
	for _, k := range s.keys {
		s.out = append(s.out, items[k.at])
	}
	copy(items, s.out)
}
