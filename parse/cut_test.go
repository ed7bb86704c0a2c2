package parse_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/record"
)

// sideOf is the side that a file is taken for without a flag.
func (b *mutantBench) sideOf(name, text string) record.Side {
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
	defer os.Remove(path)
	in, err := parse.Open(context.Background(), []parse.PathSide{{Path: path}}, &parse.Options{Layouts: b.layouts, AsOf: asOf})
	if err != nil {
		b.t.Fatal(err)
	}
	defer in.Close()
	for _, f := range in.Files {
		if f.Used {
			return f.Side
		}
	}
	return record.SideUnknown
}

// A file that is cut, after any line or within one, is what it was or nothing:
// never another side's, whose missing totals would not be missed. CUTS is how
// many cuts of each file are tried (4 by default).
func TestACutFileIsNoOtherSides(t *testing.T) {
	t.Parallel()
	bench, cuts, tried := newMutantBench(t), setting("CUTS", 4), 0
	rnd := rand.New(rand.NewPCG(uint64(setting("SEED", 1)), 3))
	for _, s := range bench.samples {
		whole := bench.sideOf(s.name, s.text)
		if whole == record.SideUnknown {
			continue // taken by flag only
		}
		lines := strings.SplitAfter(s.text, "\n")
		for k := range cuts {
			cut := s.text[:rnd.IntN(len(s.text))]
			if k%2 == 0 {
				cut = strings.Join(lines[:rnd.IntN(len(lines))], "")
			}
			tried++
			if side := bench.sideOf(s.name, cut); side != record.SideUnknown && side != whole {
				t.Errorf("%s/%s (%v) cut after %d bytes is taken for %v", s.layout, s.name, whole, len(cut), side)
			}
		}
	}
	if tried < 300 {
		t.Errorf("only %d cuts were tried", tried)
	}
}

// Two files in one, either way round: the rows of both are there, or somebody is
// told. PAIRS is how many are tried (300 by default).
func TestTwoFilesInOneLoseNoRow(t *testing.T) {
	t.Parallel()
	bench, pairs, told := newMutantBench(t), setting("PAIRS", 300), 0
	rnd := rand.New(rand.NewPCG(uint64(setting("SEED", 1)), 4))
	rows := map[*sample]int{}
	for _, s := range bench.samples {
		rows[s] = len(bench.read(s, s.name, []byte(s.text)).rows)
	}
	for range pairs {
		a, b := bench.samples[rnd.IntN(len(bench.samples))], bench.samples[rnd.IntN(len(bench.samples))]
		text := strings.TrimRight(a.text, "\n") + strings.Repeat("\n", 1+rnd.IntN(3)) + b.text
		for _, s := range []*sample{a, b} { // given as either's side
			g := bench.read(s, s.name, []byte(text))
			if g.broken != "" {
				t.Errorf("%s/%s above %s/%s: %s", a.layout, a.name, b.layout, b.name, g.broken)
			}
			if !g.clean() {
				told++
			} else if len(g.rows) < rows[a]+rows[b] {
				t.Errorf("%s/%s above %s/%s as %v: %d rows of %d and %d, and no word", a.layout, a.name, b.layout, b.name, s.side, len(g.rows), rows[a], rows[b])
			}
		}
	}
	if told < pairs {
		t.Errorf("only %d of %d were told", told, 2*pairs)
	}
}
