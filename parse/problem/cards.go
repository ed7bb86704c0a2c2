package problem

import (
	"encoding/binary"
	"unicode/utf8"
)

// This file finds card numbers in text, however they are written: in ASCII or
// full-width digits, at one go or in the groups in which cards show them, set
// apart by blanks, points, hyphens or strokes, also mixed, or in the groups of a
// number that a spreadsheet has shown with commas, with invisible characters
// between. About one order number in ten has the check digit of a card, which is
// why a number at one go is left in keys; in a card's groups it is none there
// either.

// MaskCards hides the middle of every card number in a text that is not a key:
// first six and last four digits stay.
func MaskCards(s string) string {
	c := []byte(s)
	f, ok := FindCard(c, 0)
	if !ok {
		return s
	}
	return string(MaskFound(nil, c, f))
}

// MaskFound appends c with all cards from f on masked.
func MaskFound(dst, c []byte, f foundCard) []byte {
	last := 0
	for ok := true; ok; f, ok = FindCard(c, last) {
		dst = append(dst, c[last:f.from]...)
		dst = append(append(append(dst, f.Digits[:6]...), "****"...), f.Digits[f.N-4:f.N]...)
		last = f.to
	}
	return append(dst, c[last:]...)
}

// A foundCard is a card number in a text and where it stands.
type foundCard struct {
	from, to int
	Digits   [19]byte
	N        int
	Groups   int
}

// FindCard finds the first card number of UTF-8 text from an offset on.
func FindCard(c []byte, from int) (f foundCard, ok bool) {
	for i := from; i < len(c); {
		if d, _ := digitAt(c, i); d < 0 {
			i++
			continue
		}
		if f, ok = cardFrom(c, i); ok {
			return f, true
		}
		for i < len(c) { // to the end of this run of digits
			d, n := digitAt(c, i)
			if d < 0 {
				if n = invisibleAt(c, i); n == 0 {
					break
				}
			}
			i += n
		}
	}
	return foundCard{}, false
}

// cardFrom is the longest card number that begins with the digit at i.
func cardFrom(c []byte, i int) (best foundCard, ok bool) {
	f := foundCard{from: i}
	var sizes [20]int
	var gaps cardGaps
	for f.Groups < len(sizes) {
		size := 0
		for i < len(c) {
			d, n := digitAt(c, i)
			if d >= 0 {
				if f.N == len(f.Digits) {
					return best, ok // a longer number
				}
				f.Digits[f.N] = byte('0' + d)
				f.N++
				size++
				f.to = i + n
			} else if n = invisibleAt(c, i); n == 0 {
				break
			}
			i += n
		}
		if size == 0 {
			return best, ok
		}
		sizes[f.Groups] = size
		f.Groups++
		if gaps.fit(sizes[:f.Groups]) && IsCard(f.Digits[:f.N]) && !(gaps.commas() && goesOn(c, i)) {
			best, ok = f, true
		}
		n := gaps.take(c[i:])
		if n == 0 {
			return best, ok
		}
		i += n
	}
	return best, ok
}

// maxGap is how many characters may stand between two groups: " - ".
const maxGap = 3

// cardGaps are what stands between the groups of a card.
type cardGaps struct {
	first rune
	mixed bool
}

// take takes what may stand before a further group; 0: nothing may.
func (g *cardGaps) take(c []byte) (length int) {
	for k := 0; k < maxGap && length < len(c); k++ {
		r, n := utf8.DecodeRune(c[length:])
		r = Narrow(r)
		if !IsCardGap(r) && r != ',' {
			break
		}
		if r == ',' && (k > 0 || g.first != 0 && g.first != ',') || r != ',' && g.first == ',' {
			return 0 // cells, or an enumeration
		}
		g.mixed = g.mixed || g.first != 0 && g.first != r
		g.first = r
		length += n
		for length < len(c) && invisibleAt(c, length) > 0 {
			length += invisibleAt(c, length)
		}
	}
	return length
}

func (g *cardGaps) commas() bool { return g.first == ',' }

// fit says whether digits stand in groups as cards' do between such gaps.
func (g *cardGaps) fit(sizes []int) bool {
	switch {
	case g.commas():
		for _, s := range sizes[1:] {
			if s != 3 {
				return false
			}
		}
		return len(sizes) > 1 && sizes[0] <= 3
	case g.mixed:
		return len(sizes) >= 4 && sizes[0] == 4 && cardGroups(sizes)
	}
	return cardGroups(sizes)
}

// goesOn says that a number in groups of three goes on: with a further group, or
// with decimals, which make it an amount.
func goesOn(c []byte, i int) bool {
	if i+1 >= len(c) {
		return false
	}
	r, n := utf8.DecodeRune(c[i:])
	if r = Narrow(r); r != ',' && r != '.' || i+n >= len(c) {
		return false
	}
	d, _ := digitAt(c, i+n)
	return d >= 0
}

// cardGroups says whether digits stand in groups as cards' do: at one go, in
// fours (the last may be shorter), as American Express and Diners show them, six
// before the rest, or each on its own.
func cardGroups(sizes []int) bool {
	n := len(sizes)
	switch {
	case n == 1:
		return true
	case n == 2:
		return sizes[0] == 6 && (sizes[1] == 10 || sizes[1] == 13)
	case n == 3:
		return sizes[0] == 4 && sizes[1] == 6 && (sizes[2] == 4 || sizes[2] == 5)
	case sizes[0] == 1:
		for _, s := range sizes {
			if s != 1 {
				return false
			}
		}
		return true
	}
	for _, s := range sizes[:n-1] {
		if s != 4 {
			return false
		}
	}
	return sizes[n-1] <= 4
}

// digitAt is the digit at an offset and how many bytes it takes; d is -1 for
// anything else.
func digitAt(c []byte, i int) (d, n int) {
	b := c[i]
	switch {
	case b-'0' <= 9:
		return int(b - '0'), 1
	case b == 0xEF && i+2 < len(c) && c[i+1] == 0xBC && c[i+2]-0x90 <= 9:
		return int(c[i+2] - 0x90), 3
	}
	return -1, 0
}

// invisibleAt is how many bytes an invisible character at an offset takes.
func invisibleAt(c []byte, i int) int {
	if c[i] < utf8.RuneSelf {
		return 0
	}
	if r, n := utf8.DecodeRune(c[i:]); Invisible(r) {
		return n
	}
	return 0
}

// IsCardGap says whether a character may stand between the groups of a card.
func IsCardGap(r rune) bool {
	switch r = Narrow(r); r {
	case ' ', '\t', '-', '.', '_', '/', 0xB7, 0x2022, 0x2027, 0x2219, 0x22C5, 0x30FB, 0x2010, 0x2011, 0x2012, 0x2013, 0x2014, 0x2212:
		return true
	}
	return WideBlank(r)
}

// IsKey says that a cell is a key as it stands: plain, and no card number in its
// groups.
func IsKey(c []byte) bool {
	if !isPlain(c) {
		return false
	}
	if len(c) < 16 {
		return true
	}
	for _, x := range c {
		if x-',' <= '/'-',' || x == '_' {
			return !HasGroupedCard(c)
		}
	}
	return true
}

// HasGroupedCard says whether a card number in groups is in c.
func HasGroupedCard(c []byte) bool {
	for from := 0; ; {
		f, ok := FindCard(c, from)
		if !ok || f.Groups > 1 {
			return ok
		}
		from = f.to
	}
}

// MaskGrouped appends a key with its card numbers in groups masked.
func MaskGrouped(dst, c []byte) []byte {
	last := 0
	for from := 0; ; {
		f, ok := FindCard(c, from)
		if !ok {
			return append(dst, c[last:]...)
		}
		if from = f.to; f.Groups == 1 {
			continue
		}
		dst = append(dst, c[last:f.from]...)
		dst = append(append(append(dst, f.Digits[:6]...), "****"...), f.Digits[f.N-4:f.N]...)
		last = f.to
	}
}

const (
	lowBits = 0x0101010101010101
)

const highBits = 0x8080808080808080

// isPlain says whether c is all visible ASCII characters: an identifier that is
// needs no folding.
func isPlain(c []byte) bool {
	if len(c) < 8 {
		for _, x := range c {
			if x <= ' ' || x >= 0x7F {
				return false
			}
		}
		return true
	}
	odd := oddBytes(binary.LittleEndian.Uint64(c[len(c)-8:]))
	for ; len(c) > 8; c = c[8:] {
		odd |= oddBytes(binary.LittleEndian.Uint64(c))
	}
	return odd == 0
}

// oddBytes has the high bit of every byte of x that is not visible ASCII. In
// the other bits it may have anything where there is one.
func oddBytes(x uint64) uint64 {
	return (x | (x + lowBits) | ^((x | highBits) - 0x21*lowBits)) & highBits
}

// Invisible characters are dropped from every cell.
func Invisible(r rune) bool {
	switch {
	case r == 0xFEFF, r == 0xAD, r == 0x180E, r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E,
		r >= 0x2060 && r <= 0x2064, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// blank characters beside the ASCII ones.
func WideBlank(r rune) bool {
	return r == 0xA0 || r == 0x3000 || r >= 0x2000 && r <= 0x200A || r == 0x202F
}

// Narrow folds a full-width form to its ASCII character.
func Narrow(r rune) rune {
	switch {
	case r >= 0xFF01 && r <= 0xFF5E:
		return r - 0xFEE0
	case r == 0xFFE5:
		return '¥'
	}
	return r
}
