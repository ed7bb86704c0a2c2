package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/duizhang/duizhang/fixtures"
)

// benchRows is the size of each side; DUIZHANG_BENCH_ROWS sets another.
func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("DUIZHANG_BENCH_ROWS")); err == nil {
		return n
	}
	return 100_000
}

// BenchmarkRun is whole runs over a processor's day in each form of file, with
// CSVs and workbook. The profile for the compiler is taken from it.
func BenchmarkRun(b *testing.B) {
	for _, kind := range []struct{ name, encoding, form string }{{"csv", "utf8", "csv"}, {"gbk", "gbk", "csv"}, {"fixed", "utf8", "fixed"}, {"xlsx", "utf8", "xlsx"}} {
		b.Run(kind.name, func(b *testing.B) {
			dir := b.TempDir()
			t, err := fixtures.Bulk{Rows: benchRows(), Differ: 0.01, Seed: 1, Encoding: kind.encoding, Form: kind.form}.Write(dir)
			if err != nil {
				b.Fatal(err)
			}
			args := []string{"run", "--pos", filepath.Join(dir, t.PosFile), "--clearing", filepath.Join(dir, t.ClearingFile), "--as-of", t.AsOf,
				"--quiet", "--csv", filepath.Join(dir, "csv"), "--out", filepath.Join(dir, "report.xlsx")}
			for b.Loop() {
				if code := guarded(context.Background(), args, benchEnv()); code != exitDifferences {
					b.Fatalf("status %d", code)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(t.PosRows+t.ClearingRows), "ns/row")
		})
	}
}

func benchEnv() *env {
	e := systemEnv()
	e.stdout, e.stderr, e.stderrIsTerminal, e.now = io.Discard, os.Stderr, false, time.Now
	return e
}
