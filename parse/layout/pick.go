package layout

import (
	"encoding/binary"
	"slices"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// This file is the part of the binder that knows what nearly all cells look
// like, and how they resemble those of the row before. Whatever it does not
// recognise at once goes the long way of bind.go, with the same result.

// A pick is a use that rows are asked for.
type pick struct {
	use   int16
	plain bool
	cell  int32
}

// What the first byte of a cell may mean.
const (
	maybeGuard  = 1 << iota // a guard, a blank, a sign, dashes
	maybeAbsent             // a text that means nothing
)

// columnFacts is what helps to read a column's cells quickly.
type columnFacts struct {
	lazy   bool // not in picks: looked at when somebody asks
	bare   bool // an amount without prefix or sign of its own
	iso    bool // days are 2006-01-02, with or without 15:04:05
	colons bool // times of day may be 15:04:05
}

// liveText is a text field that a row may change.
type liveText struct {
	*textUse
	ident, needed bool
}

// A moment is a date or time as a column had it last: most columns of days
// repeat themselves, and most moments are in the month of the one before.
type moment struct {
	text  []byte
	clock bool // read as a time of day
	w     when
	// The text again as ends sees it, if it is short enough; then short is its
	// length.
	lo, hi uint64
	short  int

	month uint64      // the eight bytes of "2006-01-", 0 for none
	days  int32       // in that month
	zero  record.Date // the day before its first
}

// learnColumns finds out the columns' facts.
func (b *Binder) learnColumns() {
	p := b.p
	b.facts = make([]columnFacts, len(p.Uses))
	b.picked = make([][]byte, len(p.Uses))
	b.moments = make([]moment, len(p.Uses))
	for c := range b.special {
		if c < '0' || c == '=' || c == '`' { // a digit or letter is no guard
			b.special[c] = maybeGuard
		}
	}
	for i := range p.Uses {
		u := &p.Uses[i]
		if u.first != nil {
			for c, first := range u.first {
				if first {
					b.special[c] |= maybeAbsent
				}
			}
		}
		for _, a := range u.absent {
			b.lengths |= 1 << min(len(a), 63)
		}
		s := u.spec
		formats := func(text string) bool {
			return len(u.formats) == 0 || slices.ContainsFunc(u.formats, func(f dateFormat) bool { return f.text == text })
		}
		b.facts[i] = columnFacts{
			bare: s.Sign == "" && !s.WithCurrency && len(s.Prefix) == 0,
			iso:  len(u.formats) == 0 && u.zone == nil, colons: u.zone == nil && formats("hh:mm:ss"),
		}
	}
}

// choose makes the list of uses that rows are looked at for: what is typed,
// what conditions and totals look at, and the texts that are needed.
func (b *Binder) choose(need record.FieldSet) {
	p := b.p
	wanted := make([]bool, len(p.Uses))
	want := func(use int) {
		for ; use >= 0 && !wanted[use]; use = p.Uses[use].spec.or {
			wanted[use] = true
		}
	}
	for i := range p.bindings {
		for t, use := range p.bindings[i].at {
			f := record.Field(t)
			if t >= record.NumText || f == record.Currency || f == record.CardTypeText || f == record.PayMethod || f == record.CardTail ||
				Target(t).IsIdentifier() || need.Has(f) {
				want(int(use))
			}
		}
	}
	for _, c := range p.conds {
		want(c.use)
	}
	b.picks = []pick{}
	for i := range p.Uses {
		b.facts[i].lazy = !wanted[i]
		if wanted[i] {
			b.picks = append(b.picks, pick{use: int16(i), plain: p.Uses[i].plain, cell: int32(p.Uses[i].Cell)})
		}
	}
	b.need, b.row = need, nil
	b.quick.learn(b)
}

// pickAll finds the texts of a row, without guards; nil where a cell says
// nothing.
func (b *Binder) pickAll(cells [][]byte) {
	b.now = cells
	picked := b.picked
	for i := range b.picks {
		k := &b.picks[i]
		if uint(k.cell) >= uint(len(cells)) {
			picked[k.use] = nil
			continue
		}
		c := cells[k.cell]
		switch n := len(c); {
		case n == 0:
			picked[k.use] = nil
		case k.plain && c[n-1] > ' ' && (b.special[c[0]] == 0 || b.special[c[0]] == maybeAbsent && b.lengths>>min(n, 63)&1 == 0):
			picked[k.use] = c
		default:
			picked[k.use] = b.own(cells, k.use)
		}
	}
}

// settle makes row ready for rows under binding n: what no cell changes is put
// in place once, and what nobody asks for is not looked at again.
func (b *Binder) settle(n int16, row *record.Row) {
	if row != b.row {
		*row = record.Row{}
		b.row = row
		clear(b.live)
	}
	b.under = n
	bd := &b.p.bindings[n]
	known := b.live[n] != nil
	if !known {
		b.live[n] = []liveText{}
	}
	for i := range bd.texts {
		t := &bd.texts[i]
		ident := Target(t.field).IsIdentifier()
		switch {
		case t.use < 0:
			row.Text[t.field] = t.value
		case !ident && !b.need.Has(t.field) && t.field != record.Currency:
			row.Text[t.field] = nil
		case !known:
			b.live[n] = append(b.live[n], liveText{t, ident, b.need.Has(t.field)})
		}
	}
}

// cell is the text of a column without guards, or of the column that stands in
// for it; nil where they say nothing.
func (b *Binder) cell(use int16) []byte {
	for use >= 0 {
		c := b.picked[use]
		if b.facts[use].lazy {
			c = b.own(b.now, use)
		}
		if c != nil {
			return c
		}
		use = int16(b.p.Uses[use].spec.or)
	}
	return nil
}

// glance reads what it can of dates and times: a day of the same month as the
// one before, and times of day.
func (b *Binder) glance(c []byte, use int16) (w when, ok bool) {
	switch len(c) {
	case 8:
		if c[2] == ':' && b.facts[use].colons {
			w.sec, w.HasClock = clockOf(c)
			return w, w.HasClock
		}
	case 10, 19:
		m := &b.moments[use]
		if binary.LittleEndian.Uint64(c) != m.month || m.month == 0 {
			return w, false
		}
		d, digits := two(c[8:10])
		if !digits || d < 1 || d > int(m.days) {
			return w, false
		}
		w.day, w.HasDay = m.zero+record.Date(d), true
		if len(c) == 10 {
			return w, true
		}
		if c[10] != ' ' {
			return when{}, false
		}
		w.sec, w.HasClock = clockOf(c[11:])
		return w, w.HasClock
	}
	return w, false
}

// learn keeps what a cell was read as.
func (m *moment) learn(c []byte, w when, clock, iso bool) {
	m.text, m.clock, m.w, m.short = append(m.text[:0], c...), clock, w, 0
	if len(c) <= 16 {
		m.short = len(c)
		m.lo, m.hi = ends(c)
	}
	if !iso || clock || len(c) != 10 && len(c) != 19 || c[4] != '-' || c[7] != '-' || !w.HasDay {
		return
	}
	y, month, d := w.day.YMD()
	m.month, m.days, m.zero = binary.LittleEndian.Uint64(c), int32(record.DaysIn(y, month)), w.day-record.Date(d)
}

// clockOf reads 15:04:05, its eight bytes at once: with 00:00:00 taken off,
// digits are 0 to 9 and colons 0.
func clockOf(c []byte) (sec int32, ok bool) {
	const zero, over = 0x30303A30303A3030, 0x76767F76767F7676
	x := binary.LittleEndian.Uint64(c) ^ zero
	if (x|(x+over))&highBits != 0 {
		return 0, false
	}
	hh := x&15*10 + x>>8&15
	mm := x>>24&15*10 + x>>32&15
	ss := x>>48&15*10 + x>>56
	return int32(hh*3600 + mm*60 + ss), hh <= 23 && mm <= 59 && ss <= 59
}

// isMaskedCard says whether c is six digits, asterisks and four digits: a card
// number as nearly all files have it.
func isMaskedCard(c []byte) bool {
	n := len(c)
	if n < 13 || n > 19 {
		return false
	}
	if n == 16 {
		lo, hi := ends(c)
		return lo>>48 == 0x2A2A && uint32(hi) == 0x2A2A2A2A && areDigits(lo&(1<<48-1)|zeros&^(1<<48-1)) && areDigits(hi>>32|zeros&^(1<<32-1))
	}
	for _, x := range c[6 : n-4] {
		if x != '*' {
			return false
		}
	}
	digits := true
	for i := range 6 {
		digits = digits && text.IsDigit(c[i])
	}
	for i := n - 4; i < n; i++ {
		digits = digits && text.IsDigit(c[i])
	}
	return digits
}

// A wordMemo remembers what the words of a column mean. Most columns have few,
// so the last ones are looked at first.
type wordMemo struct {
	recent [4]struct {
		text  []byte
		means Meaning
	}
	used, next int
	all        map[string]Meaning
}

func (w *wordMemo) get(c []byte) (Meaning, bool) {
	for i := range w.recent[:w.used] {
		if r := &w.recent[i]; string(r.text) == string(c) {
			return r.means, true
		}
	}
	m, ok := w.all[string(c)]
	if ok {
		w.keep(c, m)
	}
	return m, ok
}

func (w *wordMemo) put(c []byte, m Meaning) {
	if w.all == nil {
		w.all = map[string]Meaning{}
	}
	if len(w.all) < maxMemo {
		w.all[string(c)] = m
	}
	w.keep(c, m)
}

func (w *wordMemo) keep(c []byte, m Meaning) {
	r := &w.recent[w.next]
	r.text, r.means = append(r.text[:0], c...), m
	w.next = (w.next + 1) % len(w.recent)
	w.used = max(w.used, w.next, 1)
	if w.next == 0 {
		w.used = len(w.recent)
	}
}
