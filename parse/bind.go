package parse

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"duizhang/parse/money"
)

// columnUse is one column of the layout as it stands in a document.
type columnUse struct {
	spec   *columnSpec
	cell   int    // index of the cell, -1 where the document lacks it
	more   []int  // further cells of a free text
	header string // as messages show it
	unit   money.Unit
	from   int // bytes of a fixed line; display columns of a ruler
	to     int
	absent [][]byte   // texts that mean nothing, in the document's encoding
	first  *[256]bool // their first bytes
	dashes bool       // any run of dashes means nothing
	plain  bool       // nothing else is done to the cell
	apart  bool       // a blank stands before it and behind it in a fixed line
	left   bool       // and it is a text, which begins at its left end
	// What the first rows show, see learnHabits.
	spoken   bool // what an empty cell would mean is written out
	decimals bool // amounts have two decimals, and a comma would cut them
}

// binding is where each target comes from under one rule; the first one of a
// plan is that of rows to which no rule applies.
type binding struct {
	at    [numTargets]int16 // index into plan.uses, -1 for none
	rule  *ruleSpec         // nil for the first
	kind  Kind
	stat  Status
	cons  *constants // the rule's; nil for the first
	texts []textUse
}

// textUse fills one text field.
type textUse struct {
	field Field
	use   int16  // -1: none
	value []byte // constant, where the column is missing or its cell empty
}

// condUse is one column that conditions look at.
type condUse struct {
	use   int
	exact bool // the text matters, not only whether it is empty or zero
}

// maxMemo bounds every memo of a binder; beyond it words are looked up anew.
const maxMemo = 8192

// binder turns the raw rows of one document into Rows. It is not shared: every
// worker has its own. On the accept path it does not allocate once its memos
// are warm.
type binder struct {
	p     *plan
	row   *Row         // whose constants are in place
	need  FieldSet     // for which they are
	under int16        // the binding that they are of
	live  [][]liveText // by binding; nil where not settled yet
	cells [][]byte
	line  rawRow   // the same of a fixed line
	now   [][]byte // the cells that picked is of
	buf   []byte   // decoded and folded text of the current row
	key   []byte

	noTotal []byte        // the last first cell that is no total
	facts   []columnFacts // by use
	picks   []pick
	picked  [][]byte   // the current row's text of every use in picks, without guards
	special [256]uint8 // by the first byte of a cell, whether own must look at it
	lengths uint64     // of the texts that mean nothing, a bit for each
	moments []moment   // the last date or time of every use

	kinds, statuses, directions, channels, payMethods, cardTypes wordMemo
	variants                                                     map[string]int16
	alarms                                                       map[string]bool
	totals                                                       map[string]bool
	free                                                         map[string][]byte
	currency                                                     map[string][]byte

	// counting makes bind add up what the file's controls declare.
	counting bool
	sums     controlSums

	quick quick
}

func newBinder(p *plan) *binder {
	b := &binder{
		p: p, live: make([][]liveText, len(p.bindings)),
		variants: map[string]int16{}, alarms: map[string]bool{}, totals: map[string]bool{}, free: map[string][]byte{}, currency: map[string][]byte{},
		sums: newControlSums(p.controls),
	}
	b.learnColumns()
	return b
}

// bind reads one raw row. With accept, row is filled in but for its position;
// typed fields always, text fields as far as need names them. With reject the
// problem lacks file and line.
func (b *binder) bind(raw *rawRow, row *Row, need FieldSet) (verdict, *Problem) {
	b.buf = b.buf[:0]
	if need != b.need || b.picks == nil {
		b.choose(need)
	}
	var cells [][]byte
	v, p := accept, (*Problem)(nil)
	if raw.spans == nil || b.p.form != formDelimited || b.p.rowLine != nil && !b.fitsSpans(raw) || !b.quick.read(b, raw, row) {
		cells, v, p = b.cut(raw.cut())
		if v == accept && (b.p.form != formFixed || !b.quick.read(b, &b.line, row)) {
			v, p = b.bindCells(cells, row)
		}
	}
	if v == reject && b.isFooter(cells) {
		v, p = skip, nil
	}
	if b.counting && v != skip {
		b.count(cells, row, v == accept)
	}
	return v, p
}

// bindCells is bind for a row already cut, which may be no transaction.
func (b *binder) bindCells(cells [][]byte, row *Row) (verdict, *Problem) {
	if b.sift(cells) {
		return skip, nil
	}
	if p := b.width(cells); p != nil {
		return reject, p
	}
	if b.p.rowLine != nil && !b.fitsCells(cells) {
		return reject, &Problem{Code: codeLineShape, Value: b.show(bytes.Join(cells, []byte(" "))), Args: []string{b.p.layout.Name}}
	}
	b.pickAll(cells)
	n := b.variant(cells)
	switch n {
	case variantOther: // no record of this layout; perhaps somebody's transaction
		if b.isLikeRow(cells) {
			return reject, &Problem{Code: codeLineShape, Value: b.show(bytes.Join(cells, []byte(" "))), Args: []string{b.p.layout.Name}}
		}
		return skip, nil
	case variantSkip:
		return skip, nil
	case variantEmpty:
		return b.lostWord(cells)
	}
	bd := &b.p.bindings[n]
	if bd.rule != nil && bd.rule.reject >= 0 {
		use := int16(bd.rule.reject)
		if c := b.cell(use); len(c) > 0 {
			return reject, b.fail(codeTwoInOne, use, c)
		}
		return reject, b.fail(codeEmptyRequired, use, nil)
	}
	if len(b.p.unread) > 0 {
		if p := b.unread(cells); p != nil {
			return reject, p
		}
	}
	if n != b.under || row != b.row {
		b.settle(n, row)
	}
	if v, p := b.words(cells, bd, row); v != accept {
		return v, p
	}
	if v, p := b.amounts(cells, bd, row); v != accept {
		return v, p
	}
	if p := b.times(cells, bd, row); p != nil {
		return reject, p
	}
	if p := b.texts(cells, row); p != nil {
		return reject, p
	}
	return accept, nil
}

// cut makes cells of a line that the scan does not cut.
func (b *binder) cut(cells [][]byte) ([][]byte, verdict, *Problem) {
	p := b.p
	if p.form == formDelimited || len(cells) == 0 {
		return cells, accept, nil
	}
	line := cells[0]
	if len(trim(line)) == 0 {
		return cells, skip, nil
	}
	fits := p.layout.fitsLine(line, p.enc)
	if len(p.skipLines) > 0 && !(fits && p.layout.c.line != nil) && matchesAny(p.skipLines, b.text(line)) {
		return cells, skip, nil
	}
	b.cells = b.cells[:0]
	switch p.form {
	case formFixed:
		if fits = fits && b.cutFixed(line); !fits {
			break
		}
		for _, s := range b.line.spans {
			b.cells = append(b.cells, line[s.from:s.to])
		}
	case formRuler:
		b.cells = cutAtColumns(b.cells, line, p.spans, p.enc)
	case formBlanks:
		b.cells = cutAtBlanks(b.cells, line)
	}
	if !fits {
		return cells, reject, &Problem{Code: codeLineShape, Value: b.show(line), Args: []string{p.layout.Name}}
	}
	return b.cells, accept, nil
}

// fitsLine says whether a line has the shape of the layout's rows.
func (l *Layout) fitsLine(line []byte, enc encoding) bool {
	if l.c.shape != nil {
		if !l.c.shape.matches(line) {
			return false
		}
	} else if l.c.line != nil && !l.c.line.Match(line) {
		return false
	}
	n := len(line)
	if l.c.form == formFixed && enc != encGB18030 && firstHigh(line) >= 0 {
		n = lengthInGB18030(line)
	}
	return n >= l.c.minLength && (l.Format.MaxLength == 0 || n <= l.Format.MaxLength)
}

// cutAtBlanks splits a line at runs of blanks and tabs.
func cutAtBlanks(dst [][]byte, line []byte) [][]byte {
	for {
		line = trim(line)
		if len(line) == 0 {
			return dst
		}
		i := bytes.IndexAny(line, " \t")
		if i < 0 {
			i = len(line)
		}
		dst = append(dst, line[:i])
		line = line[i:]
	}
}

// cutAtColumns splits a line at display columns: in GB18030 a column is a byte,
// in UTF-8 a wide character takes two.
func cutAtColumns(dst [][]byte, line []byte, starts []int, enc encoding) [][]byte {
	from, col := 0, 0
	next := 1
	for i := 0; i < len(line) && next < len(starts); {
		if col >= starts[next] {
			dst = append(dst, line[from:i])
			from = i
			next++
			continue
		}
		n, w := 1, 1
		switch {
		case line[i] < utf8.RuneSelf:
		case enc == encGB18030:
			_, n = decodeGB18030(line[i:])
			w = 2
		default:
			var r rune
			r, n = utf8.DecodeRune(line[i:])
			if r >= 0x1100 {
				w = 2
			}
		}
		i += n
		col += w
	}
	dst = append(dst, line[from:])
	for len(dst) < len(starts) {
		dst = append(dst, nil)
	}
	return dst
}

// sift says whether a row is no transaction: blank, a comment, a ruler, a
// total, a repeated header, or what the layout skips by its line.
func (b *binder) sift(cells [][]byte) bool {
	var first []byte
	for _, c := range cells {
		if first = trim(c); len(first) > 0 {
			break
		}
	}
	p := b.p
	if len(first) == 0 {
		return p.delim != spoolCell || !hasFormula(cells)
	}
	if len(p.skipLines) > 0 && p.form == formDelimited && matchesAny(p.skipLines, b.join(cells)) {
		return true
	}
	if p.repeat(cells) {
		return true
	}
	if !p.layout.c.builtin {
		return false
	}
	switch c := first[0]; {
	case c == '#':
		return filledCells(cells) <= 2 // more than a remark has: somebody's order number
	case strings.IndexByte("-=_*+", c) >= 0:
		return isRuler(cells)
	case c >= utf8.RuneSelf || strings.IndexByte("tTsSgG", c) >= 0:
		if bytes.Equal(first, b.noTotal) {
			return false
		}
		t, ok := b.totals[string(first)]
		if !ok {
			word := normWord(b.show(first))
			t = isTotal(word)
			if t && !isPlainTotal(word) && b.hasDay(cells) {
				return false // TOTAL-01 may be somebody's terminal
			}
			if len(b.totals) < maxMemo {
				b.totals[string(first)] = t
			}
		}
		if !t {
			b.noTotal = append(b.noTotal[:0], first...)
		}
		return t
	}
	return false
}

func filledCells(cells [][]byte) (n int) {
	for _, c := range cells {
		n += btoi(len(trim(c)) > 0)
	}
	return n
}

// hasFormula says whether a row that looks blank holds a formula without a value.
func hasFormula(cells [][]byte) bool {
	for _, c := range cells {
		if string(c) == formulaMark {
			return true
		}
	}
	return false
}

// hasDay says whether a row has a day where transactions have theirs.
func (b *binder) hasDay(cells [][]byte) bool {
	for _, t := range [...]target{target(FieldTime), targetDate} {
		use := b.p.bindings[0].at[t]
		if use < 0 || uint(b.p.uses[use].cell) >= uint(len(cells)) {
			continue
		}
		s := b.p.uses[use].spec
		if w, code := readWhen(b.text(unguard(cells[b.p.uses[use].cell])), s.formats, b.p.ref); code == "" && w.hasDay {
			return true
		}
	}
	return false
}

// isRuler says whether all filled cells are lines of dashes and the like.
func isRuler(cells [][]byte) bool {
	long := false
	for _, c := range cells {
		c = trim(c)
		for _, x := range c {
			if strings.IndexByte("-=_*+ ", x) < 0 {
				return false
			}
		}
		long = long || len(c) >= 3
	}
	return long && len(cells) > 0
}

// repeat says whether a row is the header again.
func (p *plan) repeat(cells [][]byte) bool {
	if len(p.again) == 0 {
		return false
	}
	for _, a := range p.again {
		if a.cell >= len(cells) || !bytes.Equal(trim(cells[a.cell]), a.text) {
			return false
		}
	}
	return true
}

func matchesAny(res []*regexp.Regexp, line []byte) bool {
	for _, re := range res {
		if re.Match(line) {
			return true
		}
	}
	return false
}

// join is a delimited row as its line, decoded, for expressions on lines.
func (b *binder) join(cells [][]byte) []byte {
	b.key = b.key[:0]
	for i, c := range cells {
		if i > 0 {
			b.key = append(b.key, b.p.delim)
		}
		b.key, _ = b.p.enc.appendText(b.key, c)
	}
	return bytes.TrimRight(b.key, string(b.p.delim)+" \t\r")
}

// isFooter says whether a row that cannot be bound is a control or a remark
// under the table.
func (b *binder) isFooter(cells [][]byte) bool {
	if len(b.p.controlLines) > 0 && matchesAny(b.p.controlLines, b.join(cells)) {
		return true
	}
	if !b.p.layout.c.builtin {
		return false
	}
	var only []byte
	for _, c := range cells {
		if c = trim(c); len(c) > 0 {
			if only != nil {
				return false
			}
			only = c
		}
	}
	text := normWord(b.show(only))
	return isFoot(text) || isTotal(text)
}

// width checks the number of cells of a delimited row.
func (b *binder) width(cells [][]byte) *Problem {
	p := b.p
	if p.form != formDelimited {
		return nil
	}
	if len(cells) < p.minCells {
		return &Problem{Code: codeShortRow, Args: []string{strconv.Itoa(len(cells)), strconv.Itoa(p.minCells)}, Value: b.show(b.join(cells))}
	}
	if len(cells) > p.maxCells {
		for _, c := range cells[p.maxCells:] {
			if len(trim(c)) > 0 {
				return &Problem{Code: codeLongRow, Args: []string{strconv.Itoa(len(cells)), strconv.Itoa(p.maxCells)}, Value: b.show(c)}
			}
		}
	}
	return nil
}

// own is the text of a column itself, with all that can be said about cells.
func (b *binder) own(cells [][]byte, use int16) []byte {
	u := &b.p.uses[use]
	if uint(u.cell) >= uint(len(cells)) {
		return nil
	}
	return b.ownOf(cells[u.cell], u)
}

// ownOf is own for the cell.
func (b *binder) ownOf(c []byte, u *columnUse) []byte {
	if n := len(c); n == 0 || c[0] < '0' || c[0] == '=' || c[0] == '`' || c[n-1] <= ' ' {
		c = unguard(c) // a cell that begins with a digit or letter has no guard but a trailing blank
	}
	if u.plain {
		if len(c) == 0 || u.first[c[0]] && u.isAbsent(c) {
			return nil
		}
		return c
	}
	if len(c) == 0 || u.first[c[0]] && u.isAbsent(c) {
		return nil
	}
	s := u.spec
	if s.ZeroAbsent && allZeros(c) {
		return nil
	}
	if b.p.layout.Format.Brackets && len(c) > 2 && c[0] == '[' && c[len(c)-1] == ']' {
		c = trim(c[1 : len(c)-1])
	}
	if s.match != nil {
		m := s.match.FindSubmatch(b.text(c))
		if m == nil {
			return nil
		}
		c = trim(m[1])
	}
	if len(c) == 0 {
		return nil
	}
	return c
}

func (u *columnUse) isAbsent(c []byte) bool {
	for _, a := range u.absent {
		if bytes.Equal(a, c) {
			return true
		}
	}
	if !u.dashes {
		return false
	}
	for _, x := range c {
		if x != '-' {
			return false
		}
	}
	return true
}

func allZeros(c []byte) bool {
	for _, x := range c {
		if x != '0' {
			return false
		}
	}
	return true
}

// text is a cell in UTF-8, valid until the next row.
func (b *binder) text(c []byte) []byte {
	if b.p.enc != encGB18030 || firstHigh(c) < 0 {
		return c
	}
	n := len(b.buf)
	b.buf, _ = b.p.enc.appendText(b.buf, c)
	return b.buf[n:]
}

// show is text for a message.
func (b *binder) show(c []byte) string { return string(b.text(c)) }

// fail is a problem of the cell of a column.
func (b *binder) fail(code Code, use int16, value []byte, args ...string) *Problem {
	p := &Problem{Code: code, Value: b.show(value), Args: args}
	if use >= 0 {
		p.Column = b.p.uses[use].header
	}
	return p
}

// variant is the index of the binding for a row, or below zero where it is no
// transaction.
func (b *binder) variant(cells [][]byte) int16 {
	p := b.p
	if len(p.conds) == 0 {
		return 0
	}
	b.key = b.key[:0]
	for _, c := range p.conds {
		text := b.cell(int16(c.use))
		switch {
		case c.exact:
			b.key = append(append(b.key, text...), spoolCell)
		case len(text) == 0:
			b.key = append(b.key, 0)
		case isZero(text):
			b.key = append(b.key, '0')
		default:
			b.key = append(b.key, '1')
		}
	}
	if n, ok := b.variants[string(b.key)]; ok {
		return n
	}
	n := b.findVariant(cells)
	if len(b.variants) < maxMemo {
		b.variants[string(b.key)] = n
	}
	return n
}

func (b *binder) findVariant(cells [][]byte) int16 {
	c := b.p.layout.c
	for i := range c.skips {
		s := &c.skips[i]
		switch {
		case s.line != nil || b.holds(s.when, cells) == s.unless:
		case b.emptyUnless(s) >= 0:
			return variantEmpty
		case s.unless:
			return variantOther
		default:
			return variantSkip
		}
	}
	for i := range c.rules {
		if b.holds(c.rules[i].when, cells) {
			return int16(i + 1)
		}
	}
	return 0
}

// Variants of rows that are no transactions.
const (
	variantSkip  int16 = -1
	variantEmpty int16 = -2 // perhaps one: the word that the layout knows it by is empty
	variantOther int16 = -3 // none of the records that the layout keeps
)

// lostWord is the problem of a row that the layout would skip because its word
// is not one of those that rows have (unless): where it is empty, it was lost.
func (b *binder) lostWord(cells [][]byte) (verdict, *Problem) {
	c := b.p.layout.c
	for i := range c.skips {
		if use := b.emptyUnless(&c.skips[i]); use >= 0 && filledCells(cells) > 2 {
			return reject, b.fail(codeEmptyRequired, use, nil)
		}
	}
	return skip, nil
}

// emptyUnless is the column that a skip wants a word in and that has none, or -1.
func (b *binder) emptyUnless(s *skipSpec) int16 {
	if s.unless {
		for _, t := range s.when {
			if b.p.there(t.col) && len(b.cell(int16(t.col))) == 0 {
				return int16(t.col)
			}
		}
	}
	return -1
}

// holds evaluates a condition.
func (b *binder) holds(cond condSpec, cells [][]byte) bool {
	for _, t := range cond {
		text := b.cell(int16(t.col))
		word := normWord(b.show(text))
		ok := false
		for _, a := range t.alts {
			switch {
			case a.empty:
				ok = len(text) == 0
			case a.any:
				ok = len(text) > 0
			case a.zero:
				ok = len(text) == 0 || isZero(text)
			case a.not:
				ok = len(text) > 0 && !isZero(text)
			case a.re != nil:
				ok = a.re.MatchString(b.show(text))
			default:
				ok = word == a.text && word != ""
			}
			if ok {
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// isZero says whether a text is zero written as a number.
func isZero(c []byte) bool {
	zero := false
	for _, x := range c {
		switch x {
		case '0':
			zero = true
		case '.', '-', '+', ',':
		default:
			return false
		}
	}
	return zero
}

// lookup is the meaning of the word in a column: its own, or that of an empty
// cell. A column the document lacks means nothing.
func (b *binder) lookup(cells [][]byte, use int16, v *vocabulary, memo *wordMemo) (meaning, *Problem) {
	c := b.cell(use)
	if len(c) == 0 && b.p.uses[use].spoken {
		return meansReject, b.fail(codeEmptyWord, use, nil)
	}
	m, ok := memo.get(c)
	if !ok {
		m = v.lookup(b.show(c))
		memo.put(c, m)
	}
	if m == meansReject {
		if len(c) == 0 {
			return m, b.fail(codeEmptyRequired, use, nil)
		}
		return m, b.fail(v.unknown, use, c, v.name)
	}
	return m, nil
}

// words reads kind, status, channel and card type.
func (b *binder) words(cells [][]byte, bd *binding, row *Row) (verdict, *Problem) {
	c := b.p.layout.c
	row.Kind, row.Status, row.Unsettled = bd.kind, bd.stat, false
	if use := bd.at[FieldKind]; use >= 0 && row.Kind == KindUnknown {
		m, p := b.lookup(cells, use, c.kind, &b.kinds)
		if p != nil {
			return reject, p
		}
		if m == meansSkip {
			return skip, nil
		}
		row.Kind = Kind(m)
	}
	if row.Kind == KindUnknown {
		row.Kind = b.p.kind
	}
	if use := bd.at[FieldStatus]; use >= 0 && row.Status == StatusUnknown {
		m, p := b.lookup(cells, use, c.status, &b.statuses)
		switch {
		case p != nil:
			return reject, p
		case m == meansSkip:
			return skip, nil
		case m == meansUndone && row.Kind == Sale:
			row.Status = Failed
		case m == meansUndone:
			row.Status = OK
		case m == meansUnsettled:
			row.Status, row.Unsettled = OK, true
		default:
			row.Status = Status(m)
		}
	}
	if row.Status == StatusUnknown {
		row.Status = b.p.status
	}
	return b.means(cells, bd, row)
}

// means reads how it was paid: card type and channel.
func (b *binder) means(cells [][]byte, bd *binding, row *Row) (verdict, *Problem) {
	c := b.p.layout.c
	row.CardType, row.Channel = c.consts.cardType, c.consts.channel
	if bd.cons != nil && bd.cons.hasCard {
		row.CardType = bd.cons.cardType
	} else if use := bd.at[CardTypeText]; use >= 0 {
		m, p := b.lookup(cells, use, c.cardType, &b.cardTypes)
		if p != nil {
			return reject, p
		}
		if m > 0 {
			row.CardType = CardType(m)
		}
	}
	if bd.cons != nil && bd.cons.hasChan {
		row.Channel = bd.cons.channel
		return accept, nil
	}
	if v, p, known := b.channel(cells, bd.at[targetChannel], &b.channels, row); known {
		return v, p
	}
	if v, p, known := b.channel(cells, bd.at[PayMethod], &b.payMethods, row); known {
		return v, p
	}
	if row.Channel == ChannelUnknown && (row.CardType != CardUnknown || startsAsCard(b.cell(bd.at[CardTail]))) {
		row.Channel = ChannelCard
	}
	return accept, nil
}

// channel reads the channel in one column, if it says anything about it.
func (b *binder) channel(cells [][]byte, use int16, memo *wordMemo, row *Row) (v verdict, p *Problem, known bool) {
	if use < 0 {
		return accept, nil, false
	}
	m, p := b.lookup(cells, use, b.p.layout.c.channel, memo)
	switch {
	case p != nil:
		return reject, p, true
	case m == meansSkip:
		return skip, nil, true
	case m > 0:
		row.Channel = Channel(m)
		return accept, nil, true
	}
	return accept, nil, false
}

// startsAsCard says whether a card column holds the first six digits of a card:
// then a card was used, and not a wallet that has put its own name there.
func startsAsCard(c []byte) bool {
	if len(c) < 10 {
		return false
	}
	return areDigits(binary.LittleEndian.Uint64(c)&(1<<48-1) | zeros&^(1<<48-1))
}

var amountCodes = map[error]Code{
	money.ErrEmpty: codeEmptyRequired, money.ErrSyntax: codeBadAmount, money.ErrExponent: codeAmountExponent,
	money.ErrDecimals: codeAmountDecimals, money.ErrRange: codeAmountRange, money.ErrUnit: codeAmountUnit,
}

// fen reads the amount in a column; ok is false where the cell says nothing.
func (b *binder) fen(use int16) (f money.Fen, ok bool, p *Problem) {
	c := b.cell(use)
	if use >= 0 && b.p.uses[use].decimals && b.isSplit(c, use) {
		return 0, false, b.fail(codeSplitAmount, use, c, b.show(b.now[b.p.uses[use].cell+1]))
	}
	return b.fenOf(c, use)
}

// fenOf is fen for the text of the column.
func (b *binder) fenOf(c []byte, use int16) (f money.Fen, ok bool, p *Problem) {
	if c == nil {
		return 0, false, nil
	}
	u := &b.p.uses[use]
	if b.facts[use].bare {
		if f, ok := money.Plain(c, u.unit); ok {
			return f, true, nil
		}
	}
	s := u.spec
	text, neg := c, false
	if s.Sign != "" {
		switch text[0] {
		case 'C', 'c':
			text = trim(text[1:])
		case 'D', 'd':
			text, neg = trim(text[1:]), true
		}
	}
	if s.WithCurrency || len(s.Prefix) > 0 {
		text = b.undress(text, s)
	}
	if f, ok := parseCell(text, u.unit); ok {
		if neg {
			f = -f
		}
		return f, true, nil
	}
	f, err := money.Parse(b.text(text), u.unit)
	if err != nil {
		return 0, false, b.fail(amountCodes[err], use, c)
	}
	if neg {
		f = -f
	}
	return f, true, nil
}

// parseCell avoids the decoding of what is ASCII, which nearly every amount is.
func parseCell(c []byte, unit money.Unit) (money.Fen, bool) {
	if firstHigh(c) >= 0 {
		return 0, false
	}
	f, err := money.Parse(c, unit)
	return f, err == nil
}

// undress removes a currency code or another allowed text before a number,
// keeping a sign before it.
func (b *binder) undress(c []byte, s *columnSpec) []byte {
	sign := c[:0]
	rest := b.text(c)
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+' || rest[0] == '(') {
		sign, rest = rest[:1], trim(rest[1:])
	}
	if s.WithCurrency && len(rest) > 3 {
		if _, ok := currencyCode(rest[:3]); ok {
			rest = trim(rest[3:])
		}
	}
	for _, p := range s.Prefix {
		if r, ok := bytes.CutPrefix(rest, []byte(p)); ok {
			rest = trim(r)
			break
		}
	}
	n := len(b.buf)
	b.buf = append(append(b.buf, sign...), rest...)
	return b.buf[n:]
}

// amounts reads the money of a row and gives it the signs of SPEC section 2.
func (b *binder) amounts(cells [][]byte, bd *binding, row *Row) (verdict, *Problem) {
	a, v, p := b.amount(cells, bd)
	if v != accept {
		return v, p
	}
	row.Fee, row.Net, row.Credited = 0, 0, 0
	row.HasFee, row.HasNet, row.HasCredited = false, false, false
	if use := bd.at[FieldFee]; use >= 0 {
		if row.Fee, row.HasFee, p = b.fen(use); p != nil {
			return reject, p
		}
	}
	if use := bd.at[FieldNet]; use >= 0 {
		if row.Net, row.HasNet, p = b.fen(use); p != nil {
			return reject, p
		}
	}
	if use := bd.at[FieldCredited]; use >= 0 {
		if row.Credited, row.HasCredited, p = b.fen(use); p != nil {
			return reject, p
		}
	}
	b.sign(a, bd.rule, row)
	return accept, nil
}

// sign gives the money of a row its signs; printed is the amount as the file
// means it, and the other amounts are in place.
func (b *binder) sign(printed money.Fen, rule *ruleSpec, row *Row) {
	a := printed
	if rule != nil && rule.sign != 0 {
		a = a.Abs() * money.Fen(rule.sign)
	}
	switch row.Kind {
	case Void, Reversal, Refund:
		a = -a.Abs()
	case Sale:
		if a < 0 {
			row.Kind = Refund
		}
	}
	row.Amount = a
	if printed != a {
		row.Net, row.Credited = likeSign(row.Net, a), likeSign(row.Credited, a)
	}
	b.signFee(row)
}

// likeSign gives f the sign of a: a file that prints refunds without a sign
// prints their net without one too.
func likeSign(f, a money.Fen) money.Fen {
	if (f < 0) != (a < 0) {
		return -f
	}
	return f
}

// signFee makes a fee positive where it is a cost. Files print it with either
// sign; mostly it goes with the amount, so a sale's fee is a cost and a
// refund's fee comes back. Where the net tells that a fee was charged on a
// refund, that counts.
func (b *binder) signFee(row *Row) {
	switch b.p.layout.c.feeSign {
	case feeIsCost:
		return
	case feeIsIncome:
		row.Fee = -row.Fee
		return
	}
	if !row.HasFee || row.Amount == 0 {
		return
	}
	row.Fee = likeSign(row.Fee.Abs(), row.Amount)
	if row.HasNet && row.Amount-row.Fee != row.Net && row.Amount+row.Fee == row.Net {
		row.Fee = -row.Fee
	}
}

// amount reads the amount as the file means it: signed, by a direction word, or
// from the two columns of income and expense.
func (b *binder) amount(cells [][]byte, bd *binding) (money.Fen, verdict, *Problem) {
	use := bd.at[FieldAmount]
	if use < 0 {
		return b.inOut(cells, bd)
	}
	a, ok, p := b.fen(use)
	if p == nil && !ok {
		p = b.fail(codeEmptyRequired, use, nil)
	}
	if p != nil {
		return 0, reject, p
	}
	dir := bd.at[targetDirection]
	if dir < 0 {
		return a, accept, nil
	}
	m, p := b.lookup(cells, dir, b.p.layout.c.direction, &b.directions)
	switch {
	case p != nil:
		return 0, reject, p
	case m == meansSkip:
		return 0, skip, nil
	case m == directionOut:
		// A negative amount under 支出 is a correction of it in some exports
		// and a second way to say the same in others; only the sum tells, so
		// the word decides.
		return -a.Abs(), accept, nil
	}
	return a, accept, nil // income below zero is income taken back
}

// inOut reads income minus expense. Exports print the expense with and without
// a minus.
func (b *binder) inOut(cells [][]byte, bd *binding) (money.Fen, verdict, *Problem) {
	in, hasIn, p := b.fen(bd.at[targetAmountIn])
	if p != nil {
		return 0, reject, p
	}
	out, hasOut, p := b.fen(bd.at[targetAmountOut])
	if p != nil {
		return 0, reject, p
	}
	switch {
	case !hasIn && !hasOut || hasIn != hasOut && in == 0 && out == 0: // one is empty, the other 0.00
		return 0, reject, b.fail(codeNoAmount, bd.at[targetAmountIn], nil)
	case in != 0 && out != 0:
		return 0, reject, b.fail(codeBothSides, bd.at[targetAmountIn], nil, in.String(), out.String())
	case out != 0:
		return -out.Abs(), accept, nil
	}
	return in, accept, nil
}

// when reads the date or time in a column; ok is false where the cell says
// nothing, or only zeros. asClock: the day stands in a column of its own, so a
// short number is a time of day and no serial day.
func (b *binder) when(use int16, asClock bool) (w when, ok bool, p *Problem) {
	if use < 0 {
		return w, false, nil
	}
	return b.whenOf(b.cell(use), use, asClock)
}

// whenOf is when for the text of the column.
func (b *binder) whenOf(c []byte, use int16, asClock bool) (w when, ok bool, p *Problem) {
	if w, ok = b.glance(c, use); ok || c == nil {
		return w, ok, nil
	}
	if !asClock && isNoDay(c) {
		return when{}, false, nil
	}
	last := &b.moments[use]
	if bytes.Equal(c, last.text) && last.clock == asClock {
		return last.w, true, nil
	}
	s := b.p.uses[use].spec
	text := c
	if firstHigh(c) >= 0 {
		text = b.text(c)
	}
	var code Code
	if asClock && len(s.formats) == 0 {
		w, code = parseClock(text)
	} else {
		w, code = readWhen(text, s.formats, b.p.ref)
	}
	if code != "" {
		return w, false, b.fail(code, use, c)
	}
	if s.shift != 0 && w.hasDay && w.hasClock {
		w = w.carry(int64(w.sec) + s.shift)
	}
	last.learn(c, w, asClock, b.facts[use].iso)
	return w, true, nil
}

// isNoDay says whether a cell holds a day of zeros: 00000000, 0000-00-00, 0.
func isNoDay(c []byte) bool {
	if c[0] != '0' || len(c) > 2 && c[2] == ':' {
		return false
	}
	for _, x := range c {
		if x != '0' && x != '-' && x != '/' && x != ':' && x != ' ' {
			return false
		}
	}
	return len(c) != 6 // 000000 is midnight
}

// times reads the moment of trade, in one column or in two, and the other days.
func (b *binder) times(cells [][]byte, bd *binding, row *Row) *Problem {
	row.Time, row.HasClock = 0, false
	t, hasTime, p := b.when(bd.at[FieldTime], bd.at[targetDate] >= 0)
	if p != nil {
		return p
	}
	var d, clock when
	var hasClock bool
	if use := bd.at[targetDate]; use >= 0 {
		if d, _, p = b.when(use, false); p != nil {
			return p
		}
	}
	if use := bd.at[targetClock]; use >= 0 {
		if clock, hasClock, p = b.when(use, true); p != nil {
			return p
		}
	}
	t = together(t, d, clock)
	switch {
	case t.hasDay:
		row.Time, row.HasClock = t.time(), t.hasClock
	case hasTime || hasClock:
		use := bd.at[FieldTime]
		if !hasTime {
			use = bd.at[targetClock]
		}
		return b.fail(codeClockOnly, use, b.cell(use))
	case b.p.layout.c.mustTime:
		use := bd.at[FieldTime]
		if use < 0 {
			use = bd.at[targetDate]
		}
		return b.fail(codeEmptyRequired, use, nil)
	}
	return b.days(cells, bd, row)
}

// together is the moment that three columns give: one with the time, of which
// it may lack the day or the time of day, one with the day, one with the clock.
func together(t, d, clock when) when {
	if !t.hasDay && d != (when{}) {
		sec, hasClock := t.sec, t.hasClock
		if t = d; hasClock {
			t.sec, t.hasClock = sec, true
		}
	}
	if !t.hasClock && clock != (when{}) {
		t.sec, t.hasClock = clock.sec, clock.hasClock
		if !t.hasDay {
			t.day, t.hasDay = clock.day, clock.hasDay
		}
	}
	return t
}

// days reads clearing, settle and credited dates.
func (b *binder) days(cells [][]byte, bd *binding, row *Row) *Problem {
	row.ClearingDate, row.SettleDate, row.CreditedDate = b.p.dates[0], b.p.dates[1], b.p.dates[2]
	if use := bd.at[FieldClearingDate]; use >= 0 {
		if p := b.day(cells, use, &row.ClearingDate); p != nil {
			return p
		}
	}
	if use := bd.at[FieldSettleDate]; use >= 0 {
		if p := b.day(cells, use, &row.SettleDate); p != nil {
			return p
		}
	}
	if use := bd.at[FieldCreditedDate]; use >= 0 {
		return b.day(cells, use, &row.CreditedDate)
	}
	return nil
}

// day reads a day in one column.
func (b *binder) day(cells [][]byte, use int16, to *Date) *Problem {
	w, ok, p := b.when(use, false)
	switch {
	case p != nil:
		return p
	case ok && !w.hasDay:
		return b.fail(codeBadTime, use, b.cell(use))
	case ok:
		*to = w.day
	case b.p.uses[use].spec.Required:
		return b.fail(codeEmptyRequired, use, nil)
	}
	return nil
}

// texts fills the text fields. Identifiers are checked for lost digits whether
// they are needed or not: a reject must not depend on who asks.
func (b *binder) texts(cells [][]byte, row *Row) *Problem {
	live := b.live[b.under]
	for i := range live {
		t := &live[i]
		c := b.cell(t.use)
		if len(b.p.uses[t.use].more) > 0 {
			c = b.joined(cells, c, t.use)
		}
		if c == nil {
			row.Text[t.field] = t.value
			continue
		}
		f := t.field
		if t.ident && (len(c) > maxIdentifier || mayBeMangled(c) && lostPrecision(c)) {
			code := codeLostPrecision
			if len(c) > maxIdentifier {
				code = codeBadIdentifier
			}
			return b.fail(code, t.use, c)
		}
		switch {
		case f == Currency:
			v, p := b.currencyOf(c, t.use)
			if p != nil {
				return p
			}
			row.Text[f] = v
		case !t.needed:
			continue
		case t.ident && c[0] != '0' && isKey(c):
			row.Text[f] = c
			continue
		case t.ident:
			row.Text[f] = b.identifier(c, f)
		case f == CardTail:
			row.Text[f] = b.cardTail(c)
		case f == Account:
			row.Text[f] = b.account(c)
		default:
			row.Text[f] = b.freeText(c)
		}
		if row.Text[f] == nil {
			row.Text[f] = t.value
		}
	}
	return nil
}

// joined is a free text with those of its further cells, a blank between.
func (b *binder) joined(cells [][]byte, c []byte, use int16) []byte {
	u := &b.p.uses[use]
	if len(u.more) == 0 {
		return c
	}
	n := len(b.buf)
	b.buf = append(b.buf, c...)
	for _, i := range u.more {
		if i >= len(cells) {
			continue
		}
		m := unguard(cells[i])
		if len(m) == 0 || u.first[m[0]] && u.isAbsent(m) || bytes.Equal(m, c) {
			continue
		}
		if len(b.buf) > n {
			b.buf = append(b.buf, ' ')
		}
		b.buf = append(b.buf, m...)
	}
	if len(b.buf) == n {
		return nil
	}
	return b.buf[n:]
}

// mayBeMangled is a cheap look for an exponent near the end.
func mayBeMangled(c []byte) bool {
	n := len(c)
	return n >= 4 && (c[n-2]|0x20 == 'e' || c[n-3]|0x20 == 'e' || c[n-4]|0x20 == 'e' || n >= 5 && c[n-5]|0x20 == 'e')
}

// identifier folds an identifier. Zeros only are no reference: terminals print
// them where there is none, and as a key they would join strangers.
func (b *binder) identifier(c []byte, f Field) []byte {
	if !isKey(c) {
		src := b.text(c)
		if hasGroupedCard(src) {
			src = maskGrouped(nil, src)
		}
		n := len(b.buf)
		b.buf = appendIdentifier(b.buf, src)
		c = b.buf[n:]
	}
	if isReference(f) && allZeros(c) {
		return nil
	}
	return c
}

// isReference says that a text of zeros only is none of the field.
func isReference(f Field) bool {
	switch f {
	case OrderNo, ChannelNo, RefNo, TraceNo, OrigKey, AuthCode:
		return true
	}
	return false
}

func (b *binder) cardTail(c []byte) []byte {
	if isMaskedCard(c) {
		n := len(b.buf)
		b.buf = append(append(b.buf, c[:8]...), c[len(c)-6:]...) // with two asterisks each
		return b.buf[n:]
	}
	src := b.text(c)
	if f, ok := findCard(src, 0); ok && f.groups > 1 {
		src = f.digits[:f.n]
	}
	n := len(b.buf)
	b.buf = appendIdentifier(b.buf, src)
	m := len(b.buf)
	b.buf = appendCardTail(b.buf, b.buf[n:m])
	if len(b.buf) == m {
		return nil
	}
	return b.buf[m:]
}

// account folds an account number; one that is a bank card's is masked.
func (b *binder) account(c []byte) []byte {
	src := b.text(c)
	if f, ok := findCard(src, 0); ok {
		src = maskFound(nil, src, f)
	}
	n := len(b.buf)
	b.buf = appendIdentifier(b.buf, src)
	c = b.buf[n:]
	for _, x := range c {
		if !isDigit(x) {
			return c
		}
	}
	if isCard(c) {
		return b.cardTail(c)
	}
	return c
}

// freeText cleans a name or a remark; card numbers in it are masked.
func (b *binder) freeText(c []byte) []byte {
	if (b.p.enc != encGB18030 || firstHigh(c) < 0) && freeIsClean(c) {
		if _, ok := findCard(c, 0); !ok {
			return c
		}
	}
	if v, ok := b.free[string(c)]; ok {
		return v
	}
	v := appendFree(nil, b.text(c))
	if f, ok := findCard(v, 0); ok {
		v = maskFound(nil, v, f)
	}
	if len(b.free) < maxMemo {
		b.free[string(c)] = v
	}
	return v
}

func (b *binder) currencyOf(c []byte, use int16) ([]byte, *Problem) {
	if v, ok := b.currency[string(c)]; ok {
		return v, nil
	}
	text := appendIdentifier(nil, b.text(c))
	if b.p.uses[use].spec.WithCurrency && len(text) > 3 {
		text = bytes.TrimLeft(text, "+-(")[:3]
	}
	code, ok := currencyCode(text)
	if !ok {
		return nil, b.fail(codeBadCurrency, use, c)
	}
	v := []byte(code)
	if len(b.currency) < maxMemo {
		b.currency[string(c)] = v
	}
	return v, nil
}
