package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/unicode"
)

// htmlBook is a web page with tables, as many banks and tills write what they
// call .xls. All its tables follow each other on one sheet, as they do when a
// spreadsheet program opens it, and so does text between them.
type htmlBook struct {
	name string
	lim  problem.Limits
	src  text.Source
	enc  text.Encoding
	skip int64 // byte order mark
}

// htmlSheet names the only sheet.
const htmlSheet = "Sheet1"

// openHTML looks for a table and finds the encoding: a byte order mark, else
// strict UTF-8, else GB18030. What the page says of its own encoding is wrong
// too often.
func openHTML(name string, src text.Source, opt text.Workspace) (grid, *problem.Problem) {
	b := &htmlBook{name: name, lim: opt.Limits, src: src}
	table, err := b.survey()
	switch {
	case err != nil:
		return nil, workbookProblem(name, "", 0, err)
	case !table:
		return nil, problemAt(name, CodeWebPage)
	}
	return b, nil
}

func (b *htmlBook) Sheets() []Sheet { return []Sheet{{Name: htmlSheet}} }

func (b *htmlBook) Close() error { return nil }

var errHTMLEncoding = errors.New("neither UTF-8 nor GB18030")

// survey reads the page once: is there a table, and is all of it UTF-8?
func (b *htmlBook) survey() (table bool, err error) {
	head, err := ReadHead(b.src)
	if err != nil {
		return false, err
	}
	enc, skip := text.ByteOrderMark(head)
	b.enc, b.skip = enc, int64(skip)
	if isUTF16Mark(enc) {
		return true, nil // decoded, and not searched, before it is read
	}
	const block, overlap = 256 << 10, 16
	buf := make([]byte, block+overlap)
	have, valid := 0, true
	for off := b.skip; ; {
		n, err := b.src.ReadAt(buf[have:have+block], off)
		if n == 0 && err != nil && err != io.EOF {
			return false, err
		}
		off += int64(n)
		body := buf[:have+n]
		table = table || hasTable(body)
		last := n == 0 || off >= b.src.Size()
		checked := body
		if !last {
			checked = body[:len(body)-incomplete(body)]
		}
		if valid && !utf8.Valid(checked) {
			valid = false
			if enc == text.UnknownEncoding {
				b.enc = notUTF8(body, last)
			}
		}
		if last {
			break
		}
		// Keep the end: a tag or a character may go on.
		keep := min(overlap, len(body))
		for keep > 0 && valid && !utf8.RuneStart(body[len(body)-keep]) {
			keep--
		}
		have = copy(buf, body[len(body)-keep:])
	}
	if b.enc == text.UnknownEncoding && valid {
		b.enc = text.UTF8
	}
	if b.enc == text.UnknownEncoding {
		return table, errHTMLEncoding
	}
	return table, nil
}

func isUTF16Mark(e text.Encoding) bool { return e == text.UTF16LE || e == text.UTF16BE }

// incomplete is the length of a UTF-8 character that text may end within.
func incomplete(text []byte) int {
	for i := 1; i <= 3 && i <= len(text); i++ {
		if c := text[len(text)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(text[len(text)-i:]) {
				return i
			}
			break
		}
	}
	return 0
}

func hasTable(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '<')
		if i < 0 || len(text)-i < 6 {
			return false
		}
		text = text[i+1:]
		if text[0]|0x20 == 't' && bytes.EqualFold(text[:5], []byte("table")) {
			return true
		}
	}
}

// text is the page in UTF-8.
func (b *htmlBook) text() io.Reader {
	r := io.NewSectionReader(b.src, b.skip, b.src.Size()-b.skip)
	switch b.enc {
	case text.UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case text.UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(r)
	case text.GB18030:
		return &gbReader{r: r}
	}
	return r
}

// gbReader turns a page in GB18030 into UTF-8, in pieces that end behind a
// byte which is never part of a longer character. What it cannot read stays
// invalid, so that the row is rejected.
type gbReader struct {
	r    io.Reader
	raw  []byte
	out  []byte
	left []byte
	err  error
}

func (g *gbReader) Read(p []byte) (int, error) {
	for len(g.left) == 0 {
		if g.err != nil && len(g.raw) == 0 {
			return 0, g.err
		}
		if g.err == nil {
			var n int
			at := len(g.raw)
			g.raw = append(g.raw, make([]byte, 64<<10)...)
			n, g.err = g.r.Read(g.raw[at:])
			g.raw = g.raw[:at+n]
		}
		cut := wholeGB(g.raw, g.err != nil)
		if cut == 0 && len(g.raw) > 1<<20 {
			cut = len(g.raw)
		}
		g.out, _ = text.GB18030.AppendText(g.out[:0], g.raw[:cut])
		g.raw = g.raw[:copy(g.raw, g.raw[cut:])]
		g.left = g.out
	}
	n := copy(p, g.left)
	g.left = g.left[n:]
	return n, nil
}

// notUTF8 is the encoding of a piece of text that is not UTF-8 throughout:
// that of most of its lines. last says that nothing follows.
func notUTF8(body []byte, last bool) text.Encoding {
	if whole := body[:wholeGB(body, last)]; text.FirstHigh(whole) >= 0 {
		return text.EncodingByVote(whole)
	}
	for k := range min(4, len(body)) { // one long cell, cut within a character
		if text.ValidGB18030(body[:len(body)-k]) {
			return text.GB18030
		}
	}
	return text.UnknownEncoding
}

// wholeGB is how much of text surely ends with a character: blanks and most
// signs are never a part of a longer one.
func wholeGB(body []byte, last bool) int {
	n := len(body)
	for !last && n > 0 && (body[n-1] >= 0x40 || text.IsDigit(body[n-1])) {
		n--
	}
	return n
}

// Rows streams the rows of all tables.
func (b *htmlBook) Rows(_ int, emit func(row int, cells []Cell) error) error {
	h := &htmlReader{lim: b.lim, emit: emit, z: html.NewTokenizer(b.text())}
	h.z.SetMaxBuf(htmlMaxToken)
	err := h.read()
	if h.emitErr != nil {
		return h.emitErr
	}
	if err != nil {
		return workbookProblem(b.name, htmlSheet, h.row, err)
	}
	return nil
}

const (
	htmlMaxToken = 4 << 20
	htmlMaxCell  = 1 << 20
	htmlMaxDepth = 64
	htmlMaxSpan  = 65534 // rows
)

// htmlReader reads the tables of a page.
type htmlReader struct {
	lim     problem.Limits
	z       *html.Tokenizer
	emit    func(row int, cells []Cell) error
	emitErr error
	row     int // the last row given out or passed over
	tables  []*htmlTable
	loose   htmlText // text outside of cells
	ignore  string   // the element whose text does not count
}

// htmlTable is a table that is open; others may be open within its cells.
type htmlTable struct {
	inRow, inCell bool
	col           int // of the cell
	width, height int // of the cell
	text          htmlText
	cells         []Cell
	scratch       []byte
	spans         []int // for each column, rows still covered by a cell above
}

// htmlText collects text as a browser shows it: blanks run together.
type htmlText struct {
	b     []byte
	space bool
}

func (t *htmlText) add(text []byte) error {
	for len(text) > 0 {
		n, blank := 1, false
		switch c := text[0]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f':
			blank = true
		case c == 0xC2 && len(text) > 1 && text[1] == 0xA0: // a non-breaking space
			n, blank = 2, true
		}
		if blank {
			t.space = true
		} else {
			if t.space && len(t.b) > 0 {
				t.b = append(t.b, ' ')
			}
			t.space = false
			t.b = append(t.b, text[0])
		}
		text = text[n:]
	}
	if len(t.b) > htmlMaxCell {
		return fmt.Errorf("a cell of more than %d bytes", htmlMaxCell)
	}
	return nil
}

func (t *htmlText) reset() { t.b, t.space = t.b[:0], false }

// htmlIgnored are elements whose text is not shown in a cell.
var htmlIgnored = map[string]bool{"script": true, "style": true, "title": true, "xml": true, "select": true, "noscript": true, "textarea": true}

// read goes through the page.
func (h *htmlReader) read() error {
	for {
		typ := h.z.Next()
		var err error
		switch typ {
		case html.ErrorToken:
			return h.end()
		case html.TextToken:
			if h.ignore == "" {
				err = h.text(h.z.Text())
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			err = h.start(typ == html.SelfClosingTagToken)
		case html.EndTagToken:
			err = h.endTag()
		}
		if err != nil {
			return err
		}
	}
}

// end is what the end of the input means: a page that ends within a table was
// cut off.
func (h *htmlReader) end() error {
	if err := h.z.Err(); err != io.EOF {
		return err
	}
	if len(h.tables) > 0 {
		return errors.New("the page ends within a table")
	}
	if h.ignore != "" {
		return fmt.Errorf("the page ends within <%s>", h.ignore)
	}
	return h.flushLoose()
}

// top is the innermost open table.
func (h *htmlReader) top() *htmlTable {
	if len(h.tables) == 0 {
		return nil
	}
	return h.tables[len(h.tables)-1]
}

func (h *htmlReader) text(text []byte) error {
	if t := h.top(); t != nil && t.inCell {
		return t.text.add(text)
	}
	return h.loose.add(text)
}

// space separates the texts of lines and blocks.
func (h *htmlReader) space() error {
	if t := h.top(); t != nil && t.inCell {
		t.text.space = true
		return nil
	}
	return h.flushLoose()
}

func (h *htmlReader) start(closed bool) error {
	name, hasAttr := h.z.TagName()
	tag := string(name)
	if h.ignore != "" {
		return nil
	}
	switch tag {
	case "table":
		if len(h.tables) >= htmlMaxDepth {
			return errors.New("tables nested too deeply")
		}
		h.tables = append(h.tables, &htmlTable{})
		return h.flushLoose()
	case "tr":
		return h.startRow()
	case "td", "th":
		return h.startCell(hasAttr)
	case "thead", "tbody", "tfoot":
		return h.endGroup()
	case "br", "p", "div", "li", "ul", "ol", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "center", "form", "body", "caption":
		return h.space()
	}
	if htmlIgnored[tag] && !closed {
		h.ignore = tag
	}
	return nil
}

func (h *htmlReader) endTag() error {
	name, _ := h.z.TagName()
	tag := string(name)
	if h.ignore != "" {
		if tag == h.ignore {
			h.ignore = ""
		}
		return nil
	}
	switch tag {
	case "table":
		if h.top() == nil {
			return nil
		}
		err := h.endRow()
		h.tables = h.tables[:len(h.tables)-1]
		return err
	case "tr":
		return h.endRow()
	case "td", "th":
		return h.endCell()
	case "thead", "tbody", "tfoot":
		return h.endGroup()
	case "p", "div", "li", "h1", "h2", "h3", "h4", "h5", "h6", "center", "form", "body", "html", "caption":
		return h.space()
	}
	return nil
}

func (h *htmlReader) startRow() error {
	if err := h.endRow(); err != nil {
		return err
	}
	if t := h.top(); t != nil {
		t.inRow = true
	}
	return h.flushLoose()
}

// endGroup ends a part of a table, which no cell from above reaches beyond.
func (h *htmlReader) endGroup() error {
	err := h.endRow()
	if t := h.top(); t != nil {
		t.spans = t.spans[:0]
	}
	return err
}

// startCell opens a cell in the next column that none from above covers.
func (h *htmlReader) startCell(hasAttr bool) error {
	t := h.top()
	if t == nil {
		return h.space() // a cell of no table is text
	}
	if err := h.endCell(); err != nil {
		return err
	}
	if err := h.flushLoose(); err != nil {
		return err
	}
	t.inRow, t.inCell = true, true
	t.width, t.height = 1, 1
	for hasAttr {
		var key, value []byte
		key, value, hasAttr = h.z.TagAttr()
		switch string(key) {
		case "colspan":
			t.width = spanOf(value, 1, h.lim.Columns)
		case "rowspan":
			t.height = spanOf(value, htmlMaxSpan, htmlMaxSpan)
		}
	}
	for t.col < len(t.spans) && t.spans[t.col] > 0 {
		t.col++
	}
	t.text.reset()
	return nil
}

// spanOf reads a span; zero has a meaning of its own.
func spanOf(value []byte, zero, most int) int {
	n, err := strconv.Atoi(string(bytes.TrimSpace(value)))
	switch {
	case err != nil || n < 0:
		return 1
	case n == 0:
		return zero
	}
	return min(n, most)
}

// endCell puts the cell into its row. Its text stands in the first of the
// columns and rows that it covers.
func (h *htmlReader) endCell() error {
	t := h.top()
	if t == nil || !t.inCell {
		return nil
	}
	t.inCell = false
	if len(t.text.b) > 0 {
		if t.col >= h.lim.Columns {
			return columnsProblem(t.col+1, h.lim.Columns)
		}
		for len(t.cells) <= t.col {
			t.cells = append(t.cells, Cell{})
		}
		from := len(t.scratch)
		t.scratch = append(t.scratch, t.text.b...)
		t.cells[t.col] = Cell{cellText, t.scratch[from:len(t.scratch):len(t.scratch)]}
	}
	for end := min(t.col+t.width, h.lim.Columns); len(t.spans) < end && t.height > 1; {
		t.spans = append(t.spans, 0)
	}
	for i := t.col; i < t.col+t.width && i < len(t.spans); i++ {
		t.spans[i] = max(t.spans[i], t.height)
	}
	t.col += t.width
	return nil
}

// endRow gives out the row, if any of its cells has text.
func (h *htmlReader) endRow() error {
	if err := h.endCell(); err != nil {
		return err
	}
	t := h.top()
	if t == nil || !t.inRow {
		return nil
	}
	t.inRow, t.col = false, 0
	for i := range t.spans {
		t.spans[i] = max(0, t.spans[i]-1)
	}
	err := h.give(t.cells)
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	return err
}

// flushLoose gives out text that stands outside of cells, as a row of one cell.
func (h *htmlReader) flushLoose() error {
	if len(h.loose.b) == 0 {
		return nil
	}
	err := h.give([]Cell{{cellText, h.loose.b}})
	h.loose.reset()
	return err
}

func (h *htmlReader) give(cells []Cell) error {
	h.row++
	if h.row > h.lim.SheetRows {
		return &problem.Problem{Code: CodeWorkbookRows, Value: strconv.Itoa(h.row), Args: []string{strconv.Itoa(h.lim.SheetRows)}}
	}
	if len(cells) == 0 {
		return nil
	}
	h.emitErr = h.emit(h.row, cells)
	return h.emitErr
}
