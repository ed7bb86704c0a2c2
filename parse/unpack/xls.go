package unpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"github.com/richardlehane/mscfb"
)

// The records of BIFF8 (MS-XLS 2.3) that carry values. All others are passed
// over.
const (
	biffFormula  = 0x0006
	biffEOF      = 0x000A
	biffDate1904 = 0x0022
	biffFilePass = 0x002F
	biffContinue = 0x003C
	biffSheet    = 0x0085 // BOUNDSHEET
	biffMulRK    = 0x00BD
	biffRString  = 0x00D6
	biffXF       = 0x00E0
	biffSST      = 0x00FC
	biffLabelSST = 0x00FD
	biffNumber   = 0x0203
	biffLabel    = 0x0204
	biffBoolErr  = 0x0205
	biffString   = 0x0207
	biffRK       = 0x027E
	biffFormat   = 0x041E
	biffBOF      = 0x0809

	biff8          = 0x0600
	biffWorksheet  = 0x0010
	biffMaxFormats = 1 << 16
)

var errBIFF = errors.New("a record is cut off")

// xls is a BIFF8 workbook, as Excel 97 to 2003 wrote them.
type xls struct {
	name    string
	lim     problem.Limits
	src     text.Source // the workbook stream out of its OLE2 container
	list    []Sheet
	starts  []int64 // of each sheet in src
	strings stringTable
	styles  []cellStyle // of each XF
	d1904   bool
	budget  *text.Budget
}

// openXLS reads the OLE2 container and what the workbook says of its sheets.
func openXLS(name string, src text.Source, opt text.Workspace) (g grid, p *problem.Problem) {
	b := &xls{name: name, lim: opt.Limits, budget: opt.Budget}
	err := b.extract(src, opt)
	if err == nil {
		if err = b.readGlobals(); err == nil {
			return b, nil
		}
	}
	b.strings.release()
	if b.src != nil {
		err = errors.Join(err, b.src.Close())
	}
	return nil, workbookProblem(name, "", 0, err)
}

func (b *xls) Sheets() []Sheet { return b.list }

func (b *xls) Close() error {
	b.strings.release()
	return b.src.Close()
}

// extract copies the workbook stream out of its container, where it lies in
// pieces. A panic of mscfb on a damaged container is an error of the file:
// none is known in 1.0.9, but its input is anybody's.
func (b *xls) extract(src text.Source, opt text.Workspace) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("OLE2: %v", r)
		}
	}()
	ole, err := mscfb.New(src)
	if err != nil {
		return err
	}
	stream, err := workbookStream(ole)
	if err != nil {
		return err
	}
	if stream.Size > src.Size() {
		return errBIFF
	}
	out := text.NewSpool(opt)
	b.src = out
	n, err := io.Copy(out, io.LimitReader(struct{ io.Reader }{stream}, stream.Size))
	if err == nil && n < stream.Size {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return err
	}
	return out.Finish()
}

// workbookStream finds the workbook in the container, or says what is in it.
func workbookStream(ole *mscfb.Reader) (*mscfb.File, error) {
	var book *mscfb.File
	kind := "OLE2"
	for _, f := range ole.File {
		if len(f.Path) > 0 {
			continue
		}
		switch strings.ToLower(f.Name) {
		case "encryptedpackage", "encryptioninfo":
			return nil, &problem.Problem{Code: CodeWorkbookEncrypted}
		case "workbook":
			book = f
		case "book":
			kind = "Excel 5"
		case "worddocument":
			kind = "Word"
		case "powerpoint document":
			kind = "PowerPoint"
		}
	}
	switch {
	case book != nil:
		return book, nil
	case kind == "Excel 5":
		return nil, &problem.Problem{Code: CodeWorkbookOld, Args: []string{"Excel 5/95"}}
	}
	return nil, &problem.Problem{Code: CodeWorkbookOther, Args: []string{kind}}
}

// biffReader reads the records of a stream one after the other.
type biffReader struct {
	src  io.ReaderAt
	off  int64 // of the next record
	buf  []byte
	from int64 // offset of buf in src
}

const biffWindow = 128 << 10

func newBIFFReader(src io.ReaderAt, off int64) *biffReader {
	return &biffReader{src: src, off: off, buf: make([]byte, 0, biffWindow)}
}

// window gives n bytes at off.
func (r *biffReader) window(off int64, n int) ([]byte, error) {
	if i := off - r.from; i >= 0 && i+int64(n) <= int64(len(r.buf)) {
		return r.buf[i : i+int64(n)], nil
	}
	got, err := r.src.ReadAt(r.buf[:cap(r.buf)], off)
	r.buf, r.from = r.buf[:got], off
	if got >= n {
		return r.buf[:n], nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return nil, err
}

// next is the next record; its data is valid until the next call.
func (r *biffReader) next() (typ uint16, data []byte, err error) {
	h, err := r.window(r.off, 4)
	if err != nil {
		return 0, nil, err
	}
	typ = binary.LittleEndian.Uint16(h)
	n := int(binary.LittleEndian.Uint16(h[2:]))
	if data, err = r.window(r.off, 4+n); err != nil {
		return 0, nil, err
	}
	r.off += int64(4 + n)
	return typ, data[4:], nil
}

// peek is the type of the next record, 0 at the end.
func (r *biffReader) peek() uint16 {
	h, err := r.window(r.off, 4)
	if err != nil {
		return 0
	}
	return binary.LittleEndian.Uint16(h)
}

// checkBOF reads the record with which a part of the stream begins.
func checkBOF(r *biffReader) (kind uint16, err error) {
	typ, d, err := r.next()
	if err != nil {
		return 0, err
	}
	if typ&0xFF != biffBOF&0xFF || len(d) < 4 {
		return 0, errors.New("no BOF record")
	}
	if v := binary.LittleEndian.Uint16(d); typ != biffBOF || v != biff8 {
		return 0, &problem.Problem{Code: CodeWorkbookOld, Args: []string{"Excel 5/95"}}
	}
	return binary.LittleEndian.Uint16(d[2:]), nil
}

// readGlobals reads the list of sheets, the shared texts and the formats.
func (b *xls) readGlobals() error {
	r := newBIFFReader(b.src, 0)
	if _, err := checkBOF(r); err != nil {
		return err
	}
	formats := map[uint16]cellStyle{}
	var cellFormats []uint16
	for {
		typ, d, err := r.next()
		if err != nil {
			return err
		}
		switch typ {
		case biffEOF:
			for _, id := range cellFormats {
				s, ok := formats[id]
				if !ok {
					s = builtinStyle(int(id))
				}
				b.styles = append(b.styles, s)
			}
			return nil
		case biffFilePass:
			return &problem.Problem{Code: CodeWorkbookEncrypted}
		case biffDate1904:
			b.d1904 = len(d) >= 2 && d[0] == 1
		case biffSheet:
			err = b.addSheet(d)
		case biffSST:
			err = b.readSST(r, d)
		case biffFormat:
			if len(d) >= 5 && len(formats) < biffMaxFormats {
				var code []byte
				if code, err = biffText(r, d[2:], 2); err == nil {
					formats[binary.LittleEndian.Uint16(d)] = formatStyle(string(code))
				}
			}
		case biffXF:
			if len(d) >= 4 && len(cellFormats) < biffMaxFormats {
				cellFormats = append(cellFormats, binary.LittleEndian.Uint16(d[2:]))
			}
		}
		if err != nil {
			return err
		}
	}
}

// addSheet adds a worksheet; charts and macros have no rows.
func (b *xls) addSheet(d []byte) error {
	if len(d) < 8 {
		return errBIFF
	}
	if d[5] != 0 {
		return nil
	}
	if len(b.list) >= b.lim.Sheets {
		return &problem.Problem{Code: CodeWorkbookSheets, Args: []string{strconv.Itoa(b.lim.Sheets)}}
	}
	name, err := biffText(nil, d[6:], 1)
	if err != nil {
		return err
	}
	b.list = append(b.list, Sheet{Name: string(name), Hidden: d[4]&3 != 0})
	b.starts = append(b.starts, int64(binary.LittleEndian.Uint32(d)))
	return nil
}

// biffPieces reads data that goes on in CONTINUE records.
type biffPieces struct {
	r    *biffReader // nil: nothing goes on
	data []byte
}

// more goes to the next CONTINUE record.
func (p *biffPieces) more() error {
	if p.r == nil || p.r.peek() != biffContinue {
		return errBIFF
	}
	_, d, err := p.r.next()
	p.data = d
	return err
}

// take is the next n bytes, n ≤ 8.
func (p *biffPieces) take(n int) (v uint64, err error) {
	for i := range n {
		for len(p.data) == 0 {
			if err := p.more(); err != nil {
				return 0, err
			}
		}
		v |= uint64(p.data[0]) << (8 * i)
		p.data = p.data[1:]
	}
	return v, nil
}

func (p *biffPieces) skip(n uint64) error {
	for n > 0 {
		if len(p.data) == 0 {
			if err := p.more(); err != nil {
				return err
			}
			continue
		}
		k := min(n, uint64(len(p.data)))
		p.data, n = p.data[k:], n-k
	}
	return nil
}

// text appends a string whose length has width bytes (MS-XLS 2.5.240, .293,
// .296). Where its characters go on in another record, that begins with a new
// flag for their size.
func (p *biffPieces) text(dst []byte, width int) ([]byte, error) {
	n, err := p.take(width)
	if err != nil {
		return dst, err
	}
	flags, err := p.take(1)
	if err != nil {
		return dst, err
	}
	var runs, ext uint64
	if flags&8 != 0 {
		if runs, err = p.take(2); err != nil {
			return dst, err
		}
	}
	if flags&4 != 0 {
		if ext, err = p.take(4); err != nil {
			return dst, err
		}
	}
	var high rune // the first half of a pair of surrogates
	for ; n > 0; n-- {
		if len(p.data) == 0 {
			if err := p.more(); err != nil {
				return dst, err
			}
			f, err := p.take(1)
			if err != nil {
				return dst, err
			}
			flags = f
		}
		c, err := p.take(1 + int(flags&1))
		if err != nil {
			return dst, err
		}
		dst, high = appendUnit(dst, rune(c), high)
	}
	if high != 0 {
		dst = append(dst, "\uFFFD"...)
	}
	return dst, p.skip(4*runs + ext)
}

// appendUnit appends a UTF-16 unit; high is an open first half.
func appendUnit(dst []byte, c, high rune) ([]byte, rune) {
	if high != 0 {
		if r := utf16.DecodeRune(high, c); r != '\uFFFD' {
			return append(dst, string(r)...), 0
		}
		dst = append(dst, "\uFFFD"...)
	}
	if c >= 0xD800 && c < 0xDC00 {
		return dst, c
	}
	return append(dst, string(c)...), 0
}

// biffText is one string of a record and those that continue it.
func biffText(r *biffReader, d []byte, width int) ([]byte, error) {
	p := biffPieces{r: r, data: d}
	return p.text(nil, width)
}

// readSST reads the shared texts.
func (b *xls) readSST(r *biffReader, d []byte) error {
	if len(d) < 8 {
		return errBIFF
	}
	p := biffPieces{r: r, data: d[8:]}
	var buf []byte
	var err error
	for n := binary.LittleEndian.Uint32(d[4:]); n > 0; n-- {
		if len(p.data) == 0 && r.peek() != biffContinue {
			return nil // fewer than announced: a cell that refers to one is refused
		}
		if buf, err = p.text(buf[:0], 2); err != nil {
			return err
		}
		if err = b.strings.add(buf, b.lim, b.budget); err != nil {
			return err
		}
	}
	return nil
}

// Rows streams the rows of a sheet. Programs write cells in the order of rows,
// all but a few: those sheets are sorted first.
func (b *xls) Rows(sheet int, emit func(row int, cells []Cell) error) error {
	s := &biffSheetReader{book: b, emit: emit, row: -1}
	err := s.read(b.starts[sheet])
	if s.emitErr != nil {
		return s.emitErr
	}
	if err != nil {
		return workbookProblem(b.name, b.list[sheet].Name, s.row+1, err)
	}
	return nil
}

// biffSheetReader reads the cells of one sheet.
type biffSheetReader struct {
	book    *xls
	r       *biffReader
	emit    func(row int, cells []Cell) error
	emitErr error
	row     int // of cells, from 0; -1 before the first
	cells   []Cell
	scratch []byte
	number  [32]byte
}

func (s *biffSheetReader) read(start int64) error {
	order, sorted, err := s.order(start)
	if err != nil {
		return err
	}
	s.r = newBIFFReader(s.book.src, start)
	if !sorted {
		for _, at := range order {
			s.r.off = at.off
			if err := s.record(); err != nil {
				return err
			}
		}
		return s.flush()
	}
	for depth := 0; ; {
		switch s.r.peek() {
		case biffBOF:
			depth++
		case biffEOF:
			if depth--; depth == 0 {
				return s.flush()
			}
		}
		if depth > 1 { // a chart within the sheet
			if _, _, err := s.r.next(); err != nil {
				return err
			}
			continue
		}
		if err := s.record(); err != nil {
			return err
		}
	}
}

// cellAt is where the record of a cell is.
type cellAt struct {
	row, col uint16
	off      int64
}

// order walks through the sheet and says whether its rows ascend. If they do
// not, it returns the records of the cells in the order of rows.
func (s *biffSheetReader) order(start int64) (cells []cellAt, sorted bool, err error) {
	sorted = true
	for pass := 0; pass < 2; pass++ {
		r := newBIFFReader(s.book.src, start)
		if kind, err := checkBOF(r); err != nil || kind != biffWorksheet {
			return nil, true, errors.Join(err, checkKind(kind))
		}
		last := -1
		for depth := 1; depth > 0; {
			off := r.off
			typ, d, err := r.next()
			if err != nil {
				return nil, sorted, err
			}
			switch {
			case typ == biffBOF:
				depth++
			case typ == biffEOF:
				depth--
			case depth == 1 && isCellRecord(typ):
				if len(d) < 6 {
					return nil, sorted, errBIFF
				}
				row := int(binary.LittleEndian.Uint16(d))
				sorted = sorted && row >= last
				last = row
				if pass == 1 {
					cells = append(cells, cellAt{uint16(row), binary.LittleEndian.Uint16(d[2:]), off})
				}
			}
		}
		if sorted {
			return nil, true, nil
		}
	}
	slices.SortStableFunc(cells, func(a, b cellAt) int {
		if a.row != b.row {
			return int(a.row) - int(b.row)
		}
		return int(a.col) - int(b.col)
	})
	return cells, false, nil
}

func checkKind(kind uint16) error {
	if kind != biffWorksheet {
		return fmt.Errorf("kind of sheet %#x", kind)
	}
	return nil
}

// isCellRecord names the records that give cells a value; blank cells have
// others.
func isCellRecord(typ uint16) bool {
	switch typ {
	case biffFormula, biffMulRK, biffRString, biffLabelSST, biffNumber, biffLabel, biffBoolErr, biffRK:
		return true
	}
	return false
}

// record reads one record and puts its cells into their row.
func (s *biffSheetReader) record() error {
	typ, d, err := s.r.next()
	if err != nil || !isCellRecord(typ) {
		return err
	}
	if len(d) < 6 {
		return errBIFF
	}
	row, col := int(binary.LittleEndian.Uint16(d)), int(binary.LittleEndian.Uint16(d[2:]))
	if row != s.row {
		if err := s.flush(); err != nil {
			return err
		}
		s.row = row
	}
	if typ == biffMulRK {
		return s.mulRK(col, d)
	}
	xf, d := int(binary.LittleEndian.Uint16(d[4:])), d[6:]
	if len(d) < valueLength(typ) {
		return errBIFF
	}
	switch typ {
	case biffNumber:
		return s.put(col, xf, math.Float64frombits(binary.LittleEndian.Uint64(d)))
	case biffRK:
		return s.put(col, xf, rkValue(binary.LittleEndian.Uint32(d)))
	case biffLabelSST:
		i := binary.LittleEndian.Uint32(d)
		if int64(i) >= int64(s.book.strings.len()) {
			return fmt.Errorf("shared text %d of %d", i, s.book.strings.len())
		}
		return s.putCell(col, cellText, s.book.strings.get(int(i)))
	case biffLabel, biffRString:
		return s.putText(col, d)
	case biffBoolErr:
		return s.boolErr(col, d[0], d[1] != 0)
	}
	return s.formula(col, xf, d)
}

// valueLength is the shortest value that a record of this type can have.
func valueLength(typ uint16) int {
	switch typ {
	case biffFormula:
		return 10
	case biffNumber:
		return 8
	case biffLabelSST, biffRK:
		return 4
	}
	return 2
}

// mulRK reads several numbers of one row.
func (s *biffSheetReader) mulRK(col int, d []byte) error {
	if len(d) < 12 || (len(d)-6)%6 != 0 {
		return errBIFF
	}
	for d = d[4 : len(d)-2]; len(d) > 0; d = d[6:] {
		xf := int(binary.LittleEndian.Uint16(d))
		if err := s.put(col, xf, rkValue(binary.LittleEndian.Uint32(d[2:]))); err != nil {
			return err
		}
		col++
	}
	return nil
}

// rkValue is a number in the short form: 30 bits of an integer or of a double,
// perhaps in hundredths (MS-XLS 2.5.217).
func rkValue(rk uint32) float64 {
	var v float64
	if rk&2 != 0 {
		v = float64(int32(rk) >> 2)
	} else {
		v = math.Float64frombits(uint64(rk&^3) << 32)
	}
	if rk&1 != 0 {
		v /= 100
	}
	return v
}

// formula reads the stored result of a formula. What was never calculated is
// no value: an empty text without a record for it, and the zero of programs
// that leave the calculation to Excel (fCalcOnLoad).
func (s *biffSheetReader) formula(col, xf int, d []byte) error {
	flags := binary.LittleEndian.Uint16(d[8:])
	if d[6] != 0xFF || d[7] != 0xFF {
		v := math.Float64frombits(binary.LittleEndian.Uint64(d))
		if v == 0 && flags&2 != 0 {
			return s.putCell(col, CellFormula, []byte("="))
		}
		return s.put(col, xf, v)
	}
	switch d[0] {
	case 0:
		return s.formulaText(col)
	case 1:
		return s.boolErr(col, d[2], false)
	case 2:
		return s.boolErr(col, d[2], true)
	}
	return s.putCell(col, CellFormula, []byte("="))
}

// formulaText reads the text that follows a formula, perhaps behind the
// record of a shared formula.
func (s *biffSheetReader) formulaText(col int) error {
	for range 4 {
		if s.r.peek() == biffString {
			_, d, err := s.r.next()
			if err != nil {
				return err
			}
			return s.putText(col, d)
		}
		if t := s.r.peek(); isCellRecord(t) || t == biffEOF || t == biffBOF || t == 0 {
			break
		}
		if _, _, err := s.r.next(); err != nil {
			return err
		}
	}
	return s.putCell(col, CellFormula, []byte("="))
}

// putText adds a cell with the text of a record.
func (s *biffSheetReader) putText(col int, d []byte) error {
	p := biffPieces{r: s.r, data: d}
	from := len(s.scratch)
	var err error
	if s.scratch, err = p.text(s.scratch, 2); err != nil {
		return err
	}
	return s.putCell(col, cellText, s.scratch[from:])
}

var biffErrors = map[byte]string{
	0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}

func (s *biffSheetReader) boolErr(col int, v byte, isError bool) error {
	switch {
	case isError && biffErrors[v] != "":
		return s.putCell(col, CellError, []byte(biffErrors[v]))
	case isError:
		return fmt.Errorf("error value %#x", v)
	case v == 0:
		return s.putCell(col, cellBool, []byte("FALSE"))
	}
	return s.putCell(col, cellBool, []byte("TRUE"))
}

// put adds a number or date.
func (s *biffSheetReader) put(col, xf int, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return s.putCell(col, CellError, []byte("#NUM!"))
	}
	var st cellStyle
	if xf < len(s.book.styles) {
		st = s.book.styles[xf]
	}
	from := len(s.scratch)
	if st.kind != styleNumber {
		var ok bool
		if s.scratch, ok = appendSerial(s.scratch, v, st.kind, s.book.d1904); ok {
			return s.putCell(col, cellDate, s.scratch[from:])
		}
	}
	s.scratch, _ = appendNumber(s.scratch, strconv.AppendFloat(s.number[:0], v, 'e', -1, 64), st.pad)
	return s.putCell(col, CellNumber, s.scratch[from:])
}

// putCell adds a cell to the row.
func (s *biffSheetReader) putCell(col int, kind cellKind, text []byte) error {
	if len(text) == 0 {
		return nil
	}
	if col >= s.book.lim.Columns {
		return columnsProblem(col+1, s.book.lim.Columns)
	}
	for len(s.cells) <= col {
		s.cells = append(s.cells, Cell{})
	}
	if s.cells[col].Kind != cellBlank {
		return fmt.Errorf("column %d twice in row %d", col+1, s.row+1)
	}
	s.cells[col] = Cell{kind, text[:len(text):len(text)]}
	return nil
}

// flush hands out the row.
func (s *biffSheetReader) flush() error {
	if len(s.cells) > 0 {
		s.emitErr = s.emit(s.row+1, s.cells)
	}
	s.cells, s.scratch = s.cells[:0], s.scratch[:0]
	return s.emitErr
}
