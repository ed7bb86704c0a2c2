package main

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// results are the samples of every command, by its id and the rows a side.
type results map[resultKey][]sample

type resultKey struct {
	id   string
	rows int
}

// The ids of the commands that goals speak of.
const (
	idUTF8  = "utf8"
	idGBK   = "gbk"
	idTight = "tight" // held to 128 MiB
	idFixed = "fixed"
	idDuck  = "duckdb"
	idStart = "start"
)

// goal is one line of the table of goals: what was measured beside the figure
// that is wanted and the one that would be splendid.
type goal struct {
	what            string
	wanted, stretch float64 // 0: none is set
	least           bool    // more is better
	unit            string
	values          []float64
}

// bar is the wanted figure and the splendid one.
type bar struct{ wanted, stretch float64 }

// The bars that depend on the number of rows.
var (
	againstDuck = map[int]bar{1_000_000: {0.6, 0.35}, 10_000_000: {0.5, 0.3}}
	peakMB      = map[int]bar{1_000_000: {250, 120}, 10_000_000: {1200, 700}}
	tightTime   = map[int]bar{10_000_000: {1.5, 1.1}}
	tightPeakMB = map[int]bar{10_000_000: {256, 128}}
)

// goals are all that the results say something about.
func (r results) goals(cfg config) []goal {
	var list []goal
	add := func(what string, b bar, unit string, values []float64) {
		list = append(list, goal{what: what, wanted: b.wanted, stretch: b.stretch, unit: unit, values: values})
	}
	for _, n := range cfg.rows {
		at := func(id string) []sample { return r[resultKey{id, n}] }
		size := thousands(n) + " × " + thousands(n)
		add(size+", CSV: time ÷ DuckDB, all columns", againstDuck[n], "", ratios(at(idUTF8), at(idDuck), wall))
		add(size+": time of GBK ÷ UTF-8", bar{1.15, 1.05}, "", ratios(at(idGBK), at(idUTF8), wall))
		add(size+": time of fixed width ÷ CSV", bar{}, "", ratios(at(idFixed), at(idUTF8), wall))
		add(size+": peak memory", peakMB[n], " MB", each(at(idUTF8), megabytes))
		add(size+", --memory 128MiB: peak memory", tightPeakMB[n], " MB", each(at(idTight), megabytes))
		add(size+", --memory 128MiB: time ÷ without", tightTime[n], "", ratios(at(idTight), at(idUTF8), wall))
	}
	for i := 1; i < len(cfg.rows); i++ {
		few, many := cfg.rows[i-1], cfg.rows[i]
		var b bar
		if many == 10*few {
			b = bar{11, 10.3}
		}
		add("time, "+thousands(few)+" → "+thousands(many)+" rows a side", b, "×", ratios(r[resultKey{idUTF8, many}], r[resultKey{idUTF8, few}], wall))
	}
	add(strconv.Itoa(startRows)+" rows, cold start to exit", bar{60, 30}, " ms", each(r[resultKey{idStart, startRows}], milliseconds))
	return list
}

func wall(s sample) float64 { return s.wall.Seconds() }

func milliseconds(s sample) float64 { return s.wall.Seconds() * 1e3 }

func megabytes(s sample) float64 { return float64(s.peak) / 1e6 }

func each(xs []sample, f func(sample) float64) []float64 {
	var out []float64
	for _, x := range xs {
		out = append(out, f(x))
	}
	return out
}

// ratios are those of the runs of the same round.
func ratios(xs, to []sample, f func(sample) float64) []float64 {
	var out []float64
	for i := range min(len(xs), len(to)) {
		out = append(out, f(xs[i])/f(to[i]))
	}
	return out
}

// printGoals prints the goals that something was measured for.
func printGoals(out io.Writer, list []goal) {
	fmt.Fprint(out, "\n### Goals\n\n| | goal | stretch | min / median / max | reached |\n|---|---|---|---|---|\n")
	for _, g := range list {
		if len(g.values) == 0 {
			continue
		}
		v := spread(g.values)
		fmt.Fprintf(out, "| %s | %s | %s | %s / **%s** / %s%s | %s |\n", g.what, g.limit(g.wanted), g.limit(g.stretch),
			figure(v[0]), figure(v[1]), figure(v[2]), g.unit, g.reached(v[1]))
	}
}

// reached is how far the median came.
func (g *goal) reached(median float64) string {
	within := func(limit float64) bool { return median <= limit && !g.least || median >= limit && g.least }
	switch {
	case g.wanted == 0:
		return "–"
	case within(g.stretch):
		return "stretch"
	case within(g.wanted):
		return "goal"
	}
	return "no"
}

func (g *goal) limit(x float64) string {
	switch {
	case x == 0:
		return "–"
	case g.least:
		return "≥ " + figure(x) + g.unit
	}
	return "≤ " + figure(x) + g.unit
}

// figure shows three digits that count.
func figure(x float64) string {
	switch {
	case x >= 100 || x == float64(int(x)):
		return strconv.FormatFloat(x, 'f', 0, 64)
	case x >= 10:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 2, 64)
}

// thousands is a count as 1k, 1M.
func thousands(n int) string {
	switch {
	case n >= 1_000_000 && n%1_000_000 == 0:
		return strconv.Itoa(n/1_000_000) + "M"
	case n >= 1000 && n%1000 == 0:
		return strconv.Itoa(n/1000) + "k"
	}
	return strconv.Itoa(n)
}

// spread is min, median and max.
func spread(values []float64) [3]float64 {
	if len(values) == 0 {
		return [3]float64{}
	}
	v := slices.Sorted(slices.Values(values))
	return [3]float64{v[0], (v[(len(v)-1)/2] + v[len(v)/2]) / 2, v[len(v)-1]}
}
