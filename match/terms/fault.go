package terms

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
)

// TableError is what is wrong with one cell (or row, or the whole) of a
// contract or calendar table, and what to do about it.
type TableError struct {
	Where  string // contracts.csv:3, or contracts.xlsx:Sheet1!3
	Column string
	Value  string
	ZH, EN string
}

// Text is the error in a language: where: column: "value": why, what to do.
func (e *TableError) Text(lang problem.Lang) string {
	var b strings.Builder
	b.WriteString(problem.MaskCards(e.Where))
	b.WriteString(": ")
	if e.Column != "" {
		b.WriteString(problem.MaskCards(e.Column))
		b.WriteString(": ")
	}
	if e.Value != "" {
		b.WriteString(strconv.Quote(cut(problem.MaskCards(e.Value), 60)))
		b.WriteString(": ")
	}
	if lang == problem.EN {
		b.WriteString(e.EN)
	} else {
		b.WriteString(e.ZH)
	}
	return b.String()
}

// Error is the English text.
func (e *TableError) Error() string { return e.Text(problem.EN) }

// TableErrors are all errors of one table, in its order.
type TableErrors []*TableError

// Error is the English texts, one a line.
func (e TableErrors) Error() string { return e.Text(problem.EN) }

// Text is the errors in a language, one a line.
func (e TableErrors) Text(lang problem.Lang) string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Text(lang)
	}
	return strings.Join(lines, "\n")
}

// OrNil keeps an empty list from becoming an error.
func (e TableErrors) OrNil() error {
	if len(e) == 0 {
		return nil
	}
	if len(e) > MaxTableErrs {
		e = e[:MaxTableErrs]
	}
	return e
}

func cut(s string, runes int) string {
	if utf8.RuneCountInString(s) <= runes {
		return s
	}
	return string([]rune(s)[:runes]) + "…"
}

const MaxTableErrs = 50 // errors that are listed at once
