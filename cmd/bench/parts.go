package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// part is a benchmark of the Go packages that takes turns with excelize and
// gives the ratios of their times.
type part struct {
	what           string
	pkg, benchmark string
	env            string // rows
	bar            bar
}

var partsOfXLSX = []part{
	{"XLSX in, shared strings, 100k rows", "./parse", "BenchmarkAgainstExcelize/shared$", "DUIZHANG_BENCH_ROWS=100000", bar{10, 20}},
	{"XLSX in, inline strings, 100k rows", "./parse", "BenchmarkAgainstExcelize/inline$", "DUIZHANG_BENCH_ROWS=100000", bar{10, 20}},
	{"XLSX out, 100k styled rows", "./report", "BenchmarkAgainstStreamWriter$", "REPORT_ROWS=100000", bar{3, 8}},
	{"XLSX out, 1M styled rows", "./report", "BenchmarkAgainstStreamWriter$", "REPORT_ROWS=1000000", bar{3, 8}},
}

// ratiosOfParts runs the benchmarks: how many times faster than excelize, by
// the clock and of the processors.
func ratiosOfParts(ctx context.Context, cfg config) ([]goal, error) {
	if cfg.parts == 0 || cfg.only != "" {
		return nil, nil
	}
	var list []goal
	for _, p := range partsOfXLSX {
		cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", p.benchmark, "-benchtime", "1x", "-count", strconv.Itoa(cfg.parts), "-timeout", "1h", p.pkg)
		cmd.Env = append(os.Environ(), p.env)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s: %w\n%s", p.what, err, out)
		}
		for _, by := range []struct{ metric, name string }{{"x-wall", "by the clock"}, {"x-cpu", "of the processors"}} {
			list = append(list, goal{what: p.what + ": times excelize, " + by.name, wanted: p.bar.wanted, stretch: p.bar.stretch, least: true, unit: "×", values: metrics(out, by.metric)})
		}
	}
	return list, nil
}

// metrics are the values of a metric in the output of go test.
func metrics(out []byte, name string) (values []float64) {
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		for i := 1; i < len(fields); i++ {
			if v, err := strconv.ParseFloat(fields[i-1], 64); err == nil && fields[i] == name {
				values = append(values, v)
			}
		}
	}
	return values
}
