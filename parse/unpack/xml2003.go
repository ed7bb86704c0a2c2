package unpack

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// xml2003 is a workbook in one XML text (SpreadsheetML of Excel 2002 and
// 2003), which some tills and ERP systems write and call .xls.
type xml2003 struct {
	name   string
	lim    problem.Limits
	src    text.Source
	list   []Sheet
	styles map[string]cellStyle // only those that pad numbers
}

// openXML2003 reads through the workbook once for its sheets.
func openXML2003(name string, src text.Source, opt text.Workspace) (grid, *problem.Problem) {
	b := &xml2003{name: name, lim: opt.Limits, src: src, styles: map[string]cellStyle{}}
	if err := b.survey(); err != nil {
		return nil, workbookProblem(name, "", 0, err)
	}
	return b, nil
}

func (b *xml2003) Sheets() []Sheet { return b.list }

func (b *xml2003) Close() error { return nil }

// reader reads the workbook from its beginning. Beside UTF-8 and UTF-16 it may
// be in GB18030 if it says so.
func (b *xml2003) reader() (*xmlReader, error) {
	head, err := ReadHead(b.src)
	if err != nil {
		return nil, err
	}
	r, err := decodeXML(io.NewSectionReader(b.src, 0, b.src.Size()))
	if err != nil {
		return nil, err
	}
	decl, _, _ := bytes.Cut(head, []byte("?>"))
	name, _ := xmlAttr(bytes.TrimPrefix(bytes.TrimLeft(decl, " \t\r\n"), []byte("<?xml")), "encoding")
	enc, ok := text.EncodingNamed(string(name))
	gb := ok && enc == text.GB18030
	if gb {
		r = &gbReader{r: r}
	}
	x := newXMLReader(r)
	x.utf8 = gb
	return x, nil
}

// attr is an attribute that may have the prefix ss.
func attr2003(t *xmlToken, name string) string {
	if v := t.attr(name); v != "" {
		return v
	}
	return t.attr(":" + name)
}

func (b *xml2003) survey() error {
	x, err := b.reader()
	if err != nil {
		return err
	}
	style := ""
	for {
		t, err := x.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlEOF:
			return nil
		case len(x.marks) == 1 && t.kind == xmlStart && !t.empty && !t.is("Workbook"):
			return &problem.Problem{Code: CodeWorkbookOther, Args: []string{local(t.name)}}
		case t.is("Style"):
			style = attr2003(&t, "ID")
		case t.is("NumberFormat"):
			if s := formatStyle(attr2003(&t, "Format")); s.pad > 0 {
				b.styles[style] = s
			}
		case t.is("Worksheet"):
			if len(b.list) >= b.lim.Sheets {
				return &problem.Problem{Code: CodeWorkbookSheets, Args: []string{strconv.Itoa(b.lim.Sheets)}}
			}
			b.list = append(b.list, Sheet{Name: attr2003(&t, "Name")})
		case t.is("Table"):
			err = skipElement(x, t)
		case t.is("Visible") && len(b.list) > 0:
			var text []byte
			text, err = elementText(x, t, nil)
			b.list[len(b.list)-1].Hidden = string(text) != "SheetVisible"
		}
		if err != nil {
			return err
		}
	}
}

// elementText appends all text within an element.
func elementText(x *xmlReader, start xmlToken, dst []byte) ([]byte, error) {
	if start.empty {
		return dst, nil
	}
	for depth := 1; depth > 0; {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		switch {
		case t.kind == xmlStart && !t.empty:
			depth++
		case t.kind == xmlEnd:
			depth--
		case t.kind == xmlText:
			if dst, err = unescapeXML(dst, t.text); err != nil {
				return dst, err
			}
		case t.kind == xmlData:
			dst = append(dst, t.text...)
		}
	}
	return dst, nil
}

// Rows streams the rows of a sheet.
func (b *xml2003) Rows(sheet int, emit func(row int, cells []Cell) error) error {
	s := &reader2003{book: b, emit: emit}
	err := s.read(sheet)
	if s.emitErr != nil {
		return s.emitErr
	}
	if err != nil {
		return workbookProblem(b.name, b.list[sheet].Name, s.row, err)
	}
	return nil
}

// reader2003 reads one sheet.
type reader2003 struct {
	book    *xml2003
	x       *xmlReader
	emit    func(row int, cells []Cell) error
	emitErr error
	row     int
	cells   []Cell
	scratch []byte
}

// read goes to the sheet and through its table, then to the end of the text,
// so that a cut is found.
func (s *reader2003) read(sheet int) (err error) {
	if s.x, err = s.book.reader(); err != nil {
		return err
	}
	at := -1
	for {
		t, err := s.x.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlEOF:
			return nil
		case t.is("Worksheet"):
			at++
		case t.is("Table") && at != sheet:
			err = skipElement(s.x, t)
		case t.is("Row") && at == sheet:
			err = s.readRow(t)
		}
		if err != nil {
			return err
		}
	}
}

// index2003 is a row or column number that may be given, else the next one.
func index2003(t *xmlToken, last int) (int, error) {
	v := attr2003(t, "Index")
	if v == "" {
		return last + 1, nil
	}
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n <= int64(last) {
		return 0, fmt.Errorf("index %q after %d", v, last)
	}
	return int(n), nil
}

func (s *reader2003) readRow(t xmlToken) error {
	row, err := index2003(&t, s.row)
	switch limit := s.book.lim.SheetRows; {
	case err != nil:
		return err
	case row > limit:
		return &problem.Problem{Code: CodeWorkbookRows, Value: strconv.Itoa(row), Args: []string{strconv.Itoa(limit)}}
	}
	s.row = row
	span, _ := strconv.ParseUint(attr2003(&t, "Span"), 10, 20)
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	col := 0
	for !t.empty {
		c, err := s.x.next()
		if err != nil {
			return err
		}
		if c.kind == xmlEnd {
			break
		}
		switch {
		case c.is("Cell"):
			col, err = s.readCell(c, col)
		case c.kind == xmlStart:
			err = skipElement(s.x, c)
		}
		if err != nil {
			return err
		}
	}
	if len(s.cells) > 0 {
		s.emitErr = s.emit(s.row, s.cells)
	}
	s.row += int(span)
	return s.emitErr
}

// readCell reads a cell and returns the last column that it covers.
func (s *reader2003) readCell(t xmlToken, last int) (int, error) {
	col, err := index2003(&t, last)
	if err != nil {
		return 0, err
	}
	across, _ := strconv.ParseUint(attr2003(&t, "MergeAcross"), 10, 14)
	style, formula := s.book.styles[attr2003(&t, "StyleID")], attr2003(&t, "Formula")
	cell := Cell{}
	hasData := false
	for !t.empty {
		d, err := s.x.next()
		if err != nil {
			return 0, err
		}
		if d.kind == xmlEnd {
			break
		}
		switch {
		case d.is("Data"):
			hasData = true
			cell, err = s.readData(d, style)
		case d.kind == xmlStart:
			err = skipElement(s.x, d)
		}
		if err != nil {
			return 0, err
		}
	}
	if formula != "" && !hasData {
		cell = Cell{CellFormula, []byte(formula)}
	}
	if cell.Kind != cellBlank {
		if col > s.book.lim.Columns {
			return 0, columnsProblem(col, s.book.lim.Columns)
		}
		for len(s.cells) < col-1 {
			s.cells = append(s.cells, Cell{})
		}
		s.cells = append(s.cells, cell)
	}
	return col + int(across), nil
}

// readData reads the value of a cell.
func (s *reader2003) readData(t xmlToken, style cellStyle) (Cell, error) {
	typ := attr2003(&t, "Type")
	from := len(s.scratch)
	var err error
	if s.scratch, err = elementText(s.x, t, s.scratch); err != nil {
		return Cell{}, err
	}
	text := s.scratch[from:len(s.scratch):len(s.scratch)]
	if typ != "String" {
		text = bytes.TrimSpace(text)
	}
	if len(text) == 0 {
		return Cell{}, nil
	}
	switch typ {
	case "Number":
		if style.pad == 0 && isPlainNumber(text) {
			return Cell{CellNumber, text}, nil
		}
		if out, ok := appendNumber(nil, text, style.pad); ok {
			return Cell{CellNumber, out}, nil
		}
	case "DateTime":
		out := appendISODate(nil, text)
		// A time of day is written as of the day before day 1.
		if clock, ok := strings.CutPrefix(string(out), "1899-12-31"); ok {
			out = []byte(strings.TrimSpace(clock))
			if len(out) == 0 {
				out = []byte("00:00:00")
			}
		}
		return Cell{cellDate, out}, nil
	case "Boolean":
		kind, out, err := boolCell(text)
		return Cell{kind, out}, err
	case "Error":
		return Cell{CellError, text}, nil
	case "String":
	default:
		return Cell{}, fmt.Errorf("cell type %q", typ)
	}
	return Cell{cellText, text}, nil
}
