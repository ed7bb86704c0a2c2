package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var verb = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z%]`)

// Every sentence exists in both languages and takes the same arguments in the
// same order: a translation that drops one would print %!s(MISSING).
func TestMessagesAgreeInBothLanguages(t *testing.T) {
	for name, m := range catalogue(t) {
		if m.zh == "" || m.en == "" {
			t.Errorf("%s lacks a language: %q", name, m)
		}
		if zh, en := verb.FindAllString(m.zh, -1), verb.FindAllString(m.en, -1); !slices.Equal(zh, en) {
			t.Errorf("%s: verbs %q in Chinese, %q in English", name, zh, en)
		}
		if first := m.en[0]; strings.HasPrefix(name, "msgBad") && first >= 'A' && first <= 'Z' {
			t.Errorf("%s: an English message begins in lower case: %q", name, m.en)
		}
	}
}

// Every message is used: sentences that nothing says are deleted.
func TestMessagesAreUsed(t *testing.T) {
	var source strings.Builder
	for _, file := range goFiles(t, ".") {
		if !strings.HasPrefix(file, "messages") {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			source.Write(raw)
		}
	}
	for name := range catalogue(t) {
		if !regexp.MustCompile(`\b` + name + `\b`).MatchString(source.String()) {
			t.Errorf("%s is never said", name)
		}
	}
}

// catalogue reads the message variables of messages.go from its source.
func catalogue(t *testing.T) map[string]message {
	t.Helper()
	all := map[string]message{}
	files, err := filepath.Glob("messages*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		gather(t, file, all)
	}
	if len(all) < 50 {
		t.Fatalf("only %d messages found", len(all))
	}
	return all
}

func gather(t *testing.T, file *ast.File, all map[string]message) {
	t.Helper()
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		lit, ok := spec.Values[0].(*ast.CompositeLit)
		if id, named := lit, ok; !named || len(id.Elts) != 2 {
			return true
		}
		all[spec.Names[0].Name] = message{stringLit(t, lit.Elts[0]), stringLit(t, lit.Elts[1])}
		return true
	})
}

func stringLit(t *testing.T, e ast.Expr) string {
	t.Helper()
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		t.Fatalf("a message is not a plain string: %T", e)
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// partial are messages that end a command and say one of the two things alone,
// and why.
var partial = map[string]string{
	"msgFlagValue":        "the value's own message follows",
	"msgConfigValue":      "the value's own message follows",
	"msgConfigSyntax":     "what the reader of TOML says follows",
	"msgCannotWrite":      "the package's own message follows",
	"msgConfigUnknownKey": "a name that is near, or a plain stop, stands between its two parts",
	"msgLongDash":         "a name that is near, or a plain stop, stands between its two parts",
	"msgNoShell":          "a name that is near, or a plain stop, stands between its two parts",
	"msgUnknownCommand":   "a name that is near, or a plain stop, stands between its two parts",
	"msgNoSubcommand":     "a name that is near, or a plain stop, stands between its two parts",
	"msgNoLayout":         "a name that is near, or a plain stop, stands between its two parts",
	"msgUnknownFlag":      "a name that is near, or a plain stop, stands between its two parts",
}

// A message that ends a command says what is wrong and, behind it, what to do.
func TestMessagesSayWhatToDo(t *testing.T) {
	said := regexp.MustCompile(`(?:usage\(|failed\([^()]*?, |&failure\{[^}]*msg: )(msg\w+)`)
	all, found := catalogue(t), map[string]bool{}
	for _, file := range goFiles(t, ".") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range said.FindAllStringSubmatch(string(raw), -1) {
			found[m[1]] = true
		}
	}
	if len(found) < 30 {
		t.Fatalf("only %d messages end a command", len(found))
	}
	for name := range found {
		m, ok := all[name]
		_, fine := partial[name]
		zh := strings.ContainsAny(m.zh, "；？") || strings.Contains(m.zh, "。请")
		en := strings.ContainsAny(m.en, ";?") || strings.Contains(m.en, ". ") || strings.Contains(m.en, "for example:")
		switch {
		case !ok: // of another catalogue
		case fine == (zh && en):
			t.Errorf("%s: in the list of parts %v, whole %v: %q / %q", name, fine, zh && en, m.zh, m.en)
		}
	}
}
