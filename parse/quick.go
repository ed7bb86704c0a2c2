package parse

import (
	"encoding/binary"

	"duizhang/parse/money"
)

// A quick reads the rows that look like nearly all rows of their file; the rest
// it leaves to the long way of bind.go, whose result it has to have.
//
// What a row is hangs on the words of a few of its columns: kind, status, how
// it was paid, and whatever the layout's rules look at. Files have few
// different combinations of them. The first row of each goes the long way to
// find out what its words mean; that is the recipe for the others, which then
// only have their amounts, moments and texts read.
type quick struct {
	off  bool
	rows int // read or declined so far
	long int // of those declined

	words   []quickWord
	first   cellMemo // first cells that are no total
	unread  []cellMemo
	ways    []quickWay         // by binding
	recent  [64]*recipe        // by a hash of the key
	recipes map[uint64]*recipe // all
}

// What is looked at in a column of words.
type wordForm uint8

const (
	wordText  wordForm = iota // the text
	wordShape                 // whether it is empty, zero or something else
	wordCard                  // whether it begins like a card number
)

// A quickWord is a column that says what a row is.
type quickWord struct {
	quickCell
	form wordForm
	memo cellMemo
	ids  map[string]uint8
}

// A recipe is what rows with the same words are.
type recipe struct {
	key      uint64
	long     bool // they go the long way
	binding  int16
	kind     Kind
	status   Status
	cardType CardType
	channel  Channel
	out      bool // the direction says that the amount went out
	currency []byte
}

// A quickWay is where the rows of a binding have what.
type quickWay struct {
	made     bool
	amount   quickCell
	in, out  quickCell
	fee      quickCell
	net      quickCell
	credited quickCell
	time     quickCell
	date     quickCell
	clock    quickCell
	days     [3]quickCell
	texts    []quickText
}

// A quickCell is where a value stands; use is -1 for nowhere.
type quickCell struct {
	use   int16
	plain bool // nothing but the cell itself makes its text
	cell  int32
}

// A quickText is where a text stands that a row may change.
type quickText struct {
	quickCell
	field  Field
	ident  bool
	needed bool
	ref    bool // zeros only are no reference
	value  []byte
}

// maxWords is how many columns may say what a row is: their numbers must fit
// into one word.
const maxWords = 8

// quickTrial is how many rows are read before it is seen whether it is worth it.
const quickTrial = 4096

// learn makes q ready for the document and for what rows are asked for.
func (q *quick) learn(b *binder) {
	p := b.p
	*q = quick{
		unread: make([]cellMemo, len(p.unread)), ways: make([]quickWay, len(p.bindings)), recipes: map[uint64]*recipe{},
	}
	q.off = len(p.skipLines) > 0 && p.form == formDelimited || b.counting && p.countsColumns() || !p.showsHeader() || !q.findWords(b)
}

// countsColumns says whether a declared total is of a column as printed.
func (p *plan) countsColumns() bool {
	for i := range p.controls {
		for _, s := range p.controls[i].sums {
			if s.col >= 0 {
				return true
			}
		}
	}
	return false
}

// showsHeader says whether a header that comes again could not be taken for a
// row, because what stands where rows have their amount is none.
func (p *plan) showsHeader() bool {
	for i := range p.bindings {
		at := &p.bindings[i].at
		for _, t := range [...]target{target(FieldAmount), targetAmountIn, targetAmountOut} {
			if at[t] < 0 {
				continue
			}
			if _, err := money.Parse(p.uses[at[t]].header, money.Yuan); err == nil || err == money.ErrEmpty {
				return false
			}
		}
	}
	return true
}

// findWords lists the columns that say what a row is; false if they are too
// many, or of a kind that has no few words.
func (q *quick) findWords(b *binder) bool {
	p := b.p
	forms := map[int16]wordForm{}
	note := func(use int16, form wordForm) {
		for ; use >= 0; use = int16(p.uses[use].spec.or) {
			if old, ok := forms[use]; !ok || form < old {
				forms[use] = form
			}
		}
	}
	for _, c := range p.conds {
		form := wordShape
		if c.exact {
			form = wordText
		}
		note(int16(c.use), form)
	}
	for i := range p.bindings {
		at := &p.bindings[i].at
		for _, t := range [...]target{target(FieldKind), target(FieldStatus), target(CardTypeText), target(PayMethod), target(Currency), targetChannel, targetDirection} {
			note(at[t], wordText)
		}
		note(at[CardTail], wordCard)
	}
	for use := range p.uses {
		form, ok := forms[int16(use)]
		if !ok || p.uses[use].cell < 0 {
			continue
		}
		if len(q.words) == maxWords || form == wordText && p.isValue(use) {
			return false
		}
		q.words = append(q.words, quickWord{quickCell: p.quickCell(int16(use)), form: form, ids: map[string]uint8{}})
	}
	return true
}

// isValue says whether a column has an amount, a date or a time, of which no
// two rows have the same.
func (p *plan) isValue(use int) bool {
	for i := range p.bindings {
		for t, u := range p.bindings[i].at {
			if int(u) == use && (target(t).isMoney() || target(t).isWhen()) {
				return true
			}
		}
	}
	return false
}

// read reads a row if it can: true means that it is accepted and row filled in.
func (q *quick) read(b *binder, cells [][]byte, row *Row) bool {
	if q.off {
		return false
	}
	q.rows++
	if q.isRow(b, cells) {
		if r := q.recipe(b, cells); r != nil && !r.long && q.fill(b, r, cells, row) {
			return true
		}
	}
	q.long++
	q.off = q.rows >= quickTrial && q.long > q.rows/2
	return false
}

// isRow says whether a row certainly is no title, ruler, total or remark, and
// has no more and no fewer cells than rows have.
func (q *quick) isRow(b *binder, cells [][]byte) bool {
	p := b.p
	if p.form == formDelimited && (len(cells) < p.minCells || len(cells) > p.maxCells) {
		return false
	}
	i := 0
	for i < len(cells) && len(cells[i]) == 0 {
		i++
	}
	if i == len(cells) || cells[i][0] <= ' ' {
		return false
	}
	if first := cells[i]; p.layout.c.builtin {
		switch firstBytes[first[0]] {
		case firstOdd:
			return false
		case firstWord:
			if q.first.get(first) == 0 && !q.noTotal(b, first) {
				return false
			}
		}
	}
	for i := range p.unread {
		u := &p.unread[i]
		if u.cell >= len(cells) || q.unread[i].get(cells[u.cell]) != 0 {
			continue
		}
		if c := cells[u.cell]; len(c) > 0 && !(isDigit(c[0]) && !u.flag) {
			if b.unreadCell(u, c) != nil {
				return false
			}
			q.unread[i].put(c, 1)
		}
	}
	return true
}

// What the first byte of a row's first cell may mean.
const (
	firstPlain = iota
	firstWord  // the word may be a total
	firstOdd   // a remark or a ruler
)

var firstBytes = func() (t [256]uint8) {
	for c := range t {
		if c >= 0x80 {
			t[c] = firstWord
		}
	}
	for _, c := range []byte("tTsSgG") {
		t[c] = firstWord
	}
	for _, c := range []byte("#-=_*+") {
		t[c] = firstOdd
	}
	return t
}()

// noTotal asks the long way whether the first cell of a row is no total's.
func (q *quick) noTotal(b *binder, first []byte) bool {
	total, known := b.totals[string(trim(first))]
	if total || !known {
		return false
	}
	q.first.put(first, 1)
	return true
}

// recipe is what the words of a row make of it; nil if there are too many
// different ones.
func (q *quick) recipe(b *binder, cells [][]byte) *recipe {
	var key uint64
	for i := range q.words {
		w := &q.words[i]
		id := w.id(b, cells)
		if id == 0 {
			return nil
		}
		key = key<<8 | uint64(id)
	}
	recent := &q.recent[key*0x9E3779B97F4A7C15>>58]
	if r := *recent; r != nil && r.key == key {
		return r
	}
	r, ok := q.recipes[key]
	if !ok {
		if len(q.recipes) >= maxMemo {
			return nil
		}
		r = q.learnRecipe(b, key, cells)
		q.recipes[key] = r
	}
	*recent = r
	return r
}

// id is the number of the word in a row, 0 if the column has too many.
func (w *quickWord) id(b *binder, cells [][]byte) uint8 {
	switch w.form {
	case wordCard:
		c := w.text(b, cells)
		return 1 + uint8(btoi(startsAsCard(c)))<<1 + uint8(btoi(c != nil))
	case wordShape:
		c := w.text(b, cells)
		return 1 + uint8(btoi(c != nil))<<1 + uint8(btoi(isZero(c)))
	}
	var c []byte
	if int(w.cell) < len(cells) {
		c = cells[w.cell]
	}
	if id := w.memo.get(c); id != 0 {
		return id
	}
	id, ok := w.ids[string(c)]
	if !ok {
		if len(w.ids) == 255 {
			return 0
		}
		id = uint8(len(w.ids) + 1)
		w.ids[string(c)] = id
	}
	w.memo.put(c, id)
	return id
}

// learnRecipe asks the long way what the words of a row mean.
func (q *quick) learnRecipe(b *binder, key uint64, cells [][]byte) *recipe {
	r := &recipe{key: key, long: true}
	b.pickAll(cells)
	n := b.variant(cells)
	if n < 0 {
		return r
	}
	bd := &b.p.bindings[n]
	if bd.rule != nil && bd.rule.reject >= 0 {
		return r
	}
	var row Row
	if v, _ := b.words(cells, bd, &row); v != accept {
		return r
	}
	if use := bd.at[targetDirection]; use >= 0 {
		m, p := b.lookup(cells, use, b.p.layout.c.direction, &b.directions)
		if p != nil || m == meansSkip {
			return r
		}
		r.out = m == directionOut
	}
	for _, t := range bd.texts {
		if c := b.cell(t.use); t.field == Currency && c != nil {
			v, p := b.currencyOf(c, t.use)
			if p != nil {
				return r
			}
			r.currency = v
		}
	}
	r.long, r.binding = false, n
	r.kind, r.status, r.cardType, r.channel = row.Kind, row.Status, row.CardType, row.Channel
	if !q.ways[n].made {
		q.ways[n].learn(b, bd)
	}
	return r
}

// learn finds where the rows of a binding have what.
func (w *quickWay) learn(b *binder, bd *binding) {
	at := func(t target) quickCell { return b.p.quickCell(bd.at[t]) }
	*w = quickWay{
		made: true, amount: at(target(FieldAmount)), in: at(targetAmountIn), out: at(targetAmountOut),
		fee: at(target(FieldFee)), net: at(target(FieldNet)), credited: at(target(FieldCredited)),
		time: at(target(FieldTime)), date: at(targetDate), clock: at(targetClock),
		days: [3]quickCell{at(target(FieldClearingDate)), at(target(FieldSettleDate)), at(target(FieldCreditedDate))},
	}
	for _, t := range bd.texts {
		ident, needed := target(t.field).isIdentifier(), b.need.Has(t.field)
		if t.use < 0 || !ident && !needed && t.field != Currency {
			continue // settle has put them in place
		}
		w.texts = append(w.texts, quickText{
			quickCell: b.p.quickCell(t.use), field: t.field, ident: ident, needed: needed, ref: isReference(t.field), value: t.value,
		})
	}
}

// quickCell is where a use stands.
func (p *plan) quickCell(use int16) quickCell {
	if use < 0 {
		return quickCell{use: -1}
	}
	u := &p.uses[use]
	return quickCell{use: use, plain: u.plain && u.spec.or < 0, cell: int32(u.cell)}
}

// text is the text of a column or of one that stands in for it, nil where they
// say nothing.
func (k *quickCell) text(b *binder, cells [][]byte) []byte {
	if uint(k.cell) < uint(len(cells)) && k.plain {
		c := cells[k.cell]
		n := len(c)
		if n == 0 {
			return nil
		}
		if c[n-1] > ' ' && (b.special[c[0]] == 0 || b.special[c[0]] == maybeAbsent && b.lengths>>min(n, 63)&1 == 0) {
			return c
		}
	}
	for use := k.use; use >= 0; use = int16(b.p.uses[use].spec.or) {
		if c := b.own(cells, use); c != nil {
			return c
		}
	}
	return nil
}

// fill reads the values of a row; false if one of them is not as it should be.
func (q *quick) fill(b *binder, r *recipe, cells [][]byte, row *Row) bool {
	if r.binding != b.under || row != b.row {
		b.settle(r.binding, row)
	}
	w := &q.ways[r.binding]
	row.Kind, row.Status, row.CardType, row.Channel = r.kind, r.status, r.cardType, r.channel
	return q.money(b, r, w, cells, row) && q.times(b, w, cells, row) && q.texts(b, r, w, cells, row)
}

// money reads the amounts of a row.
func (q *quick) money(b *binder, r *recipe, w *quickWay, cells [][]byte, row *Row) (ok bool) {
	var a money.Fen
	if w.amount.use >= 0 {
		var has bool
		if a, has, ok = q.fen(b, cells, &w.amount); !ok || !has {
			return false
		}
		if r.out {
			a = -a.Abs()
		}
	} else {
		in, hasIn, ok1 := q.fen(b, cells, &w.in)
		out, hasOut, ok2 := q.fen(b, cells, &w.out)
		if !ok1 || !ok2 || !hasIn && !hasOut || in != 0 && out != 0 {
			return false
		}
		if a = in; out != 0 {
			a = -out.Abs()
		}
	}
	var ok1, ok2, ok3 bool
	row.Fee, row.HasFee, ok1 = q.fen(b, cells, &w.fee)
	row.Net, row.HasNet, ok2 = q.fen(b, cells, &w.net)
	row.Credited, row.HasCredited, ok3 = q.fen(b, cells, &w.credited)
	b.sign(a, b.p.bindings[r.binding].rule, row)
	return ok1 && ok2 && ok3
}

// fen reads an amount; ok is false where it cannot be read.
func (q *quick) fen(b *binder, cells [][]byte, k *quickCell) (f money.Fen, has, ok bool) {
	if k.use < 0 {
		return 0, false, true
	}
	c := k.text(b, cells)
	if c == nil {
		return 0, false, true
	}
	if n := len(c); n >= 4 && n <= 11 && c[n-3] == '.' && cap(c) >= 8 && b.facts[k.use].bare && b.p.uses[k.use].unit == money.Yuan {
		// 12345678.90: the digits before the point pushed to the end of a word
		// that has zeros in front.
		whole := binary.LittleEndian.Uint64(c[:8])<<(uint(11-n)*8&63) | zeros>>(uint(n-3)*8&63)
		d1, d2 := c[n-2]-'0', c[n-1]-'0'
		if areDigits(whole) && d1 <= 9 && d2 <= 9 {
			return money.Fen(eightDigits(whole)*100 + uint64(d1)*10 + uint64(d2)), true, true
		}
	}
	f, has, p := b.fenOf(c, k.use)
	return f, has, p == nil
}

// times reads the moment of trade and the other days.
func (q *quick) times(b *binder, w *quickWay, cells [][]byte, row *Row) bool {
	t, ok := q.when(b, cells, &w.time, w.date.use >= 0)
	if w.date.use >= 0 || w.clock.use >= 0 {
		d, ok1 := q.when(b, cells, &w.date, false)
		clock, ok2 := q.when(b, cells, &w.clock, true)
		t, ok = together(t, d, clock), ok && ok1 && ok2
	}
	switch {
	case !ok:
		return false
	case t.hasDay:
		row.Time, row.HasClock = t.time(), t.hasClock
	case t.hasClock || b.p.layout.c.mustTime:
		return false
	default:
		row.Time, row.HasClock = 0, false
	}
	row.ClearingDate, row.SettleDate, row.CreditedDate = b.p.dates[0], b.p.dates[1], b.p.dates[2]
	return q.day(b, cells, &w.days[0], &row.ClearingDate) && q.day(b, cells, &w.days[1], &row.SettleDate) && q.day(b, cells, &w.days[2], &row.CreditedDate)
}

// when reads a date or time; zero where the cell says nothing.
func (q *quick) when(b *binder, cells [][]byte, k *quickCell, asClock bool) (when, bool) {
	if k.use < 0 {
		return when{}, true
	}
	c := k.text(b, cells)
	if c == nil {
		return when{}, true
	}
	w, ok, p := b.whenOf(c, k.use, asClock)
	if p != nil || !ok {
		return when{}, p == nil
	}
	return w, true
}

func (q *quick) day(b *binder, cells [][]byte, k *quickCell, to *Date) bool {
	if k.use < 0 {
		return true
	}
	w, ok := q.when(b, cells, k, false)
	if w.hasDay {
		*to = w.day
		return ok
	}
	return ok && w == when{} && !b.p.uses[k.use].spec.Required
}

// texts reads the texts of a row that are asked for, and sees to it that no
// identifier has lost digits.
func (q *quick) texts(b *binder, r *recipe, w *quickWay, cells [][]byte, row *Row) bool {
	for i := range w.texts {
		t := &w.texts[i]
		c := t.text(b, cells)
		if !t.ident && len(b.p.uses[t.use].more) > 0 {
			c = b.joined(cells, c, t.use)
		}
		if c == nil {
			row.Text[t.field] = t.value
			continue
		}
		switch {
		case t.ident && allDigits(c) && len(c) <= maxIdentifier:
			if t.ref && c[0] == '0' && c[len(c)-1] == '0' && allZeros(c) {
				c = t.value
			}
		case t.ident:
			if len(c) > maxIdentifier || mayBeMangled(c) && lostPrecision(c) {
				return false
			}
			if t.needed && (c[0] == '0' || !isPlain(c)) {
				c = b.identifier(c, t.field)
			}
		case t.field == Currency:
			c = r.currency
		case t.field == CardTail:
			c = b.cardTail(c)
		case t.field == Account:
			c = b.account(c)
		default:
			c = b.freeText(c)
		}
		if !t.needed && t.field != Currency {
			continue
		}
		if c == nil {
			c = t.value
		}
		row.Text[t.field] = c
	}
	return true
}
