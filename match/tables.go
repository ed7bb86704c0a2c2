package match

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gocarina/gocsv"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	utf "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/width"

	"duizhang/parse"
)

// Limits of the tables that clerks keep by hand; what is larger is not one.
const (
	maxTableBytes = 16 << 20
	maxTableRows  = 100_000
	headerWithin  = 20 // the header is looked for in so many first rows
	maxTableErrs  = 50 // errors that are listed at once
)

// TableError is what is wrong with one cell (or row, or the whole) of a
// contract or calendar table, and what to do about it.
type TableError struct {
	Where  string // contracts.csv:3, or contracts.xlsx:Sheet1!3
	Column string
	Value  string
	zh, en string
}

// Text is the error in a language: where: column: "value": why, what to do.
func (e *TableError) Text(lang parse.Lang) string {
	var b strings.Builder
	b.WriteString(e.Where)
	b.WriteString(": ")
	if e.Column != "" {
		b.WriteString(e.Column)
		b.WriteString(": ")
	}
	if e.Value != "" {
		b.WriteString(strconv.Quote(cut(e.Value, 60)))
		b.WriteString(": ")
	}
	if lang == parse.EN {
		b.WriteString(e.en)
	} else {
		b.WriteString(e.zh)
	}
	return b.String()
}

// Error is the English text.
func (e *TableError) Error() string { return e.Text(parse.EN) }

// TableErrors are all errors of one table, in its order.
type TableErrors []*TableError

// Error is the English texts, one a line.
func (e TableErrors) Error() string { return e.Text(parse.EN) }

// Text is the errors in a language, one a line.
func (e TableErrors) Text(lang parse.Lang) string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Text(lang)
	}
	return strings.Join(lines, "\n")
}

// orNil keeps an empty list from becoming an error.
func (e TableErrors) orNil() error {
	if len(e) == 0 {
		return nil
	}
	if len(e) > maxTableErrs {
		e = e[:maxTableErrs]
	}
	return e
}

func cut(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes]) + "…"
}

// table is a small table as text: rows of cells with where they stand.
type table struct {
	name string
	rows []tableRow
}

type tableRow struct {
	where string
	cells []tableCell
}

// tableCell is a cell; number says that a workbook holds it as a number, so
// that 46021 may be a date and 0.006 a percentage.
type tableCell struct {
	text   string
	number bool
}

func (r tableRow) blank() bool {
	for _, c := range r.cells {
		if c.text != "" {
			return false
		}
	}
	return true
}

// loadTable reads a CSV (UTF-8, UTF-16 with its mark, or GB18030; comma, tab or
// semicolon) or the first sheet of an XLSX workbook that has rows.
func loadTable(path string) (*table, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	return readTable(filepath.Base(path), data)
}

func readSmall(path string) ([]byte, error) {
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
		return nil, &TableError{Where: filepath.Base(path), zh: "文件超过 16 MiB，不像是手工维护的表，请检查是否给错了文件", en: "larger than 16 MiB, which no table kept by hand is; check that it is the right file"}
	}
	return data, nil
}

func readTable(name string, data []byte) (*table, error) {
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")):
		return readWorkbook(name, data)
	case bytes.HasPrefix(data, []byte("\xD0\xCF\x11\xE0")):
		return nil, &TableError{Where: name, zh: "这是旧版 .xls 或加密的工作簿，请另存为 .xlsx 或 CSV", en: "an old .xls or an encrypted workbook; save it as .xlsx or CSV"}
	}
	text, err := decodeText(name, data)
	if err != nil {
		return nil, err
	}
	return readCSV(name, text)
}

// decodeText turns a small text file into UTF-8: by its mark, else strict
// UTF-8, else strict GB18030.
func decodeText(name string, data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte("\xFF\xFE")) || bytes.HasPrefix(data, []byte("\xFE\xFF")) {
		out, err := utf.UTF16(utf.LittleEndian, utf.UseBOM).NewDecoder().Bytes(data)
		if err == nil && !bytes.ContainsRune(out, utf8.RuneError) {
			return string(out), nil
		}
	}
	if utf8.Valid(data) {
		return strings.TrimPrefix(string(data), "\uFEFF"), nil
	}
	out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(out, utf8.RuneError) {
		return "", &TableError{Where: name, zh: "既不是 UTF-8 也不是 GBK，请另存为 UTF-8 的 CSV 或 .xlsx", en: "neither UTF-8 nor GBK; save it as CSV in UTF-8 or as .xlsx"}
	}
	return string(out), nil
}

// guarded is ="0123", which keeps Excel from reading a number: to a strict CSV
// reader it is a stray quote.
var guarded = regexp.MustCompile(`(?m)(^|[,;\t])="([^"\r\n]*)"`)

func readCSV(name, text string) (*table, error) {
	r := csv.NewReader(strings.NewReader(guarded.ReplaceAllString(text, `$1"$2"`)))
	r.Comma = delimiterOf(text)
	r.FieldsPerRecord = -1
	t := &table{name: name}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return t, nil
		}
		if err != nil {
			return nil, csvError(name, err)
		}
		line, _ := r.FieldPos(0)
		row := tableRow{where: name + ":" + strconv.Itoa(line)}
		for _, cell := range record {
			row.cells = append(row.cells, tableCell{text: cleanCell(cell)})
		}
		if t.rows = append(t.rows, row); len(t.rows) > maxTableRows {
			return nil, tooManyRows(row.where)
		}
	}
}

func csvError(name string, err error) error {
	var perr *csv.ParseError
	if errors.As(err, &perr) {
		return &TableError{Where: name + ":" + strconv.Itoa(perr.Line), zh: "引号不成对，无法按 CSV 读取", en: "quotes do not pair, so it cannot be read as CSV"}
	}
	return fmt.Errorf("%s: %w", name, err)
}

func tooManyRows(where string) error {
	return &TableError{Where: where, zh: "超过 100000 行，不像是手工维护的表", en: "more than 100000 rows, which no table kept by hand has"}
}

// delimiterOf is the separator that the first line with any has most of.
func delimiterOf(text string) rune {
	for line := range strings.Lines(text) {
		best, n := rune(0), 0
		for _, d := range []rune{',', '\t', ';'} {
			if k := strings.Count(line, string(d)); k > n {
				best, n = d, k
			}
		}
		if n > 0 {
			return best
		}
	}
	return ','
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

// squeeze folds full-width characters and drops all blanks.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

// readWorkbook reads the raw values of the first visible sheet with rows.
func readWorkbook(name string, data []byte) (*table, error) {
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: 8 * maxTableBytes, UnzipXMLSizeLimit: maxTableBytes})
	if err != nil {
		return nil, &TableError{Where: name, zh: "无法作为 XLSX 打开，请用 Excel 或 WPS 另存一次", en: "cannot be opened as XLSX; save it again with Excel or WPS"}
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		if visible, err := f.GetSheetVisible(sheet); err == nil && !visible {
			continue
		}
		t, err := readSheet(f, name, sheet)
		if err != nil || len(t.rows) > 0 {
			return t, err
		}
	}
	return &table{name: name}, nil
}

func readSheet(f *excelize.File, name, sheet string) (*table, error) {
	rows, err := f.GetRows(sheet)
	if err != nil {
		return nil, &TableError{Where: name + ":" + sheet, zh: "工作表已损坏，请用 Excel 或 WPS 另存一次", en: "the sheet is damaged; save it again with Excel or WPS"}
	}
	if len(rows) > maxTableRows {
		return nil, tooManyRows(name + ":" + sheet)
	}
	t := &table{name: name}
	for i, cells := range rows {
		row := tableRow{where: name + ":" + sheet + "!" + strconv.Itoa(i+1)}
		for j, text := range cells {
			number := false
			if at, err := excelize.CoordinatesToCellName(j+1, i+1); err == nil {
				kind, err := f.GetCellType(sheet, at)
				number = err == nil && (kind == excelize.CellTypeUnset || kind == excelize.CellTypeNumber)
			}
			if _, err := strconv.ParseFloat(text, 64); err != nil {
				number = false
			}
			row.cells = append(row.cells, tableCell{text: cleanCell(text), number: number})
		}
		t.rows = append(t.rows, row)
	}
	return t, nil
}

// column says how a table's column is called and what its numbers mean when
// a workbook keeps them as numbers.
type column struct {
	name    string // the canonical header
	aliases []string
	kind    columnKind
}

type columnKind uint8

const (
	textColumn columnKind = iota
	dateColumn
	clockColumn
	decimalColumn
	rateColumn
)

// leastPercent is the smallest bare number that is taken for a percentage in
// a column that says %: a cell that Excel shows as 0.5% holds 0.005.
const leastPercent = 0.05

// asPercent writes a bare number of a column that says % with its sign; one
// that may be a share is marked, so that it is asked back.
func asPercent(s string) string {
	v, err := strconv.ParseFloat(squeeze(s), 64)
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

// bind finds the header: the first of the first rows that names a required
// column. Columns that nobody asked for are left out, unless they look like a
// slip in writing one that is known: that is an error, since a rate in a
// column that is not read is a fee that is not checked.
func (t *table) bind(columns []column, required ...string) (*bound, error) {
	at, names := t.header(columns, required)
	if at < 0 {
		return nil, &TableError{Where: t.name, zh: "找不到表头，需要有列：" + strings.Join(required, "、"), en: "no header found; it needs the columns " + strings.Join(required, ", ")}
	}
	head := t.rows[at]
	b := &bound{has: map[string]bool{}}
	var errs TableErrors
	var keep []int
	var header []string
	percent := map[int]bool{}
	kinds := map[int]columnKind{}
	for j, c := range head.cells {
		col := names[j]
		switch {
		case col == nil:
			if known := nearColumn(c.text, columns); known != "" {
				errs = append(errs, &TableError{Where: head.where, Column: c.text, zh: "不认识的列，是不是「" + known + "」？", en: "unknown column; is it " + known + "?"})
			}
		case b.has[col.name]:
			errs = append(errs, &TableError{Where: head.where, Column: c.text, zh: "这一列出现了两次，请删去一列", en: "the column is there twice; delete one"})
		default:
			b.has[col.name] = true
			keep, header, kinds[j] = append(keep, j), append(header, col.name), col.kind
			percent[j] = col.kind == rateColumn && strings.Contains(squeeze(c.text), "%")
		}
	}
	for _, name := range required {
		if !b.has[name] {
			errs = append(errs, &TableError{Where: head.where, Column: name, zh: "缺少这一列", en: "the column is missing"})
		}
	}
	if err := errs.orNil(); err != nil {
		return nil, err
	}
	b.rows = append(b.rows, header)
	for _, row := range t.rows[at+1:] {
		if row.blank() {
			continue
		}
		cells := make([]string, len(keep))
		for i, j := range keep {
			if j < len(row.cells) {
				cells[i] = row.cells[j].as(kinds[j])
			}
			if percent[j] {
				cells[i] = asPercent(cells[i])
			}
		}
		b.rows, b.where = append(b.rows, cells), append(b.where, row.where)
	}
	return b, nil
}

// header finds the header row and, per cell, the column it names.
func (t *table) header(columns []column, required []string) (int, []*column) {
	for i, row := range t.rows[:min(len(t.rows), headerWithin)] {
		names := make([]*column, len(row.cells))
		found := false
		for j, c := range row.cells {
			names[j] = columnNamed(c.text, columns)
			for _, r := range required {
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
	s = strings.ToLower(squeeze(s))
	if i := strings.IndexByte(s, '('); i > 0 {
		s = s[:i]
	}
	return strings.NewReplacer("_", "", "%", "", "*", "").Replace(s)
}

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
		if v, err := strconv.ParseFloat(c.text, 64); err == nil && v >= 1 && v < 100_000 {
			return dayText(dayOf(1899, 12, 30) + parse.Date(v))
		}
	case clockColumn:
		if v, err := strconv.ParseFloat(c.text, 64); err == nil && v >= 0 && v <= 1 {
			return clockText(int(v*86400 + 0.5))
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

// parseDay reads 2026-10-08, 2026/10/8, 2026.10.8, 20261008 and 2026年10月8日;
// a time of day behind it is allowed if it is midnight.
func parseDay(s string) (parse.Date, bool) {
	s = strings.TrimSpace(width.Fold.String(s))
	for _, midnight := range []string{" 00:00:00", " 0:00:00", " 00:00", " 0:00", "T00:00:00"} {
		s = strings.TrimSuffix(s, midnight)
	}
	s = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-", " ", "").Replace(s)
	for _, layout := range []string{"2006-1-2", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1990 && t.Year() < 2100 {
			return parse.Date(t.Unix() / 86400), true
		}
	}
	return 0, false
}

// parseClock reads 23:00, 23:00:00, 23点 and 2300 as seconds of the day;
// 24:00 is 86400.
func parseClock(s string) (int, bool) {
	s = squeeze(s)
	s = strings.NewReplacer("点", ":", "时", ":", "分", "").Replace(s)
	s = strings.TrimSuffix(s, ":")
	if len(s) == 4 && !strings.Contains(s, ":") {
		s = s[:2] + ":" + s[2:]
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 || len(parts[0]) == 0 {
		return 0, false
	}
	total, unit := 0, 3600
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 2 || (i > 0 && n > 59) {
			return 0, false
		}
		total += int(n) * unit
		unit /= 60
	}
	return total, total <= 86400
}

func clockText(seconds int) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}
