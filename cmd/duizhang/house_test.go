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

// The house has five floors and stairs that lead one way only.
//
//	parse/money ← parse ← match ← report ← cmd
//	fixtures stands beside: it is imported by tests and cmd alone
var mayImport = map[string][]string{
	"duizhang/parse/money": {},
	"duizhang/parse":       {"duizhang/parse/money"},
	"duizhang/match":       {"duizhang/parse", "duizhang/parse/money"},
	"duizhang/report":      {"duizhang/match", "duizhang/parse", "duizhang/parse/money"},
	// The ledger stands on match; its stores isolate a driver each.
	"duizhang/match/ledger":           {"duizhang/match", "duizhang/parse", "duizhang/parse/money"},
	"duizhang/match/ledger/sqlite":    {"duizhang/match/ledger", "duizhang/parse"},
	"duizhang/match/ledger/postgres":  {"duizhang/match/ledger", "duizhang/parse"},
	"duizhang/match/ledger/storetest": {"duizhang/match/ledger", "duizhang/parse"}, // what both stores must do
	"duizhang/fixtures":               {},
	"duizhang/cmd/fixgen":             {"duizhang/fixtures"},
	"duizhang/cmd/bench":              {},
	"duizhang/cmd/duizhang":           {"duizhang/report", "duizhang/match", "duizhang/parse", "duizhang/parse/money", "duizhang/fixtures", "duizhang/match/ledger", "duizhang/match/ledger/sqlite", "duizhang/match/ledger/postgres"},
}

// soleImporters are the libraries that one place alone may lean on.
var soleImporters = map[string][]string{
	"github.com/schollz/progressbar/v3": {"duizhang/cmd/duizhang"},
	"github.com/spf13/cobra":            {"duizhang/cmd/duizhang"},
	"github.com/pelletier/go-toml/v2":   {"duizhang/cmd/duizhang", "duizhang/parse", "duizhang/match"},
	"github.com/gocarina/gocsv":         {"duizhang/report", "duizhang/match"},
	// match reads the contract table with it: small, kept by hand.
	"github.com/xuri/excelize/v2":    {"duizhang/report", "duizhang/match", "duizhang/fixtures"},
	"github.com/richardlehane/mscfb": {"duizhang/parse"},
	"modernc.org/sqlite":             {"duizhang/match/ledger/sqlite"},
	"modernc.org/sqlite/lib":         {"duizhang/match/ledger/sqlite"},
	"github.com/jackc/pgx/v5":        {"duizhang/match/ledger/postgres"},
	"github.com/jackc/pgx/v5/pgconn": {"duizhang/match/ledger/postgres"},
	"os/signal":                      {"duizhang/cmd/duizhang", "duizhang/cmd/bench"},
	"os/exec":                        {"duizhang/cmd/bench"},
	"net":                            {},
	"net/http":                       {},
	"unsafe":                         {"duizhang/parse", "duizhang/match", "duizhang/cmd/duizhang"},
	"log":                            {},
	"log/slog":                       {},
	"math/rand":                      {},
	"plugin":                         {},
}

type goPackage struct {
	ImportPath, Dir      string
	GoFiles, TestGoFiles []string
	Imports              []string
}

var listPackages = sync.OnceValues(func() ([]goPackage, error) {
	var out, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,GoFiles,TestGoFiles,Imports", "duizhang/...")
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
		allowed, known := mayImport[p.ImportPath]
		if !known {
			t.Errorf("%s is no package of the house: say in mayImport what it isolates", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			if strings.HasPrefix(i, "duizhang/") && !slices.Contains(allowed, i) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
			if sole, ok := soleImporters[i]; ok && !slices.Contains(sole, p.ImportPath) {
				t.Errorf("%s imports %s, which belongs to %q", p.ImportPath, i, sole)
			}
		}
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
		if strings.HasPrefix(p.ImportPath, "duizhang/cmd/") {
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
