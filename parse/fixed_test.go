package parse

import (
	"os"
	"strings"
	"testing"
)

// A file that holds nothing but rows which its layout skips is known by its name.
func TestFixedFormOfSkippedRows(t *testing.T) {
	made, err := os.ReadFile("testdata/layouts/unionpay-aerra/IND27010101AERRA")
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(made), "\n")
	if got := said(t, "IND27010101AERRA", []byte("E05"+line[3:]+"\n"), nil); got != "0 rows -" {
		t.Error(got)
	}
}
