package text

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/bits"
	"slices"
)

// maxRecordLines is how many lines a quoted field may span. An opening quote
// that is not closed within them is a lone quote, not a field: the line that
// has it is rejected and reading goes on with the next line.
const maxRecordLines = 64

// A dialect is what the splitter knows about a document's text.
type Dialect struct {
	Delim byte // 0: a record is one cell (lines of bytes)
	Quote bool
	EOL   byte
	Sheet bool // a spooled sheet, which may hold formula marks
	// Limits in bytes, and the most cells that are cut.
	Field, Record, Columns int
}

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
type Splitter struct {
	d Dialect

	src   io.ReaderAt
	limit int64 // end of the document's data
	Slack int   // see defaultSlack; tests make it small
	off   int64 // offset of buf[0]
	Buf   []byte

	// The index of buf[:indexed]: the places of delimiters and line ends, of
	// which n are in use, and of quotes. resolve drops what is inside quotes.
	pos     []uint32
	n       int
	quotes  []uint32
	indexed int
	odd     bool   // a zero byte or a formula mark: the rows need a closer look
	high    uint64 // has a high bit if a byte of buf[:indexed] is not ASCII

	start    int    // of the record to cut next, in buf
	next     int    // its first entry of pos
	quote    int    // the first entry of quotes that is not before it
	from     int    // start of the first record
	end      int    // end of the last record that is in buf
	embedded bool   // a quoted field holds a line end
	long     int64  // lines of the last record if it is too long to be in buf
	Record   []byte // the record cut last, without its line end
	enc      Encoding
	Cells    [][]byte
	spans    [maxSpans]Span
	Scratch  []byte
}

// Use makes the splitter ready for a document.
func (s *Splitter) Use(src io.ReaderAt, limit int64, d Dialect) {
	d.Quote = d.Quote && d.Delim != 0
	s.src, s.limit, s.d = src, limit, d
}

// defaultSlack is how much is read beyond a chunk's end, which nearly always
// makes its last record whole.
const defaultSlack = 2 << 10

// Load reads the chunk [off, off+size) and a little more.
func (s *Splitter) Load(off int64, size int) error {
	s.off = off
	s.SeekTo(off)
	if s.Slack == 0 {
		s.Slack = defaultSlack
	}
	want := int(min(int64(size+s.Slack), s.limit-off))
	s.Buf = sized(s.Buf, want)
	return ReadFull(s.src, s.Buf, off)
}

// SeekTo forgets the index and makes it begin at an offset in buf.
func (s *Splitter) SeekTo(off int64) {
	s.indexed, s.n, s.odd, s.high = int(off-s.off), 0, false, 0
	s.quotes = s.quotes[:0]
}

func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, n+n/4)
	}
	return b[:n]
}

// grow reads more of the document into buf. more is false at its end.
func (s *Splitter) grow() (more bool, err error) {
	at := s.off + int64(len(s.Buf))
	n := int(min(int64(max(len(s.Buf)/8, 4*s.Slack)), s.limit-at))
	if n <= 0 {
		return false, nil
	}
	old := len(s.Buf)
	if cap(s.Buf) < old+n {
		b := make([]byte, old+n, (old+n)*3/2)
		copy(b, s.Buf)
		s.Buf = b
	}
	s.Buf = s.Buf[:old+n]
	if err := ReadFull(s.src, s.Buf[old:], at); err != nil {
		s.Buf = s.Buf[:old]
		return false, err
	}
	return true, nil
}

const (
	lowBits = 0x0101010101010101
)

// Index extends the index to the first upto bytes of buf.
func (s *Splitter) Index(upto int) {
	if upto <= s.indexed {
		return
	}
	if need := s.n + upto - s.indexed + 64; len(s.pos) < need {
		pos := make([]uint32, need+need/4)
		copy(pos, s.pos[:s.n])
		s.pos = pos
	}
	part := s.Buf[s.indexed:upto]
	if s.d.Delim == 0 {
		s.n = indexByte(s.pos, s.n, s.Buf, s.indexed, upto, s.d.EOL)
		if FirstHigh(part) >= 0 {
			s.high = highBits
		}
		s.odd = s.odd || bytes.IndexByte(part, 0) >= 0
	} else {
		s.indexCells(upto)
	}
	if s.d.Sheet && bytes.IndexByte(part, FormulaMark[0]) >= 0 {
		s.odd = true
	}
	s.indexed = upto
}

// indexByte writes the places of c in buf[from:to] to pos[n:] and returns the
// new n. Long stretches without one go by at the speed of memory.
func indexByte(pos []uint32, n int, buf []byte, from, to int, c byte) int {
	for from < to {
		j := bytes.IndexByte(buf[from:to], c)
		if j < 0 {
			break
		}
		pos[n] = uint32(from + j)
		n++
		from += j + 1
	}
	return n
}

// indexQuotes writes down the quotes. Most files have few; where every cell is
// quoted, 64 bytes at a time are faster than one quote at a time.
func (s *Splitter) indexQuotes(upto int) {
	part := s.Buf[s.indexed:upto]
	n := len(s.quotes)
	some := bytes.Count(part, []byte{'"'})
	if some == 0 {
		return
	}
	s.quotes = slices.Grow(s.quotes, some+64)[:n+some+64]
	if some > len(part)/64 {
		indexTwo(s.quotes, n, s.Buf, s.indexed, upto, '"', '"')
	} else {
		indexByte(s.quotes, n, s.Buf, s.indexed, upto, '"')
	}
	s.quotes = s.quotes[:n+some]
}

func (s *Splitter) indexCells(upto int) {
	n, seen := indexTwo(s.pos, s.n, s.Buf, s.indexed, upto, s.d.Delim, s.d.EOL)
	s.n = n
	if seen&seenHigh != 0 {
		s.high = highBits
	}
	if s.d.Quote && seen&seenQuote != 0 {
		s.indexQuotes(upto)
	}
	s.odd = s.odd || seen&seenZero != 0
}

// What indexTwo sees on its way.
const (
	seenHigh  = 1 << iota // something is not ASCII
	seenQuote             // there may be a quote
	seenZero              // there may be a zero byte
)

// indexTwo writes the places of the ASCII bytes c and d in buf[from:to] to
// pos[n:], which has room for all of them and 64 more, and returns the new n
// and what else it has seen.
func indexTwo(pos []uint32, n int, buf []byte, from, to int, c, d byte) (int, uint64) {
	seen := uint64(0)
	if blocks := (to - from) / 64; haveAVX2 && blocks > 0 {
		more := 0
		_ = pos[n+8]
		more, seen = indexBlocks(&pos[n], &buf[from], from, blocks, c, d)
		n, from = n+more, from+64*blocks
	}
	n, part := indexWords(pos, n, buf, from, to, c, d)
	return n, seen | part
}

// indexWords is indexTwo without any help of the processor. It takes 64 bytes
// at a time: in every word both bytes are marked at once, the marks of the
// eight words are packed into one word, which is then turned so that bit i
// stands for byte i.
func indexWords(pos []uint32, n int, buf []byte, from, to int, c, d byte) (int, uint64) {
	seen, high := uint64(0), uint64(0)
	if bytes.IndexByte(buf[from:to], '"') >= 0 {
		seen |= seenQuote
	}
	if bytes.IndexByte(buf[from:to], 0) >= 0 {
		seen |= seenZero
	}
	cc, dd := uint64(c)*lowBits, uint64(d)*lowBits
	i := from
	for ; i+64 <= to; i += 64 {
		b := (*[64]byte)(buf[i:])
		x0 := binary.LittleEndian.Uint64(b[0:])
		x1 := binary.LittleEndian.Uint64(b[8:])
		x2 := binary.LittleEndian.Uint64(b[16:])
		x3 := binary.LittleEndian.Uint64(b[24:])
		x4 := binary.LittleEndian.Uint64(b[32:])
		x5 := binary.LittleEndian.Uint64(b[40:])
		x6 := binary.LittleEndian.Uint64(b[48:])
		x7 := binary.LittleEndian.Uint64(b[56:])
		high |= x0 | x1 | x2 | x3 | x4 | x5 | x6 | x7
		m := marks(x0, cc, dd)>>7 | marks(x1, cc, dd)>>6 | marks(x2, cc, dd)>>5 | marks(x3, cc, dd)>>4 |
			marks(x4, cc, dd)>>3 | marks(x5, cc, dd)>>2 | marks(x6, cc, dd)>>1 | marks(x7, cc, dd)
		for m = transpose(m); m != 0; m &= m - 1 {
			pos[n] = uint32(i + bits.TrailingZeros64(m))
			n++
		}
	}
	for ; i < to; i++ {
		x := buf[i]
		high |= uint64(x)
		if x == c || x == d {
			pos[n] = uint32(i)
			n++
		}
	}
	if high&highBits != 0 {
		seen |= seenHigh
	}
	return n, seen
}

// marks has the high bit of every byte of x that equals that of c or d. With
// the high bits set no byte borrows from the next when one is subtracted.
func marks(x, c, d uint64) uint64 {
	h := x | highBits
	return ^(((h^c)-lowBits)&((h^d)-lowBits) | x) & highBits
}

// transpose turns a matrix of 8 by 8 bits over: bit 8*i+w becomes bit 8*w+i.
func transpose(a uint64) uint64 {
	t := (a ^ a>>7) & 0x00AA00AA00AA00AA
	a ^= t ^ t<<7
	t = (a ^ a>>14) & 0x0000CCCC0000CCCC
	a ^= t ^ t<<14
	t = (a ^ a>>28) & 0x00000000F0F0F0F0
	return a ^ t ^ t<<28
}

// extend indexes a little more of the document. more is false at its end, and
// where everything up to bound is indexed: the caller has a limit there.
func (s *Splitter) extend(bound int) (more bool, err error) {
	if s.indexed > bound {
		return false, nil
	}
	if s.indexed == len(s.Buf) {
		if more, err := s.grow(); !more {
			return false, err
		}
	}
	s.Index(min(len(s.Buf), s.indexed+indexStep))
	return true, nil
}

// indexStep is how far the index is extended at a time behind a chunk's end.
const indexStep = 512

// byteAt is buf[p], reading on if it must; ok is false at the document's end.
func (s *Splitter) byteAt(p int) (c byte, ok bool, err error) {
	for p >= len(s.Buf) {
		if more, err := s.grow(); !more {
			return 0, false, err
		}
	}
	return s.Buf[p], true, nil
}

// FormulaMark is how a formula without a stored value looks in a spool.
const FormulaMark = "\x1A"
