package layout

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// when is what a date or time cell says: a day, a time of day, or both.
type when struct {
	day      record.Date
	sec      int32 // of the day; 86400 for 24:00:00 never leaves the parser
	HasDay   bool
	HasClock bool
	zoned    bool  // moved to China's clock
	zone     *zone // to be moved when day and time of day are known
}

func (w when) time() record.Time { return record.Time(w.day)*86400 + record.Time(w.sec) }

// ParseDate reads one unambiguous date, as flags and tables hold it.
func ParseDate(s string) (record.Date, error) {
	w, code := ParseWhen([]byte(strings.TrimSpace(s)))
	if code == "" && (!w.HasDay || w.HasClock) {
		code = CodeBadTime
	}
	if code != "" {
		return 0, &problem.Problem{Code: code, Value: s}
	}
	return w.day, nil
}

// whenReader walks over a date or time.
type whenReader struct {
	s []byte
	i int
}

func (p *whenReader) rest() []byte { return p.s[p.i:] }

func (p *whenReader) end() bool { return p.i == len(p.s) }

func (p *whenReader) peek() byte {
	if p.i < len(p.s) {
		return p.s[p.i]
	}
	return 0
}

func (p *whenReader) blanks() (any bool) {
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.i++
		any = true
	}
	return any
}

// digits counts the digits that come next.
func (p *whenReader) digits() int {
	n := 0
	for p.i+n < len(p.s) && text.IsDigit(p.s[p.i+n]) {
		n++
	}
	return n
}

// number reads at most width digits.
func (p *whenReader) number(width int) (v, n int) {
	for n < width && p.i < len(p.s) && text.IsDigit(p.s[p.i]) {
		v = v*10 + int(p.s[p.i]-'0')
		p.i++
		n++
	}
	return v, n
}

// ParseWhen reads the forms that can only be read one way: 2006-01-02,
// 2006/1/2, 2006.1.2, 2006年1月2日, 20060102, each alone or with a time of day
// (15:04, 15:04:05, 150405, 15时04分05秒, fractions dropped) and a zone; a time of
// day alone (15:04:05, 150405); every part but the year may lack its leading
// zero where separators stand (2006-1-2 3:4:5); and a spreadsheet's serial day (36526–73050 with
// a fraction). s is trimmed and in UTF-8.
func ParseWhen(s []byte) (when, problem.Code) {
	if w, ok := parseISO(s); ok {
		return w, ""
	}
	for _, b := range s {
		if b >= utf8.RuneSelf {
			return parseWhenFolded(s)
		}
	}
	p := &whenReader{s: s}
	n := p.digits()
	switch {
	case n == len(s) && n > 0:
		return parseDigits(s)
	case (n == 5 || n == 1 && s[0] == '0') && s[n] == '.':
		return parseSerial(s)
	case n == 4 && (s[4] == '-' || s[4] == '/' || s[4] == '.'):
		return p.dateThenClock(s[4])
	case n == 8:
		return p.dateThenClock(0)
	case (n == 1 || n == 2) && s[n] == ':':
		return p.clockOnly()
	case (n == 1 || n == 2) && (s[n] == '-' || s[n] == '/' || s[n] == '.'):
		return when{}, CodeAmbiguousTime
	}
	return when{}, CodeBadTime
}

// parseISO is the fast path for 2006-01-02 15:04:05, 2006-01-02 and 15:04:05.
func parseISO(s []byte) (when, bool) {
	if len(s) == 8 && s[2] == ':' {
		hh, ok1 := two(s[0:2])
		mm, ok2 := two(s[3:5])
		ss, ok3 := two(s[6:8])
		ok := ok1 && ok2 && ok3 && s[5] == ':' && hh <= 23 && mm <= 59 && ss <= 59
		return when{sec: int32(hh*3600 + mm*60 + ss), HasClock: true}, ok
	}
	if len(s) != 19 && len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return when{}, false
	}
	y, ok1 := two(s[0:2])
	y2, ok2 := two(s[2:4])
	m, ok3 := two(s[5:7])
	d, ok4 := two(s[8:10])
	if !(ok1 && ok2 && ok3 && ok4) {
		return when{}, false
	}
	day, ok := record.DateOf(y*100+y2, m, d)
	if !ok || len(s) == 10 {
		return when{day: day, HasDay: true}, ok
	}
	hh, ok1 := two(s[11:13])
	mm, ok2 := two(s[14:16])
	ss, ok3 := two(s[17:19])
	if !(ok1 && ok2 && ok3) || s[10] != ' ' || s[13] != ':' || s[16] != ':' || hh > 23 || mm > 59 || ss > 59 {
		return when{}, false
	}
	return when{day: day, sec: int32(hh*3600 + mm*60 + ss), HasDay: true, HasClock: true}, true
}

func two(s []byte) (int, bool) {
	a, b := s[0]-'0', s[1]-'0'
	return int(a)*10 + int(b), a <= 9 && b <= 9
}

// parseWhenFolded rewrites 年月日时分秒 and full-width characters into the ASCII
// forms and reads those.
func parseWhenFolded(s []byte) (when, problem.Code) {
	var buf [64]byte
	out, ok := foldWhen(buf[:0], s)
	if !ok {
		return when{}, CodeBadTime
	}
	return ParseWhen(out)
}

// foldWhen is s in ASCII, and whether it can be.
func foldWhen(out, s []byte) ([]byte, bool) {
	for len(s) > 0 && len(out) < cap(out)-4 {
		r, n := utf8.DecodeRune(s)
		s = s[n:]
		switch r = problem.Narrow(r); {
		case r == '年' || r == '月':
			out = append(out, '-')
		case r == '日' || problem.WideBlank(r):
			out = append(out, ' ')
		case r == '时' || r == '分':
			out = append(out, ':')
		case r == '秒' || problem.Invisible(r):
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		default:
			return nil, false
		}
	}
	out = Trim(out)
	if n := len(out); n > 0 && out[n-1] == ':' { // 15时
		out = append(out, "00"...)
	}
	if len(s) > 0 {
		return nil, false
	}
	return out, true
}

// parseDigits reads a cell of digits only.
func parseDigits(s []byte) (when, problem.Code) {
	p := &whenReader{s: s}
	switch len(s) {
	case 4:
		return when{}, CodeAmbiguousTime
	case 5:
		return parseSerial(s)
	case 6:
		return p.clockOnly()
	case 8, 12, 14, 17:
		return p.dateThenClock(0)
	}
	return when{}, CodeBadTime
}

// dateThenClock reads year, month and day separated by sep (0: eight digits),
// and what follows.
func (p *whenReader) dateThenClock(sep byte) (w when, code problem.Code) {
	y, _ := p.number(4)
	if sep != 0 {
		p.i++
	}
	m, nm := p.number(2)
	if sep != 0 {
		if p.peek() != sep {
			return w, CodeBadTime
		}
		p.i++
	}
	d, nd := p.number(2)
	day, ok := record.DateOf(y, m, d)
	if !ok || nm == 0 || nd == 0 {
		return w, CodeBadTime
	}
	w.day, w.HasDay = day, true
	gap := p.blanks()
	if c := p.peek(); c == 'T' || c == 't' || c == ',' {
		p.i++
		p.blanks()
		gap = true
	}
	if p.end() {
		return w, ""
	}
	if !gap && (nm != 2 || nd != 2) { // 2014-6-1123:28:44 can be read twice
		return w, CodeBadTime
	}
	return p.clock(w)
}

func (p *whenReader) clockOnly() (when, problem.Code) { return p.clock(when{}) }

// clock reads a time of day up to the end, and adds it to w.
func (p *whenReader) clock(w when) (when, problem.Code) {
	hh, mm, ss := 0, 0, 0
	switch n := p.digits(); {
	case n == 6 || n == 9 && w.HasDay:
		hh, _ = p.number(2)
		mm, _ = p.number(2)
		ss, _ = p.number(2)
		p.number(3)
	case n == 4 && w.HasDay && p.i == 8: // 200601021504
		hh, _ = p.number(2)
		mm, _ = p.number(2)
	case (n == 1 || n == 2) && p.i+n < len(p.s) && p.s[p.i+n] == ':':
		padded := n == 2 && p.peek() == '0'
		hh, _ = p.number(2)
		p.i++
		if mm, n = p.number(2); n == 0 || n == 1 && padded && p.peek() != ':' {
			return w, CodeBadTime // 09:3 has lost its end
		}
		if p.peek() == ':' {
			p.i++
			if ss, n = p.number(2); n == 0 {
				return w, CodeBadTime
			}
		}
	default:
		return w, CodeBadTime
	}
	if c := p.peek(); c == '.' || c == ',' {
		p.i++
		if p.digits() == 0 {
			return w, CodeBadTime
		}
		p.i += p.digits()
	}
	p.blanks()
	hh, ok := p.halfDay(hh)
	if !ok || mm > 59 || ss > 59 || hh > 24 || hh == 24 && mm+ss > 0 {
		return w, CodeBadTime
	}
	w.sec, w.HasClock = int32(hh*3600+mm*60+ss), true
	return p.zone(w)
}

// halfDay applies AM and PM.
func (p *whenReader) halfDay(hh int) (int, bool) {
	if len(p.rest()) < 2 {
		return hh, true
	}
	c, m := p.s[p.i]|0x20, p.s[p.i+1]|0x20
	if m != 'm' || c != 'a' && c != 'p' {
		return hh, true
	}
	if rest := p.rest(); len(rest) > 2 && rest[2]|0x20 >= 'a' && rest[2]|0x20 <= 'z' {
		return hh, true // America/New_York
	}
	p.i += 2
	p.blanks()
	if hh < 1 || hh > 12 {
		return 0, false
	}
	hh %= 12
	if c == 'p' {
		hh += 12
	}
	return hh, true
}

// zone reads a zone at the end, moves the moment to Shanghai's clock, and
// carries 24:00:00 into the next day.
func (p *whenReader) zone(w when) (when, problem.Code) {
	t := int64(w.sec)
	switch c := p.peek(); {
	case p.end():
	case !w.HasDay || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '(' || c == '[':
		z, ok := zoneNamed(string(p.rest()))
		if !ok && len(p.rest()) > 1 {
			return w, CodeUnknownZone
		}
		if !ok {
			return w, CodeBadTime
		}
		return w.carry(t).in(z), ""
	case c == '+' || c == '-':
		p.i++
		hh, nh := p.number(2)
		if p.peek() == ':' {
			p.i++
		}
		mm, nm := p.number(2)
		if nh != 2 || nm == 1 || hh > 14 || mm > 59 {
			return w, CodeBadTime
		}
		off := int64(hh*3600 + mm*60)
		if c == '-' {
			off = -off
		}
		t += chinaOffset - off
		w.zoned = true
	}
	if !p.end() {
		return w, CodeBadTime
	}
	return w.carry(t), ""
}

// carry sets the seconds of the day, moving whole days over.
func (w when) carry(t int64) when {
	for t < 0 {
		t += 86400
		w.day--
	}
	for t >= 86400 && w.HasDay {
		t -= 86400
		w.day++
	}
	w.sec = int32(t) // a lone 24:00:00 stays 86400 until a day is joined to it
	return w
}

// ParseClock reads a cell of a column that holds times of day: as ParseWhen,
// and a number that lost its leading zeros (83533 is 08:35:33). Four digits may
// be hours and minutes, or minutes and seconds.
func ParseClock(s []byte) (when, problem.Code) {
	p := whenReader{s: s}
	if n := p.digits(); n == len(s) && n > 0 && n < 6 && n != 4 {
		var pad [6]byte
		copy(pad[:], "000000")
		copy(pad[6-n:], s)
		return parseDigits(pad[:])
	}
	return ParseWhen(s)
}

// Serial days of spreadsheets: 36526 is 2000-01-01, 73050 is 2099-12-31.
const (
	firstSerial = 36526
	lastSerial  = 73050
	sheetEpoch  = 25569 // 1970-01-01
)

// parseSerial reads a spreadsheet's day number, or a fraction of a day.
func parseSerial(s []byte) (when, problem.Code) {
	p := &whenReader{s: s}
	n, _ := p.number(5)
	var w when
	switch {
	case n >= firstSerial && n <= lastSerial:
		w.day, w.HasDay = record.Date(n-sheetEpoch), true
	case n != 0 || len(s) < 2:
		return w, CodeBadTime
	}
	if p.end() {
		return w, ""
	}
	p.i++ // the point
	var num, den int64 = 0, 1
	for !p.end() {
		if !text.IsDigit(p.s[p.i]) {
			return w, CodeBadTime
		}
		if den < 1e12 {
			num, den = num*10+int64(p.s[p.i]-'0'), den*10
		}
		p.i++
	}
	if den == 1 {
		return w, CodeBadTime
	}
	w.HasClock = true
	return w.carry((num*86400 + den/2) / den), ""
}

// dateFormat is a layout's own date or time format.
type dateFormat struct {
	text   string
	toks   []dateTok
	year   bool
	day    bool // has month and day
	clock  bool
	digits int // total width where it is digits only, else 0
}

type dateTok struct {
	kind  byte // Y y M D h m s, or 0 for lit
	width int  // 0: one or two digits
	lit   byte
}

// CompileDateFormat reads a format made of YYYY YY MM DD hh mm ss M D h and
// literals.
func CompileDateFormat(s string) (dateFormat, error) {
	f := dateFormat{text: s}
	onlyDigits := true
	seen := map[byte]bool{}
	for i := 0; i < len(s); {
		c := s[i]
		n := 1
		for i+n < len(s) && s[i+n] == c {
			n++
		}
		t := dateTok{kind: c, width: n}
		switch {
		case c == 'Y' && n == 4:
			f.year = true
		case c == 'Y' && n == 2:
			t.kind, f.year = 'y', true
		case (c == 'M' || c == 'D' || c == 'h') && n <= 2, (c == 'm' || c == 's') && n == 2:
			if n == 1 {
				t.width, onlyDigits = 0, false
			}
		case c >= utf8.RuneSelf || c >= 'A' && c <= 'Z' && c != 'T' || c >= 'a' && c <= 'z':
			return f, fmt.Errorf("date format %q: %q is none of YYYY YY MM DD hh mm ss M D h", s, strings.Repeat(string(c), n))
		default:
			t, n, onlyDigits = dateTok{lit: c}, 1, false
		}
		if t.kind != 0 {
			if seen[t.kind] {
				return f, fmt.Errorf("date format %q names %c twice", s, c)
			}
			seen[t.kind] = true
			f.digits += n
		}
		f.toks = append(f.toks, t)
		i += n
	}
	f.day, f.clock = seen['M'] && seen['D'], seen['h'] && seen['m']
	if seen['M'] != seen['D'] || f.year && !f.day || !f.day && !f.clock || seen['s'] && !f.clock || seen['h'] != seen['m'] {
		return f, fmt.Errorf("date format %q is neither a day nor a time of day", s)
	}
	if !onlyDigits {
		f.digits = 0
		f.loosen()
	}
	return f, nil
}

// loosen lets a part between separators have one digit: 2026-1-5 9:3:0 can be
// read in one way only. Not so where the day comes first: who writes 5/1/2026
// mostly means May. Minutes at the end may have lost a digit.
func (f *dateFormat) loosen() {
	if first := f.toks[0].kind; first != 'Y' && first != 'h' {
		return
	}
	for i := range f.toks {
		t, last := &f.toks[i], i+1 == len(f.toks)
		apart := (i == 0 || f.toks[i-1].kind == 0) && (last || f.toks[i+1].kind == 0)
		if apart && t.kind != 'Y' && !(t.kind == 'm' && last) {
			t.width = 0
		}
	}
}

// Match reads s by f. A cell of digits that lost its leading zeros is read as
// if it still had them, unless it begins with the year. A day without a year is
// the one nearest to ref.
func (f *dateFormat) Match(s []byte, ref record.Date) (w when, ok bool) {
	var pad [20]byte
	if f.digits > 0 && len(s) < f.digits && len(s) > 0 && f.toks[0].kind != 'Y' && f.toks[0].kind != 'y' && f.digits <= len(pad) {
		n := f.digits - len(s)
		for i := range n {
			pad[i] = '0'
		}
		s = pad[:n+copy(pad[n:], s)]
	}
	p := whenReader{s: s}
	y, m, d, hh, mm, ss := 0, 0, 0, 0, 0, 0
	for _, t := range f.toks {
		if t.kind == 0 {
			if p.peek() != t.lit || p.end() {
				return w, false
			}
			p.i++
			if t.lit == ' ' {
				p.blanks()
			}
			continue
		}
		v, n := p.number(max(t.width, 2))
		if n == 0 || t.width > 0 && n != t.width {
			return w, false
		}
		switch t.kind {
		case 'Y':
			y = v
		case 'y':
			y = 2000 + v
		case 'M':
			m = v
		case 'D':
			d = v
		case 'h':
			hh = v
		case 'm':
			mm = v
		case 's':
			ss = v
		}
	}
	if !p.end() || mm > 59 || ss > 59 || hh > 24 || hh == 24 && mm+ss > 0 {
		return w, false
	}
	if f.day {
		if w.day, ok = dayNear(y, m, d, ref, f.year); !ok {
			return w, false
		}
		w.HasDay = true
	}
	w.HasClock = f.clock
	return w.carry(int64(hh*3600 + mm*60 + ss)), true
}

// dayNear is y-m-d, or without a year the day m-d that lies nearest to ref: a
// file of 1 January holds trades of 31 December of the year before.
func dayNear(y, m, d int, ref record.Date, year bool) (record.Date, bool) {
	if year {
		return record.DateOf(y, m, d)
	}
	ry, _, _ := ref.YMD()
	best, found := record.Date(0), false
	for y := ry - 1; y <= ry+1; y++ {
		day, ok := record.DateOf(y, m, d)
		if ok && (!found || dayDistance(day, ref) < dayDistance(best, ref)) {
			best, found = day, true
		}
	}
	return best, found
}

func dayDistance(a, b record.Date) record.Date {
	if a > b {
		return a - b
	}
	return b - a
}

// readWhen reads a cell by the column's own formats, else (none given) by the
// common ones; the ISO form that workbooks are spooled in always counts.
func readWhen(s []byte, formats []dateFormat, ref record.Date) (when, problem.Code) {
	for i := range formats {
		if w, ok := formats[i].Match(s, ref); ok {
			return w, ""
		}
	}
	if len(formats) == 0 {
		return ParseWhen(s)
	}
	if w, ok := parseISO(s); ok {
		return w, ""
	}
	rest, z, known := splitZone(s)
	switch {
	case !known:
		return when{}, CodeUnknownZone
	case z != nil:
		w, code := readWhen(rest, formats, ref)
		return w.in(z), code
	}
	if text.FirstHigh(s) < 0 {
		return when{}, CodeBadTime
	}
	var buf [64]byte
	if folded, ok := foldWhen(buf[:0], s); ok {
		for i := range formats {
			if w, ok := formats[i].Match(folded, ref); ok {
				return w, ""
			}
		}
	}
	return parseWhenFolded(s)
}
