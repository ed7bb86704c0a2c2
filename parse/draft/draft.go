package draft

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
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
	Side    record.Side
	Columns int
	Bound   int
}

// A drafting is a draft in work.
type drafting struct {
	t       *DraftTable
	lang    problem.Lang
	Known   string
	side    record.Side
	names   []aliasSet // of each side
	Guess   []ColumnGuess
	related map[int]map[string]float64 // fields that columns of money prove to be
}

func NewDrafting(t *DraftTable, all *layout.Layouts, lang problem.Lang) *drafting {
	return &drafting{t: t, lang: lang, names: aliasesOf(all)}
}

func (d *drafting) Draft(path string) *Draft {
	d.Relate()
	d.ChooseSide()
	d.Assign()
	name := draftName(path, d.side)
	out := &Draft{Name: name, Known: d.Known, Side: d.side, Columns: len(d.t.columns)}
	for _, g := range d.Guess {
		out.Bound += Btoi(g.Field != "")
	}
	out.Text = problem.MaskCards(d.toml(name, filepath.Base(path)))
	return out
}

var notInName = regexp.MustCompile(`[^a-z0-9]+`)

// draftName is a layout name made of the file's.
func draftName(path string, side record.Side) string {
	base := strings.ToLower(filepath.Base(path))
	base = strings.TrimSuffix(base, filepath.Ext(base))
	base = regexp.MustCompile(`\d{4,}`).ReplaceAllString(base, "")
	base = strings.Trim(notInName.ReplaceAllString(base, "-"), "-")
	if base == "" || base[0] >= '0' && base[0] <= '9' {
		base = strings.Trim("my-"+side.String()+"-"+base, "-")
	}
	return "my-" + strings.TrimPrefix(base, "my-")
}
