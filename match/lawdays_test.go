package match

import (
	"slices"
	"testing"
)

// The law of 2025 and the layout rule give every weekday off that the notices
// of 2025 and 2026 name, and no other; and the holidays of the moon in 2023 and
// 2024, before that law, lie in their notices' days.
func TestTheLawGivesThePublishedDays(t *testing.T) {
	for _, year := range []int{2025, 2026} {
		off := lawDays(year)
		for d := dayOf(year, 1, 1); d <= dayOf(year, 12, 31); d++ {
			if w := weekday(d); w == 0 || w == 6 {
				continue
			}
			if law := slices.Contains(off, d); law == builtin.Workday(d) {
				t.Errorf("%s: off by law %v, a business day by the notice %v", dayText(d), law, builtin.Workday(d))
			}
		}
	}
	for _, m := range moonDays[:4] {
		for _, mmdd := range []int{m.eve + 1, m.qingming, m.dragonBoat, m.midAutumn} {
			if d := dayOf(m.year, mmdd/100, mmdd%100); builtin.Workday(d) {
				t.Errorf("%s is worked by the notice", dayText(d))
			}
		}
	}
	for i, m := range moonDays {
		if m.year != moonDays[0].year+i || moonDays[len(moonDays)-1].year != lawUntil {
			t.Errorf("year %d out of order", m.year)
		}
	}
}

func TestDaysOff2027ByTheLaw(t *testing.T) {
	cal := BuiltinCalendar()
	var off []string
	for d := dayOf(2027, 1, 1); d <= dayOf(2027, 12, 31); d++ {
		if w := weekday(d); w != 0 && w != 6 && !cal.Workday(d) {
			off = append(off, dayText(d)[5:])
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
	t1 := Cycle{Business: true, Days: 1}
	load := func(text string) *Calendar {
		c, err := LoadCalendar(writeFile(t, "c.csv", text))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, c := range []struct {
		why         string
		cal         *Calendar
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
		if dayText(due) != c.due || ok == c.provisional || c.cal.Provisional(t1, due) != c.provisional {
			t.Errorf("%s: due %s, certain %v, provisional %v; want %s, %v", c.why, dayText(due), ok, c.cal.Provisional(t1, due), c.due, c.provisional)
		}
	}
	if (*Calendar)(nil).Provisional(Cycle{Days: 1}, mustDay(t, "2027-01-04")) {
		t.Error("calendar days need no calendar")
	}
}

// Money that is due on a provisional date is pending until three business days
// have passed, and both its settlement and its sale say so.
func TestProvisionalMoneyIsPendingForThreeDays(t *testing.T) {
	for asOf, want := range map[string]Timing{"2027-01-04": PendingTiming, "2027-01-05": PendingTiming, "2027-01-06": PendingTiming, "2027-01-07": Overdue} {
		o := scene{asOf: asOf, clearing: []string{"拉卡拉|80001||2026-12-31|100|0"}, bank: []string{asOf + "|1||某人|"}}.settle(t)
		s := &o.settlements[0]
		if s.Timing != want || s.Flags&Provisional == 0 || s.DueDate != mustDay(t, "2027-01-04") || (want == Overdue) != (s.DaysLate == 3) {
			t.Errorf("as of %s: %v, %d late, flags %b, due %s", asOf, s.Timing, s.DaysLate, s.Flags, dayText(s.DueDate))
		}
	}
	cal := (*Calendar)(nil)
	if got := openTiming(cal, DefaultCycle, mustDay(t, "2026-11-10"), mustDay(t, "2026-11-11")); got != Overdue {
		t.Errorf("a certain date: %v", got)
	}
}
