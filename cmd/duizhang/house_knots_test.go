package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// size is how large a package is to a reader: its lines that are neither blank
// nor comment alone, and the most files that all need each other.
type size struct{ lines, knot int }

// goal is what a package may have without being named in ceilings.
var goal = size{lines: 8000, knot: 8}

// ceilings are the packages still above the goal. They only go down: whoever
// unties files lowers the figure or takes the line out.
var ceilings = map[string]size{
	"cmd/duizhang": {goal.lines, 34}, // every new command joins it
	"report":       {goal.lines, 27},
	"parse/layout": {9100, 32},
	"parse":        {goal.lines, 14},
	"parse/unpack": {goal.lines, 11},
	"match":        {goal.lines, 19},
	"match/settle": {goal.lines, 14},
	"match/ledger": {goal.lines, 14},
}

// slack is how far a ceiling may stand above what is measured: a change in hand
// need not move it by every file.
const slack = 4

// A reader of one file has to have read every file of its knot. Type information
// says which file needs which: the one whose declaration, method or field it uses.
func TestHouseKnotsOnlyGetSmaller(t *testing.T) {
	sizes := houseSizes(t)
	if len(sizes) < 15 {
		t.Fatalf("only %d packages were measured", len(sizes))
	}
	for room := range ceilings {
		if _, ok := sizes[room]; !ok {
			t.Errorf("ceilings names %s, which is no package", room)
		}
	}
	for room, is := range sizes {
		t.Logf("%-24s %6d lines, knot of %d", room, is.lines, is.knot)
		most, known := ceilings[room]
		if !known {
			most = goal
		}
		if is.knot > most.knot || is.lines > most.lines {
			t.Errorf("%s has %d lines and a knot of %d files, more than %d and %d", room, is.lines, is.knot, most.lines, most.knot)
		}
		if known && is.knot <= goal.knot && is.lines <= goal.lines {
			t.Errorf("%s has reached the goal (%d lines, a knot of %d files): take it out of ceilings", room, is.lines, is.knot)
		}
		if known && is.knot > goal.knot && most.knot > is.knot+slack {
			t.Errorf("%s has a knot of %d files: lower its ceiling of %d", room, is.knot, most.knot)
		}
	}
}

// The measure itself: methods and fields tie files as functions do, a chain is no
// knot, and a file that is needed by a knot does not belong to it.
func TestHouseKnotsAreFoundByTypes(t *testing.T) {
	sources := map[string]string{
		"a.go": "package p\n\ntype A struct{ n int }\n\nfunc (a A) M() int { return B{}.k }\n",
		"b.go": "package p\n\n// B is tied to a.go by a method alone.\ntype B struct{ k int }\n\nfunc (B) up(a A) int { return a.M() }\n",
		"c.go": "package p\n\nfunc c() int { return A{}.M() + leaf }\n",
		"d.go": "package p\n\nconst leaf = 1\n",
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for name, src := range sources {
		f, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	knot, err := largestKnot(fset, "p", files, nil)
	if err != nil || !slices.Equal(knot, []string{"a.go", "b.go"}) {
		t.Errorf("knot %q, %v", knot, err)
	}
	if n := codeLines([]byte(sources["b.go"])); n != 3 {
		t.Errorf("b.go has %d lines of code", n)
	}
	if n := codeLines([]byte("package p\n\nvar s = `a\n\nb`\n")); n != 4 {
		t.Errorf("a text of three lines and the clause before it are %d lines", n)
	}
}

// houseSizes measures every package of the house by its room.
func houseSizes(t *testing.T) map[string]size {
	t.Helper()
	exports := houseExports(t)
	fset := token.NewFileSet()
	imports := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	sizes := map[string]size{}
	for _, p := range packages(t) {
		var is size
		var files []*ast.File
		for _, name := range p.GoFiles {
			path := filepath.Join(p.Dir, name)
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			files, is.lines = append(files, f), is.lines+codeLines(src)
		}
		if len(files) == 0 {
			continue
		}
		knot, err := largestKnot(fset, p.ImportPath, files, imports)
		if err != nil {
			t.Fatal(err)
		}
		is.knot = len(knot)
		sizes[strings.TrimPrefix(p.ImportPath, module)] = is
	}
	return sizes
}

// houseExports are the compiled declarations of all that the house imports.
func houseExports(t *testing.T) map[string]string {
	t.Helper()
	var out, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", module+"...")
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err, stderr.String())
	}
	exports := map[string]string{}
	for d := json.NewDecoder(&out); ; {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
	}
}

// largestKnot are the names of the files of a package's largest strongly
// connected component.
func largestKnot(fset *token.FileSet, path string, files []*ast.File, imports types.Importer) ([]string, error) {
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	pkg, err := (&types.Config{Importer: imports}).Check(path, fset, files, info)
	if err != nil {
		return nil, err
	}
	needs := map[string]map[string]bool{}
	for _, f := range files {
		needs[fset.Position(f.Pos()).Filename] = map[string]bool{}
	}
	for ident, object := range info.Uses {
		if object.Pkg() == pkg && object.Pos().IsValid() {
			needs[fset.Position(ident.Pos()).Filename][fset.Position(object.Pos()).Filename] = true
		}
	}
	// Some hundred files at the most: who is reached by whom is simply walked.
	reached := map[string]map[string]bool{}
	var walk func(from, at string)
	walk = func(from, at string) {
		if reached[from][at] {
			return
		}
		reached[from][at] = true
		for next := range needs[at] {
			walk(from, next)
		}
	}
	for file := range needs {
		reached[file] = map[string]bool{}
		walk(file, file)
	}
	var largest []string
	for file := range needs {
		var knot []string
		for other := range reached[file] {
			if reached[other][file] {
				knot = append(knot, filepath.Base(other))
			}
		}
		slices.Sort(knot)
		if c := cmp.Compare(len(knot), len(largest)); c > 0 || c == 0 && slices.Compare(knot, largest) < 0 {
			largest = knot
		}
	}
	return largest, nil
}

// codeLines counts the lines on which a token stands.
func codeLines(src []byte) int {
	fset := token.NewFileSet()
	file := fset.AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, 0)
	lines, last := 0, 0
	for {
		pos, tok, text := s.Scan()
		if tok == token.EOF {
			return lines
		}
		first := file.Line(pos)
		if tok == token.SEMICOLON && text == "\n" {
			continue // put in by the scanner
		}
		end := first + strings.Count(text, "\n")
		lines += end - max(first, last+1) + 1
		last = max(last, end)
	}
}
