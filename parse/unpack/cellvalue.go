package unpack

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

// cellStyle is what a number format means for the value of a number cell.
type cellStyle struct {
	kind styleKind
	// pad is the number of digits of a format such as 00000000, which shows
	// the leading zeros of a number (0: none).
	pad uint8
}

type styleKind uint8

const (
	styleNumber styleKind = iota
	styleDate             // has a year, month or day
	styleClock            // has only hours, minutes, seconds
)

// builtinStyle is the meaning of the number formats that have no code in the
// file (ECMA-376 part 1, 18.8.30), with the East Asian ones, 27–36 and 50–58.
func builtinStyle(id int) cellStyle {
	switch {
	case id >= 18 && id <= 21, id >= 45 && id <= 47, id >= 32 && id <= 35, id == 55, id == 56:
		return cellStyle{kind: styleClock}
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return cellStyle{kind: styleDate}
	}
	return cellStyle{}
}

// formatStyle is the meaning of a custom number format. Its first section
// decides; quoted and escaped text, colours and conditions do not count.
func formatStyle(code string) cellStyle {
	var s cellStyle
	zeros, other, minutes := 0, false, false
	clock, date := false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; c {
		case ';':
			i = len(code)
		case '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code)
			}
			i += end + 1
			other = true
		case '\\', '_', '*':
			i++
			other = true
		case '[':
			end := strings.IndexByte(code[i:], ']')
			if end < 0 {
				end = len(code) - i
			}
			if elapsed := strings.ToLower(strings.Trim(code[i:min(i+end, len(code))], "[]")); elapsed != "" &&
				strings.Trim(elapsed, elapsed[:1]) == "" && strings.Contains("hms", elapsed[:1]) {
				clock = true
			}
			i += end
		case 'y', 'Y', 'd', 'D':
			date = true
		case 'h', 'H', 's', 'S':
			clock = true
		case 'm', 'M':
			minutes = true
		case 'g', 'G': // General, and G/通用格式
			rest := strings.ToLower(code[i:])
			if strings.HasPrefix(rest, "general") {
				i += len("general") - 1
			}
			other = true
		case 'a', 'A': // AM/PM, A/P; aaaa is a weekday
			if rest := strings.ToLower(code[i:]); strings.HasPrefix(rest, "am/pm") {
				clock = true
				i += len("am/pm") - 1
			} else if strings.HasPrefix(rest, "a/p") {
				clock = true
				i += len("a/p") - 1
			} else if strings.HasPrefix(rest, "aaa") {
				date = true
			}
		case '0':
			zeros++
		default:
			other = true
		}
	}
	switch {
	case date, minutes && !clock:
		s.kind = styleDate
	case clock:
		s.kind = styleClock
	case zeros >= 2 && !other && zeros <= maxDigits:
		s.pad = uint8(zeros)
	}
	return s
}

const (
	// maxDigits is the number of decimal digits that a spreadsheet keeps.
	maxDigits = 15
	// noiseBelow and noiseDigits tell the remains of a subtraction of equal
	// amounts (1.4210854715202E-14) from a small number that somebody meant.
	noiseBelow  = -9
	noiseDigits = 10
)

// isPlainNumber says that a stored number can be shown as it stands: an
// optional minus, at most 15 digits, at most one point between digits.
func isPlainNumber(b []byte) bool {
	n := len(b)
	if n > 0 && b[0] == '-' {
		b = b[1:]
		n--
	}
	if n == 0 || n > maxDigits+1 || b[0] == '.' || b[n-1] == '.' {
		return false
	}
	points := 0
	for _, c := range b {
		if c == '.' {
			points++
		} else if c-'0' > 9 {
			return false
		}
	}
	return points == 1 || points == 0 && n <= maxDigits
}

// appendNumber appends a stored number as decimal text. A spreadsheet holds 15
// digits: what is beyond is rounded away, being noise of binary fractions. A
// number of 1e15 or more has lost digits, or cannot be told from one that has,
// and keeps an exponent, so that it is never taken for an identifier. false
// means that raw is no number.
func appendNumber(dst, raw []byte, pad uint8) ([]byte, bool) {
	d, ok := parseDecimal(raw)
	if !ok {
		return dst, false
	}
	if d.point <= noiseBelow && d.found >= noiseDigits {
		d.n, d.neg = 0, false
	}
	if d.n == 0 {
		d.point, d.neg = 1, false
		d.digits[0], d.n = '0', 1
	}
	if d.neg {
		dst = append(dst, '-')
	}
	digits := d.digits[:d.n]
	switch {
	case d.point > maxDigits || d.point < -20:
		dst = append(dst, digits[0])
		if len(digits) > 1 {
			dst = append(append(dst, '.'), digits[1:]...)
		}
		dst = append(dst, 'E')
		if d.point > 0 {
			dst = append(dst, '+')
		}
		dst = strconv.AppendInt(dst, int64(d.point-1), 10)
	case d.point <= 0:
		dst = append(dst, '0', '.')
		dst = appendZeros(dst, -d.point)
		dst = append(dst, digits...)
	case d.point >= len(digits):
		if !d.neg {
			dst = appendZeros(dst, int(pad)-d.point)
		}
		dst = append(dst, digits...)
		dst = appendZeros(dst, d.point-len(digits))
	default:
		dst = append(dst, digits[:d.point]...)
		dst = append(dst, '.')
		dst = append(dst, digits[d.point:]...)
	}
	return dst, true
}

func appendZeros(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, '0')
	}
	return dst
}

// decimal is 0.digits × 10^point, rounded to 15 digits without trailing zeros.
type decimal struct {
	neg    bool
	digits [maxDigits + 1]byte
	n      int
	point  int
	found  int // significant digits before rounding
}

// parseDecimal reads a number as XML Schema's double writes it, without NaN.
func parseDecimal(raw []byte) (d decimal, ok bool) {
	b := raw
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		d.neg = b[0] == '-'
		b = b[1:]
	}
	seen, frac, zeros := false, false, 0
	i := 0
	for ; i < len(b); i++ {
		c := b[i]
		if c == '.' && !frac {
			frac = true
			continue
		}
		if c-'0' > 9 {
			break
		}
		seen = true
		if !frac && (d.found > 0 || c != '0') {
			d.point++
		} else if frac && d.found == 0 && c == '0' {
			d.point--
		}
		if d.found == 0 && c == '0' {
			continue
		}
		d.found++
		if c == '0' {
			zeros++
		} else {
			zeros = 0
		}
		if d.n < len(d.digits) {
			d.digits[d.n] = c
			d.n++
		}
	}
	d.found -= zeros
	if !seen {
		return d, false
	}
	if i < len(b) {
		if b[i]|0x20 != 'e' || len(b)-i > 8 {
			return d, false
		}
		e, err := strconv.Atoi(string(b[i+1:]))
		if err != nil {
			return d, false
		}
		d.point += e
	}
	d.round()
	return d, true
}

// round keeps 15 digits, half away from zero, and drops trailing zeros.
func (d *decimal) round() {
	if d.n > maxDigits {
		d.n = maxDigits
		if d.digits[maxDigits] >= '5' {
			i := maxDigits - 1
			for ; i >= 0 && d.digits[i] == '9'; i-- {
				d.digits[i] = '0'
			}
			if i >= 0 {
				d.digits[i]++
			} else {
				d.digits[0] = '1'
				d.point++
			}
		}
	}
	for d.n > 0 && d.digits[d.n-1] == '0' {
		d.n--
	}
}

const (
	daySeconds = 86400
	// maxSerial is the day after 9999-12-31, the last day of a spreadsheet.
	maxSerial = 2958466
	// serialEpoch is day 0 of the 1900 date system for days from 1900-03-01 on
	// (earlier ones are one day later: the system has a 29 February 1900).
	serialEpoch     = -25569
	serialEpoch1904 = -24107
)

// appendSerial appends the moment that a date cell holds, rounded to seconds:
// a date, a date and time, or a time of day. false means that the number
// cannot be a date (it is negative or beyond the year 9999).
func appendSerial(dst []byte, v float64, kind styleKind, date1904 bool) ([]byte, bool) {
	if !(v >= 0 && v < maxSerial) {
		return dst, false
	}
	days := int64(math.Floor(v))
	secs := int64(math.Round((v - float64(days)) * daySeconds))
	if secs == daySeconds {
		days, secs = days+1, 0
	}
	if days == 0 && (kind == styleClock || secs != 0 || !date1904) {
		if kind == styleDate && secs == 0 {
			return dst, false // shown as 1900-01-00: an empty date
		}
		return appendClock(dst, secs), true
	}
	switch {
	case date1904:
		days += serialEpoch1904
	case days < 60:
		days += serialEpoch + 1
	case days == 60:
		return dst, false // 1900-02-29 never was
	default:
		days += serialEpoch
	}
	dst = appendDay(dst, days)
	if secs != 0 || kind == styleClock {
		dst = appendClock(append(dst, ' '), secs)
	}
	return dst, true
}

// appendClock appends seconds of a day as 15:04:05.
func appendClock(dst []byte, secs int64) []byte {
	dst = append2(dst, secs/3600)
	dst = append2(append(dst, ':'), secs/60%60)
	return append2(append(dst, ':'), secs%60)
}

// appendDay appends days since 1970-01-01 as 2006-01-02, by the era arithmetic
// of the proleptic Gregorian calendar (years of 400 from 1 March 0000).
func appendDay(dst []byte, days int64) []byte {
	z := days + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day, month, year := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if month > 12 {
		month -= 12
		year++
	}
	dst = append2(append2(dst, year/100), year%100)
	dst = append2(append(dst, '-'), month)
	return append2(append(dst, '-'), day)
}

func append2(dst []byte, v int64) []byte {
	return append(dst, byte('0'+v/10), byte('0'+v%10))
}

// appendISODate rewrites the ISO 8601 text of a t="d" cell (2026-01-05T09:03:12.5)
// as the text of a date cell; what it does not know stays as it is.
func appendISODate(dst, iso []byte) []byte {
	iso = bytes.TrimSuffix(iso, []byte("Z"))
	if len(iso) > 19 && iso[19] == '.' {
		iso = iso[:19]
	}
	at := len(dst)
	dst = append(dst, iso...)
	if len(iso) > 10 && iso[10] == 'T' {
		dst[at+10] = ' '
	}
	if bytes.HasSuffix(dst[at:], []byte(" 00:00:00")) {
		dst = dst[:at+10]
	}
	return dst
}
