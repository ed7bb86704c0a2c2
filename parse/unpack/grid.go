package unpack

// A grid is a workbook of any container (XLSX, BIFF8, HTML table): sheets of
// rows of cells. It is spooled into a delimited document before the scan, so
// that everything behind it sees one kind of text.
type grid interface {
	Sheets() []Sheet
	// rows calls emit for every row that has cells, in ascending order; row is
	// the 1-based physical row number. The cells are valid until emit returns.
	Rows(sheet int, emit func(row int, cells []Cell) error) error
	Close() error
}

type Sheet struct {
	Name   string
	Hidden bool
}

// cellKind is what a workbook says a cell holds.
type cellKind uint8

const (
	cellBlank   cellKind = iota
	cellText             // text is the string
	CellNumber           // text is plain decimal digits as far as the number is exact, else it keeps its exponent
	cellDate             // text is 2006-01-02, 2006-01-02 15:04:05 or 15:04:05
	cellBool             // TRUE or FALSE
	CellError            // #N/A …
	CellFormula          // a formula whose value was never stored
)

type Cell struct {
	Kind cellKind
	Text []byte
}
