package parse

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"unicode/utf8"
)

// maxRecordLines is how many lines a quoted field may span. An opening quote
// that is not closed within them is a lone quote, not a field: the line that
// has it is rejected and reading goes on with the next line.
const maxRecordLines = 64

// A dialect is what the splitter knows about a document's text.
type dialect struct {
	delim byte // 0: a record is one cell (lines of bytes)
	quote bool
	eol   byte
	// Limits in bytes, and the most cells that are cut.
	field, record, columns int
}

// The classes of bytes that the index looks for.
const (
	classMark  = 1 << iota // delimiter, line end or quote: has a place in the index
	classQuote             // seen: the chunk needs its quotes resolved
	classNUL               // seen: a row of the chunk holds a zero byte
)

// A splitter cuts one chunk of a document into records. It belongs to one
// goroutine and is used for chunk after chunk; nothing is allocated once its
// buffers have grown.
//
// It works in three steps. index finds every delimiter, line end and quote,
// eight bytes at a time, whatever they mean. resolve, given where the chunk's
// first record starts, drops those inside quoted fields and finds where the
// chunk's last record ends. After that cut makes cells without having to think
// about quotes. The step between is the only one that depends on the
// chunk before, and it is short: chunks are read, indexed and cut in parallel,
// and no boundary is ever guessed.
type splitter struct {
	d     dialect
	class [256]uint8

	src   io.ReaderAt
	limit int64 // end of the document's data
	slack int   // see defaultSlack; tests make it small
	off   int64 // offset of buf[0]
	buf   []byte

	pos     []uint32 // index of buf[:indexed], compacted by resolve up to the last record's end
	n       int      // entries of pos in use
	indexed int
	seen    uint8  // classes seen
	high    uint64 // has a high bit if a byte of buf[:indexed] is not ASCII

	start    int    // of the record to cut next, in buf
	next     int    // its first entry of pos
	from     int    // start of the first record
	end      int    // end of the last record that is in buf
	embedded bool   // a quoted field holds a line end
	long     int64  // lines of the last record if it is too long to be in buf
	record   []byte // the record cut last, without its line end
	enc      encoding
	cells    [][]byte
	scratch  []byte
}

// use makes the splitter ready for a document.
func (s *splitter) use(src io.ReaderAt, limit int64, d dialect) {
	s.src, s.limit = src, limit
	if s.d == d {
		return
	}
	s.d = d
	s.class = [256]uint8{}
	s.class[0] = classNUL
	s.class[d.eol] = classMark
	if d.delim != 0 {
		s.class[d.delim] = classMark
		if d.quote {
			s.class['"'] = classMark | classQuote
		}
	}
}

// defaultSlack is how much is read beyond a chunk's end, which nearly always
// makes its last record whole.
const defaultSlack = 2 << 10

// load reads the chunk [off, off+size) and a little more.
func (s *splitter) load(off int64, size int) error {
	s.off, s.indexed, s.n, s.seen, s.high = off, 0, 0, 0, 0
	if s.slack == 0 {
		s.slack = defaultSlack
	}
	want := int(min(int64(size+s.slack), s.limit-off))
	s.buf = sized(s.buf, want)
	return readFull(s.src, s.buf, off)
}

// seek forgets the index and makes it begin at an offset in buf.
func (s *splitter) seek(off int64) {
	s.indexed, s.n, s.seen, s.high = int(off-s.off), 0, 0, 0
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}

// grow reads more of the document into buf. more is false at its end.
func (s *splitter) grow() (more bool, err error) {
	at := s.off + int64(len(s.buf))
	n := int(min(int64(max(len(s.buf)/8, 4*s.slack)), s.limit-at))
	if n <= 0 {
		return false, nil
	}
	old := len(s.buf)
	if cap(s.buf) < old+n {
		b := make([]byte, old+n, (old+n)*3/2)
		copy(b, s.buf)
		s.buf = b
	}
	s.buf = s.buf[:old+n]
	if err := readFull(s.src, s.buf[old:], at); err != nil {
		s.buf = s.buf[:old]
		return false, err
	}
	return true, nil
}

const (
	lowBits  = 0x0101010101010101
	lowSeven = 0x7F7F7F7F7F7F7F7F
)

// index extends the index to the first upto bytes of buf.
func (s *splitter) index(upto int) {
	if upto <= s.indexed {
		return
	}
	if need := s.n + upto - s.indexed + 64; len(s.pos) < need {
		pos := make([]uint32, need+need/4)
		copy(pos, s.pos[:s.n])
		s.pos = pos
	}
	if s.d.delim == 0 {
		s.indexLines(upto)
	} else {
		s.indexCells(upto)
	}
	s.indexed = upto
}

// indexLines finds line ends only; long stretches without one go by at the
// speed of memory.
func (s *splitter) indexLines(upto int) {
	for i := s.indexed; i < upto; {
		j := bytes.IndexByte(s.buf[i:upto], s.d.eol)
		if j < 0 {
			break
		}
		s.pos[s.n] = uint32(i + j)
		s.n++
		i += j + 1
	}
	part := s.buf[s.indexed:upto]
	if firstHigh(part) >= 0 {
		s.high = highBits
	}
	if bytes.IndexByte(part, 0) >= 0 {
		s.seen |= classNUL
	}
}

// indexCells looks at 64 bytes at a time: word by word it marks the bytes that
// equal the delimiter or are below '#' (quote, line ends, blanks, control
// characters), gathers the marks into one 64-bit mask, and then writes down the
// place of each, keeping those whose class says so without a branch.
func (s *splitter) indexCells(upto int) {
	var (
		buf   = s.buf[:upto]
		pos   = s.pos
		n     = s.n
		high  = s.high
		seen  = s.seen
		class = &s.class
		delim = uint64(s.d.delim) * lowBits
		i     = s.indexed
	)
	for ; i+64 <= len(buf); i += 64 {
		b := buf[i : i+64 : i+64]
		var mask uint64
		for w := 0; w < 64; w += 8 {
			x := binary.LittleEndian.Uint64(b[w:])
			high |= x
			y := x ^ delim
			notDelim := (y&lowSeven + lowSeven) | y
			notLow := ((x | highBits) - '#'*lowBits) | x
			m := ^(notDelim & notLow) & highBits
			mask |= (m >> 7 * 0x0102040810204080 >> 56) << w
		}
		for mask != 0 {
			p := bits.TrailingZeros64(mask)
			mask &= mask - 1
			c := class[b[p&63]]
			seen |= c
			pos[n] = uint32(i + p)
			n += int(c & classMark)
		}
	}
	for ; i < len(buf); i++ {
		c := class[buf[i]]
		high |= uint64(buf[i])
		seen |= c
		pos[n] = uint32(i)
		n += int(c & classMark)
	}
	s.n, s.high, s.seen = n, high, seen
}

// at is the place of entry i of the index, reading on as far as it must. A
// place behind bound stands for any such place: the caller has a limit there,
// and nothing is read beyond it. ok is false where the document ends first.
func (s *splitter) at(i, bound int) (p int, ok bool, err error) {
	for i >= s.n {
		if s.indexed > bound {
			return s.indexed, true, nil
		}
		if s.indexed < len(s.buf) {
			s.index(min(len(s.buf), s.indexed+indexStep))
			continue
		}
		if more, err := s.grow(); !more {
			return 0, false, err
		}
	}
	return int(s.pos[i]), true, nil
}

// indexStep is how far the index is extended at a time behind a chunk's end.
const indexStep = 512

// byteAt is buf[p], reading on if it must; ok is false at the document's end.
func (s *splitter) byteAt(p int) (c byte, ok bool, err error) {
	for p >= len(s.buf) {
		if more, err := s.grow(); !more {
			return 0, false, err
		}
	}
	return s.buf[p], true, nil
}

// resolve is told where the first record begins and owns every record that
// begins from there up to chunkEnd. It reduces the index to the ends of their
// cells and records, and returns where the record after them begins.
func (s *splitter) resolve(first, chunkEnd int64) (next int64, err error) {
	s.next = 0
	s.long = 0
	s.embedded = false
	s.start, s.from, s.end = 0, 0, 0
	if first >= chunkEnd {
		s.n = 0
		return first, nil
	}
	s.start = int(first - s.off)
	s.from = s.start
	r := resolver{s: s, last: int(chunkEnd - s.off)}
	for r.in < s.n && int(s.pos[r.in]) < s.start {
		r.in++
	}
	if s.seen&classQuote == 0 {
		return r.plain()
	}
	return r.walk(s.start)
}

// resolver walks the index of one chunk.
type resolver struct {
	s    *splitter
	last int // a record that begins here is the next chunk's
	in   int // next entry to look at
	out  int // entries kept
}

// plain resolves a chunk without quotes: every mark means what it says, and
// only the end of the last record is to be found.
func (r *resolver) plain() (next int64, err error) {
	s := r.s
	k := s.n
	for k > r.in && s.buf[s.pos[k-1]] != s.d.eol {
		k--
	}
	start := s.start
	s.next = r.in
	if k > r.in {
		start = int(s.pos[k-1]) + 1
	}
	r.in, r.out = k, k
	return r.walk(start)
}

func (r *resolver) walk(start int) (next int64, err error) {
	s := r.s
	for start < r.last {
		end, err := r.record(start)
		if err != nil {
			return 0, err
		}
		if end < 0 {
			s.n, s.end = r.out, start
			return r.overlong(start)
		}
		start = end
	}
	s.n, s.end = r.out, start
	return s.off + int64(start), nil
}

func (r *resolver) keep(p int) {
	if r.out == len(r.s.pos) {
		r.s.pos = append(r.s.pos, 0)
	}
	r.s.pos[r.out] = uint32(p)
	r.out++
}

// record walks one record and returns its end (behind its line end), or -1 if
// it is longer than a record may be.
func (r *resolver) record(start int) (end int, err error) {
	s := r.s
	kept, bound := r.out, start+s.d.record
	field, literal := start, false
	for {
		p, ok, err := s.at(r.in, bound)
		switch {
		case err != nil:
			return 0, err
		case !ok && len(s.buf) <= bound:
			r.keep(len(s.buf))
			return len(s.buf), nil
		case !ok || p > bound:
			r.out = kept
			return -1, nil
		}
		r.in++
		switch s.buf[p] {
		case s.d.eol:
			r.keep(p)
			return p + 1, nil
		case s.d.delim:
			r.keep(p)
			field = p + 1
		default: // a quote
			if literal || p != field {
				continue // within an open field it is an ordinary character
			}
			closed, err := r.closing(p)
			if err != nil {
				return 0, err
			}
			literal = !closed
		}
	}
}

// closing looks for the quote that closes the one at q and moves the walk
// behind it. It finds none if the document or a limit comes first, or if what
// follows the quote is neither blank nor the end of the cell: then the opening
// quote stands alone, nothing moves, and its line will be rejected.
func (r *resolver) closing(q int) (closed bool, err error) {
	s := r.s
	bound, lines := q+s.d.record, 0
	for in := r.in; ; in++ {
		p, ok, err := s.at(in, bound)
		if err != nil || !ok || p > bound {
			return false, err
		}
		switch s.buf[p] {
		case s.d.eol:
			if lines++; lines >= maxRecordLines {
				return false, nil
			}
		case '"':
			c, ok, err := s.byteAt(p + 1)
			if err != nil {
				return false, err
			}
			if ok && c == '"' {
				in++ // a doubled quote is one character of the field
				continue
			}
			if ends, err := r.cellEnds(p + 1); err != nil || !ends {
				return false, err
			}
			r.in = in + 1
			s.embedded = s.embedded || lines > 0
			return true, nil
		}
	}
}

// cellEnds says whether only blanks stand between p and the end of the cell.
// Spreadsheets put a TAB behind long digits to keep them from being rounded.
func (r *resolver) cellEnds(p int) (bool, error) {
	s := r.s
	for n := 0; n < s.d.field; n++ {
		c, ok, err := s.byteAt(p + n)
		if err != nil || !ok {
			return !ok, err
		}
		switch {
		case c == s.d.delim || c == s.d.eol:
			return true, nil
		case c != ' ' && c != '\t' && c != '\r':
			return false, nil
		}
	}
	return false, nil
}

// overlong gives up on the record at start, which is the chunk's last because
// no chunk is longer than a record may be. It ends at the first line end behind
// the limit, which is found without holding the record in memory.
func (r *resolver) overlong(start int) (next int64, err error) {
	s := r.s
	at := s.off + int64(start)
	behind := at + int64(s.d.record)
	block := make([]byte, 256<<10)
	for at < s.limit {
		b := block[:min(int64(len(block)), s.limit-at)]
		if err := readFull(s.src, b, at); err != nil {
			return 0, err
		}
		if tail := behind - at; tail < int64(len(b)) {
			from := int(max(tail, 0))
			if i := bytes.IndexByte(b[from:], s.d.eol); i >= 0 {
				b = b[:from+i+1]
				s.long += int64(bytes.Count(b, []byte{s.d.eol}))
				return at + int64(len(b)), nil
			}
		}
		s.long += int64(bytes.Count(b, []byte{s.d.eol}))
		at += int64(len(b))
	}
	s.long++ // its line has no end
	return at, nil
}

// fault is why a record cannot be cut into cells.
type fault uint8

const (
	faultNone    fault = iota
	faultQuote         // an opening quote without its closing one, or text behind it
	faultRecord        // longer than Limits.Record
	faultField         // a cell longer than Limits.Field
	faultColumns       // more cells than Limits.Columns
	faultNUL           // a zero byte
	faultCoding        // not in the document's encoding
)

// cut gives the chunk's next record, until ok is false. The cells are valid
// until the next call. With a fault the cells are what could be cut, perhaps
// nothing; lines is how many physical lines the record takes.
func (s *splitter) cut(raw *rawRow) (bad fault, lines int64, ok bool) {
	raw.off = s.off + int64(s.start)
	s.cells = s.cells[:0]
	if s.next >= s.n {
		raw.cells, s.record = nil, nil
		lines, s.long = s.long, 0
		return faultRecord, lines, lines > 0
	}
	eol, field, text := s.d.eol, s.start, s.buf
	cells := s.cells
	for i := s.next; ; i++ {
		p := int(s.pos[i])
		if len(cells) < s.d.columns {
			cells = append(cells, text[field:p])
		} else {
			bad = faultColumns
		}
		field = p + 1
		if p == len(text) || text[p] == eol {
			s.next = i + 1
			break
		}
	}
	s.cells, raw.cells = cells, cells
	s.record = text[s.start : field-1]
	s.start = min(field, len(text))
	lines = 1
	if s.embedded {
		lines += int64(bytes.Count(s.record, []byte{eol}))
	}
	if eol == '\n' {
		last := &cells[len(cells)-1]
		if n := len(*last); n > 0 && (*last)[n-1] == '\r' {
			*last = (*last)[:n-1]
		}
	}
	if s.seen&classQuote != 0 && !s.unquote(cells) && bad == faultNone {
		bad = faultQuote
	}
	if len(s.record) > s.d.field && bad == faultNone {
		bad = s.tooLong(cells)
	}
	return bad, lines, true
}

func (s *splitter) tooLong(cells [][]byte) fault {
	for _, c := range cells {
		if len(c) > s.d.field {
			return faultField
		}
	}
	return faultNone
}

// unquote takes the quotes off the cells that have them; false if one of them
// is not properly closed.
func (s *splitter) unquote(cells [][]byte) bool {
	s.scratch = s.scratch[:0]
	ok := true
	for i, c := range cells {
		if len(c) == 0 || c[0] != '"' {
			continue
		}
		t := bytes.TrimRight(c[1:], " \t\r")
		if len(t) == 0 || t[len(t)-1] != '"' {
			ok = false
			continue
		}
		t = t[:len(t)-1]
		if bytes.IndexByte(t, '"') < 0 {
			cells[i] = t
			continue
		}
		var single bool
		if cells[i], single = s.undouble(t); !single {
			ok = false
		}
	}
	return ok
}

// undouble makes one quote of two; false if one stands alone.
func (s *splitter) undouble(t []byte) ([]byte, bool) {
	if cap(s.scratch)-len(s.scratch) < len(t) {
		// Cells cut before keep pointing into the old buffer.
		s.scratch = make([]byte, 0, 2*cap(s.scratch)+len(t))
	}
	from := len(s.scratch)
	for {
		i := bytes.IndexByte(t, '"')
		if i < 0 {
			s.scratch = append(s.scratch, t...)
			return s.scratch[from:len(s.scratch):len(s.scratch)], true
		}
		if i+1 >= len(t) || t[i+1] != '"' {
			return t, false
		}
		s.scratch = append(s.scratch, t[:i+1]...)
		t = t[i+2:]
	}
}

// What about a chunk must be looked at row by row.
const (
	checkNUL    = 1 << iota // a zero byte somewhere
	checkCoding             // something is not in the document's encoding
	checkMixed              // GB18030, which reads UTF-8 without complaint as other words
)

// doubtful looks at a resolved chunk as a whole and says what its rows need to
// be checked for: nearly always nothing, or only the cheap last one.
func (s *splitter) doubtful(enc encoding) (checks uint8) {
	if s.seen&classNUL != 0 {
		checks |= checkNUL
	}
	if s.high&highBits == 0 {
		return checks
	}
	if !enc.valid(s.buf[s.from:s.end]) {
		checks |= checkCoding
	}
	if enc == encGB18030 {
		checks |= checkMixed
	}
	s.enc = enc
	return checks
}

// check looks at the record cut last.
func (s *splitter) check(checks uint8) fault {
	switch {
	case checks&checkNUL != 0 && bytes.IndexByte(s.record, 0) >= 0:
		return faultNUL
	case checks&checkCoding != 0 && !s.enc.valid(s.record):
		return faultCoding
	case checks&checkMixed != 0 && looksUTF8(s.record):
		return faultCoding
	}
	return faultNone
}

// looksUTF8 says whether all that is not ASCII in b is Chinese text and
// full-width marks in UTF-8. GB18030 text hardly ever is by chance: nearly
// every line shows it at its first Chinese character.
func looksUTF8(b []byte) bool {
	i := firstHigh(b)
	if i < 0 {
		return false
	}
	for i < len(b) {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if size != 3 || (r < 0x2010 || r > 0x9FFF) && (r < 0xFE30 || r > 0xFFE6) {
			return false
		}
		i += size
	}
	return true
}
