package problem

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Code names a kind of problem. Its text is stable, snake_case, the same in
// every language, and never reused for something else.
//
// A part of this package declares its codes as constants and their sentences
// with AddMessages, next to the code that finds the problems.
type Code string

// String is the code itself.
func (c Code) String() string { return string(c) }

// Problem says what is wrong with a file or with one row of it, and what to do.
// With a Line it is a reject: that row was not accepted.
type Problem struct {
	Code Code
	// File is the source without the line: basename, archive.zip/entry, or
	// book.xlsx:sheet (then Line is a row of that sheet).
	File string
	// Line is the physical line or row, from 1; 0 where a whole file is meant.
	Line int64
	// Column is the header's text, or "column 4".
	Column string
	// Value is the offending text as the file has it.
	Value string
	// Args fill {0}, {1} … of the code's sentence.
	Args []string
}

// Error is the English text.
func (p *Problem) Error() string { return p.Text(EN) }

// Text is one line: file:line: column: what "value": why, what to do.
func (p *Problem) Text(l Lang) string {
	var b strings.Builder
	b.WriteString(p.Source())
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if p.Column != "" {
		b.WriteString(printable(p.Column))
		b.WriteString(": ")
	}
	b.WriteString(p.Reason(l))
	return b.String()
}

// Source is where it is: basename:line, or book.xlsx:sheet!row.
func (p *Problem) Source() string {
	if p.Line == 0 {
		return printable(p.File)
	}
	sep := ":"
	if strings.Contains(p.File, ":") {
		sep = "!"
	}
	return printable(p.File) + sep + strconv.FormatInt(p.Line, 10)
}

// Reason is the sentence without the place.
func (p *Problem) Reason(l Lang) string {
	m, ok := Catalogue[p.Code]
	if !ok {
		return string(p.Code)
	}
	text := m.ZH
	if l == EN {
		text = m.EN
	}
	pairs := []string{"{value}", Quote(p.Value)}
	for i, a := range p.Args {
		pairs = append(pairs, "{"+strconv.Itoa(i)+"}", printable(a))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Message is the sentence of a code in both languages: {value} is the quoted
// value, {0} … are the arguments.
type Message struct{ ZH, EN string }

var Catalogue = map[Code]Message{}

// AddMessages puts sentences into the catalogue. It is called from package
// variables, so that every file of the package brings its own; the same code
// twice is a mistake that the first test run shows.
func AddMessages(ms map[Code]Message) struct{} {
	for c, m := range ms {
		if _, dup := Catalogue[c]; dup {
			panic(fmt.Sprintf("parse: code %s declared twice", c))
		}
		Catalogue[c] = m
	}
	return struct{}{}
}

// MaxShown is how many characters of a value a message shows.
const MaxShown = 60

// Quote is a value as messages show it: in quotes, escaped, short, and without
// card numbers.
func Quote(s string) string {
	s = MaskCards(s)
	cut := ""
	if utf8.RuneCountInString(s) > MaxShown {
		s, cut = string([]rune(s)[:MaxShown]), "…"
	}
	return strconv.Quote(s) + cut
}

// printable escapes what a terminal or a log must not see, without quotes.
func printable(s string) string { return escaped(MaskCards(s)) }

// escaped is printable without the masking.
func escaped(s string) string {
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			q := strconv.Quote(s)
			return strings.ReplaceAll(q[1:len(q)-1], `\"`, `"`)
		}
	}
	return s
}

// IsCard says whether digits look like a full card number: 13 to 19 of them
// that begin as cards do and have a right check digit (Luhn).
func IsCard[T string | []byte](digits T) bool {
	if len(digits) < 13 || len(digits) > 19 || !cardPrefix(digits) {
		return false
	}
	sum, double := 0, false
	for i := len(digits) - 1; i >= 0; i-- {
		d := int(digits[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
	}
	return sum%10 == 0
}

// cardPrefix says whether digits begin as a card of their length does: 13 with
// 4, 14 with 30, 36, 38 or 39, 15 with 34 or 37, 16 to 19 with 3 to 6 (China
// UnionPay's 62 among them), with 95 (older Chinese debit cards), and 16 with
// 22 to 27. Merchant numbers of 15 digits and order numbers that begin with a
// year are none.
func cardPrefix[T string | []byte](digits T) bool {
	a, b := digits[0], digits[1]
	switch len(digits) {
	case 13:
		return a == '4'
	case 14:
		return a == '3' && (b == '0' || b == '6' || b == '8' || b == '9')
	case 15:
		return a == '3' && (b == '4' || b == '7')
	}
	return a >= '3' && a <= '6' || a == '9' && b == '5' || len(digits) == 16 && a == '2' && b >= '2' && b <= '7'
}

func SizeText(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// Lang is the language of messages. Codes and column names do not follow it.
type Lang uint8

const (
	ZH Lang = iota
	EN
)
