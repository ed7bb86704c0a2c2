package parse

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"duizhang/parse/money"
)

// analyseInput is what analyse looks at: the ends of one document.
type analyseInput struct {
	name       string // basename of the file given
	file       string // basename, archive.zip/entry, book.xlsx:sheet
	head, tail []byte // raw; the head begins behind a byte order mark
	size       int64
	spooled    bool // a workbook's sheet
	enc        encoding
	side       Side // SideUnknown: recognise it
	layouts    *Layouts
	layout     string // the name of the one to read it by, "": recognise it
	asOf       Date   // completes days without a year
}

// plan is how one document is read.
type plan struct {
	layout *Layout
	side   Side
	enc    encoding
	form   formKind
	delim  byte
	quote  bool
	eol    byte
	// dataStart and dataEnd bound the rows; the header and what is above it,
	// and a block of totals that only its place tells from rows, are outside.
	dataStart, dataEnd int64
	// titles is the end of what may be titles: the header's, or that of the
	// lines before the first that fits a layout without one.
	titles int64
	// firstLine is the physical line of dataStart.
	firstLine int64
	// skippedBefore and skippedAfter count the lines outside.
	skippedBefore, skippedAfter int64
	columns                     []ColumnUse
	why                         Choice
	controls                    []control
	carries                     FieldSet
	newBinder                   func() *binder

	kind         Kind   // where nothing says otherwise
	status       Status // likewise
	ref          Date   // completes days without a year
	uses         []columnUse
	bindings     []binding
	conds        []condUse
	dates        [3]Date // clearing, settle and credited date from outside the rows
	again        []headerCell
	skipLines    []*regexp.Regexp
	controlLines []*regexp.Regexp
	rowLine      *regexp.Regexp // what every row matches where cells are found by their place, nil for nothing
	spans        []int          // of a ruler, display columns
	minCells     int
	maxCells     int
	unread       []unreadColumn
	nothing      bool // the file says that there are no rows
}

// headerCell is a header's cell as the file spells it, to know it when it comes again.
type headerCell struct {
	cell int
	text []byte
}

// ColumnUse tells what a column of a file was taken for.
type ColumnUse struct {
	// Header is the cell of the header line, or the place where there is none.
	Header string
	// Field is a field of SPEC section 2, a name of the layout's own, or ""
	// for a column that is not read.
	Field string
	// Unit is yuan or fen for amounts, else "".
	Unit string
}

// Choice tells why a layout was chosen.
type Choice struct {
	// Header is the physical line of the header, 0 without one.
	Header int64
	// Bound of Columns header cells are read.
	Bound, Columns int
	// Override: named by --layout. FileName: the name fits the layout's.
	Override, FileName bool
	// Over are the other layouts that fit less well.
	Over []string
}

// Limits of what analyse looks through.
const (
	maxPreamble = 40  // lines before the header
	maxSample   = 60  // lines that decide whether a headerless layout fits
	maxColumns  = 512 // of a header
)

// docLine is a line of the head or the tail.
type docLine struct {
	off  int64 // of its first byte in the document
	raw  []byte
	text string // decoded
}

// sight is what analyse sees of a document.
type sight struct {
	in    analyseInput
	eol   byte
	lines []docLine // of the head
	whole bool      // the head is all there is
	// override: the layout was named by the user, so it need not be recognised.
	override bool
	// headers are lines read as names, by line and delimiter, made when asked for.
	headers map[cutKey]*header
}

type cutKey struct {
	line  int
	delim byte // 0 for a ruler, ' ' for blanks
}

// fit is a layout that fits, and where.
type fit struct {
	layout  *Layout
	line    int // of the header in sight.lines; -1 without one
	delim   byte
	hdr     *header
	at      []int // header cell of each column
	spans   []int
	bound   int
	missing []string // names of required columns that are not there
	named   bool     // the file's name fits
	claimed bool     // named, or it carries the layout's signature
}

// analyse recognises a document: its dialect, header and layout. It returns how
// to read it, or why it is refused.
func analyse(in analyseInput) (*plan, []Problem) {
	s := newSight(in)
	if len(bytes.TrimSpace(in.head)) == 0 && s.whole {
		return nil, []Problem{{Code: codeEmptyFile}}
	}
	layouts, problem := s.candidates()
	if problem != nil {
		return nil, []Problem{*problem}
	}
	if p := s.emptyDay(layouts); p != nil {
		return p, nil
	}
	var fits, near []*fit
	for _, l := range layouts {
		f := s.try(l)
		switch {
		case f == nil:
		case len(f.missing) == 0:
			fits = append(fits, f)
		default:
			near = append(near, f)
		}
	}
	best, problem := s.choose(fits, near)
	if problem != nil {
		if len(fits) == 0 && !s.override {
			if g := s.garbledProblem(); g != nil {
				problem = g
			}
		}
		return nil, []Problem{*problem}
	}
	p, problem := s.plan(best)
	if problem != nil {
		return nil, []Problem{*problem}
	}
	p.why.Override = s.override
	for _, f := range fits {
		if f != best {
			p.why.Over = append(p.why.Over, f.layout.Name)
		}
	}
	return p, nil
}

func newSight(in analyseInput) *sight {
	s := &sight{in: in, eol: '\n', whole: int64(len(in.head)) == in.size, headers: map[cutKey]*header{}}
	switch {
	case in.spooled:
		s.eol = spoolRow
	case bytes.IndexByte(in.head, '\n') < 0 && bytes.IndexByte(in.head, '\r') >= 0:
		s.eol = '\r'
	}
	s.lines = cutLines(in.head, 0, s.eol, in.enc, maxPreamble+maxSample)
	if n := len(s.lines); n > 1 && !s.whole && len(s.lines) < maxPreamble+maxSample {
		s.lines = s.lines[:n-1] // its end is not in sight
	}
	return s
}

// cutLines is the first lines of b, at most max of them (0: all).
func cutLines(b []byte, off int64, eol byte, enc encoding, max int) (out []docLine) {
	for len(b) > 0 && (max == 0 || len(out) < max) {
		n := bytes.IndexByte(b, eol) + 1
		if n == 0 {
			n = len(b)
		}
		raw := bytes.TrimRight(b[:n], "\r\n\x1e")
		text, _ := enc.appendText(nil, raw)
		out = append(out, docLine{off: off, raw: raw, text: string(text)})
		b = b[n:]
		off += int64(n)
	}
	return out
}

// candidates are the layouts to try.
func (s *sight) candidates() (list []*Layout, p *Problem) {
	if name := s.in.layout; name != "" {
		s.override = true
		l := s.in.layouts.Get(name)
		if l == nil {
			return nil, &Problem{Code: codeNoSuchLayout, Args: []string{name}}
		}
		return []*Layout{l}, nil
	}
	for _, l := range s.in.layouts.list {
		if !l.Explicit {
			list = append(list, l)
		}
	}
	return list, nil
}

// emptyDay is the plan for a file that says there were no transactions.
func (s *sight) emptyDay(layouts []*Layout) *plan {
	if len(s.lines) == 0 || len(s.lines) > 3 {
		return nil
	}
	for _, l := range layouts {
		for _, re := range l.sign.empty {
			if s.matchesPlain(re, s.lines[0], l) {
				return s.nothing(l)
			}
		}
	}
	return nil
}

// nothing is a plan that reads no rows.
func (s *sight) nothing(l *Layout) *plan {
	l.complete()
	p := &plan{layout: l, side: l.side(), enc: s.in.enc, eol: s.eol, delim: ',', dataStart: s.in.size, dataEnd: s.in.size, kind: Sale, status: OK}
	p.skippedBefore = int64(bytes.Count(s.in.head, []byte{s.eol}))
	if n := len(s.in.head); n > 0 && s.in.head[n-1] != s.eol {
		p.skippedBefore++
	}
	p.firstLine = p.skippedBefore + 1
	p.nothing = true
	p.newBinder = func() *binder { return newBinder(p) }
	return p
}

// fileName is the name that layouts look at: the entry's in an archive.
func (s *sight) fileName() string {
	return path.Base(strings.ReplaceAll(s.in.file, `\`, "/"))
}

// try is how well a layout fits, nil where it does not at all.
func (s *sight) try(l *Layout) *fit {
	c := l.sign
	named := s.isNamed(l)
	if l.Detect.FileRequired && !named && !s.override {
		return nil
	}
	for _, re := range c.head {
		if !s.override && !slices.ContainsFunc(s.lines[:min(len(s.lines), maxPreamble)], func(d docLine) bool { return s.matchesPlain(re, d, l) }) {
			return nil
		}
	}
	var f *fit
	if l.Ignore && len(c.sig) == 0 {
		l.complete()
		return &fit{layout: l, line: -1, named: named, claimed: true}
	}
	if c.headerless {
		f = s.tryLines(l)
	} else {
		f = s.tryHeaders(l)
	}
	if f != nil {
		f.named = named
		f.claimed = f.claimed || named
	}
	return f
}

// tryHeaders looks for the layout's header line: the one with the most columns
// of it, the first of those.
func (s *sight) tryHeaders(l *Layout) (best *fit) {
	delims := l.sign.delims
	switch {
	case l.sign.form == formRuler:
		delims = []byte{0}
	case l.sign.form == formBlanks:
		delims = []byte{' '}
	case s.in.spooled:
		delims = []byte{spoolCell}
	}
	if s.in.spooled && l.sign.form != formDelimited {
		return nil
	}
	for _, delim := range delims {
		for i := range s.lines[:min(len(s.lines), maxPreamble+1)] {
			f := s.tryHeader(l, i, delim)
			if f != nil && (best == nil || f.better(best)) {
				best = f
			}
		}
	}
	return best
}

// better prefers the complete, then the wider of two fits of one layout.
func (f *fit) better(o *fit) bool {
	if d := cmp.Compare(len(o.missing), len(f.missing)); d != 0 {
		return d > 0
	}
	return f.bound > o.bound
}

func (s *sight) tryHeader(l *Layout, line int, delim byte) *fit {
	h := s.header(line, delim)
	if h == nil {
		return nil
	}
	if !s.override && !h.identifies(l.sign) {
		return nil
	}
	c := l.complete()
	f := &fit{layout: l, line: line, delim: delim, hdr: h, claimed: len(c.sig) > 0}
	f.at = h.assign(c.columns)
	for _, i := range f.at {
		if i >= 0 {
			f.bound++
		}
	}
	if f.bound < 2 && !l.Ignore {
		return nil
	}
	f.bound += len(c.sig)
	f.missing = missingColumns(c, f.at)
	if delim == 0 {
		f.spans = rulerStarts(s.lines[s.rulerAt(line)].text)
	}
	return f
}

// identifies says whether the header has a layout's signature and none of the
// names that rule it out.
func (h *header) identifies(c *signature) bool {
	has := func(k string) bool { return h.count[k] > 0 }
	for _, names := range c.sig {
		if !slices.ContainsFunc(names, has) {
			return false
		}
	}
	return !slices.ContainsFunc(c.not, has)
}

// missingColumns names the required columns that the header lacks; without any
// it is all of them.
func missingColumns(c *compiled, at []int) (missing []string) {
	for _, group := range c.require {
		if slices.ContainsFunc(group, func(i int) bool { return at != nil && at[i] >= 0 }) {
			continue
		}
		names := make([]string, len(group))
		for k, i := range group {
			names[k] = c.columns[i].title()
		}
		missing = append(missing, strings.Join(names, "/"))
	}
	return missing
}

// title is what a column is called in messages: its first name that a clerk
// would know.
func (c *columnSpec) title() string {
	for _, n := range c.Names {
		if firstHigh([]byte(n)) >= 0 {
			return n
		}
	}
	if len(c.Names) > 0 {
		return c.Names[0]
	}
	return c.As
}

// header is a line cut by a delimiter and read as names; nil if it cannot be one.
func (s *sight) header(line int, delim byte) *header {
	key := cutKey{line, delim}
	h, ok := s.headers[key]
	if !ok {
		h = s.makeHeader(line, delim)
		s.headers[key] = h
	}
	return h
}

func (s *sight) makeHeader(line int, delim byte) *header {
	text, lines := s.lines[line].text, 1
	var cells []string
	switch delim {
	case 0:
		r := s.rulerAt(line)
		if r < 0 {
			return nil
		}
		for _, c := range cutAtColumns(nil, []byte(text), rulerStarts(s.lines[r].text), encUTF8) {
			cells = append(cells, string(c))
		}
	case ' ':
		cells = strings.Fields(text)
	default:
		cells, lines = s.textCells(line, delim)
	}
	if len(cells) < 2 || len(cells) > maxColumns {
		return nil
	}
	h := newHeader(cells)
	h.lines = lines
	return h
}

// rulerAt is the line of dashes that belongs to a header line: the next one.
func (s *sight) rulerAt(line int) int {
	if line+1 < len(s.lines) && len(rulerStarts(s.lines[line+1].text)) > 1 {
		return line + 1
	}
	return -1
}

// rulerStarts is where the runs of dashes of a ruler begin, in display columns;
// nil if the line is no ruler.
func rulerStarts(line string) (starts []int) {
	line = strings.TrimRight(line, " \t\r")
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c != '-' && c != '=' && c != ' ':
			return nil
		case c != ' ' && (i == 0 || line[i-1] == ' '):
			starts = append(starts, i)
		}
	}
	if len(starts) > 0 {
		starts[0] = 0
	}
	return starts
}

// tryLines says whether a headerless layout fits: after titles, the lines in
// sight match its expression, and most of them can be bound.
func (s *sight) tryLines(l *Layout) *fit {
	c := l.complete()
	delims := c.delims
	switch {
	case c.form != formDelimited:
		if s.in.spooled {
			return nil
		}
		delims = []byte{0}
	case s.in.spooled:
		delims = []byte{spoolCell}
	}
	for _, delim := range delims {
		first := slices.IndexFunc(s.lines, func(d docLine) bool { return s.isRow(l, d, delim) })
		if first < 0 || first > maxPreamble {
			continue
		}
		f := &fit{layout: l, line: first, delim: delim, claimed: true, bound: len(c.columns)}
		p := s.basicPlan(f)
		s.extract(p)
		p.bindColumns(s)
		if s.mostBind(p, first) {
			return f
		}
	}
	return nil
}

// isRow says whether a line has the shape of a headerless layout's rows.
func (s *sight) isRow(l *Layout, d docLine, delim byte) bool {
	if l.c.form != formDelimited {
		return len(d.raw) > 0 && l.fitsLine(d.raw, s.in.enc)
	}
	cells := cutLine([]byte(d.text), s.lineDialect(delim))
	return len(d.raw) > 0 && slices.Contains(l.Format.Cells, len(cells)) && l.fitsLine(bytes.Join(cells, l.c.delims[:1]), encUTF8)
}

// mostBind tries the lines from first on.
func (s *sight) mostBind(p *plan, first int) bool {
	b := newBinder(p)
	good, bad := 0, 0
	var row Row
	for _, d := range s.lines[first:min(len(s.lines), first+maxSample)] {
		switch v, _ := b.bind(&rawRow{cells: p.lineCells(d)}, &row, 0); v {
		case accept:
			good++
		case reject:
			bad++
		}
	}
	if good+bad == 0 && p.form == formFixed {
		return s.override || s.isNamed(p.layout) // all of it is what the layout skips
	}
	return good > 0 && good >= bad
}

// isNamed says whether the file has a name of the layout's.
func (s *sight) isNamed(l *Layout) bool {
	return slices.ContainsFunc(l.sign.file, func(re *regexp.Regexp) bool { return re.MatchString(s.fileName()) })
}

// choose takes the best fit, or says why there is none.
func (s *sight) choose(fits, near []*fit) (*fit, *Problem) {
	if !s.override {
		fits, near = s.bySide(fits), s.bySide(near)
	}
	if s.in.side == SideUnknown && !s.override {
		told, problem := s.told(fits, near)
		if problem != nil {
			return nil, problem
		}
		fits = told
	}
	slices.SortStableFunc(fits, compareFits)
	if s.override && len(fits) == 1 {
		return fits[0], nil
	}
	if p := s.shortOf(fits, near); p != nil {
		return nil, p
	}
	if len(fits) == 0 {
		return nil, s.unknown(near)
	}
	best := fits[0]
	if p := s.otherSide(best); p != nil {
		return nil, p
	}
	if len(fits) > 1 && compareFits(best, fits[1]) == 0 {
		var names []string
		for _, f := range fits {
			if compareFits(best, f) == 0 {
				names = append(names, f.layout.Name)
			}
		}
		slices.Sort(names)
		return nil, &Problem{Code: codeAmbiguousLayout, Args: []string{strings.Join(names, ", ")}}
	}
	if s.in.side != SideUnknown && best.layout.side() != s.in.side {
		return nil, &Problem{Code: codeWrongSide, Args: []string{best.layout.Name, best.layout.Side, s.in.side.String()}}
	}
	return best, nil
}

// shortOf is the problem of a file that is certainly of a layout, but lacks
// columns that it needs. A signature of words that everybody uses is not enough
// where another layout fits.
func (s *sight) shortOf(fits, near []*fit) *Problem {
	for _, f := range near {
		if f.claimed && (len(fits) == 0 || f.layout.Priority > fits[0].layout.Priority && (f.named || s.hasOwnWords(f))) {
			return &Problem{Code: codeMissingColumns, Args: []string{f.layout.Name, strings.Join(f.missing, ", "), f.hdr.title()}}
		}
	}
	return nil
}

// told are the fits that the file shows to be of its side; where it shows
// several sides, those of the certain one.
func (s *sight) told(fits, near []*fit) ([]*fit, *Problem) {
	told := slices.DeleteFunc(slices.Clone(fits), func(f *fit) bool {
		return f.isGeneric() && f.hdr != nil && !f.likely(s.evidenceOf(f.hdr))
	})
	if len(told) == 0 && len(fits) > 0 {
		return nil, s.untold(fits, near)
	}
	if slices.ContainsFunc(told, func(f *fit) bool { return !f.isGeneric() }) {
		return told, nil
	}
	var sides []Side
	for _, f := range told {
		if side := f.layout.side(); !slices.Contains(sides, side) {
			sides = append(sides, side)
		}
	}
	if len(sides) < 2 || slices.ContainsFunc(told, func(f *fit) bool { return f.layout.Name == "generic-payout" }) {
		return told, nil
	}
	f := told[0]
	certain := s.certain(f, s.evidenceOf(f.hdr))
	sure := slices.DeleteFunc(slices.Clone(told), func(f *fit) bool { return f.layout.side() != certain })
	if len(sure) == 0 {
		return nil, &Problem{Code: codeSideOpen, Args: []string{cutRunes(f.hdr.title(), 400)}}
	}
	return sure, nil
}

// otherSide is the problem of a file that is certainly of another side than the
// one that it was given for.
func (s *sight) otherSide(f *fit) *Problem {
	if s.in.side == SideUnknown || s.override || !f.isGeneric() || f.hdr == nil || f.layout.Name == "generic-payout" {
		return nil
	}
	e := s.evidenceOf(f.hdr)
	c := s.certain(f, e)
	if c == SideUnknown || c == s.in.side || c == SidePos && e.clears > 0 {
		return nil
	}
	return &Problem{Code: codeWrongSide, Args: []string{f.layout.Name, c.String(), s.in.side.String()}}
}

// isGeneric says whether the layout fits anything with the right columns.
func (f *fit) isGeneric() bool { return f.layout.Priority < genericPriority }

// untold is the problem of a file that fits generic layouts only, and shows of
// none that it is of its side: one column short of a layout that it would
// show, or nobody's.
func (s *sight) untold(fits, near []*fit) *Problem {
	if p := s.shortOf(fits, near); p != nil {
		return p
	}
	if slices.ContainsFunc(fits, func(f *fit) bool { return f.hdr != nil && f.hdr.isPersonal() }) {
		return &Problem{Code: codePersonalBill, Args: []string{cutRunes(fits[0].hdr.title(), 400)}}
	}
	short := slices.DeleteFunc(slices.Clone(near), func(f *fit) bool {
		return len(f.missing) != 1 || f.hdr == nil || !f.likely(s.evidenceOf(f.hdr))
	})
	if len(short) > 0 {
		return s.unknown(short)
	}
	return &Problem{Code: codeSideUnknown, Args: []string{cutRunes(fits[0].hdr.title(), 400)}}
}

// tells says whether the file shows that it is of the layout's side.
func (f *fit) tells() bool {
	c := f.layout.c
	bound := func(i int) bool { return f.at[i] >= 0 }
	return len(c.telling) == 0 || slices.ContainsFunc(c.telling, bound) || len(c.unless) > 0 && !slices.ContainsFunc(c.unless, bound)
}

// compareFits orders fits of different layouts, the better first: by priority,
// by the file's name, by how many columns are read.
func compareFits(a, b *fit) int {
	return cmp.Or(cmp.Compare(b.layout.Priority, a.layout.Priority), btoi(b.named)-btoi(a.named), cmp.Compare(b.bound, a.bound))
}

// generic layouts fit anything with the right columns; their priority is below this.
const genericPriority = 20

// bySide leaves out generic layouts of another side than the one given.
func (s *sight) bySide(fits []*fit) []*fit {
	if s.in.side == SideUnknown {
		return fits
	}
	return slices.DeleteFunc(slices.Clone(fits), func(f *fit) bool {
		return f.layout.Priority < genericPriority && f.layout.side() != s.in.side
	})
}

// unknown says that no layout fits, and what the nearest one lacks.
func (s *sight) unknown(near []*fit) *Problem {
	if len(near) == 0 {
		title := ""
		for i, d := range s.lines {
			if title = strings.TrimSpace(strings.ReplaceAll(d.text, "\x1f", ", ")); title != "" || i > maxPreamble {
				break
			}
		}
		name, missing := "generic-pos", "订单号, 交易时间, 金额"
		if s.override {
			name = s.in.layout
			missing = strings.Join(missingColumns(s.in.layouts.Get(name).complete(), nil), ", ")
		}
		return &Problem{Code: codeUnknownLayout, Args: []string{name, missing, cutRunes(title, 200)}}
	}
	best := slices.MinFunc(near, func(a, b *fit) int {
		return cmp.Or(cmp.Compare(len(a.missing), len(b.missing)), cmp.Compare(b.bound, a.bound), cmp.Compare(a.layout.Name, b.layout.Name))
	})
	code := codeUnknownLayout
	if s.override {
		code = codeMissingColumns
	}
	return &Problem{Code: code, Args: []string{best.layout.Name, strings.Join(best.missing, ", "), cutRunes(best.hdr.title(), 400)}}
}

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// String is the side's name in flags and results.
func (s Side) String() string {
	return [...]string{"unknown", "pos", "clearing", "bank"}[s]
}

// basicPlan is the physical part of the plan for a fit.
func (s *sight) basicPlan(f *fit) *plan {
	l := f.layout
	p := &plan{layout: l, side: l.side(), enc: s.in.enc, form: l.c.form, delim: f.delim, quote: l.c.quote, eol: s.eol, spans: f.spans, dataEnd: s.in.size}
	if s.in.spooled {
		p.quote = false
	}
	p.kind, p.status = l.c.consts.kind, l.c.consts.status
	// A line of a bank statement is nobody's word for what it is: only an
	// acquirer's own payout list says payout, in its layout.
	if p.kind == KindUnknown && p.side != SideBank {
		p.kind = Sale
	}
	if p.status == StatusUnknown {
		p.status = OK
	}
	for i := range l.c.skips {
		if re := l.c.skips[i].line; re != nil {
			p.skipLines = append(p.skipLines, re)
		}
	}
	for i := range l.c.controls {
		if re := l.c.controls[i].line; re != nil {
			p.controlLines = append(p.controlLines, re)
		}
	}
	if l.c.headerless && l.c.form == formDelimited {
		p.rowLine = l.c.line
	}
	p.ref = s.in.asOf
	p.uses = make([]columnUse, len(l.c.columns))
	for i, spec := range l.c.columns {
		p.uses[i] = columnUse{spec: spec, cell: -1, unit: l.c.unit, header: spec.title()}
	}
	first := f.line
	if f.hdr != nil {
		first += f.hdr.lines
		if p.form == formRuler {
			first = s.rulerAt(f.line) + 1
		}
	}
	p.dataStart, p.firstLine, p.skippedBefore = s.in.size, int64(first)+1, int64(first)
	if first < len(s.lines) {
		p.dataStart = s.lines[first].off
	} else if !s.whole && first > 0 {
		last := s.lines[first-1]
		p.dataStart = last.off + int64(len(last.raw)) + 1
	}
	p.titles = p.dataStart
	if f.hdr == nil { // no header says where the rows begin: a line that is no known title is a row
		p.dataStart, p.firstLine, p.skippedBefore = 0, 1, 0
	}
	return p
}

// plan completes the plan for the chosen fit.
func (s *sight) plan(f *fit) (*plan, *Problem) {
	if f.layout.Ignore {
		return s.nothing(f.layout), nil
	}
	if problem := s.otherAbove(f); problem != nil {
		return nil, problem
	}
	p := s.basicPlan(f)
	p.why = Choice{FileName: f.named, Bound: f.bound - len(f.layout.c.sig), Columns: len(p.uses)}
	if f.hdr != nil {
		if problem := p.bindHeader(s, f); problem != nil {
			return nil, problem
		}
	}
	fields, dates := s.extract(p)
	p.dates = dates
	p.bindColumns(s)
	p.bindTargets(fields)
	s.learnHabits(p)
	if problem := s.findControls(p); problem != nil {
		return nil, problem
	}
	if problem := p.needsYear(); problem != nil {
		return nil, problem
	}
	if problem := s.rowAbove(p, f); problem != nil {
		return nil, problem
	}
	p.newBinder = func() *binder { return newBinder(p) }
	return p, nil
}

// bindHeader binds the columns to the cells of the header.
func (p *plan) bindHeader(s *sight, f *fit) *Problem {
	h := f.hdr
	p.why.Header, p.why.Columns = int64(f.line)+1, h.width
	p.minCells, p.maxCells = h.width, h.width
	if s.in.spooled || p.layout.Format.ShortRows {
		p.minCells = 1
	}
	if s.in.spooled { // no separator can shift a workbook's cells
		p.maxCells = max(h.width, len(h.cells))
	}
	fieldOf := make([]string, len(h.cells))
	for i, cell := range f.at {
		if cell < 0 {
			continue
		}
		u := &p.uses[i]
		name := h.names[cell]
		if n := h.count[name.key]; n > 1 {
			return &Problem{Code: codeDoubledColumn, Line: p.why.Header, Args: []string{h.cells[cell], strconv.Itoa(n)}}
		}
		u.cell, u.header = cell, h.cells[cell]
		fieldOf[cell] = u.spec.As
		if problem := p.bindUnit(u, name); problem != nil {
			problem.Line = p.why.Header
			return problem
		}
	}
	for i := range p.uses {
		u := &p.uses[i]
		for _, k := range u.spec.more {
			if cell, ok := h.first[k]; ok && fieldOf[cell] == "" {
				u.more = append(u.more, cell)
				fieldOf[cell] = u.spec.As
				if u.cell < 0 { // the first of them stands for the column
					u.cell, u.header, u.more = cell, h.cells[cell], u.more[:0]
				}
			}
		}
	}
	p.watchUnread(h, fieldOf)
	for i, cell := range h.cells {
		if i < h.width {
			p.columns = append(p.columns, ColumnUse{Header: cell, Field: fieldOf[i], Unit: p.unitName(f.at, i)})
		}
	}
	p.rememberHeader(s, f)
	return nil
}

func (p *plan) unitName(at []int, cell int) string {
	for i, c := range at {
		if c == cell && slices.ContainsFunc(p.uses[i].spec.targets, target.isMoney) {
			return unitName(p.uses[i].unit)
		}
	}
	return ""
}

func unitName(u money.Unit) string {
	if u == money.UnitFen {
		return "fen"
	}
	return "yuan"
}

// bindUnit decides what the numbers of a column count: the column's own word,
// else the header's, else the format's.
func (p *plan) bindUnit(u *columnUse, name headerName) *Problem {
	l := p.layout
	if u.spec.hasUnit {
		u.unit = u.spec.unit
	}
	if !name.hasUnit || l.Format.HeaderUnit == "ignore" {
		return nil
	}
	if u.spec.hasUnit && u.spec.unit != name.unit {
		return &Problem{Code: codeUnitConflict, Column: u.header, Args: []string{unitName(name.unit), l.Name, unitName(u.spec.unit)}}
	}
	u.unit = name.unit
	return nil
}

// rememberHeader keeps what tells a repeated header line.
func (p *plan) rememberHeader(s *sight, f *fit) {
	if p.form != formDelimited {
		return
	}
	recs := cutRecords(s.in.head[s.lines[f.line].off:min(p.dataStart, int64(len(s.in.head)))], 0, p.dialect(Limits{}), 1)
	if len(recs) != 1 || len(recs[0].cells) != len(f.hdr.cells) {
		return // quotes where the layout has none
	}
	for i := range p.uses {
		if cell := p.uses[i].cell; cell >= 0 {
			p.again = append(p.again, headerCell{cell, bytes.Clone(trim(recs[0].cells[cell]))})
		}
	}
}

// bindColumns completes the uses where there is no header, and what cells of
// every column may say for nothing.
func (p *plan) bindColumns(s *sight) {
	c := p.layout.c
	for i := range p.uses {
		u := &p.uses[i]
		spec := u.spec
		switch {
		case c.form == formFixed:
			u.cell, u.from, u.to = i, spec.Start, spec.Start+spec.Len
		case c.headerless:
			u.cell = spec.At - 1
		}
		if c.headerless {
			if spec.hasUnit {
				u.unit = spec.unit
			}
			if len(spec.Names) == 0 {
				u.header = "column " + strconv.Itoa(u.cell+1)
			}
			use := ColumnUse{Header: u.header, Field: spec.As}
			if slices.ContainsFunc(spec.targets, target.isMoney) {
				use.Unit = unitName(u.unit)
			}
			p.columns = append(p.columns, use)
		}
		u.setAbsent(p.enc, p.layout.Format.Brackets)
	}
	p.setApart()
	if c.headerless && c.form == formDelimited {
		p.minCells, p.maxCells = slices.Min(p.layout.Format.Cells), slices.Max(p.layout.Format.Cells)
	}
	if p.bindings == nil {
		p.bindTargets(nil)
	}
}

// setAbsent spells the texts that mean nothing in the document's encoding.
func (u *columnUse) setAbsent(enc encoding, brackets bool) {
	s := u.spec
	u.first = new([256]bool)
	u.plain = !s.ZeroAbsent && s.match == nil && !brackets
	for _, a := range u.spec.absent {
		if a == "" {
			continue
		}
		b := []byte(a)
		if enc == encGB18030 {
			b = encodeGB18030(a)
		}
		u.absent = append(u.absent, b)
		u.first[b[0]] = true
		u.dashes = u.dashes || a == "-"
	}
}

// bindTargets makes the bindings: one for rows without a rule, one per rule.
func (p *plan) bindTargets(extracted map[Field]string) {
	c := p.layout.c
	var base binding
	for t := range base.at {
		base.at[t] = -1
	}
	for i, spec := range c.columns {
		if !p.there(i) {
			continue
		}
		for _, t := range spec.targets {
			base.at[t] = int16(i)
		}
		if spec.WithCurrency && base.at[Currency] < 0 {
			base.at[Currency] = int16(i)
		}
	}
	p.bindings = []binding{base}
	for i := range c.rules {
		r := &c.rules[i]
		b := base
		b.rule, b.kind, b.stat, b.cons = r, r.kind, r.status, &r.set
		for t, col := range r.take {
			b.at[t] = -1
			if p.there(col) {
				b.at[t] = int16(col)
			}
		}
		p.bindings = append(p.bindings, b)
	}
	p.bindTexts(extracted)
	p.bindConds()
}

// there says whether the document has a column, or one that stands in for it.
func (p *plan) there(col int) bool {
	for col >= 0 {
		if p.uses[col].cell >= 0 {
			return true
		}
		col = p.uses[col].spec.or
	}
	return false
}

// bindTexts lists the text fields that any binding fills, the same ones for
// each, so that a row never keeps what the row before it said.
func (p *plan) bindTexts(extracted map[Field]string) {
	c := p.layout.c
	consts := map[Field]string{Currency: "CNY"}
	for f, v := range c.consts.text {
		consts[f] = v
	}
	for f, v := range extracted {
		consts[f] = v
	}
	p.carries = 0
	for f := Field(1); f < Field(NumText); f++ {
		_, carried := consts[f]
		for i := range p.bindings {
			b := &p.bindings[i]
			carried = carried || b.at[f] >= 0 || b.cons != nil && b.cons.text[f] != ""
		}
		if !carried {
			continue
		}
		p.carries = p.carries.With(f)
		for i := range p.bindings {
			b := &p.bindings[i]
			t := textUse{field: f, use: b.at[f]}
			if v := consts[f]; v != "" {
				t.value = []byte(v)
			}
			if b.cons != nil && b.cons.text[f] != "" {
				t.use, t.value = -1, []byte(b.cons.text[f])
			}
			b.texts = append(b.texts, t)
		}
	}
}

// bindConds lists the columns that rules and skips look at.
func (p *plan) bindConds() {
	c := p.layout.c
	exact := map[int]bool{}
	note := func(cond condSpec) {
		for _, t := range cond {
			for _, a := range t.alts {
				exact[t.col] = exact[t.col] || !(a.empty || a.any || a.zero || a.not)
			}
		}
	}
	for i := range c.rules {
		if p.mayHold(c.rules[i].when) {
			note(c.rules[i].when)
		}
	}
	for i := range c.skips {
		note(c.skips[i].when)
	}
	p.conds = nil
	for col := range c.columns {
		if e, ok := exact[col]; ok {
			p.conds = append(p.conds, condUse{col, e})
		}
	}
}

// mayHold says whether a rule's condition can hold in this document: not if it
// wants something in a column that is not there.
func (p *plan) mayHold(cond condSpec) bool {
	for _, t := range cond {
		if !p.there(t.col) && !slices.ContainsFunc(t.alts, func(a condAlt) bool { return a.empty || a.zero }) {
			return false
		}
	}
	return true
}

// needsYear says that days have no year and nothing gives one.
func (p *plan) needsYear() *Problem {
	if p.ref != 0 {
		return nil
	}
	for i := range p.uses {
		for _, f := range p.uses[i].spec.formats {
			if f.day && !f.year && p.uses[i].cell >= 0 {
				return &Problem{Code: codeNoYear, Column: p.uses[i].header}
			}
		}
	}
	return nil
}
