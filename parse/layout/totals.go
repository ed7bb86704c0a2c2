package layout

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// Files of layouts that describe no control still often carry totals: a line
// 合计 under the rows or above the header, 小计 between them, 总金额：… in the
// title. What such a total includes is not known (failed rows, refunds with or
// without their sign), so it is right if any sensible sum of the column equals
// it. One that equals none refuses the file.

// maxTotalled is the size up to which every totals line is checked against the
// rows above it; of longer files, only the one at the end.
const maxTotalled = HeadBytes

// totals finds the totals of a file and checks those of its parts.
func (s *View) totals(p *Plan, above, tail []DocRecord) *problem.Problem {
	if p.Form != FormDelimited || !p.Layout.Compiled.builtin {
		return nil
	}
	p.totalsAbove(above)
	declared := s.totalsBelow(p, tail[max(0, len(tail)-maxTrailer):])
	if s.Whole && s.In.Size <= maxTotalled {
		return s.totalsWithin(p, declared)
	}
	return nil
}

// moneyTargets are the columns that totals lines sum up.
var moneyTargets = []Target{Target(record.FieldAmount), targetAmountIn, targetAmountOut, Target(record.FieldFee), Target(record.FieldNet), Target(record.FieldCredited)}

// sensibleSums are what a total of a column may mean.
func sensibleSums(t Target, use int) []sumSpec {
	sums := []sumSpec{{col: use}, {col: use, ok: true}}
	switch t {
	case Target(record.FieldAmount):
		sums = append(sums, sumSpec{field: t, col: -1}, sumSpec{field: sumOfOK, col: -1}, sumSpec{field: sumOfSales, col: -1}, sumSpec{field: sumOfRefunds, col: -1})
	case targetAmountIn, targetAmountOut:
	default:
		sums = append(sums, sumSpec{field: t, col: -1}, sumSpec{field: t, col: -1, ok: true})
	}
	return sums
}

// totalsIn are the totals that one line states, a control for every column.
func (p *Plan) totalsIn(cells []string, line int64) (cs []control) {
	for _, t := range moneyTargets {
		use := int(p.bindings[0].at[t])
		if use < 0 || p.Uses[use].Cell < 0 || p.Uses[use].Cell >= len(cells) {
			continue
		}
		u := &p.Uses[use]
		v := Unguard([]byte(cells[u.Cell]))
		f, err := money.Parse(v, u.unit)
		if len(v) == 0 || err != nil {
			continue
		}
		cs = append(cs, control{sums: sensibleSums(t, use), Amount: f, HasAmount: true, line: line, column: u.Header})
	}
	return cs
}

// totalKind says what a line's first filled cell calls it.
type totalKind uint8

const (
	NoTotal totalKind = iota
	partTotal
	grandTotal
)

// TotalOf tells totals of all rows and of a part from other lines. A total of
// something particular (合计(微信)) is neither: what it includes is not known.
func TotalOf(cells []string) totalKind {
	for _, c := range cells {
		if w := NormWord(string(Unguard([]byte(c)))); w != "" {
			return totalWord(w)
		}
	}
	return NoTotal
}

// totalIn is TotalOf for cells in the document's encoding.
func (p *Plan) totalIn(cells [][]byte) totalKind {
	for _, c := range cells {
		if c = Unguard(c); len(c) == 0 {
			continue
		}
		t, _ := p.Enc.AppendText(nil, c)
		if w := NormWord(string(t)); w != "" {
			return totalWord(w)
		}
	}
	return NoTotal
}

// totalWord is TotalOf for the first filled cell, normalised.
func totalWord(w string) totalKind {
	w = strings.TrimRight(w, ":")
	if i := countInTotals.FindStringIndex(w); i != nil && i[1] == len(w) {
		w = strings.TrimRight(w[:i[0]], ":,共")
	}
	if head, n, ok := strings.Cut(w, ":"); ok && smallNumber.MatchString(n) {
		w = head // 总计：6
	}
	switch w {
	case "合计", "总计", "共计", "汇总", "总合计", "合计金额", "总金额", "total", "grandtotal", "totals":
		return grandTotal
	case "小计", "本页小计", "本页合计", "当日小计", "门店小计", "终端小计", "商户小计", "subtotal":
		return partTotal
	}
	return NoTotal
}

// wordedTotal is a totals line that says it all in one sentence: 合计：3笔，金额15.00元.
var wordedTotal = regexp.MustCompile(`^(?:合计|总计|共计|总合计|汇总|共)[:,共计]*(?:(?:交易|总)?(?:笔数)?:?(\d[\d,]*?)[笔条行])?[,;、]*(?:(?:交易|合计|总)*金额(?:\(元\))?)?[:为共]*(?:人民币)?(?:[¥]?(-?\d[\d,]*\.\d{1,2})元?)?[。.;,|\x1F]*$`)

// worded gives the total that a sentence states; ok is false for other lines.
func worded(text string) (amount money.Fen, hasAmount, ok bool) {
	m := wordedTotal.FindStringSubmatch(NormWord(text))
	if m == nil || m[1] == "" && m[2] == "" {
		return 0, false, false
	}
	if m[2] == "" {
		return 0, false, true
	}
	f, err := money.Parse([]byte(m[2]), money.Yuan)
	return f, err == nil, err == nil // 合计,5,50.00 is no sentence
}

// countInTotals finds the number of rows in a totals line.
var countInTotals = regexp.MustCompile(`([\d,]+)\s*[笔条行]`)

// totalsBelow takes the only totals line at the end of a file for what the file
// declares, and returns where it is, or -1.
func (s *View) totalsBelow(p *Plan, lines []DocRecord) int64 {
	b := NewBinder(p)
	var found []*DocRecord
	var stated statement
	for i := range lines {
		d := &lines[i]
		switch {
		case !b.sift(d.Cells) && !b.isFooter(d.Cells):
		case p.isGrandTotal(d) || isCurrencyTotal(textsOf(d.Cells, p.Enc)):
			found = append(found, d)
		default:
			stated.read(p, d, s.lineOf(p, d))
		}
	}
	if len(found) == 0 {
		p.Controls = append(p.Controls, stated.once()...)
	}
	if len(found) == 0 || len(found) > 1 && !p.isTotalOfTotals(found) {
		return -1 // none, or several parts, which totalsWithin checks
	}
	last := found[len(found)-1]
	p.declareTotals(last, s.lineOf(p, last))
	return last.off
}

// isTotalOfTotals says whether the last of several totals is that of all rows:
// it has a name of its own, as 总计 has below pages that end with 合计.
func (p *Plan) isTotalOfTotals(found []*DocRecord) bool {
	last := found[len(found)-1]
	if p.totalIn(last.Cells) != grandTotal {
		return false
	}
	for _, d := range found {
		if isCurrencyTotal(textsOf(d.Cells, p.Enc)) || d != last && p.totalName(d) == p.totalName(last) {
			return false
		}
	}
	return true
}

// totalName is what a totals line calls itself.
func (p *Plan) totalName(d *DocRecord) string {
	for _, c := range textsOf(d.Cells, p.Enc) {
		if w := NormWord(string(Unguard([]byte(c)))); w != "" {
			return strings.TrimRightFunc(w, func(r rune) bool { return r < utf8.RuneSelf && !isASCIILetter(r) })
		}
	}
	return ""
}

func isASCIILetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// lineOf is the number of a line behind the header, 0 where it is not known.
func (s *View) lineOf(p *Plan, d *DocRecord) int64 {
	if !s.Whole {
		return 0
	}
	return p.FirstLine + int64(bytes.Count(s.In.Head[p.DataStart:d.off], []byte{s.EOL}))
}

// isCurrencyTotal says whether a line totals what is in one currency. Where it
// is the only total there is one currency.
func isCurrencyTotal(cells []string) bool {
	first := NormWord(string(Unguard([]byte(cells[0]))))
	for _, w := range []string{"合计", "总计"} {
		if c, ok := strings.CutSuffix(strings.TrimRight(first, ":"), w); ok {
			_, ok = currencyCode([]byte(c))
			return ok
		}
	}
	return false
}

// isGrandTotal says whether a line totals all rows, in columns or in words.
func (p *Plan) isGrandTotal(d *DocRecord) bool {
	_, _, inWords := worded(d.plain(p))
	return inWords || p.totalIn(d.Cells) == grandTotal
}

// declareTotals takes a line's totals for those of the file.
func (p *Plan) declareTotals(d *DocRecord, line int64) {
	cells, text := textsOf(d.Cells, p.Enc), d.plain(p)
	cs := p.totalsIn(cells, line)
	use := int(p.bindings[0].at[record.FieldAmount])
	f, hasAmount, inWords := worded(text)
	if hasAmount && use >= 0 && len(cs) == 0 {
		cs = []control{{sums: sensibleSums(Target(record.FieldAmount), use), Amount: f, HasAmount: true, line: line}}
	}
	if len(cs) == 0 && !inWords {
		cs = p.looseTotal(cells, line)
	}
	if !inWords {
		text = strings.Join(cells, " ") // no number goes on in the next cell
	}
	rows, hasRows := int64(0), false
	if m := countInTotals.FindStringSubmatch(text); m != nil {
		rows, hasRows = parseCount(m[1])
	} else if len(cs) > 0 {
		rows, hasRows = p.bareCount(cells)
	}
	if hasRows {
		if len(cs) == 0 {
			cs = []control{{line: line}}
		}
		cs[0].Rows, cs[0].HasRows = rows, true
	}
	p.Controls = append(p.Controls, cs...)
}

// Numbers as totals lines have them.
var (
	decimalNumber = regexp.MustCompile(`^-?\d[\d,]*\.\d{1,2}$`)
	smallNumber   = regexp.MustCompile(`^(?:0|[1-9]\d{0,6})$`)
)

// looseTotal is the total of a line that has only one number with decimals, and
// not where rows have their money: 合计,5,50.00. Which money it is the total of
// is not said, so it is right if it is that of any.
func (p *Plan) looseTotal(cells []string, line int64) []control {
	var found []string
	for _, c := range cells {
		if c = string(Unguard([]byte(c))); decimalNumber.MatchString(c) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return nil
	}
	f, err := money.Parse(found[0], money.Yuan)
	if err != nil {
		return nil
	}
	c := control{Amount: f, HasAmount: true, line: line}
	for _, t := range moneyTargets {
		if use := int(p.bindings[0].at[t]); use >= 0 {
			c.sums = append(c.sums, sensibleSums(t, use)...)
		}
	}
	if len(c.sums) == 0 {
		return nil
	}
	return []control{c}
}

// bareCount is the number of rows where a totals line has it without saying so:
// as the only small number in a column whose values nobody adds up.
func (p *Plan) bareCount(cells []string) (n int64, ok bool) {
	for i, c := range cells {
		if c = string(Unguard([]byte(c))); smallNumber.MatchString(c) && p.isNoQuantity(i) {
			if ok {
				return 0, false
			}
			n, ok = parseCount(c)
		}
	}
	return n, ok
}

// isNoQuantity says whether rows have a number, a word or a moment in a cell.
func (p *Plan) isNoQuantity(cell int) bool {
	known := false
	for t, use := range p.bindings[0].at {
		if use < 0 || p.Uses[use].Cell != cell {
			continue
		}
		if Target(t).isMoney() {
			return false
		}
		known = true
	}
	return known
}

// Totals that lines state in words, above the header or under the rows. A word
// before makes them those of some rows: 退款总笔数.
var (
	statedRows   = regexp.MustCompile(`(?:^|[^\p{Han}])(?:交易)?(?:总笔数|交易笔数|合计笔数|累计笔数|汇总笔数|总条数|总?记录数)[：:\x1F\t ]{1,3}(\d[\d,]*)`)
	statedAmount = regexp.MustCompile(`(?:^|[^\p{Han}])(?:总金额|交易总金额|合计金额|累计金额|汇总金额|汇总|交易总额|交易金额合计)(?:[（(]元[)）])?[：:\x1F\t ]{1,3}[￥¥]?(-?\d[\d,]*\.\d\d)(?:[^\d]|$)`)
)

// A statement is what lines state in words.
type statement struct {
	rows, amounts, in, out []control
}

// read takes what a line states.
func (st *statement) read(p *Plan, d *DocRecord, line int64) {
	text := strings.Join(textsOf(d.Cells, p.Enc), "\x1F")
	if m := statedRows.FindStringSubmatch(text); m != nil {
		if rows, ok := parseCount(strings.TrimRight(m[1], ",")); ok {
			st.rows = append(st.rows, control{Rows: rows, HasRows: true, line: line})
		}
	}
	st.readFlows(p, text, line)
	use := int(p.bindings[0].at[record.FieldAmount])
	if m := statedAmount.FindStringSubmatch(text); m != nil && use >= 0 {
		if f, err := money.Parse(m[1], money.Yuan); err == nil {
			st.amounts = append(st.amounts, control{sums: sensibleSums(Target(record.FieldAmount), use), Amount: f, HasAmount: true, line: line})
		}
	}
}

// Totals of what came in and of what went out, and the balances at both ends.
var (
	statedIn      = regexp.MustCompile(`(?:^|[^\p{Han}])(?:总收入|收入合计|收入总额|收入总金额|贷方合计|贷方总额|贷方总金额|贷方发生额合计)(?:[（(]元[)）])?[：:\x1F\t ]{1,3}[￥¥]?(\d[\d,]*\.\d\d)(?:[^\d]|$)`)
	statedOut     = regexp.MustCompile(`(?:^|[^\p{Han}])(?:总支出|支出合计|支出总额|支出总金额|借方合计|借方总额|借方总金额|借方发生额合计)(?:[（(]元[)）])?[：:\x1F\t ]{1,3}[￥¥]?-?(\d[\d,]*\.\d\d)(?:[^\d]|$)`)
	statedOpening = regexp.MustCompile(`(?:^|[^\p{Han}])(?:期初余额|上期余额)(?:[（(]元[)）])?[：:\x1F\t ]{1,3}[￥¥]?(-?\d[\d,]*\.\d\d)(?:[^\d]|$)`)
	statedClosing = regexp.MustCompile(`(?:^|[^\p{Han}])(?:期末余额|本期余额)(?:[（(]元[)）])?[：:\x1F\t ]{1,3}[￥¥]?(-?\d[\d,]*\.\d\d)(?:[^\d]|$)`)
)

// readFlows takes the totals of both directions and the balances at both ends.
func (st *statement) readFlows(p *Plan, text string, line int64) {
	for i, re := range [...]*regexp.Regexp{statedIn, statedOut} {
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		f, err := money.Parse(m[1], money.Yuan)
		if err != nil {
			continue
		}
		t, sum, to := targetAmountIn, Target(sumOfSales), &st.in
		if i == 1 {
			t, sum, to = targetAmountOut, sumOfRefunds, &st.out
		}
		sums := []sumSpec{{field: sum, col: -1}}
		if use := int(p.bindings[0].at[t]); use >= 0 {
			sums = append(sums, sensibleSums(t, use)...)
		} else if use := int(p.bindings[0].at[record.FieldAmount]); use >= 0 && p.Side != record.SideBank {
			sums = append(sums, sensibleSums(Target(record.FieldAmount), use)...)
		}
		*to = append(*to, control{sums: sums, Amount: f, HasAmount: true, line: line})
	}
	for i, re := range [...]*regexp.Regexp{statedOpening, statedClosing} {
		to := [...]*declaredBalance{&p.opening, &p.closing}[i]
		if m := re.FindStringSubmatch(text); m != nil {
			if f, err := money.Parse(m[1], money.Yuan); err == nil {
				*to = declaredBalance{amount: f, has: !to.said, said: true, line: line} // said twice: of parts of the file
			}
		}
	}
}

// once is what is stated only once: the same again is of parts of the file.
func (st *statement) once() (cs []control) {
	for _, part := range [][]control{st.rows, st.amounts, st.in, st.out} {
		if len(part) == 1 {
			cs = append(cs, part[0])
		}
	}
	return cs
}

// totalsAbove reads totals in the lines above the header.
func (p *Plan) totalsAbove(above []DocRecord) {
	line := int64(1)
	for i := range above {
		d := &above[i]
		if line >= p.Why.Header {
			return
		}
		if p.isGrandTotal(d) {
			p.declareTotals(d, line)
		} else {
			var st statement
			st.read(p, d, line)
			p.Controls = append(p.Controls, slices.Concat(st.rows, st.amounts, st.in, st.out)...)
		}
		line += d.lines
	}
}

// totalsWithin checks every totals line of a file that is in sight as a whole,
// but for the one declared: against the rows since the totals line before it,
// and against all so far.
func (s *View) totalsWithin(p *Plan, declared int64) *problem.Problem {
	saved := p.Controls
	defer func() { p.Controls = saved }()
	columns := make([]string, p.maxCells)
	for i := range columns {
		columns[i] = "0"
	}
	p.Controls = p.totalsIn(columns, 0)
	b, part, all := NewBinder(p), newControlSums(p.Controls), newControlSums(p.Controls)
	var c cutter
	if c.begin(s.In.Head[p.DataStart:p.DataEnd], p.Dialect(problem.Limits{})) != nil {
		return nil
	}
	var row record.Row
	rejected := false
	line := p.FirstLine
	for d, ok := c.next(); ok; d, ok = c.next() {
		if kind := p.totalIn(d.Cells); kind == NoTotal {
			v, _ := b.Bind(&text.Record{Cells: d.Cells}, &row, 0)
			rejected = rejected || v == Rejected || d.Bad != text.FaultNone
			if v == Accepted {
				b.countInto(&part, d.Cells, &row, true)
				b.countInto(&all, d.Cells, &row, true)
			}
		} else if p.DataStart+d.off != declared {
			if problem := p.totalsAgree(textsOf(d.Cells, p.Enc), kind, &part, &all, line); problem != nil && !rejected {
				return problem
			}
			part = newControlSums(p.Controls)
		}
		line += d.lines
	}
	return nil
}

// totalsAgree checks one totals line.
func (p *Plan) totalsAgree(cells []string, kind totalKind, part, all *controlSums, line int64) *problem.Problem {
	for _, c := range p.totalsIn(cells, line) {
		k := slices.IndexFunc(p.Controls, func(o control) bool { return o.column == c.column })
		if k < 0 {
			continue
		}
		near := &part.each[k]
		if kind == grandTotal {
			near = &all.each[k]
		}
		if near.broken || slices.Contains(part.each[k].amounts, c.Amount) || slices.Contains(all.each[k].amounts, c.Amount) {
			continue
		}
		return &problem.Problem{Code: CodeControlAmount, Line: line, Column: c.column, Args: []string{c.Amount.String(), near.amounts[0].String(), (near.amounts[0] - c.Amount).Abs().String()}}
	}
	if m := countInTotals.FindStringSubmatch(strings.Join(cells, " ")); m != nil && len(p.Controls) > 0 {
		n, ok := parseCount(m[1])
		of := func(s *controlSums) bool { return n == s.each[0].accepted || n == s.each[0].ok }
		if ok && !of(part) && !of(all) {
			near := part
			if kind == grandTotal {
				near = all
			}
			return &problem.Problem{Code: CodeControlRows, Line: line, Args: []string{strconv.FormatInt(n, 10), strconv.FormatInt(near.each[0].accepted, 10)}}
		}
	}
	return nil
}
