package terms

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/duizhang/duizhang/parse/record"
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
	Years map[int]bool         // years whose calendar is complete
	Days  map[record.Date]bool // exceptions to Monday to Friday: true = worked
	Given map[record.Date]bool // days that a calendar file gives
}

var Builtin = newBuiltin()

// BuiltinCalendar is the statutory calendar of the published years, and the days
// off by the law of those to come.
func BuiltinCalendar() *Calendar { return newBuiltin() }

func newBuiltin() *Calendar {
	c := NewPublished()
	c.MarkLawDays()
	return c
}

// NewPublished is the calendar of the notices alone.
func NewPublished() *Calendar {
	c := &Calendar{Years: map[int]bool{}, Days: map[record.Date]bool{}, Given: map[record.Date]bool{}}
	// The notice of 2023 begins with a day of the year before.
	c.Days[DayOf(2022, 12, 31)] = false
	for _, y := range statutory {
		c.Years[y.year] = true
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
			c.Days[d] = worked
		}
	}
}

// monthDay reads MMDD of the statutory table.
func monthDay(year int, mmdd string) record.Date {
	n, err := strconv.Atoi(mmdd)
	if err != nil || len(mmdd) != 4 {
		panic("statutory calendar: " + mmdd)
	}
	return DayOf(year, n/100, n%100)
}

// Workday says whether d is a business day: by the calendar's own list, else
// Monday to Friday.
func (c *Calendar) Workday(d record.Date) bool {
	if c == nil {
		c = Builtin
	}
	if worked, ok := c.Days[d]; ok {
		return worked
	}
	w := Weekday(d)
	return w != time.Saturday && w != time.Sunday
}

// Published says whether the calendar of a year is known.
func (c *Calendar) Published(year int) bool {
	if c == nil {
		c = Builtin
	}
	return c.Years[year]
}

// Due is the day on which a cycle pays what was cleared on a day. T+n counts
// n business days after it (T+0: the day itself, or the next business day);
// D+n counts calendar days. ok is false where a T cycle had to count days of
// a year whose calendar is not published: the date then rests on the law's own
// holidays, is provisional, and MissingYear names the year to warn of.
func (c *Calendar) Due(cycle Cycle, clearing record.Date) (due record.Date, ok bool) {
	if !cycle.Business {
		return clearing + record.Date(cycle.Days), true
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
func (c *Calendar) MissingYear(from, to record.Date) int {
	if from < to {
		from++
	}
	for d := from; d <= to; d++ {
		if !c.Known(d) {
			return YearOf(d)
		}
	}
	return 0
}

// DaysLate is how late money is that was due on one day and credited on
// another: business days after the due date for T+n, calendar days for D+n.
// Money that comes on a Saturday when Friday was due is late by 0 business
// days. It is 0 for money in time.
func (c *Calendar) DaysLate(cycle Cycle, due, credited record.Date) int32 {
	if credited <= due {
		return 0
	}
	if !cycle.Business {
		return int32(credited - due)
	}
	return c.Workdays(due, credited)
}

// Workdays counts the business days after from, up to and including to.
func (c *Calendar) Workdays(from, to record.Date) int32 {
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
	text := strings.ToUpper(Squeeze(s))
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

func Weekday(d record.Date) time.Weekday {
	// 1970-01-01 was a Thursday.
	return time.Weekday(((int(d)+4)%7 + 7) % 7)
}

// DayOf is the day of a date of the Gregorian calendar; overflowing months and
// days carry as in time.Date.
func DayOf(year, month, day int) record.Date {
	return record.Date(time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
}

func Civil(d record.Date) (year, month, day int) {
	y, m, dd := time.Unix(int64(d)*86400, 0).UTC().Date()
	return y, int(m), dd
}

func YearOf(d record.Date) int {
	y, _, _ := Civil(d)
	return y
}

// DayText is d as 2006-01-02, and nothing for no date.
func DayText(d record.Date) string {
	if d == 0 {
		return ""
	}
	y, m, dd := Civil(d)
	return fmt.Sprintf("%04d-%02d-%02d", y, m, dd)
}
