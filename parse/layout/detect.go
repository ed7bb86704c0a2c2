package layout

import (
	"bytes"
	"cmp"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// Sample is what analyse looks at: the ends of one document.
type Sample struct {
	Name       string // basename of the file given
	File       string // basename, archive.zip/entry, book.xlsx:sheet
	Head, Tail []byte // raw; the head begins behind a byte order mark
	Size       int64
	Spooled    bool // a workbook's sheet
	Enc        text.Encoding
	Side       record.Side // SideUnknown: recognise it
	Layouts    *Layouts
	Layout     string      // the name of the one to read it by, "": recognise it
	AsOf       record.Date // completes days without a year
}

// Plan is how one document is read.
type Plan struct {
	Layout *Layout
	Side   record.Side
	Enc    text.Encoding
	Form   FormKind
	Delim  byte
	Quote  bool
	EOL    byte
	// dataStart and dataEnd bound the rows; the header and what is above it,
	// and a block of totals that only its place tells from rows, are outside.
	DataStart, DataEnd int64
	// titles is the end of what may be titles: the header's, or that of the
	// lines before the first that fits a layout without one.
	titles int64
	// firstLine is the physical line of dataStart.
	FirstLine int64
	// skippedBefore and skippedAfter count the lines outside.
	SkippedBefore, SkippedAfter int64
	Columns                     []ColumnUse
	Why                         Choice
	Controls                    []control
	notOwn                      []bool // controls that are those of a whole of which the file is a part
	Carries                     record.FieldSet
	NewBinder                   func() *Binder

	kind         record.Kind   // where nothing says otherwise
	status       record.Status // likewise
	ref          record.Date   // completes days without a year
	Uses         []columnUse
	bindings     []binding
	conds        []condUse
	dates        [4]record.Date // clearing, settle, credited and promised date from outside the rows
	again        []headerCell   // the header, or the last of its rows
	groups       []headerCell   // the rows above that
	skipLines    []*regexp.Regexp
	controlLines []*regexp.Regexp
	rowLine      *regexp.Regexp // what every row matches where cells are found by their place, nil for nothing
	spans        []int          // of a ruler, display columns
	MinCells     int
	maxCells     int
	apart        bool // the day's column and the one with a time beside it are of two events
	clockApart   bool // the same of the column of clocks
	unread       []unreadColumn
	Nothing      bool // the file says that there are no rows
	opening      declaredBalance
	identity     identityUse
	adrift       string // the column that nothing reads and that is what the net lacks
	closing      declaredBalance
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
	MaxPreamble = 40  // lines before the header
	maxSample   = 60  // lines that decide whether a headerless layout fits
	MaxColumns  = 512 // of a header

	maxHeaderRows = 4
)

// docLine is a line of the head or the tail.
type docLine struct {
	off  int64 // of its first byte in the document
	Raw  []byte
	Text string // decoded
}

// View is what analyse sees of a document.
type View struct {
	In    Sample
	EOL   byte
	Lines []docLine // of the head
	Whole bool      // the head is all there is
	// override: the layout was named by the user, so it need not be recognised.
	override bool
	// headers are lines read as names, by line and delimiter, made when asked for.
	headers map[cutKey]*header
}

type cutKey struct {
	line  int
	delim byte // 0 for a ruler, ' ' for blanks
	depth int  // rows of it
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

// Recognise recognises a document: its dialect, header and layout. It returns how
// to read it, or why it is refused.
func Recognise(in Sample) (*Plan, []problem.Problem) {
	s := NewSight(in)
	if len(bytes.TrimSpace(in.Head)) == 0 && s.Whole {
		return nil, []problem.Problem{{Code: CodeEmptyFile}}
	}
	layouts, bad := s.candidates()
	if bad != nil {
		return nil, []problem.Problem{*bad}
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
	best, bad := s.choose(fits, near)
	if bad != nil {
		if len(fits) == 0 && !s.override {
			if g := s.garbledProblem(); g != nil {
				bad = g
			}
		}
		return nil, []problem.Problem{*bad}
	}
	p, bad := s.plan(best)
	if bad != nil {
		return nil, []problem.Problem{*bad}
	}
	p.Why.Override = s.override
	for _, f := range fits {
		if f != best {
			p.Why.Over = append(p.Why.Over, f.layout.Name)
		}
	}
	return p, nil
}

func NewSight(in Sample) *View {
	s := &View{In: in, EOL: '\n', Whole: int64(len(in.Head)) == in.Size, headers: map[cutKey]*header{}}
	switch {
	case in.Spooled:
		s.EOL = text.SpoolRow
	case bytes.IndexByte(in.Head, '\n') < 0 && bytes.IndexByte(in.Head, '\r') >= 0:
		s.EOL = '\r'
	}
	s.Lines = CutLines(in.Head, 0, s.EOL, in.Enc, MaxPreamble+maxSample)
	if n := len(s.Lines); n > 1 && !s.Whole && len(s.Lines) < MaxPreamble+maxSample {
		s.Lines = s.Lines[:n-1] // its end is not in sight
	}
	return s
}

// CutLines is the first lines of b, at most max of them (0: all).
func CutLines(b []byte, off int64, eol byte, enc text.Encoding, max int) (out []docLine) {
	for len(b) > 0 && (max == 0 || len(out) < max) {
		n := bytes.IndexByte(b, eol) + 1
		if n == 0 {
			n = len(b)
		}
		raw := bytes.TrimRight(b[:n], "\r\n\x1e")
		text, _ := enc.AppendText(nil, raw)
		out = append(out, docLine{off: off, Raw: raw, Text: string(text)})
		b = b[n:]
		off += int64(n)
	}
	return out
}

// candidates are the layouts to try.
func (s *View) candidates() (list []*Layout, p *problem.Problem) {
	if name := s.In.Layout; name != "" {
		s.override = true
		l := s.In.Layouts.Get(name)
		if l == nil {
			return nil, &problem.Problem{Code: CodeNoSuchLayout, Args: []string{name}}
		}
		return []*Layout{l}, nil
	}
	for _, l := range s.In.Layouts.All {
		if !l.Explicit {
			list = append(list, l)
		}
	}
	return list, nil
}

// emptyDay is the plan for a file that says there were no transactions.
func (s *View) emptyDay(layouts []*Layout) *Plan {
	if len(s.Lines) == 0 || len(s.Lines) > 3 {
		return nil
	}
	for _, l := range layouts {
		for _, re := range l.Sign.empty {
			if s.matchesPlain(re, s.Lines[0], l) {
				return s.nothing(l)
			}
		}
	}
	return nil
}

// nothing is a plan that reads no rows.
func (s *View) nothing(l *Layout) *Plan {
	l.Complete()
	p := &Plan{Layout: l, Side: l.RecordSide(), Enc: s.In.Enc, EOL: s.EOL, Delim: ',', DataStart: s.In.Size, DataEnd: s.In.Size, kind: record.Sale, status: record.OK}
	p.SkippedBefore = int64(bytes.Count(s.In.Head, []byte{s.EOL}))
	if n := len(s.In.Head); n > 0 && s.In.Head[n-1] != s.EOL {
		p.SkippedBefore++
	}
	p.FirstLine = p.SkippedBefore + 1
	p.Nothing = true
	p.NewBinder = func() *Binder { return NewBinder(p) }
	return p
}

// fileName is the name that layouts look at: the entry's in an archive.
func (s *View) fileName() string {
	return path.Base(strings.ReplaceAll(s.In.File, `\`, "/"))
}

// try is how well a layout fits, nil where it does not at all.
func (s *View) try(l *Layout) *fit {
	c := l.Sign
	named := s.isNamed(l)
	if l.Detect.FileRequired && !named && !s.override {
		return nil
	}
	for _, re := range c.head {
		if !s.override && !slices.ContainsFunc(s.Lines[:min(len(s.Lines), MaxPreamble)], func(d docLine) bool { return s.matchesPlain(re, d, l) }) {
			return nil
		}
	}
	var f *fit
	if l.Ignore && len(c.sig) == 0 {
		l.Complete()
		return &fit{layout: l, line: -1, named: named, claimed: true}
	}
	if c.Headerless {
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
func (s *View) tryHeaders(l *Layout) (best *fit) {
	delims := l.Sign.Delims
	switch {
	case l.Sign.Form == formRuler:
		delims = []byte{0}
	case l.Sign.Form == formBlanks:
		delims = []byte{' '}
	case s.In.Spooled:
		delims = []byte{text.SpoolCell}
	}
	if s.In.Spooled && l.Sign.Form != FormDelimited {
		return nil
	}
	for depth := range l.Sign.depth {
		for _, delim := range delims {
			for i := range s.Lines[:min(len(s.Lines), MaxPreamble+1)] {
				f := s.tryHeader(l, cutKey{i, delim, depth + 1})
				if f != nil && (best == nil || f.better(best) || f.completes(best)) {
					best = f
				}
			}
		}
	}
	return best
}

// completes says whether a header of several rows takes in one of fewer that
// begins at the same line, and loses no column by it.
func (f *fit) completes(o *fit) bool {
	return f.line == o.line && f.delim == o.delim && f.hdr.lines > o.hdr.lines && len(f.missing) == 0 && f.bound >= o.bound
}

// better prefers the complete, then the wider of two fits of one layout.
func (f *fit) better(o *fit) bool {
	if d := cmp.Compare(len(o.missing), len(f.missing)); d != 0 {
		return d > 0
	}
	return f.bound > o.bound
}

func (s *View) tryHeader(l *Layout, at cutKey) *fit {
	line, delim := at.line, at.delim
	h := s.headerOf(at)
	if h == nil {
		return nil
	}
	if !s.override && !h.identifies(l.Sign) {
		return nil
	}
	c := l.Complete()
	f := &fit{layout: l, line: line, delim: delim, hdr: h, claimed: len(c.sig) > 0}
	f.at = h.assign(c.Columns)
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
		f.spans = rulerStarts(s.Lines[s.rulerAt(line)].Text)
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
			names[k] = c.Columns[i].title()
		}
		missing = append(missing, strings.Join(names, "/"))
	}
	return missing
}

// title is what a column is called in messages: its first name that a clerk
// would know.
func (c *columnSpec) title() string {
	for _, n := range c.Names {
		if text.FirstHigh([]byte(n)) >= 0 {
			return n
		}
	}
	if len(c.Names) > 0 {
		return c.Names[0]
	}
	return c.As
}

// header is a line cut by a delimiter and read as names; nil if it cannot be one.
func (s *View) header(line int, delim byte) *header {
	return s.headerOf(cutKey{line, delim, 1})
}

// headerOf is header for several rows.
func (s *View) headerOf(key cutKey) *header {
	h, ok := s.headers[key]
	if !ok {
		if key.depth == 1 {
			h = s.makeHeader(key.line, key.delim)
		} else {
			h = s.stackHeader(key)
		}
		s.headers[key] = h
	}
	return h
}

// stackHeader puts the rows of a header together: the lowest filled cell of a
// column is its name.
func (s *View) stackHeader(key cutKey) *header {
	upper := s.headerOf(cutKey{key.line, key.delim, key.depth - 1})
	if upper == nil || key.line+upper.lines >= len(s.Lines) {
		return nil
	}
	cells, lines := s.TextCells(key.line+upper.lines, key.delim)
	if len(cells) > MaxColumns || !areNames(upper.cells) || !areNames(cells) {
		return nil
	}
	for len(cells) < len(upper.cells) {
		cells = append(cells, "")
	}
	for i, c := range upper.cells {
		if strings.TrimSpace(cells[i]) == "" {
			cells[i] = c
		}
	}
	h := newHeader(cells)
	h.lines, h.upper = upper.lines+lines, upper.cells
	return h
}

func (s *View) makeHeader(line int, delim byte) *header {
	body, lines := s.Lines[line].Text, 1
	var cells []string
	switch delim {
	case 0:
		r := s.rulerAt(line)
		if r < 0 {
			return nil
		}
		for _, c := range cutAtColumns(nil, []byte(body), rulerStarts(s.Lines[r].Text), text.UTF8) {
			cells = append(cells, string(c))
		}
	case ' ':
		cells = strings.Fields(body)
	default:
		cells, lines = s.TextCells(line, delim)
		if delim == '\t' && len(cells) == 1 {
			cells = s.namesByBlanks(line)
		}
	}
	if len(cells) < 2 || len(cells) > MaxColumns {
		return nil
	}
	h := newHeader(cells)
	h.lines = lines
	return h
}

// areNames says whether the cells of a line may all be names: words, and two of
// them at least, no days and no amounts.
func areNames(cells []string) bool {
	filled := 0
	for _, c := range cells {
		c = strings.TrimSpace(c)
		if c == "" {
			continue
		}
		if _, err := money.Parse(c, money.Yuan); err == nil || !strings.ContainsFunc(c, unicode.IsLetter) {
			return false
		}
		if _, code := ParseWhen([]byte(c)); code == "" {
			return false
		}
		filled++
	}
	return filled > 1
}

// namesByBlanks is a header whose names are separated by blanks, where the row
// below has as many cells between tabs (statements of 建设银行).
func (s *View) namesByBlanks(line int) []string {
	names := strings.Fields(strings.TrimLeft(s.Lines[line].Text, "# "))
	if len(names) < 3 || line+1 >= len(s.Lines) {
		return nil
	}
	if cells, _ := s.TextCells(line+1, '\t'); len(cells) != len(names) {
		return nil
	}
	return names
}

// rulerAt is the line of dashes that belongs to a header line: the next one.
func (s *View) rulerAt(line int) int {
	if line+1 < len(s.Lines) && len(rulerStarts(s.Lines[line+1].Text)) > 1 {
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
func (s *View) tryLines(l *Layout) *fit {
	c := l.Complete()
	delims := c.Delims
	switch {
	case c.Form != FormDelimited:
		if s.In.Spooled {
			return nil
		}
		delims = []byte{0}
	case s.In.Spooled:
		delims = []byte{text.SpoolCell}
	}
	for _, delim := range delims {
		first := slices.IndexFunc(s.Lines, func(d docLine) bool { return s.isRow(l, d, delim) })
		if first < 0 || first > MaxPreamble {
			continue
		}
		f := &fit{layout: l, line: first, delim: delim, claimed: true, bound: len(c.Columns)}
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
func (s *View) isRow(l *Layout, d docLine, delim byte) bool {
	if l.Compiled.Form != FormDelimited {
		return len(d.Raw) > 0 && l.fitsLine(d.Raw, s.In.Enc)
	}
	cells := cutLine([]byte(d.Text), s.lineDialect(delim))
	return len(d.Raw) > 0 && slices.Contains(l.Format.Cells, len(cells)) && l.fitsLine(bytes.Join(cells, l.Compiled.Delims[:1]), text.UTF8)
}

// mostBind tries the lines from first on.
func (s *View) mostBind(p *Plan, first int) bool {
	b := NewBinder(p)
	good, bad := 0, 0
	var row record.Row
	for _, d := range s.Lines[first:min(len(s.Lines), first+maxSample)] {
		switch v, _ := b.Bind(&text.Record{Cells: p.LineCells(d)}, &row, 0); v {
		case Accepted:
			good++
		case Rejected:
			bad++
		}
	}
	if good+bad == 0 && p.Form == FormFixed {
		return s.override || s.isNamed(p.Layout) // all of it is what the layout skips
	}
	return good > 0 && good >= bad
}

// isNamed says whether the file has a name of the layout's.
func (s *View) isNamed(l *Layout) bool {
	return slices.ContainsFunc(l.Sign.file, func(re *regexp.Regexp) bool { return re.MatchString(s.fileName()) })
}

// choose takes the best fit, or says why there is none.
func (s *View) choose(fits, near []*fit) (*fit, *problem.Problem) {
	if !s.override {
		fits, near = s.bySide(fits), s.bySide(near)
	}
	if s.In.Side == record.SideUnknown && !s.override {
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
		return nil, &problem.Problem{Code: CodeAmbiguousLayout, Args: []string{strings.Join(names, ", ")}}
	}
	if s.In.Side != record.SideUnknown && best.layout.RecordSide() != s.In.Side {
		return nil, &problem.Problem{Code: CodeWrongSide, Args: []string{best.layout.Name, best.layout.Side, s.In.Side.String()}}
	}
	return best, nil
}

// shortOf is the problem of a file that is certainly of a layout, but lacks
// columns that it needs. A signature of words that everybody uses is not enough
// where another layout fits.
func (s *View) shortOf(fits, near []*fit) *problem.Problem {
	for _, f := range near {
		if f.claimed && (len(fits) == 0 || f.layout.Priority > fits[0].layout.Priority && (f.named || s.hasOwnWords(f))) {
			return &problem.Problem{Code: CodeMissingColumns, Args: []string{f.layout.Name, strings.Join(f.missing, ", "), f.hdr.title()}}
		}
	}
	return nil
}

// told are the fits that the file shows to be of its side; where it shows
// several sides, those of the certain one.
func (s *View) told(fits, near []*fit) ([]*fit, *problem.Problem) {
	told := slices.DeleteFunc(slices.Clone(fits), func(f *fit) bool {
		return f.isGeneric() && f.hdr != nil && !f.likely(s.evidenceOf(f.hdr))
	})
	if len(told) == 0 && len(fits) > 0 {
		return nil, s.untold(fits, near)
	}
	if slices.ContainsFunc(told, func(f *fit) bool { return !f.isGeneric() }) {
		return told, nil
	}
	var sides []record.Side
	for _, f := range told {
		if side := f.layout.RecordSide(); !slices.Contains(sides, side) {
			sides = append(sides, side)
		}
	}
	if len(sides) < 2 || slices.ContainsFunc(told, func(f *fit) bool { return f.layout.Name == "generic-payout" }) {
		return told, nil
	}
	f := told[0]
	certain := s.certain(f, s.evidenceOf(f.hdr))
	sure := slices.DeleteFunc(slices.Clone(told), func(f *fit) bool { return f.layout.RecordSide() != certain })
	if len(sure) == 0 {
		return nil, &problem.Problem{Code: CodeSideOpen, Args: []string{cutRunes(f.hdr.title(), 400)}}
	}
	return sure, nil
}

// otherSide is the problem of a file that is certainly of another side than the
// one that it was given for.
func (s *View) otherSide(f *fit) *problem.Problem {
	if s.In.Side == record.SideUnknown || s.override || !f.isGeneric() || f.hdr == nil || f.layout.Name == "generic-payout" {
		return nil
	}
	e := s.evidenceOf(f.hdr)
	c := s.certain(f, e)
	if c == record.SideUnknown || c == s.In.Side || c == record.SidePos && e.clears > 0 {
		return nil
	}
	return &problem.Problem{Code: CodeWrongSide, Args: []string{f.layout.Name, c.String(), s.In.Side.String()}}
}

// isGeneric says whether the layout fits anything with the right columns.
func (f *fit) isGeneric() bool { return f.layout.Priority < genericPriority }

// untold is the problem of a file that fits generic layouts only, and shows of
// none that it is of its side: one column short of a layout that it would
// show, or nobody's.
func (s *View) untold(fits, near []*fit) *problem.Problem {
	if p := s.shortOf(fits, near); p != nil {
		return p
	}
	if slices.ContainsFunc(fits, func(f *fit) bool { return f.hdr != nil && f.hdr.isPersonal() }) {
		return &problem.Problem{Code: CodePersonalBill, Args: []string{cutRunes(fits[0].hdr.title(), 400)}}
	}
	short := slices.DeleteFunc(slices.Clone(near), func(f *fit) bool {
		return len(f.missing) != 1 || f.hdr == nil || !f.likely(s.evidenceOf(f.hdr))
	})
	if len(short) > 0 {
		return s.unknown(short)
	}
	return &problem.Problem{Code: CodeSideUnknown, Args: []string{cutRunes(fits[0].hdr.title(), 400)}}
}

// tells says whether the file shows that it is of the layout's side.
func (f *fit) tells() bool {
	c := f.layout.Compiled
	bound := func(i int) bool { return f.at[i] >= 0 }
	return len(c.telling) == 0 || slices.ContainsFunc(c.telling, bound) || len(c.unless) > 0 && !slices.ContainsFunc(c.unless, bound)
}

// compareFits orders fits of different layouts, the better first: by priority,
// by the file's name, by how many columns are read.
func compareFits(a, b *fit) int {
	return cmp.Or(cmp.Compare(b.layout.Priority, a.layout.Priority), Btoi(b.named)-Btoi(a.named), cmp.Compare(b.bound, a.bound))
}

// generic layouts fit anything with the right columns; their priority is below this.
const genericPriority = 20

// bySide leaves out generic layouts of another side than the one given.
func (s *View) bySide(fits []*fit) []*fit {
	if s.In.Side == record.SideUnknown {
		return fits
	}
	return slices.DeleteFunc(slices.Clone(fits), func(f *fit) bool {
		return f.layout.Priority < genericPriority && f.layout.RecordSide() != s.In.Side
	})
}

// unknown says that no layout fits, and what the nearest one lacks.
func (s *View) unknown(near []*fit) *problem.Problem {
	if len(near) == 0 {
		title := ""
		for i, d := range s.Lines {
			if title = strings.TrimSpace(strings.ReplaceAll(d.Text, "\x1f", ", ")); title != "" || i > MaxPreamble {
				break
			}
		}
		name, missing := "generic-pos", "订单号, 交易时间, 金额"
		if s.override {
			name = s.In.Layout
			missing = strings.Join(missingColumns(s.In.Layouts.Get(name).Complete(), nil), ", ")
		}
		return &problem.Problem{Code: CodeUnknownLayout, Args: []string{name, missing, cutRunes(title, 200)}}
	}
	best := slices.MinFunc(near, func(a, b *fit) int {
		return cmp.Or(cmp.Compare(len(a.missing), len(b.missing)), cmp.Compare(b.bound, a.bound), cmp.Compare(a.layout.Name, b.layout.Name))
	})
	code := CodeUnknownLayout
	if s.override {
		code = CodeMissingColumns
	}
	return &problem.Problem{Code: code, Args: []string{best.layout.Name, strings.Join(best.missing, ", "), cutRunes(best.hdr.title(), 400)}}
}

func cutRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}

// basicPlan is the physical part of the plan for a fit.
func (s *View) basicPlan(f *fit) *Plan {
	l := f.layout
	p := &Plan{Layout: l, Side: l.RecordSide(), Enc: s.In.Enc, Form: l.Compiled.Form, Delim: f.delim, Quote: l.Compiled.Quote, EOL: s.EOL, spans: f.spans, DataEnd: s.In.Size}
	if s.In.Spooled {
		p.Quote = false
	}
	p.kind, p.status = l.Compiled.consts.kind, l.Compiled.consts.status
	// A line of a bank statement is nobody's word for what it is: only an
	// acquirer's own payout list says payout, in its layout.
	if p.kind == record.KindUnknown && p.Side != record.SideBank {
		p.kind = record.Sale
	}
	if p.status == record.StatusUnknown {
		p.status = record.OK
	}
	for i := range l.Compiled.skips {
		if re := l.Compiled.skips[i].line; re != nil {
			p.skipLines = append(p.skipLines, re)
		}
	}
	for i := range l.Compiled.controls {
		if re := l.Compiled.controls[i].line; re != nil {
			p.controlLines = append(p.controlLines, re)
		}
	}
	if l.Compiled.Headerless && l.Compiled.Form == FormDelimited {
		p.rowLine = l.Compiled.line
	}
	p.ref = s.In.AsOf
	p.Uses = make([]columnUse, len(l.Compiled.Columns))
	for i, spec := range l.Compiled.Columns {
		p.Uses[i] = columnUse{spec: spec, Cell: -1, formats: spec.formats, unit: l.Compiled.unit, Header: spec.title()}
	}
	first := f.line
	if f.hdr != nil {
		first += f.hdr.lines
		if p.Form == formRuler {
			first = s.rulerAt(f.line) + 1
		}
	}
	p.DataStart, p.FirstLine, p.SkippedBefore = s.In.Size, int64(first)+1, int64(first)
	if first < len(s.Lines) {
		p.DataStart = s.Lines[first].off
	} else if !s.Whole && first > 0 {
		last := s.Lines[first-1]
		p.DataStart = last.off + int64(len(last.Raw)) + 1
	}
	p.titles = p.DataStart
	if f.hdr == nil { // no header says where the rows begin: a line that is no known title is a row
		p.DataStart, p.FirstLine, p.SkippedBefore = 0, 1, 0
	}
	return p
}

// plan completes the plan for the chosen fit.
func (s *View) plan(f *fit) (*Plan, *problem.Problem) {
	if f.layout.Ignore {
		return s.nothing(f.layout), nil
	}
	if problem := s.otherAbove(f); problem != nil {
		return nil, problem
	}
	p := s.basicPlan(f)
	p.Why = Choice{FileName: f.named, Bound: f.bound - len(f.layout.Compiled.sig), Columns: len(p.Uses)}
	if f.hdr != nil {
		if problem := p.bindHeader(s, f); problem != nil {
			return nil, problem
		}
	}
	fields, dates := s.extract(p)
	p.dates = dates
	p.bindColumns(s)
	p.bindTargets(fields)
	if problem := p.setZones(s); problem != nil {
		return nil, problem
	}
	p.findEvents()
	s.learnDays(p)
	if problem := s.findYear(p); problem != nil {
		return nil, problem
	}
	p.bindIdentities()
	s.learnHabits(p)
	s.findAdrift(p)
	if problem := s.findControls(p); problem != nil {
		return nil, problem
	}
	if problem := p.needsYear(); problem != nil {
		return nil, problem
	}
	if problem := s.rowAbove(p, f); problem != nil {
		return nil, problem
	}
	p.NewBinder = func() *Binder { return NewBinder(p) }
	return p, nil
}

// bindHeader binds the columns to the cells of the header.
func (p *Plan) bindHeader(s *View, f *fit) *problem.Problem {
	h := f.hdr
	p.Why.Header, p.Why.Columns = int64(f.line)+1, h.width
	p.MinCells, p.maxCells = h.width, h.width
	if s.In.Spooled || p.Layout.Format.ShortRows {
		p.MinCells = 1
	}
	if s.In.Spooled { // no separator can shift a workbook's cells
		p.maxCells = max(h.width, len(h.cells))
	}
	fieldOf := make([]string, len(h.cells))
	for i, cell := range f.at {
		if cell < 0 {
			continue
		}
		u := &p.Uses[i]
		name := h.names[cell]
		if n := h.count[name.Key]; n > 1 {
			return &problem.Problem{Code: CodeDoubledColumn, Line: p.Why.Header, Args: []string{h.cells[cell], strconv.Itoa(n)}}
		}
		u.Cell, u.Header, u.zone = cell, h.cells[cell], name.zone
		fieldOf[cell] = u.spec.As
		if problem := p.bindUnit(u, name); problem != nil {
			problem.Line = p.Why.Header
			return problem
		}
	}
	for i := range p.Uses {
		u := &p.Uses[i]
		for _, k := range u.spec.More {
			if cell, ok := h.first[k]; ok && fieldOf[cell] == "" {
				u.more = append(u.more, cell)
				fieldOf[cell] = u.spec.As
				if u.Cell < 0 { // the first of them stands for the column
					u.Cell, u.Header, u.more = cell, h.cells[cell], u.more[:0]
				}
			}
		}
	}
	p.watchUnread(h, fieldOf)
	for i, cell := range h.cells {
		if i < h.width {
			p.Columns = append(p.Columns, ColumnUse{Header: cell, Field: fieldOf[i], Unit: p.unitName(f.at, i)})
		}
	}
	p.rememberHeader(s, f)
	return nil
}

func (p *Plan) unitName(at []int, cell int) string {
	for i, c := range at {
		if c == cell && slices.ContainsFunc(p.Uses[i].spec.targets, Target.isMoney) {
			return UnitName(p.Uses[i].unit)
		}
	}
	return ""
}

func UnitName(u money.Unit) string {
	if u == money.UnitFen {
		return "fen"
	}
	return "yuan"
}

// bindUnit decides what the numbers of a column count: the column's own word,
// else the header's, else the format's.
func (p *Plan) bindUnit(u *columnUse, name headerName) *problem.Problem {
	l := p.Layout
	if u.spec.hasUnit {
		u.unit = u.spec.unit
	}
	if !name.HasUnit || l.Format.HeaderUnit == "ignore" {
		return nil
	}
	if u.spec.hasUnit && u.spec.unit != name.Unit {
		return &problem.Problem{Code: CodeUnitConflict, Column: u.Header, Args: []string{UnitName(name.Unit), l.Name, UnitName(u.spec.unit)}}
	}
	u.unit = name.Unit
	return nil
}

// rememberHeader keeps what tells a repeated header line.
func (p *Plan) rememberHeader(s *View, f *fit) {
	if p.Form != FormDelimited {
		return
	}
	recs := CutRecords(s.In.Head[s.Lines[f.line].off:min(p.DataStart, int64(len(s.In.Head)))], 0, p.Dialect(problem.Limits{}), maxHeaderRows)
	if len(recs) == 0 {
		return
	}
	last := recs[len(recs)-1]
	if len(f.hdr.upper) == 0 {
		last = recs[0]
	}
	if len(f.hdr.upper) == 0 && len(last.Cells) != len(f.hdr.cells) {
		return // quotes where the layout has none
	}
	for i := range p.Uses {
		if cell := p.Uses[i].Cell; cell >= 0 && cell < len(last.Cells) {
			if text := Trim(last.Cells[cell]); len(text) > 0 || len(f.hdr.upper) == 0 {
				p.again = append(p.again, headerCell{cell, bytes.Clone(text)})
			}
		}
	}
	if len(f.hdr.upper) > 0 {
		for cell, c := range recs[0].Cells {
			p.groups = append(p.groups, headerCell{cell, bytes.Clone(Trim(c))})
		}
	}
}

// bindColumns completes the uses where there is no header, and what cells of
// every column may say for nothing.
func (p *Plan) bindColumns(s *View) {
	c := p.Layout.Compiled
	for i := range p.Uses {
		u := &p.Uses[i]
		spec := u.spec
		switch {
		case c.Form == FormFixed:
			u.Cell, u.from, u.to = i, spec.Start, spec.Start+spec.Len
		case c.Headerless:
			u.Cell = spec.At - 1
		}
		if c.Headerless {
			if spec.hasUnit {
				u.unit = spec.unit
			}
			if len(spec.Names) == 0 {
				u.Header = "column " + strconv.Itoa(u.Cell+1)
			}
			use := ColumnUse{Header: u.Header, Field: spec.As}
			if slices.ContainsFunc(spec.targets, Target.isMoney) {
				use.Unit = UnitName(u.unit)
			}
			p.Columns = append(p.Columns, use)
		}
		u.setAbsent(p.Enc, p.Layout.Format.Brackets)
	}
	p.setApart()
	if c.Headerless && c.Form == FormDelimited {
		p.MinCells, p.maxCells = slices.Min(p.Layout.Format.Cells), slices.Max(p.Layout.Format.Cells)
	}
	if p.bindings == nil {
		p.bindTargets(nil)
	}
}

// setAbsent spells the texts that mean nothing in the document's encoding.
func (u *columnUse) setAbsent(enc text.Encoding, brackets bool) {
	s := u.spec
	u.first = new([256]bool)
	u.plain = !s.ZeroAbsent && s.match == nil && !brackets
	for _, a := range u.spec.absent {
		if a == "" {
			continue
		}
		b := []byte(a)
		if enc == text.GB18030 {
			b = EncodeGB18030(a)
		}
		u.absent = append(u.absent, b)
		u.first[b[0]] = true
		u.dashes = u.dashes || a == "-"
	}
}

// bindTargets makes the bindings: one for rows without a rule, one per rule.
func (p *Plan) bindTargets(extracted map[record.Field]string) {
	c := p.Layout.Compiled
	var base binding
	for t := range base.at {
		base.at[t] = -1
	}
	for i, spec := range c.Columns {
		if !p.there(i) {
			continue
		}
		for _, t := range spec.targets {
			base.at[t] = int16(i)
		}
		if spec.WithCurrency && base.at[record.Currency] < 0 {
			base.at[record.Currency] = int16(i)
		}
	}
	p.bindings = []binding{base}
	for i := range c.rules {
		r := &c.rules[i]
		b := base
		b.rule, b.kind, b.stat, b.cons = r, r.kind, r.status, &r.set
		for _, t := range r.clear {
			b.at[t] = -1
		}
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
func (p *Plan) there(col int) bool {
	for col >= 0 {
		if p.Uses[col].Cell >= 0 {
			return true
		}
		col = p.Uses[col].spec.or
	}
	return false
}

// bindTexts lists the text fields that any binding fills, the same ones for
// each, so that a row never keeps what the row before it said.
func (p *Plan) bindTexts(extracted map[record.Field]string) {
	c := p.Layout.Compiled
	consts := map[record.Field]string{record.Currency: "CNY"}
	for f, v := range c.consts.text {
		consts[f] = v
	}
	for f, v := range extracted {
		consts[f] = v
	}
	p.Carries = 0
	for f := record.Field(1); f < record.Field(record.NumText); f++ {
		_, carried := consts[f]
		for i := range p.bindings {
			b := &p.bindings[i]
			carried = carried || b.at[f] >= 0 || b.cons != nil && b.cons.text[f] != ""
		}
		if !carried {
			continue
		}
		p.Carries = p.Carries.With(f)
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
func (p *Plan) bindConds() {
	c := p.Layout.Compiled
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
	for col := range c.Columns {
		if e, ok := exact[col]; ok {
			p.conds = append(p.conds, condUse{col, e})
		}
	}
}

// mayHold says whether a rule's condition can hold in this document: not if it
// wants something in a column that is not there.
func (p *Plan) mayHold(cond condSpec) bool {
	for _, t := range cond {
		if !p.there(t.col) && !slices.ContainsFunc(t.alts, func(a condAlt) bool { return a.empty || a.zero }) {
			return false
		}
	}
	return true
}

// needsYear says that days have no year and nothing gives one.
func (p *Plan) needsYear() *problem.Problem {
	if p.ref != 0 {
		return nil
	}
	for i := range p.Uses {
		for _, f := range p.Uses[i].formats {
			if f.day && !f.year && p.Uses[i].Cell >= 0 {
				return &problem.Problem{Code: CodeNoYear, Column: p.Uses[i].Header}
			}
		}
	}
	return nil
}

// MaskedColumns is what the columns are called, without card numbers.
func MaskedColumns(columns []ColumnUse) []ColumnUse {
	for i := range columns {
		columns[i].Header = problem.MaskCards(columns[i].Header)
	}
	return columns
}

// CellShape is the length of a cell, and the decimals of a number; -1 for text.
func CellShape(c []byte) (width, decimals int) {
	c = Trim(c)
	point := -1
	for i, x := range c {
		switch {
		case x == '.' && point < 0:
			point = i
		case x == '-' && i == 0, x == ',', x >= '0' && x <= '9':
		default:
			return len(c), -1
		}
	}
	if point < 0 {
		return len(c), 0
	}
	return len(c), len(c) - point - 1
}

const HeadBytes = 256 << 10 // of a document that analyse sees

const TailBytes = 64 << 10
