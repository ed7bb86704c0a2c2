package parse

import (
	"bytes"
	"sort"
)

// markEvery is how far apart in bytes the marks of a lineIndex are: a line
// number costs reading and counting at most about this much.
const markEvery = 8 << 10

// A lineMark says that the byte at off, the first of a record, stands in
// physical line base+line of its document.
type lineMark struct{ off, line uint32 }

// A chunkLines holds the marks of one chunk of a document. Its numbers count
// from the chunk's first record.
type chunkLines struct {
	start int64 // offset of the first record that begins in the chunk
	base  int64 // lines of the document before start, once the index is linked
	lines int64 // physical lines of the chunk's records
	marks []lineMark
}

// A lineIndex finds the physical line number of any record by counting few
// bytes. The first scan fills it in, chunk by chunk and in any order; link
// makes it usable.
type lineIndex struct {
	eol    byte
	first  int64 // the number of the line at the document's data start
	chunks []chunkLines
}

// link adds up the chunks' line counts.
func (x *lineIndex) link() {
	line := x.first
	for i := range x.chunks {
		x.chunks[i].base = line
		line += x.chunks[i].lines
	}
}

// before is the last known record start at or before off, and its line.
func (x *lineIndex) before(off int64) (at, line int64) {
	i := sort.Search(len(x.chunks), func(i int) bool { return x.chunks[i].start > off }) - 1
	c := &x.chunks[max(i, 0)]
	m := sort.Search(len(c.marks), func(i int) bool { return c.start+int64(c.marks[i].off) > off }) - 1
	if m < 0 {
		return c.start, c.base
	}
	return c.start + int64(c.marks[m].off), c.base + int64(c.marks[m].line)
}

// count is the number of line ends in b.
func (x *lineIndex) count(b []byte) int64 {
	return int64(bytes.Count(b, []byte{x.eol}))
}
