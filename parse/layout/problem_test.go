package layout

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
)

func TestEveryCodeHasBothSentencesWithTheSameHoles(t *testing.T) {
	hole := regexp.MustCompile(`\{[a-z0-9]+\}`)
	for code, m := range problem.Catalogue {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(string(code)) {
			t.Errorf("%s is not snake_case", code)
		}
		zh, en := hole.FindAllString(m.ZH, -1), hole.FindAllString(m.EN, -1)
		slices.Sort(zh)
		slices.Sort(en)
		if m.ZH == "" || m.EN == "" || !slices.Equal(slices.Compact(zh), slices.Compact(en)) {
			t.Errorf("%s: %q and %q do not say the same", code, m.ZH, m.EN)
		}
	}
}

func TestProblemTextNamesThePlaceAndHidesCards(t *testing.T) {
	p := &problem.Problem{Code: CodeBadAmount, File: "a.csv", Line: 7, Column: "金额", Value: "x 4111111111111111\x1b[31m"}
	if got, want := p.Text(problem.EN), `a.csv:7: 金额: amount "x 411111****1111\x1b[31m"`; !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant %s…", got, want)
	}
	p = &problem.Problem{Code: CodeBadAmount, File: "b.xlsx:流水", Line: 3, Value: strings.Repeat("长", 100)}
	if got, want := p.Text(problem.ZH), `b.xlsx:流水!3: 金额 "`+strings.Repeat("长", 60)+`"…`; !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant %s…", got, want)
	}
}

func TestMaskCards(t *testing.T) {
	for in, want := range map[string]string{
		"":                       "",
		"4111111111111111":       "411111****1111",
		"card 4111111111111111.": "card 411111****1111.",
		"4111111111111112":       "4111111111111112",
		"411111111111":           "411111111111",
		"898330158120127":        "898330158120127",
		"2026030210000009":       "2026030210000009",
		"378282246310005":        "378282****0005",
		"6222020000111127":       "622202****1127",
		"6222020000111122222":    "622202****2222",
		"9558800000111122222":    "955880****2222",
		"41111111111111111111":   "41111111111111111111",
	} {
		if got := problem.MaskCards(in); got != want {
			t.Errorf("MaskCards(%q) = %q, want %q", in, got, want)
		}
	}
}
