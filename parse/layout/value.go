package layout

import (
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// This file holds the grammars of cells: identifiers, free text, card numbers.
// Times are in when.go, amounts in package money, words in vocab.go.

// maxIdentifier is the longest identifier in bytes; the longest known one (a
// UnionPay order number) has 40.
const maxIdentifier = 200

// Trim removes blanks, tabs and line ends around a cell. It works in every
// encoding of the house: no second byte of a character is that low.
func Trim(c []byte) []byte {
	for len(c) > 0 && c[0] <= ' ' {
		c = c[1:]
	}
	for len(c) > 0 && c[len(c)-1] <= ' ' {
		c = c[:len(c)-1]
	}
	return c
}

// Unguard removes what exporters put around long digits to keep spreadsheets
// from mangling them: a leading backtick or apostrophe, ="…", blanks and tabs.
func Unguard(c []byte) []byte {
	c = Trim(c)
	if len(c) == 0 {
		return c
	}
	switch c[0] {
	case '`', '\'':
		return Trim(c[1:])
	case '=':
		if n := len(c); n >= 3 && c[1] == '"' && c[n-1] == '"' {
			return Trim(c[2 : n-1])
		}
	}
	return c
}

// appendIdentifier appends an identifier's folded form: no blanks, nothing
// invisible, no full-width characters. src is UTF-8.
func appendIdentifier(dst, src []byte) []byte {
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		if r == utf8.RuneError && n == 1 {
			dst = append(dst, src[0])
			src = src[1:]
			continue
		}
		src = src[n:]
		if r == ' ' || r == '\t' || problem.Invisible(r) || problem.WideBlank(r) {
			continue
		}
		dst = utf8.AppendRune(dst, problem.Narrow(r))
	}
	return dst
}

// appendFree appends free text: nothing invisible, every blank or control
// character a plain blank, none at the ends, and card numbers masked. src is UTF-8.
func appendFree(dst, src []byte) []byte {
	start := len(dst)
	for len(src) > 0 {
		r, n := utf8.DecodeRune(src)
		src = src[n:]
		switch {
		case problem.Invisible(r):
		case r < ' ' || r == 0x7F || problem.WideBlank(r):
			dst = append(dst, ' ')
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	for len(dst) > start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	i := start
	for i < len(dst) && dst[i] == ' ' {
		i++
	}
	n := copy(dst[start:], dst[i:])
	return dst[:start+n]
}

// freeIsClean says that appendFree would change nothing in UTF-8 text: there is
// no control character and none of the lead bytes of blanks and invisibles.
func freeIsClean(c []byte) bool {
	for _, b := range c {
		switch {
		case b < ' ', b == 0x7F, b == 0xC2, b == 0xE1, b == 0xE2, b == 0xE3, b == 0xEF:
			return false
		}
	}
	return true
}

// lostPrecision says whether an identifier was mangled by a spreadsheet:
// digits, perhaps a point, E, a sign and digits, as 1.23457E+17.
func lostPrecision(c []byte) bool {
	i := 0
	for i < len(c) && (text.IsDigit(c[i]) || c[i] == '.') {
		i++
	}
	if i == 0 || i+2 >= len(c) || c[i] != 'E' && c[i] != 'e' {
		return false
	}
	point := strings.IndexByte(string(c[:i]), '.') >= 0
	signed := c[i+1] == '+' || c[i+1] == '-'
	if !point && !signed {
		return false // 12E45678 may be somebody's terminal
	}
	if signed {
		i++
	}
	for i++; i < len(c); i++ {
		if !text.IsDigit(c[i]) {
			return false
		}
	}
	return true
}

// appendCardTail appends what may be kept of a card number: up to six leading
// digits, "****", and up to four trailing ones. c is folded (appendIdentifier).
// A text that is no card number, open or masked, appends nothing.
func appendCardTail(dst, c []byte) []byte {
	if i := strings.LastIndex(string(c), "尾号"); i >= 0 {
		c = c[i+len("尾号"):]
	}
	lead := 0
	for lead < len(c) && text.IsDigit(c[lead]) {
		lead++
	}
	end, masked := lead, false
	for end < len(c) {
		r, n := utf8.DecodeRune(c[end:])
		if r == '*' || r == 'x' || r == 'X' || r == '•' || r == '●' || r == '-' {
			masked = true
		} else if !text.IsDigit(c[end]) {
			break
		}
		end += n
	}
	tail := end
	for tail > 0 && text.IsDigit(c[tail-1]) {
		tail--
	}
	if !masked {
		switch {
		case lead == 0 || lead > 19 || end != len(c) && lead < 12:
			return dst
		case lead <= 11: // only a tail; a spreadsheet may have eaten its zeros
			dst = append(dst, "****0000"[:8-min(lead, 4)]...)
			return append(dst, c[max(0, lead-4):lead]...)
		}
		dst = append(dst, c[:6]...)
		dst = append(dst, "****"...)
		return append(dst, c[lead-4:lead]...)
	}
	if tail == end && lead == 0 {
		return dst
	}
	dst = append(dst, c[:min(lead, 6)]...)
	dst = append(dst, "****"...)
	return append(dst, c[max(tail, end-4):end]...)
}

// currencyCode is the ISO code for what files write in currency columns; ok is
// false for anything else. Codes are folded (appendIdentifier).
func currencyCode(c []byte) (code string, ok bool) {
	if len(c) == 3 {
		var up [3]byte
		for i, b := range c {
			if b >= 'a' && b <= 'z' {
				b -= 'a' - 'A'
			}
			up[i] = b
		}
		if code, ok := currencies[string(up[:])]; ok {
			return code, true
		}
		for _, b := range up {
			if b < 'A' || b > 'Z' {
				return "", false
			}
		}
		return string(up[:]), true
	}
	code, ok = currencies[string(c)]
	return code, ok
}

var currencies = map[string]string{
	"CNY": "CNY", "RMB": "CNY", "CNH": "CNY", "156": "CNY", "人民币": "CNY", "人民币元": "CNY", "人民币CNY": "CNY", "CNY人民币": "CNY", "¥": "CNY", "元": "CNY", "01": "CNY",
	"USD": "USD", "840": "USD", "美元": "USD", "HKD": "HKD", "344": "HKD", "港币": "HKD", "港元": "HKD", "EUR": "EUR", "978": "EUR", "欧元": "EUR",
	"JPY": "JPY", "392": "JPY", "日元": "JPY", "GBP": "GBP", "826": "GBP", "英镑": "GBP", "AUD": "AUD", "036": "AUD", "SGD": "SGD", "702": "SGD", "MOP": "MOP", "446": "MOP", "澳门元": "MOP",
}

const (
	lowBits = 0x0101010101010101
)

const highBits = 0x8080808080808080
