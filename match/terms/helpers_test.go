package terms

import (
	"testing"

	"github.com/duizhang/duizhang/parse/record"
)

func mustDay(t testing.TB, s string) record.Date {
	t.Helper()
	d, ok := ParseDay(s)
	if !ok {
		t.Fatalf("not a date: %s", s)
	}
	return d
}

// clockTime reads 2006-01-02 15:04:05.
func clockTime(t testing.TB, s string) record.Time {
	t.Helper()
	seconds, ok := ParseClock(s[11:])
	if !ok {
		t.Fatalf("not a time: %s", s)
	}
	return record.Time(int64(mustDay(t, s[:10]))*DaySeconds + int64(seconds))
}
