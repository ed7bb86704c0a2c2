package text

import "bytes"

// Resolve is told where the first record begins and owns every record that
// begins from there up to chunkEnd. It reduces the index to the ends of their
// cells and records, and returns where the record after them begins.
func (s *Splitter) Resolve(first, chunkEnd int64) (next int64, err error) {
	s.next, s.quote, s.long = 0, 0, 0
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
	for r.quote < len(s.quotes) && int(s.quotes[r.quote]) < s.start {
		r.quote++
	}
	r.out = r.in
	s.next, s.quote = r.in, r.quote
	if err := r.quoted(); err != nil {
		return 0, err
	}
	return r.tail()
}

// A resolver walks the index of one chunk. What is kept moves to the front of
// the index; it never gets ahead of what is looked at.
type resolver struct {
	s       *Splitter
	last    int  // a record that begins here is the next chunk's
	in      int  // next entry of pos to look at
	quote   int  // next entry of quotes
	out     int  // end of the entries kept
	literal bool // behind an unclosed quote: up to the line's end quotes mean nothing
}

// quoted drops from the chunk's index what is inside quoted fields. Between
// quotes all is kept as it is, so a chunk costs by the quotes it has.
func (r *resolver) quoted() error {
	s := r.s
	for r.plainFields(); r.quote < len(s.quotes) && int(s.quotes[r.quote]) < r.last; r.plainFields() {
		q := int(s.quotes[r.quote])
		r.keepTo(s.before(r.in, q))
		if err := r.atQuote(q); err != nil {
			return err
		}
		if r.literal && !r.skipLine() {
			return nil
		}
	}
	return nil
}

// plainFields goes past quoted fields that hold nothing which needs their
// quotes and that end at their second one: nearly all fields where every cell
// is quoted.
func (r *resolver) plainFields() {
	s := r.s
	delim, eol := s.d.Delim, s.d.EOL
	for r.quote+1 < len(s.quotes) {
		q, p := s.quotes[r.quote], s.quotes[r.quote+1]
		if int(q) >= r.last || int(p)+1 >= len(s.Buf) || int(q) == s.start {
			return
		}
		after, before := s.Buf[p+1], s.Buf[q-1]
		if after != delim && after != eol || before != delim && before != eol {
			return
		}
		if r.in+8 < s.n && s.pos[r.in+8] < q {
			return // far away: keepTo goes there in leaps
		}
		for r.in < s.n && s.pos[r.in] < q {
			s.pos[r.out] = s.pos[r.in]
			r.out++
			r.in++
		}
		if r.in < s.n && s.pos[r.in] < p {
			return
		}
		r.quote += 2
	}
}

// keepTo keeps the entries up to the one with index n.
func (r *resolver) keepTo(n int) {
	if r.in >= n {
		return
	}
	if r.out == r.in {
		r.in, r.out = n, n
		return
	}
	r.out += copy(r.s.pos[r.out:], r.s.pos[r.in:n])
	r.in = n
}

// atQuote looks at the quote at p, which is not inside a quoted field. At the
// beginning of a cell it opens one, and the walk goes on behind the field's
// end; within an open cell it is an ordinary character.
func (r *resolver) atQuote(p int) error {
	s := r.s
	r.quote++
	if p != s.start && s.Buf[p-1] != s.d.Delim && s.Buf[p-1] != s.d.EOL {
		return nil
	}
	closed, err := r.closing(p)
	r.literal = !closed
	return err
}

// skipLine moves the quotes behind the current line's end, if that is indexed.
func (r *resolver) skipLine() bool {
	s := r.s
	i := r.in
	for ; i < s.n; i++ {
		if s.Buf[s.pos[i]] == s.d.EOL {
			break
		}
	}
	if i == s.n {
		return false
	}
	for r.quote < len(s.quotes) && s.quotes[r.quote] < s.pos[i] {
		r.quote++
	}
	r.literal = false
	return true
}

// closing looks for the quote that closes the one at q and moves the walk
// behind it. It finds none if the document or a limit comes first, or if what
// follows the quote is neither blank nor the end of the cell: then the opening
// quote stands alone, nothing moves, and its line will be rejected.
func (r *resolver) closing(q int) (closed bool, err error) {
	s := r.s
	bound, lines, in := q+s.d.Record, 0, r.in
	for i := r.quote; ; i++ {
		for i >= len(s.quotes) && lines < maxRecordLines {
			in, lines = s.countLines(in, s.n, lines)
			if more, err := s.extend(bound); !more {
				return false, err
			}
		}
		if lines < maxRecordLines {
			in, lines = s.countLines(in, s.before(in, int(s.quotes[i])), lines)
		}
		if lines >= maxRecordLines {
			return false, nil
		}
		p := int(s.quotes[i])
		if p > bound {
			return false, nil
		}
		c, ok, err := s.byteAt(p + 1)
		if err != nil {
			return false, err
		}
		if ok && c == '"' {
			i++ // a doubled quote is one character of the field
			continue
		}
		if ends, err := r.cellEnds(p + 1); err != nil || !ends {
			return false, err
		}
		r.in, r.quote = in, i+1
		s.embedded = s.embedded || lines > 0
		return true, nil
	}
}

// before is the first entry at or after i whose place is not before p. It is
// near, mostly, so the steps begin small.
func (s *Splitter) before(i, p int) int {
	step := 1
	for i+step <= s.n && int(s.pos[i+step-1]) < p {
		i += step
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if i+step <= s.n && int(s.pos[i+step-1]) < p {
			i += step
		}
	}
	return i
}

// countLines adds the line ends among the entries [in, to) to lines.
func (s *Splitter) countLines(in, to, lines int) (int, int) {
	for ; in < to; in++ {
		if s.Buf[s.pos[in]] == s.d.EOL {
			lines++
		}
	}
	return in, lines
}

// cellEnds says whether only blanks stand between p and the end of the cell.
// Spreadsheets put a TAB behind long digits to keep them from being rounded.
func (r *resolver) cellEnds(p int) (bool, error) {
	s := r.s
	for n := 0; n < s.d.Field; n++ {
		c, ok, err := s.byteAt(p + n)
		if err != nil || !ok {
			return !ok, err
		}
		switch {
		case c == s.d.Delim || c == s.d.EOL:
			return true, nil
		case c != ' ' && c != '\t' && c != '\r':
			return false, nil
		}
	}
	return false, nil
}

// tail keeps what is left of the chunk and finds the end of its last record,
// which may be anywhere behind it.
func (r *resolver) tail() (next int64, err error) {
	s := r.s
	n := s.n
	for ; n > r.in && int(s.pos[n-1]) >= r.last; n-- {
	}
	r.keepTo(n)
	whole := r.out // entries of whole records
	for whole > s.next && s.Buf[s.pos[whole-1]] != s.d.EOL {
		whole--
	}
	start := s.start
	if whole > s.next {
		start = int(s.pos[whole-1]) + 1
	}
	if start >= r.last {
		s.n, s.end = whole, start
		return s.off + int64(start), nil
	}
	end, err := r.record(start)
	if err != nil {
		return 0, err
	}
	if end < 0 {
		s.n, s.end = whole, start
		return r.overlong(start)
	}
	s.n, s.end = r.out, end
	return s.off + int64(end), nil
}

// record walks on to the end of the record that began at start and returns it
// (behind its line end), or -1 if the record is longer than one may be.
func (r *resolver) record(start int) (end int, err error) {
	s := r.s
	bound := start + s.d.Record
	for {
		for r.in >= s.n && (r.literal || r.quote >= len(s.quotes)) {
			more, err := s.extend(bound)
			if err != nil {
				return 0, err
			}
			if more {
				continue
			}
			if s.indexed > bound {
				return -1, nil
			}
			r.keep(len(s.Buf))
			return len(s.Buf), nil
		}
		if !r.literal && r.quote < len(s.quotes) && (r.in >= s.n || s.quotes[r.quote] < s.pos[r.in]) {
			if err := r.atQuote(int(s.quotes[r.quote])); err != nil {
				return 0, err
			}
			continue
		}
		p := int(s.pos[r.in])
		if p > bound {
			return -1, nil
		}
		r.in++
		r.keep(p)
		if s.Buf[p] == s.d.EOL {
			return p + 1, nil
		}
	}
}

func (r *resolver) keep(p int) {
	if r.out == len(r.s.pos) {
		r.s.pos = append(r.s.pos, 0)
	}
	r.s.pos[r.out] = uint32(p)
	r.out++
}

// overlong gives up on the record at start, which is the chunk's last because
// no chunk is longer than a record may be. It ends at the first line end behind
// the limit, which is found without holding the record in memory.
func (r *resolver) overlong(start int) (next int64, err error) {
	s := r.s
	at := s.off + int64(start)
	behind := at + int64(s.d.Record)
	block := make([]byte, 256<<10)
	for at < s.limit {
		b := block[:min(int64(len(block)), s.limit-at)]
		if err := ReadFull(s.src, b, at); err != nil {
			return 0, err
		}
		if tail := behind - at; tail < int64(len(b)) {
			from := int(max(tail, 0))
			if i := bytes.IndexByte(b[from:], s.d.EOL); i >= 0 {
				b = b[:from+i+1]
				s.long += int64(bytes.Count(b, []byte{s.d.EOL}))
				return at + int64(len(b)), nil
			}
		}
		s.long += int64(bytes.Count(b, []byte{s.d.EOL}))
		at += int64(len(b))
	}
	s.long++ // its line has no end
	return at, nil
}
