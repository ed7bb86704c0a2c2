// Command bench times whole reconciliations beside the tools that people use
// instead: DuckDB, sort+join, Miller, as far as they are installed. All do the
// same work on the same files: read both sides, full outer join by terminal and
// reference number, compare amounts, write the differences.
//
// Runs alternate (A B A B …), so that a machine that drifts drifts for all; the
// tables give min, median and max, and each run's ratio to the DuckDB run of the
// same round. The last one holds the figures beside the goals.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type config struct {
	dir, bin, fixgen string
	rows             []int
	runs             int
	only             string
	xlsx             []int
	parts            int
	timeout          time.Duration
}

func run(ctx context.Context, args []string, out io.Writer) error {
	cfg, err := parseFlags(args)
	if err != nil {
		return err
	}
	peers := findPeers()
	fmt.Fprintln(out, machine(peers))
	res := results{}
	if err := start(ctx, cfg, out, res); err != nil {
		return err
	}
	for _, n := range cfg.rows {
		if err := delimited(ctx, cfg, peers, n, out, res); err != nil {
			return err
		}
	}
	for _, n := range cfg.xlsx {
		if err := workbook(ctx, cfg, n, out, res); err != nil {
			return err
		}
	}
	parts, err := ratiosOfParts(ctx, cfg)
	if err != nil {
		return err
	}
	printGoals(out, append(res.goals(cfg), parts...))
	return nil
}

func parseFlags(args []string) (config, error) {
	var cfg config
	var rows, xlsx string
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&cfg.dir, "dir", "bench", "folder for the generated files and the results")
	fs.StringVar(&cfg.bin, "bin", "bin/duizhang", "the binary to time")
	fs.StringVar(&cfg.fixgen, "fixgen", "bin/fixgen", "the generator")
	fs.StringVar(&rows, "rows", "1000000,10000000", "rows a side")
	fs.StringVar(&xlsx, "xlsx", "200000,1000000", "rows a side for workbooks as input; empty: none")
	fs.IntVar(&cfg.runs, "runs", 5, "counted runs of each command")
	fs.IntVar(&cfg.parts, "parts", 3, "counted runs of the Go benchmarks of XLSX, which take the go command; 0: none")
	fs.StringVar(&cfg.only, "only", "", "only commands whose name contains this")
	fs.DurationVar(&cfg.timeout, "timeout", 10*time.Minute, "limit of one run")
	if err := fs.Parse(args); err != nil {
		return cfg, err
	}
	var err1, err2 error
	cfg.rows, err1 = ints(rows)
	cfg.xlsx, err2 = ints(xlsx)
	return cfg, errors.Join(err1, err2)
}

func ints(list string) ([]int, error) {
	var out []int
	for _, s := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil || n <= 0 {
			return nil, fmt.Errorf("%q is no number of rows", s)
		}
		out = append(out, n)
	}
	return out, nil
}

// generate writes one data set unless it is there already.
func generate(ctx context.Context, cfg config, dir string, args ...string) error {
	done := filepath.Join(dir, ".done")
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, cfg.fixgen, append([]string{"bench", "--dir", dir}, args...)...)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("generating %s: %w", dir, err)
	}
	return os.WriteFile(done, nil, 0o644)
}
