package terms

import (
	"testing"

	"github.com/duizhang/duizhang/parse/record"
)

func TestOffHours(t *testing.T) {
	night := Thresholds{OffFrom: 23 * 3600, OffTo: 6 * 3600}
	for _, c := range []struct {
		t    Thresholds
		at   string
		want bool
	}{
		{DefaultThresholds, "2026-11-10 01:59:59", false}, {DefaultThresholds, "2026-11-10 02:00:00", true},
		{DefaultThresholds, "2026-11-10 04:59:59", true}, {DefaultThresholds, "2026-11-10 05:00:00", false},
		{night, "2026-11-10 23:00:00", true}, {night, "2026-11-10 00:00:00", true}, {night, "2026-11-10 06:00:00", false},
		{Thresholds{}, "2026-11-10 03:00:00", false},
	} {
		if got := c.t.InOffHours(clockTime(t, c.at), true); got != c.want {
			t.Errorf("%s: %v", c.at, got)
		}
	}
	if DefaultThresholds.InOffHours(clockTime(t, "2026-11-10 03:00:00"), false) {
		t.Error("a date without a clock is no hour")
	}
}

func TestOverLimit(t *testing.T) {
	c := Contract{Limit: 50_000_00}
	if c.OverLimit(record.Sale, 50_000_00) || !c.OverLimit(record.Sale, 50_000_01) || c.OverLimit(record.Refund, -60_000_00) {
		t.Error("only a sale above the limit is over it")
	}
	if DefaultContract.OverLimit(record.Sale, 1<<50) {
		t.Error("no limit agreed")
	}
}

// Three business days: asked on Wed 30 Sep 2026, the third one is Sat 10 Oct
// (Thu 8, Fri 9, and the worked Saturday).
func TestRefundLate(t *testing.T) {
	c := &Contract{RefundDays: 3}
	asked := mustDay(t, "2026-09-30")
	for _, x := range []struct {
		done, asOf string
		want       bool
	}{
		{"2026-10-10", "2026-10-20", false},
		{"2026-10-12", "2026-10-20", true},
		{"", "2026-10-10", false},
		{"", "2026-10-12", true},
	} {
		var done record.Date
		if x.done != "" {
			done = mustDay(t, x.done)
		}
		if got := RefundLate(nil, c, asked, done, mustDay(t, x.asOf)); got != x.want {
			t.Errorf("done %q as of %s: %v", x.done, x.asOf, got)
		}
	}
	if RefundLate(nil, &DefaultContract, asked, 0, asked+100) {
		t.Error("no limit agreed")
	}
}
