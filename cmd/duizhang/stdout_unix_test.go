//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A full device behind stdout does not undo a report that stands: the status is
// the result's, or 3 where the JSON object was asked for.
func TestAFullStdoutDoesNotUndoTheReport(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	dir := t.TempDir()
	args := []string{"run", "--lang", "en", "--as-of", "2026-01-09", "--out", filepath.Join(dir, "r.xlsx")}
	for _, side := range sideNames {
		path := filepath.Join(dir, side+".csv")
		if err := os.WriteFile(path, []byte(goodFiles[side]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+side, path)
	}
	for flags, want := range map[string]exitCode{"": exitReconciled, "--json": exitIncomplete, "--quiet": exitReconciled} {
		var stderr bytes.Buffer
		e := testEnv(new(bytes.Buffer), &stderr)
		e.stdout = full
		code := guarded(t.Context(), append(args, strings.Fields(flags)...), e)
		if code != want || !there(filepath.Join(dir, "r.xlsx")) {
			t.Errorf("%s: status %d, want %d: %s", flags, code, want, stderr.String())
		}
		if said := strings.Contains(stderr.String(), "the report is written ("); said != (flags != "--quiet") {
			t.Errorf("%s: said %q", flags, stderr.String())
		}
	}
}
