package layout

import "testing"

func builtin(t testing.TB) *Layouts {
	t.Helper()
	ls, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

func TestBuiltinLayoutsLoad(t *testing.T) { builtin(t) }

func BenchmarkLoadLayouts(b *testing.B) {
	for b.Loop() {
		if _, err := LoadLayouts(""); err != nil {
			b.Fatal(err)
		}
	}
}
