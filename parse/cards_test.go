package parse

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// testCard is nobody's: UnionPay's prefix of test cards, made-up digits, a right
// check digit.
const testCard = "6222020000111122222"

// cardSpellings are the ways in which a card number may stand in a cell.
var cardSpellings = map[string]func(string) string{
	"plain":     func(s string) string { return s },
	"wide":      wideDigits,
	"blank":     func(s string) string { return grouped(s, " ") },
	"ideograph": func(s string) string { return grouped(s, "\u3000") },
	"no-break":  func(s string) string { return grouped(s, "\u00A0") },
	"hyphen":    func(s string) string { return grouped(s, "-") },
	"point":     func(s string) string { return grouped(s, ".") },
	"stroke":    func(s string) string { return grouped(s, "_") },
	"dot":       func(s string) string { return grouped(s, "·") },
	"zero":      func(s string) string { return grouped(s, "\u200B") },
	"wide dots": func(s string) string { return wideDigits(grouped(s, "．")) },
	"six":       func(s string) string { return s[:6] + " " + s[6:] },
	"single":    func(s string) string { return strings.Join(strings.Split(s, ""), " ") },
	"two":       func(s string) string { return grouped(s, "  ") },
}

func wideDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r + 0xFEE0
		}
		return r
	}, s)
}

func grouped(s, sep string) string {
	var groups []string
	for ; len(s) > 4; s = s[4:] {
		groups = append(groups, s[:4])
	}
	return strings.Join(append(groups, s), sep)
}

// bareDigits is a text without all that may stand between a card's digits.
func bareDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r = problem.Narrow(r); r >= '0' && r <= '9' || !problem.IsCardGap(r) && !problem.Invisible(r) {
			return r
		}
		return -1
	}, s)
}

func TestMaskCardsInEverySpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := make([]string, 0, len(cardSpellings))
		for name := range cardSpellings {
			names = append(names, name)
		}
		slices.Sort(names)
		name := rapid.SampledFrom(names).Draw(t, "spelling")
		card := rapid.SampledFrom([]string{testCard, "4111111111111111", "5500005555555559"}).Draw(t, "card")
		if name == "six" && len(card) != 19 {
			card = testCard
		}
		around := rapid.SampledFrom([]string{"", "卡号", "x ", "：", "(", "2026-01-05,"})
		after := rapid.SampledFrom([]string{"", "卡号", " x", "：", ")", ","})
		text := around.Draw(t, "before") + cardSpellings[name](card) + after.Draw(t, "after")
		got := problem.MaskCards(text)
		if strings.Contains(bareDigits(got), card) || !strings.Contains(got, card[:6]+"****"+card[len(card)-4:]) {
			t.Fatalf("%q becomes %q", text, got)
		}
		if problem.MaskCards(got) != got {
			t.Fatalf("masked twice: %q", problem.MaskCards(got))
		}
	})
	for _, s := range []string{"2026-01-05 10:00:00 12.50", "898330158120127", "1.00 2.00 3.00 4.00 5.00", "41111111111111111111", "金额 4,111,111,111,111,111.00", "0571-88888888 13800138000"} {
		if got := problem.MaskCards(s); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	}
}

// A card number in any cell of any layout, in any spelling, is in nothing that
// leaves the package. In a key a number at one go is a key; in a card's groups it
// is none.
func TestACardInAnyCellOfAnyLayoutStaysHere(t *testing.T) {
	var names []string
	for name := range cardSpellings {
		names = append(names, name)
	}
	slices.Sort(names)
	n, tried := 0, 0
	for _, path := range corpusFiles(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(content), "\n")
		for i, delim := range plantDelimiters(t, path, lines) {
			if delim == 0 {
				continue
			}
			cells := strings.Split(strings.TrimRight(lines[i], "\r\n"), string(delim))
			for j := range cells {
				if tried++; tried%41 != 0 {
					continue // all of them take minutes
				}
				name := names[n%len(names)]
				n++
				was := cells[j]
				cells[j] = cardSpellings[name](testCard)
				planted := strings.Join(lines[:i], "") + strings.Join(cells, string(delim)) + "\n" + strings.Join(lines[i+1:], "")
				cells[j] = was
				for _, where := range leaks(t, filepath.Base(path), []byte(planted), name) {
					t.Errorf("%s line %d cell %d, %s: %s", path, i+1, j+1, name, where)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d cells were tried", n)
	}
}

func corpusFiles(t *testing.T) (list []string) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f, ".want") && !strings.HasPrefix(filepath.Base(f), "bad") {
			list = append(list, f)
		}
	}
	return list
}

// plantDelimiters gives the delimiter for the lines of a file that are planted
// in: its header and its second row of data.
func plantDelimiters(t *testing.T, path string, lines []string) map[int]byte {
	in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{AsOf: record.Civil(2026, 3, 10)})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if len(in.docs) == 0 || in.docs[0].plan.Form != layout.FormDelimited {
		return nil
	}
	p := in.docs[0].plan
	found := map[int]byte{int(p.Why.Header) - 1: p.Delim}
	delete(found, -1)
	for i := int(p.Why.Header) + 1; i < len(lines); i++ {
		if strings.Count(lines[i], string(p.Delim)) >= p.MinCells-1 {
			found[i] = p.Delim
			break
		}
	}
	return found
}

// leaks says where the planted card is in what the package gives out.
func leaks(t *testing.T, name string, content []byte, spelling string) (where []string) {
	path := store(t, name, content)
	opt := &Options{AsOf: record.Civil(2026, 3, 10)}
	in, err := Open(context.Background(), []PathSide{{Path: path}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	look := func(what, s string) {
		if strings.Contains(bareDigits(s), testCard) {
			where = append(where, fmt.Sprintf("%s %q", what, s))
		}
	}
	atOneGo := spelling == "plain" || spelling == "wide" || spelling == "zero"
	for _, s := range in.Sets {
		if s == nil {
			continue
		}
		got := scanAll(t, s, 1)
		records, err := s.Records(context.Background(), 1, got.pos)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if atOneGo { // it may be a key
				for f := range r.Text {
					if layout.Target(f).IsIdentifier() {
						r.Text[f] = ""
					}
				}
			}
			look("record", fmt.Sprintf("%+v", r))
		}
		for _, r := range s.Rejects() {
			look("reject", r.Column+"|"+r.Value+"|"+r.Text(problem.EN)+"|"+r.Text(problem.ZH))
		}
	}
	for _, f := range in.Files {
		look("file", f.Name)
		for _, c := range f.Columns {
			look("column", c.Header)
		}
		for _, p := range f.Problems {
			look("problem", p.Column+"|"+p.Value+"|"+p.Text(problem.EN)+"|"+p.Text(problem.ZH))
		}
	}
	if draft, err := DraftLayout(context.Background(), path, opt, problem.EN); err == nil {
		look("draft", draft.Text)
	} else {
		look("draft", err.Error())
	}
	return where
}

// A file named after a card does not show it.
func TestACardInAFileNameIsMasked(t *testing.T) {
	path := store(t, "流水_"+testCard+".csv", bytes.Repeat([]byte("a,b\n"), 3))
	in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, f := range in.Files {
		for _, s := range []string{f.Name, f.Path, f.Problems[0].Text(problem.ZH)} {
			if strings.Contains(s, testCard) {
				t.Errorf("%q shows the card", s)
			}
		}
	}
}
