package layout

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
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
	wordShape                 // whether it is empty, zero, or begins like a card number
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
	kind     record.Kind
	status   record.Status
	cardType record.CardType
	channel  record.Channel
	undone   bool // the acquirer says that it is not settled
	out      bool // the direction says that the amount went out
	currency []byte
	zone     *zone // that the row names
}

// A quickWay is how the rows of a binding are read: what is to be done with
// which of their cells.
type quickWay struct {
	made  bool
	steps []quickStep
}

// quickOp is what is done with a cell.
type quickOp uint8

const (
	readFen   quickOp = iota // into an amount
	readDay                  // into a moment; most rows have that of the row before
	readTime                 // into a moment, with a time of day mostly
	readClock                // into a moment; a short number is a time of day
	readKey                  // an identifier
	readCard
	readAccount
	readFree     // other text
	readCurrency // which the recipe knows
)

// Where amounts and moments are put.
const (
	fenAmount = iota
	fenIn
	fenOut
	fenFee
	fenNet
	fenCredited
	numFens
)

const (
	dayClearing = iota
	daySettle
	dayCredited
	dayPromised
	dayTrade
	clockTrade
	timeTrade
	numWhens
)

// A quickStep is one cell and what is done with it.
type quickStep struct {
	quickCell
	op       quickOp
	to       uint8        // of the amounts or moments
	field    record.Field // of the texts
	needed   bool         // the text is asked for
	ref      bool         // a text of zeros only is none
	yuan     bool         // an amount in yuan with nothing around it
	whole    bool         // one without decimals needs a closer look
	required bool
	value    []byte // where the cell has no text
}

// A quickCell is where a value stands; use is -1 for nowhere.
type quickCell struct {
	use   int16
	plain bool // nothing but the cell itself makes its text
	cell  int32
}

// quickValues are a row's amounts and moments, as read.
type quickValues struct {
	fens  [numFens]money.Fen
	has   [numFens]bool
	whens [numWhens]when
}

// maxWords is how many columns may say what a row is: their numbers must fit
// into one word.
const maxWords = 8

// quickTrial is how many rows are read before it is seen whether it is worth it.
const quickTrial = 4096

// learn makes q ready for the document and for what rows are asked for.
func (q *quick) learn(b *Binder) {
	p := b.p
	*q = quick{
		unread: make([]cellMemo, len(p.unread)), ways: make([]quickWay, len(p.bindings)), recipes: map[uint64]*recipe{},
	}
	q.off = len(p.skipLines) > 0 && p.Form == FormDelimited || b.Counting && p.countsColumns() || p.addsColumns() || p.HasBatches() || p.Layout.Compiled.feeSign == feeByWord || len(p.identity.specs) > 0 || !p.showsHeader() || !q.findWords(b)
}

// addsColumns says whether an amount is a sum of columns.
func (p *Plan) addsColumns() bool {
	return slices.ContainsFunc(p.Uses, func(u columnUse) bool { return len(u.spec.add) > 0 })
}

// countsColumns says whether a declared total is of a column as printed.
func (p *Plan) countsColumns() bool {
	for i := range p.Controls {
		for _, s := range p.Controls[i].sums {
			if s.col >= 0 {
				return true
			}
		}
	}
	return false
}

// showsHeader says whether a header that comes again could not be taken for a
// row, because what stands where rows have their amount is none.
func (p *Plan) showsHeader() bool {
	for i := range p.bindings {
		at := &p.bindings[i].at
		for _, t := range [...]Target{Target(record.FieldAmount), targetAmountIn, targetAmountOut} {
			if at[t] < 0 {
				continue
			}
			if _, err := money.Parse(p.Uses[at[t]].Header, money.Yuan); err == nil || err == money.ErrEmpty {
				return false
			}
		}
	}
	return true
}

// findWords lists the columns that say what a row is; false if they are too
// many, or of a kind that has no few words.
func (q *quick) findWords(b *Binder) bool {
	p := b.p
	forms := map[int16]wordForm{}
	note := func(use int16, form wordForm) {
		for ; use >= 0; use = int16(p.Uses[use].spec.or) {
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
		for _, t := range [...]Target{Target(record.FieldKind), Target(record.FieldStatus), Target(record.CardTypeText), Target(record.PayMethod), Target(record.Currency), targetChannel, targetDirection, targetZone} {
			note(at[t], wordText)
		}
		note(at[record.CardTail], wordShape)
	}
	for use := range p.Uses {
		form, ok := forms[int16(use)]
		if !ok || p.Uses[use].Cell < 0 {
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
func (p *Plan) isValue(use int) bool {
	for i := range p.bindings {
		for t, u := range p.bindings[i].at {
			if int(u) == use && (Target(t).isMoney() || Target(t).IsWhen()) {
				return true
			}
		}
	}
	return false
}

// read reads a row if it can: true means that it is accepted and row filled in.
func (q *quick) read(b *Binder, raw *text.Record, row *record.Row) bool {
	if q.off {
		return false
	}
	q.rows++
	if q.isRow(b, raw) {
		if r := q.recipe(b, raw); r != nil && !r.long && q.fill(b, r, raw, row) {
			return true
		}
	}
	q.long++
	q.off = q.rows >= quickTrial && q.long > q.rows/2
	return false
}

// isRow says whether a row certainly is no title, ruler, total or remark, and
// has no more and no fewer cells than rows have.
func (q *quick) isRow(b *Binder, raw *text.Record) bool {
	p, text, cells := b.p, raw.Text, raw.Spans
	if p.Form == FormDelimited && (len(cells) < p.MinCells || len(cells) > p.maxCells) {
		return false
	}
	i := 0
	for i < len(cells) && cells[i].From == cells[i].To {
		i++
	}
	if i == len(cells) {
		return false
	}
	switch c := text[cells[i].From]; {
	case c <= ' ':
		return false
	case p.Layout.Compiled.builtin && firstBytes[c] != firstPlain:
		first := text[cells[i].From:cells[i].To]
		if firstBytes[c] == firstOdd || q.first.get(first) == 0 && !q.noTotal(b, first) {
			return false
		}
	}
	for i := range p.unread {
		if u := &p.unread[i]; u.cell < len(cells) && !q.silent(b, i, text[cells[u.cell].From:cells[u.cell].To]) {
			return false
		}
	}
	return true
}

// silent says whether an unread cell says nothing that matters.
func (q *quick) silent(b *Binder, i int, c []byte) bool {
	u := &b.p.unread[i]
	if len(c) == 0 || text.IsDigit(c[0]) && !u.flag || q.unread[i].get(c) != 0 {
		return true
	}
	if b.unreadCell(u, c) != nil {
		return false
	}
	q.unread[i].put(c, 1)
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
func (q *quick) noTotal(b *Binder, first []byte) bool {
	total, known := b.totals[string(Trim(first))]
	if total || !known {
		return false
	}
	q.first.put(first, 1)
	return true
}

// recipe is what the words of a row make of it; nil if there are too many
// different ones.
func (q *quick) recipe(b *Binder, raw *text.Record) *recipe {
	text, cells := raw.Text, raw.Spans
	var key uint64
	for i := range q.words {
		w := &q.words[i]
		id := uint8(0)
		if w.form == wordText {
			var c []byte
			if uint(w.cell) < uint(len(cells)) {
				c = text[cells[w.cell].From:cells[w.cell].To]
			}
			if id = w.memo.get(c); id == 0 {
				id = w.id(c)
			}
		} else {
			id = w.shape(w.glance(b, raw))
		}
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
		r = q.learnRecipe(b, key, raw)
		q.recipes[key] = r
	}
	*recent = r
	return r
}

// id is the number of a word that is not in the memo, 0 if the column has too
// many.
func (w *quickWord) id(c []byte) uint8 {
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

// shape is the number of what is looked at in a text.
func (w *quickWord) shape(c []byte) uint8 {
	if c == nil {
		return 1
	}
	return 2 + uint8(Btoi(IsZero(c))) + 2*uint8(Btoi(startsAsCard(c)))
}

// learnRecipe asks the long way what the words of a row mean.
func (q *quick) learnRecipe(b *Binder, key uint64, raw *text.Record) *recipe {
	r := &recipe{key: key, long: true}
	cells := (&text.Record{Text: raw.Text, Spans: raw.Spans}).Cut()
	b.pickAll(cells)
	n := b.variant(cells)
	if n < 0 {
		return r
	}
	bd := &b.p.bindings[n]
	if bd.rule != nil && bd.rule.reject >= 0 {
		return r
	}
	var row record.Row
	if v, _ := b.words(cells, bd, &row); v != Accepted {
		return r
	}
	if use := bd.at[targetDirection]; use >= 0 {
		m, p := b.lookup(cells, use, b.p.Layout.Compiled.direction, &b.directions)
		if p != nil || m == meansSkip {
			return r
		}
		r.out = m == directionOut
	}
	for _, t := range bd.texts {
		if c := b.cell(t.use); t.field == record.Currency && c != nil {
			v, p := b.currencyOf(c, t.use)
			if p != nil {
				return r
			}
			r.currency = v
		}
	}
	z, p := b.zoneIn(bd.at[targetZone])
	if p != nil {
		return r
	}
	r.zone = z
	r.long, r.binding = false, n
	r.kind, r.status, r.cardType, r.channel, r.undone = row.Kind, row.Status, row.CardType, row.Channel, row.Unsettled
	if !q.ways[n].made {
		q.ways[n].learn(b, bd)
	}
	return r
}

// learn makes the steps for the rows of a binding, in the order of the cells.
func (w *quickWay) learn(b *Binder, bd *binding) {
	w.made = true
	for t, use := range bd.at {
		if use < 0 {
			continue
		}
		s := quickStep{quickCell: b.p.quickCell(use), required: b.p.Uses[use].spec.Required}
		to, known := quickTargets[Target(t)]
		if !known {
			continue
		}
		s.op, s.to = to.op, to.to
		s.yuan = s.op == readFen && b.facts[use].bare && b.p.Uses[use].unit == money.Yuan
		s.whole = s.op == readFen && b.p.Uses[use].decimals
		if s.to == timeTrade && s.op == readTime && bd.at[targetDate] >= 0 {
			s.op = readClock
		}
		w.steps = append(w.steps, s)
	}
	for _, t := range bd.texts {
		ident, needed := Target(t.field).IsIdentifier(), b.need.Has(t.field)
		if t.use < 0 || !ident && !needed && t.field != record.Currency {
			continue // settle has put them in place
		}
		s := quickStep{quickCell: b.p.quickCell(t.use), op: readFree, field: t.field, needed: needed, ref: isReference(t.field), value: t.value}
		switch {
		case t.field == record.Currency:
			s.op = readCurrency
		case ident:
			s.op = readKey
		case t.field == record.CardTail:
			s.op = readCard
		case t.field == record.Account:
			s.op = readAccount
		}
		if s.op != readKey && len(b.p.Uses[t.use].more) > 0 {
			s.plain = false
		}
		w.steps = append(w.steps, s)
	}
	slices.SortStableFunc(w.steps, func(x, y quickStep) int { return cmp.Compare(x.cell, y.cell) })
}

// quickTargets says how amounts and moments are read, and where they are put.
var quickTargets = map[Target]struct {
	op quickOp
	to uint8
}{
	Target(record.FieldAmount): {readFen, fenAmount}, targetAmountIn: {readFen, fenIn}, targetAmountOut: {readFen, fenOut},
	Target(record.FieldFee): {readFen, fenFee}, Target(record.FieldNet): {readFen, fenNet}, Target(record.FieldCredited): {readFen, fenCredited},
	Target(record.FieldClearingDate): {readDay, dayClearing}, Target(record.FieldSettleDate): {readDay, daySettle}, Target(record.FieldCreditedDate): {readDay, dayCredited}, Target(record.FieldPromisedDate): {readDay, dayPromised},
	targetDate: {readDay, dayTrade}, targetClock: {readClock, clockTrade}, Target(record.FieldTime): {readTime, timeTrade},
}

// quickCell is where a use stands.
func (p *Plan) quickCell(use int16) quickCell {
	u := &p.Uses[use]
	return quickCell{use: use, plain: u.plain && u.spec.or < 0, cell: int32(u.Cell)}
}

// glance is text for a cell that mostly is what it looks like.
func (k *quickCell) glance(b *Binder, raw *text.Record) []byte {
	if uint(k.cell) < uint(len(raw.Spans)) && k.plain {
		c := raw.Text[raw.Spans[k.cell].From:raw.Spans[k.cell].To]
		if n := len(c); n > 0 && c[n-1] > ' ' && b.special[c[0]] == 0 {
			return c
		}
	}
	return k.text(b, raw)
}

// text is the text of a column or of one that stands in for it, nil where they
// say nothing.
func (k *quickCell) text(b *Binder, raw *text.Record) []byte {
	text, cells := raw.Text, raw.Spans
	for use := k.use; use >= 0; {
		u := &b.p.Uses[use]
		if uint(u.Cell) < uint(len(cells)) {
			if c := b.ownOf(text[cells[u.Cell].From:cells[u.Cell].To], u); c != nil {
				return c
			}
		}
		use = int16(u.spec.or)
	}
	return nil
}

// fill reads the values of a row; false if one of them is not as it should be.
func (q *quick) fill(b *Binder, r *recipe, raw *text.Record, row *record.Row) bool {
	if r.binding != b.under || row != b.row {
		b.settle(r.binding, row)
	}
	var v quickValues
	text, cells := raw.Text, raw.Spans
	steps := q.ways[r.binding].steps
	for i := range steps {
		s := &steps[i]
		var c []byte
		if uint(s.cell) < uint(len(cells)) {
			c = text[cells[s.cell].From:cells[s.cell].To]
		}
		if n := len(c); n == 0 && s.plain {
			c = nil
		} else if n == 0 || !s.plain || c[n-1] <= ' ' || b.special[c[0]] != 0 && b.mayMean(c) {
			c = s.text(b, raw)
		}
		ok := true
		switch s.op {
		case readFen:
			ok = v.fen(b, s, c)
		case readDay, readTime, readClock:
			ok = v.when(b, s, c)
		case readKey:
			lo, hi := ends(c)
			if n := len(c); n >= 8 && n <= 16 && areDigits(lo) && areDigits(hi) && (!s.ref || byte(lo) != '0') {
				if s.needed {
					row.Text[s.field] = c
				}
				continue
			}
			ok = b.quickKey(s, c, row)
		case readCurrency:
			if row.Text[record.Currency] = r.currency; c == nil {
				row.Text[record.Currency] = s.value
			}
		default:
			b.quickText(s, c, raw, row)
		}
		if !ok {
			return false
		}
	}
	return v.amount(r) && v.place(b, r, row)
}

// mayMean says whether a cell that begins oddly may mean something else than it
// says: nothing, or what a guard stands before.
func (b *Binder) mayMean(c []byte) bool {
	return b.special[c[0]] != maybeAbsent || b.lengths>>min(len(c), 63)&1 != 0
}

// fen reads an amount.
func (v *quickValues) fen(b *Binder, s *quickStep, c []byte) bool {
	if c == nil {
		return true
	}
	if n := len(c); s.yuan && n >= 4 && n <= 11 && c[n-3] == '.' {
		// 12345678.90: the digits before the point pushed to the end of a word
		// that has zeros in front.
		lo, _ := ends(c)
		whole := lo<<(uint(11-n)*8&63) | zeros>>8>>(uint(n-4)*8&63)
		d1, d2 := c[n-2]-'0', c[n-1]-'0'
		if areDigits(whole) && d1 <= 9 && d2 <= 9 {
			v.fens[s.to], v.has[s.to] = money.Fen(eightDigits(whole)*100+uint64(d1)*10+uint64(d2)), true
			return true
		}
	}
	f, has, p := b.fenOf(c, s.use)
	v.fens[s.to], v.has[s.to] = f, has
	return p == nil && !(s.whole && len(c) < 5 && bytes.IndexByte(c, '.') < 0)
}

// when reads a date or time.
func (v *quickValues) when(b *Binder, s *quickStep, c []byte) bool {
	if c == nil {
		return s.op != readDay || !s.required
	}
	m := &b.moments[s.use]
	if s.op == readDay && len(c) == m.short && !m.clock {
		if lo, hi := ends(c); lo == m.lo && hi == m.hi {
			v.whens[s.to] = m.w
			return m.w.HasDay
		}
	}
	if s.op == readTime && len(c) == 19 && c[10] == ' ' {
		// A moment in the month of the one before.
		lo, _ := ends(c)
		if d, digits := two(c[8:10]); lo == m.month && digits && d >= 1 && d <= int(m.days) {
			if sec, ok := clockOf(c[11:]); ok {
				v.whens[s.to] = when{day: m.zero + record.Date(d), sec: sec, HasDay: true, HasClock: true}
				return true
			}
		}
	}
	w, ok, p := b.whenOf(c, s.use, s.op == readClock)
	if ok {
		v.whens[s.to] = w
	}
	return p == nil && (s.op != readDay || w.HasDay || !ok && !s.required)
}

// amount puts the two columns of income and expense together; false if the row
// has no amount, or two.
func (v *quickValues) amount(r *recipe) bool {
	a := &v.fens[fenAmount]
	switch in, out := v.fens[fenIn], v.fens[fenOut]; {
	case v.has[fenAmount]:
		if r.out {
			*a = -a.Abs()
		}
	case in != 0 && out != 0 || in == 0 && out == 0 && !(v.has[fenIn] && v.has[fenOut]):
		return false
	case out != 0:
		*a = -out.Abs()
	default:
		*a = in
	}
	return true
}

// place puts amounts and moments into the row; false if there is no moment
// where one has to be.
func (v *quickValues) place(b *Binder, r *recipe, row *record.Row) bool {
	row.Kind, row.Status, row.CardType, row.Channel, row.Unsettled = r.kind, r.status, r.cardType, r.channel, r.undone
	row.Fee, row.HasFee = v.fens[fenFee], v.has[fenFee]
	row.Net, row.HasNet = v.fens[fenNet], v.has[fenNet]
	row.Credited, row.HasCredited = v.fens[fenCredited], v.has[fenCredited]
	b.sign(v.fens[fenAmount], b.p.bindings[r.binding].rule, row)
	if b.Proved = false; b.p.identity.plain {
		at, fits := &b.p.bindings[r.binding].at, false
		if fits, b.Proved = row.NetFits(at[record.FieldFee] >= 0 && at[record.FieldNet] >= 0, b.below); !fits {
			return false
		}
	}

	t := v.whens[timeTrade]
	if !t.HasDay || !t.HasClock {
		t = b.p.together(t, v.whens[dayTrade], v.whens[clockTrade])
	}
	if r.zone != nil {
		t = t.in(r.zone)
	}
	row.Time, row.HasClock = 0, false
	if t.HasDay {
		row.Time, row.HasClock = t.time(), t.HasClock
	} else if t.HasClock || b.p.Layout.Compiled.mustTime {
		return false
	}
	dates := &b.p.dates
	row.ClearingDate, row.SettleDate, row.CreditedDate, row.PromisedDate = dates[0], dates[1], dates[2], dates[3]
	if w := &v.whens[dayClearing]; w.HasDay {
		row.ClearingDate = w.day
	}
	if w := &v.whens[daySettle]; w.HasDay {
		row.SettleDate = w.day
	}
	if w := &v.whens[dayCredited]; w.HasDay {
		row.CreditedDate = w.day
	}
	if w := &v.whens[dayPromised]; w.HasDay {
		row.PromisedDate = w.day
	}
	return true
}

// quickKey reads an identifier; false if it may have lost digits.
func (b *Binder) quickKey(s *quickStep, c []byte, row *record.Row) bool {
	switch {
	case c == nil:
	case len(c) > maxIdentifier:
		return false
	case allDigits(c):
		if s.ref && c[0] == '0' && c[len(c)-1] == '0' && allZeros(c) {
			c = nil
		}
	case mayBeMangled(c) && lostPrecision(c):
		return false
	case s.needed && (c[0] == '0' || !problem.IsKey(c)):
		c = b.identifier(c, s.field)
	}
	if c == nil {
		c = s.value
	}
	if s.needed {
		row.Text[s.field] = c
	}
	return true
}

// quickText reads a text that is asked for.
func (b *Binder) quickText(s *quickStep, c []byte, raw *text.Record, row *record.Row) {
	if len(b.p.Uses[s.use].more) > 0 {
		c = b.joined((&text.Record{Text: raw.Text, Spans: raw.Spans}).Cut(), c, s.use)
	}
	switch {
	case c == nil:
	case s.op == readCard:
		c = b.cardTail(c)
	case s.op == readAccount:
		c = b.account(c)
	default:
		c = b.freeText(c)
	}
	if c == nil {
		c = s.value
	}
	row.Text[s.field] = c
}
