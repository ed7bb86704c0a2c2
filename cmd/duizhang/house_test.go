package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The house has rooms, and doors that open one way only. What a package is for
// stands in its comment; ARCHITECTURE.md has the plan.
//
//	money ← record, problem ← text ← unpack; all but unpack ← layout ← draft; all ← parse
//	terms ← result ← pair, settle ← match ← report ← cmd
//	fixtures stands beside: it is imported by tests and cmd alone
var mayImport = map[string][]string{
	"parse/money":   {},
	"parse/problem": {},
	"parse/text":    {"parse/problem"},
	"parse/record":  {"parse/money"},
	"parse/unpack":  {"parse/problem", "parse/text"},
	"parse/layout":  {"parse/money", "parse/problem", "parse/record", "parse/text"},
	"parse/draft":   {"parse/layout", "parse/money", "parse/problem", "parse/record", "parse/text"},
	"parse":         {"parse/draft", "parse/layout", "parse/money", "parse/problem", "parse/record", "parse/text", "parse/unpack"},

	"match/terms":        vocabulary(),
	"match/terms/tables": vocabulary("match/terms", "parse"), // the readers of the clerks' own tables
	"match/result":       vocabulary("match/terms"),
	"match/pair":         vocabulary("match/terms", "match/result"),
	"match/settle":       vocabulary("match/terms", "match/result"),
	"match":              vocabulary("match/terms", "match/result", "match/pair", "match/settle"),

	// The ledger stands on match; its stores isolate a driver each.
	"match/ledger":           vocabulary("match", "match/terms", "match/result", "parse"), // knows files again by their rows
	"match/ledger/sqlite":    vocabulary("match/ledger"),
	"match/ledger/postgres":  vocabulary("match/ledger"),
	"match/ledger/storetest": vocabulary("match/ledger"), // what both stores must do

	"report":     vocabulary("match", "match/result", "match/terms"),
	"fixtures":   {},
	"cmd/fixgen": {"fixtures"},
	"cmd/bench":  {},
	"cmd/duizhang": vocabulary("fixtures", "parse", "parse/layout", "parse/text", "match", "match/result", "match/terms", "match/terms/tables",
		"match/ledger", "match/ledger/sqlite", "match/ledger/postgres", "report", "cmd/duizhang/page"),
	// The page knows no rule: the command hands the engine in.
	"cmd/duizhang/page": {"parse/problem"},
}

// vocabulary is what every room may speak, and more.
func vocabulary(more ...string) []string {
	return append(more, "parse/money", "parse/problem", "parse/record")
}

// soleImporters are the libraries that one place alone may lean on.
var soleImporters = map[string][]string{
	"github.com/schollz/progressbar/v3": {"cmd/duizhang"},
	"github.com/spf13/cobra":            {"cmd/duizhang"},
	"github.com/pelletier/go-toml/v2":   {"cmd/duizhang", "parse/layout", "match/terms"},
	"github.com/gocarina/gocsv":         {"report", "match/terms/tables"},
	// The tables that clerks keep are read with it: small, kept by hand.
	"github.com/xuri/excelize/v2":    {"report", "match/terms/tables", "fixtures"},
	"github.com/richardlehane/mscfb": {"parse/unpack"},
	"modernc.org/sqlite":             {"match/ledger/sqlite"},
	"modernc.org/sqlite/lib":         {"match/ledger/sqlite"},
	"github.com/jackc/pgx/v5":        {"match/ledger/postgres"},
	"github.com/jackc/pgx/v5/pgconn": {"match/ledger/postgres"},
	"os/signal":                      {"cmd/duizhang", "cmd/bench"},
	"os/exec":                        {"cmd/bench", "cmd/duizhang"}, // the desktop's opener
	"net":                            {"cmd/duizhang/page"},
	"net/http":                       {"cmd/duizhang/page"},
	"html/template":                  {"cmd/duizhang/page"},
	"golang.org/x/net/html":          {"parse/unpack"},
	"compress/flate":                 {"parse/unpack"},
	"archive/zip":                    {"parse/unpack", "report", "fixtures", "cmd/duizhang/page"},
	"unsafe":                         {"parse/text", "parse/unpack", "match", "cmd/duizhang"},
	"log":                            {},
	"log/slog":                       {},
	"math/rand":                      {},
	"plugin":                         {},
}

// module is the path that all imports of the house's own begin with.
const module = "github.com/duizhang/duizhang/"

type goPackage struct {
	ImportPath, Dir      string
	GoFiles, TestGoFiles []string
	Imports              []string
}

var listPackages = sync.OnceValues(func() ([]goPackage, error) {
	var out, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,Imports", module+"...")
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil {
		return nil, errors.New(stderr.String())
	}
	var all []goPackage
	for d := json.NewDecoder(&out); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
})

func packages(t *testing.T) []goPackage {
	t.Helper()
	all, err := listPackages()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHouseImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, module)
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("%s is no package of the house: say in mayImport what it isolates", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if own, ok := strings.CutPrefix(i, module); ok && !slices.Contains(allowed, own) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
			if sole, ok := soleImporters[i]; ok && !slices.Contains(sole, room) {
				t.Errorf("%s imports %s, which belongs to %q", p.ImportPath, i, sole)
			}
		}
	}
}

// What is matched depends on the vocabulary, not on the readers of files: whoever
// holds two lists of items can be served without them.
func TestHouseMatchKnowsNoReader(t *testing.T) {
	deps := map[string][]string{}
	for _, p := range packages(t) {
		deps[p.ImportPath] = p.Imports
	}
	readers := []string{module + "parse", module + "parse/layout", module + "parse/unpack", module + "parse/text", module + "match/terms/tables",
		"github.com/xuri/excelize/v2", "github.com/gocarina/gocsv", "github.com/richardlehane/mscfb", "golang.org/x/net/html"}
	seen := map[string]bool{}
	var walk func(path, by string)
	walk = func(path, by string) {
		if slices.Contains(readers, path) {
			t.Errorf("match reaches %s by %s", path, by)
		}
		if seen[path] {
			return
		}
		seen[path] = true
		for _, i := range deps[path] {
			walk(i, path)
		}
	}
	walk(module+"match", "")
	if len(seen) < 8 {
		t.Errorf("only %d packages were looked at", len(seen))
	}
}

// Only progress.go knows the progress bar, so that one place decides when
// something is shown.
func TestHouseProgressHasOneOwner(t *testing.T) {
	for _, file := range goFiles(t, ".") {
		for _, i := range parseGo(t, file).Imports {
			if strings.Contains(i.Path.Value, "progressbar") && file != "progress.go" {
				t.Errorf("%s imports the progress bar", file)
			}
		}
	}
}

// Libraries never print, exit or read the environment, the clock and the
// arguments: those exist in cmd only.
func TestHouseLibrariesKeepQuiet(t *testing.T) {
	forbidden := []string{"os.Exit", "os.Args", "os.Stdout", "os.Stderr", "os.Stdin", "os.Getenv", "os.LookupEnv", "time.Now", "time.Local",
		"fmt.Print", "fmt.Println", "fmt.Printf", "flag.Parse", "runtime.GC"}
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, module+"cmd/") {
			continue
		}
		for _, name := range p.GoFiles {
			file := filepath.Join(p.Dir, name)
			ast.Inspect(parseGo(t, file), func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if id, ok := sel.X.(*ast.Ident); ok && id.Obj == nil && slices.Contains(forbidden, id.Name+"."+sel.Sel.Name) {
						t.Errorf("%s/%s uses %s.%s", p.ImportPath, name, id.Name, sel.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

// screen is how many lines of a function a reader can hold.
const screen = 80

func TestHouseFunctionsFitAScreen(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				f, ok := d.(*ast.FuncDecl)
				if !ok {
					continue
				}
				if lines := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; lines > screen {
					t.Errorf("%s/%s: %s has %d lines", p.ImportPath, name, f.Name.Name, lines)
				}
			}
		}
	}
}

// The top level of the repository is fixed.
func TestHouseTopLevel(t *testing.T) {
	allowed := []string{"cmd", "parse", "match", "report", "fixtures", "go.mod", "go.sum", "Makefile", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE",
		"bin", "dist", "demo", "bench"} // the last four are built and ignored
	entries, err := filepath.Glob("../../*")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := filepath.Base(e); !slices.Contains(allowed, name) && !strings.HasPrefix(name, ".") {
			t.Errorf("%s does not belong at the top level", name)
		}
	}
}

func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.go") })
}

func parseGo(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What only tests lean on is not in the program.
func TestHouseProgramIsWithoutTheTestsTools(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", module+"cmd/duizhang").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"github.com/chromedp", "github.com/go-json-experiment", "pgregory.net/rapid", "github.com/rogpeppe", "github.com/google/go-cmp", "testing"} {
		for line := range strings.Lines(string(out)) {
			if line = strings.TrimSpace(line); line == tool || strings.HasPrefix(line, tool+"/") {
				t.Errorf("the program imports %s", line)
			}
		}
	}
}
