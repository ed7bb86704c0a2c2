package parse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// draftOutcome is how a draft compares with the layout that was taken away.
type draftOutcome uint8

const (
	draftSame   draftOutcome = iota // the same money on the same days
	draftRefuse                     // it says so: no table, no layout, refused, rejects
	draftWrong                      // other money or days, and not a word
)

// moneyOf is what a reading says of money: its side, and of every row that
// moves some its kind, day and amount, in the order of the file.
func moneyOf(g *got) []string {
	out := []string{"side " + g.plan.Side.String()}
	for _, r := range g.rows {
		if r.Status == record.OK && r.Amount != 0 {
			out = append(out, fmt.Sprintf("%d %s %s", r.Kind, r.Time.Date(), r.Amount))
		}
	}
	return out
}

// draftedAgainst drafts a layout for a file of the corpus, reads the file by
// that draft alone, and compares it with the layout that is the file's own.
func draftedAgainst(t *testing.T, file string) (outcome draftOutcome, why string) {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ls, asOf := builtin(t), record.Civil(2026, 3, 10)
	r := reading{name: filepath.Base(file), asOf: asOf, side: givenSide[dir(file)+"/"+filepath.Base(file)]}
	if l := ls.Get(dir(file)); l != nil && l.Explicit {
		r.layout = dir(file)
	}
	own := r.read(t, content)
	if own.plan == nil {
		t.Fatalf("%s is not read by its own layout", file)
	}
	d, err := DraftLayout(context.Background(), file, &Options{Layouts: ls, AsOf: asOf}, problem.EN)
	var p *problem.Problem
	if errors.As(err, &p) {
		return draftRefuse, "no draft: " + p.Text(problem.EN)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, err := layout.ParseLayout(d.Text, "draft")
	if err != nil {
		return draftRefuse, "does not load: " + err.Error()
	}
	one := &layout.Layouts{ByName: map[string]*layout.Layout{l.Name: l}, All: []*layout.Layout{l}}
	by := reading{name: r.name, asOf: asOf, layouts: one}.read(t, content)
	switch {
	case by.plan == nil:
		return draftRefuse, "is not recognised: " + strings.Join(texts(by.problems), "; ")
	case len(by.problems) > 0:
		return draftRefuse, "is refused: " + strings.Join(texts(by.problems), "; ")
	case len(by.rejects) > len(own.rejects):
		return draftRefuse, fmt.Sprintf("%d rejects: %s", len(by.rejects), by.rejects[0].Text(problem.EN))
	}
	want, have := moneyOf(own), moneyOf(by)
	if slices.Equal(want, have) {
		return draftSame, ""
	}
	for i := range max(len(want), len(have)) {
		a, b := "–", "–"
		if i < len(want) {
			a = want[i]
		}
		if i < len(have) {
			b = have[i]
		}
		if a != b {
			return draftWrong, fmt.Sprintf("%d rows of money, own %d; want %s, have %s", len(have)-1, len(want)-1, a, b)
		}
	}
	return draftWrong, ""
}

// What drafts do now, so that they do not do worse. The aim is nine files in
// ten the same, none wrong without a word.
const (
	leastSame = 54
	mostWrong = 34
)

// TestDraftsMeasured says, for every file of the corpus, what a draft would
// make of it if its own layout were not known.
func TestDraftsMeasured(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	var count [3]int
	for _, file := range files {
		if strings.HasSuffix(file, ".want") || strings.HasPrefix(filepath.Base(file), "bad") {
			continue
		}
		o, why := draftedAgainst(t, file)
		count[o]++
		if o != draftSame {
			t.Logf("%-7s %s: %.230s", [...]string{"same", "loud", "WRONG"}[o], strings.TrimPrefix(file, "testdata/layouts/"), why)
		}
	}
	t.Logf("same %d, loud %d, silently wrong %d", count[draftSame], count[draftRefuse], count[draftWrong])
	if count[draftSame] < leastSame || count[draftWrong] > mostWrong {
		t.Errorf("same %d, want at least %d; silently wrong %d, want at most %d", count[draftSame], leastSame, count[draftWrong], mostWrong)
	}
}
