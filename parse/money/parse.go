package money

import (
	"errors"
	"unicode/utf8"
)

// The ways in which a text is no amount. Callers compare with ==.
var (
	// ErrEmpty: there is nothing but blanks.
	ErrEmpty = errors.New("no amount")
	// ErrSyntax: the text is not an amount (words, two signs, misplaced
	// thousands separators, hexadecimal, NaN …).
	ErrSyntax = errors.New("not an amount")
	// ErrExponent: the text is in scientific notation, so digits are lost.
	ErrExponent = errors.New("amount in scientific notation")
	// ErrDecimals: a third decimal that is not zero.
	ErrDecimals = errors.New("more than two decimals")
	// ErrRange: beyond Max.
	ErrRange = errors.New("amount too large")
	// ErrUnit: decimals or a yuan sign in a column that counts fen.
	ErrUnit = errors.New("decimals in a column of fen")
)

// Parse reads an amount exactly. With Yuan it takes
//
//	1234  1,234.5  1,234.56  .50  12.3400  +5  -5  5-  (100.00)  ￥12  -￥12  12元
//
// where digits, signs, brackets, comma and point may be full-width, and blanks
// may stand around the number and its sign. Separators of thousands must stand
// every three digits. With UnitFen it takes the same without point and yuan sign.
// Everything else is one of the errors above.
func Parse[T string | []byte](s T, unit Unit) (Fen, error) {
	if f, ok := parsePlain(s, unit); ok {
		return f, nil
	}
	return parseFull(s, unit)
}

// Plain is Parse for the everyday forms only: 1234, 12.34, -12.34. What it does
// not take may still be an amount.
func Plain(s []byte, unit Unit) (Fen, bool) { return parsePlain(s, unit) }

// parsePlain is the fast path: an optional minus, at most 15 digits and, in
// yuan, exactly two decimals after the point if there is one.
func parsePlain[T string | []byte](s T, unit Unit) (Fen, bool) {
	i, neg := 0, false
	if len(s) > 0 && s[0] == '-' {
		neg, i = true, 1
	}
	if n := len(s) - i; n == 0 || n > 15 {
		return 0, false
	}
	var v Fen
	for ; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			break
		}
		v = v*10 + Fen(c)
	}
	switch {
	case i == len(s):
		if unit == Yuan {
			v *= 100
		}
	case unit == Yuan && s[i] == '.' && i > 0 && len(s)-i == 3 && s[i+1]-'0' <= 9 && s[i+2]-'0' <= 9:
		v = v*100 + Fen(s[i+1]-'0')*10 + Fen(s[i+2]-'0')
	default:
		return 0, false
	}
	if v > Max {
		return 0, false
	}
	if neg {
		v = -v
	}
	return v, true
}

// scanner walks over the characters of an amount, full-width ones folded.
type scanner[T string | []byte] struct {
	s    T
	pos  int
	c    rune // current character, folded; -1 at the end
	size int
}

func (p *scanner[T]) next() {
	p.pos += p.size
	p.load()
}

func (p *scanner[T]) load() {
	if p.pos >= len(p.s) {
		p.c, p.size = -1, 0
		return
	}
	if b := p.s[p.pos]; b < utf8.RuneSelf {
		p.c, p.size = rune(b), 1
		return
	}
	p.c, p.size = utf8.DecodeRuneInString(string(p.s[p.pos:min(len(p.s), p.pos+utf8.UTFMax)]))
	switch {
	case p.c >= 0xFF01 && p.c <= 0xFF5E: // full-width ASCII
		p.c -= 0xFEE0
	case p.c == 0xFFE5: // ￥
		p.c = '¥'
	case p.c == 0x3000 || p.c == 0xA0:
		p.c = ' '
	case p.c == 0x2212: // minus sign
		p.c = '-'
	}
}

func (p *scanner[T]) blanks() {
	for p.c == ' ' || p.c == '\t' {
		p.next()
	}
}

// take consumes c and the blanks behind it, if c is next.
func (p *scanner[T]) take(c rune) bool {
	if p.c != c {
		return false
	}
	p.next()
	p.blanks()
	return true
}

func parseFull[T string | []byte](s T, unit Unit) (Fen, error) {
	p := scanner[T]{s: s}
	p.load()
	p.blanks()
	if p.c < 0 {
		return 0, ErrEmpty
	}
	bracket := p.take('(')
	neg, signed := p.sign()
	yuan := p.take('¥')
	if yuan && !signed {
		neg, signed = p.sign()
	}
	if bracket && signed {
		return 0, ErrSyntax
	}
	v, point, err := p.number(unit)
	if err != nil {
		return 0, err
	}
	p.blanks()
	if p.take('元') {
		yuan = true
	}
	if !signed && !bracket && p.take('-') {
		neg = true
	}
	if bracket {
		if !p.take(')') {
			return 0, ErrSyntax
		}
		neg = true
	}
	if p.c >= 0 {
		return 0, ErrSyntax
	}
	if unit == UnitFen && (point || yuan) {
		return 0, ErrUnit
	}
	if neg {
		v = -v
	}
	return v, nil
}

func (p *scanner[T]) sign() (neg, any bool) {
	if p.take('-') {
		return true, true
	}
	return false, p.take('+')
}

// number reads digits, thousands separators and decimals.
func (p *scanner[T]) number(unit Unit) (v Fen, point bool, err error) {
	over := false
	push := func(d Fen) {
		if v > (Max-d)/10 {
			over = true
			return
		}
		v = v*10 + d
	}
	digits, group := 0, -1 // group counts digits since the last comma
	for {
		switch {
		case p.c >= '0' && p.c <= '9':
			push(Fen(p.c - '0'))
			digits++
			if group >= 0 {
				group++
			}
		case p.c == ',' && (group == 3 || group < 0 && digits > 0 && digits <= 3):
			group = 0
		default:
			if group >= 0 && group != 3 {
				return 0, false, ErrSyntax
			}
			goto decimals
		}
		p.next()
	}
decimals:
	frac, lost := 0, false
	if p.c == '.' {
		point = true
		for p.next(); p.c >= '0' && p.c <= '9'; p.next() {
			switch frac++; {
			case frac <= 2 && unit == Yuan:
				push(Fen(p.c - '0'))
			case p.c != '0':
				lost = true
			}
		}
		if frac == 0 {
			return 0, point, ErrSyntax
		}
	}
	if digits == 0 && frac == 0 {
		return 0, point, ErrSyntax
	}
	if p.c == 'e' || p.c == 'E' {
		return 0, point, ErrExponent
	}
	if unit == Yuan {
		for ; frac < 2; frac++ {
			push(0)
		}
	}
	switch {
	case over:
		return 0, point, ErrRange
	case lost && unit == Yuan:
		return 0, point, ErrDecimals
	}
	return v, point, nil
}

// String is the amount in yuan with two decimals and no separators: "-1234.50".
func (f Fen) String() string { return string(f.Append(make([]byte, 0, 24))) }

// Append appends what String returns.
func (f Fen) Append(dst []byte) []byte {
	u := uint64(f)
	if f < 0 {
		dst = append(dst, '-')
		u = -u
	}
	var buf [20]byte
	i := len(buf)
	for n := 0; u > 0 || n < 3; n++ {
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	dst = append(dst, buf[i:len(buf)-2]...)
	dst = append(dst, '.')
	return append(dst, buf[len(buf)-2:]...)
}

// Abs is the amount without its sign.
func (f Fen) Abs() Fen {
	if f < 0 {
		return -f
	}
	return f
}

// Add adds exactly; ok is false where int64 does not hold the sum.
func Add(a, b Fen) (sum Fen, ok bool) {
	sum = a + b
	return sum, (sum > a) == (b > 0)
}
