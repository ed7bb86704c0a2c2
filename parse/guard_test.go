package parse

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
)

// A panic in a worker is an error that tells the place and no data.
func TestGuardTellsThePlaceAndNoData(t *testing.T) {
	var rows []int
	for name, work := range map[string]func() error{
		"text":  func() error { panic("card 6222020000000000") },
		"error": func() error { panic(fmt.Errorf("row %q", "6222020000000000")) },
		"index": func() error { rows[3]++; return nil },
	} {
		var p *problem.PanicError
		err := problem.Guard(work)()
		if !errors.As(err, &p) || !strings.Contains(p.Site, "parse/guard_test.go:") || strings.Contains(err.Error(), "6222") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := problem.Guard(func() error { return errNotRegular })(); err != errNotRegular {
		t.Errorf("an error passes as it is, got %v", err)
	}
}
