package layout

import (
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

func TestWhenReadsWhatCanOnlyBeReadOneWay(t *testing.T) {
	for in, want := range map[string]string{
		"2026-01-05":                "2026-01-05",
		"2026/1/5":                  "2026-01-05",
		"2026.01.05":                "2026-01-05",
		"20260105":                  "2026-01-05",
		"2026年1月5日":                 "2026-01-05",
		"２０２６－０１－０５":                "2026-01-05",
		"46027":                     "2026-01-05",
		"2026-01-05 09:03:00":       "2026-01-05 09:03:00",
		"2026-01-05  09:03:00":      "2026-01-05 09:03:00",
		"2026/1/5 9:03":             "2026-01-05 09:03:00",
		"2026/1/5 9:03:07 PM":       "2026-01-05 21:03:07",
		"2026-01-05T09:03:00":       "2026-01-05 09:03:00",
		"2026-01-05T01:03:00Z":      "2026-01-05 09:03:00",
		"2026/01/06 00:00:30 -0800": "2026-01-06 16:00:30",
		"2026-01-05 09:03:00+08:00": "2026-01-05 09:03:00",
		"2026-01-05 09:03:00.123":   "2026-01-05 09:03:00",
		"2026-01-0509:03:00":        "2026-01-05 09:03:00",
		"20260105090300":            "2026-01-05 09:03:00",
		"202601050903":              "2026-01-05 09:03:00",
		"20260105 090300":           "2026-01-05 09:03:00",
		"20260105 09:03:00":         "2026-01-05 09:03:00",
		"2026年01月05日 09时03分00秒":     "2026-01-05 09:03:00",
		"2026年01月05日 09:03":         "2026-01-05 09:03:00",
		"46027.377083333":           "2026-01-05 09:03:00",
		"46027.999999999":           "2026-01-06 00:00:00",
		"2026-01-05 24:00:00":       "2026-01-06 00:00:00",
		"20261231240000":            "2027-01-01 00:00:00",
		"09:03:00":                  "09:03:00",
		"9:03":                      "09:03:00",
		"2026-1-5 9:3:0":            "2026-01-05 09:03:00",
		"2026/1/5 9:3":              "2026-01-05 09:03:00",
		"2026.1.5 9:3:0":            "2026-01-05 09:03:00",
		"2026年1月5日 9时3分0秒":          "2026-01-05 09:03:00",
		"2026年1月5日9时3分":             "2026-01-05 09:03:00",
		"2026-01-05T9:3:0Z":         "2026-01-05 17:03:00",
		"2026/1/5 9:3:7 PM":         "2026-01-05 21:03:07",
		"2026-1-15 19:3:45.5":       "2026-01-15 19:03:45",
		"9:3:0":                     "09:03:00",
		"9时3分0秒":                    "09:03:00",
		"090300":                    "09:03:00",
		"0.5":                       "12:00:00",
		"2028-02-29":                "2028-02-29",
	} {
		w, code := ParseWhen([]byte(in))
		if got := showWhen(w); code != "" || got != want {
			t.Errorf("%q reads as %s %s, want %s", in, got, code, want)
		}
	}
}

func showWhen(w when) string {
	switch {
	case w.HasDay && w.HasClock:
		return w.time().String()
	case w.HasDay:
		return w.day.String()
	case w.HasClock:
		return record.Time(w.sec + 86400*365).String()[11:]
	}
	return "nothing"
}

func TestWhenRefuses(t *testing.T) {
	for in, want := range map[string]problem.Code{
		"":                     CodeBadTime,
		"昨天":                   CodeBadTime,
		"2026-02-29":           CodeBadTime,
		"2026-13-01":           CodeBadTime,
		"2026-00-01":           CodeBadTime,
		"1999-12-31":           CodeBadTime,
		"2100-01-01":           CodeBadTime,
		"2026-01/05":           CodeBadTime,
		"2026-1-511:22:33":     CodeBadTime,
		"2026-01-05 25:00:00":  CodeBadTime,
		"2026-01-05 24:00:01":  CodeBadTime,
		"2026-01-05 09:60:00":  CodeBadTime,
		"2026-01-05 09:03:60":  CodeBadTime,
		"2026-01-05 09:3":      CodeBadTime,
		"2026-01-05 09:03:00x": CodeBadTime,
		"2026-01-05 13:00 PM":  CodeBadTime,
		"1767574980":           CodeBadTime,
		"12345678":             CodeBadTime,
		"1/5/26":               CodeAmbiguousTime,
		"01-05-2026":           CodeAmbiguousTime,
		"5.1.2026 09:00":       CodeAmbiguousTime,
		"0903":                 CodeAmbiguousTime,
		"2026年1月":              CodeBadTime,
	} {
		if w, code := ParseWhen([]byte(in)); code != want {
			t.Errorf("%q reads as %s %s, want %s", in, showWhen(w), code, want)
		}
	}
}

func TestFormatsOfALayout(t *testing.T) {
	ref := record.Civil(2027, 1, 1)
	for _, c := range []struct{ format, in, want string }{
		{"MMDDhhmmss", "1231235959", "2026-12-31 23:59:59"},
		{"MMDDhhmmss", "0101000000", "2027-01-01 00:00:00"},
		{"MMDDhhmmss", "101000000", "2027-01-01 00:00:00"},
		{"MMDD", "1231", "2026-12-31"},
		{"MMDD", "0102", "2027-01-02"},
		{"MM/DD", "12/29", "2026-12-29"},
		{"M/D", "1/2", "2027-01-02"},
		{"YYMMDD", "260105", "2026-01-05"},
		{"DD/MM/YYYY", "05/01/2026", "2026-01-05"},
		{"DD/MM/YYYY hh:mm:ss", "05/01/2026 09:03:00", "2026-01-05 09:03:00"},
		{"hhmmss", "83533", "08:35:33"},
		{"hhmmss", "235959", "23:59:59"},
		{"hhmmss", "7", "00:00:07"},
		{"hhmm", "1504", "15:04:00"},
		{"h:mm", "9:03", "09:03:00"},
		{"YYYYMMDD", "2026-01-05", "2026-01-05"}, // how a workbook's date is spooled
		{"YYYY-MM-DD", "2026-1-5", "2026-01-05"},
		{"YYYY/MM/DD hh:mm:ss", "2026/1/5 9:3:0", "2026-01-05 09:03:00"},
		{"hh:mm:ss", "9:3:0", "09:03:00"},
		{"hh:mm", "09:3", ""},
		{"YYYYMMDD", "1052026", ""},
		{"YYYYMMDD", "2026015", ""},
		{"MMDDhhmmss", "1331000000", ""},
		{"hhmmss", "246000", ""},
		{"DD/MM/YYYY", "5/1/2026", ""},
	} {
		f, err := CompileDateFormat(c.format)
		if err != nil {
			t.Fatal(err)
		}
		w, code := readWhen([]byte(c.in), []dateFormat{f}, ref)
		got := showWhen(w)
		if code != "" {
			got = ""
		}
		if got != c.want {
			t.Errorf("%s reads %q as %q, want %q", c.format, c.in, got, c.want)
		}
	}
	for _, bad := range []string{"", "YYY", "MM", "YYYYMM", "hh", "mmss", "YYYYMMDDQQ", "MMDDMM", "YYYY"} {
		if _, err := CompileDateFormat(bad); err == nil {
			t.Errorf("format %q is taken", bad)
		}
	}
}

func TestClocksThatLostTheirZeros(t *testing.T) {
	for in, want := range map[string]string{"83533": "08:35:33", "3": "00:00:03", "305": "00:03:05", "090300": "09:03:00", "45306": "04:53:06"} {
		if w, code := ParseClock([]byte(in)); code != "" || showWhen(w) != want {
			t.Errorf("%q reads as %s %s, want %s", in, showWhen(w), code, want)
		}
	}
	if _, code := ParseClock([]byte("0305")); code != CodeAmbiguousTime {
		t.Errorf("0305: %s", code)
	}
}

func TestDatesAgreeWithTheCalendar(t *testing.T) {
	day := time.Date(record.FirstYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for ; day.Year() <= record.LastYear; day = day.AddDate(0, 0, 1) {
		d, ok := record.DateOf(day.Year(), int(day.Month()), day.Day())
		y, m, n := d.YMD()
		if !ok || int64(d) != day.Unix()/86400 || y != day.Year() || m != int(day.Month()) || n != day.Day() {
			t.Fatalf("%s is %d, which is %d-%d-%d", day.Format(time.DateOnly), d, y, m, n)
		}
	}
}

func TestPrintedTimesReadBack(t *testing.T) {
	layouts := []string{"2006-01-02 15:04:05", "2006/1/2 15:04:05", "20060102150405", "2006年1月2日 15时04分05秒", "2006-01-02T15:04:05.000Z07:00", "2006.01.02 03:04:05 PM", "2006-1-2 15:4:5", "2006/1/2 3:4:5 PM", "2006年1月2日 15时4分5秒", "2006.1.2 15:4:5.00"}
	shanghai := time.FixedZone("", 8*3600)
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(946_684_800, 4_102_444_799-86400).Draw(t, "t"), 0).In(shanghai)
		text := at.Format(rapid.SampledFrom(layouts).Draw(t, "layout"))
		w, code := ParseWhen([]byte(text))
		if code != "" || w.time().String() != at.Format(time.DateTime) {
			t.Fatalf("%q reads as %s %s", text, showWhen(w), code)
		}
	})
}

func FuzzWhen(f *testing.F) {
	for _, s := range []string{"2026-01-05 09:03:00", "2026年1月5日", "46027.5", "1/5/26", "24:00:00", "20260105T010101Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w, code := ParseWhen([]byte(s))
		if code != "" {
			return
		}
		if w.HasDay {
			again, code := ParseWhen([]byte(w.time().String()))
			if y, _, _ := w.day.YMD(); y >= record.FirstYear && y <= record.LastYear && (code != "" || again.time() != w.time()) {
				t.Fatalf("%q reads as %s, which reads as %s %s", s, w.time(), again.time(), code)
			}
		}
		if w.sec < 0 || w.sec > 86400 || w.sec == 86400 && w.HasDay {
			t.Fatalf("%q is %d seconds into the day", s, w.sec)
		}
	})
}
