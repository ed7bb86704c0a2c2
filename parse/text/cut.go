package text

import "bytes"

// Fault is why a record cannot be cut into cells.
type Fault uint8

const (
	FaultNone    Fault = iota
	FaultQuote         // an opening quote without its closing one, or text behind it
	FaultRecord        // longer than Limits.Record
	FaultField         // a cell longer than Limits.Field
	FaultColumns       // more cells than Limits.Columns
	FaultNUL           // a zero byte
	FaultCoding        // not in the document's encoding
)

// maxSpans is how many cells a record may have to be glanced at.
const maxSpans = 256

// Glance gives the chunk's next record as spans if there is nothing special
// about it: no fault, and no quotes but those around whole cells. Then it is
// as if cut had given it, on one line. Otherwise nothing has happened.
func (s *Splitter) Glance(raw *Record) bool {
	text, eol, from, end := s.Buf, s.d.EOL, uint32(s.start), -1
	spans, k := &s.spans, 0
	for i, p := range s.pos[s.next:max(s.next, s.n)] {
		if k == maxSpans || int(p) >= len(text) {
			return false
		}
		spans[k] = Span{from, p}
		k++
		from = p + 1
		if text[p] == eol {
			end = s.next + i + 1
			break
		}
	}
	if end < 0 || k > s.d.Columns {
		return false
	}
	last := &spans[k-1]
	if eol == '\n' && last.To > last.From && text[last.To-1] == '\r' {
		last.To--
	}
	quote := s.quote
	if quote < len(s.quotes) && s.quotes[quote] < from {
		for quote < len(s.quotes) && s.quotes[quote] < from {
			quote++
		}
		if s.embedded || !unquoteSpans(text, spans[:k], quote-s.quote) {
			return false
		}
	}
	record := text[s.start : from-1]
	if len(record) > s.d.Field {
		return false
	}
	raw.Off, raw.Cells, raw.Spans, raw.Text = s.off+int64(s.start), nil, spans[:k], text
	s.Record, s.next, s.start, s.quote = record, end, int(from), quote
	return true
}

// unquoteSpans takes the quotes off the cells that have them; false if there
// are others. The cells have so many quotes altogether.
func unquoteSpans(text []byte, spans []Span, quotes int) bool {
	quoted := func(c Span) bool { return c.To-c.From >= 2 && text[c.From] == '"' && text[c.To-1] == '"' }
	for _, c := range spans {
		if quoted(c) {
			quotes -= 2
		}
	}
	if quotes != 0 {
		return false
	}
	for i, c := range spans {
		if quoted(c) {
			spans[i] = Span{c.From + 1, c.To - 1}
		}
	}
	return true
}

// Cut gives the chunk's next record, until ok is false. The cells are valid
// until the next call. With a fault the cells are what could be cut, perhaps
// nothing; lines is how many physical lines the record takes.
func (s *Splitter) Cut(raw *Record) (bad Fault, lines int64, ok bool) {
	raw.Off, raw.Spans = s.off+int64(s.start), nil
	s.Cells = s.Cells[:0]
	if s.next >= s.n {
		raw.Cells, s.Record = nil, nil
		lines, s.long = s.long, 0
		return FaultRecord, lines, lines > 0
	}
	eol, field, text := s.d.EOL, s.start, s.Buf
	cells := s.Cells
	for i := s.next; ; i++ {
		p := int(s.pos[i])
		if len(cells) < s.d.Columns {
			cells = append(cells, text[field:p])
		} else {
			bad = FaultColumns
		}
		field = p + 1
		if p == len(text) || text[p] == eol {
			s.next = i + 1
			break
		}
	}
	s.Cells, raw.Cells = cells, cells
	s.Record = text[s.start : field-1]
	s.start = min(field, len(text))
	lines = 1
	if s.embedded {
		lines += int64(bytes.Count(s.Record, []byte{eol}))
	}
	if eol == '\n' {
		last := &cells[len(cells)-1]
		if n := len(*last); n > 0 && (*last)[n-1] == '\r' {
			*last = (*last)[:n-1]
		}
	}
	if s.quote < len(s.quotes) && int(s.quotes[s.quote]) < field {
		first := s.quote
		for s.quote < len(s.quotes) && int(s.quotes[s.quote]) < field {
			s.quote++
		}
		if !s.unquote(cells, s.quote-first) && bad == FaultNone {
			bad = FaultQuote
		}
	}
	if len(s.Record) > s.d.Field && bad == FaultNone {
		bad = s.tooLong(cells)
	}
	return bad, lines, true
}

func (s *Splitter) tooLong(cells [][]byte) Fault {
	for _, c := range cells {
		if len(c) > s.d.Field {
			return FaultField
		}
	}
	return FaultNone
}

// unquote takes the quotes off the cells that have them; false if one of them
// is not properly closed. The cells have so many quotes altogether.
func (s *Splitter) unquote(cells [][]byte, quotes int) bool {
	for _, c := range cells {
		if n := len(c); n >= 2 && c[0] == '"' && c[n-1] == '"' {
			quotes -= 2
		}
	}
	if quotes == 0 { // no other quotes anywhere: all there is to do is to drop these
		for i, c := range cells {
			if len(c) > 0 && c[0] == '"' {
				cells[i] = c[1 : len(c)-1]
			}
		}
		return true
	}
	s.Scratch = s.Scratch[:0]
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
func (s *Splitter) undouble(t []byte) ([]byte, bool) {
	if cap(s.Scratch)-len(s.Scratch) < len(t) {
		// Cells cut before keep pointing into the old buffer.
		s.Scratch = make([]byte, 0, 2*cap(s.Scratch)+len(t))
	}
	from := len(s.Scratch)
	for {
		i := bytes.IndexByte(t, '"')
		if i < 0 {
			s.Scratch = append(s.Scratch, t...)
			return s.Scratch[from:len(s.Scratch):len(s.Scratch)], true
		}
		if i+1 >= len(t) || t[i+1] != '"' {
			return t, false
		}
		s.Scratch = append(s.Scratch, t[:i+1]...)
		t = t[i+2:]
	}
}

// What about a chunk must be looked at row by row.
const (
	CheckOdd    = 1 << iota // a zero byte, or a formula mark in a sheet
	checkCoding             // something is not in the document's encoding
	CheckMixed              // GB18030, which reads UTF-8 without complaint as other words
)

// Doubtful looks at a resolved chunk as a whole and says what its rows need to
// be checked for: nearly always nothing, or only the cheap last one.
func (s *Splitter) Doubtful(enc Encoding) (checks uint8) {
	if s.odd {
		checks |= CheckOdd
	}
	if s.high&highBits == 0 {
		return checks
	}
	if !enc.Valid(s.Buf[s.from:s.end]) {
		checks |= checkCoding
	}
	if enc == GB18030 {
		checks |= CheckMixed
	}
	s.enc = enc
	return checks
}

// Check looks at the record cut last.
func (s *Splitter) Check(checks uint8) Fault {
	switch {
	case checks&CheckOdd != 0 && bytes.IndexByte(s.Record, 0) >= 0:
		return FaultNUL
	case checks&checkCoding != 0 && !s.enc.Valid(s.Record):
		return FaultCoding
	case checks&CheckMixed != 0 && looksUTF8(s.Record):
		return FaultCoding
	}
	return FaultNone
}
