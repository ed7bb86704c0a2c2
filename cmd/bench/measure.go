package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// job is one command to time. okExit are the exit codes that mean that the work
// was done (the product says 1 when it found differences).
type job struct {
	name   string
	id     string // of the goals; empty: none speaks of it
	argv   []string
	okExit []int
	// base marks the job that the others are compared with.
	base bool
	runs int // 0: as configured
}

// sample is what the operating system says of one finished run.
type sample struct {
	wall, cpu time.Duration
	peak      int64 // bytes; 0 where the system does not tell
}

// alternate runs the jobs in turn, one warm-up round first.
func alternate(ctx context.Context, cfg config, jobs []job) ([][]sample, error) {
	out := make([][]sample, len(jobs))
	for round := -1; round < cfg.runs; round++ {
		for i, j := range jobs {
			if j.runs > 0 && round >= j.runs || j.runs == 1 && round < 0 {
				continue
			}
			s, err := once(ctx, cfg, j)
			if err != nil {
				return nil, err
			}
			if round >= 0 {
				out[i] = append(out[i], s)
			}
		}
	}
	return out, nil
}

func once(ctx context.Context, cfg config, j job) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	var tail strings.Builder
	cmd := exec.CommandContext(ctx, j.argv[0], j.argv[1:]...)
	cmd.Stderr = &tail
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if cmd.ProcessState == nil || !slices.Contains(append(j.okExit, 0), cmd.ProcessState.ExitCode()) {
		return sample{}, fmt.Errorf("%s: %v\n%s", j.name, err, tail.String())
	}
	ps := cmd.ProcessState
	return sample{wall: wall, cpu: ps.UserTime() + ps.SystemTime(), peak: peakBytes(ps)}, nil
}

// table prints one line per job: min/median/max of the wall time, median cpu and
// peak memory, and the median of the ratios to the base job's run of that round.
func table(out io.Writer, title string, jobs []job, got [][]sample) {
	base := slices.IndexFunc(jobs, func(j job) bool { return j.base })
	fmt.Fprintf(out, "\n### %s\n\n", title)
	fmt.Fprintln(out, "| command | wall s: min / median / max | cpu s | peak MiB | wall ÷ base: min / median / max |")
	fmt.Fprintln(out, "|---|---|---|---|---|")
	for i, j := range jobs {
		w := spread(each(got[i], wall))
		c := spread(each(got[i], func(s sample) float64 { return s.cpu.Seconds() }))
		p := spread(each(got[i], func(s sample) float64 { return float64(s.peak) / (1 << 20) }))
		ratio := "–"
		if base >= 0 && len(got[i]) > 0 {
			r := spread(ratios(got[i], got[base], wall))
			ratio = fmt.Sprintf("%.2f / **%.2f** / %.2f", r[0], r[1], r[2])
		}
		fmt.Fprintf(out, "| %s | %.3g / **%.3g** / %.3g | %.3g | %.0f | %s |\n", j.name, w[0], w[1], w[2], c[1], p[2], ratio)
	}
}
