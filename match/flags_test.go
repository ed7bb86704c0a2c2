package match

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"duizhang/parse"
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
		if got := c.t.offHours(clockTime(t, c.at), true); got != c.want {
			t.Errorf("%s: %v", c.at, got)
		}
	}
	if DefaultThresholds.offHours(clockTime(t, "2026-11-10 03:00:00"), false) {
		t.Error("a date without a clock is no hour")
	}
}

func TestOverLimit(t *testing.T) {
	c := Contract{Limit: 50_000_00}
	if c.overLimit(parse.Sale, 50_000_00) || !c.overLimit(parse.Sale, 50_000_01) || c.overLimit(parse.Refund, -60_000_00) {
		t.Error("only a sale above the limit is over it")
	}
	if defaultContract.overLimit(parse.Sale, 1<<50) {
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
		var done parse.Date
		if x.done != "" {
			done = mustDay(t, x.done)
		}
		if got := refundLate(nil, c, asked, done, mustDay(t, x.asOf)); got != x.want {
			t.Errorf("done %q as of %s: %v", x.done, x.asOf, got)
		}
	}
	if refundLate(nil, &defaultContract, asked, 0, asked+100) {
		t.Error("no limit agreed")
	}
}

func TestRepeatSwipes(t *testing.T) {
	at := clockTime(t, "2026-11-10 12:00:00")
	th := &DefaultThresholds
	list := []swipe{
		{"T1", "6222****1234", at, 1}, {"T1", "6222****1234", at + 150, 2}, {"T1", "6222****1234", at + 300, 3}, // three in exactly five minutes
		{"T1", "6222****1234", at + 451, 4},                              // with 2 and 3 too long
		{"T2", "6222****1234", at, 5}, {"T2", "6222****1234", at + 1, 6}, // two only
		{"T1", "6222****9999", at, 7}, {"T1", "6222****9999", at + 1, 8}, {"T1", "6222****9999", at + 301, 9}, {"T1", "6222****9999", at + 301, 10},
	}
	if got := repeatSwipes(slices.Clone(list), th); !slices.Equal(got, []parse.Pos{1, 2, 3, 8, 9, 10}) {
		t.Errorf("%v", got)
	}
}

// The sketch may suspect too many, never too few: what repeatSwipes finds among
// the suspects is what it finds among all.
func TestSwipeSketchMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		th := &Thresholds{SwipeCount: rapid.IntRange(2, 5).Draw(t, "count"), SwipeWindow: rapid.Int64Range(1, 400).Draw(t, "window")}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var all, suspects []swipe
		sketch := newSwipeSketch(th, 100)
		for i := range rapid.IntRange(0, 200).Draw(t, "rows") {
			all = append(all, swipe{fmt.Sprint("T", rng.IntN(3)), fmt.Sprint("C", rng.IntN(4)), parse.Time(1_700_000_000 + rng.Int64N(20_000)), parse.Pos(i)})
		}
		for _, s := range all {
			sketch.add(sketch.hash([]byte(s.terminal), []byte(s.card)), s.at)
		}
		for _, s := range all {
			if sketch.suspect(sketch.hash([]byte(s.terminal), []byte(s.card)), s.at) {
				suspects = append(suspects, s)
			}
		}
		want := repeatSwipes(slices.Clone(all), th)
		if got := repeatSwipes(suspects, th); !slices.Equal(got, want) || len(want) > 0 && !sketch.any() {
			t.Fatalf("got %v, want %v; any %v", got, want, sketch.any())
		}
	})
}
