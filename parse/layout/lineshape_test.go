package layout

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestLineShapeIsTheExpression compares shapes with the expressions they are
// made of, on lines that nearly fit.
func TestLineShapeIsTheExpression(t *testing.T) {
	for _, expr := range []string{
		`^[A-Z][0-9]{2} [0-9 ]{11} [0-9 ]{11} [0-9]{6} [0-9]{10} `,
		`^[0-9 ]{11} [0-9 ]{11} [0-9]{6} [0-9]{10} [0-9*]`,
		`^E[0-9]{2} [0-9 ]{3}[0-9* ]{4} `,
	} {
		shape, ok := shapeOf(expr)
		if !ok {
			t.Fatalf("%s has no shape", expr)
		}
		re := regexp.MustCompile(expr)
		rapid.Check(t, func(t *rapid.T) {
			line := []byte(rapid.StringMatching(expr[1:]+`.{0,3}`).Draw(t, "line"))
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				line[rapid.IntRange(0, len(line)-1).Draw(t, "at")] = rapid.SampledFrom([]byte(" 0Z*a\x80\xff\n")).Draw(t, "to")
			}
			line = line[:rapid.IntRange(0, len(line)).Draw(t, "length")]
			if got, want := shape.matches(line), re.Match(line); got != want {
				t.Fatalf("%s %q: %v, the expression says %v", expr, line, got, want)
			}
		})
	}
	for _, expr := range []string{`[0-9]{3}`, `^[0-9]+ `, `^\s*\d{4,15}`, `^(?i)ab`, `^[^,]{3}`, `^.{3}`, `^a|^b`, `^中`} {
		if _, ok := shapeOf(expr); ok {
			t.Errorf("%s has a shape", expr)
		}
	}
}
