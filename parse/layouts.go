package parse

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/sync/errgroup"
)

//go:embed layouts/*.toml
var builtinLayouts embed.FS

// Layouts is a set of layouts by name.
type Layouts struct {
	byName map[string]*Layout
	list   []*Layout // by name
}

// LoadLayouts is the built-in layouts and, where dir is not empty, those of the
// TOML files in dir; one of the same name replaces the built-in one. An error
// names the file, and the line where TOML itself is wrong.
func LoadLayouts(dir string) (*Layouts, error) {
	ls := &Layouts{byName: map[string]*Layout{}}
	sub, err := fs.Sub(builtinLayouts, "layouts")
	if err != nil {
		return nil, err
	}
	if err := ls.load(sub, "built in", ""); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := ls.load(os.DirFS(dir), "", dir); err != nil {
			return nil, err
		}
	}
	for _, l := range ls.byName {
		ls.list = append(ls.list, l)
	}
	slices.SortFunc(ls.list, func(a, b *Layout) int { return cmp.Compare(a.Name, b.Name) })
	return ls, nil
}

func (ls *Layouts) load(fsys fs.FS, origin, dir string) error {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return fmt.Errorf("layouts: %w", err)
	}
	read := make([]*Layout, len(entries))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if e.IsDir() || path.Ext(e.Name()) != ".toml" {
			continue
		}
		g.Go(func() (err error) {
			read[i], err = loadFile(fsys, e.Name(), origin, dir)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, l := range read {
		if l != nil {
			ls.byName[l.Name] = l
		}
	}
	return nil
}

func loadFile(fsys fs.FS, name, origin, dir string) (*Layout, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("layouts: %w", err)
	}
	where := path.Join(dir, name)
	if dir != "" {
		origin = where
	}
	l, err := parseLayout(string(text), origin)
	if err != nil {
		return nil, fmt.Errorf("layout %s: %w", where, err)
	}
	if l.Name+".toml" != name {
		return nil, fmt.Errorf("layout %s: its name is %q; the two must agree", where, l.Name)
	}
	return l, nil
}

// parseLayout reads and checks one layout; origin says where it is from.
func parseLayout(text, origin string) (*Layout, error) {
	l := &Layout{text: text, origin: origin}
	md, err := toml.Decode(text, l)
	if err != nil {
		if pe, ok := err.(toml.ParseError); ok {
			return nil, fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return nil, err
	}
	if un := md.Undecoded(); len(un) > 0 {
		names := make([]string, len(un))
		for i, k := range un {
			names[i] = k.String()
		}
		return nil, fmt.Errorf("unknown keys: %s", strings.Join(names, ", "))
	}
	if err := l.compile(); err != nil {
		return nil, err
	}
	return l, nil
}

// List is every layout, by name.
func (ls *Layouts) List() []*Layout { return slices.Clone(ls.list) }

// Get is the layout of that name, or nil.
func (ls *Layouts) Get(name string) *Layout { return ls.byName[name] }
