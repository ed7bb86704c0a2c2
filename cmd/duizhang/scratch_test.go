package main

import (
	"os"
	"path/filepath"
	"testing"
)

// abandoned makes a folder as a killed run leaves it, with what the test wants
// in it.
func abandoned(t *testing.T, temp, name, claim string, files ...string) string {
	t.Helper()
	dir := filepath.Join(temp, name)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, f := range append(files, claimName) {
		text := ""
		if f == claimName {
			text = claim
		}
		if err := os.WriteFile(filepath.Join(dir, f), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A folder whose owner is gone is swept; one that is in use, and anything that
// is not provably a run's, stays.
func TestScratchOfKilledRunsIsSwept(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	left := abandoned(t, temp, "duizhang-1", claimMark+"duizhang-1", "part-1", "duizhang-spool-2")
	stay := []string{
		abandoned(t, temp, "duizhang-2", "", "part-1"),                     // a person's claim
		abandoned(t, temp, "duizhang-3", claimMark+"duizhang-1"),           // a copy of a folder
		abandoned(t, temp, "duizhang-notes", claimMark+"duizhang-notes"),   // no name of a run's
		abandoned(t, temp, "duizhang-4", claimMark+"duizhang-4", "我的.csv"), // somebody's file in it
	}
	other := filepath.Join(temp, scratchPrefix+"notes.txt")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, other, filepath.Join(temp, "duizhang-4", "我的.csv"), filepath.Join(temp, "duizhang-2", "part-1"))
	used, err := claimScratch()
	if err != nil {
		t.Fatal(err)
	}
	defer used.claim.Close()
	own, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(stay, used.dir, own.dir) {
		if !there(path) {
			t.Errorf("%s is gone", path)
		}
	}
	if there(left) {
		t.Error("what a killed run left is there")
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
