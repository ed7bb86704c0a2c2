package terms

import (
	"time"

	"github.com/duizhang/duizhang/parse/record"
)

// This file knows the days off of years whose notice is not out yet: the
// holidays of the law (全国年节及纪念日放假办法, as the State Council changed it on
// 2024-11-10, in force since 2025-01-01), laid out by the rule that its yearly
// notices state since then. The weekends that are worked in exchange cannot be
// foreseen, so that every date counted by it is provisional.

// MoonDays are the days that the moon and the sun decide: the eve of the Spring
// Festival (the day before the first of the first lunar month), Qingming, the
// fifth of the fifth and the fifteenth of the eighth lunar month. They follow
// GB/T 33661-2017, the rules of the Chinese calendar; computed by lunar-go
// 1.4.7, and those of 2023 to 2026 are the ones of the notices.
var MoonDays = []struct{ Year, Eve, Qingming, DragonBoat, MidAutumn int }{
	{2023, 121, 405, 622, 929},
	{2024, 209, 404, 610, 917},
	{2025, 128, 404, 531, 1006},
	{2026, 216, 405, 619, 925},
	{2027, 205, 405, 609, 915},
	{2028, 125, 404, 528, 1003},
	{2029, 212, 404, 616, 922},
	{2030, 202, 405, 605, 912},
	{2031, 122, 405, 624, 1001},
	{2032, 210, 404, 612, 919},
	{2033, 130, 404, 601, 908},
	{2034, 218, 405, 620, 927},
	{2035, 207, 405, 610, 916},
	{2036, 127, 404, 530, 1004},
}

// LawDays are the days off of a year by the law and the layout rule, weekends
// inside them included; the first may lie in the year before. Of a year that
// MoonDays does not know only the fixed ones are.
func LawDays(year int) []record.Date {
	var days []record.Date
	run := func(from, to record.Date) {
		for d := from; d <= to; d++ {
			days = append(days, d)
		}
	}
	day := func(mmdd int) record.Date { return DayOf(year, mmdd/100, mmdd%100) }
	run(threeDays(day(101)))
	run(day(501), day(505))
	national := day(1007)
	for _, m := range MoonDays {
		if m.Year != year {
			continue
		}
		run(day(m.Eve), day(m.Eve)+7)
		run(threeDays(day(m.Qingming)))
		run(threeDays(day(m.DragonBoat)))
		if mid := day(m.MidAutumn); mid >= day(1001) && mid <= national {
			national++
		} else {
			run(threeDays(mid))
		}
	}
	run(day(1001), national)
	return days
}

// threeDays lays a holiday of one day out: with the weekend beside it three
// days in a row; on a Wednesday it stands alone.
func threeDays(d record.Date) (from, to record.Date) {
	switch Weekday(d) {
	case time.Monday, time.Tuesday:
		return d - 2, d
	case time.Wednesday:
		return d, d
	case time.Sunday:
		return d - 1, d + 1
	}
	return d, d + 2
}

const (
	// LawUntil is the last year for which days off by the law are laid out.
	LawUntil = 2036
	// ProvisionalDays is how many business days money that is due on a
	// provisional date is waited for before it is overdue: as many as a notice
	// may still move it.
	ProvisionalDays = 3
)

// MarkLawDays puts the days off by the law into the years without a notice. A
// day that somebody has given stands.
func (c *Calendar) MarkLawDays() {
	for year := statutory[len(statutory)-1].year + 1; year <= LawUntil; year++ {
		if c.Years[year] {
			continue
		}
		for _, d := range LawDays(year) {
			if _, said := c.Days[d]; !said && !c.Years[YearOf(d)] {
				c.Days[d] = false
			}
		}
	}
}

// Known says whether it is certain that a day is worked or off: its year's
// notice is out, or somebody has given the day itself.
func (c *Calendar) Known(d record.Date) bool {
	if c == nil {
		c = Builtin
	}
	return c.Years[YearOf(d)] || c.Given[d]
}

// Provisional says whether a due date of a cycle rests on a year whose notice is
// not out yet.
func (c *Calendar) Provisional(cycle Cycle, due record.Date) bool {
	return due != 0 && cycle.Business && !c.Known(due)
}
