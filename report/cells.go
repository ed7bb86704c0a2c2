package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// cells writes the cells of one row after the other as sheet XML. All text is
// inline and of the text type, so that nothing of it can be taken for a
// formula; every cell has a style, so that a row looks the same all along.
type cells struct {
	styles [numKinds][]byte // `" s="7`, by kind
	sheet  *sheet
	seg    *segment
	row    []byte // the row's number in digits
	// foreign is the row's currency where it is not the base currency.
	foreign string
	col     int
	lines   int    // the most lines that a cell of the row takes
	buf     []byte // the segment's XML up to where the row has come
	head    int    // where the row's height belongs
	// last is, by column, the text that was written last: shops, terminals,
	// acquirers and dates repeat from row to row.
	last []shown
	// spares are buffers of segments that have been appended.
	spares [][]byte
}

// shown is a text with the XML that shows it behind its cell's reference.
type shown struct {
	text         string
	xml          []byte
	width, lines int
}

// spare is a buffer for a segment; recycle takes it back.
func (c *cells) spare() []byte {
	n := len(c.spares)
	if n == 0 {
		return nil
	}
	b := c.spares[n-1]
	c.spares = c.spares[:n-1]
	return b[:0]
}

func (c *cells) recycle(segs []segment) {
	for i := range segs {
		c.spares = append(c.spares, segs[i].xml)
		segs[i].xml = nil
	}
}

func newCells(styles [numKinds]int) *cells {
	c := &cells{}
	for k, id := range styles {
		c.styles[k] = []byte(`" s="` + strconv.Itoa(id))
	}
	return c
}

func (c *cells) begin(s *sheet, seg *segment, row int, currency string) {
	c.foreign = ""
	if currency != baseCurrency {
		c.foreign = currency
	}
	if c.sheet != s {
		c.last = c.last[:0]
	}
	c.sheet, c.seg, c.col, c.lines = s, seg, 0, 1
	c.row = strconv.AppendInt(c.row[:0], int64(row), 10)
	c.buf = append(append(seg.xml, `<row r="`...), c.row...)
	c.head = len(c.buf)
	c.buf = append(c.buf, `">`...)
}

// lineHeight is the height of one line of the body font in points.
const lineHeight = 16.5

// maxLines keeps a row below the format's 409 points.
const maxLines = 24

func (c *cells) end() {
	if c.lines > 1 {
		var height [24]byte
		h := strconv.AppendFloat(append(height[:0], `" ht="`...), lineHeight*float64(min(c.lines, maxLines)), 'f', -1, 64)
		c.buf = slices.Insert(c.buf, c.head, h...)
	}
	c.seg.xml = append(c.buf, `</row>`...)
}

// open begins the next cell in the style of a kind and notes its width.
func (c *cells) open(k kind, w int) {
	c.buf = append(c.buf, c.sheet.openings[c.col]...)
	c.buf = append(c.buf, c.row...)
	c.buf = append(c.buf, c.styles[k]...)
	if w > c.seg.widths[c.col] {
		c.seg.widths[c.col] = w
	}
	c.col++
}

func (c *cells) kind() kind { return c.sheet.headings[c.col].kind }

func (c *cells) blank() {
	c.open(c.kind(), 0)
	c.buf = append(c.buf, `"/>`...)
}

// text writes s as text, whatever it looks like.
func (c *cells) text(s string) {
	if s == "" {
		c.blank()
		return
	}
	for len(c.last) <= c.col {
		c.last = append(c.last, shown{})
	}
	t := &c.last[c.col]
	k := c.kind()
	if t.text != s {
		t.render(s, c.sheet.headings[c.col].max, wraps[k])
	}
	if k != kCode && k != kLog && k != kDecision && k != kNote && k != kID {
		k = kText
	}
	c.lines = max(c.lines, t.lines)
	c.open(k, t.width)
	c.buf = append(c.buf, t.xml...)
}

// wraps are the kinds of cells that grow with their text. The others keep a row
// in one line: what is longer than its column shows when the cell is chosen.
var wraps = [numKinds]bool{kLog: true, kNote: true}

// render keeps s as a cell shows it that is at most limit wide.
func (t *shown) render(s string, limit int, wrap bool) {
	t.text = s
	s = clip(s)
	t.width, t.lines = textWidth(s), 1
	if wrap && (t.width > limit || strings.Contains(s, "\n")) {
		t.lines = wrappedLines(s, limit)
	}
	t.xml = append(t.xml[:0], `" t="inlineStr"><is><t`...)
	if needsPreserve(s) {
		t.xml = append(t.xml, ` xml:space="preserve"`...)
	}
	t.xml = append(t.xml, '>')
	t.xml = appendXML(t.xml, s)
	t.xml = append(t.xml, `</t></is></c>`...)
}

// exactFen is the largest amount that a spreadsheet, which keeps 15 digits,
// shows to the fen. What is beyond stays right as text.
const exactFen money.Fen = 999_999_999_999_999

// money writes an amount. One in another currency is text with its code: the
// column's total must not mix two currencies.
func (c *cells) money(f money.Fen) {
	if c.foreign != "" {
		c.text(c.foreign + " " + yuan(f))
		return
	}
	if f > exactFen || f < -exactFen {
		c.text(yuan(f))
		return
	}
	c.seg.sums[c.col].add(f)
	c.open(kMoney, moneyWidth(f))
	c.buf = append(c.buf, `"><v>`...)
	c.buf = f.Append(c.buf)
	c.buf = append(c.buf, `</v></c>`...)
}

func (c *cells) moneyIf(f money.Fen, ok bool) {
	if !ok {
		c.blank()
		return
	}
	c.money(f)
}

// moneyWidth is the width of f as #,##0.00.
func moneyWidth(f money.Fen) int {
	n := 4
	if f < 0 {
		f, n = -f, 5
	}
	for i := 0; f >= 1000; i++ {
		f /= 10
		n++
		if i%3 == 2 {
			n++
		}
	}
	return n
}

// serial is the spreadsheet's count of days for 1970-01-01.
const serial = 25569

func (c *cells) date(d record.Date) {
	if d == 0 {
		c.blank()
		return
	}
	c.open(kDate, 10)
	c.buf = append(c.buf, `"><v>`...)
	c.buf = strconv.AppendInt(c.buf, int64(d)+serial, 10)
	c.buf = append(c.buf, `</v></c>`...)
}

func (c *cells) time(t record.Time, hasClock bool) {
	if t == 0 || !hasClock {
		c.date(t.Date())
		return
	}
	c.open(kTime, 19)
	c.buf = append(c.buf, `"><v>`...)
	c.buf = strconv.AppendFloat(c.buf, float64(t)/86400+serial, 'f', -1, 64)
	c.buf = append(c.buf, `</v></c>`...)
}

func (c *cells) int(n int64) {
	c.open(kInt, 6)
	c.buf = append(c.buf, `"><v>`...)
	c.buf = strconv.AppendInt(c.buf, n, 10)
	c.buf = append(c.buf, `</v></c>`...)
}

// intIf leaves the cell of nothing empty.
func (c *cells) intIf(n int64) {
	if n == 0 {
		c.blank()
		return
	}
	c.int(n)
}

// maxText is the longest text that a cell may hold, in UTF-16 units.
const maxText = 32767

// cutMark ends a text that had to be cut.
const cutMark = "…[cut/已截断]"

// clip cuts a text that no cell can hold, visibly.
func clip(s string) string {
	if len(s) <= maxText {
		return s
	}
	units, keep := 0, 0
	const room = maxText - 16 // for cutMark
	for i, r := range s {
		n := 1
		if r > 0xFFFF {
			n = 2
		}
		if units+n > room && keep == 0 {
			keep = i
		}
		if units += n; units > maxText {
			return s[:keep] + cutMark
		}
	}
	return s
}

// textWidth is the width of the longest line of s.
func textWidth(s string) int {
	if !strings.Contains(s, "\n") {
		return width(s)
	}
	w := 0
	for part := range strings.SplitSeq(s, "\n") {
		w = max(w, width(part))
	}
	return w
}

// wrappedLines is how many lines a cell of some width needs for s: words of
// Latin letters and digits stay together, other characters break anywhere.
func wrappedLines(s string, limit int) int {
	lines, line, word := 1, 0, 0
	place := func(w int) {
		if line+w > limit && line > 0 {
			lines, line = lines+1, 0
		}
		for ; w > limit; w -= limit {
			lines++
		}
		line += w
	}
	for _, r := range s {
		switch {
		case r == '\n':
			place(word)
			word, line, lines = 0, 0, lines+1
		case r < utf8.RuneSelf && r != ' ':
			word++
		default:
			place(word)
			word = 0
			place(runeWidth(r))
		}
	}
	place(word)
	return lines
}

func needsPreserve(s string) bool {
	first, last := s[0], s[len(s)-1]
	return first <= ' ' || last <= ' ' || strings.Contains(s, "\n")
}

// appendXML escapes s for element content. What XML cannot hold becomes
// U+FFFD, a lone carriage return a line feed. A literal _x0041_, which
// spreadsheets read as an escape for "A", gets its underscore escaped.
func appendXML(b []byte, s string) []byte {
	valid := utf8.ValidString(s)
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if !unsafeXML[c] && (c < utf8.RuneSelf || valid && !(c == 0xEF && s[i+1] == 0xBF)) {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if with := xmlEscape(r, size, s[i:]); with != "" {
			b = append(b, s[from:i]...)
			b = append(b, with...)
			from = i + size
		}
		i += size
	}
	return append(b, s[from:]...)
}

// unsafeXML are the ASCII bytes that cannot always stand for themselves.
var unsafeXML = func() (t [256]bool) {
	for c := range byte(' ') {
		t[c] = true
	}
	t['&'], t['<'], t['>'], t['_'] = true, true, true, true
	return t
}()

// xmlEscape is what has to stand for the rune at the beginning of rest; ""
// if it can stand for itself.
func xmlEscape(r rune, size int, rest string) string {
	switch {
	case r == '&':
		return "&amp;"
	case r == '<':
		return "&lt;"
	case r == '>':
		return "&gt;"
	case r == '_' && looksEscaped(rest):
		return "_x005F_"
	case r == '\r':
		if strings.HasPrefix(rest, "\r\n") {
			return " "
		}
		return "\n"
	case r == utf8.RuneError && size == 1, r < ' ' && r != '\t' && r != '\n', r == 0xFFFE, r == 0xFFFF:
		return "\uFFFD"
	}
	return ""
}

// looksEscaped is true for _xHHHH_.
func looksEscaped(s string) bool {
	if len(s) < 7 || s[1] != 'x' || s[6] != '_' {
		return false
	}
	_, err := strconv.ParseUint(s[2:6], 16, 16)
	return err == nil
}
