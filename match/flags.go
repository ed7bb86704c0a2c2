package match

import (
	"cmp"
	"hash/maphash"
	"slices"
	"sync/atomic"

	"duizhang/parse"
	"duizhang/parse/money"
)

// Thresholds are the settings of the risk flags.
type Thresholds struct {
	// OffFrom and OffTo bound the hours in which a shop does not sell, in
	// seconds of the day, OffTo excluded; the span may cross midnight. Equal:
	// no such hours.
	OffFrom, OffTo int
	// SwipeCount sales with one card at one terminal within SwipeWindow
	// seconds are a repeat_swipe.
	SwipeCount  int
	SwipeWindow int64
}

// DefaultThresholds: 02:00 to 05:00 is off hours, and three swipes within five
// minutes repeat.
var DefaultThresholds = Thresholds{OffFrom: 2 * 3600, OffTo: 5 * 3600, SwipeCount: 3, SwipeWindow: 300}

// offHours says whether a moment lies in the hours in which nobody sells.
func (t *Thresholds) offHours(at parse.Time, hasClock bool) bool {
	if !hasClock || t.OffFrom == t.OffTo {
		return false
	}
	clock := at.Clock()
	if t.OffFrom < t.OffTo {
		return clock >= t.OffFrom && clock < t.OffTo
	}
	return clock >= t.OffFrom || clock < t.OffTo
}

// overLimit says whether one sale is larger than the contract allows.
func (c *Contract) overLimit(kind parse.Kind, amount money.Fen) bool {
	return c.Limit > 0 && amount > c.Limit && (kind == parse.Sale || kind == parse.PreauthComplete)
}

// refundLate says whether a refund took longer than the contract's business
// days: from the day it was asked for until the day it cleared, or, where it
// has not (done is 0), until the as-of day.
func refundLate(cal *Calendar, c *Contract, asked, done, asOf parse.Date) bool {
	if c.RefundDays == 0 || asked == 0 {
		return false
	}
	if done == 0 {
		done = asOf
	}
	return cal.Workdays(asked, done) > int32(c.RefundDays)
}

// swipeSketch finds the few rows that can be part of a repeated swipe without
// keeping all of them: it counts rows per (terminal, card, window) in cells of
// two bits that several may share. A row is suspect if its cell and a
// neighbouring one hold SwipeCount together; sharing makes suspects of
// innocents, never innocents of suspects. It is safe for concurrent use.
//
// The first scan calls add; only if any is true afterwards, a second scan
// collects the rows for which suspect holds, and repeatSwipes judges them.
type swipeSketch struct {
	seed  maphash.Seed
	cells []atomic.Uint32 // sixteen cells each
	mask  uint64
	count int
	span  int64
	hot   atomic.Bool
}

// Bounds of the sketch: eight cells a row, from 64 KiB to 64 MiB.
const (
	sketchCellsPerRow = 8
	minSketchCells    = 1 << 18
	maxSketchCells    = 1 << 28
)

// newSwipeSketch makes a sketch for about so many rows.
func newSwipeSketch(t *Thresholds, rows int64) *swipeSketch {
	cells := int64(minSketchCells)
	for cells < rows*sketchCellsPerRow && cells < maxSketchCells {
		cells *= 2
	}
	return &swipeSketch{seed: maphash.MakeSeed(), cells: make([]atomic.Uint32, cells/16), mask: uint64(cells - 1), count: t.SwipeCount, span: max(t.SwipeWindow, 1)}
}

// cell is where a terminal's card is counted for one window.
func (s *swipeSketch) cell(hash uint64, window int64) uint64 {
	x := hash + uint64(window)*0x9E3779B97F4A7C15
	x ^= x >> 32
	x *= 0xD6E8FEB86659FD93
	x ^= x >> 32
	return x & s.mask
}

// hash is the sketch's own hash of a terminal and a card.
func (s *swipeSketch) hash(terminal, card []byte) uint64 {
	return maphash.Bytes(s.seed, terminal)*31 + maphash.Bytes(s.seed, card)
}

// full is the largest count of a cell.
const full = 3

// bump counts one row in a cell and returns the count after it.
func (s *swipeSketch) bump(cell uint64) int {
	word, shift := &s.cells[cell/16], cell%16*2
	for {
		old := word.Load()
		n := old >> shift & full
		if n == full {
			return full
		}
		if word.CompareAndSwap(old, old+1<<shift) {
			return int(n) + 1
		}
	}
}

func (s *swipeSketch) load(cell uint64) int {
	return int(s.cells[cell/16].Load() >> (cell % 16 * 2) & full)
}

// enough says whether two neighbouring cells can hold a repeated swipe.
// Cells stop counting at three, so that more is asked of nobody.
func (s *swipeSketch) enough(a, b int) bool { return a+b >= min(s.count, full) }

// add counts a sale. Rows without terminal, card or clock are not added.
func (s *swipeSketch) add(hash uint64, at parse.Time) {
	w := int64(at) / s.span
	n := s.bump(s.cell(hash, w))
	if s.hot.Load() {
		return
	}
	if s.enough(n, s.load(s.cell(hash, w-1))) || s.enough(n, s.load(s.cell(hash, w+1))) {
		s.hot.Store(true)
	}
}

// any says whether any row can be part of a repeated swipe.
func (s *swipeSketch) any() bool { return s.hot.Load() }

// suspect says whether a sale can be part of one, after all were added.
func (s *swipeSketch) suspect(hash uint64, at parse.Time) bool {
	w := int64(at) / s.span
	n := s.load(s.cell(hash, w))
	return s.enough(n, s.load(s.cell(hash, w-1))) || s.enough(n, s.load(s.cell(hash, w+1)))
}

// swipe is a suspect sale.
type swipe struct {
	terminal, card string
	at             parse.Time
	pos            parse.Pos
}

// repeatSwipes are the positions, ascending, of all sales that belong to a run
// of at least count sales with the same card at the same terminal within
// window seconds.
func repeatSwipes(list []swipe, t *Thresholds) []parse.Pos {
	slices.SortFunc(list, func(a, b swipe) int {
		return cmp.Or(cmp.Compare(a.terminal, b.terminal), cmp.Compare(a.card, b.card), cmp.Compare(a.at, b.at), cmp.Compare(a.pos, b.pos))
	})
	n := t.SwipeCount
	if n < 2 {
		return nil
	}
	var found []parse.Pos
	marked := 0 // rows before it are already in found
	for i := n - 1; i < len(list); i++ {
		first, last := list[i-n+1], list[i]
		if first.terminal != last.terminal || first.card != last.card || int64(last.at-first.at) > t.SwipeWindow {
			continue
		}
		for j := max(marked, i-n+1); j <= i; j++ {
			found = append(found, list[j].pos)
		}
		marked = i + 1
	}
	slices.Sort(found)
	return found
}
