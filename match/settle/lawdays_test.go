package settle

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/match/terms/tables"
)

// The law of 2025 and the layout rule give every weekday off that the notices
// of 2025 and 2026 name, and no other; and the holidays of the moon in 2023 and
// 2024, before that law, lie in their notices' days.
func TestTheLawGivesThePublishedDays(t *testing.T) {
	for _, year := range []int{2025, 2026} {
		off := terms.LawDays(year)
		for d := terms.DayOf(year, 1, 1); d <= terms.DayOf(year, 12, 31); d++ {
			if w := terms.Weekday(d); w == 0 || w == 6 {
				continue
			}
			if law := slices.Contains(off, d); law == terms.Builtin.Workday(d) {
				t.Errorf("%s: off by law %v, a business day by the notice %v", terms.DayText(d), law, terms.Builtin.Workday(d))
			}
		}
	}
	for _, m := range terms.MoonDays[:4] {
		for _, mmdd := range []int{m.Eve + 1, m.Qingming, m.DragonBoat, m.MidAutumn} {
			if d := terms.DayOf(m.Year, mmdd/100, mmdd%100); terms.Builtin.Workday(d) {
				t.Errorf("%s is worked by the notice", terms.DayText(d))
			}
		}
	}
	for i, m := range terms.MoonDays {
		if m.Year != terms.MoonDays[0].Year+i || terms.MoonDays[len(terms.MoonDays)-1].Year != terms.LawUntil {
			t.Errorf("year %d out of order", m.Year)
		}
	}
}

func TestDaysOff2027ByTheLaw(t *testing.T) {
	cal := terms.BuiltinCalendar()
	var off []string
	for d := terms.DayOf(2027, 1, 1); d <= terms.DayOf(2027, 12, 31); d++ {
		if w := terms.Weekday(d); w != 0 && w != 6 && !cal.Workday(d) {
			off = append(off, terms.DayText(d)[5:])
		}
	}
	want := []string{"01-01", "02-05", "02-08", "02-09", "02-10", "02-11", "02-12", "04-05", "05-03", "05-04", "05-05", "06-09", "09-15", "10-01", "10-04", "10-05", "10-06", "10-07"}
	if !slices.Equal(off, want) {
		t.Errorf("off %v, want %v", off, want)
	}
	// The Tuesday of 2030 takes the Monday before it, in the old year.
	if cal.Workday(mustDay(t, "2029-12-31")) || !cal.Workday(mustDay(t, "2028-10-09")) || cal.Workday(mustDay(t, "2028-10-06")) {
		t.Error("the layout of 2028 to 2030 is not the rule's")
	}
}

func TestProvisionalDueDates(t *testing.T) {
	t1 := terms.Cycle{Business: true, Days: 1}
	load := func(text string) *terms.Calendar {
		c, err := tables.LoadCalendar(writeFile(t, "c.csv", text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		why         string
		cal         *terms.Calendar
		clearing    string
		due         string
		provisional bool
	}{
		{"the law's days", nil, "2026-12-31", "2027-01-04", true},
		{"2026 is known", nil, "2026-12-30", "2026-12-31", false},
		{"beyond the table: Monday to Friday", nil, "2037-09-30", "2037-10-01", true},
		{"a file that gives the day itself", load("日期,类型\n2027-01-01,休\n2027-01-02,休\n2027-01-03,班\n"), "2026-12-31", "2027-01-03", false},
		{"a file with the year's National Day", load("日期,类型\n2027-10-01,休\n2027-01-01,休\n"), "2026-12-31", "2027-01-04", false},
		{"a file with the year takes the law's days away", load("日期,类型\n2027-10-01,休\n"), "2026-12-31", "2027-01-01", false},
		{"a file with another day", load("日期,类型\n2027-03-01,休\n"), "2026-12-31", "2027-01-04", true},
	} {
		due, ok := c.cal.Due(t1, mustDay(t, c.clearing))
		if terms.DayText(due) != c.due || ok == c.provisional || c.cal.Provisional(t1, due) != c.provisional {
			t.Errorf("%s: due %s, certain %v, provisional %v; want %s, %v", c.why, terms.DayText(due), ok, c.cal.Provisional(t1, due), c.due, c.provisional)
		}
	}
	if (*terms.Calendar)(nil).Provisional(terms.Cycle{Days: 1}, mustDay(t, "2027-01-04")) {
		t.Error("calendar days need no calendar")
	}
}

// Money that is due on a provisional date is pending until three business days
// have passed, and both its settlement and its sale say so.
func TestProvisionalMoneyIsPendingForThreeDays(t *testing.T) {
	for asOf, want := range map[string]result.Timing{"2027-01-04": result.PendingTiming, "2027-01-05": result.PendingTiming, "2027-01-06": result.PendingTiming, "2027-01-07": result.Overdue} {
		o := scene{asOf: asOf, clearing: []string{"拉卡拉|80001||2026-12-31|100|0"}, bank: []string{asOf + "|1||某人|"}}.settle(t)
		s := &o.Settlements[0]
		if s.Timing != want || s.Flags&result.Provisional == 0 || s.DueDate != mustDay(t, "2027-01-04") || (want == result.Overdue) != (s.DaysLate == 3) {
			t.Errorf("as of %s: %v, %d late, flags %b, due %s", asOf, s.Timing, s.DaysLate, s.Flags, terms.DayText(s.DueDate))
		}
	}
	cal := (*terms.Calendar)(nil)
	if got := result.OpenTiming(cal, terms.DefaultCycle, mustDay(t, "2026-11-10"), mustDay(t, "2026-11-11")); got != result.Overdue {
		t.Errorf("a certain date: %v", got)
	}
}
