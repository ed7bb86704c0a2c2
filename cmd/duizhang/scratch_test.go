package main

import (
	"os"
	"path/filepath"
	"testing"
)

// A folder whose owner is gone is swept; one that is in use, and anything else
// of that name, stays.
func TestScratchOfKilledRunsIsSwept(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	left := filepath.Join(temp, scratchPrefix+"left")
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"claim", "part-1"} {
		if err := os.WriteFile(filepath.Join(left, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	other := filepath.Join(temp, scratchPrefix+"notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	used, err := claimScratch()
	if err != nil {
		t.Fatal(err)
	}
	defer used.claim.Close()
	own, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	if there(left) || !there(other) || !there(used.dir) || !there(own.dir) {
		t.Errorf("left %v, other %v, used %v, own %v", there(left), there(other), there(used.dir), there(own.dir))
	}
	own.remove()
	own.remove()
	if there(own.dir) {
		t.Error("the run's own folder is still there")
	}
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
