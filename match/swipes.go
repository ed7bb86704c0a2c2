package match

import (
	"cmp"
	"context"
	"math/bits"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// Repeated swipes are found on one side only: the shop's, where it shows
// terminal and card, else the acquirer's. Both would tell the same story at
// twice the price.

// swipeFields are what a row needs to be known as a swipe.
var swipeFields = record.FieldSet(0).With(record.TerminalID, record.CardTail)

// swipeSide says whether swipes are looked for on a side.
func (r *run) swipeSide(sd pair.Side) bool {
	shows := func(sd pair.Side) bool {
		src := r.source(sd)
		return src != nil && src.Carries()&swipeFields == swipeFields
	}
	if r.opt.Thresholds.SwipeCount < 2 {
		return false
	}
	return shows(sd) && (sd == pair.PosSide || !shows(pair.PosSide))
}

// swipe is what is kept of a sale until all of them are known, in 16 bytes.
type swipe struct {
	who  uint64 // fingerprint of terminal and card << 8 | position >> 32
	time uint32 // see factTime
	at   uint32 // position, low 32 bits
}

// swipePartBits are the bits of the fingerprint that choose the partition: few
// enough for the scan to write to, enough for a partition's filter to stay in
// a core's own cache.
const swipePartBits = 6

func (s *swipe) pos() record.Pos { return record.Pos(s.who&0xff)<<32 | record.Pos(s.at) }

// swipe files a sale under its terminal and card.
func (s *scanner) swipe(row *record.Row) {
	who := s.keyer.hashPair(row.Text[record.TerminalID], row.Text[record.CardTail])
	if who == 0 {
		return
	}
	f := s.swipes.next(uint32(who >> 32))
	f.who = who<<8 | uint64(row.Pos)>>32&0xff
	f.time, f.at = factTime(row), uint32(row.Pos)
}

// markSwipes flags all sales that belong to a run of at least SwipeCount with
// one card at one terminal within SwipeWindow seconds. It lets go of the
// swipes.
func (r *run) markSwipes(ctx context.Context, st *store[swipe], sd pair.Side) error {
	finders := make([]swipeFinder, r.opt.Workers)
	err := r.parallel(ctx, len(st.parts[sd]), func(w, p int) error {
		f := &finders[w]
		f.t = &r.opt.Thresholds
		return f.partition(st, sd, p)
	})
	if err != nil {
		return err
	}
	if err := r.countCopiesOnce(ctx, sd, finders); err != nil {
		return err
	}
	r.swiped = map[record.Pos]swiped{}
	for i := range finders {
		for _, s := range finders[i].found {
			r.marked[sd].add(s.pos, result.RepeatSwipe)
			r.swiped[s.pos] = s
		}
	}
	return nil
}

// countCopiesOnce decides the sales of one card at one terminal of which some
// are of the same time, and may be copies of one row. That takes their content,
// so they are read again.
func (r *run) countCopiesOnce(ctx context.Context, sd pair.Side, finders []swipeFinder) error {
	var doubt []swipe
	for i := range finders {
		doubt = append(doubt, finders[i].doubt...)
		finders[i].doubt = nil
	}
	if len(doubt) == 0 {
		return nil
	}
	slices.SortFunc(doubt, func(a, b swipe) int { return cmp.Compare(a.pos(), b.pos()) })
	at, saleOf := make([]record.Pos, len(doubt)), map[record.Pos]uint64{}
	sales := make([]uint64, len(doubt))
	for i := range doubt {
		at[i] = doubt[i].pos()
	}
	err := r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
		h, buf := newKeyer(r.opt.seed), []byte(nil)
		return func(i int, row *record.Row) { sales[i], buf = h.sale(buf, row) }
	})
	if err != nil {
		return err
	}
	for i, p := range at {
		saleOf[p] = sales[i]
	}
	slices.SortFunc(doubt, func(a, b swipe) int {
		return cmp.Or(cmp.Compare(a.who>>8, b.who>>8), cmp.Compare(a.time, b.time), cmp.Compare(saleOf[a.pos()], saleOf[b.pos()]), cmp.Compare(a.pos(), b.pos()))
	})
	f := &finders[0]
	f.t = &r.opt.Thresholds
	for run := doubt; len(run) > 0; {
		n := sameSwiper(run)
		f.repeatedOnce(run[:n], saleOf)
		run = run[n:]
	}
	return nil
}

// sale is a fingerprint by which copies of one row are known: its keys and
// amount, or everything that it says where it carries no key.
func (h *keyer) sale(buf []byte, row *record.Row) (uint64, []byte) {
	sum := uint64(row.Amount)
	any := false
	for _, k := range h.keys(row) {
		any = any || k != 0
		sum = mix(sum ^ k)
	}
	if v, ok := h.key(result.KeyRefAlone, row); ok {
		return mix(sum ^ v.lo), buf
	}
	if any {
		return sum, buf
	}
	return digest(buf, row)
}

// repeatedOnce is repeated with every sale counted once; its copies share what
// is found of it.
func (f *swipeFinder) repeatedOnce(run []swipe, saleOf map[record.Pos]uint64) {
	var once []swipe
	copies := map[record.Pos][]swipe{}
	for _, s := range run {
		if last := len(once) - 1; last >= 0 && once[last].time == s.time && saleOf[once[last].pos()] == saleOf[s.pos()] {
			copies[once[last].pos()] = append(copies[once[last].pos()], s)
			continue
		}
		once = append(once, s)
	}
	from := len(f.found)
	f.repeated(once)
	for _, s := range f.found[from:] {
		for _, c := range copies[s.pos] {
			f.found = append(f.found, swiped{c.pos(), s.n, s.seconds})
		}
	}
}

// swiped is a repeated swipe: one of so many in a row, and how many seconds lie
// between the first and the last of them.
type swiped struct {
	pos     record.Pos
	n       int32
	seconds int64
}

// swipeFinder looks for repeated swipes, partition by partition; it belongs to
// one goroutine. Nearly no sale is one, so a filter of small counters tells
// first which sales could be, and only those are sorted.
type swipeFinder struct {
	t     *terms.Thresholds
	cells []uint64 // 32 counters of two bits each
	shift uint     // a fingerprint's upper bits choose the counter
	maybe []swipe
	found []swiped
	doubt []swipe // all of one card's at one terminal, where two are of one time
}

// partition adds one partition's repeated swipes.
func (f *swipeFinder) partition(st *store[swipe], sd pair.Side, p int) error {
	n := bits.Len(uint(st.rows(p)) | 7)
	f.cells = resize(f.cells, 1<<(n-2)) // eight to sixteen counters a sale
	f.shift = uint(64 - (n + 3))
	if err := st.each(sd, p, f.count); err != nil {
		return err
	}
	f.maybe = f.maybe[:0]
	if err := st.drain(sd, p, f.sift); err != nil {
		return err
	}
	slices.SortFunc(f.maybe, func(a, b swipe) int {
		return cmp.Or(cmp.Compare(a.who>>8, b.who>>8), cmp.Compare(a.time, b.time))
	})
	for run := f.maybe; len(run) > 0; {
		n := sameSwiper(run)
		if simultaneous(run[:n]) {
			f.doubt = append(f.doubt, run[:n]...)
		} else {
			f.repeated(run[:n])
		}
		run = run[n:]
	}
	return nil
}

// sameSwiper counts the leading sales of one card at one terminal.
func sameSwiper(run []swipe) int {
	n := 1
	for n < len(run) && run[n].who>>8 == run[0].who>>8 {
		n++
	}
	return n
}

// simultaneous says whether two of some sales, in order of time, are of the
// same time.
func simultaneous(run []swipe) bool {
	for i := 1; i < len(run); i++ {
		if run[i].time == run[i-1].time {
			return true
		}
	}
	return false
}

// counters are the two that a sale counts in. Time is cut into pieces of at
// least SwipeWindow seconds and one more; each counter is of two neighbouring
// pieces, so that all sales of any window count in one of them.
func (f *swipeFinder) counters(s *swipe) (a, b uint64) {
	piece := uint64(s.time >> bits.Len64(uint64(f.t.SwipeWindow)))
	a = (s.who>>8 ^ piece<<40) * 0x9e3779b97f4a7c15
	b = (s.who>>8 ^ (piece+1)<<40) * 0x9e3779b97f4a7c15
	return a >> f.shift, b >> f.shift
}

// full is how far a counter counts; a larger SwipeCount lets more sales
// through than belong to a run.
const full = 3

func (f *swipeFinder) count(all []swipe) {
	for i := range all {
		a, b := f.counters(&all[i])
		f.up(a)
		f.up(b)
	}
}

func (f *swipeFinder) up(counter uint64) {
	w, bit := &f.cells[counter>>5], counter&31*2
	if *w>>bit&full != full {
		*w += 1 << bit
	}
}

// sift keeps the sales of which a counter has seen enough.
func (f *swipeFinder) sift(all []swipe) {
	enough := uint64(min(f.t.SwipeCount, full))
	for i := range all {
		a, b := f.counters(&all[i])
		if f.cells[a>>5]>>(a&31*2)&full >= enough || f.cells[b>>5]>>(b&31*2)&full >= enough {
			f.maybe = append(f.maybe, all[i])
		}
	}
}

// repeated adds those of one card's sales at one terminal, in order of time,
// that follow each other closely.
func (f *swipeFinder) repeated(run []swipe) {
	first, end := 0, 0 // the swipes in a row that are being gathered
	if len(run) < f.t.SwipeCount {
		return
	}
	for i := f.t.SwipeCount - 1; i < len(run); i++ {
		from := i - f.t.SwipeCount + 1
		if int64(run[i].time-run[from].time) > f.t.SwipeWindow {
			continue
		}
		if from >= end {
			f.inARow(run[first:end])
			first = from
		}
		end = i + 1
	}
	f.inARow(run[first:end])
}

// inARow adds swipes that follow each other closely, if there are any.
func (f *swipeFinder) inARow(row []swipe) {
	for i := range row {
		f.found = append(f.found, swiped{row[i].pos(), int32(len(row)), int64(row[len(row)-1].time - row[0].time)})
	}
}
