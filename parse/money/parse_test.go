package money

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseReadsExactly(t *testing.T) {
	for _, c := range []struct {
		in   string
		unit Unit
		want Fen
	}{
		{"0", Yuan, 0}, {"-0", Yuan, 0}, {"0.00", Yuan, 0}, {"12", Yuan, 1200}, {"12.3", Yuan, 1230}, {"12.34", Yuan, 1234},
		{"-12.34", Yuan, -1234}, {"+5", Yuan, 500}, {"5-", Yuan, -500}, {"5.20 -", Yuan, -520},
		{"1,234.56", Yuan, 123456}, {"1,234,567", Yuan, 123456700}, {"12,345.6", Yuan, 1234560}, {"-2,600.00", Yuan, -260000},
		{"￥1,234.56", Yuan, 123456}, {"¥ 22.30", Yuan, 2230}, {"-¥5", Yuan, -500}, {"¥-5", Yuan, -500}, {"12.50元", Yuan, 1250},
		{"(100.00)", Yuan, -10000}, {"(￥1,000)", Yuan, -100000}, {"（100.00）", Yuan, -10000},
		{"１，２３４．５６", Yuan, 123456}, {"－１２", Yuan, -1200}, {" 7.10\t", Yuan, 710}, {"　7.1 ", Yuan, 710},
		{"0.20000", Yuan, 20}, {"197.45000", Yuan, 19745}, {"00012.30", Yuan, 1230}, {".50", Yuan, 50}, {"-.5", Yuan, -50},
		{"360287970189639.67", Yuan, Max}, {"-360287970189639.67", Yuan, -Max}, {"36028797018963967", UnitFen, Max},
		{"000000000100", UnitFen, 100}, {"100", UnitFen, 100}, {"-7", UnitFen, -7}, {"1,000", UnitFen, 1000}, {"(5)", UnitFen, -5}, {"１００", UnitFen, 100},
	} {
		if got, err := Parse(c.in, c.unit); err != nil || got != c.want {
			t.Errorf("Parse(%q, %d) = %d, %v; want %d", c.in, c.unit, got, err, c.want)
		}
		if got, err := Parse([]byte(c.in), c.unit); err != nil || got != c.want {
			t.Errorf("Parse([]byte(%q), %d) = %d, %v; want %d", c.in, c.unit, got, err, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		in   string
		unit Unit
		want error
	}{
		{"", Yuan, ErrEmpty}, {"  ", Yuan, ErrEmpty}, {"　", UnitFen, ErrEmpty},
		{"abc", Yuan, ErrSyntax}, {"NaN", Yuan, ErrSyntax}, {"Inf", Yuan, ErrSyntax}, {"0x10", Yuan, ErrSyntax}, {"十元", Yuan, ErrSyntax},
		{"1,00.00", Yuan, ErrSyntax}, {"1,2345", Yuan, ErrSyntax}, {"1234,567", Yuan, ErrSyntax}, {",123", Yuan, ErrSyntax}, {"1,", Yuan, ErrSyntax}, {"1,234,5", Yuan, ErrSyntax},
		{"1.", Yuan, ErrSyntax}, {".", Yuan, ErrSyntax}, {"-", Yuan, ErrSyntax}, {"--5", Yuan, ErrSyntax}, {"-5-", Yuan, ErrSyntax}, {"+-5", Yuan, ErrSyntax}, {"-(5)", Yuan, ErrSyntax}, {"(-5)", Yuan, ErrSyntax}, {"(5", Yuan, ErrSyntax}, {"5)", Yuan, ErrSyntax},
		{"1 234", Yuan, ErrSyntax}, {"1.2.3", Yuan, ErrSyntax}, {"12.3,4", Yuan, ErrSyntax}, {"USD 5", Yuan, ErrSyntax}, {"1_000", Yuan, ErrSyntax}, {"5+", Yuan, ErrSyntax}, {"\x005", Yuan, ErrSyntax}, {"\xff", Yuan, ErrSyntax},
		{"1e3", Yuan, ErrExponent}, {"1.2E+05", Yuan, ErrExponent}, {"1E5", UnitFen, ErrExponent},
		{"1.005", Yuan, ErrDecimals}, {"0.001", Yuan, ErrDecimals}, {"0.30000000000000004", Yuan, ErrDecimals},
		{"360287970189639.68", Yuan, ErrRange}, {"99999999999999999999", Yuan, ErrRange}, {"36028797018963968", UnitFen, ErrRange}, {"999999999999999", Yuan, ErrRange},
		{"100.00", UnitFen, ErrUnit}, {"100.5", UnitFen, ErrUnit}, {"￥100", UnitFen, ErrUnit}, {"100元", UnitFen, ErrUnit},
	} {
		if got, err := Parse(c.in, c.unit); err != c.want {
			t.Errorf("Parse(%q, %d) = %d, %v; want %v", c.in, c.unit, got, err, c.want)
		}
	}
}

func TestWhatStringPrintsParseReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64Range(-int64(Max), int64(Max)).Draw(t, "f"))
		if got, err := Parse(f.String(), Yuan); err != nil || got != f {
			t.Fatalf("%d prints as %s, which reads as %d, %v", f, f, got, err)
		}
		if got, err := Parse(fmt.Sprint(int64(f)), UnitFen); err != nil || got != f {
			t.Fatalf("%d in fen reads as %d, %v", f, got, err)
		}
	})
}

func TestDecorationDoesNotChangeTheAmount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Fen(rapid.Int64Range(0, int64(Max)).Draw(t, "f"))
		s := group(f.String())
		if rapid.Bool().Draw(t, "wide") {
			s = strings.Map(func(r rune) rune { return r + 0xFEE0 }, s)
		}
		s = rapid.SampledFrom([]string{"", " ", "￥", "¥ ", "+", "+￥", "　"}).Draw(t, "before") + s + rapid.SampledFrom([]string{"", " ", "元", "\t"}).Draw(t, "after")
		if got, err := Parse(s, Yuan); err != nil || got != f {
			t.Fatalf("%q reads as %d, %v; want %d", s, got, err, f)
		}
	})
}

func group(s string) string {
	i := strings.IndexByte(s, '.')
	for j := i - 3; j > 0; j -= 3 {
		s = s[:j] + "," + s[j:]
	}
	return s
}

func TestStringAtTheEnds(t *testing.T) {
	for f, want := range map[Fen]string{0: "0.00", 5: "0.05", -5: "-0.05", 1234: "12.34", -100: "-1.00", math.MinInt64: "-92233720368547758.08", math.MaxInt64: "92233720368547758.07"} {
		if got := f.String(); got != want {
			t.Errorf("Fen(%d) = %s, want %s", int64(f), got, want)
		}
	}
}

func TestAddNoticesOverflow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		sum, ok := Add(Fen(a), Fen(b))
		want := new(big.Int).Add(big.NewInt(a), big.NewInt(b))
		if ok != want.IsInt64() || ok && int64(sum) != want.Int64() {
			t.Fatalf("%d + %d = %d, %v; want %v", a, b, sum, ok, want)
		}
	})
}

func TestParseDoesNotAllocate(t *testing.T) {
	for _, s := range []string{"12.34", "1,234.56", "￥１２", "abc"} {
		b := []byte(s)
		if n := testing.AllocsPerRun(100, func() { Parse(b, Yuan) }); n != 0 {
			t.Errorf("Parse(%q) allocates %v times", s, n)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"1,234.56", "￥12", "(5)", "1e5", "１２．３４", "-0.01", "5-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, unit := range []Unit{Yuan, UnitFen} {
			got, err := Parse(s, unit)
			if err != nil {
				continue
			}
			if got > Max || got < -Max {
				t.Fatalf("Parse(%q) = %d, beyond Max", s, got)
			}
			if again, err := Parse(got.String(), Yuan); err != nil || again != got {
				t.Fatalf("Parse(%q) = %d, which does not survive printing: %d, %v", s, got, again, err)
			}
		}
	})
}
