package unpack

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unsafe"

	"github.com/duizhang/duizhang/parse/problem"
)

// maxSheetColumn is XFD, the last column a sheet can have.
const maxSheetColumn = 16384

// Rows streams the rows of a sheet that have a value in any cell. What the
// sheet says of its own size is not believed.
func (b *Xlsx) Rows(sheet int, emit func(row int, cells []Cell) error) error {
	s := &sheetReader{book: b, emit: emit}
	err := b.loadStrings()
	if err == nil {
		err = s.read(b.parts[sheet])
	}
	if s.emitErr != nil {
		return s.emitErr
	}
	if err != nil {
		return b.problem(b.list[sheet].Name, s.row, err)
	}
	return nil
}

// sheetReader reads one sheet part. Rows in the shape that every common
// program writes go through fastRow, which understands only that shape and
// otherwise leaves the row to slowRow; slowRow is the authority on what is
// valid.
type sheetReader struct {
	book    *Xlsx
	x       *xmlReader
	emit    func(row int, cells []Cell) error
	emitErr error

	row     int // the last row
	whole   int // of wholeRows, for the window
	filled  int // when it was filled for this time
	cells   []Cell
	scratch []byte // text that is not in the window or the shared texts
}

var rowClose = []byte("</row>")

func (s *sheetReader) read(part *zip.File) error {
	lim := s.book.lim
	r, err := openPart(part, lim, lim.Inflated)
	if err != nil {
		return err
	}
	defer r.Close()
	s.x = newXMLReader(r)
	inData, seen := false, false
	for {
		if inData {
			done, err := s.fastRows()
			if err != nil {
				return err
			}
			if done {
				continue
			}
		}
		t, err := s.x.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == xmlEOF:
			return nil
		case t.kind == xmlEnd:
			inData = inData && local(t.name) != "sheetData"
		case t.is("sheetData") && len(s.x.marks) <= 2:
			if seen {
				return errors.New("sheet data twice")
			}
			seen, inData = true, !t.empty
		case inData && t.is("row"):
			if err := s.slowRow(t); err != nil {
				return err
			}
		case t.kind == xmlStart:
			if len(s.x.marks) > 1 || t.empty {
				err = skipElement(s.x, t)
			}
			if err != nil {
				return err
			}
		case inData && (t.kind == xmlText || t.kind == xmlData) && !isXMLSpace(t.text):
			return xmlError("text between rows")
		}
	}
}

func isXMLSpace(b []byte) bool { return len(bytes.TrimLeft(b, " \t\r\n")) == 0 }

// fastRows reads rows as long as they are plain and whole in the window. done
// says that it read something or filled the window.
func (s *sheetReader) fastRows() (done bool, err error) {
	x := s.x
	for {
		d := x.buf[x.pos:]
		if len(d) < 5 || string(d[:4]) != "<row" || d[4] != ' ' && d[4] != '>' {
			return done, nil
		}
		end := s.wholeRows() - x.pos
		if end <= 0 {
			if len(d) >= xmlWindow/2 || x.fill() != nil {
				return false, nil // slowRow reads it, or says what is wrong
			}
			done = true
			continue
		}
		n, ok := s.fastRow(d[:end])
		if !ok {
			return done, nil
		}
		x.pos += n
		done = true
		if err := s.emitRow(); err != nil {
			return done, err
		}
	}
}

// wholeRows is where the last </row> of the window ends; rows that begin
// before it are whole.
func (s *sheetReader) wholeRows() int {
	if s.filled != s.x.fills {
		s.filled = s.x.fills
		s.whole = 0
		if at := bytes.LastIndex(s.x.buf, rowClose); at >= 0 {
			s.whole = at + len(rowClose)
		}
	}
	return s.whole
}

// emitRow hands out the row that was read, if any of its cells has a value.
func (s *sheetReader) emitRow() error {
	n := len(s.cells)
	for n > 0 && s.cells[n-1].Kind == cellBlank {
		n--
	}
	if n == 0 {
		return nil
	}
	s.emitErr = s.emit(s.row, s.cells[:n])
	return s.emitErr
}

// fastRow reads a plain row from d, which ends with a </row>, if not this row's. It returns how
// much of d the row is; false means that the row is not plain, whatever that
// means, and nothing was read.
func (s *sheetReader) fastRow(d []byte) (n int, ok bool) {
	row, i, empty := fastRowTag(d, s.row+1)
	if i == 0 || row <= s.row || row > s.book.lim.SheetRows {
		return 0, false
	}
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	if empty {
		s.row = row
		return i, true
	}
	col := 0
	for {
		for d[i] == '\n' || d[i] == ' ' || d[i] == '\r' || d[i] == '\t' {
			i++
		}
		if d[i] != '<' {
			return 0, false
		}
		if d[i+1] == '/' {
			if string(d[i:i+len(rowClose)]) != string(rowClose) {
				return 0, false
			}
			s.row = row
			return i + len(rowClose), true
		}
		if d[i+1] != 'c' {
			return 0, false
		}
		if i, col = s.fastCell(d, i+2, row, col); i == 0 {
			return 0, false
		}
	}
}

// rowAttrs and formulaAttrs are the attributes that plain tags have.
var (
	rowAttrs = []string{"r", "spans", "s", "customFormat", "ht", "customHeight", "hidden",
		"x14ac:dyDescent", "outlineLevel", "collapsed", "thickTop", "thickBot"}
	formulaAttrs = []string{"t", "ref", "si", "ca"}
)

// plainAttr cuts the first attribute off a tag. It must be one of known, in
// seen not yet, and in double quotes; else key is -1.
func plainAttr(tag []byte, known []string, seen *uint) (key int, value, rest []byte) {
	eq := bytes.IndexByte(tag, '=')
	if tag[0] != ' ' || eq < 2 || len(tag) < eq+2 || tag[eq+1] != '"' {
		return -1, nil, nil
	}
	name := tag[1:eq]
	for key = len(known) - 1; key >= 0 && known[key] != string(name); {
		key--
	}
	end := bytes.IndexByte(tag[eq+2:], '"')
	if key < 0 || end < 0 || *seen&(1<<key) != 0 {
		return -1, nil, nil
	}
	*seen |= 1 << key
	return key, tag[eq+2 : eq+2+end], tag[eq+3+end:]
}

// plainTag cuts a start tag without its name: i = 0 means that it is not
// plain.
func plainTag(d []byte) (tag []byte, i int, empty bool) {
	end := bytes.IndexByte(d, '>')
	if end < 0 || bytes.IndexByte(d[:end], '<') >= 0 {
		return nil, 0, false
	}
	if end > 0 && d[end-1] == '/' {
		return d[:end-1], end + 1, true
	}
	return d[:end], end + 1, false
}

// fastRowTag reads <row …>; i = 0 means that it is not plain.
func fastRowTag(d []byte, row int) (_ int, i int, empty bool) {
	const name = len("<row")
	tag, i, empty := plainTag(d[name:])
	if i == 0 {
		return 0, 0, false
	}
	var seen uint
	for len(tag) > 0 {
		key, value, rest := plainAttr(tag, rowAttrs, &seen)
		if key == 0 {
			v, ok := smallUint(value)
			if !ok {
				return 0, 0, false
			}
			row = v
		} else if key < 0 {
			return 0, 0, false
		}
		tag = rest
	}
	return row, name + i, empty
}

// smallUint reads up to 8 digits.
func smallUint(b []byte) (v int, ok bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	for _, c := range b {
		if c-'0' > 9 {
			return 0, false
		}
		v = v*10 + int(c-'0')
	}
	return v, true
}

// fastCell reads one plain cell whose name ends at d[i] and puts it behind the
// cells; next = 0 means that it is not plain.
func (s *sheetReader) fastCell(d []byte, i, row, prev int) (next, col int) {
	col = prev + 1
	style, typ := 0, byte('n')
	seen := byte(0) // which attributes
	for d[i] == ' ' {
		if d[i+2] != '=' || d[i+3] != '"' {
			return 0, 0
		}
		name := d[i+1]
		i += 4
		if seen&(1<<(name&7)) != 0 { // r, s and t differ in their last bits
			return 0, 0
		}
		seen |= 1 << (name & 7)
		switch name {
		case 'r':
			v, at := 0, i
			for ; d[i] >= 'A' && d[i] <= 'Z'; i++ {
				v = v*26 + int(d[i]-'A'+1)
			}
			if i == at || i-at > 3 || v <= prev {
				return 0, 0
			}
			col, v, at = v, 0, i
			for ; d[i]-'0' <= 9; i++ {
				v = v*10 + int(d[i]-'0')
			}
			if v != row || i-at > 8 {
				return 0, 0
			}
		case 's':
			at := i
			for style = 0; d[i]-'0' <= 9; i++ {
				style = style*10 + int(d[i]-'0')
			}
			if i-at > 8 {
				return 0, 0
			}
		case 't':
			typ = d[i]
			switch {
			case d[i+1] == '"' && (typ == 's' || typ == 'n'):
				i++
			case typ == 's' && d[i+1] == 't' && d[i+2] == 'r':
				typ = 'f'
				i += 3
			case typ == 'i' && bytes.HasPrefix(d[i:], []byte("inlineStr")):
				i += len("inlineStr")
			default:
				return 0, 0
			}
		default:
			return 0, 0
		}
		if d[i] != '"' {
			return 0, 0
		}
		i++
	}
	if d[i] == '/' && d[i+1] == '>' {
		return i + 2, col
	}
	if d[i] != '>' || col > s.book.lim.Columns {
		return 0, 0
	}
	return s.fastValue(d, i+1, col, style, typ), col
}

// fastValue reads the value of a cell and its end; 0 means that it is not plain.
func (s *sheetReader) fastValue(d []byte, i, col, style int, typ byte) (next int) {
	const cellClose = "</c>"
	if typ == 'i' {
		text, at := fastInline(d, i)
		if at == 0 || string(d[at:at+4]) != cellClose {
			return 0
		}
		s.put(col, cellText, text)
		return at + 4
	}
	if d[i] == '<' && d[i+1] == 'f' {
		if i = fastFormula(d, i); i == 0 {
			return 0
		}
	}
	if string(d[i:i+3]) != "<v>" {
		return 0
	}
	i += 3
	n := bytes.IndexByte(d[i:], '<')
	text := d[i : i+n]
	i += n
	if len(d)-i < 9 || string(d[i:i+8]) != "</v></c>" || n == 0 {
		return 0
	}
	i += 8
	switch typ {
	case 's':
		k, ok := smallUint(text)
		if !ok || k >= s.book.Strings.len() {
			return 0
		}
		s.put(col, cellText, s.book.Strings.get(k))
	case 'f':
		if needsUnescape(text) {
			return 0
		}
		s.put(col, cellText, text)
	default:
		kind, out := s.number(text, style)
		if kind == cellText {
			return 0
		}
		s.put(col, kind, out)
	}
	return i
}

// fastInline reads <is><t>text</t></is>.
func fastInline(d []byte, i int) (text []byte, next int) {
	const open, preserve, end = "<is><t>", `<is><t xml:space="preserve">`, "</t></is>"
	switch {
	case len(d)-i > len(open) && string(d[i:i+len(open)]) == open:
		i += len(open)
	case len(d)-i > len(preserve) && string(d[i:i+len(preserve)]) == preserve:
		i += len(preserve)
	default:
		return nil, 0
	}
	n := bytes.IndexByte(d[i:], '<')
	text = d[i : i+n]
	i += n
	if len(d)-i < len(end)+4 || string(d[i:i+len(end)]) != end || needsUnescape(text) {
		return nil, 0
	}
	return text, i + len(end)
}

// fastFormula passes over <f>…</f> or <f …/>.
func fastFormula(d []byte, i int) (next int) {
	tag, n, empty := plainTag(d[i+2:])
	if n == 0 {
		return 0
	}
	var seen uint
	for len(tag) > 0 {
		key, _, rest := plainAttr(tag, formulaAttrs, &seen)
		if key < 0 {
			return 0
		}
		tag = rest
	}
	i += 2 + n
	if empty {
		return i
	}
	n = bytes.IndexByte(d[i:], '<')
	if needsUnescape(d[i : i+n]) {
		return 0
	}
	if i += n; len(d)-i < 8 || string(d[i:i+4]) != "</f>" {
		return 0
	}
	return i + 4
}

// put appends a cell, with blanks before it.
func (s *sheetReader) put(col int, kind cellKind, text []byte) {
	for len(s.cells) < col-1 {
		s.cells = append(s.cells, Cell{})
	}
	if len(text) == 0 {
		kind = cellBlank
	}
	s.cells = append(s.cells, Cell{Kind: kind, Text: text})
}

// number is what a stored number means in a style: a number, a date, or (if
// it is none) text.
func (s *sheetReader) number(raw []byte, style int) (cellKind, []byte) {
	var st cellStyle
	if style >= 0 && style < len(s.book.styles) {
		st = s.book.styles[style]
	}
	from := len(s.scratch)
	switch {
	case st.kind != styleNumber:
		v, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(raw), len(raw)), 64)
		if err != nil {
			break
		}
		var ok bool
		if s.scratch, ok = appendSerial(s.scratch, v, st.kind, s.book.d1904); ok {
			return cellDate, s.scratch[from:]
		}
	case st.pad == 0 && isPlainNumber(raw):
		return CellNumber, raw
	}
	var ok bool
	if s.scratch, ok = appendNumber(s.scratch, raw, st.pad); ok {
		return CellNumber, s.scratch[from:]
	}
	return cellText, raw
}

// slowRow reads a row of any valid shape; t is its start tag.
func (s *sheetReader) slowRow(t xmlToken) error {
	row := s.row + 1
	if r, ok := xmlAttr(t.attrs, "r"); ok {
		v, err := strconv.ParseInt(string(r), 10, 64)
		if err != nil || v < 1 {
			return fmt.Errorf("row number %q", r)
		}
		if v > int64(s.book.lim.SheetRows) {
			return &problem.Problem{Code: CodeWorkbookRows, Value: string(r), Args: []string{strconv.Itoa(s.book.lim.SheetRows)}}
		}
		row = int(v)
	}
	if row <= s.row {
		return fmt.Errorf("row %d after row %d", row, s.row)
	}
	if row > s.book.lim.SheetRows {
		return &problem.Problem{Code: CodeWorkbookRows, Value: strconv.Itoa(row), Args: []string{strconv.Itoa(s.book.lim.SheetRows)}}
	}
	s.row = row
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	if t.empty {
		return nil
	}
	for col := 0; ; {
		t, err := s.x.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlEnd:
			return s.emitRow()
		case t.is("c"):
			if col, err = s.slowCell(t, col); err != nil {
				return err
			}
		case t.kind == xmlStart:
			if err := skipElement(s.x, t); err != nil {
				return err
			}
		case !isXMLSpace(t.text):
			return xmlError("text between cells")
		}
	}
}

// slowCell reads a cell of any valid shape; it returns its column.
func (s *sheetReader) slowCell(t xmlToken, prev int) (col int, err error) {
	col = prev + 1
	if ref, ok := xmlAttr(t.attrs, "r"); ok {
		var row int
		if col, row = parseRef(ref); col == 0 || row != s.row {
			return 0, fmt.Errorf("cell %q in row %d", ref, s.row)
		}
	}
	if col > maxSheetColumn {
		return 0, fmt.Errorf("column %d", col)
	}
	style := -1
	if v, ok := smallUint([]byte(t.attr("s"))); ok {
		style = v
	}
	typ := t.attr("t")
	raw, formula, err := s.cellParts(t)
	if err != nil {
		return 0, err
	}
	kind, text, err := s.value(typ, style, raw, formula)
	if err != nil || kind == cellBlank {
		return col, err
	}
	if col > s.book.lim.Columns {
		return 0, columnsProblem(col, s.book.lim.Columns)
	}
	if col > len(s.cells) {
		s.put(col, kind, text)
		return col, nil
	}
	if s.cells[col-1].Kind != cellBlank {
		return 0, fmt.Errorf("column %d twice in row %d", col, s.row)
	}
	s.cells[col-1] = Cell{kind, text}
	return col, nil
}

// cellPart is what stands in a cell element.
type cellPart struct {
	text []byte
	has  bool
}

// cellParts reads the content of a cell: its value or inline text, and its
// formula.
func (s *sheetReader) cellParts(start xmlToken) (value, formula cellPart, err error) {
	if start.empty {
		return
	}
	for {
		t, err := s.x.next()
		if err != nil {
			return value, formula, err
		}
		switch {
		case t.kind == xmlEnd:
			return value, formula, nil
		case t.is("v"):
			value.text, err = s.content(t)
			value.has = true
		case t.is("f"):
			formula.text, err = s.content(t)
			formula.has = true
		case t.is("is"):
			from := len(s.scratch)
			s.scratch, err = readText(s.x, t, s.scratch)
			value.text, value.has = s.scratch[from:len(s.scratch):len(s.scratch)], true
		case t.kind == xmlStart:
			err = skipElement(s.x, t)
		case !isXMLSpace(t.text):
			err = xmlError("text in a cell")
		}
		if err != nil {
			return value, formula, err
		}
	}
}

// content copies the text of an element that has no elements in it.
func (s *sheetReader) content(start xmlToken) ([]byte, error) {
	from := len(s.scratch)
	for !start.empty {
		t, err := s.x.next()
		switch {
		case err != nil:
			return nil, err
		case t.kind == xmlEnd:
			return s.scratch[from:len(s.scratch):len(s.scratch)], nil
		case t.kind == xmlText:
			if s.scratch, err = unescapeXML(s.scratch, t.text); err != nil {
				return nil, err
			}
		case t.kind == xmlData:
			s.scratch = append(s.scratch, t.text...)
		default:
			return nil, xmlError("<%s> in <%s>", t.name, start.name)
		}
	}
	return nil, nil
}

// value is what the parts of a cell mean.
func (s *sheetReader) value(typ string, style int, raw, formula cellPart) (cellKind, []byte, error) {
	if formula.has && (!raw.has || len(raw.text) == 0 && typ != "str") {
		return CellFormula, append([]byte("="), formula.text...), nil
	}
	text := raw.text
	switch typ {
	case "s":
		if text = bytes.TrimSpace(text); len(text) == 0 {
			return cellBlank, nil, nil
		}
		k, ok := smallUint(text)
		if !ok || k >= s.book.Strings.len() {
			return 0, nil, fmt.Errorf("shared text %q of %d", text, s.book.Strings.len())
		}
		text = s.book.Strings.get(k)
	case "str":
		text = unescapeSpreadsheet(text)
	case "inlineStr":
	case "b":
		return boolCell(bytes.TrimSpace(text))
	case "e":
		return CellError, text, nil
	case "d":
		return cellDate, appendISODate(nil, bytes.TrimSpace(text)), nil
	case "", "n":
		if text = bytes.TrimSpace(text); len(text) > 0 {
			kind, out := s.number(text, style)
			return kind, out, nil
		}
	default:
		return 0, nil, fmt.Errorf("cell type %q", typ)
	}
	if len(text) == 0 {
		return cellBlank, nil, nil
	}
	return cellText, text, nil
}

func boolCell(text []byte) (cellKind, []byte, error) {
	switch string(text) {
	case "1", "true":
		return cellBool, []byte("TRUE"), nil
	case "0", "false":
		return cellBool, []byte("FALSE"), nil
	case "":
		return cellBlank, nil, nil
	}
	return 0, nil, fmt.Errorf("boolean %q", text)
}

// parseRef reads a reference such as BC12; column 0 means that it is none.
func parseRef(ref []byte) (col, row int) {
	i := 0
	for ; i < len(ref) && i < 4 && ref[i]|0x20 >= 'a' && ref[i]|0x20 <= 'z'; i++ {
		col = col*26 + int(ref[i]|0x20-'a'+1)
	}
	row, ok := smallUint(ref[i:])
	if !ok {
		return 0, 0
	}
	return col, row
}
