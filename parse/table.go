package parse

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"
)

// This file reads the small tables that clerks keep by hand (contracts, days
// off) with the readers of the data files, and as strictly: what is damaged,
// cut off or not fully legible is an error, never a shorter table.

// A Table is a text file, or a sheet that can be seen of a workbook.
type Table struct {
	// Name is contracts.csv, or book.xlsx:Sheet1.
	Name string
	// Rows are those that have cells, blank ones included where they are lines
	// of a text.
	Rows []TableRow
	// Open says that a text's last line has no end, so that it may be cut off.
	Open bool
}

// A TableRow is one record; Line is its first line, or the row of the sheet.
type TableRow struct {
	Line  int64
	Cells []TableCell
}

// A TableCell is a cell's text. A date of a workbook is 2006-01-02, with its
// time behind it if that is not midnight, a time of day 15:04:05.
type TableCell struct {
	Text string
	// Number: a workbook holds it as a number. NoValue: as a formula whose
	// value was never stored, or as an error such as #N/A.
	Number, NoValue bool
}

// ReadTables reads a table from a file's content: delimited text (comma, tab or
// semicolon; UTF-8, UTF-16, GB18030) or a workbook of any kind that data files
// may have, perhaps in an archive of its own. The error is a *Problem.
func ReadTables(name string, data []byte) ([]Table, error) {
	var tables []Table
	opt := text.Workspace{Limits: problem.Limits{Strings: 4*int64(len(data)) + unpack.StringBlock, Inflated: maxTableInflated}}
	opt.Memory = maxTableInflated // and so never in a file
	opt.TempFile = func() (*os.File, error) { return nil, unpack.ErrTooLarge }
	inputs := 0
	err := unpack.Open(name, &text.Spool{Mem: data}, opt, func(b *unpack.Part) error {
		defer b.Close()
		if inputs++; inputs > 1 {
			return &problem.Problem{Code: codeSeveralTables, File: name}
		}
		switch {
		case b.Problem != nil:
			return b.Problem
		case b.Book != nil:
			return readTableSheets(b, &tables)
		}
		content := make([]byte, b.Src.Size())
		if err := text.ReadFull(b.Src, content, 0); err != nil {
			return err
		}
		t, err := readTableText(b.Name, content)
		tables = append(tables, t)
		return err
	})
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		q := openProblem(name, err)
		p = &q
	}
	if p != nil {
		return nil, p
	}
	return tables, nil
}

// maxTableInflated bounds what a small table may unpack to.
const maxTableInflated = 128 << 20

// readTableSheets reads every sheet that can be seen.
func readTableSheets(b *unpack.Part, tables *[]Table) error {
	for i, s := range b.Book.Sheets() {
		if s.Hidden {
			continue
		}
		t := Table{Name: b.Name + ":" + s.Name}
		err := b.Book.Rows(i, func(row int, cells []unpack.Cell) error {
			r := TableRow{Line: int64(row), Cells: make([]TableCell, len(cells))}
			for j, c := range cells {
				r.Cells[j] = TableCell{Text: string(c.Text), Number: c.Kind == unpack.CellNumber, NoValue: c.Kind == unpack.CellFormula || c.Kind == unpack.CellError}
			}
			t.Rows = append(t.Rows, r)
			return nil
		})
		if err != nil {
			return err
		}
		*tables = append(*tables, t)
	}
	return nil
}

// DecodeText is a small text in UTF-8: by its mark, else strict UTF-8, else
// strict GB18030. The error is a *Problem.
func DecodeText(name string, data []byte) (string, error) {
	enc, mark := text.ByteOrderMark(data)
	if enc == text.UnknownEncoding {
		enc, _ = text.DetectEncoding(data, true)
	}
	data = data[mark:]
	ok := true
	switch {
	case text.IsUTF16(enc):
		data, _ = enc.Transcode(nil, data, true)
		ok = !bytes.ContainsRune(data, utf8.RuneError)
	case enc == text.GB18030:
		if data, ok = enc.AppendText(nil, data); ok {
			ok = !bytes.ContainsRune(data, utf8.RuneError)
		}
	default:
		ok = enc == text.UTF8 && text.ValidUTF8(data)
	}
	switch {
	case !ok:
		return "", &problem.Problem{Code: codeTableCoding, File: name}
	case bytes.IndexByte(data, 0) >= 0:
		return "", &problem.Problem{Code: codeUnfinished, File: name}
	}
	return string(data), nil
}

// readTableText cuts a text into the cells of its lines.
func readTableText(name string, data []byte) (Table, error) {
	t := Table{Name: name}
	body, err := DecodeText(name, data)
	if err != nil || body == "" {
		return t, err
	}
	lim := problem.Limits{}.OrDefaults()
	eol := byte('\n')
	if bytes.IndexByte([]byte(body), eol) < 0 {
		eol = '\r'
	}
	t.Open = body[len(body)-1] != eol
	size := int64(len(body))
	var s text.Splitter
	s.Use(&text.Spool{Mem: []byte(body)}, size, text.Dialect{Delim: tableDelimiter(body), Quote: true, EOL: eol, Field: lim.Field, Record: lim.Record, Columns: lim.Columns})
	line := int64(1)
	for at := int64(0); at < size; { // one chunk, or several where records are too long for one
		if err := s.Load(at, int(size-at)); err != nil {
			return t, err
		}
		next, err := s.Resolve(at, size)
		if err != nil {
			return t, err
		}
		var raw text.Record
		for {
			bad, lines, ok := s.Cut(&raw)
			if !ok {
				break
			}
			switch bad {
			case text.FaultNone:
			case text.FaultQuote:
				return t, &problem.Problem{Code: codeTableQuote, File: name, Line: line}
			default:
				return t, &problem.Problem{Code: codeTableLine, File: name, Line: line}
			}
			row := TableRow{Line: line, Cells: make([]TableCell, len(raw.Cells))}
			for i, c := range raw.Cells {
				row.Cells[i].Text = string(c)
			}
			t.Rows = append(t.Rows, row)
			line += lines
		}
		if next <= at {
			break
		}
		at = next
	}
	return t, nil
}

// tableDelimiter is the separator that the first line with any has most of,
// outside of quotes.
func tableDelimiter(text string) byte {
	var n [3]int
	const known = ",\t;"
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n' || c == '\r':
			if n != [3]int{} {
				i = len(text)
			}
		default:
			if k := bytes.IndexByte([]byte(known), c); k >= 0 {
				n[k]++
			}
		}
	}
	best := 0
	for k := range n {
		if n[k] > n[best] {
			best = k
		}
	}
	return known[best]
}

const (
	codeSeveralTables problem.Code = "several_tables"
	codeTableCoding   problem.Code = "table_encoding"
	codeTableQuote    problem.Code = "table_quote"
	codeTableLine     problem.Code = "table_line"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeSeveralTables: {ZH: "压缩包里不止一个文件；请只留下这张表，或直接给出表格文件", EN: "the archive holds more than one file; leave only the table in it, or give the table itself"},
	codeTableCoding:   {ZH: "既不是 UTF-8 也不是 GBK；请另存为 UTF-8 的 CSV 或 .xlsx", EN: "neither UTF-8 nor GBK; save it as CSV in UTF-8 or as .xlsx"},
	codeTableQuote:    {ZH: "引号不成对，无法按 CSV 读取；请补上或删去多余的引号", EN: "quotes do not pair, so it cannot be read as CSV; add the missing one or delete the odd one"},
	codeTableLine:     {ZH: "这一行的列数或长度超过了表格的上限；请更正这一行", EN: "the line has more columns or is longer than a table's may be; correct it"},
})

// SourceAt is a place as messages write it: basename:line, or book.xlsx:sheet!row.
func SourceAt(name string, line int64) string {
	return (&problem.Problem{File: name, Line: line}).Source()
}

// EachSheetRow reads a workbook sheet by sheet, hidden ones too, and hands over
// each row with the sheet's place, book.xlsx:sheet. The cells are those of
// ReadTables and last until the next row. Unlike ReadTables it holds one row at
// a time, so that a report of any size can be read. The error is a *Problem, or
// what each returned.
func EachSheetRow(path string, each func(sheet string, row int64, cells [][]byte) error) error {
	name := filepath.Base(path)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	src := &wholeFile{f, info.Size()}
	opt := text.Workspace{Limits: problem.Limits{Strings: 8*info.Size() + unpack.StringBlock}}
	opt.TempFile = func() (*os.File, error) { return nil, unpack.ErrTooLarge }
	var cells [][]byte
	err = unpack.Open(name, src, opt, func(b *unpack.Part) error {
		defer b.Close()
		if b.Problem != nil {
			return b.Problem
		}
		if b.Book == nil {
			return &problem.Problem{Code: unpack.CodeWorkbookOther, File: name, Args: []string{"text"}}
		}
		for i, s := range b.Book.Sheets() {
			place := b.Name + ":" + s.Name
			err := b.Book.Rows(i, func(row int, list []unpack.Cell) error {
				cells = cells[:0]
				for _, c := range list {
					cells = append(cells, c.Text)
				}
				return each(place, int64(row), cells)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	var p *problem.Problem
	if err != nil && !errors.As(err, &p) {
		q := openProblem(name, err)
		p = &q
	}
	if p != nil {
		return p
	}
	return nil
}

// wholeFile is a file as a source.
type wholeFile struct {
	*os.File
	size int64
}

func (f *wholeFile) Size() int64 { return f.size }
