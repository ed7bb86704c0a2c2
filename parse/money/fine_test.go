package money

import "testing"

func TestFineReadsThousandthsOfAFen(t *testing.T) {
	for _, c := range []struct {
		in    string
		f     Fen
		milli int64
		whole Fen
		ok    bool
	}{
		{"0.00020", 0, 20, 0, true}, {"0.00500", 0, 500, 1, true}, {"-0.00500", 0, -500, -1, true}, {"0.19750", 19, 750, 20, true},
		{"-1,234.56789", -123456, -789, -123457, true}, {"0.20000", 20, 0, 20, true}, {"7", 700, 0, 700, true},
		{"0.000001", 0, 0, 0, false}, {"0.0002x", 0, 0, 0, false}, {"1e-4", 0, 0, 0, false}, {"", 0, 0, 0, false},
	} {
		f, milli, err := Fine([]byte(c.in), Yuan)
		if f != c.f || milli != c.milli || (err == nil) != c.ok || Round(f, milli) != c.whole {
			t.Errorf("%q: %d and %d, %v, round %d", c.in, f, milli, err, Round(f, milli))
		}
	}
}
