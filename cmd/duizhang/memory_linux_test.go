package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/fixtures"
)

// limited runs a program with so many KiB of addresses. A C library, where the
// tests are linked with one, must not take them for itself.
func limited(t *testing.T, kib int64, program string, env []string, args ...string) (code exitCode, stderr string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `ulimit -s 256; ulimit -v "$0"; exec "$@"`, fmt.Sprint(kib), program}, args...)...)
	cmd.Env = append(append(os.Environ(), "MALLOC_ARENA_MAX=1", "GOMAXPROCS=2"), env...)
	var out bytes.Buffer
	cmd.Stderr = &out
	var ee *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &ee) {
		t.Fatal(err)
	}
	return exitCode(cmd.ProcessState.ExitCode()), out.String()
}

// least is a number of KiB from which on the runtime begins at all: it takes its
// tables before the first line of a program runs, and dies of it if it cannot.
var least = sync.OnceValue(func() int64 {
	for kib := int64(2 << 20); ; kib -= 64 << 10 {
		for range 3 {
			cmd := exec.Command("/bin/sh", "-c", `ulimit -s 256; ulimit -v "$0"; exec duizhang version`, fmt.Sprint(kib))
			cmd.Env = append(os.Environ(), "MALLOC_ARENA_MAX=1", "GOMAXPROCS=2")
			_ = cmd.Run() // its status says
			if code := exitCode(cmd.ProcessState.ExitCode()); code != exitReconciled && code != exitFailed {
				return kib + 128<<10
			}
		}
	}
})

// bulkRun writes a day of many rows and gives the flags that reconcile it.
func bulkRun(t *testing.T, rows int) []string {
	t.Helper()
	dir := t.TempDir()
	truth, err := fixtures.Bulk{Rows: rows, Differ: 0.01, Encoding: "utf8", Form: "csv", Seed: 1}.Write(dir)
	if err != nil {
		t.Fatal(err)
	}
	return []string{"run", "--lang", "en", "--quiet", "--as-of", truth.AsOf,
		"--pos", filepath.Join(dir, filepath.Base(truth.PosFile)), "--clearing", filepath.Join(dir, filepath.Base(truth.ClearingFile))}
}

// files are the files of a folder and below with their contents.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			text, err := os.ReadFile(path)
			all[strings.TrimPrefix(path, dir)] = string(text)
			return err
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// Memory that runs out is never taken for a mistaken command line, and never
// leaves half a report: whatever the limit, a run is whole, byte for byte that
// of a run without one, or it is status 4 with how much there was and what to do.
func TestOutOfMemoryIsNoMistakenCommandLine(t *testing.T) {
	from, args := least(), bulkRun(t, 10_000)
	var want map[string]string
	seen := map[exitCode]int{}
	for _, more := range []int64{8 << 20, 0, 48 << 10, 96 << 10, 192 << 10} {
		dir, temp := t.TempDir(), t.TempDir()
		code, stderr := limited(t, from+more, "duizhang", []string{"TMPDIR=" + temp}, append(slices.Clone(args), "--out", filepath.Join(dir, "r.xlsx"), "--csv", filepath.Join(dir, "csv"))...)
		got := files(t, dir)
		seen[code]++
		switch code {
		case exitDifferences:
			if want == nil {
				want = got
			}
			for name, text := range want {
				if strings.HasSuffix(name, ".csv") && got[name] != text || len(got[name]) == 0 {
					t.Errorf("%d KiB: %s is another", from+more, name)
				}
			}
		case exitFailed:
			if !strings.Contains(stderr, "out of memory") || !strings.Contains(stderr, "--memory") || !strings.Contains(stderr, "MiB") {
				t.Errorf("%d KiB: %q", from+more, stderr)
			}
			if strings.Count(stderr, "\n") != 1 || len(got) > 0 || len(files(t, temp)) > 0 {
				t.Errorf("%d KiB: left %d and %d files and %q", from+more, len(got), len(files(t, temp)), stderr)
			}
		default:
			t.Errorf("%d KiB: status %d: %.500s", from+more, code, stderr)
		}
	}
	t.Logf("from %d KiB on: %v", from, seen)
}

// Wherever memory runs out, seen coming or at once, before the results have
// their names nothing is left, and after that the report stands.
func TestMemoryRunsOutAtAnyStage(t *testing.T) {
	from := least() + 192<<10
	for _, s := range []stage{stageChecked, stageMatched, stageCommitted} {
		for _, accident := range []string{"memory", "block", "kill"} {
			if accident == "memory" && s == stageChecked {
				continue // as when matched
			}
			dir, temp := t.TempDir(), t.TempDir()
			args := []string{"run", "--lang", "en", "--as-of", "2026-01-09", "--out", filepath.Join(dir, "r.xlsx")}
			for _, side := range sideNames {
				path := filepath.Join(temp, side+".csv")
				if err := os.WriteFile(path, []byte(goodFiles[side]), 0o600); err != nil {
					t.Fatal(err)
				}
				args = append(args, "--"+side, path)
			}
			code, stderr := limited(t, from, "duizhang-at", []string{"TMPDIR=" + temp, "STAGE=" + string(s), "ACCIDENT=" + accident}, args...)
			want := exitFailed
			switch {
			case s == stageCommitted && accident == "memory":
				want = exitReconciled // seen coming when all was done
			case s == stageCommitted:
				want = exitIncomplete
			}
			if code != want || there(filepath.Join(dir, "r.xlsx")) != (s == stageCommitted) || len(files(t, dir)) > 1 || len(files(t, temp)) != len(sideNames) {
				t.Errorf("%s at %s: status %d, want %d: left %d and %d files: %s", accident, s, code, want, len(files(t, dir)), len(files(t, temp)), stderr)
			}
			if want == exitFailed && !strings.Contains(stderr, "memory") || strings.Contains(stderr, "goroutine") {
				t.Errorf("%s at %s: %s", accident, s, stderr)
			}
		}
	}
}

// The limits of control groups are found in both versions, in the group itself
// and above it.
func TestControlGroupsLimitMemory(t *testing.T) {
	mount := t.TempDir()
	for name, text := range map[string]string{
		"memory.max": "max\n", "a/memory.max": "1000\n", "a/b/memory.max": "2000\n",
		"memory/memory.limit_in_bytes": "9223372036854771712\n", "memory/x/memory.limit_in_bytes": "3000\n",
	} {
		path := filepath.Join(mount, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for groups, want := range map[string][]int64{
		"0::/a/b\n":                     {2000, 1000},
		"0::/\n":                        nil,
		"5:cpu,memory:/x\n1:name=y:/\n": {3000, 9223372036854771712},
		"5:devices:/x\n":                nil,
		"nonsense":                      nil,
		"0::/gone/../a\n":               {1000},
	} {
		if got := groupLimits(groups, mount); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", groups, got, want)
		}
	}
}
