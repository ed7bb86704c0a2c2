package parse

import "bytes"

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

// maxSpans is how many cells a record may have to be glanced at.
const maxSpans = 256

// glance gives the chunk's next record as spans if there is nothing special
// about it: no fault, and no quotes but those around whole cells. Then it is
// as if cut had given it, on one line. Otherwise nothing has happened.
func (s *splitter) glance(raw *rawRow) bool {
	text, eol, from, end := s.buf, s.d.eol, uint32(s.start), -1
	spans, k := &s.spans, 0
	for i, p := range s.pos[s.next:max(s.next, s.n)] {
		if k == maxSpans || int(p) >= len(text) {
			return false
		}
		spans[k] = cellSpan{from, p}
		k++
		from = p + 1
		if text[p] == eol {
			end = s.next + i + 1
			break
		}
	}
	if end < 0 || k > s.d.columns {
		return false
	}
	last := &spans[k-1]
	if eol == '\n' && last.to > last.from && text[last.to-1] == '\r' {
		last.to--
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
	if len(record) > s.d.field {
		return false
	}
	raw.off, raw.cells, raw.spans, raw.text = s.off+int64(s.start), nil, spans[:k], text
	s.record, s.next, s.start, s.quote = record, end, int(from), quote
	return true
}

// unquoteSpans takes the quotes off the cells that have them; false if there
// are others. The cells have so many quotes altogether.
func unquoteSpans(text []byte, spans []cellSpan, quotes int) bool {
	quoted := func(c cellSpan) bool { return c.to-c.from >= 2 && text[c.from] == '"' && text[c.to-1] == '"' }
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
			spans[i] = cellSpan{c.from + 1, c.to - 1}
		}
	}
	return true
}

// cut gives the chunk's next record, until ok is false. The cells are valid
// until the next call. With a fault the cells are what could be cut, perhaps
// nothing; lines is how many physical lines the record takes.
func (s *splitter) cut(raw *rawRow) (bad fault, lines int64, ok bool) {
	raw.off, raw.spans = s.off+int64(s.start), nil
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
	if s.quote < len(s.quotes) && int(s.quotes[s.quote]) < field {
		first := s.quote
		for s.quote < len(s.quotes) && int(s.quotes[s.quote]) < field {
			s.quote++
		}
		if !s.unquote(cells, s.quote-first) && bad == faultNone {
			bad = faultQuote
		}
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
// is not properly closed. The cells have so many quotes altogether.
func (s *splitter) unquote(cells [][]byte, quotes int) bool {
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
	checkOdd    = 1 << iota // a zero byte, or a formula mark in a sheet
	checkCoding             // something is not in the document's encoding
	checkMixed              // GB18030, which reads UTF-8 without complaint as other words
)

// doubtful looks at a resolved chunk as a whole and says what its rows need to
// be checked for: nearly always nothing, or only the cheap last one.
func (s *splitter) doubtful(enc encoding) (checks uint8) {
	if s.odd {
		checks |= checkOdd
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
	case checks&checkOdd != 0 && bytes.IndexByte(s.record, 0) >= 0:
		return faultNUL
	case checks&checkCoding != 0 && !s.enc.valid(s.record):
		return faultCoding
	case checks&checkMixed != 0 && looksUTF8(s.record):
		return faultCoding
	}
	return faultNone
}
