package main

import (
	"strings"
	"testing"
	"time"
)

// seconds are samples of some wall times.
func seconds(wall ...float64) (xs []sample) {
	for _, w := range wall {
		xs = append(xs, sample{wall: time.Duration(w * 1e9), peak: 100_000_000})
	}
	return xs
}

func TestGoalsCompareRunsOfOneRound(t *testing.T) {
	const n = 1_000_000
	r := results{
		{idUTF8, n}:          seconds(1, 2, 4),
		{idDuck, n}:          seconds(2, 4, 16),
		{idGBK, n}:           seconds(1.2, 2.6, 4.4),
		{idUTF8, 10 * n}:     seconds(10, 24, 48),
		{idStart, startRows}: seconds(0.04, 0.05, 0.07),
	}
	var out strings.Builder
	printGoals(&out, r.goals(config{rows: []int{n, 10 * n}}))
	for _, line := range []string{
		"| 1M × 1M, CSV: time ÷ DuckDB, all columns | ≤ 0.60 | ≤ 0.35 | 0.25 / **0.50** / 0.50 | goal |",
		"| 1M × 1M: time of GBK ÷ UTF-8 | ≤ 1.15 | ≤ 1.05 | 1.10 / **1.20** / 1.30 | no |",
		"| 1M × 1M: peak memory | ≤ 250 MB | ≤ 120 MB | 100 / **100** / 100 MB | stretch |",
		"| time, 1M → 10M rows a side | ≤ 11× | ≤ 10.3× | 10 / **12** / 12× | no |",
		"| 8 rows, cold start to exit | ≤ 60 ms | ≤ 30 ms | 40 / **50** / 70 ms | goal |",
	} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("no line %s in\n%s", line, out.String())
		}
	}
	if strings.Contains(out.String(), "fixed width") {
		t.Errorf("a line without a measurement:\n%s", out.String())
	}
}

func TestMetricsOfGoTest(t *testing.T) {
	const out = "goos: linux\nBenchmarkX-2   1   3966868566 ns/op   7828 ours-ns/row   3.992 x-cpu   4.5 x-wall\nBenchmarkX-2   1   9 ns/op   3 x-cpu   5 x-wall\nPASS\n"
	if v := metrics([]byte(out), "x-wall"); len(v) != 2 || v[0] != 4.5 || v[1] != 5 {
		t.Errorf("%v", v)
	}
	g := goal{wanted: 3, stretch: 8, least: true, unit: "×"}
	if g.reached(2) != "no" || g.reached(4.5) != "goal" || g.reached(8) != "stretch" || g.limit(3) != "≥ 3×" {
		t.Error("what is better the more")
	}
}
