package layout

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/sync/errgroup"
)

//go:embed layouts/*.toml
var builtinLayouts embed.FS

// builtIn is the origin of the layouts that are part of the program.
const builtIn = "built in"

// Layouts is a set of layouts by name.
type Layouts struct {
	ByName map[string]*Layout
	All    []*Layout // by name
	once   sync.Once // of common
	common map[string]bool
}

// LoadLayouts is the built-in layouts and, where dir is not empty, those of the
// TOML files in dir; one of the same name replaces the built-in one. An error
// names the file, and the line where TOML itself is wrong.
func LoadLayouts(dir string) (*Layouts, error) {
	ls := &Layouts{ByName: map[string]*Layout{}}
	sub, err := fs.Sub(builtinLayouts, "layouts")
	if err != nil {
		return nil, err
	}
	if err := ls.load(sub, builtIn, ""); err != nil {
		return nil, err
	}
	if dir != "" {
		if err := ls.load(os.DirFS(dir), "", dir); err != nil {
			return nil, err
		}
	}
	for _, l := range ls.ByName {
		ls.All = append(ls.All, l)
	}
	slices.SortFunc(ls.All, func(a, b *Layout) int { return cmp.Compare(a.Name, b.Name) })
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
	for i, l := range read {
		if l == nil {
			continue
		}
		if k := slices.IndexFunc(read[:i], func(o *Layout) bool { return o != nil && o.Name == l.Name }); k >= 0 {
			return fmt.Errorf("layout %s: %s has the name %q too", path.Join(dir, entries[i].Name()), entries[k].Name(), l.Name)
		}
		ls.ByName[l.Name] = l
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
	l, err := ParseLayout(string(text), origin)
	if err != nil {
		return nil, fmt.Errorf("layout %s: %w", where, err)
	}
	if dir == "" && l.Name+".toml" != name {
		return nil, fmt.Errorf("layout %s: its name is %q; the two must agree", where, l.Name)
	}
	return l, nil
}

// ParseLayout reads and checks one layout; origin says where it is from.
func ParseLayout(text, origin string) (*Layout, error) {
	l := &Layout{text: text, origin: origin}
	d := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		return nil, placed(err)
	}
	if err := l.compileSignature(); err != nil {
		return nil, err
	}
	if origin == builtIn {
		return l, nil // completed when a file may have it
	}
	var err error
	l.once.Do(func() { err = l.compile() })
	if err != nil {
		return nil, err
	}
	return l, nil
}

// placed says in which line of a TOML text the mistake is, and of unknown keys
// all their names.
func placed(err error) error {
	if unknown := (*toml.StrictMissingError)(nil); errors.As(err, &unknown) {
		list := make([]error, len(unknown.Errors))
		for i := range unknown.Errors {
			e := &unknown.Errors[i]
			line, _ := e.Position()
			list[i] = fmt.Errorf("line %d: unknown key %s", line, strings.Join(e.Key(), "."))
		}
		return errors.Join(list...)
	}
	if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
		line, _ := wrong.Position()
		return fmt.Errorf("line %d: %s", line, strings.TrimPrefix(wrong.Error(), "toml: "))
	}
	return err
}

// List is every layout, by name.
func (ls *Layouts) List() []*Layout { return slices.Clone(ls.All) }

// Get is the layout of that name, or nil.
func (ls *Layouts) Get(name string) *Layout { return ls.ByName[name] }
