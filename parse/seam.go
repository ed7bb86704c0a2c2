package parse

import "io"

// byteSource is the bytes of one document: a file, a piece of memory or a
// spooled temporary file. It is read at offsets from several goroutines.
type byteSource interface {
	io.ReaderAt
	Size() int64
	Close() error
}

// rawRow is one physical record cut into cells, not yet understood.
type rawRow struct {
	// off is the offset of the record's first byte in its document.
	off int64
	// cells are the fields without their quotes, still in the document's
	// encoding; they point into the scanner's buffers. A fixed-width row has
	// exactly one cell, the whole line (the binder slices bytes).
	cells [][]byte
	// spans, if not nil, are the cells instead, as places in text.
	spans []cellSpan
	text  []byte

	scratch [][]byte
}

// cut makes cells of the spans.
func (r *rawRow) cut() [][]byte {
	if r.spans == nil {
		return r.cells
	}
	r.cells = r.scratch[:0]
	for _, c := range r.spans {
		r.cells = append(r.cells, r.text[c.from:c.to])
	}
	r.scratch, r.spans = r.cells, nil
	return r.cells
}

// A cellSpan is where a cell begins and ends in a text.
type cellSpan struct{ from, to uint32 }

// verdict is what a row turned out to be.
type verdict uint8

const (
	accept verdict = iota
	skip           // blank, title, comment or trailer line
	reject
)

// A grid is a workbook of any container (XLSX, BIFF8, HTML table): sheets of
// rows of cells. It is spooled into a delimited document before the scan, so
// that everything behind it sees one kind of text.
type grid interface {
	sheets() []gridSheet
	// rows calls emit for every row that has cells, in ascending order; row is
	// the 1-based physical row number. The cells are valid until emit returns.
	rows(sheet int, emit func(row int, cells []gridCell) error) error
	Close() error
}

type gridSheet struct {
	name   string
	hidden bool
}

// cellKind is what a workbook says a cell holds.
type cellKind uint8

const (
	cellBlank   cellKind = iota
	cellText             // text is the string
	cellNumber           // text is plain decimal digits as far as the number is exact, else it keeps its exponent
	cellDate             // text is 2006-01-02, 2006-01-02 15:04:05 or 15:04:05
	cellBool             // TRUE or FALSE
	cellError            // #N/A …
	cellFormula          // a formula whose value was never stored
)

type gridCell struct {
	kind cellKind
	text []byte
}

// Spooled workbooks separate cells and rows by these bytes, which no sane cell
// contains (a cell that does gets a blank instead).
const (
	spoolCell = 0x1F
	spoolRow  = 0x1E
)
