package report

import (
	"hash/crc32"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

func TestDateIsTheCalendars(t *testing.T) {
	for d := record.Date(-200000); d < 200000; d += 13 {
		want := time.Unix(int64(d)*86400, 0).UTC().Format("2006-01-02")
		if got := dateText(d); d != 0 && got != want {
			t.Fatalf("day %d: got %s, want %s", d, got, want)
		}
	}
	if dateText(0) != "" {
		t.Error("an unknown day has no text")
	}
}

func TestTimeWithoutClockIsADay(t *testing.T) {
	at := clock(asOf, 9, 3, 7)
	if got := string(appendTime(nil, at, true)); got != "2026-01-06 09:03:07" {
		t.Error(got)
	}
	if got := string(appendTime(nil, at, false)); got != "2026-01-06" {
		t.Error(got)
	}
}

func TestGroupedAmount(t *testing.T) {
	for f, want := range map[money.Fen]string{0: "0.00", 5: "0.05", -5: "-0.05", 99999: "999.99", 100000: "1,000.00", -123456789: "-1,234,567.89", 36028797018963967: "360,287,970,189,639.67"} {
		if got := grouped(f); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := moneyWidth(f); got != len(want) {
			t.Errorf("%s has the width %d", want, got)
		}
	}
}

func TestWidth(t *testing.T) {
	for s, want := range map[string]int{"": 0, "abc": 3, "对账": 4, "a对b": 4, "（）": 4, "ｱ": 1, "é": 1, "e\u0301": 1, "𠮷": 2, "😀": 2} {
		if got := width(s); got != want {
			t.Errorf("%q: got %d, want %d", s, got, want)
		}
	}
}

func TestWrappedLines(t *testing.T) {
	for _, c := range []struct {
		s     string
		limit int
		want  int
	}{
		{"abc", 10, 1}, {"abcdefghij", 5, 2}, {"abcdefghijk", 5, 3}, {"对账对账对", 4, 3}, {"a b", 3, 1}, {"a\nb", 10, 2}, {"abc def ghi", 5, 3}, {"拉卡拉/898310000000001/2026-01-05", 18, 3},
	} {
		if got := wrappedLines(c.s, c.limit); got != c.want {
			t.Errorf("%q in %d: got %d, want %d", c.s, c.limit, got, c.want)
		}
	}
}

func TestCombinedChecksum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "a")
		b := rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "b")
		want := crc32.ChecksumIEEE(append(append([]byte{}, a...), b...))
		if got := combineCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b))); got != want {
			t.Fatalf("got %08x, want %08x", got, want)
		}
	})
}

func TestReadYuanReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := money.Fen(rapid.Int64Range(-int64(exactFen), int64(exactFen)).Draw(t, "fen"))
		text := append(f.Append(nil), "</v>"...)
		got, n := readYuan(text)
		if got != f || n != len(text)-len("</v>") {
			t.Fatalf("%s was read as %d", text, got)
		}
	})
}

func TestColumnName(t *testing.T) {
	for i, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA"} {
		if got := columnName(i); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
		if got, err := columnBefore([]byte(`<c r="` + want + "12")); got != i || err != nil {
			t.Errorf("%s was read as %d, %v", want, got, err)
		}
	}
}

func TestSumNoticesOverflow(t *testing.T) {
	var s sum
	for range 300 {
		s.add(money.Max)
	}
	if !s.overflow {
		t.Error("not noticed")
	}
}
