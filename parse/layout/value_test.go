package layout

import (
	"testing"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/text"
)

func TestGuardsAroundIdentifiersGoAway(t *testing.T) {
	for in, want := range map[string]string{
		"A1": "A1", " A1 ": "A1", "A1\t": "A1", "`A1": "A1", "'A1": "A1", `="A1"`: "A1", "`'A1": "'A1", "": "", "`": "", `=""`: "", "=A1": "=A1",
	} {
		if got := string(Unguard([]byte(in))); got != want {
			t.Errorf("unguard(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestIdentifiersAreFolded(t *testing.T) {
	for in, want := range map[string]string{
		"１２３ＡＢ": "123AB", "12 34": "1234", "\ufeff12\u200b34": "1234", "12\u00a034": "1234", "订单１": "订单1",
	} {
		if got := string(appendIdentifier(nil, []byte(in))); got != want {
			t.Errorf("%q folds to %q, want %q", in, got, want)
		}
	}
}

func TestFreeTextKeepsWhatCanBeSeen(t *testing.T) {
	for in, want := range map[string]string{
		"东方商场（一店）": "东方商场（一店）", "\u200ba\u202eb": "ab", "a\x1b[31mb\n": "a [31mb", "　a　b　": "a b",
	} {
		if got := string(appendFree(nil, []byte(in))); got != want {
			t.Errorf("%q cleans to %q, want %q", in, got, want)
		}
	}
}

func TestLostPrecisionIsKnownByItsShape(t *testing.T) {
	for in, want := range map[string]bool{
		"1.23457E+17": true, "1.2302025304E+022": true, "1E+10": true, "4.2e17": true, "9.9E-05": true,
		"12E45678": false, "E12": false, "ABE+17": false, "1E": false, "123456": false, "1.5": false, "5E1": false,
	} {
		if got := mayBeMangled([]byte(in)) && lostPrecision([]byte(in)); got != want {
			t.Errorf("%q: %v, want %v", in, got, want)
		}
	}
}

func TestCardNumbersKeepSixAndFour(t *testing.T) {
	for in, want := range map[string]string{
		"6222621234567894809": "622262****4809", "622262*********4809": "622262****4809", "622262XXXXXX4809": "622262****4809", "6222****4809": "6222****4809",
		"****4809": "****4809", "4809": "****4809", "尾号4809": "****4809", "47": "****0047", "622262******": "622262****", "622262-1234-4809": "622262****4809",
		"6222621234567894809(工商银行)": "622262****4809", "oZWa12345678": "", "abc": "", "": "", "buy***@example.com": "",
	} {
		if got := string(appendCardTail(nil, []byte(in))); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func FuzzCardTail(f *testing.F) {
	for _, s := range []string{"6222621234567894809", "622262*********4809", "尾号4809", "x", "4111 1111"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		got := appendCardTail(nil, []byte(s))
		digits := 0
		for _, c := range got {
			if text.IsDigit(c) {
				digits++
			}
		}
		if digits > 10 {
			t.Fatalf("%q becomes %q", s, got)
		}
	})
}

func TestCurrencies(t *testing.T) {
	for in, want := range map[string]string{"CNY": "CNY", "cny": "CNY", "RMB": "CNY", "人民币": "CNY", "156": "CNY", "USD": "USD", "840": "USD", "THB": "THB", "12": "", "元宝": "", "999": ""} {
		got, ok := currencyCode([]byte(in))
		if got != want || ok != (want != "") {
			t.Errorf("%q is %q %v, want %q", in, got, ok, want)
		}
	}
}
