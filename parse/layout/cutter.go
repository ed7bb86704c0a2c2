package layout

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// A cutter cuts text that is at hand as a whole: the head of a document, its
// tail, one line of it. It is the scan's own splitter, so there is one answer
// to what a record and a cell are, wherever somebody asks: quotes, and line ends
// within them, are taken off before anything looks at a cell.
type cutter struct {
	s   text.Splitter
	src bytes.Reader
	raw text.Record
}

// A DocRecord is a record of a document's head or tail.
type DocRecord struct {
	off   int64    // of its first byte in the document
	Raw   []byte   // as it stands, without its line end
	Cells [][]byte // in the document's encoding, without quotes
	lines int64    // physical lines that it takes
	Bad   text.Fault
}

// Dialect is how the plan's document is cut.
func (p *Plan) Dialect(limits problem.Limits) text.Dialect {
	limits = limits.OrDefaults()
	d := text.Dialect{Delim: p.Delim, Quote: p.Quote, EOL: p.EOL, Field: limits.Field, Record: limits.Record, Columns: limits.Columns}
	if p.Form != FormDelimited {
		d.Delim, d.Quote, d.Field = 0, false, limits.Record
	}
	return d
}

// lineDialect is how a line is cut of which no plan is known yet.
func (s *View) lineDialect(delim byte) text.Dialect {
	return text.Dialect{Delim: delim, Quote: !s.In.Spooled, EOL: s.EOL, Field: problem.DefaultField, Record: problem.DefaultRecord, Columns: problem.DefaultColumns}
}

// begin makes the records of b, which stands at off in its document, the next
// ones. b begins with a record.
func (c *cutter) begin(b []byte, d text.Dialect) error {
	c.src.Reset(b)
	c.s.Use(&c.src, int64(len(b)), d)
	c.s.Slack = 1
	if err := c.s.Load(0, len(b)); err != nil {
		return err
	}
	c.s.Index(len(b))
	_, err := c.s.Resolve(0, int64(len(b)))
	return err
}

// next is the next record; its cells stay as they are until begin is called.
func (c *cutter) next() (r DocRecord, ok bool) {
	c.s.Scratch = nil // what doubled quotes were made of is kept by the cells
	c.s.Cells = nil
	if r.Bad, r.lines, ok = c.s.Cut(&c.raw); !ok {
		return r, false
	}
	r.off, r.Cells = c.raw.Off, c.raw.Cells
	r.Raw = bytes.TrimRight(c.s.Record, "\r\n\x1e")
	return r, true
}

// CutRecords is the records of b, which begins at off with the first of them;
// at most max, 0: all.
func CutRecords(b []byte, off int64, d text.Dialect, max int) (out []DocRecord) {
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
func cutLine(line []byte, d text.Dialect) [][]byte {
	if d.Delim == 0 {
		return [][]byte{line}
	}
	if !d.Quote || bytes.IndexByte(line, '"') < 0 {
		return bytes.Split(line, []byte{d.Delim})
	}
	if r := CutRecords(line, 0, d, 1); len(r) == 1 {
		return r[0].Cells
	}
	return [][]byte{line}
}

// textsOf is cells in UTF-8.
func textsOf(cells [][]byte, enc text.Encoding) []string {
	texts := make([]string, len(cells))
	for i, c := range cells {
		t, _ := enc.AppendText(nil, c)
		texts[i] = string(t)
	}
	return texts
}

// plain is a record as expressions for lines see it: its cells in UTF-8 without
// their quotes, with the delimiter between them that the layout names first,
// whatever the file's own is. Without cells it is the line.
func (r *DocRecord) plain(p *Plan) string {
	if p.Form != FormDelimited {
		t, _ := p.Enc.AppendText(nil, r.Raw)
		return string(t)
	}
	return strings.Join(textsOf(r.Cells, p.Enc), string(p.Layout.Compiled.Delims[:1]))
}

// LineCells is the cells of one of the document's lines, in its encoding.
func (p *Plan) LineCells(d docLine) [][]byte { return cutLine(d.Raw, p.Dialect(problem.Limits{})) }

// TextCells is the cells of a line of the head in UTF-8, and the physical lines
// that they take: more than one where a quoted cell holds a line end.
func (s *View) TextCells(line int, delim byte) (cells []string, lines int) {
	d, l := s.lineDialect(delim), s.Lines[line]
	body := []byte(l.Text)
	if !d.Quote || bytes.IndexByte(body, '"') < 0 {
		return strings.Split(l.Text, string(delim)), 1
	}
	recs := CutRecords(body, 0, d, 1)
	if len(recs) == 1 && recs[0].Bad == text.FaultQuote {
		b := s.In.Head[l.off:]
		b, _ = s.In.Enc.AppendText(nil, b[:min(len(b), maxHeaderBytes)])
		if more := CutRecords(b, 0, d, 1); len(more) == 1 && more[0].Bad == text.FaultNone && int(more[0].lines) <= len(s.Lines)-line {
			recs = more
		}
	}
	if len(recs) == 0 {
		return nil, 1
	}
	return textsOf(recs[0].Cells, text.UTF8), int(recs[0].lines)
}

// maxHeaderBytes is how long a header of several lines may be.
const maxHeaderBytes = 64 << 10

// plainLines is a line as a layout's expressions may see it: as it stands, and
// where it has quotes without them, however the layout allows it to be cut.
func (s *View) plainLines(d docLine, l *Layout) []string {
	texts := []string{d.Text}
	if s.In.Spooled || strings.IndexByte(d.Text, '"') < 0 {
		return texts
	}
	for _, delim := range l.Sign.Delims {
		cells := textsOf(cutLine([]byte(d.Text), s.lineDialect(delim)), text.UTF8)
		texts = append(texts, strings.Join(cells, string(l.Sign.Delims[:1])))
	}
	return texts
}

// matchesPlain says whether an expression fits a line in any of its forms.
func (s *View) matchesPlain(re *regexp.Regexp, d docLine, l *Layout) bool {
	return slices.ContainsFunc(s.plainLines(d, l), re.MatchString)
}

// above is the records of the head that end before the rows begin; the header
// is the last of them.
func (s *View) above(p *Plan) []DocRecord {
	return CutRecords(s.In.Head[:min(p.titles, int64(len(s.In.Head)))], 0, p.Dialect(problem.Limits{}), 0)
}

// below is the records of the tail that begin behind the header, without the
// first where its begin is not in sight.
func (s *View) below(p *Plan) []DocRecord {
	off := s.In.Size - int64(len(s.In.Tail))
	b := s.In.Tail
	switch {
	case p.DataStart > off:
		b, off = b[min(p.DataStart-off, int64(len(b))):], p.DataStart
	case off > 0:
		n := bytes.IndexByte(b, s.EOL) + 1
		b, off = b[n:], off+int64(n)
	}
	return CutRecords(b, off, p.Dialect(problem.Limits{}), 0)
}
