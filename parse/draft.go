package parse

import (
	"context"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A Draft is a layout proposed for a file.
type Draft struct {
	// Name is the layout's; its file must be called Name.toml.
	Name string
	// Text is the commented TOML.
	Text string
	// Known is the layout that reads the file as it is, "" if none does.
	Known string
	// Side, Columns and Sure say what was proposed: how many columns there are
	// and how many of them have a field.
	Side    Side
	Columns int
	Bound   int
}

// DraftLayout proposes a layout for the file at path: its side, how it is cut,
// which column is which field (from the header's names and from the values),
// units, and the words it uses. Comments in the text are in lang and say how
// sure each proposal is. The error is a *Problem where nothing table-like is in
// the file.
func DraftLayout(ctx context.Context, path string, opt *Options, lang Lang) (*Draft, error) {
	if opt == nil {
		opt = &Options{}
	}
	options := *opt
	if options.Layouts == nil {
		all, err := LoadLayouts("")
		if err != nil {
			return nil, err
		}
		options.Layouts = all
	}
	o := newOpener(ctx, PathSide{Path: path}, &options)
	var seen []analyseInput
	o.seen = func(in analyseInput) { seen = append(seen, in) }
	err := o.open()
	defer func() {
		for _, c := range slices.Backward(o.close) {
			c.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	var best *draftTable
	for _, in := range seen {
		if t := findTable(in); t != nil && (best == nil || t.score > best.score) {
			best = t
		}
	}
	if best == nil {
		return nil, noTable(path, o.files)
	}
	d := newDrafting(best, options.Layouts, lang)
	d.known = knownAs(o.files)
	return d.draft(path), nil
}

// noTable is why nothing can be drafted: what is wrong with the file, or that
// there is no table in it.
func noTable(path string, files []*File) *Problem {
	for _, f := range files {
		for i := range f.Problems {
			if p := f.Problems[i]; p.Code != codeUnknownLayout && p.Code != codeMissingColumns {
				return &p
			}
		}
	}
	return &Problem{Code: codeNoTable, File: filepath.Base(path)}
}

// knownAs is the layout that already reads a file and is no generic one.
func knownAs(files []*File) string {
	for _, f := range files {
		if f.Used {
			return f.Layout
		}
	}
	return ""
}

const codeNoTable Code = "no_table"

var _ = addMessages(map[Code]message{
	codeNoTable: {"没有找到表格：至少要有一行表头（三列以上）和一行数据，或每行等长的定长文件", "no table was found: at least a header of three columns and one row are wanted, or lines of one length"},
})

// A drafting is a draft in work.
type drafting struct {
	t       *draftTable
	lang    Lang
	known   string
	side    Side
	names   []aliasSet // of each side
	guess   []columnGuess
	related map[int]map[string]float64 // fields that columns of money prove to be
}

func newDrafting(t *draftTable, all *Layouts, lang Lang) *drafting {
	return &drafting{t: t, lang: lang, names: aliasesOf(all)}
}

func (d *drafting) draft(path string) *Draft {
	d.relate()
	d.chooseSide()
	d.assign()
	name := draftName(path, d.side)
	out := &Draft{Name: name, Known: d.known, Side: d.side, Columns: len(d.t.columns)}
	for _, g := range d.guess {
		out.Bound += btoi(g.field != "")
	}
	out.Text = MaskCards(d.toml(name, filepath.Base(path)))
	return out
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// draftName is a layout name made of the file's.
func draftName(path string, side Side) string {
	base := strings.ToLower(filepath.Base(path))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	base = regexp.MustCompile(`\d{4,}`).ReplaceAllString(base, "")
	base = strings.Trim(notInName.ReplaceAllString(base, "-"), "-")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = strings.Trim("my-"+side.String()+"-"+base, "-")
	}
	return "my-" + strings.TrimPrefix(base, "my-")
}
