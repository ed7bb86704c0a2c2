package parse

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// A cutter cuts text that is at hand as a whole: the head of a document, its
// tail, one line of it. It is the scan's own splitter, so there is one answer
// to what a record and a cell are, wherever somebody asks: quotes, and line ends
// within them, are taken off before anything looks at a cell.
type cutter struct {
	s   splitter
	src bytes.Reader
	raw rawRow
}

// A docRecord is a record of a document's head or tail.
type docRecord struct {
	off   int64    // of its first byte in the document
	raw   []byte   // as it stands, without its line end
	cells [][]byte // in the document's encoding, without quotes
	lines int64    // physical lines that it takes
	bad   fault
}

// dialect is how the plan's document is cut.
func (p *plan) dialect(limits Limits) dialect {
	limits = limits.orDefaults()
	d := dialect{delim: p.delim, quote: p.quote, eol: p.eol, field: limits.Field, record: limits.Record, columns: limits.Columns}
	if p.form != formDelimited {
		d.delim, d.quote, d.field = 0, false, limits.Record
	}
	return d
}

// lineDialect is how a line is cut of which no plan is known yet.
func (s *sight) lineDialect(delim byte) dialect {
	return dialect{delim: delim, quote: !s.in.spooled, eol: s.eol, field: defaultField, record: defaultRecord, columns: defaultColumns}
}

// begin makes the records of b, which stands at off in its document, the next
// ones. b begins with a record.
func (c *cutter) begin(b []byte, d dialect) error {
	c.src.Reset(b)
	c.s.use(&c.src, int64(len(b)), d)
	c.s.slack = 1
	if err := c.s.load(0, len(b)); err != nil {
		return err
	}
	c.s.index(len(b))
	_, err := c.s.resolve(0, int64(len(b)))
	return err
}

// next is the next record; its cells stay as they are until begin is called.
func (c *cutter) next() (r docRecord, ok bool) {
	c.s.scratch = nil // what doubled quotes were made of is kept by the cells
	c.s.cells = nil
	if r.bad, r.lines, ok = c.s.cut(&c.raw); !ok {
		return r, false
	}
	r.off, r.cells = c.raw.off, c.raw.cells
	r.raw = bytes.TrimRight(c.s.record, "\r\n\x1e")
	return r, true
}

// cutRecords is the records of b, which begins at off with the first of them;
// at most max, 0: all.
func cutRecords(b []byte, off int64, d dialect, max int) (out []docRecord) {
	var c cutter
	if c.begin(b, d) != nil {
		return nil
	}
	for max == 0 || len(out) < max {
		r, ok := c.next()
		if !ok {
			break
		}
		r.off += off
		out = append(out, r)
	}
	return out
}

// cutLine is the cells of one line. Most have no quote: those need no splitter.
func cutLine(line []byte, d dialect) [][]byte {
	if d.delim == 0 {
		return [][]byte{line}
	}
	if !d.quote || bytes.IndexByte(line, '"') < 0 {
		return bytes.Split(line, []byte{d.delim})
	}
	if r := cutRecords(line, 0, d, 1); len(r) == 1 {
		return r[0].cells
	}
	return [][]byte{line}
}

// textsOf is cells in UTF-8.
func textsOf(cells [][]byte, enc encoding) []string {
	texts := make([]string, len(cells))
	for i, c := range cells {
		t, _ := enc.appendText(nil, c)
		texts[i] = string(t)
	}
	return texts
}

// plain is a record as expressions for lines see it: its cells in UTF-8 without
// their quotes, with the delimiter between them that the layout names first,
// whatever the file's own is. Without cells it is the line.
func (r *docRecord) plain(p *plan) string {
	if p.form != formDelimited {
		t, _ := p.enc.appendText(nil, r.raw)
		return string(t)
	}
	return strings.Join(textsOf(r.cells, p.enc), string(p.layout.c.delims[:1]))
}

// lineCells is the cells of one of the document's lines, in its encoding.
func (p *plan) lineCells(d docLine) [][]byte { return cutLine(d.raw, p.dialect(Limits{})) }

// textCells is the cells of a line of the head in UTF-8, and the physical lines
// that they take: more than one where a quoted cell holds a line end.
func (s *sight) textCells(line int, delim byte) (cells []string, lines int) {
	d, l := s.lineDialect(delim), s.lines[line]
	text := []byte(l.text)
	if !d.quote || bytes.IndexByte(text, '"') < 0 {
		return strings.Split(l.text, string(delim)), 1
	}
	recs := cutRecords(text, 0, d, 1)
	if len(recs) == 1 && recs[0].bad == faultQuote {
		b := s.in.head[l.off:]
		b, _ = s.in.enc.appendText(nil, b[:min(len(b), maxHeaderBytes)])
		if more := cutRecords(b, 0, d, 1); len(more) == 1 && more[0].bad == faultNone && int(more[0].lines) <= len(s.lines)-line {
			recs = more
		}
	}
	if len(recs) == 0 {
		return nil, 1
	}
	return textsOf(recs[0].cells, encUTF8), int(recs[0].lines)
}

// maxHeaderBytes is how long a header of several lines may be.
const maxHeaderBytes = 64 << 10

// plainLines is a line as a layout's expressions may see it: as it stands, and
// where it has quotes without them, however the layout allows it to be cut.
func (s *sight) plainLines(d docLine, l *Layout) []string {
	texts := []string{d.text}
	if s.in.spooled || strings.IndexByte(d.text, '"') < 0 {
		return texts
	}
	for _, delim := range l.sign.delims {
		cells := textsOf(cutLine([]byte(d.text), s.lineDialect(delim)), encUTF8)
		texts = append(texts, strings.Join(cells, string(l.sign.delims[:1])))
	}
	return texts
}

// matchesPlain says whether an expression fits a line in any of its forms.
func (s *sight) matchesPlain(re *regexp.Regexp, d docLine, l *Layout) bool {
	return slices.ContainsFunc(s.plainLines(d, l), re.MatchString)
}

// above is the records of the head that end before the rows begin; the header
// is the last of them.
func (s *sight) above(p *plan) []docRecord {
	return cutRecords(s.in.head[:min(p.titles, int64(len(s.in.head)))], 0, p.dialect(Limits{}), 0)
}

// below is the records of the tail that begin behind the header, without the
// first where its begin is not in sight.
func (s *sight) below(p *plan) []docRecord {
	off := s.in.size - int64(len(s.in.tail))
	b := s.in.tail
	switch {
	case p.dataStart > off:
		b, off = b[min(p.dataStart-off, int64(len(b))):], p.dataStart
	case off > 0:
		n := bytes.IndexByte(b, s.eol) + 1
		b, off = b[n:], off+int64(n)
	}
	return cutRecords(b, off, p.dialect(Limits{}), 0)
}
