package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/fixtures"
	"github.com/duizhang/duizhang/parse/layout"
)

// seeds is how many worlds of each layout are tried; $DUIZHANG_SEEDS asks for
// more.
func seeds(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv("DUIZHANG_SEEDS")
	if text == "" {
		return 3
	}
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A run over generated days finds every group of the truth and no other, in
// every layout that acquirers send, and leaves with the status that the truth
// calls for.
func TestRunFindsTheTruth(t *testing.T) {
	known, err := layout.LoadLayouts("")
	if err != nil {
		t.Fatal(err)
	}
	for _, layout := range fixtures.Layouts() {
		t.Run(layout, func(t *testing.T) {
			t.Parallel()
			if layout != "generic" && known.Get(layout) == nil {
				t.Skip("no built-in layout of this name")
			}
			for seed := uint64(1); seed <= seeds(t); seed++ {
				w := fixtures.Generate(seed, fixtures.Config{Layouts: []string{layout}})
				spec := specs[seed%uint64(len(specs))]
				dir := t.TempDir()
				code, said := runWorld(t, dir, w, spec)
				truth := w.Truth()
				if wrong := truth.Check(filepath.Join(dir, "csv", "transactions.csv")); len(wrong) > 0 {
					t.Errorf("seed %d: %d differences from the truth, the first of them:\n%s", seed, len(wrong), strings.Join(wrong[:min(len(wrong), 8)], "\n"))
				}
				if bad := code != exitReconciled && code != exitDifferences || !truth.Balanced() && code == exitReconciled; bad {
					t.Errorf("seed %d: status %d (%s)", seed, code, said)
				}
			}
		})
	}
}

// specs are the ways in which a shop's export may be written.
var specs = []fixtures.Spec{
	{}, {Encoding: "gbk"}, {Form: "xlsx"}, {Encoding: "utf8-bom", Delimiter: '|', LF: true},
	{Titles: true, Encoding: "gb18030"}, {Delimiter: '\t', Encoding: "utf16le"}, {Parts: 3, Shuffle: 7},
}

// runWorld writes a world and reconciles it; results are in dir/csv.
func runWorld(t *testing.T, dir string, w *fixtures.World, spec fixtures.Spec) (exitCode, string) {
	t.Helper()
	return runFiles(dir, w, writeWorld(t, dir, w, spec))
}

// writeWorld gives the arguments that name its files.
func writeWorld(t *testing.T, dir string, w *fixtures.World, spec fixtures.Spec) (args []string) {
	t.Helper()
	pos, err := w.WritePos(filepath.Join(dir, "pos"), spec)
	if err != nil {
		t.Fatal(err)
	}
	clearing, err := w.WriteClearing(filepath.Join(dir, "clearing"), fixtures.Spec{Shuffle: spec.Shuffle})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pos {
		args = append(args, "--pos="+p)
	}
	for _, p := range clearing {
		args = append(args, "--clearing="+p)
	}
	return args
}

// runFiles reconciles them into a folder.
func runFiles(dir string, w *fixtures.World, args []string) (exitCode, string) {
	args = append([]string{"run", "--lang", "en", "--all", "--quiet", "--as-of", fmt.Sprint(w.AsOf),
		"--csv", filepath.Join(dir, "csv"), "--out", filepath.Join(dir, "report.xlsx")}, args...)
	var stdout, stderr bytes.Buffer
	code := guarded(context.Background(), args, testEnv(&stdout, &stderr))
	return code, stderr.String()
}

// The number of workers, the memory, and the order in which files are named
// leave no trace in any output.
func TestOutputsDependOnTheRowsAlone(t *testing.T) {
	w := fixtures.Generate(11, fixtures.Config{Layouts: []string{"generic", "wechat-trade"}})
	files := writeWorld(t, t.TempDir(), w, fixtures.Spec{Parts: 3})
	outputs := []string{"report.xlsx", "csv/transactions.csv", "csv/rejects.csv"}
	var first [][]byte
	for i, flags := range [][]string{
		{"--workers", "1"}, {"--workers", "2"}, {"--workers", "3"}, {"--workers", "8"}, {"--workers", "8", "--memory", "1MiB"},
	} {
		dir := t.TempDir()
		runFiles(dir, w, append(flags, files...))
		slices.Reverse(files)
		for k, name := range outputs {
			raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
			switch {
			case err != nil:
				t.Fatal(err)
			case i == 0:
				first = append(first, raw)
			case !bytes.Equal(raw, first[k]):
				t.Errorf("%s differs with %q", name, flags)
			}
		}
	}
}

// With a bank side, settlements and credits are what the truth calls decidable,
// and the groups of the transaction leg are the same.
func TestRunFindsWhereTheMoneyIs(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t); seed++ {
		w := fixtures.Generate(seed, fixtures.Config{Layouts: []string{"generic"}, Bank: true})
		dir := t.TempDir()
		files := writeWorld(t, dir, w, fixtures.Spec{})
		bank, err := w.WriteBank(filepath.Join(dir, "bank"), fixtures.Spec{})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bank {
			files = append(files, "--bank="+b)
		}
		contracts, err := w.WriteContracts(dir)
		if err != nil {
			t.Fatal(err)
		}
		code, said := runFiles(dir, w, append(files, "--contracts="+contracts))
		if code != exitDifferences && code != exitReconciled {
			t.Errorf("seed %d: status %d (%s)", seed, code, said)
		}
		truth := w.Truth()
		for file, check := range map[string]func(string) []string{
			"transactions.csv": truth.Check, "settlements.csv": truth.CheckSettlements, "credits.csv": truth.CheckCredits,
		} {
			if wrong := check(filepath.Join(dir, "csv", file)); len(wrong) > 0 {
				t.Errorf("seed %d: %s: %d differences from the truth, the first of them:\n%s", seed, file, len(wrong), strings.Join(wrong[:min(len(wrong), 8)], "\n"))
			}
		}
	}
}
