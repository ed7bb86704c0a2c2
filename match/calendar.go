package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"duizhang/parse"
)

// statutory is China's published calendar: per year the days off that the
// State Council's notice names (holidays with the weekend days inside them)
// and the weekends that are worked instead (调休). Every other Saturday and
// Sunday is off, every other weekday is worked. Notices for a year appear in
// the last quarter of the year before. Source: the notices themselves, as
// collected by NateScarlet/holiday-cn (MIT).
var statutory = []struct {
	year      int
	off, work string // MMDD or MMDD-MMDD
}{
	{2023, "0101-0102 0121-0127 0405 0429-0503 0622-0624 0929-1006", "0128 0129 0423 0506 0625 1007 1008"},
	{2024, "0101 0210-0217 0404-0406 0501-0505 0610 0915-0917 1001-1007", "0204 0218 0407 0428 0511 0914 0929 1012"},
	{2025, "0101 0128-0204 0404-0406 0501-0505 0531-0602 1001-1008", "0126 0208 0427 0928 1011"},
	{2026, "0101-0103 0215-0223 0404-0406 0501-0505 0619-0621 0925-0927 1001-1007", "0104 0214 0228 0509 0920 1010"},
}

// Calendar knows which days are business days. The zero value knows no year;
// a nil Calendar stands for the built-in one.
type Calendar struct {
	years map[int]bool        // years whose calendar is complete
	days  map[parse.Date]bool // exceptions to Monday to Friday: true = worked
	given map[parse.Date]bool // days that a calendar file gives
}

var builtin = newBuiltin()

// BuiltinCalendar is the statutory calendar of the published years, and the days
// off by the law of those to come.
func BuiltinCalendar() *Calendar { return newBuiltin() }

func newBuiltin() *Calendar {
	c := newPublished()
	c.markLawDays()
	return c
}

// newPublished is the calendar of the notices alone.
func newPublished() *Calendar {
	c := &Calendar{years: map[int]bool{}, days: map[parse.Date]bool{}, given: map[parse.Date]bool{}}
	// The notice of 2023 begins with a day of the year before.
	c.days[dayOf(2022, 12, 31)] = false
	for _, y := range statutory {
		c.years[y.year] = true
		c.mark(y.year, y.off, false)
		c.mark(y.year, y.work, true)
	}
	return c
}

// mark sets the days of a compact list of the statutory table.
func (c *Calendar) mark(year int, list string, worked bool) {
	for _, item := range strings.Fields(list) {
		from, to, ranged := strings.Cut(item, "-")
		if !ranged {
			to = from
		}
		for d := monthDay(year, from); d <= monthDay(year, to); d++ {
			c.days[d] = worked
		}
	}
}

// monthDay reads MMDD of the statutory table.
func monthDay(year int, mmdd string) parse.Date {
	n, err := strconv.Atoi(mmdd)
	if err != nil || len(mmdd) != 4 {
		panic("statutory calendar: " + mmdd)
	}
	return dayOf(year, n/100, n%100)
}

// Workday says whether d is a business day: by the calendar's own list, else
// Monday to Friday.
func (c *Calendar) Workday(d parse.Date) bool {
	if c == nil {
		c = builtin
	}
	if worked, ok := c.days[d]; ok {
		return worked
	}
	w := weekday(d)
	return w != time.Saturday && w != time.Sunday
}

// Published says whether the calendar of a year is known.
func (c *Calendar) Published(year int) bool {
	if c == nil {
		c = builtin
	}
	return c.years[year]
}

// Due is the day on which a cycle pays what was cleared on a day. T+n counts
// n business days after it (T+0: the day itself, or the next business day);
// D+n counts calendar days. ok is false where a T cycle had to count days of
// a year whose calendar is not published: the date then rests on the law's own
// holidays, is provisional, and MissingYear names the year to warn of.
func (c *Calendar) Due(cycle Cycle, clearing parse.Date) (due parse.Date, ok bool) {
	if !cycle.Business {
		return clearing + parse.Date(cycle.Days), true
	}
	due = clearing
	for left := cycle.Days; left > 0; {
		due++
		if c.Workday(due) {
			left--
		}
	}
	for !c.Workday(due) {
		due++
	}
	return due, c.MissingYear(clearing, due) == 0
}

// MissingYear is the first year without a published calendar that counting
// from one day to another touches, or 0. The starting day itself counts only
// where it is the whole range.
func (c *Calendar) MissingYear(from, to parse.Date) int {
	if from < to {
		from++
	}
	for d := from; d <= to; d++ {
		if !c.Known(d) {
			return yearOf(d)
		}
	}
	return 0
}

// DaysLate is how late money is that was due on one day and credited on
// another: business days after the due date for T+n, calendar days for D+n.
// Money that comes on a Saturday when Friday was due is late by 0 business
// days. It is 0 for money in time.
func (c *Calendar) DaysLate(cycle Cycle, due, credited parse.Date) int32 {
	if credited <= due {
		return 0
	}
	if !cycle.Business {
		return int32(credited - due)
	}
	return c.Workdays(due, credited)
}

// Workdays counts the business days after from, up to and including to.
func (c *Calendar) Workdays(from, to parse.Date) int32 {
	var n int32
	for d := from + 1; d <= to; d++ {
		if c.Workday(d) {
			n++
		}
	}
	return n
}

// Cycle is a settlement cycle: T+n counts business days, D+n calendar days.
type Cycle struct {
	Business bool
	Days     int
}

// DefaultCycle applies where no contract says otherwise.
var DefaultCycle = Cycle{Business: true, Days: 1}

// maxCycleDays is the longest cycle that is taken for one and not for a slip
// of the hand.
const maxCycleDays = 99

// String is the cycle as contracts write it, such as T+1.
func (c Cycle) String() string {
	letter := "D"
	if c.Business {
		letter = "T"
	}
	return letter + "+" + strconv.Itoa(c.Days)
}

// ParseCycle reads T+1, t+1, T1, D+0, "T + 1" and their full-width forms.
func ParseCycle(s string) (Cycle, error) {
	text := strings.ToUpper(squeeze(s))
	if len(text) < 2 || (text[0] != 'T' && text[0] != 'D') {
		return Cycle{}, fmt.Errorf("not a settlement cycle: %q", s)
	}
	digits := strings.TrimPrefix(text[1:], "+")
	n, err := strconv.ParseUint(digits, 10, 8)
	if err != nil || n > maxCycleDays {
		return Cycle{}, fmt.Errorf("not a settlement cycle: %q", s)
	}
	return Cycle{Business: text[0] == 'T', Days: int(n)}, nil
}

func weekday(d parse.Date) time.Weekday {
	// 1970-01-01 was a Thursday.
	return time.Weekday(((int(d)+4)%7 + 7) % 7)
}

// dayOf is the day of a date of the Gregorian calendar; overflowing months and
// days carry as in time.Date.
func dayOf(year, month, day int) parse.Date {
	return parse.Date(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func civil(d parse.Date) (year, month, day int) {
	y, m, dd := time.Unix(int64(d)*86400, 0).UTC().Date()
	return y, int(m), dd
}

func yearOf(d parse.Date) int {
	y, _, _ := civil(d)
	return y
}

// dayText is d as 2006-01-02, and nothing for no date.
func dayText(d parse.Date) string {
	if d == 0 {
		return ""
	}
	y, m, dd := civil(d)
	return fmt.Sprintf("%04d-%02d-%02d", y, m, dd)
}

var calendarColumns = []column{
	{name: "日期", aliases: []string{"date"}, kind: dateColumn},
	{name: "类型", aliases: []string{"type", "休班"}},
}

// LoadCalendar reads the built-in calendar with a file's days over it: a CSV
// or XLSX with columns 日期 and 类型 (休 or 班), or a holiday-cn JSON file. A
// year becomes published when the file gives its National Day, 1 October,
// which every year's notice does; single days of another year are overrides
// and leave the year to be warned of. The error is TableErrors, or says why
// the file cannot be read at all.
func LoadCalendar(path string) (*Calendar, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\uFEFF"))); bytes.HasPrefix(text, []byte("{")) {
		return calendarFromJSON(name, text)
	}
	t, err := readTable(name, data)
	if err != nil {
		return nil, err
	}
	return t.calendar()
}

// calendarShape is the calendar table's. A row without a header is told by its
// day beside 休 or 班.
var calendarShape = tableShape{columns: calendarColumns, required: []string{"日期", "类型"}, isRow: func(r tableRow) bool {
	day, kind := false, false
	for _, c := range r.cells {
		_, ok := parseDay(c.as(dateColumn))
		day = day || ok
		var t typeCell
		kind = kind || t.UnmarshalCSV(c.text) == nil && t.zh == ""
	}
	return day && kind
}}

func (t table) calendar() (*Calendar, error) {
	sheets, err := t.bind(calendarShape)
	if err != nil {
		return nil, err
	}
	given := dayList{said: map[parse.Date]givenDay{}}
	for _, b := range sheets {
		var lines []calendarLine
		if err := b.into(&lines); err != nil {
			return nil, err
		}
		given.lines(b, lines)
	}
	return given.calendar()
}

// lines takes the rows of one sheet.
func (given *dayList) lines(b *bound, lines []calendarLine) {
	for i, l := range lines {
		switch {
		case l.Day.zh != "":
			given.fail(b.where[i], "日期", l.Day.fault)
		case l.Day.value == 0:
			given.fail(b.where[i], "日期", fault{zh: "不能为空", en: "must not be blank"})
		case l.Type.zh != "":
			given.fail(b.where[i], "类型", l.Type.fault)
		default:
			given.add(l.Day.value, l.Type.worked, b.where[i])
		}
	}
}

// calendarFromJSON reads a year file of holiday-cn.
func calendarFromJSON(name string, text []byte) (*Calendar, error) {
	var file struct {
		Days []struct {
			Date     string `json:"date"`
			IsOffDay *bool  `json:"isOffDay"`
		} `json:"days"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, &TableError{Where: name, zh: "不是有效的 JSON：" + err.Error(), en: "not valid JSON: " + err.Error()}
	}
	given := dayList{said: map[parse.Date]givenDay{}}
	for i, d := range file.Days {
		where := name + ":days[" + strconv.Itoa(i) + "]"
		day, ok := parseDay(d.Date)
		switch {
		case !ok:
			given.fail(where, "date", fault{d.Date, "不是日期", "not a date"})
		case d.IsOffDay == nil:
			given.fail(where, "isOffDay", fault{zh: "缺少", en: "is missing"})
		default:
			given.add(day, !*d.IsOffDay, where)
		}
	}
	if len(file.Days) == 0 {
		given.fail(name, "days", fault{zh: "没有任何日期，这一年的安排尚未公布", en: "holds no days; the notice for the year is not out yet"})
	}
	return given.calendar()
}

// dayList gathers the days of a calendar file and what contradicts itself.
type dayList struct {
	said map[parse.Date]givenDay
	errs TableErrors
}

type givenDay struct {
	worked bool
	where  string
}

func (l *dayList) fail(where, column string, f fault) {
	l.errs = append(l.errs, &TableError{Where: where, Column: column, Value: f.value, zh: f.zh, en: f.en})
}

func (l *dayList) add(day parse.Date, worked bool, where string) {
	if old, ok := l.said[day]; ok && old.worked != worked {
		l.fail(where, "日期", fault{dayText(day), "与 " + old.where + " 矛盾：同一天既休又班", "contradicts " + old.where + ": the day is both off and worked"})
		return
	}
	l.said[day] = givenDay{worked, where}
}

func (l *dayList) calendar() (*Calendar, error) {
	if err := l.errs.orNil(); err != nil {
		return nil, err
	}
	c := newPublished()
	for day, given := range l.said {
		c.days[day], c.given[day] = given.worked, true
		if _, m, d := civil(day); m == 10 && d == 1 && !given.worked {
			c.years[yearOf(day)] = true
		}
	}
	c.markLawDays()
	return c, nil
}
