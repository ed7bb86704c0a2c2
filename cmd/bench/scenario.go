package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// delimited times one size of CSV (UTF-8 and GBK) and fixed-width input.
func delimited(ctx context.Context, cfg config, p peers, rows int, out io.Writer, res results) error {
	n := strconv.Itoa(rows)
	utf8 := filepath.Join(cfg.dir, n+"-utf8")
	gbk := filepath.Join(cfg.dir, n+"-gbk")
	fixed := filepath.Join(cfg.dir, n+"-fixed")
	err := errors.Join(
		generate(ctx, cfg, utf8, "--rows", n),
		generate(ctx, cfg, gbk, "--rows", n, "--encoding", "gbk"),
		generate(ctx, cfg, fixed, "--rows", n, "--form", "fixed"),
	)
	if err != nil {
		return err
	}
	var jobs []job
	for _, c := range []struct {
		name, id, dir string
		extra         []string
	}{
		{"**duizhang** UTF-8, whole run", idUTF8, utf8, nil},
		{"**duizhang** GBK, whole run", idGBK, gbk, nil},
		{"**duizhang** UTF-8, --memory 128MiB", idTight, utf8, []string{"--memory", "128MiB"}},
		{"**duizhang** fixed width, whole run", idFixed, fixed, nil},
	} {
		j, err := product(cfg, c.name, c.id, c.dir, c.extra...)
		if err != nil {
			return err
		}
		jobs = append(jobs, j)
	}
	own, err := peerJobs(cfg, p, utf8, rows)
	if err != nil {
		return err
	}
	return timeAll(ctx, cfg, rows, fmt.Sprintf("%s × %s rows", thousands(rows), thousands(rows)), append(jobs, own...), out, res)
}

// startRows is the size of the run that shows what a start costs.
const startRows = 8

// start times a run that is nothing but its start. It is short, so it is timed
// often.
func start(ctx context.Context, cfg config, out io.Writer, res results) error {
	dir := filepath.Join(cfg.dir, strconv.Itoa(startRows)+"-utf8")
	if err := generate(ctx, cfg, dir, "--rows", strconv.Itoa(startRows), "--differ", "0.2"); err != nil {
		return err
	}
	j, err := product(cfg, "**duizhang**, whole run", idStart, dir)
	if err != nil {
		return err
	}
	cfg.runs *= 10
	return timeAll(ctx, cfg, startRows, fmt.Sprintf("%d × %d rows", startRows, startRows), []job{j}, out, res)
}

// workbook times XLSX as input on both sides.
func workbook(ctx context.Context, cfg config, rows int, out io.Writer, res results) error {
	n := strconv.Itoa(rows)
	dir := filepath.Join(cfg.dir, n+"-xlsx")
	if err := generate(ctx, cfg, dir, "--rows", n, "--form", "xlsx"); err != nil {
		return err
	}
	j, err := product(cfg, "**duizhang** XLSX in, whole run", "", dir)
	if err != nil {
		return err
	}
	return timeAll(ctx, cfg, rows, fmt.Sprintf("%s × %s rows from XLSX", thousands(rows), thousands(rows)), []job{j}, out, res)
}

// timeAll times jobs on one data set, prints their table and keeps what the
// goals speak of.
func timeAll(ctx context.Context, cfg config, rows int, title string, jobs []job, out io.Writer, res results) error {
	if cfg.only != "" {
		jobs = slices.DeleteFunc(jobs, func(j job) bool { return !strings.Contains(j.name, cfg.only) })
	}
	if len(jobs) == 0 {
		return nil
	}
	got, err := alternate(ctx, cfg, jobs)
	if err != nil {
		return err
	}
	table(out, title, jobs, got)
	for i, j := range jobs {
		if j.id != "" {
			res[resultKey{j.id, rows}] = got[i]
		}
	}
	return nil
}

// product is a whole run: digest of the inputs, all rules, the proof, CSVs and workbook.
func product(cfg config, name, id, dir string, extra ...string) (job, error) {
	out := filepath.Join(dir, "out")
	in, err := inputs(dir)
	argv := []string{cfg.bin, "run", "--pos", in.Pos, "--clearing", in.Clearing, "--as-of", in.AsOf, "--quiet",
		"--csv", out, "--out", filepath.Join(dir, "report.xlsx")}
	return job{name: name, id: id, argv: append(argv, extra...), okExit: []int{1}}, err
}

func peerJobs(cfg config, p peers, dir string, rows int) ([]job, error) {
	in, err := inputs(dir)
	if err != nil {
		return nil, err
	}
	pos, clearing := in.Pos, in.Clearing
	tmp := filepath.Join(dir, "out")
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return nil, err
	}
	var jobs []job
	if p.duckdb != "" {
		wide := p.duckWide(pos, clearing, filepath.Join(tmp, "duck-wide.csv"))
		wide.base, wide.id = true, idDuck
		jobs = append(jobs, wide, p.duckNarrow(pos, clearing, filepath.Join(tmp, "duck-narrow.csv")))
	}
	if p.sort != "" && p.join != "" && p.awk != "" {
		a, err := columns(pos, colTerminal, colRef, colPaid)
		if err != nil {
			return nil, err
		}
		b, err := columns(clearing, colTerminal, colRef, colAmount)
		if err != nil {
			return nil, err
		}
		j := p.sortJoin(pos, clearing, tmp, a, b)
		j.runs = 1
		jobs = append(jobs, j)
	}
	if p.mlr != "" && rows <= 1_000_000 {
		jobs = append(jobs, p.miller(pos, clearing, filepath.Join(tmp, "miller.csv")))
	}
	return jobs, nil
}

// dataset is what the generator says of a folder that it wrote (truth.json).
type dataset struct {
	AsOf     string `json:"as_of"`
	Pos      string `json:"pos_file"`
	Clearing string `json:"clearing_file"`
}

// inputs reads it, with full paths.
func inputs(dir string) (dataset, error) {
	var d dataset
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return d, fmt.Errorf("%s: %w", filepath.Join(dir, "truth.json"), err)
	}
	d.Pos, d.Clearing = filepath.Join(dir, d.Pos), filepath.Join(dir, d.Clearing)
	return d, nil
}

// columns are the 1-based positions of names in the file's header.
func columns(file string, names ...string) ([3]int, error) {
	var at [3]int
	f, err := os.Open(file)
	if err != nil {
		return at, err
	}
	defer f.Close()
	head, err := csv.NewReader(f).Read()
	if err != nil {
		return at, fmt.Errorf("%s: %w", file, err)
	}
	for i, name := range names {
		k := slices.Index(head, name)
		if k < 0 {
			return at, fmt.Errorf("%s: no column %s", file, name)
		}
		at[i] = k + 1
	}
	return at, nil
}
