//go:build unix

package report

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
)

// Outputs have the rights that the umask leaves them.
func TestOutputsRespectTheUmask(t *testing.T) {
	for _, mask := range []int{0o077, 0o027, 0o002} {
		dir := t.TempDir()
		before := syscall.Umask(mask)
		w := write(t, sample(problem.ZH), Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: filepath.Join(dir, "csv")})
		syscall.Umask(before)
		for _, name := range append(w.CSV, w.Workbook, filepath.Join(dir, "csv")) {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			want := os.FileMode(0o666)
			if info.IsDir() {
				want = 0o777
			}
			if info.Mode().Perm() != want&^os.FileMode(mask) {
				t.Errorf("umask %o: %s has %o", mask, name, info.Mode().Perm())
			}
		}
	}
}

// A report cannot take the place of a pipe, and does not wait for one.
func TestPreflightRefusesAPipe(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"r.xlsx", transactionsCSV} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, out := range []Output{{Workbook: filepath.Join(dir, "r.xlsx")}, {CSV: dir}} {
		var we *WriteError
		if err := Preflight(out); !errors.As(err, &we) || we.Problem != NotAFile {
			t.Errorf("%+v: %v", out, err)
		}
	}
}
