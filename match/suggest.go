package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// maxLook is how many rows of one place, kind and amount are looked at on
// either side of a row's time when candidates are compared. It bounds a vending
// machine that sells one article all day.
const maxLook = 256

// suggestions proposes pairs among rows that no key brought together (SPEC
// section 3.3), the surest evidence first: identifiers that differ only by
// lost leading zeros; then the same terminal; else the same merchant; else the
// same store. A row that has any candidate by the surer evidence is not looked
// at again by the weaker one.
//
// A pair is suggested only if each is the other's single best candidate, best
// being nearest in time, in one round: what remains once the clear pairs are
// gone is not tried again, since it lost to a better fit or tied.
func (r *run) suggestions() {
	for i := range keyOrder {
		r.suggestBy(suggestion{
			why:    ReasonLeadingZeros,
			window: r.opt.KeyDays*daySeconds + daySeconds/2,
			bucket: func(l *loose) uint64 { return l.bare[i] },
			fits:   func(p, c *loose) bool { return p.keys[i] != c.keys[i] && r.withinDays(p, c) },
		})
	}
	for i := range len(loose{}.place) {
		r.suggestBy(suggestion{
			why:    ReasonSuggested,
			window: max(r.opt.TimeWindow, daySeconds/2),
			bucket: func(l *loose) uint64 { return l.place[i] },
			fits: func(p, c *loose) bool {
				// Two terminals that differ are two places, whatever the merchant.
				if i > 0 && p.place[0] != 0 && c.place[0] != 0 {
					return false
				}
				return !p.tailConflicts(c) && r.withinWindow(p, c)
			},
		})
	}
}

// suggestion is one kind of evidence.
type suggestion struct {
	why    ReasonCode
	window int64                  // no candidate is further away
	bucket func(l *loose) uint64  // what must be equal; 0: the row does not say
	fits   func(p, c *loose) bool // the other gates
}

// withinDays says whether two rows can be one transaction by key_days.
func (r *run) withinDays(p, c *loose) bool {
	limit := r.opt.KeyDays * daySeconds
	if !p.code.clock() || !c.code.clock() {
		limit += daySeconds / 2
	}
	return abs(int64(p.time)-int64(c.time)) <= limit
}

// withinWindow says whether two times are within time_window. Where a row only
// says the day, the day is all that can be compared.
func (r *run) withinWindow(p, c *loose) bool {
	if !p.code.clock() || !c.code.clock() {
		return p.when().Date() == c.when().Date()
	}
	return abs(int64(p.time)-int64(c.time)) <= r.opt.TimeWindow
}

// distance ranks candidates. A day without a clock is equally near to all of that day.
func distance(a, b *loose) int64 {
	if !a.code.clock() || !b.code.clock() {
		return int64(abs(a.when().Date()-b.when().Date())) * daySeconds
	}
	return abs(int64(a.time) - int64(b.time))
}

// suggestBy proposes pairs by one kind of evidence.
func (r *run) suggestBy(s suggestion) {
	ok := func(l *loose) bool { return isLive(l) && l.time != 0 && l.tie == nil && s.bucket(l) != 0 }
	p, c := newShelf(s, open(r.loose[posSide], ok)), newShelf(s, open(r.loose[clearingSide], ok))
	best := map[*loose]near{}
	for _, l := range p.rows {
		best[l] = c.best(l, func(o *loose) bool { return s.fits(l, o) })
	}
	for _, l := range c.rows {
		best[l] = p.best(l, func(o *loose) bool { return s.fits(o, l) })
	}
	for _, l := range p.rows {
		b := best[l]
		if b.n != 1 || best[b.other].n != 1 || best[b.other].other != l {
			continue
		}
		r.loosePair(Suggested, KeySuggestion, Reason{Code: s.why, N: 1, Seconds: abs(int64(l.time) - int64(b.other.time))},
			[]*loose{l}, []*loose{b.other})
	}
	for _, side := range [2][]*loose{p.rows, c.rows} {
		for _, l := range side {
			if b := best[l]; !l.done && b.n > 0 {
				b.n = max(b.n, best[b.other].n)
				l.tie = &b
			}
		}
	}
}

// shelf holds one side's rows by bucket, kind, currency and amount, in time order.
type shelf struct {
	s    suggestion
	rows []*loose
	at   map[shelfKey]*row
}

// row is the loose rows of one key of a shelf.
type row struct {
	rows    []*loose
	dayOnly bool // one of them has no clock
}

type shelfKey struct {
	bucket, currency uint64
	kind             parse.Kind
	amount           money.Fen
}

func newShelf(s suggestion, rows []*loose) *shelf {
	sh := &shelf{s: s, rows: rows, at: map[shelfKey]*row{}}
	for _, l := range rows { // rows are in time order
		k := sh.key(l)
		if sh.at[k] == nil {
			sh.at[k] = new(row)
		}
		sh.at[k].rows = append(sh.at[k].rows, l)
		sh.at[k].dayOnly = sh.at[k].dayOnly || !l.code.clock()
	}
	return sh
}

func (sh *shelf) key(l *loose) shelfKey {
	return shelfKey{sh.s.bucket(l), l.currency, l.code.kind(), l.amount()}
}

// best is the row's best candidate on the shelf, and how many are as good.
func (sh *shelf) best(l *loose, fits func(*loose) bool) near {
	on := sh.at[sh.key(l)]
	if on == nil {
		return near{}
	}
	var b near
	least := int64(1 << 62)
	outward(on.rows, l, sh.s.window, maxLook, func(o *loose) bool {
		d := distance(l, o)
		if d > least || !fits(o) {
			// By the clock, nothing nearer comes any more.
			return d <= least || on.dayOnly || !l.code.clock()
		}
		if d < least {
			least, b = d, near{other: o}
		}
		b.n++
		return true
	})
	return b
}

// outward visits the rows around l's time, nearest first (of equally near ones
// the earlier), until visit says no, window or limit is reached. rows are in
// time order.
func outward(rows []*loose, l *loose, window int64, limit int, visit func(*loose) bool) {
	t := int64(l.time)
	hi, _ := slices.BinarySearchFunc(rows, l.time, func(o *loose, t uint32) int { return cmp.Compare(o.time, t) })
	for lo := hi - 1; limit > 0 && (lo >= 0 || hi < len(rows)); limit-- {
		var o *loose
		if hi == len(rows) || lo >= 0 && t-int64(rows[lo].time) <= int64(rows[hi].time)-t {
			o, lo = rows[lo], lo-1
		} else {
			o, hi = rows[hi], hi+1
		}
		if abs(int64(o.time)-t) > window || !visit(o) {
			return
		}
	}
}
