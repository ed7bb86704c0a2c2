package tables

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

func mustDay(t testing.TB, s string) record.Date {
	t.Helper()
	d, ok := terms.ParseDay(s)
	if !ok {
		t.Fatalf("not a date: %s", s)
	}
	return d
}

func TestParseCycle(t *testing.T) {
	for in, want := range map[string]string{
		"T+1": "T+1", "t+1": "T+1", "T1": "T+1", "Ｔ＋１": "T+1", " t + 0 ": "T+0", "D+0": "D+0", "d1": "D+1", "T+15": "T+15",
		"": "", "T": "", "S0": "", "T+": "", "T-1": "", "T+1.5": "", "T++1": "", "T+100": "", "1": "", "次日": "",
	} {
		c, err := terms.ParseCycle(in)
		if (err != nil) != (want == "") || (err == nil && c.String() != want) {
			t.Errorf("ParseCycle(%q) = %v, %v; want %q", in, c, err, want)
		}
	}
}

// The due dates below were counted by hand from the State Council's notices.
// 2026: National Day is off from Thu 1 to Wed 7 October; Sat 10 October and
// Sun 20 September are worked. 2023: 29 September to 6 October off, Sat 7 and
// Sun 8 October worked. 2025: 28 January to 4 February off (Spring Festival),
// Sun 26 January and Sat 8 February worked. 2018 is not published here.
func TestDueDates(t *testing.T) {
	for _, c := range []struct {
		why, sale string
		channel   record.Channel
		cycle     string
		clearing  string
		due       string
	}{
		{"evening before National Day, after the cut-off: clears on 1 Oct; the first business day after it is Thu 8 Oct",
			"2026-09-30 23:00:00", record.ChannelCard, "T+1", "2026-10-01", "2026-10-08"},
		{"T+0 pays on the clearing day itself, which is a holiday: the next business day",
			"2026-09-30 23:00:00", record.ChannelCard, "T+0", "2026-10-01", "2026-10-08"},
		{"D+1 counts calendar days: holidays do not matter",
			"2026-09-30 23:00:00", record.ChannelCard, "D+1", "2026-10-01", "2026-10-02"},
		{"D+0 pays on the clearing day, holiday or not",
			"2026-09-30 23:00:00", record.ChannelCard, "D+0", "2026-10-01", "2026-10-01"},
		{"one second before the cut-off: clears the same day, and T+0 is that Wednesday",
			"2026-09-30 22:59:59", record.ChannelCard, "T+0", "2026-09-30", "2026-09-30"},
		{"the same sale on T+1: the first business day after Wed 30 Sep is Thu 8 Oct",
			"2026-09-30 22:59:59", record.ChannelCard, "T+1", "2026-09-30", "2026-10-08"},
		{"T+2: Thu 8 and Fri 9 Oct",
			"2026-09-30 22:59:59", record.ChannelCard, "T+2", "2026-09-30", "2026-10-09"},
		{"QR follows the natural day: 23:30 still clears on 30 Sep; T+0 is that day",
			"2026-09-30 23:30:00", record.ChannelQR, "T+0", "2026-09-30", "2026-09-30"},
		{"Fri 9 Oct 2026 on T+1: Sat 10 Oct is worked",
			"2026-10-09 12:00:00", record.ChannelCard, "T+1", "2026-10-09", "2026-10-10"},
		{"Sat 10 Oct 2026 (worked) on T+1: Sun is off, Mon 12",
			"2026-10-10 12:00:00", record.ChannelCard, "T+1", "2026-10-10", "2026-10-12"},
		{"Sat 10 Oct 2026 (worked) on T+0: that day",
			"2026-10-10 12:00:00", record.ChannelCard, "T+0", "2026-10-10", "2026-10-10"},
		{"an ordinary Friday on T+1: Monday",
			"2026-11-13 12:00:00", record.ChannelCard, "T+1", "2026-11-13", "2026-11-16"},
		{"an ordinary Friday after the cut-off clears on Saturday; the first business day after it is Monday too",
			"2026-11-13 23:10:00", record.ChannelCard, "T+1", "2026-11-14", "2026-11-16"},
		{"an ordinary Saturday on T+0: Monday",
			"2026-11-14 12:00:00", record.ChannelCard, "T+0", "2026-11-14", "2026-11-16"},
		{"an ordinary Sunday after the cut-off clears on Monday: Tuesday",
			"2026-11-15 23:00:00", record.ChannelCard, "T+1", "2026-11-16", "2026-11-17"},
		{"National Day 2023 ends with a worked weekend: Thu 28 Sep on T+1 is Sat 7 Oct",
			"2023-09-28 12:00:00", record.ChannelCard, "T+1", "2023-09-28", "2023-10-07"},
		{"and on T+2 Sun 8 Oct",
			"2023-09-28 12:00:00", record.ChannelCard, "T+2", "2023-09-28", "2023-10-08"},
		{"Spring Festival 2025: Sat 25 Jan is off, Sun 26 Jan is worked",
			"2025-01-24 12:00:00", record.ChannelCard, "T+1", "2025-01-24", "2025-01-26"},
		{"Mon 27 Jan 2025 on T+1: off until Tue 4 Feb, so Wed 5 Feb",
			"2025-01-27 12:00:00", record.ChannelCard, "T+1", "2025-01-27", "2025-02-05"},
		{"Fri 7 Feb 2025 on T+1: Sat 8 Feb is worked",
			"2025-02-07 12:00:00", record.ChannelCard, "T+1", "2025-02-07", "2025-02-08"},
		{"Tue 31 Dec 2024 on T+1: New Year's Day is off, so Thu 2 Jan 2025",
			"2024-12-31 12:00:00", record.ChannelCard, "T+1", "2024-12-31", "2025-01-02"},
	} {
		contract := terms.DefaultContract
		contract.Cycle = mustCycle(t, c.cycle)
		clearing := contract.ClearingDay(clockTime(t, c.sale), true, c.channel)
		if terms.DayText(clearing) != c.clearing {
			t.Errorf("%s: clearing day %s, want %s", c.why, terms.DayText(clearing), c.clearing)
		}
		due, ok := terms.BuiltinCalendar().Due(contract.Cycle, clearing)
		if terms.DayText(due) != c.due || !ok {
			t.Errorf("%s: due %s (%v), want %s", c.why, terms.DayText(due), ok, c.due)
		}
	}
}

func mustCycle(t testing.TB, s string) terms.Cycle {
	t.Helper()
	c, err := terms.ParseCycle(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// clockTime reads 2006-01-02 15:04:05.
func clockTime(t testing.TB, s string) record.Time {
	t.Helper()
	seconds, ok := terms.ParseClock(s[11:])
	if !ok {
		t.Fatalf("not a time: %s", s)
	}
	return record.Time(int64(mustDay(t, s[:10]))*terms.DaySeconds + int64(seconds))
}

func TestUnpublishedYearsAreReported(t *testing.T) {
	var cal *terms.Calendar // nil is the built-in one
	for _, c := range []struct {
		why, cycle, clearing string
		due                  string
		ok                   bool
		year                 int
	}{
		{"the range ends on the last day of 2026", "T+1", "2026-12-30", "2026-12-31", true, 0},
		{"counting reaches 2027, whose first of January is off", "T+1", "2026-12-31", "2027-01-04", false, 2027},
		{"calendar days need no calendar", "D+1", "2026-12-31", "2027-01-01", true, 0},
		{"2022 is before the first published year", "T+0", "2022-12-29", "2022-12-29", false, 2022},
		{"the start itself is not counted by T+1: Mon 2 Jan 2023 is off", "T+1", "2022-12-31", "2023-01-03", true, 0},
		{"T+0 on a Saturday in 2027", "T+0", "2027-06-05", "2027-06-07", false, 2027},
	} {
		clearing := mustDay(t, c.clearing)
		due, ok := cal.Due(mustCycle(t, c.cycle), clearing)
		if terms.DayText(due) != c.due || ok != c.ok {
			t.Errorf("%s: due %s, %v; want %s, %v", c.why, terms.DayText(due), ok, c.due, c.ok)
		}
		if !ok && cal.MissingYear(clearing, due) != c.year {
			t.Errorf("%s: missing year %d, want %d", c.why, cal.MissingYear(clearing, due), c.year)
		}
	}
}

func TestDaysLate(t *testing.T) {
	cal := terms.BuiltinCalendar()
	for _, c := range []struct {
		why, cycle, due, credited string
		want                      int32
	}{
		{"on the day", "T+1", "2026-10-08", "2026-10-08", 0},
		{"early", "T+1", "2026-10-08", "2026-09-30", 0},
		{"the worked Saturday counts", "T+1", "2026-10-09", "2026-10-10", 1},
		{"a weekend does not count, Monday does", "T+1", "2026-11-13", "2026-11-16", 1},
		{"money on a Saturday is late by no business day", "T+1", "2026-11-13", "2026-11-14", 0},
		{"calendar days over the holiday", "D+1", "2026-10-01", "2026-10-08", 7},
		{"business days over the holiday: only the 8th", "T+1", "2026-09-30", "2026-10-08", 1},
	} {
		if got := cal.DaysLate(mustCycle(t, c.cycle), mustDay(t, c.due), mustDay(t, c.credited)); got != c.want {
			t.Errorf("%s: %d, want %d", c.why, got, c.want)
		}
	}
}

// Every published year has the days off and the worked weekends that its
// notice names, and a worked day is always a Saturday or Sunday.
func TestStatutoryTable(t *testing.T) {
	off := map[int]int{2023: 26, 2024: 28, 2025: 28, 2026: 33} // days, without 2022-12-31
	work := map[int]int{2023: 7, 2024: 8, 2025: 5, 2026: 6}
	gotOff, gotWork := map[int]int{}, map[int]int{}
	for d, worked := range terms.BuiltinCalendar().Days {
		if y := terms.YearOf(d); worked {
			gotWork[y]++
			if w := terms.Weekday(d); w != 0 && w != 6 {
				t.Errorf("%s is worked but a weekday anyway", terms.DayText(d))
			}
		} else if y != 2022 {
			gotOff[y]++
		}
	}
	for y := range off {
		if gotOff[y] != off[y] || gotWork[y] != work[y] {
			t.Errorf("%d: %d off, %d worked; want %d, %d", y, gotOff[y], gotWork[y], off[y], work[y])
		}
	}
}

func TestLoadCalendar(t *testing.T) {
	for _, c := range []struct {
		name, text string
		check      func(c *terms.Calendar) bool
	}{
		{"override.csv", "日期,类型\n2026-11-16,休\n2026/11/14,班\n", func(c *terms.Calendar) bool {
			return !c.Workday(mustDay(t, "2026-11-16")) && c.Workday(mustDay(t, "2026-11-14")) && !c.Published(2027)
		}},
		{"year.csv", "\xEF\xBB\xBF日期\t类型\r\n20271001\t放假\r\n2027年1月1日\t休\r\n", func(c *terms.Calendar) bool {
			return c.Published(2027) && !c.Workday(mustDay(t, "2027-01-01")) && !c.Workday(mustDay(t, "2026-10-01"))
		}},
		{"gbk.csv", "\xC8\xD5\xC6\xDA,\xC0\xE0\xD0\xCD\n2027-01-01,\xD0\xDD\n", func(c *terms.Calendar) bool {
			return !c.Workday(mustDay(t, "2027-01-01")) && !c.Published(2027)
		}},
		{"2027.json", `{"year":2027,"papers":[],"days":[{"name":"国庆节","date":"2027-10-01","isOffDay":true},{"name":"国庆节","date":"2027-10-09","isOffDay":false}]}`, func(c *terms.Calendar) bool {
			return c.Published(2027) && c.Workday(mustDay(t, "2027-10-09")) && !c.Workday(mustDay(t, "2027-10-01"))
		}},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		cal, err := LoadCalendar(path)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if !c.check(cal) {
			t.Errorf("%s: the calendar does not hold what the file says", c.name)
		}
	}
}

func TestCalendarErrorsTeach(t *testing.T) {
	for _, c := range []struct{ name, text, zh, en string }{
		{"a.csv", "日期,类型\n2026-13-01,休\n", `a.csv:2: 日期: "2026-13-01": 不是日期，请写 2026-10-08 这样的形式`, `a.csv:2: 日期: "2026-13-01": not a date; write it as 2026-10-08`},
		{"a.csv", "日期,类型\n\n2026-10-01,也许\n", `a.csv:3: 类型: "也许": 不认识，请写「休」或「班」`, `a.csv:3: 类型: "也许": unknown; write 休 (off) or 班 (worked)`},
		{"a.csv", "日期,类型\n2026-10-01,休\n2026-10-01,班\n", `a.csv:3: 日期: "2026-10-01": 与 a.csv:2 矛盾：同一天既休又班`, `a.csv:3: 日期: "2026-10-01": contradicts a.csv:2: the day is both off and worked`},
		{"a.csv", "何日,何事\n2026-10-01,休\n", `a.csv: 找不到表头，需要有列：日期、类型`, `a.csv: no header found; it needs the columns 日期, 类型`},
		{"e.json", `{"year":2027,"papers":[],"days":[]}`, `e.json: days: 没有任何日期，这一年的安排尚未公布`, `e.json: days: holds no days; the notice for the year is not out yet`},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadCalendar(path)
		checkTexts(t, err, c.zh, c.en)
	}
}

// checkTexts compares a table's error in both languages.
func checkTexts(t *testing.T, err error, zh, en string) {
	t.Helper()
	e, ok := err.(interface{ Text(problem.Lang) string })
	if !ok {
		t.Errorf("error %v has no texts; want %q", err, zh)
		return
	}
	if got := e.Text(problem.ZH); got != zh {
		t.Errorf("zh\n got %s\nwant %s", got, zh)
	}
	if got := e.Text(problem.EN); got != en {
		t.Errorf("en\n got %s\nwant %s", got, en)
	}
}
