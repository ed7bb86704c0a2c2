package tables

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/gocarina/gocsv"
)

// Limits of the tables that clerks keep by hand; what is larger is not one.
const (
	maxTableBytes = 16 << 20
	maxTableRows  = 100_000
	headerWithin  = 20 // the header is looked for in so many first rows
)

// table is a small table as text: a text file, or the sheets of a workbook that
// can be seen.
type table []sheet

type sheet struct {
	name string
	rows []tableRow
	// open: the last line has no end, so that the file may have been cut there.
	open bool
}

type tableRow struct {
	where string
	cells []tableCell
}

// tableCell is a cell; number says that a workbook holds it as a number, so
// that 46021 may be a date and 0.006 a percentage. noValue: it is a formula
// whose value was never stored, or an error such as #N/A.
type tableCell struct {
	text            string
	number, noValue bool
}

func (r tableRow) blank() bool {
	for _, c := range r.cells {
		if c.text != "" || c.noValue {
			return false
		}
	}
	return true
}

// loadTable reads a table as the data files are read: delimited text (UTF-8,
// UTF-16, GB18030) or a workbook.
func loadTable(path string) (table, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	return ReadTable(filepath.Base(path), data)
}

func readSmall(path string) ([]byte, error) {
	name := filepath.Base(path)
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return nil, &terms.TableError{Where: name, ZH: "不是普通文件，请给出表格文件本身", EN: "not a regular file; give the file of the table itself"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxTableBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxTableBytes {
		return nil, &terms.TableError{Where: name, ZH: "文件超过 16 MiB，不像是手工维护的表，请检查是否给错了文件", EN: "larger than 16 MiB, which no table kept by hand is; check that it is the right file"}
	}
	return data, nil
}

func ReadTable(name string, data []byte) (table, error) {
	read, err := parse.ReadTables(name, data)
	if err != nil {
		return nil, tableProblem(err)
	}
	if len(read) == 0 {
		return nil, &terms.TableError{Where: name, ZH: "工作簿里没有可见的工作表", EN: "the workbook has no sheet that can be seen"}
	}
	var t table
	for _, r := range read {
		s := sheet{name: r.Name, open: r.Open}
		if len(r.Rows) > maxTableRows {
			return nil, &terms.TableError{Where: r.Name, ZH: "超过 100000 行，不像是手工维护的表", EN: "more than 100000 rows, which no table kept by hand has"}
		}
		for _, row := range r.Rows {
			to := tableRow{where: parse.SourceAt(r.Name, row.Line)}
			for _, c := range row.Cells {
				to.cells = append(to.cells, tableCell{text: cleanCell(c.Text), number: c.Number, noValue: c.NoValue})
			}
			s.rows = append(s.rows, to)
		}
		t = append(t, s)
	}
	return t, nil
}

// tableProblem is what is wrong with a file as the error of a table.
func tableProblem(err error) error {
	var p *problem.Problem
	if !errors.As(err, &p) {
		return err
	}
	return &terms.TableError{Where: p.Source(), Column: p.Column, ZH: p.Reason(problem.ZH), EN: p.Reason(problem.EN)}
}

// decodeText turns a small text file into UTF-8.
func decodeText(name string, data []byte) (string, error) {
	text, err := parse.DecodeText(name, data)
	if err != nil {
		return "", tableProblem(err)
	}
	return text, nil
}

// cleanCell strips what spreadsheets put around a text: blanks, tabs, a
// leading apostrophe or backtick, ="…", and invisible characters.
func cleanCell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\uFEFF' || unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) >= 3 && strings.HasPrefix(s, `="`) && strings.HasSuffix(s, `"`) {
		s = s[2 : len(s)-1]
	}
	return strings.TrimSpace(strings.TrimLeft(s, "'`"))
}

// column says how a table's column is called and what its numbers mean when
// a workbook keeps them as numbers.
type column struct {
	name    string // the canonical header
	aliases []string
	kind    columnKind
}

type columnKind uint8

// leastPercent is the smallest bare number that is taken for a percentage in
// a column that says %: a cell that Excel shows as 0.5% holds 0.005.
const leastPercent = 0.05

// asPercent writes a bare number of a column that says % with its sign; one
// that may be a share is marked, so that it is asked back.
func asPercent(s string) string {
	v, err := strconv.ParseFloat(terms.Squeeze(s), 64)
	switch {
	case err != nil:
		return s
	case v != 0 && v < leastPercent:
		return s + " %?"
	}
	return s + "%"
}

// bound is a table whose header was found: what gocsv is given, and where
// each row stands. It implements gocsv.CSVReader.
type bound struct {
	rows  [][]string // header first
	where []string   // of rows[1:]
	has   map[string]bool
}

// Read is there for gocsv's interface; ReadAll is what it calls.
func (b *bound) Read() ([]string, error) { return nil, io.EOF }

// ReadAll returns the header and the rows.
func (b *bound) ReadAll() ([][]string, error) { return b.rows, nil }

// into decodes the rows into out, a pointer to a slice of structs whose cell
// types never fail: they keep their error, so that all are reported at once.
func (b *bound) into(out any) error {
	if err := gocsv.UnmarshalCSV(b, out); err != nil {
		return fmt.Errorf("decoding a table: %w", err)
	}
	return nil
}

// A tableShape is what a table must look like: its columns, those that it
// cannot do without, and what tells one of its rows without a header.
type tableShape struct {
	columns  []column
	required []string
	isRow    func(tableRow) bool
}

// bind finds the header in every sheet: the first of the first rows that names
// a required column. A sheet without one is a note, unless rows of the table
// stand in it: nothing is left out without a word.
func (t table) bind(shape tableShape) ([]*bound, error) {
	var all []*bound
	var errs, bare terms.TableErrors
	for _, s := range t {
		at, names := s.header(shape)
		before := s.rows
		if at >= 0 {
			before = s.rows[:at]
		}
		if i := slices.IndexFunc(before, shape.isRow); i >= 0 {
			bare = append(bare, &terms.TableError{Where: before[i].where, ZH: "这一行像是表里的数据，但上面没有表头，请把表头（" + strings.Join(shape.required, "、") + "…）放在它上面", EN: "looks like a row of the table but has no header above it; put the header (" + strings.Join(shape.required, ", ") + " …) above it"})
		}
		if at < 0 {
			continue
		}
		b, bad := s.bind(shape, at, names)
		errs, all = append(errs, bad...), append(all, b)
	}
	if len(all) == 0 {
		name := t.name()
		return nil, &terms.TableError{Where: name, ZH: "找不到表头，需要有列：" + strings.Join(shape.required, "、"), EN: "no header found; it needs the columns " + strings.Join(shape.required, ", ")}
	}
	if errs = append(errs, bare...); len(errs) == 0 && !slices.ContainsFunc(all, func(b *bound) bool { return len(b.where) > 0 }) {
		errs = append(errs, &terms.TableError{Where: t.name(), ZH: "表头之下没有任何行，请检查文件是否完整", EN: "no row below the header; check that the file is whole"})
	}
	return all, errs.OrNil()
}

// name is the table's file, with the sheet if there is but one.
func (t table) name() string {
	if len(t) == 1 {
		return t[0].name
	}
	name, _, _ := strings.Cut(t[0].name, ":")
	return name
}

// bind takes the rows below a header. Columns that nobody asked for are left
// out, unless they look like a slip in writing one that is known: that is an
// error, since a rate in a column that is not read is a fee that is not checked.
func (s sheet) bind(shape tableShape, at int, names []*column) (*bound, terms.TableErrors) {
	head := s.rows[at]
	b := &bound{has: map[string]bool{}}
	var errs terms.TableErrors
	var keep []int
	var header []string
	percent := map[int]bool{}
	kinds := map[int]columnKind{}
	for j, c := range head.cells {
		col := names[j]
		switch {
		case c.noValue:
			errs = append(errs, noValue(head.where, columnLetters(j)))
		case col == nil:
			if known := nearColumn(c.text, shape.columns); known != "" {
				errs = append(errs, &terms.TableError{Where: head.where, Column: c.text, ZH: "不认识的列，是不是「" + known + "」？", EN: "unknown column; is it " + known + "?"})
			}
		case b.has[col.name]:
			errs = append(errs, &terms.TableError{Where: head.where, Column: c.text, ZH: "这一列出现了两次，请删去一列", EN: "the column is there twice; delete one"})
		default:
			b.has[col.name] = true
			keep, header, kinds[j] = append(keep, j), append(header, col.name), col.kind
			percent[j] = col.kind == rateColumn && strings.Contains(terms.Squeeze(c.text), "%")
		}
	}
	for _, name := range shape.required {
		if !b.has[name] {
			errs = append(errs, &terms.TableError{Where: head.where, Column: name, ZH: "缺少这一列", EN: "the column is missing"})
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	b.rows = append(b.rows, header)
	for _, row := range s.rows[at+1:] {
		if row.blank() {
			continue
		}
		cells := make([]string, len(keep))
		for i, j := range keep {
			if j >= len(row.cells) {
				continue
			}
			if row.cells[j].noValue {
				errs = append(errs, noValue(row.where, header[i]))
			}
			cells[i] = row.cells[j].as(kinds[j])
			if percent[j] {
				cells[i] = asPercent(cells[i])
			}
		}
		errs = append(errs, row.beyond(len(head.cells))...)
		b.rows, b.where = append(b.rows, cells), append(b.where, row.where)
	}
	return b, append(errs, s.cutOff(at)...)
}

// noValue is the error of a formula without its value, or with an error for one.
func noValue(where, column string) *terms.TableError {
	return &terms.TableError{Where: where, Column: column, ZH: "这个单元格是没有结果的公式或错误值，请用 Excel 或 WPS 打开后重新保存，或直接填写数值", EN: "the cell is a formula without its result, or an error value; open the file in Excel or WPS and save it again, or enter the value itself"}
}

// beyond is the error of a row with cells beyond its header: one comma too many
// shifts all that stands behind it.
func (r tableRow) beyond(width int) terms.TableErrors {
	for j := width; j < len(r.cells); j++ {
		if c := r.cells[j]; c.text != "" || c.noValue {
			return terms.TableErrors{{Where: r.where, Column: columnLetters(j), Value: c.text, ZH: "这一格超出了表头的列数，这一行可能多了一个分隔符", EN: "stands beyond the header's columns; the row may have one separator too many"}}
		}
	}
	return nil
}

// cutOff is the error of a text that ends in the middle of its last row: it has
// no line end, and less stands there than the rows above have.
func (s sheet) cutOff(at int) terms.TableErrors {
	if !s.open || len(s.rows) < at+2 {
		return nil
	}
	head, last, above := s.rows[at], s.rows[len(s.rows)-1], s.rows[at+1:len(s.rows)-1]
	short := len(last.cells) < len(head.cells)
	if n := len(last.cells) - 1; !short && len(above) > 0 {
		texts := make([]string, len(above))
		for i, row := range above {
			if n < len(row.cells) {
				texts[i] = row.cells[n].text
			}
		}
		short = lessThanAll(last.cells[n].text, texts)
	}
	if !short {
		return nil
	}
	return terms.TableErrors{{Where: last.where, ZH: "文件在这一行中间断开（没有换行，内容不全），请重新保存这张表", EN: "the file is cut off within this row (no line end, not all of it there); save the table again"}}
}

// lessThanAll says whether a cell lacks what all those above it have: any text,
// a sign, or (where three or more are of one length) characters.
func lessThanAll(cell string, above []string) bool {
	all := func(has func(string) bool) bool {
		return !slices.ContainsFunc(above, func(s string) bool { return !has(s) })
	}
	if cell == "" {
		return all(func(s string) bool { return s != "" })
	}
	for _, sign := range []string{"%", ".", "-", ":", "/"} {
		if !strings.Contains(cell, sign) && all(func(s string) bool { return strings.Contains(s, sign) }) {
			return true
		}
	}
	return len(above) >= 3 && all(func(s string) bool { return len(s) == len(above[0]) && len(s) > len(cell) })
}

// columnLetters is a column as spreadsheets name it: A, B … AA.
func columnLetters(j int) string {
	name := ""
	for j++; j > 0; j = (j - 1) / 26 {
		name = string(rune('A'+(j-1)%26)) + name
	}
	return name
}

// header finds the header row and, per cell, the column it names.
func (s sheet) header(shape tableShape) (int, []*column) {
	for i, row := range s.rows[:min(len(s.rows), headerWithin)] {
		names := make([]*column, len(row.cells))
		found := false
		for j, c := range row.cells {
			names[j] = columnNamed(c.text, shape.columns)
			for _, r := range shape.required {
				found = found || (names[j] != nil && names[j].name == r)
			}
		}
		if found {
			return i, names
		}
	}
	return -1, nil
}

// headerKey folds what does not distinguish headers: width, case, blanks,
// underscores and what stands in brackets.
func headerKey(s string) string {
	s = strings.ToLower(terms.Squeeze(s))
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return headerNoise.Replace(s)
}

var headerNoise = strings.NewReplacer("_", "", "%", "", "*", "")

func columnNamed(text string, columns []column) *column {
	key := headerKey(text)
	if key == "" {
		return nil
	}
	for i := range columns {
		c := &columns[i]
		if key == headerKey(c.name) {
			return c
		}
		for _, a := range c.aliases {
			if key == headerKey(a) {
				return c
			}
		}
	}
	return nil
}

// nearColumn is the known column that an unknown header is probably meant to
// be: at most one edit away, or with something added.
func nearColumn(text string, columns []column) string {
	key := headerKey(text)
	within := ""
	for _, c := range columns {
		for _, a := range append([]string{c.name}, c.aliases...) {
			known := headerKey(a)
			if utf8.RuneCountInString(known) < 4 {
				continue
			}
			if oneEdit([]rune(key), []rune(known)) {
				return c.name
			}
			if strings.Contains(key, known) {
				within = c.name
			}
		}
	}
	return within
}

// oneEdit says whether one insertion, deletion or replacement turns a into b.
func oneEdit(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return string(a[min(i+1, len(a)):]) == string(b[min(i+1, len(b)):])
	}
	return string(a[i:]) == string(b[i+1:])
}

// as is the cell's text, numbers of a workbook written the way a person would
// write them in this column.
func (c tableCell) as(kind columnKind) string {
	if !c.number {
		return c.text
	}
	switch kind {
	case dateColumn:
		// Excel counts days from 1899-12-30; eight digits are yyyymmdd.
		if v, err := strconv.ParseFloat(c.text, 64); err == nil && v >= 1 && v < 100_000 && v == math.Trunc(v) {
			return terms.DayText(terms.DayOf(1899, 12, 30) + record.Date(v))
		}
	case clockColumn:
		if v, err := strconv.ParseFloat(c.text, 64); err == nil && v >= 0 && v <= 1 {
			return terms.ClockText(int(v*86400 + 0.5))
		}
	}
	return plainNumber(c.text)
}

// plainNumber writes a workbook's number without exponent, and with the 15
// digits that Excel itself keeps: 6.0000000000000001E-3 is 0.006. A whole
// number beyond 15 digits has lost its last ones and is left with its
// exponent, which no column accepts.
func plainNumber(text string) string {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	if !strings.ContainsAny(text, ".eE") {
		return text
	}
	if v >= 1e15 || v <= -1e15 {
		return text
	}
	r, ok := new(big.Rat).SetString(strconv.FormatFloat(v, 'e', 14, 64))
	if !ok {
		return text
	}
	s := strings.TrimRight(r.FloatString(20), "0")
	return strings.TrimSuffix(s, ".")
}
