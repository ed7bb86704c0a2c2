package layout

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Target is what a column fills: a Field, or one of the halves below from which
// fields are made.
type Target uint8

const (
	targetDate Target = Target(record.NumFields) + iota
	targetClock
	targetAmountIn
	targetAmountOut
	targetDirection
	targetChannel
	targetZone
	numTargets
)

// targetNames are the names of SPEC section 2, and of the halves, as layouts and
// headers write them.
var targetNames = func() (names [numTargets]string) {
	for f := range record.NumFields {
		names[f] = record.Field(f).String()
	}
	names[targetDate], names[targetClock] = "date", "clock"
	names[targetAmountIn], names[targetAmountOut] = "amount_in", "amount_out"
	names[targetDirection], names[targetChannel] = "direction", "channel"
	names[targetZone] = "zone"
	return names
}()

var TargetNamed = func() map[string]Target {
	named := make(map[string]Target, numTargets)
	for t, name := range targetNames {
		if name != "" {
			named[name] = Target(t)
		}
	}
	return named
}()

func (t Target) isText() bool { return t > 0 && t < Target(record.NumText) }

func (t Target) isMoney() bool {
	switch t {
	case Target(record.FieldAmount), Target(record.FieldFee), Target(record.FieldNet), Target(record.FieldCredited), targetAmountIn, targetAmountOut:
		return true
	}
	return false
}

func (t Target) IsWhen() bool {
	switch t {
	case Target(record.FieldTime), targetDate, targetClock, Target(record.FieldClearingDate), Target(record.FieldSettleDate), Target(record.FieldCreditedDate), Target(record.FieldPromisedDate):
		return true
	}
	return false
}

// IsIdentifier says that a text field is a key: folded, no blanks, never masked.
func (t Target) IsIdentifier() bool {
	switch record.Field(t) {
	case record.MerchantID, record.TerminalID, record.BatchNo, record.TraceNo, record.RefNo, record.AuthCode, record.OrderNo, record.ChannelNo, record.OrigKey:
		return true
	}
	return false
}

// FormKind is how rows are cut into cells.
type FormKind uint8

const (
	FormDelimited FormKind = iota
	FormFixed              // byte offsets
	formRuler              // display columns, from a line of dashes
	formBlanks             // runs of blanks
)

// signature is what a layout is recognised by.
type signature struct {
	Form       FormKind
	Headerless bool
	depth      int // most header rows
	Delims     []byte
	file       []*regexp.Regexp
	head       []*regexp.Regexp
	empty      []*regexp.Regexp
	Unused     []*regexp.Regexp
	sig        [][]string // normalised names of the header, each with its other names
	not        []string
}

// compiled is a layout checked and made ready.
type compiled struct {
	*signature
	Quote      bool
	builtin    bool
	unit       money.Unit
	hasUnit    bool
	feeSign    feeSign
	batch      *batchSpec // nil: none
	feeWord    int16      // the column fee_direction, -1: none
	length     int
	minLength  int
	Columns    []*columnSpec
	require    [][]int // groups of indexes into columns
	mustTime   bool    // a row without a time is rejected
	rules      []ruleSpec
	skips      []skipSpec
	line       *regexp.Regexp
	shape      lineShape // the same, nil where line is not so simple
	telling    []int     // columns of which one must be bound where nobody says the side
	unless     []int     // only asked for if one of these is
	extracts   []extractSpec
	controls   []controlSpec
	identities []identitySpec
	consts     constants
	kind       *vocabulary
	status     *vocabulary
	direction  *vocabulary
	channel    *vocabulary
	cardType   *vocabulary
}

type feeSign uint8

const (
	feeLikeAmount feeSign = iota
	feeIsCost
	feeIsIncome
	feeByWord // of the column feeDirection
)

// feeDirection is the layouts' name for the column that says of a fee whether it
// was taken or came back.
const feeDirection = "fee_direction"

// columnSpec is one compiled Column.
type columnSpec struct {
	*Column
	targets []Target // none: the layout's own name
	Keys    []string // normalised Names
	More    []string // normalised More
	or      int      // index of the column Or, -1 for none
	add     []addend // the columns Add
	unit    money.Unit
	hasUnit bool
	formats []dateFormat
	zone    *zone // of its times, nil for China's
	match   *regexp.Regexp
	absent  []string
}

// constants are values that every row gets unless a column says otherwise.
type constants struct {
	kind     record.Kind
	status   record.Status
	channel  record.Channel
	hasChan  bool
	cardType record.CardType
	hasCard  bool
	text     map[record.Field]string
	dates    map[Target]record.Date
}

type ruleSpec struct {
	when   condSpec
	take   map[Target]int // column
	clear  []Target
	kind   record.Kind
	status record.Status
	sign   int8
	set    constants
	reject int // column that makes the row two transactions, -1 for none
}

type skipSpec struct {
	line   *regexp.Regexp
	when   condSpec
	unless bool
}

// condSpec is a compiled Cond: all of its tests must hold.
type condSpec []condTest

type condTest struct {
	col  int
	alts []condAlt
}

type condAlt struct {
	text  string
	empty bool
	any   bool
	zero  bool
	not   bool // not zero
	re    *regexp.Regexp
}

type extractSpec struct {
	from string
	re   *regexp.Regexp
}

type controlSpec struct {
	*ControlRule
	line     *regexp.Regexp
	unless   *regexp.Regexp
	currency int // group of line; -1: none
	unit     money.Unit
	kinds    []record.Kind
	statuses []record.Status
	sign     int8 // 0: rows of both
	sums     []sumSpec
}

// sumSpec is what a control's amount adds up: one of our fields, or a column as printed.
type sumSpec struct {
	field Target
	col   int
	ok    bool // of rows that are ok
}

var (
	layoutName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	ownName    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`) // of a column
)

// compileSignature checks what a layout says of itself and how it is
// recognised; the errors say where and what.
func (l *Layout) compileSignature() error {
	if l.Priority == 0 {
		l.Priority = 50
	}
	switch {
	case !layoutName.MatchString(l.Name):
		return fmt.Errorf("name %q: want lower-case letters, digits and hyphens", l.Name)
	case l.Title == "" || l.TitleEN == "":
		return errors.New("title and title_en are wanted")
	case l.RecordSide() == record.SideUnknown:
		return fmt.Errorf("side %q: want pos, clearing or bank", l.Side)
	case !slices.Contains([]string{"A", "B", "C", "D"}, l.Grade):
		return fmt.Errorf("grade %q: want A, B, C or D", l.Grade)
	case l.Source == "":
		return errors.New("source is wanted")
	}
	l.Sign = &signature{}
	return cmp.Or(l.compileShape(l.Sign), l.compileDetect(l.Sign))
}

// Complete compiles the rest of a layout that a file may have. Most of the
// built-in ones are only looked at; they are known to be right.
func (l *Layout) Complete() *compiled {
	l.once.Do(func() {
		if err := l.compile(); err != nil {
			panic(fmt.Sprintf("layout %s: %v", l.Name, err))
		}
	})
	return l.Compiled
}

// compile checks the rest of a layout.
func (l *Layout) compile() error {
	if len(l.FeesOf) > 0 && !slices.ContainsFunc(l.Columns, func(c Column) bool { return c.As == "orig_key" }) {
		return errors.New("fees_of is wanted together with a column orig_key")
	}
	c := &compiled{signature: l.Sign}
	for _, step := range []func(*compiled) error{l.compileFormat, l.compileColumns, l.compileTelling, l.compileWords, l.compileConst, l.compileRules, l.compileSkips, l.compileExtracts, l.compileControls, l.compileIdentities, l.compileBatch} {
		if err := step(c); err != nil {
			return err
		}
	}
	l.Compiled = c
	return nil
}

func parseUnit(s string) (u money.Unit, given bool, err error) {
	switch s {
	case "":
		return 0, false, nil
	case "yuan":
		return money.Yuan, true, nil
	case "fen":
		return money.UnitFen, true, nil
	}
	return 0, false, fmt.Errorf("unit %q: want yuan or fen", s)
}

func (l *Layout) compileShape(c *signature) error {
	f := &l.Format
	form, ok := map[string]FormKind{"": FormDelimited, "delimited": FormDelimited, "fixed": FormFixed, "ruler": formRuler, "blanks": formBlanks}[f.Form]
	if !ok {
		return fmt.Errorf("format.form %q: want delimited, fixed, ruler or blanks", f.Form)
	}
	c.Form = form
	switch f.Header {
	case "", "names":
		c.Headerless = form == FormFixed
	case "none":
		c.Headerless = true
	default:
		return fmt.Errorf("format.header %q: want names or none", f.Header)
	}
	if c.depth = max(1, f.HeaderRows); f.HeaderRows < 0 || c.depth > maxHeaderRows || c.depth > 1 && (c.Headerless || form != FormDelimited) {
		return fmt.Errorf("format.header_rows %d: want 1 to %d, in a delimited form with a header", f.HeaderRows, maxHeaderRows)
	}
	for _, d := range f.Delimiters {
		if len(d) != 1 || !strings.Contains(",\t|;^", d) {
			return fmt.Errorf("format.delimiters: %q is none of , tab | ; ^", d)
		}
		c.Delims = append(c.Delims, d[0])
	}
	if len(c.Delims) == 0 {
		c.Delims = []byte(",\t|;^")
	}
	return nil
}

func (l *Layout) compileFormat(c *compiled) (err error) {
	f := &l.Format
	c.Quote = f.Quote == nil || *f.Quote
	c.builtin = f.SkipBuiltin == nil || *f.SkipBuiltin
	if c.unit, c.hasUnit, err = parseUnit(f.Unit); err != nil {
		return fmt.Errorf("format.%w", err)
	}
	if f.HeaderUnit != "" && f.HeaderUnit != "ignore" {
		return fmt.Errorf("format.header_unit %q: want ignore", f.HeaderUnit)
	}
	var ok bool
	if c.feeSign, ok = map[string]feeSign{"": feeLikeAmount, "amount": feeLikeAmount, "cost": feeIsCost, "income": feeIsIncome, "direction": feeByWord}[f.FeeSign]; !ok {
		return fmt.Errorf("format.fee_sign %q: want amount, cost, income or direction", f.FeeSign)
	}
	c.length = f.Length
	if c.Headerless && f.Line == "" && c.Form != FormDelimited {
		return errors.New("format.line is wanted where there is no header")
	}
	if c.Headerless && c.Form == FormDelimited && len(f.Cells) == 0 {
		return errors.New("format.cells is wanted where there is no header")
	}
	if c.line, err = compileRegexp("format.line", f.Line); c.line != nil {
		c.shape, _ = shapeOf(f.Line)
	}
	return err
}

func compileRegexp(where, s string) (*regexp.Regexp, error) {
	if s == "" {
		return nil, nil
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return re, nil
}

func compileRegexps(where, flags string, list []string) (out []*regexp.Regexp, err error) {
	for _, s := range list {
		re, err := compileRegexp(where, flags+s)
		if err != nil {
			return nil, err
		}
		out = append(out, re)
	}
	return out, nil
}

func (l *Layout) compileDetect(c *signature) (err error) {
	d := &l.Detect
	if c.file, err = compileRegexps("detect.file", "(?i)", d.File); err != nil {
		return err
	}
	if d.FileRequired && len(c.file) == 0 {
		return errors.New("detect.file_required without detect.file")
	}
	if c.head, err = compileRegexps("detect.lines", "", d.Lines); err != nil {
		return err
	}
	if c.empty, err = compileRegexps("detect.empty", "", d.Empty); err != nil {
		return err
	}
	if c.Unused, err = compileRegexps("detect.unused", "(?i)", d.Unused); err != nil {
		return err
	}
	for _, n := range d.Columns {
		names := []string{NormHeader(n).Key}
		for i := range l.Columns {
			if slices.Contains(l.Columns[i].Names, n) {
				for _, other := range l.Columns[i].Names {
					names = append(names, NormHeader(other).Key)
				}
			}
		}
		c.sig = append(c.sig, names)
	}
	for _, n := range d.NotColumns {
		c.not = append(c.not, NormHeader(n).Key)
	}
	return nil
}

func (l *Layout) compileTelling(c *compiled) error {
	for _, v := range []struct {
		where string
		names []string
		to    *[]int
	}{{"telling", l.Detect.Telling, &c.telling}, {"unless", l.Detect.Unless, &c.unless}} {
		for _, name := range v.names {
			i := c.columnNamed(name)
			if i < 0 {
				return fmt.Errorf("detect.%s: %s is no column of the layout", v.where, name)
			}
			*v.to = append(*v.to, i)
		}
	}
	return nil
}

func (l *Layout) compileColumns(c *compiled) error {
	byTarget := map[Target]bool{}
	for i := range l.Columns {
		spec, err := l.compileColumn(c, &l.Columns[i])
		if err != nil {
			return fmt.Errorf("column %d (%s): %w", i+1, l.Columns[i].As, err)
		}
		for _, t := range spec.targets {
			if byTarget[t] {
				return fmt.Errorf("column %d: field %s is bound twice", i+1, targetNames[t])
			}
			byTarget[t] = true
		}
		if c.columnNamed(spec.As) >= 0 {
			return fmt.Errorf("column %d: name %s is used twice", i+1, spec.As)
		}
		c.Columns = append(c.Columns, spec)
		if c.Form == FormFixed && spec.Required {
			c.minLength = max(c.minLength, spec.Start+spec.Len)
		}
	}
	for i, spec := range c.Columns {
		if spec.or = -1; spec.Or == "" {
			continue
		}
		if spec.or = c.columnNamed(spec.Or); spec.or < 0 || spec.or == i || c.Columns[spec.or].Or != "" && spec.or <= i {
			return fmt.Errorf("column %s: or = %s must be a column, a later one if it has an or itself", spec.As, spec.Or)
		}
	}
	if err := c.compileAdd(); err != nil {
		return err
	}
	if c.feeWord = int16(c.columnNamed(feeDirection)); c.feeSign == feeByWord && c.feeWord < 0 {
		return errors.New("format.fee_sign direction: want a column as = \"fee_direction\"")
	}
	if l.Format.MinLength > 0 {
		c.minLength = l.Format.MinLength
	}
	if l.Ignore {
		return nil
	}
	if !byTarget[Target(record.FieldAmount)] && !byTarget[targetAmountIn] {
		return errors.New("no column is amount (or amount_in and amount_out)")
	}
	if byTarget[targetAmountIn] != byTarget[targetAmountOut] {
		return errors.New("amount_in and amount_out go together")
	}
	return l.compileRequire(c, byTarget)
}

// compileAdd finds the columns that are added to others.
func (c *compiled) compileAdd() error {
	for i, spec := range c.Columns {
		for _, name := range spec.Add {
			name, less := strings.CutPrefix(name, "-")
			k := c.columnNamed(name)
			switch {
			case k < 0 || k == i:
				return fmt.Errorf("column %s: add = %s must be another column", spec.As, name)
			case len(spec.targets) > 0 && !slices.ContainsFunc(spec.targets, Target.isMoney):
				return fmt.Errorf("column %s: add is for money", spec.As)
			}
			spec.add = append(spec.add, addend{k, less})
		}
	}
	return nil
}

// addend is a column whose amount is added to another one's, or taken off it.
type addend struct {
	col  int
	less bool
}

func (l *Layout) compileRequire(c *compiled, byTarget map[Target]bool) error {
	for i, spec := range c.Columns {
		if spec.Required {
			c.require = append(c.require, []int{i})
		}
	}
	for _, g := range l.Require {
		var group []int
		for _, n := range g {
			i := c.columnNamed(n)
			if i < 0 {
				return fmt.Errorf("require: no column %s", n)
			}
			group = append(group, i)
		}
		c.require = append(c.require, group)
	}
	for _, g := range c.require {
		for _, i := range g {
			for _, t := range c.Columns[i].targets {
				c.mustTime = c.mustTime || t == Target(record.FieldTime) || t == targetDate
			}
		}
	}
	return nil
}

func (l *Layout) compileColumn(c *compiled, col *Column) (spec *columnSpec, err error) {
	spec = &columnSpec{Column: col, absent: append(slices.Clone(l.Format.Absent), col.Absent...)}
	for i, n := range append([]string{col.As}, col.Also...) {
		t, known := TargetNamed[n]
		switch {
		case known:
			spec.targets = append(spec.targets, t)
		case i > 0:
			return nil, fmt.Errorf("also: unknown field %q", n)
		case !ownName.MatchString(n):
			return nil, fmt.Errorf("as %q: want a field or a lower-case name", n)
		}
	}
	for _, n := range col.Names {
		if k := NormHeader(n).Key; !slices.Contains(spec.Keys, k) {
			spec.Keys = append(spec.Keys, k)
		}
	}
	for _, n := range col.More {
		spec.More = append(spec.More, NormHeader(n).Key)
	}
	switch {
	case c.Form == FormFixed && col.Len <= 0:
		return nil, errors.New("start and len are wanted in a fixed form")
	case c.Headerless && c.Form != FormFixed && col.At <= 0:
		return nil, errors.New("at is wanted where there is no header")
	case !c.Headerless && len(col.Names) == 0:
		return nil, errors.New("names are wanted")
	case col.Sign != "" && col.Sign != "cd":
		return nil, fmt.Errorf("sign %q: want cd", col.Sign)
	}
	if spec.unit, spec.hasUnit, err = parseUnit(col.Unit); err != nil {
		return nil, err
	}
	if !spec.hasUnit && !c.hasUnit && slices.ContainsFunc(spec.targets, Target.isMoney) {
		return nil, errors.New("the unit is nowhere stated: format.unit or column.unit")
	}
	for _, f := range col.Formats {
		df, err := CompileDateFormat(f)
		if err != nil {
			return nil, err
		}
		spec.formats = append(spec.formats, df)
	}
	if col.Zone != "" {
		z, ok := zoneNamed(col.Zone)
		if !ok {
			return nil, fmt.Errorf("zone %q: want an offset like +08:00, UTC or a place like America/New_York", col.Zone)
		}
		spec.zone = z
	}
	if spec.match, err = compileRegexp("match", col.Match); err == nil && spec.match != nil && spec.match.NumSubexp() < 1 {
		err = errors.New("match: want a group")
	}
	return spec, err
}

// columnNamed is the index of the column whose as is name, or -1.
func (c *compiled) columnNamed(name string) int {
	return slices.IndexFunc(c.Columns, func(s *columnSpec) bool { return s.As == name })
}

func (l *Layout) compileWords(c *compiled) (err error) {
	w := &l.Words
	for _, v := range []struct {
		to     **vocabulary
		name   string
		words  Vocabulary
		names  map[string]Meaning
		common func(string) Meaning
		deflt  Meaning
		code   problem.Code
	}{
		{&c.kind, "kind", w.Kind, KindNames, CommonKind, MeansReject, CodeUnknownKind},
		{&c.status, "status", w.Status, StatusNames, CommonStatus, MeansReject, CodeUnknownStatus},
		{&c.direction, "direction", w.Direction, DirectionNames, CommonDirection, MeansReject, CodeUnknownWord},
		{&c.channel, "channel", w.Channel, channelNames, CommonChannel, meansUnknown, CodeUnknownWord},
		{&c.cardType, "card_type", w.CardType, cardTypeNames, CommonCardType, meansUnknown, CodeUnknownWord},
	} {
		if *v.to, err = compileVocabulary(v.name, v.words, v.names, v.common, v.deflt, v.code); err != nil {
			return err
		}
	}
	return nil
}

// add reads one constant.
func (k *constants) add(name, value string) error {
	bad := func(what string) error { return fmt.Errorf("%s %q is not a %s", name, value, what) }
	switch name {
	case "kind":
		m, ok := KindNames[value]
		if !ok {
			return bad("kind")
		}
		k.kind = record.Kind(m)
	case "status":
		m, ok := StatusNames[value]
		if !ok || m < 0 {
			return bad("status")
		}
		k.status = record.Status(m)
	case "channel":
		m, ok := channelNames[value]
		if !ok {
			return bad("channel")
		}
		k.channel, k.hasChan = record.Channel(m), true
	case "card_type":
		m, ok := cardTypeNames[value]
		if !ok {
			return bad("card type")
		}
		k.cardType, k.hasCard = record.CardType(m), true
	default:
		t, ok := TargetNamed[name]
		if !ok || !t.isText() {
			return fmt.Errorf("%s is not a text field", name)
		}
		if k.text == nil {
			k.text = map[record.Field]string{}
		}
		k.text[record.Field(t)] = value
	}
	return nil
}

func (l *Layout) compileConst(c *compiled) error {
	if l.Acquirer != "" {
		c.consts.text = map[record.Field]string{record.Acquirer: l.Acquirer}
	}
	for _, n := range slices.Sorted(maps.Keys(l.Const)) {
		if err := c.consts.add(n, l.Const[n]); err != nil {
			return fmt.Errorf("const: %w", err)
		}
	}
	return nil
}

func (l *Layout) compileRules(c *compiled) error {
	for i := range l.Rules {
		r, err := l.compileRule(c, &l.Rules[i])
		if err != nil {
			return fmt.Errorf("rule %d: %w", i+1, err)
		}
		c.rules = append(c.rules, r)
	}
	return nil
}

var signNames = map[string]int8{"": 0, "+": 1, "-": -1}

func (l *Layout) compileRule(c *compiled, in *Rule) (r ruleSpec, err error) {
	if len(in.When) == 0 {
		return r, errors.New("when is wanted")
	}
	if r.when, err = c.compileCond(in.When); err != nil {
		return r, err
	}
	r.take = map[Target]int{}
	for _, f := range slices.Sorted(maps.Keys(in.Take)) {
		t, ok := TargetNamed[f]
		col := c.columnNamed(in.Take[f])
		if !ok || col < 0 {
			return r, fmt.Errorf("take: %s = %s names no field or no column", f, in.Take[f])
		}
		r.take[t] = col
	}
	for _, f := range in.Clear {
		t, ok := TargetNamed[f]
		if !ok {
			return r, fmt.Errorf("clear: %s names no field", f)
		}
		r.clear = append(r.clear, t)
	}
	var known bool
	if r.sign, known = signNames[in.Sign]; !known {
		return r, fmt.Errorf("sign %q: want + or -", in.Sign)
	}
	set := maps.Clone(in.Set)
	if set == nil {
		set = map[string]string{}
	}
	if in.Kind != "" {
		set["kind"] = in.Kind
	}
	if in.Status != "" {
		set["status"] = in.Status
	}
	for _, n := range slices.Sorted(maps.Keys(set)) {
		if err := r.set.add(n, set[n]); err != nil {
			return r, err
		}
	}
	r.kind, r.status = r.set.kind, r.set.status
	if r.reject = c.columnNamed(in.Reject); in.Reject != "" && r.reject < 0 {
		return r, fmt.Errorf("reject: no column %s", in.Reject)
	}
	return r, nil
}

func (c *compiled) compileCond(in Cond) (condSpec, error) {
	var out condSpec
	for _, n := range slices.Sorted(maps.Keys(in)) {
		col := c.columnNamed(n)
		if col < 0 {
			return nil, fmt.Errorf("condition: no column %s", n)
		}
		t := condTest{col: col}
		for _, v := range in[n] {
			a := condAlt{text: NormWord(v)}
			switch {
			case v == "":
				a.empty = true
			case v == "*":
				a.any = true
			case v == "0":
				a.zero = true
			case v == "-0":
				a.not = true
			case v[0] == '~':
				re, err := compileRegexp("condition", v[1:])
				if err != nil {
					return nil, err
				}
				a.re = re
			}
			t.alts = append(t.alts, a)
		}
		out = append(out, t)
	}
	return out, nil
}

func (l *Layout) compileSkips(c *compiled) error {
	for i, s := range l.Skips {
		re, err := compileRegexp("line", s.Line)
		if err != nil {
			return fmt.Errorf("skip %d: %w", i+1, err)
		}
		if n := Btoi(s.Line != "") + Btoi(len(s.When) > 0) + Btoi(len(s.Unless) > 0); n != 1 {
			return fmt.Errorf("skip %d: want one of line, when and unless", i+1)
		}
		cond := s.When
		if len(s.Unless) > 0 {
			cond = s.Unless
		}
		when, err := c.compileCond(cond)
		if err != nil {
			return fmt.Errorf("skip %d: %w", i+1, err)
		}
		c.skips = append(c.skips, skipSpec{line: re, when: when, unless: len(s.Unless) > 0})
	}
	return nil
}

func Btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (l *Layout) compileExtracts(c *compiled) error {
	for i, e := range l.Extract {
		re, err := compileRegexp("match", e.Match)
		switch {
		case err != nil:
			return fmt.Errorf("extract %d: %w", i+1, err)
		case re == nil || e.From != "file" && e.From != "head" && e.From != "tail":
			return fmt.Errorf("extract %d: want match, and from = file, head or tail", i+1)
		}
		for _, n := range re.SubexpNames()[1:] {
			if t, ok := TargetNamed[n]; n != "" && n != "year" && (!ok || !t.isText() && !t.IsWhen() || t == Target(record.FieldTime) || t == targetClock) {
				return fmt.Errorf("extract %d: group %s is no field that can be extracted", i+1, n)
			}
		}
		c.extracts = append(c.extracts, extractSpec{e.From, re})
	}
	return nil
}

func (l *Layout) compileControls(c *compiled) error {
	for i := range l.Control {
		s, err := l.compileControl(c, &l.Control[i])
		if err != nil {
			return fmt.Errorf("control %s: %w", strconv.Itoa(i+1), err)
		}
		c.controls = append(c.controls, s)
	}
	return nil
}

func (l *Layout) compileControl(c *compiled, in *ControlRule) (s controlSpec, err error) {
	s = controlSpec{ControlRule: in, unit: c.unit}
	if (in.Line == "") == (in.Header == "") {
		return s, errors.New("want line or header")
	}
	s.currency = -1
	if s.line, err = compileRegexp("line", in.Line); err != nil {
		return s, err
	}
	if s.unless, err = compileRegexp("unless", in.Unless); err != nil {
		return s, err
	}
	if s.line != nil {
		s.currency = s.line.SubexpIndex("currency")
	}
	if s.line != nil && s.line.SubexpIndex("rows") < 0 && s.line.SubexpIndex("amount") < 0 {
		return s, errors.New("line: want a group named rows or amount")
	}
	if u, given, err := parseUnit(in.Unit); err != nil {
		return s, err
	} else if given {
		s.unit = u
	}
	sign, ok := signNames[in.Sign]
	if !ok {
		return s, fmt.Errorf("sign %q: want + or -", in.Sign)
	}
	s.sign = sign
	for _, k := range in.Kinds {
		m, ok := KindNames[k]
		if !ok {
			return s, fmt.Errorf("unknown kind %q", k)
		}
		s.kinds = append(s.kinds, record.Kind(m))
	}
	for _, k := range in.Status {
		m, ok := StatusNames[k]
		if !ok || m < 0 {
			return s, fmt.Errorf("unknown status %q", k)
		}
		s.statuses = append(s.statuses, record.Status(m))
	}
	sums := in.Sum
	if len(sums) == 0 {
		sums = Values{"amount"}
	}
	for _, n := range sums {
		t, ok := map[string]Target{"amount": Target(record.FieldAmount), "fee": Target(record.FieldFee), "net": Target(record.FieldNet), "ok": sumOfOK, "sales": sumOfSales, "moved": sumOfMoved, "charged": sumOfCharged, "returned": sumOfReturned}[n]
		name, isColumn := strings.CutPrefix(n, "column:")
		switch col := c.columnNamed(name); {
		case ok:
			s.sums = append(s.sums, sumSpec{field: t, col: -1})
		case isColumn && col >= 0:
			s.sums = append(s.sums, sumSpec{col: col})
		default:
			return s, fmt.Errorf("sum: %q is none of amount, fee, net, ok, sales, moved, charged, returned and column:NAME", n)
		}
	}
	return s, nil
}
