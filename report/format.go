package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// appendDate appends 2006-01-02; nothing for a day that is not known.
func appendDate(b []byte, d record.Date) []byte {
	if d == 0 {
		return b
	}
	y, m, day := civil(d)
	b = appendPadded(b, y, 4)
	b = append(b, '-')
	b = appendPadded(b, m, 2)
	b = append(b, '-')
	return appendPadded(b, day, 2)
}

// civil is the proleptic Gregorian calendar of a day count since 1970-01-01
// (Howard Hinnant's days algorithm), an order of magnitude faster than going
// through time.Time.
func civil(d record.Date) (year, month, day int) {
	z := int(d) + 719468
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if mp >= 10 {
		month = mp - 9
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

func appendPadded(b []byte, n, width int) []byte {
	var digits [20]byte
	i := len(digits)
	for n > 0 || width > 0 {
		i--
		digits[i] = byte('0' + n%10)
		n /= 10
		width--
	}
	return append(b, digits[i:]...)
}

// appendTime appends 2006-01-02 15:04:05, or the day alone where the file
// gives no time of day; nothing where it gives neither.
func appendTime(b []byte, t record.Time, hasClock bool) []byte {
	if t == 0 {
		return b
	}
	b = appendDate(b, t.Date())
	if !hasClock {
		return b
	}
	s := t.Clock()
	b = append(b, ' ')
	b = appendPadded(b, s/3600, 2)
	b = append(b, ':')
	b = appendPadded(b, s/60%60, 2)
	b = append(b, ':')
	return appendPadded(b, s%60, 2)
}

func dateText(d record.Date) string { return string(appendDate(nil, d)) }

func yuan(f money.Fen) string { return string(f.Append(nil)) }

// grouped is an amount with thousands separators, for reading.
func grouped(f money.Fen) string {
	s := yuan(f)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, cents, _ := strings.Cut(s, ".")
	return sign + commas(whole) + "." + cents
}

func commas(digits string) string {
	var b strings.Builder
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// baseCurrency is what amounts without a code are in.
const baseCurrency = "CNY"

// base is the amount in the base currency.
func base(sums result.Sums) money.Fen {
	for _, s := range sums {
		if s.Currency == baseCurrency || s.Currency == "" {
			return s.Amount
		}
	}
	return 0
}

// foreign is true where an amount in another currency is left beside base.
func foreign(sums result.Sums) bool {
	for _, s := range sums {
		if s.Currency != baseCurrency && s.Currency != "" {
			return true
		}
	}
	return false
}

// sumsText is every amount with its currency where it is not the base one.
func sumsText(sums result.Sums) string {
	if !foreign(sums) {
		return grouped(base(sums))
	}
	var parts []string
	for _, s := range sums {
		if s.Currency == "" || s.Currency == baseCurrency {
			parts = append(parts, grouped(s.Amount))
			continue
		}
		parts = append(parts, s.Currency+" "+grouped(s.Amount))
	}
	return strings.Join(parts, "; ")
}

// width is the number of terminal or sheet columns that s takes: two for
// Chinese, Japanese and Korean characters, full-width forms and pictures.
func width(s string) int {
	n := 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			n++
			i++
			continue
		}
		if s[i] >= 0xE4 && s[i] <= 0xE9 && i+2 < len(s) { // U+4000 to U+9FFF
			n += 2
			i += 3
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		n += runeWidth(r)
		i += size
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r >= 0x0300 && r <= 0x036F, r >= 0x200B && r <= 0x200F, r >= 0xFE00 && r <= 0xFE0F, r == 0xFEFF:
		return 0
	case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0x303E, r >= 0x3041 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3,
		r >= 0xF900 && r <= 0xFAFF, r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60, r >= 0xFFE0 && r <= 0xFFE6,
		r >= 0x1F300 && r <= 0x1F64F, r >= 0x1F900 && r <= 0x1F9FF, r >= 0x20000 && r <= 0x3FFFD,
		r == '“', r == '”', r == '‘', r == '’', r == '…', r == '—', r == '《', r == '￥':
		return 2
	}
	return 1
}

// flagList names the flags that are set, with name giving each bit's word.
func flagList(f result.Flags, sep string, name func(bit int) string) string {
	if f == 0 {
		return ""
	}
	var parts []string
	for bit := range result.NumFlags {
		if f&(1<<bit) != 0 {
			parts = append(parts, name(bit))
		}
	}
	return strings.Join(parts, sep)
}

func flagWords(f result.Flags, l problem.Lang) string {
	return flagList(f, "、", func(bit int) string { return flagNames[bit].in(l) })
}

// sprintf is fmt.Sprintf with string arguments.
func sprintf(format string, args []string) string {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	return fmt.Sprintf(format, list...)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
