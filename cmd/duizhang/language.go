package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/problem"
)

// language is the language of messages, help and reports. The default is
// Chinese, whatever LANG says: a report must not change with the account that
// a scheduled task runs under.
type language = problem.Lang

var languageNames = [2]string{problem.ZH: "zh", problem.EN: "en"}

// message is one sentence in each language. The verbs of both are the same, in
// the same order (a test holds it).
type message struct{ zh, en string }

// say renders a message. Text and file names among the arguments come from
// outside and are made visible first.
func say(lang language, m message, args ...any) string {
	format := m.zh
	if lang == problem.EN {
		format = m.en
	}
	if len(args) == 0 {
		return format
	}
	shown := make([]any, len(args))
	for i, a := range args {
		switch a := a.(type) {
		case message:
			shown[i] = say(lang, a)
		case guess:
			shown[i] = say(lang, msgNotMeant)
			if a != "" {
				shown[i] = say(lang, msgMeant, string(a))
			}
		case string:
			shown[i] = visible(a)
		case error:
			shown[i] = visible(errorText(lang, a))
		default:
			shown[i] = a
		}
	}
	return fmt.Sprintf(format, shown...)
}

// text is what a failure tells the user, in one line.
func (f *failure) text(lang language) string {
	switch {
	case f.msg == message{}:
		return errorText(lang, f.err)
	case f.err == nil:
		return say(lang, f.msg, f.args...)
	}
	return say(lang, f.msg, f.args...) + say(lang, msgCause, f.err)
}

// localised is what the packages' own errors offer.
type localised interface{ Text(problem.Lang) string }

// errorText is err in one language as far as it knows more than one.
func errorText(lang language, err error) string {
	switch e := err.(type) {
	case *failure:
		return e.text(lang)
	case localised:
		return e.Text(lang)
	}
	return systemErrorText(lang, err)
}

// warn writes one line to stderr.
func warn(e *env, lang language, m message, args ...any) {
	line(e.stderr, say(lang, m, args...))
}

// warnError writes an error to stderr; the mistakes in a table are a line each.
func warnError(e *env, lang language, err error) {
	var table terms.TableErrors
	if errors.As(err, &table) {
		for _, one := range table {
			line(e.stderr, visible(one.Text(lang)))
		}
		return
	}
	line(e.stderr, visible(errorText(lang, err)))
}

func line(w io.Writer, s string) { fmt.Fprintln(w, s) }

// visible escapes what a terminal or a log would act on: control characters,
// line ends, and the marks that turn the direction of text. The rest stays.
func visible(s string) string {
	if strings.IndexFunc(s, invisible) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case invisible(r):
			q := fmt.Sprintf("%+q", r)
			b.WriteString(q[1 : len(q)-1])
		default:
			b.WriteRune(r)
		}
		s = s[n:]
	}
	return b.String()
}

// invisible is true for control, format and line-separating characters, and for
// U+FFFD, which stands for bytes that are not text.
func invisible(r rune) bool {
	return r == unicode.ReplacementChar ||
		unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
}

// languageOf finds the language before the command line is understood, so that
// even a mistake in it is told in the language that it asks for: the flag, else
// the configuration's key. What is wrong with either is told later.
func languageOf(args []string) language {
	value, given := flagIn(args, "lang")
	if !given {
		file, _ := flagIn(args, "config")
		if file == "" && len(args) > 0 && namesSomething(args[0]) {
			file = configBeside(args)
		}
		value = languageInConfig(file)
	}
	var v languageValue
	if v.Set(value) != nil {
		return problem.ZH
	}
	return v.lang
}

// flagIn finds the last value of a long flag without knowing the other flags.
func flagIn(args []string, name string) (value string, given bool) {
	for i, a := range args {
		switch {
		case a == "--":
			return value, given
		case a == "--"+name && i+1 < len(args):
			value, given = args[i+1], true
		case strings.HasPrefix(a, "--"+name+"="):
			value, given = a[len(name)+3:], true
		}
	}
	return value, given
}
