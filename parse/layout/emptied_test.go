package layout

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// deciding are the columns whose words say what a row is.
func deciding(p *Plan) (uses []int) {
	note := func(use int) {
		if use >= 0 && p.Uses[use].Cell >= 0 && !slices.Contains(uses, use) && !p.isValue(use) {
			uses = append(uses, use)
		}
	}
	for i := range p.bindings {
		for _, t := range []Target{Target(record.FieldKind), Target(record.FieldStatus), targetDirection} {
			note(int(p.bindings[i].at[t]))
		}
	}
	for _, c := range p.conds {
		note(c.use)
	}
	return uses
}

// emptied are the columns whose empty cell says something among filled ones,
// by layout and column, and why.
var emptied = map[string]string{}

// TestAnEmptiedWordIsNoSale empties, one at a time, every cell of the corpus
// that says what its row is. The row is rejected, or the file is, or the row
// means what it meant: never does a refund become a sale, or a failed one count.
func TestAnEmptiedWordIsNoSale(t *testing.T) {
	files, err := filepath.Glob("../testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".want") || strings.HasPrefix(name, "bad") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: name, asOf: record.Civil(2026, 3, 10)}
		if l := builtin(t).Get(filepath.Base(filepath.Dir(file))); l.Explicit {
			r.layout = l.Name
		}
		g := r.read(t, content)
		if g.plan == nil || g.plan.Form != FormDelimited && g.plan.Form != FormFixed || len(g.plan.bindings) == 0 {
			continue
		}
		for _, use := range deciding(g.plan) {
			u := &g.plan.Uses[use]
			if _, ok := emptied[g.plan.Layout.Name+" "+u.spec.As]; !ok {
				checkEmptied(t, r, file, content, g, u)
			}
		}
	}
}

// checkEmptied empties the cells of one column in turn.
func checkEmptied(t *testing.T, r reading, file string, content []byte, g *got, u *columnUse) {
	t.Helper()
	for i, want := range g.rows {
		if g.plan.Layout.Compiled.Headerless && i == 0 {
			continue // without it the line has not the shape by which the first row is found
		}
		lines := strings.SplitAfter(string(content), "\n")
		n := 0
		fmt.Sscan(want.Source, &n)
		line := strings.TrimRight(lines[n-1], "\r\n")
		if line = withoutCell(line, g.plan, u); line == "" {
			continue
		}
		lines[n-1] = line + "\n"
		h := r.read(t, []byte(strings.Join(lines, "")))
		if len(h.problems) > 0 || len(h.rejects) > len(g.rejects) {
			continue
		}
		k := slices.IndexFunc(h.rows, func(o record.Record) bool { return o.Source == want.Source })
		if k < 0 || h.rows[k].Kind != want.Kind || h.rows[k].Status != want.Status || h.rows[k].Amount != want.Amount {
			is := "skipped"
			if k >= 0 {
				is = show(h.rows[k])
			}
			t.Errorf("%s: without its %s row %d is\n%s, was\n%s", strings.TrimPrefix(file, "../testdata/layouts/"), u.Header, i, is, show(want))
		}
	}
}

// withoutCell is a line with one cell empty, "" where it is empty already or
// cannot be told.
func withoutCell(line string, p *Plan, u *columnUse) string {
	if p.Form == FormFixed {
		if u.to > len(line) || strings.TrimSpace(line[u.from:u.to]) == "" || text.FirstHigh([]byte(line[:u.to])) >= 0 {
			return ""
		}
		return line[:u.from] + strings.Repeat(" ", u.to-u.from) + line[u.to:]
	}
	cells := cutRow([]byte(line), p)
	if u.Cell >= len(cells) || len(bytes.Trim(cells[u.Cell], " -`\t")) == 0 || bytes.ContainsAny(bytes.Join(cells, nil), "\",|") {
		return ""
	}
	cells[u.Cell] = nil
	return string(bytes.Join(cells, []byte{p.Delim}))
}

// TestAnEmptiedAmountIsNoZero empties, one at a time, the amounts of every line
// of the corpus that has one for what came and one for what went, and puts 0.00
// where the other is empty: the line is rejected.
func TestAnEmptiedAmountIsNoZero(t *testing.T) {
	files, _ := filepath.Glob("../testdata/layouts/*/*")
	tried := 0
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".want") || strings.HasPrefix(name, "bad") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: name, asOf: record.Civil(2026, 3, 10)}
		if l := builtin(t).Get(filepath.Base(filepath.Dir(file))); l.Explicit {
			r.layout = l.Name
		}
		g := r.read(t, content)
		if g.plan == nil || g.plan.Form != FormDelimited || len(g.plan.bindings) == 0 {
			continue
		}
		in, out := g.plan.bindings[0].at[targetAmountIn], g.plan.bindings[0].at[targetAmountOut]
		taken := slices.ContainsFunc(g.plan.bindings, func(b binding) bool { return b.at[targetAmountIn] != in || b.at[record.FieldAmount] >= 0 }) // some rows have theirs elsewhere
		if in < 0 || out < 0 || taken || g.plan.bindings[0].at[record.FieldAmount] >= 0 {
			continue
		}
		for _, row := range g.rows {
			lines := strings.SplitAfter(string(content), "\n")
			n := 0
			fmt.Sscan(row.Source, &n)
			cells := cutRow([]byte(strings.TrimRight(lines[n-1], "\r\n")), g.plan)
			if bytes.ContainsAny(bytes.Join(cells, nil), "\",") || row.Amount == 0 {
				continue
			}
			for _, zero := range []int16{in, out} {
				cells[g.plan.Uses[in].Cell], cells[g.plan.Uses[out].Cell] = nil, nil
				cells[g.plan.Uses[zero].Cell] = []byte("0.00")
				lines[n-1] = string(bytes.Join(cells, []byte{g.plan.Delim})) + "\n"
				h := r.read(t, []byte(strings.Join(lines, "")))
				tried++
				if len(h.problems) == 0 && len(h.rejects) <= len(g.rejects) {
					t.Errorf("%s: line %d without its amount is read: %s", file, n, lines[n-1])
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d lines were tried", tried)
	}
}
