package text

import "io"

// Source is the bytes of one document: a file, a piece of memory or a
// spooled temporary file. It is read at offsets from several goroutines.
type Source interface {
	io.ReaderAt
	Size() int64
	Close() error
}

// Record is one physical record cut into cells, not yet understood.
type Record struct {
	// off is the offset of the record's first byte in its document.
	Off int64
	// cells are the fields without their quotes, still in the document's
	// encoding; they point into the scanner's buffers. A fixed-width row has
	// exactly one cell, the whole line (the binder slices bytes).
	Cells [][]byte
	// spans, if not nil, are the cells instead, as places in text.
	Spans []Span
	Text  []byte

	scratch [][]byte
}

// Cut makes cells of the spans.
func (r *Record) Cut() [][]byte {
	if r.Spans == nil {
		return r.Cells
	}
	r.Cells = r.scratch[:0]
	for _, c := range r.Spans {
		r.Cells = append(r.Cells, r.Text[c.From:c.To])
	}
	r.scratch, r.Spans = r.Cells, nil
	return r.Cells
}

// A Span is where a cell begins and ends in a text.
type Span struct{ From, To uint32 }

// Spooled workbooks separate cells and rows by these bytes, which no sane cell
// contains (a cell that does gets a blank instead).
const (
	SpoolCell = 0x1F
	SpoolRow  = 0x1E
)
