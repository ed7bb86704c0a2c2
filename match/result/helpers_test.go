package result

import (
	"testing"

	"github.com/duizhang/duizhang/parse/money"
)

func fen(t testing.TB, s string) money.Fen {
	t.Helper()
	v, err := money.Parse(s, money.Yuan)
	if err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return v
}
