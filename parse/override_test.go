package parse

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

// A layout may be named for a file by its path as well as by its base name.
func TestLayoutOverrideByPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "day.csv")
	if err := os.WriteFile(path, []byte("订单号,交易时间,金额\nA1,2026-03-09 10:00:00,1.00\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{path, "day.csv", ""} {
		in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{Layouts: builtin(t), Layout: Overrides{{File: file, Value: "generic-clearing"}}})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if got := in.Files[0].Layout; got != "generic-clearing" {
			t.Errorf("a layout for %q: the file is read by %q", file, got)
		}
	}
}
