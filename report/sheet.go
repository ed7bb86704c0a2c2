package report

import (
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
)

// kind is how a column is written and formatted.
type kind uint8

const (
	kText     kind = iota // text, wrapped
	kCode                 // a short word, centred
	kMoney                // yuan as a number
	kDate                 // a real date
	kTime                 // a real date and time
	kInt                  // a count
	kDecision             // the clerk's choice from a list
	kNote                 // the clerk's own words
	kID                   // an item's id: small
	kLog                  // text without identifier checks, wrapped
	numKinds
)

// column is one column of a table over rows of type T. put writes exactly one
// cell.
type column[T any] struct {
	head text
	kind kind
	// max is the widest the column becomes, in characters of the default
	// font; longer text is wrapped.
	max int
	put func(*cells, T)
}

// heading is what a sheet needs to know of a column.
type heading struct {
	title string
	kind  kind
	max   int
}

// sheetSpec is what a sheet is apart from its rows.
type sheetSpec struct {
	name   string
	colour string // of the tab
	// once says that rows beyond the sheet's limit are left out, with a note,
	// instead of going on in a further sheet.
	once bool
}

// The layout of a table sheet: a title with the way back, the totals, the
// header; then the rows.
const (
	titleRow  = 1
	totalsRow = 2
	headRow   = 3
	firstRow  = 4
)

// maxSheetRows is the number of rows that a sheet of the format can hold. It
// is a variable so that tests cross it.
var maxSheetRows = 1 << 20

// sheet is a table of the workbook. It grows by whole segments in a fixed
// order; what does not fit into one sheet of the format continues in the next
// part.
type sheet struct {
	spec     sheetSpec
	headings []heading
	openings [][]byte // per column: `<c r="AB`
	parts    []*part
	reserved int         // rows whose places have been given out
	dropped  int         // rows left out, with spec.once
	proof    *sheetProof // nil: only rows and sums are checked
}

// part is one sheet of the format.
type part struct {
	sheet  *sheet
	index  int
	name   string // set when the workbook is put together
	rows   int
	sums   []sum
	widths []int
	body   *bodyWriter
}

// capacity is the number of data rows in one part.
func capacity() int { return maxSheetRows - (firstRow - 1) }

// reserve gives out places for n further rows and returns the ordinal of the
// first and how many of them have a place.
func (s *sheet) reserve(n int) (first, room int) {
	first = s.reserved
	if s.spec.once && first+n > capacity() {
		room = max(capacity()-first, 0)
		s.dropped += n - room
		s.reserved += room
		return first, room
	}
	s.reserved += n
	return first, n
}

// most is how many rows have a place at all; -1: any number.
func (s *sheet) most() int {
	if s.spec.once {
		return capacity()
	}
	return -1
}

// sum is a checked total of fen.
type sum struct {
	fen      money.Fen
	overflow bool
}

func (s *sum) add(f money.Fen) {
	t := s.fen + f
	if (t > s.fen) != (f > 0) && f != 0 {
		s.overflow = true
	}
	s.fen = t
}

func (s *sum) merge(o sum) {
	s.add(o.fen)
	s.overflow = s.overflow || o.overflow
}

// segment is a run of finished rows of one part.
type segment struct {
	part   int
	rows   int
	xml    []byte
	sums   []sum
	widths []int
}

// append adds a segment behind what is there. Segments must come in the order
// in which their places were given out.
func (s *sheet) append(seg *segment, b *book) error {
	for len(s.parts) <= seg.part {
		s.parts = append(s.parts, &part{
			sheet: s, index: len(s.parts), body: b.newBody(),
			sums: make([]sum, len(s.headings)), widths: make([]int, len(s.headings)),
		})
	}
	p := s.parts[seg.part]
	p.rows += seg.rows
	for i := range seg.sums {
		p.sums[i].merge(seg.sums[i])
		p.widths[i] = max(p.widths[i], seg.widths[i])
	}
	return p.body.write(seg.xml)
}

// fill renders rows for the places from first on. currency says which money a
// row is in.
func fill[T any](c *cells, s *sheet, columns []column[T], currency func(T) string, first int, rows []T) []segment {
	var segs []segment
	for i := range rows {
		part, row := (first+i)/capacity(), (first+i)%capacity()+firstRow
		if len(segs) == 0 || segs[len(segs)-1].part != part {
			segs = append(segs, segment{part: part, xml: c.spare(), sums: make([]sum, len(columns)), widths: make([]int, len(columns))})
		}
		seg := &segs[len(segs)-1]
		seg.rows++
		c.begin(s, seg, row, currency(rows[i]))
		for j := range columns {
			columns[j].put(c, rows[i])
		}
		c.end()
	}
	return segs
}

func headingsOf[T any](columns []column[T], l problem.Lang) []heading {
	out := make([]heading, len(columns))
	for i, c := range columns {
		out[i] = heading{c.head.in(l), c.kind, c.max}
	}
	return out
}

func newSheet(spec sheetSpec, headings []heading) *sheet {
	s := &sheet{spec: spec, headings: headings}
	for i := range headings {
		s.openings = append(s.openings, []byte(`<c r="`+columnName(i)))
	}
	return s
}

// columnName is A, B … Z, AA … for 0, 1 …
func columnName(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return columnName(i/26-1) + string(rune('A'+i%26))
}
