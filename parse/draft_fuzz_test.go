package parse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// FuzzDraft drafts a layout for anything at all. A draft is a layout that
// loads, unless it says that it lacks an amount; read by it, every record of
// the file is accounted for, in one piece and in small ones alike.
func FuzzDraft(f *testing.F) {
	for _, c := range draftSeeds(f) {
		f.Add(c)
	}
	ls := builtin(f)
	f.Fuzz(func(t *testing.T, content []byte) {
		path := store(t, "a.csv", content)
		d, err := DraftLayout(context.Background(), path, &Options{Layouts: ls, AsOf: record.Civil(2026, 3, 10), Limits: fuzzLimits.Limits}, problem.EN)
		var p *problem.Problem
		if errors.As(err, &p) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		l, err := layout.ParseLayout(d.Text, "draft")
		if err != nil {
			if strings.Contains(d.Text, "no amount was found") {
				return
			}
			t.Fatalf("%v in\n%s", err, d.Text)
		}
		if l.Name != d.Name {
			t.Fatalf("the draft is called %q, its text %q", d.Name, l.Name)
		}
		opt := &Options{Layouts: &layout.Layouts{ByName: map[string]*layout.Layout{l.Name: l}, All: []*layout.Layout{l}}, AsOf: record.Civil(2026, 3, 10), Limits: fuzzLimits.Limits}
		whole := readAll(t, path, opt)
		opt.chunk, opt.slack = 16, 1
		if small := readAll(t, path, opt); whole != small {
			t.Fatalf("whole:\n%s\nin small chunks:\n%s\nby\n%s", whole, small, d.Text)
		}
	})
}

// draftSeeds are the files that drafts are tested with, and one of each kind
// of the corpus.
func draftSeeds(f *testing.F) (seeds [][]byte) {
	for _, c := range draftCases(f) {
		seeds = append(seeds, c.content)
	}
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil {
		f.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		if dir := filepath.Dir(file); !seen[dir] && !strings.HasSuffix(file, ".want") {
			seen[dir] = true
			b, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			seeds = append(seeds, b)
		}
	}
	return seeds
}
