package layout

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// columnUse is one column of the layout as it stands in a document.
type columnUse struct {
	spec    *columnSpec
	Cell    int    // index of the cell, -1 where the document lacks it
	more    []int  // further cells of a free text
	Header  string // as messages show it
	unit    money.Unit
	zone    *zone        // of its times, nil for China's
	formats []dateFormat // of its dates and times; none: the common ones
	from    int          // bytes of a fixed line; display columns of a ruler
	to      int
	absent  [][]byte   // texts that mean nothing, in the document's encoding
	first   *[256]bool // their first bytes
	dashes  bool       // any run of dashes means nothing
	plain   bool       // nothing else is done to the cell
	apart   bool       // a blank stands before it and behind it in a fixed line
	left    bool       // and it is a text, which begins at its left end
	// What the first rows show, see learnHabits.
	spoken   bool // what an empty cell would mean is written out
	decimals bool // amounts have two decimals, and a comma would cut them
}

// binding is where each target comes from under one rule; the first one of a
// plan is that of rows to which no rule applies.
type binding struct {
	at    [numTargets]int16 // index into plan.uses, -1 for none
	rule  *ruleSpec         // nil for the first
	kind  record.Kind
	stat  record.Status
	cons  *constants // the rule's; nil for the first
	texts []textUse
}

// textUse fills one text field.
type textUse struct {
	field record.Field
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

// Binder turns the raw rows of one document into Rows. It is not shared: every
// worker has its own. On the accept path it does not allocate once its memos
// are warm.
type Binder struct {
	p     *Plan
	row   *record.Row     // whose constants are in place
	need  record.FieldSet // for which they are
	under int16           // the binding that they are of
	live  [][]liveText    // by binding; nil where not settled yet
	cells [][]byte
	line  text.Record // the same of a fixed line
	now   [][]byte    // the cells that picked is of
	buf   []byte      // decoded and folded text of the current row
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
	zones                                                        map[string]*zone

	// counting makes bind add up what the file's controls declare.
	Counting bool
	sums     controlSums
	Balance  int16    // the column of the running balance, -1: it is not asked for
	Proved   bool     // the row just read satisfied an identity
	below    bool     // its amount is that of a sale, and below zero
	sifted   bool     // the row just read is a title, a total, a ruler or blank
	Bound    [][]byte // its cells

	quick quick
}

func NewBinder(p *Plan) *Binder {
	b := &Binder{
		p: p, live: make([][]liveText, len(p.bindings)),
		variants: map[string]int16{}, alarms: map[string]bool{}, totals: map[string]bool{}, free: map[string][]byte{}, currency: map[string][]byte{},
		sums: newControlSums(p.Controls), Balance: -1,
	}
	b.learnColumns()
	return b
}

// Bind reads one raw row. With accept, row is filled in but for its position;
// typed fields always, text fields as far as need names them. With reject the
// problem lacks file and line.
func (b *Binder) Bind(raw *text.Record, row *record.Row, need record.FieldSet) (Verdict, *problem.Problem) {
	b.buf = b.buf[:0]
	if need != b.need || b.picks == nil {
		b.choose(need)
	}
	var cells [][]byte
	v, p := Accepted, (*problem.Problem)(nil)
	if raw.Spans == nil || b.p.Form != FormDelimited || b.p.rowLine != nil && !b.fitsSpans(raw) || !b.quick.read(b, raw, row) {
		cells, v, p = b.cut(raw.Cut())
		if v == Accepted && (b.p.Form != FormFixed || !b.quick.read(b, &b.line, row)) {
			v, p = b.bindCells(cells, row)
		}
	}
	if v == Rejected && b.isFooter(cells) {
		v, p = Skipped, nil
	}
	if b.Counting && v != Skipped {
		b.count(cells, row, v == Accepted)
	}
	if b.Balance >= 0 || b.Counting && b.p.HasBatches() {
		if b.Bound = cells; cells == nil {
			b.Bound = raw.Cut()
		}
	}
	return v, p
}

// bindCells is bind for a row already cut, which may be no transaction.
func (b *Binder) bindCells(cells [][]byte, row *record.Row) (Verdict, *problem.Problem) {
	if b.sifted = b.sift(cells); b.sifted {
		return Skipped, nil
	}
	if p := b.width(cells); p != nil {
		return Rejected, p
	}
	if b.p.rowLine != nil && !b.fitsCells(cells) {
		return Rejected, &problem.Problem{Code: CodeLineShape, Value: b.Show(bytes.Join(cells, []byte(" "))), Args: []string{b.p.Layout.Name}}
	}
	b.pickAll(cells)
	n := b.variant(cells)
	switch n {
	case variantOther: // no record of this layout; perhaps somebody's transaction
		if b.isLikeRow(cells) {
			return Rejected, &problem.Problem{Code: CodeLineShape, Value: b.Show(bytes.Join(cells, []byte(" "))), Args: []string{b.p.Layout.Name}}
		}
		return Skipped, nil
	case variantSkip:
		return Skipped, nil
	case variantEmpty:
		return b.lostWord(cells)
	}
	bd := &b.p.bindings[n]
	if bd.rule != nil && bd.rule.reject >= 0 {
		use := int16(bd.rule.reject)
		if c := b.cell(use); len(c) > 0 {
			return Rejected, b.fail(CodeTwoInOne, use, c)
		}
		return Rejected, b.fail(CodeEmptyRequired, use, nil)
	}
	if len(b.p.unread) > 0 {
		if p := b.unread(cells); p != nil {
			return Rejected, p
		}
	}
	if n != b.under || row != b.row {
		b.settle(n, row)
	}
	if v, p := b.words(cells, bd, row); v != Accepted {
		return v, p
	}
	if v, p := b.amounts(cells, bd, row); v != Accepted {
		return v, p
	}
	if b.p.identity.plain || len(b.p.identity.specs) > 0 {
		if p := b.identityProblem(cells, bd, row); p != nil {
			return Rejected, p
		}
	}
	if p := b.times(cells, bd, row); p != nil {
		return Rejected, p
	}
	if p := b.texts(cells, row); p != nil {
		return Rejected, p
	}
	return Accepted, nil
}

// cut makes cells of a line that the scan does not cut.
func (b *Binder) cut(cells [][]byte) ([][]byte, Verdict, *problem.Problem) {
	p := b.p
	if p.Form == FormDelimited || len(cells) == 0 {
		return cells, Accepted, nil
	}
	line := cells[0]
	if len(Trim(line)) == 0 {
		return cells, Skipped, nil
	}
	fits := p.Layout.fitsLine(line, p.Enc)
	if len(p.skipLines) > 0 && !(fits && p.Layout.Compiled.line != nil) && matchesAny(p.skipLines, b.text(line)) {
		return cells, Skipped, nil
	}
	b.cells = b.cells[:0]
	switch p.Form {
	case FormFixed:
		if fits = fits && b.cutFixed(line); !fits {
			break
		}
		for _, s := range b.line.Spans {
			b.cells = append(b.cells, line[s.From:s.To])
		}
	case formRuler:
		b.cells = cutAtColumns(b.cells, line, p.spans, p.Enc)
	case formBlanks:
		b.cells = cutAtBlanks(b.cells, line)
	}
	if !fits {
		return cells, Rejected, &problem.Problem{Code: CodeLineShape, Value: b.Show(line), Args: []string{p.Layout.Name}}
	}
	return b.cells, Accepted, nil
}

// fitsLine says whether a line has the shape of the layout's rows.
func (l *Layout) fitsLine(line []byte, enc text.Encoding) bool {
	if l.Compiled.shape != nil {
		if !l.Compiled.shape.matches(line) {
			return false
		}
	} else if l.Compiled.line != nil && !l.Compiled.line.Match(line) {
		return false
	}
	n := len(line)
	if l.Compiled.Form == FormFixed && enc != text.GB18030 && text.FirstHigh(line) >= 0 {
		n = lengthInGB18030(line)
	}
	return n >= l.Compiled.minLength && (l.Format.MaxLength == 0 || n <= l.Format.MaxLength)
}

// cutAtBlanks splits a line at runs of blanks and tabs.
func cutAtBlanks(dst [][]byte, line []byte) [][]byte {
	for {
		line = Trim(line)
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
func cutAtColumns(dst [][]byte, line []byte, starts []int, enc text.Encoding) [][]byte {
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
		case enc == text.GB18030:
			_, n = text.DecodeGB18030(line[i:])
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
func (b *Binder) sift(cells [][]byte) bool {
	var first []byte
	for _, c := range cells {
		if first = Trim(c); len(first) > 0 {
			break
		}
	}
	p := b.p
	if len(first) == 0 {
		return p.Delim != text.SpoolCell || !hasFormula(cells)
	}
	if len(p.skipLines) > 0 && p.Form == FormDelimited && matchesAny(p.skipLines, b.join(cells)) {
		return true
	}
	if p.repeat(cells) {
		return true
	}
	if !p.Layout.Compiled.builtin {
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
			word := NormWord(b.Show(first))
			t = IsTotal(word)
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
		n += Btoi(len(Trim(c)) > 0)
	}
	return n
}

// hasFormula says whether a row that looks blank holds a formula without a value.
func hasFormula(cells [][]byte) bool {
	for _, c := range cells {
		if string(c) == text.FormulaMark {
			return true
		}
	}
	return false
}

// hasDay says whether a row has a day where transactions have theirs.
func (b *Binder) hasDay(cells [][]byte) bool {
	for _, t := range [...]Target{Target(record.FieldTime), targetDate} {
		use := b.p.bindings[0].at[t]
		if use < 0 || uint(b.p.Uses[use].Cell) >= uint(len(cells)) {
			continue
		}
		u := &b.p.Uses[use]
		if w, code := readWhen(b.text(Unguard(cells[u.Cell])), u.formats, b.p.ref); code == "" && w.HasDay {
			return true
		}
	}
	return false
}

// isRuler says whether all filled cells are lines of dashes and the like.
func isRuler(cells [][]byte) bool {
	long := false
	for _, c := range cells {
		c = Trim(c)
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
func (p *Plan) repeat(cells [][]byte) bool {
	return isAgain(p.again, cells) || isAgain(p.groups, cells)
}

func isAgain(header []headerCell, cells [][]byte) bool {
	for _, a := range header {
		if a.cell >= len(cells) || !bytes.Equal(Trim(cells[a.cell]), a.text) {
			return false
		}
	}
	return len(header) > 0
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
func (b *Binder) join(cells [][]byte) []byte {
	b.key = b.key[:0]
	for i, c := range cells {
		if i > 0 {
			b.key = append(b.key, b.p.Delim)
		}
		b.key, _ = b.p.Enc.AppendText(b.key, c)
	}
	return bytes.TrimRight(b.key, string(b.p.Delim)+" \t\r")
}

// isFooter says whether a row that cannot be bound is a control or a remark
// under the table.
func (b *Binder) isFooter(cells [][]byte) bool {
	if len(b.p.controlLines) > 0 && matchesAny(b.p.controlLines, b.join(cells)) {
		return true
	}
	if !b.p.Layout.Compiled.builtin {
		return false
	}
	var only []byte
	for _, c := range cells {
		if c = Trim(c); len(c) > 0 {
			if only != nil {
				return false
			}
			only = c
		}
	}
	text := NormWord(b.Show(only))
	return isFoot(text) || IsTotal(text)
}

// width checks the number of cells of a delimited row.
func (b *Binder) width(cells [][]byte) *problem.Problem {
	p := b.p
	if p.Form != FormDelimited {
		return nil
	}
	if len(cells) < p.MinCells {
		return &problem.Problem{Code: CodeShortRow, Args: []string{strconv.Itoa(len(cells)), strconv.Itoa(p.MinCells)}, Value: b.Show(b.join(cells))}
	}
	if len(cells) > p.maxCells {
		for _, c := range cells[p.maxCells:] {
			if len(Trim(c)) > 0 {
				return &problem.Problem{Code: CodeLongRow, Args: []string{strconv.Itoa(len(cells)), strconv.Itoa(p.maxCells)}, Value: b.Show(c)}
			}
		}
	}
	return nil
}

// own is the text of a column itself, with all that can be said about cells.
func (b *Binder) own(cells [][]byte, use int16) []byte {
	u := &b.p.Uses[use]
	if uint(u.Cell) >= uint(len(cells)) {
		return nil
	}
	return b.ownOf(cells[u.Cell], u)
}

// ownOf is own for the cell.
func (b *Binder) ownOf(c []byte, u *columnUse) []byte {
	if n := len(c); n == 0 || c[0] < '0' || c[0] == '=' || c[0] == '`' || c[n-1] <= ' ' {
		c = Unguard(c) // a cell that begins with a digit or letter has no guard but a trailing blank
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
	if b.p.Layout.Format.Brackets && len(c) > 2 && c[0] == '[' && c[len(c)-1] == ']' {
		c = Trim(c[1 : len(c)-1])
	}
	if s.match != nil {
		m := s.match.FindSubmatch(b.text(c))
		if m == nil {
			return nil
		}
		c = Trim(m[1])
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
func (b *Binder) text(c []byte) []byte {
	if b.p.Enc != text.GB18030 || text.FirstHigh(c) < 0 {
		return c
	}
	n := len(b.buf)
	b.buf, _ = b.p.Enc.AppendText(b.buf, c)
	return b.buf[n:]
}

// Show is text for a message.
func (b *Binder) Show(c []byte) string { return string(b.text(c)) }

// fail is a problem of the cell of a column.
func (b *Binder) fail(code problem.Code, use int16, value []byte, args ...string) *problem.Problem {
	p := &problem.Problem{Code: code, Value: b.Show(value), Args: args}
	if use >= 0 {
		p.Column = b.p.Uses[use].Header
	}
	return p
}

// variant is the index of the binding for a row, or below zero where it is no
// transaction.
func (b *Binder) variant(cells [][]byte) int16 {
	p := b.p
	if len(p.conds) == 0 {
		return 0
	}
	b.key = b.key[:0]
	for _, c := range p.conds {
		body := b.cell(int16(c.use))
		switch {
		case c.exact:
			b.key = append(append(b.key, body...), text.SpoolCell)
		case len(body) == 0:
			b.key = append(b.key, 0)
		case IsZero(body):
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

func (b *Binder) findVariant(cells [][]byte) int16 {
	c := b.p.Layout.Compiled
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
func (b *Binder) lostWord(cells [][]byte) (Verdict, *problem.Problem) {
	c := b.p.Layout.Compiled
	for i := range c.skips {
		if use := b.emptyUnless(&c.skips[i]); use >= 0 && filledCells(cells) > 2 {
			return Rejected, b.fail(CodeEmptyRequired, use, nil)
		}
	}
	return Skipped, nil
}

// emptyUnless is the column that a skip wants a word in and that has none, or -1.
func (b *Binder) emptyUnless(s *skipSpec) int16 {
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
func (b *Binder) holds(cond condSpec, cells [][]byte) bool {
	for _, t := range cond {
		text := b.cell(int16(t.col))
		word := NormWord(b.Show(text))
		ok := false
		for _, a := range t.alts {
			if ok = a.means(text, word, b); ok {
				break
			}
		}
		if !ok {
			return false
		}
	}
	return true
}

// means says whether a text, of which word is the folded form, is what a
// condition asks for.
func (a *condAlt) means(text []byte, word string, b *Binder) bool {
	switch {
	case a.empty:
		return len(text) == 0
	case a.any:
		return len(text) > 0
	case a.zero:
		return len(text) == 0 || IsZero(text)
	case a.not:
		return len(text) > 0 && !IsZero(text)
	case a.re != nil:
		return a.re.MatchString(b.Show(text))
	}
	return word == a.text && word != ""
}

// IsZero says whether a text is zero written as a number.
func IsZero(c []byte) bool {
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
func (b *Binder) lookup(cells [][]byte, use int16, v *vocabulary, memo *wordMemo) (Meaning, *problem.Problem) {
	c := b.cell(use)
	if len(c) == 0 && b.p.Uses[use].spoken {
		return MeansReject, b.fail(CodeEmptyWord, use, nil)
	}
	m, ok := memo.get(c)
	if !ok {
		m = v.lookup(b.Show(c))
		memo.put(c, m)
	}
	if m == MeansReject {
		if len(c) == 0 {
			return m, b.fail(CodeEmptyRequired, use, nil)
		}
		return m, b.fail(v.unknown, use, c, v.name)
	}
	return m, nil
}

// words reads kind, status, channel and card type.
func (b *Binder) words(cells [][]byte, bd *binding, row *record.Row) (Verdict, *problem.Problem) {
	c := b.p.Layout.Compiled
	row.Kind, row.Status, row.Unsettled = bd.kind, bd.stat, false
	if use := bd.at[record.FieldKind]; use >= 0 && row.Kind == record.KindUnknown {
		m, p := b.lookup(cells, use, c.kind, &b.kinds)
		if p != nil {
			return Rejected, p
		}
		if m == meansSkip {
			return Skipped, nil
		}
		row.Kind = record.Kind(m)
	}
	if row.Kind == record.KindUnknown {
		row.Kind = b.p.kind
	}
	if use := bd.at[record.FieldStatus]; use >= 0 && row.Status == record.StatusUnknown {
		m, p := b.lookup(cells, use, c.status, &b.statuses)
		switch {
		case p != nil:
			return Rejected, p
		case m == meansSkip:
			return Skipped, nil
		case m == meansUndone && (row.Kind == record.Void || row.Kind == record.Reversal):
			row.Status = record.OK
		case m == meansUndone:
			row.Status = record.Failed
		case m == meansUnsettled:
			row.Status, row.Unsettled = record.OK, true
		default:
			row.Status = record.Status(m)
		}
	}
	if row.Status == record.StatusUnknown {
		row.Status = b.p.status
	}
	return b.means(cells, bd, row)
}

// means reads how it was paid: card type and channel.
func (b *Binder) means(cells [][]byte, bd *binding, row *record.Row) (Verdict, *problem.Problem) {
	c := b.p.Layout.Compiled
	row.CardType, row.Channel = c.consts.cardType, c.consts.channel
	if bd.cons != nil && bd.cons.hasCard {
		row.CardType = bd.cons.cardType
	} else if use := bd.at[record.CardTypeText]; use >= 0 {
		m, p := b.lookup(cells, use, c.cardType, &b.cardTypes)
		if p != nil {
			return Rejected, p
		}
		if m > 0 {
			row.CardType = record.CardType(m)
		}
	}
	if bd.cons != nil && bd.cons.hasChan {
		row.Channel = bd.cons.channel
		return Accepted, nil
	}
	if v, p, known := b.channel(cells, bd.at[targetChannel], &b.channels, row); known {
		return v, p
	}
	if v, p, known := b.channel(cells, bd.at[record.PayMethod], &b.payMethods, row); known {
		return v, p
	}
	if row.Channel == record.ChannelUnknown && (row.CardType != record.CardUnknown || startsAsCard(b.cell(bd.at[record.CardTail]))) {
		row.Channel = record.ChannelCard
	}
	return Accepted, nil
}

// channel reads the channel in one column, if it says anything about it.
func (b *Binder) channel(cells [][]byte, use int16, memo *wordMemo, row *record.Row) (v Verdict, p *problem.Problem, known bool) {
	if use < 0 {
		return Accepted, nil, false
	}
	m, p := b.lookup(cells, use, b.p.Layout.Compiled.channel, memo)
	switch {
	case p != nil:
		return Rejected, p, true
	case m == meansSkip:
		return Skipped, nil, true
	case m > 0:
		row.Channel = record.Channel(m)
		return Accepted, nil, true
	}
	return Accepted, nil, false
}

// startsAsCard says whether a card column holds the first six digits of a card:
// then a card was used, and not a wallet that has put its own name there.
func startsAsCard(c []byte) bool {
	if len(c) < 10 {
		return false
	}
	return areDigits(binary.LittleEndian.Uint64(c)&(1<<48-1) | zeros&^(1<<48-1))
}

var amountCodes = map[error]problem.Code{
	money.ErrEmpty: CodeEmptyRequired, money.ErrSyntax: CodeBadAmount, money.ErrExponent: CodeAmountExponent,
	money.ErrDecimals: CodeAmountDecimals, money.ErrRange: CodeAmountRange, money.ErrUnit: CodeAmountUnit,
}

// fen reads the amount in a column, with what is added to it; ok is false where
// the cells say nothing.
func (b *Binder) fen(use int16) (f money.Fen, ok bool, p *problem.Problem) {
	if use < 0 || len(b.p.Uses[use].spec.add) == 0 {
		return b.oneFen(use)
	}
	f, ok, p = b.oneFen(use)
	for _, a := range b.p.Uses[use].spec.add {
		if p != nil {
			break
		}
		var more money.Fen
		var there, fits bool
		if more, there, p = b.oneFen(int16(a.col)); p != nil || !there {
			continue
		}
		if a.less {
			more = -more
		}
		if f, fits = money.Add(f, more); !fits {
			p = b.fail(CodeAmountRange, int16(a.col), b.cell(int16(a.col)))
		}
		ok = true
	}
	return f, ok, p
}

// oneFen reads the amount in one column.
func (b *Binder) oneFen(use int16) (f money.Fen, ok bool, p *problem.Problem) {
	c := b.cell(use)
	if use >= 0 && b.p.Uses[use].decimals && b.isSplit(c, use) {
		return 0, false, b.fail(CodeSplitAmount, use, c, b.Show(b.now[b.p.Uses[use].Cell+1]))
	}
	return b.fenOf(c, use)
}

// fenOf is fen for the text of the column.
func (b *Binder) fenOf(c []byte, use int16) (f money.Fen, ok bool, p *problem.Problem) {
	if c == nil {
		return 0, false, nil
	}
	u := &b.p.Uses[use]
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
			text = Trim(text[1:])
		case 'D', 'd':
			text, neg = Trim(text[1:]), true
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
	if err == money.ErrDecimals && s.isFee() {
		var milli int64
		f, milli, err = money.Fine(b.text(text), u.unit)
		f = money.Round(f, milli)
	}
	if err != nil {
		return 0, false, b.fail(amountCodes[err], use, c)
	}
	if neg {
		f = -f
	}
	return f, true, nil
}

// isFee says whether a column holds nothing but fees, which may have more
// decimals than there are fen.
func (s *columnSpec) isFee() bool {
	return len(s.targets) == 1 && s.targets[0] == Target(record.FieldFee)
}

// parseCell avoids the decoding of what is ASCII, which nearly every amount is.
func parseCell(c []byte, unit money.Unit) (money.Fen, bool) {
	if text.FirstHigh(c) >= 0 {
		return 0, false
	}
	f, err := money.Parse(c, unit)
	return f, err == nil
}

// undress removes a currency code or another allowed text before a number,
// keeping a sign before it.
func (b *Binder) undress(c []byte, s *columnSpec) []byte {
	sign := c[:0]
	rest := b.text(c)
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+' || rest[0] == '(') {
		sign, rest = rest[:1], Trim(rest[1:])
	}
	if s.WithCurrency && len(rest) > 3 {
		if _, ok := currencyCode(rest[:3]); ok {
			rest = Trim(rest[3:])
		}
	}
	for _, p := range s.Prefix {
		if r, ok := bytes.CutPrefix(rest, []byte(p)); ok {
			rest = Trim(r)
			break
		}
	}
	n := len(b.buf)
	b.buf = append(append(b.buf, sign...), rest...)
	return b.buf[n:]
}

// amounts reads the money of a row and gives it the signs of SPEC section 2.
func (b *Binder) amounts(cells [][]byte, bd *binding, row *record.Row) (Verdict, *problem.Problem) {
	a, v, p := b.amount(cells, bd)
	if v != Accepted {
		return v, p
	}
	row.Fee, row.Net, row.Credited = 0, 0, 0
	row.HasFee, row.HasNet, row.HasCredited = false, false, false
	if use := bd.at[record.FieldFee]; use >= 0 {
		if row.Fee, row.HasFee, p = b.fen(use); p == nil {
			p = b.turnFee(cells, row)
		}
		if p != nil {
			return Rejected, p
		}
	}
	if use := bd.at[record.FieldNet]; use >= 0 {
		if row.Net, row.HasNet, p = b.fen(use); p != nil {
			return Rejected, p
		}
	}
	if use := bd.at[record.FieldCredited]; use >= 0 {
		if row.Credited, row.HasCredited, p = b.fen(use); p != nil {
			return Rejected, p
		}
	}
	b.sign(a, bd.rule, row)
	return Accepted, nil
}

// turnFee gives a fee the sign that the column beside it says.
func (b *Binder) turnFee(cells [][]byte, row *record.Row) *problem.Problem {
	c := b.p.Layout.Compiled
	if !b.p.feeHasWord() || row.Fee == 0 {
		return nil
	}
	m, p := b.lookup(cells, c.feeWord, c.direction, &b.directions)
	switch {
	case p != nil:
		return p
	case m == directionOut:
		row.Fee = row.Fee.Abs()
	default:
		row.Fee = -row.Fee.Abs()
	}
	return nil
}

// feeHasWord says whether the file says of each fee if it was taken.
func (p *Plan) feeHasWord() bool {
	c := p.Layout.Compiled
	return c.feeSign == feeByWord && p.Uses[c.feeWord].Cell >= 0
}

// sign gives the money of a row its signs; printed is the amount as the file
// means it, and the other amounts are in place.
func (b *Binder) sign(printed money.Fen, rule *ruleSpec, row *record.Row) {
	a := printed
	b.below = false
	if rule != nil && rule.sign != 0 {
		a = a.Abs() * money.Fen(rule.sign)
	}
	switch row.Kind {
	case record.Void, record.Reversal, record.Refund:
		a = -a.Abs()
	case record.Sale:
		if b.below = a < 0; b.below {
			row.Kind = record.Refund
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
func (b *Binder) signFee(row *record.Row) {
	switch b.p.Layout.Compiled.feeSign {
	case feeIsCost:
		return
	case feeByWord:
		if b.p.feeHasWord() {
			return
		}
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
func (b *Binder) amount(cells [][]byte, bd *binding) (money.Fen, Verdict, *problem.Problem) {
	use := bd.at[record.FieldAmount]
	if use < 0 {
		return b.inOut(cells, bd)
	}
	a, ok, p := b.fen(use)
	if p == nil && !ok {
		p = b.fail(CodeEmptyRequired, use, nil)
	}
	if p != nil {
		return 0, Rejected, p
	}
	dir := bd.at[targetDirection]
	if dir < 0 {
		return a, Accepted, nil
	}
	m, p := b.lookup(cells, dir, b.p.Layout.Compiled.direction, &b.directions)
	switch {
	case p != nil:
		return 0, Rejected, p
	case m == meansSkip:
		return 0, Skipped, nil
	case m == directionOut:
		// A negative amount under 支出 is a correction of it in some exports
		// and a second way to say the same in others; only the sum tells, so
		// the word decides.
		return -a.Abs(), Accepted, nil
	}
	return a, Accepted, nil // income below zero is income taken back
}

// inOut reads income minus expense. Exports print the expense with and without
// a minus.
func (b *Binder) inOut(cells [][]byte, bd *binding) (money.Fen, Verdict, *problem.Problem) {
	in, hasIn, p := b.fen(bd.at[targetAmountIn])
	if p != nil {
		return 0, Rejected, p
	}
	out, hasOut, p := b.fen(bd.at[targetAmountOut])
	if p != nil {
		return 0, Rejected, p
	}
	switch {
	case !hasIn && !hasOut || hasIn != hasOut && in == 0 && out == 0: // one is empty, the other 0.00
		return 0, Rejected, b.fail(CodeNoAmount, bd.at[targetAmountIn], nil)
	case in != 0 && out != 0:
		return 0, Rejected, b.fail(CodeBothSides, bd.at[targetAmountIn], nil, in.String(), out.String())
	case out != 0:
		return -out.Abs(), Accepted, nil
	}
	return in, Accepted, nil
}

// when reads the date or time in a column; ok is false where the cell says
// nothing, or only zeros. asClock: the day stands in a column of its own, so a
// short number is a time of day and no serial day.
func (b *Binder) when(use int16, asClock bool) (w when, ok bool, p *problem.Problem) {
	if use < 0 {
		return w, false, nil
	}
	return b.whenOf(b.cell(use), use, asClock)
}

// whenOf is when for the text of the column.
func (b *Binder) whenOf(c []byte, use int16, asClock bool) (w when, ok bool, p *problem.Problem) {
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
	formats := b.p.Uses[use].formats
	body := c
	if text.FirstHigh(c) >= 0 {
		body = b.text(c)
	}
	var code problem.Code
	if asClock && len(formats) == 0 {
		w, code = ParseClock(body)
	} else {
		w, code = readWhen(body, formats, b.p.ref)
	}
	if code != "" {
		return w, false, b.fail(code, use, c)
	}
	w = w.in(b.p.Uses[use].zone)
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
func (b *Binder) times(cells [][]byte, bd *binding, row *record.Row) *problem.Problem {
	row.Time, row.HasClock = 0, false
	t, hasTime, p := b.when(bd.at[record.FieldTime], bd.at[targetDate] >= 0)
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
	z, p := b.zoneIn(bd.at[targetZone])
	if p != nil {
		return p
	}
	t = b.p.together(t, d, clock).in(z)
	switch {
	case t.HasDay:
		row.Time, row.HasClock = t.time(), t.HasClock
	case hasTime || hasClock:
		use := bd.at[record.FieldTime]
		if !hasTime {
			use = bd.at[targetClock]
		}
		return b.fail(CodeClockOnly, use, b.cell(use))
	case b.p.Layout.Compiled.mustTime:
		use := bd.at[record.FieldTime]
		if use < 0 {
			use = bd.at[targetDate]
		}
		return b.fail(CodeEmptyRequired, use, nil)
	}
	return b.days(cells, bd, row)
}

// together is the moment that three columns give: one with the time, of which
// it may lack the day or the time of day, one with the day, one with the clock.
// A day that has its own time of day is one moment, whatever stands beside it;
// and the clock of one event does not go with the day of another.
func (p *Plan) together(t, d, clock when) when {
	if !t.HasDay && d.HasDay {
		of := t
		if t = d; !d.HasClock && of.HasClock && !p.apart {
			t.sec, t.HasClock = of.sec, true
			t = t.pending(of)
		}
	}
	if !t.HasClock && clock != (when{}) {
		if !t.HasDay {
			t.day, t.HasDay = clock.day, clock.HasDay
		}
		if clock.HasClock && !(p.clockApart && t.HasDay) {
			t.sec, t.HasClock = clock.sec, true
			t = t.pending(clock)
		}
	}
	if z := t.zone; z != nil {
		t = t.in(z)
	}
	return t
}

// pending takes over from a time of day the zone that it is yet to be moved from.
func (w when) pending(clock when) when {
	if clock.zone != nil {
		w.zone = clock.zone
	}
	return w
}

// days reads clearing, settle, credited and promised dates.
func (b *Binder) days(cells [][]byte, bd *binding, row *record.Row) *problem.Problem {
	row.ClearingDate, row.SettleDate, row.CreditedDate, row.PromisedDate = b.p.dates[0], b.p.dates[1], b.p.dates[2], b.p.dates[3]
	if use := bd.at[record.FieldClearingDate]; use >= 0 {
		if p := b.day(cells, use, &row.ClearingDate); p != nil {
			return p
		}
	}
	if use := bd.at[record.FieldSettleDate]; use >= 0 {
		if p := b.day(cells, use, &row.SettleDate); p != nil {
			return p
		}
	}
	if use := bd.at[record.FieldCreditedDate]; use >= 0 {
		if p := b.day(cells, use, &row.CreditedDate); p != nil {
			return p
		}
	}
	if use := bd.at[record.FieldPromisedDate]; use >= 0 {
		return b.day(cells, use, &row.PromisedDate)
	}
	return nil
}

// day reads a day in one column.
func (b *Binder) day(cells [][]byte, use int16, to *record.Date) *problem.Problem {
	w, ok, p := b.when(use, false)
	switch {
	case p != nil:
		return p
	case ok && !w.HasDay:
		return b.fail(CodeBadTime, use, b.cell(use))
	case ok:
		*to = w.day
	case b.p.Uses[use].spec.Required:
		return b.fail(CodeEmptyRequired, use, nil)
	}
	return nil
}

// texts fills the text fields. Identifiers are checked for lost digits whether
// they are needed or not: a reject must not depend on who asks.
func (b *Binder) texts(cells [][]byte, row *record.Row) *problem.Problem {
	live := b.live[b.under]
	for i := range live {
		t := &live[i]
		c := b.cell(t.use)
		if len(b.p.Uses[t.use].more) > 0 {
			c = b.joined(cells, c, t.use)
		}
		if c == nil {
			row.Text[t.field] = t.value
			continue
		}
		f := t.field
		if t.ident && (len(c) > maxIdentifier || mayBeMangled(c) && lostPrecision(c)) {
			code := CodeLostPrecision
			if len(c) > maxIdentifier {
				code = CodeBadIdentifier
			}
			return b.fail(code, t.use, c)
		}
		switch {
		case f == record.Currency:
			v, p := b.currencyOf(c, t.use)
			if p != nil {
				return p
			}
			row.Text[f] = v
		case !t.needed:
			continue
		case t.ident && c[0] != '0' && problem.IsKey(c):
			row.Text[f] = c
			continue
		case t.ident:
			row.Text[f] = b.identifier(c, f)
		case f == record.CardTail:
			row.Text[f] = b.cardTail(c)
		case f == record.Account:
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
func (b *Binder) joined(cells [][]byte, c []byte, use int16) []byte {
	u := &b.p.Uses[use]
	if len(u.more) == 0 {
		return c
	}
	n := len(b.buf)
	b.buf = append(b.buf, c...)
	for _, i := range u.more {
		if i >= len(cells) {
			continue
		}
		m := Unguard(cells[i])
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
func (b *Binder) identifier(c []byte, f record.Field) []byte {
	if !problem.IsKey(c) {
		src := b.text(c)
		if problem.HasGroupedCard(src) {
			src = problem.MaskGrouped(nil, src)
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
func isReference(f record.Field) bool {
	switch f {
	case record.OrderNo, record.ChannelNo, record.RefNo, record.TraceNo, record.OrigKey, record.AuthCode:
		return true
	}
	return false
}

func (b *Binder) cardTail(c []byte) []byte {
	if isMaskedCard(c) {
		n := len(b.buf)
		b.buf = append(append(b.buf, c[:8]...), c[len(c)-6:]...) // with two asterisks each
		return b.buf[n:]
	}
	src := b.text(c)
	if f, ok := problem.FindCard(src, 0); ok && f.Groups > 1 {
		src = f.Digits[:f.N]
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
func (b *Binder) account(c []byte) []byte {
	src := b.text(c)
	if f, ok := problem.FindCard(src, 0); ok {
		src = problem.MaskFound(nil, src, f)
	}
	n := len(b.buf)
	b.buf = appendIdentifier(b.buf, src)
	c = b.buf[n:]
	for _, x := range c {
		if !text.IsDigit(x) {
			return c
		}
	}
	if problem.IsCard(c) {
		return b.cardTail(c)
	}
	return c
}

// freeText cleans a name or a remark; card numbers in it are masked.
func (b *Binder) freeText(c []byte) []byte {
	if (b.p.Enc != text.GB18030 || text.FirstHigh(c) < 0) && freeIsClean(c) {
		if _, ok := problem.FindCard(c, 0); !ok {
			return c
		}
	}
	if v, ok := b.free[string(c)]; ok {
		return v
	}
	v := appendFree(nil, b.text(c))
	if f, ok := problem.FindCard(v, 0); ok {
		v = problem.MaskFound(nil, v, f)
	}
	if len(b.free) < maxMemo {
		b.free[string(c)] = v
	}
	return v
}

func (b *Binder) currencyOf(c []byte, use int16) ([]byte, *problem.Problem) {
	if v, ok := b.currency[string(c)]; ok {
		return v, nil
	}
	text := appendIdentifier(nil, b.text(c))
	if b.p.Uses[use].spec.WithCurrency && len(text) > 3 {
		text = bytes.TrimLeft(text, "+-(")[:3]
	}
	code, ok := currencyCode(text)
	if !ok {
		return nil, b.fail(CodeBadCurrency, use, c)
	}
	v := []byte(code)
	if len(b.currency) < maxMemo {
		b.currency[string(c)] = v
	}
	return v, nil
}

// Verdict is what a row turned out to be.
type Verdict uint8

const (
	Accepted Verdict = iota
	Skipped          // blank, title, comment or trailer line
	Rejected
)
