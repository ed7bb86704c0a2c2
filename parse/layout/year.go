package layout

import (
	"bytes"
	"regexp"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// Days without a year are completed by what the file says of its period: its
// title, else its name. Where nothing does, the file is one period in its own
// order, its last day gets the latest year that is not after the day of the
// run, and the others lie in the year that ends with it.

// halfYear turns the last day of a year's length into its middle: of all the
// days of one month and day, that within the length is nearest to it.
const halfYear = 182

// titleSlack is how many days after a day in its title a file may speak of:
// payouts to come, the trades of the evening.
const titleSlack = 31

var (
	titlePeriod = regexp.MustCompile(`20\d\d[-/.年]?\d{1,2}[-/.月]?\d{1,2}日?[^0-9]{1,20}(20\d\d)[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})(?:\D|$)`)
	titleDay    = regexp.MustCompile(`(?:^|\D)(20\d\d)[-/._年]?(0[1-9]|1[0-2]|[1-9])[-/._月]?(0[1-9]|[12]\d|3[01]|[1-9])(?:\D|$)`)
	titleMonth  = regexp.MustCompile(`(?:^|\D)(20\d\d)[-/._年]?\s?(0[1-9]|1[0-2]|[1-9])(?:月|\D|$)`)
	titleYear   = regexp.MustCompile(`(?:^|\D)(20\d\d)(?:年|\D|$)`)
)

// titled is the day that a title or a name speaks of, a month's last day where
// it names no day; or its year alone.
func titled(text string) (day record.Date, year int) {
	for _, re := range []*regexp.Regexp{titlePeriod, titleDay} {
		if m := re.FindStringSubmatch(text); m != nil {
			if d, ok := record.DateOf(number(m[1]), number(m[2]), number(m[3])); ok {
				return d, 0
			}
		}
	}
	if m := titleMonth.FindStringSubmatch(text); m != nil {
		y, month := number(m[1]), number(m[2])
		if d, ok := record.DateOf(y, month, record.DaysIn(y, month)); ok {
			return d, 0
		}
	}
	if m := titleYear.FindStringSubmatch(text); m != nil {
		return 0, number(m[1])
	}
	return 0, 0
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// findYear sets the reference day of days without a year.
func (s *View) findYear(p *Plan) *problem.Problem {
	use := p.yearless()
	if use < 0 || p.ref != s.In.AsOf { // the layout has found it
		return nil
	}
	texts := []string{}
	for _, r := range s.above(p) {
		if r.off < s.headerOff(p) {
			texts = append(texts, r.forms(p)...)
		}
	}
	year := 0
	for _, t := range append(texts, s.fileName()) {
		day, y := titled(t)
		if day != 0 {
			p.ref = day + titleSlack - halfYear
			return nil
		}
		if year == 0 {
			year = y
		}
	}
	last, ok := s.lastDay(p, use)
	switch {
	case !ok:
		return &problem.Problem{Code: CodeYearTwice, Column: p.Uses[use].Header}
	case last < 0:
		return nil // no day is in sight
	case year == 0 && s.In.AsOf == 0:
		return &problem.Problem{Code: CodeNoYear, Column: p.Uses[use].Header}
	}
	p.ref = endOfPeriod(last, year, s.In.AsOf) - halfYear
	return nil
}

// headerOff is where the header begins, or the first row where there is none.
func (s *View) headerOff(p *Plan) int64 {
	if n := p.Why.Header; n > 0 && int(n) <= len(s.Lines) {
		return s.Lines[n-1].off
	}
	return p.titles
}

// yearless is the column of days without a year, the day of trade before others; -1 for none.
func (p *Plan) yearless() int {
	found := -1
	for i := range p.Uses {
		u := &p.Uses[i]
		if u.Cell < 0 || !slices.ContainsFunc(u.formats, func(f dateFormat) bool { return f.day && !f.year }) {
			continue
		}
		if slices.Contains(u.spec.targets, Target(record.FieldTime)) || slices.Contains(u.spec.targets, targetDate) {
			return i
		}
		if found < 0 {
			found = i
		}
	}
	return found
}

// A leapDay is a month and day as its number in a leap year, from 0.
type leapDay int

const leapYear = 2024

func (d leapDay) in(year int) (record.Date, bool) {
	_, m, n := (record.Civil(leapYear, 1, 1) + record.Date(d)).YMD()
	return record.DateOf(year, m, n)
}

// endOfPeriod is last in the given year, or in the latest that is not after asOf.
func endOfPeriod(last leapDay, year int, asOf record.Date) record.Date {
	if year != 0 {
		if d, ok := last.in(year); ok {
			return d
		}
	}
	y, _, _ := asOf.YMD()
	for n := range 9 { // 29 February comes in eight years at the latest
		if d, ok := last.in(y - n); ok && d <= asOf {
			return d
		}
	}
	return asOf
}

// lastDay is the latest day of a file in its own order; -1 where none is in
// sight, and not ok where the file is longer than a year.
func (s *View) lastDay(p *Plan, use int) (last leapDay, ok bool) {
	head := p.leapDays(CutRecords(s.In.Head[min(p.DataStart, int64(len(s.In.Head))):], p.DataStart, p.Dialect(problem.Limits{}), 0), use)
	parts := [][]leapDay{head}
	if !s.Whole {
		parts = append(parts, p.leapDays(s.below(p), use))
	}
	var all []leapDay
	up, down, ups, downs := 0, 0, 0, 0
	for _, part := range parts {
		for i, d := range part {
			all = append(all, d)
			if i == 0 {
				continue
			}
			switch step := int(d-part[i-1]+366) % 366; {
			case step == 0:
			case step < 183:
				up, ups = up+step, ups+1
			default:
				down, downs = down+366-step, downs+1
			}
		}
	}
	switch {
	case len(all) == 0:
		return -1, true
	case downs == 0:
		return all[len(all)-1], up < 366
	case ups == 0:
		return all[0], down < 366
	}
	if d, gap := beforeGap(all); gap >= 31 || ups == downs {
		return d, true
	}
	if ups > downs {
		return all[len(all)-1], true
	}
	return all[0], true
}

// beforeGap is the day before the longest stretch of the year without any, and
// its length: where rows are in no order of days, the period ends there.
func beforeGap(days []leapDay) (last leapDay, gap int) {
	days = slices.Clone(days)
	slices.Sort(days)
	days = slices.Compact(days)
	for i, d := range days {
		if g := int(days[(i+1)%len(days)]-d+366) % 366; g > gap {
			last, gap = d, g
		}
	}
	if gap == 0 {
		return days[0], 366
	}
	return last, gap
}

// leapDays reads the days of a column.
func (p *Plan) leapDays(recs []DocRecord, use int) (days []leapDay) {
	b := NewBinder(p)
	mid := record.Civil(leapYear, 7, 1)
	for i := range recs {
		cells, v, _ := b.cut(recs[i].Cells)
		if v != Accepted || b.sift(cells) {
			continue
		}
		c := b.own(cells, int16(use))
		for k := range p.Uses[use].formats {
			f := p.Uses[use].formats[k : k+1]
			if w, code := readWhen(b.text(c), f, mid); code == "" && c != nil && !f[0].year {
				if y, _, _ := w.day.YMD(); y == leapYear {
					days = append(days, leapDay(w.day-record.Civil(leapYear, 1, 1)))
				}
				break
			}
		}
	}
	return days
}

// looseDay is a day whose month and day stand first, as statements print it,
// with or without a year and a time of day.
var looseDay = regexp.MustCompile(`^(\d{1,2})([-/.月])(\d{1,2})日?([-/.]\d{4})?(?: +\d{1,2}:\d{2}(?::\d{2})?)?$`)

// learnDays finds the columns of days whose cells in sight all are months and
// days, or those with a year behind. Which comes first must show: by 月, by a
// number above 12, by points, which stand behind the day, or, without a year, by
// names of columns in Chinese, where the month does.
func (s *View) learnDays(p *Plan) {
	head := s.In.Head[min(p.DataStart, int64(len(s.In.Head))):]
	dialect := p.Dialect(problem.Limits{})
	var some, all []DocRecord
	for i := range p.Uses {
		u := &p.Uses[i]
		if u.Cell < 0 || len(u.formats) > 0 || !slices.ContainsFunc(u.spec.targets, Target.IsWhen) || slices.Contains(u.spec.targets, targetClock) {
			continue
		}
		if some == nil {
			some = CutRecords(head, p.DataStart, dialect, 20)
		}
		if !slices.ContainsFunc(some, func(r DocRecord) bool { return looseDay.MatchString(p.dayText(&r, u)) }) {
			continue
		}
		if all == nil {
			all = CutRecords(head, p.DataStart, dialect, 0)
		}
		base := p.dayFormat(all, u)
		if base == "" {
			continue
		}
		for _, f := range []string{base, base + " h:mm:ss", base + " h:mm"} {
			if df, err := CompileDateFormat(f); err == nil {
				u.formats = append(u.formats, df)
			}
		}
	}
}

// dayText is a cell of a column, "" where it says nothing.
func (p *Plan) dayText(r *DocRecord, u *columnUse) string {
	if u.Cell >= len(r.Cells) {
		return ""
	}
	c := bytes.TrimSpace(Unguard(r.Cells[u.Cell]))
	if len(c) == 0 || u.isAbsent(c) {
		return ""
	}
	text, _ := p.Enc.AppendText(nil, c)
	return string(text)
}

// dayFormat is the format of such a column, "" where it is none or does not show.
func (p *Plan) dayFormat(recs []DocRecord, u *columnUse) string {
	sep, year, dayFirst, monthFirst := "", false, false, false
	for i := range recs {
		c := p.dayText(&recs[i], u)
		if c == "" {
			continue
		}
		m := looseDay.FindStringSubmatch(c)
		switch {
		case m == nil && sep == "":
			return ""
		case m == nil || sep != "" && (m[2] != sep || (m[4] != "") != year):
			continue // a total below them, or a reject
		}
		sep, year = m[2], m[4] != ""
		dayFirst = dayFirst || number(m[1]) > 12
		monthFirst = monthFirst || number(m[3]) > 12
	}
	switch {
	case sep == "", dayFirst && monthFirst, sep == "月" && year:
		return ""
	case sep == "月":
		return "M-D"
	case year && (dayFirst || sep == "." && !monthFirst):
		return "D" + sep + "M" + sep + "YYYY"
	case year && monthFirst:
		return "M" + sep + "D" + sep + "YYYY"
	case !year && !dayFirst && (monthFirst || text.FirstHigh([]byte(u.Header)) >= 0):
		return "M" + sep + "D"
	}
	return ""
}

const CodeYearTwice problem.Code = "longer_than_a_year"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeYearTwice: {
		ZH: "日期没有年份，而文件跨度超过一年，无法确定每一行是哪一年；请按年分开导出，或导出带年份的日期",
		EN: "the days have no year and the file is longer than one, so a row's year cannot be told; export the years apart, or with years in the dates",
	},
})
