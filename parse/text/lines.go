package text

import (
	"bytes"
	"sort"
)

// MarkEvery is how far apart in bytes the marks of a LineIndex are: a line
// number costs reading and counting at most about this much.
const MarkEvery = 8 << 10

// A LineMark says that the byte at off, the first of a record, stands in
// physical line base+line of its document.
type LineMark struct{ Off, Line uint32 }

// A ChunkLines holds the marks of one chunk of a document. Its numbers count
// from the chunk's first record.
type ChunkLines struct {
	Start int64 // offset of the first record that begins in the chunk
	Base  int64 // lines of the document before start, once the index is linked
	Lines int64 // physical lines of the chunk's records
	Marks []LineMark
}

// A LineIndex finds the physical line number of any record by counting few
// bytes. The first scan fills it in, chunk by chunk and in any order; link
// makes it usable.
type LineIndex struct {
	EOL    byte
	First  int64 // the number of the line at the document's data start
	Chunks []ChunkLines
}

// Link adds up the chunks' line counts.
func (x *LineIndex) Link() {
	line := x.First
	for i := range x.Chunks {
		x.Chunks[i].Base = line
		line += x.Chunks[i].Lines
	}
}

// Before is the last known record start at or before off, and its line.
func (x *LineIndex) Before(off int64) (at, line int64) {
	i := sort.Search(len(x.Chunks), func(i int) bool { return x.Chunks[i].Start > off }) - 1
	c := &x.Chunks[max(i, 0)]
	m := sort.Search(len(c.Marks), func(i int) bool { return c.Start+int64(c.Marks[i].Off) > off }) - 1
	if m < 0 {
		return c.Start, c.Base
	}
	return c.Start + int64(c.Marks[m].Off), c.Base + int64(c.Marks[m].Line)
}

// Count is the number of line ends in b.
func (x *LineIndex) Count(b []byte) int64 {
	return int64(bytes.Count(b, []byte{x.EOL}))
}
