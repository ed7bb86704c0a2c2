package parse

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
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
	sheet bool // a spooled sheet, which may hold formula marks
	// Limits in bytes, and the most cells that are cut.
	field, record, columns int
}

// The classes of bytes that the index looks for.
const (
	classMark  = 1 << iota // delimiter or line end
	classQuote             // a quote
	classOdd               // a zero byte or a formula mark: the chunk's rows need a closer look
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

	// The index of buf[:indexed]: the places of delimiters and line ends, of
	// which n are in use, and of quotes. resolve drops what is inside quotes.
	pos     []uint32
	n       int
	quotes  []quoteMark
	indexed int
	seen    uint8  // classes seen
	high    uint64 // has a high bit if a byte of buf[:indexed] is not ASCII

	start    int    // of the record to cut next, in buf
	next     int    // its first entry of pos
	quote    int    // the first entry of quotes that is not before it
	from     int    // start of the first record
	end      int    // end of the last record that is in buf
	embedded bool   // a quoted field holds a line end
	long     int64  // lines of the last record if it is too long to be in buf
	record   []byte // the record cut last, without its line end
	enc      encoding
	cells    [][]byte
	scratch  []byte
}

// A quoteMark is the place of a quote, and how many entries of pos are before it.
type quoteMark struct{ p, n uint32 }

// use makes the splitter ready for a document.
func (s *splitter) use(src io.ReaderAt, limit int64, d dialect) {
	s.src, s.limit = src, limit
	if s.d == d {
		return
	}
	s.d = d
	s.class = [256]uint8{}
	s.class[0] = classOdd
	if d.sheet {
		s.class[formulaMark[0]] = classOdd
	}
	s.class[d.eol] = classMark
	if d.delim != 0 {
		s.class[d.delim] = classMark
		if d.quote {
			s.class['"'] = classQuote
		}
	}
}

// defaultSlack is how much is read beyond a chunk's end, which nearly always
// makes its last record whole.
const defaultSlack = 2 << 10

// load reads the chunk [off, off+size) and a little more.
func (s *splitter) load(off int64, size int) error {
	s.off = off
	s.seek(off)
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
	s.quotes = s.quotes[:0]
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
		s.seen |= classOdd
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
		var all uint8
		n0 := n
		for m := mask; m != 0; m &= m - 1 {
			p := bits.TrailingZeros64(m)
			c := class[b[p&63]]
			all |= c
			pos[n] = uint32(i + p)
			n += int(c & classMark)
		}
		if all&classQuote != 0 {
			s.noteQuotes(i, n0, mask)
		}
		seen |= all
	}
	for ; i < len(buf); i++ {
		c := class[buf[i]]
		high |= uint64(buf[i])
		seen |= c
		if c&classQuote != 0 {
			s.quotes = append(s.quotes, quoteMark{uint32(i), uint32(n)})
		}
		pos[n] = uint32(i)
		n += int(c & classMark)
	}
	s.n, s.high, s.seen = n, high, seen
}

// noteQuotes writes down the quotes of a block of 64 bytes whose first entry of
// pos is n.
func (s *splitter) noteQuotes(block, n int, mask uint64) {
	for ; mask != 0; mask &= mask - 1 {
		p := block + bits.TrailingZeros64(mask)
		c := s.class[s.buf[p]]
		if c&classQuote != 0 {
			s.quotes = append(s.quotes, quoteMark{uint32(p), uint32(n)})
		}
		n += int(c & classMark)
	}
}

// extend indexes a little more of the document. more is false at its end, and
// where everything up to bound is indexed: the caller has a limit there.
func (s *splitter) extend(bound int) (more bool, err error) {
	if s.indexed > bound {
		return false, nil
	}
	if s.indexed == len(s.buf) {
		if more, err := s.grow(); !more {
			return false, err
		}
	}
	s.index(min(len(s.buf), s.indexed+indexStep))
	return true, nil
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
