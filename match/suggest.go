package match

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
)

// maxLook is how many rows of one place, kind and amount are looked at around
// a row's time when candidates are compared. It bounds a vending machine that
// sells one article all day.
const maxLook = 256

// suggestions proposes pairs among rows that no key brought together (SPEC
// section 3.3), the surest evidence first: identifiers that differ only by
// lost leading zeros; then the same terminal; else the same merchant; else the
// same store. "Share no usable key" is read as "agree in no key": a wrongly
// typed reference number is the reason why suggestions exist. A row that has
// any candidate by the surer evidence is not looked at again by the weaker one.
//
// A pair is suggested only if each is the other's single best candidate, best
// being nearest in time, in one round: what remains once the clear pairs are
// gone is not tried again, since it lost to a better fit or tied.
func (r *run) suggestions(ctx context.Context) error {
	if len(r.bares) > 0 {
		for i, k := range keyOrder {
			err := r.suggestBy(ctx, suggestion{
				why:    func(_, _ *loose) result.Reason { return result.Reason{Code: result.ReasonLeadingZeros, N: int32(k)} },
				window: r.opt.KeyDays*terms.DaySeconds + terms.DaySeconds/2,
				near:   r.opt.KeyDays * terms.DaySeconds,
				bucket: func(l *loose) uint64 { return l.lot(r.bareKey(l, i), true) },
				fits:   func(p, c *loose) bool { return p.keys[i] != c.keys[i] && r.withinDays(p, c) && !r.rejected(p, c) },
			})
			if err != nil {
				return err
			}
		}
	}
	if err := r.suggestNumbers(ctx); err != nil {
		return err
	}
	for i := range len(loose{}.place) {
		err := r.suggestBy(ctx, suggestion{
			why:    func(_, _ *loose) result.Reason { return result.Reason{Code: result.ReasonSuggested, N: 1} },
			window: max(r.opt.TimeWindow, terms.DaySeconds/2),
			near:   r.opt.TimeWindow,
			bucket: func(l *loose) uint64 { return l.lot(l.place[i], true) },
			fits: func(p, c *loose) bool {
				return placesAgree(i, p, c) && !p.tailConflicts(c) && r.withinWindow(p, c) && !r.rejected(p, c)
			},
		})
		if err != nil {
			return err
		}
	}
	return r.suggestAmounts(ctx)
}

// suggestAmounts proposes pairs at one terminal within the window whose amounts
// differ as people make them differ (amountReason), each the only candidate of
// the other.
func (r *run) suggestAmounts(ctx context.Context) error {
	found := make([][][2]*loose, r.opt.Workers)
	err := r.meet(ctx, func(l *loose) uint64 {
		if !l.open() || l.time == 0 || l.tied != 0 {
			return 0
		}
		return l.lot(l.place[0], false)
	}, func(w int, p, c []uint32) { found[w] = append(found[w], r.nearAmounts(p, c)...) })
	for _, pair := range slices.Concat(found...) {
		r.propose(amountReason(pair[0], pair[1]), pair[0], pair[1])
	}
	return err
}

// amountForm is an amount that a row may stand under on the other side.
type amountForm struct {
	amount money.Fen
	row    uint32 // its place in the bucket
}

// nearAmounts finds such pairs among the rows of one terminal and kind. Shop's
// rows are filed under their amounts, clearing rows under those that the shop
// may have for them, so that none is compared with all.
func (r *run) nearAmounts(p, c []uint32) (found [][2]*loose) {
	var forms [2][]amountForm
	for i := range p {
		forms[pair.PosSide] = append(forms[pair.PosSide], amountForm{r.loose[pair.PosSide][p[i]].amount(), uint32(i)})
	}
	for j := range c {
		l := &r.loose[pair.ClearingSide][c[j]]
		fee := l.amount() - l.net
		for _, a := range appendSwapped([]money.Fen{l.amount() - fee, l.amount() + fee}, l.amount()) {
			forms[pair.ClearingSide] = append(forms[pair.ClearingSide], amountForm{a, uint32(j)})
		}
	}
	for _, list := range forms {
		slices.SortFunc(list, func(a, b amountForm) int { return cmp.Or(cmp.Compare(a.amount, b.amount), cmp.Compare(a.row, b.row)) })
	}
	only, of := newPartners(len(p)), newPartners(len(c))
	for a, b := forms[pair.PosSide], forms[pair.ClearingSide]; len(a) > 0 && len(b) > 0; {
		switch o := cmp.Compare(a[0].amount, b[0].amount); {
		case o < 0:
			a = a[1:]
		case o > 0:
			b = b[1:]
		default:
			n, m := sameAmount(a), sameAmount(b)
			for _, x := range a[:min(n, maxLook)] {
				for _, y := range b[:min(m, maxLook)] {
					l, q := &r.loose[pair.PosSide][p[x.row]], &r.loose[pair.ClearingSide][c[y.row]]
					if r.withinWindow(l, q) && !l.tailConflicts(q) && amountReason(l, q).Code != result.NoReason {
						only.note(x.row, y.row, result.NoKey)
						of.note(y.row, x.row, result.NoKey)
					}
				}
			}
			a, b = a[n:], b[m:]
		}
	}
	for i := range only {
		if o := only[i]; o.n == 1 && of[o.row].n == 1 {
			found = append(found, [2]*loose{&r.loose[pair.PosSide][p[i]], &r.loose[pair.ClearingSide][c[o.row]]})
		}
	}
	return found
}

// sameAmount counts the leading forms of one amount.
func sameAmount(list []amountForm) int {
	n := 1
	for n < len(list) && list[n].amount == list[0].amount {
		n++
	}
	return n
}

// appendSwapped adds what an amount becomes by swapping two neighbouring digits.
func appendSwapped(list []money.Fen, amount money.Fen) []money.Fen {
	size := abs(amount)
	for unit := money.Fen(1); unit*10 <= size && unit < 1<<58; unit *= 10 {
		if x, y := size/unit%10, size/unit/10%10; x != y {
			swapped := size + (y-x)*unit + (x-y)*unit*10
			if amount < 0 {
				swapped = -swapped
			}
			list = append(list, swapped)
		}
	}
	return list
}

// amountReason says how the amounts of a sale and a clearing row may have come
// to differ: two neighbouring digits swapped, or one of them less the fee.
func amountReason(p, c *loose) result.Reason {
	fee := c.amount() - c.net
	switch d := c.amount() - p.amount(); {
	case d == 0:
	case fee != 0 && (d == fee || d == -fee):
		return result.Reason{Code: result.ReasonNetOfFee, Amount: fee}
	case digitsSwapped(abs(p.amount()), abs(c.amount())):
		return result.Reason{Code: result.ReasonDigitsSwapped, Amount: d}
	}
	return result.Reason{}
}

// digitsSwapped says whether two amounts differ by two neighbouring digits that
// are swapped.
func digitsSwapped(a, b money.Fen) bool {
	if (a-b)%9 != 0 {
		return false // swapping never changes the sum of the digits
	}
	for unit := money.Fen(1); unit <= a && unit <= b; unit *= 10 {
		if x, y := a/unit%10, a/unit/10%10; x != y && b-a == (y-x)*unit+(x-y)*unit*10 {
			return true
		}
		if unit > 1<<58 {
			break
		}
	}
	return false
}

// placesAgree: two terminals that differ are two places, whatever the merchant.
func placesAgree(level int, p, c *loose) bool {
	return level == 0 || p.place[0] == 0 || c.place[0] == 0
}

// suggestion is one kind of evidence.
type suggestion struct {
	why    func(p, c *loose) result.Reason
	window int64                  // no candidate is further away
	near   int64                  // nor further than this, where all say the time of day
	bucket func(l *loose) uint64  // what must be equal; 0: the row does not say
	fits   func(p, c *loose) bool // the other gates
}

// withinDays says whether two rows can be one transaction by key_days.
func (r *run) withinDays(p, c *loose) bool {
	limit := r.opt.KeyDays * terms.DaySeconds
	if !p.code.Clock() || !c.code.Clock() {
		limit += terms.DaySeconds / 2
	}
	return abs(int64(p.time)-int64(c.time)) <= limit
}

// withinWindow says whether two times are within time_window. Where a row only
// says the day, the day is all that can be compared.
func (r *run) withinWindow(p, c *loose) bool {
	if !p.code.Clock() || !c.code.Clock() {
		return p.when().Date() == c.when().Date()
	}
	return abs(int64(p.time)-int64(c.time)) <= r.opt.TimeWindow
}

// distance ranks candidates. A day without a clock is equally near to all of that day.
func distance(a, b *loose) int64 {
	if !a.code.Clock() || !b.code.Clock() {
		return int64(abs(a.when().Date()-b.when().Date())) * terms.DaySeconds
	}
	return abs(int64(a.time) - int64(b.time))
}

// candidate is a row's best one, by its place in the bucket, how many are as
// good, and how near they are.
type candidate struct {
	at, ways int
	least    int64
}

// suggestBy proposes pairs by one kind of evidence.
func (r *run) suggestBy(ctx context.Context, s suggestion) error {
	found := make([][][2]*loose, r.opt.Workers)
	err := r.meet(ctx, func(l *loose) uint64 {
		if !l.open() || l.time == 0 || l.tied != 0 {
			return 0
		}
		return s.bucket(l)
	}, func(w int, p, c []uint32) {
		pairs := s.pairs(newShelf(r.loose[pair.PosSide], p), newShelf(r.loose[pair.ClearingSide], c))
		found[w] = append(found[w], pairs...)
	})
	for _, pair := range slices.Concat(found...) {
		r.propose(s.why(pair[0], pair[1]), pair[0], pair[1])
	}
	return err
}

// propose suggests a pair.
func (r *run) propose(why result.Reason, p, c *loose) {
	why.Seconds = abs(int64(p.time) - int64(c.time))
	p.proposed, c.proposed = true, true
	r.loosePair(result.Suggested, result.KeySuggestion, why, p, c)
}

// pairs are the pairs of which each row is the other's single best, and it
// notes the ties of the rest.
func (s *suggestion) pairs(p, c shelf) (found [][2]*loose) {
	bestP, bestC := make([]candidate, len(p.at)), make([]candidate, len(c.at))
	for i := range bestP {
		bestP[i] = c.best(p.row(i), s.window, s.near, func(o *loose) bool { return s.fits(p.row(i), o) })
	}
	for j := range bestC {
		bestC[j] = p.best(c.row(j), s.window, s.near, func(o *loose) bool { return s.fits(o, c.row(j)) })
	}
	for i, b := range bestP {
		if t := bestC[b.at]; b.ways == 1 && t.at == i && t.ways == 1 {
			l, o := p.row(i), c.row(b.at)
			l.done, o.done = true, true
			found = append(found, [2]*loose{l, o})
		}
	}
	p.tie(bestP, bestC, c)
	c.tie(bestC, bestP, p)
	return found
}

// tie notes of every row that has candidates and was not suggested, why: it has
// several that are equally good, or its best one has others as good as it, or
// a better one.
func (s shelf) tie(mine, theirs []candidate, others shelf) {
	for i, b := range mine {
		l := s.row(i)
		if l.done || b.ways == 0 {
			continue
		}
		l.tied = others.at[b.at] + 1
		switch t := theirs[b.at]; {
		case b.ways > 1:
			l.rival, l.ways = result.ReasonTie, uint32(b.ways)
		case t.least == b.least && t.ways > 1:
			l.rival, l.ways = result.ReasonRivals, uint32(t.ways)
		default:
			l.rival = result.ReasonNearerRival
		}
	}
}

// shelf is some of a side's loose rows, in time order.
type shelf struct {
	rows   []loose
	at     []uint32
	clocks bool // all of them have a clock time
}

func newShelf(rows []loose, at []uint32) shelf {
	s := shelf{rows: rows, at: at, clocks: true}
	for _, i := range at {
		s.clocks = s.clocks && rows[i].code.Clock()
	}
	return s
}

func (s shelf) row(i int) *loose { return &s.rows[s.at[i]] }

// best is the row's best candidate on the shelf.
func (s shelf) best(l *loose, window, near int64, fits func(*loose) bool) candidate {
	var b candidate
	least := int64(1 << 62)
	if s.clocks && l.code.Clock() {
		window = min(window, near)
	}
	s.outward(l, window, maxLook, func(i int) bool {
		o := s.row(i)
		d := distance(l, o)
		if d > least && s.clocks && l.code.Clock() {
			return false // nothing nearer comes any more
		}
		if d <= least && fits(o) {
			if d < least {
				least, b = d, candidate{at: i, least: d}
			}
			b.ways++
		}
		return true
	})
	return b
}

// outward visits the rows around l's time, nearest first (of equally near ones
// the earlier), until visit says no, window or limit is reached.
func (s shelf) outward(l *loose, window int64, limit int, visit func(i int) bool) {
	t := int64(l.time)
	hi, _ := slices.BinarySearchFunc(s.at, l.time, func(i uint32, t uint32) int { return cmp.Compare(s.rows[i].time, t) })
	for lo := hi - 1; limit > 0 && (lo >= 0 || hi < len(s.at)); limit-- {
		var i int
		if hi == len(s.at) || lo >= 0 && t-int64(s.row(lo).time) <= int64(s.row(hi).time)-t {
			i, lo = lo, lo-1
		} else {
			i, hi = hi, hi+1
		}
		if abs(int64(s.row(i).time)-t) > window || !visit(i) {
			return
		}
	}
}
