package parse

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

var update = flag.Bool("update", false, "rewrite the expected readings in testdata")

// givenSide are the files of the corpus that do not show whose they are.
var givenSide = map[string]record.Side{"generic-pos/kingdee.csv": record.SidePos, "generic-pos/minimal.csv": record.SidePos, "generic-pos/wechat-own.csv": record.SidePos}

func dir(file string) string { return filepath.Base(filepath.Dir(file)) }

// TestCorpus reads testdata/layouts/<layout>/<file> as UTF-8 and again as GB18030
// and compares what came out with <file>.want. The folder is the layout that
// must be found; a file whose name begins with "bad" is refused.
func TestCorpus(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".want") {
			continue
		}
		t.Run(strings.TrimPrefix(f, "testdata/layouts/"), func(t *testing.T) {
			content, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			ls := builtin(t)
			asOf := record.Civil(2026, 3, 10)
			r := reading{name: filepath.Base(f), asOf: asOf}
			if dir := filepath.Base(filepath.Dir(f)); ls.Get(dir) != nil && ls.Get(dir).Explicit {
				r.layout = dir
			}
			r.side = givenSide[dir(f)+"/"+r.name]
			body := r.read(t, content).String()
			if layout := filepath.Base(filepath.Dir(f)); !strings.HasPrefix(body, "layout "+layout+" ") && !strings.HasPrefix(filepath.Base(f), "bad") {
				t.Errorf("not read as %s: %.200s", layout, body)
			}
			r.enc = text.GB18030
			if as := r.read(t, gbk(string(content))).String(); as != body {
				t.Errorf("in GB18030 it reads as\n%s\nin UTF-8 as\n%s", as, body)
			}
			checkGolden(t, f+".want", body)
		})
	}
}

func checkGolden(t *testing.T, name, text string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != text {
		t.Errorf("reads as\n%s\nwant\n%s", text, want)
	}
}

// String is a reading as the corpus keeps it.
func (g *got) String() string {
	var b strings.Builder
	if p := g.plan; p != nil {
		fmt.Fprintf(&b, "layout %s side %s header %d\n", p.Layout.Name, p.Side, p.Why.Header)
		for _, c := range p.Columns {
			if c.Field != "" {
				fmt.Fprintf(&b, "  %s → %s %s\n", c.Header, c.Field, c.Unit)
			} else {
				fmt.Fprintf(&b, "  %s\n", c.Header)
			}
		}
		fmt.Fprintf(&b, "skipped %d + %d + %d\n", p.SkippedBefore, g.skipped, p.SkippedAfter)
	}
	if c := g.control; c != nil {
		fmt.Fprintf(&b, "control %+v\n", *c)
	}
	for _, p := range texts(g.problems) {
		fmt.Fprintln(&b, "refused", p)
	}
	for _, r := range g.rows {
		fmt.Fprintln(&b, r.Source, show(r))
	}
	for _, p := range texts(g.rejects) {
		fmt.Fprintln(&b, "reject", p)
	}
	return b.String()
}
