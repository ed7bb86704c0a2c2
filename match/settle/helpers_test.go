package settle

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

func mustDay(t testing.TB, s string) record.Date {
	t.Helper()
	d, ok := terms.ParseDay(s)
	if !ok {
		t.Fatalf("not a date: %s", s)
	}
	return d
}

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
