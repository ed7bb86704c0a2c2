package parse

import (
	"context"
	"path/filepath"
	"slices"

	"github.com/duizhang/duizhang/parse/draft"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
)

// DraftLayout proposes a layout for the file at path: its side, how it is cut,
// which column is which field (from the header's names and from the values),
// units, and the words it uses. Comments in the text are in lang and say how
// sure each proposal is. The error is a *Problem where nothing table-like is in
// the file.
func DraftLayout(ctx context.Context, path string, opt *Options, lang problem.Lang) (*draft.Draft, error) {
	if opt == nil {
		opt = &Options{}
	}
	options := *opt
	if options.Layouts == nil {
		all, err := layout.LoadLayouts("")
		if err != nil {
			return nil, err
		}
		options.Layouts = all
	}
	o := newOpener(ctx, PathSide{Path: path}, &options)
	var seen []layout.Sample
	o.seen = func(in layout.Sample) { seen = append(seen, in) }
	err := o.open()
	defer func() {
		for _, c := range slices.Backward(o.close) {
			c.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	var best *draft.DraftTable
	for _, in := range seen {
		if t := draft.FindTable(in); t != nil && (best == nil || t.Score > best.Score) {
			best = t
		}
	}
	if best == nil {
		return nil, noTable(path, o.files)
	}
	d := draft.NewDrafting(best, options.Layouts, lang)
	d.Known = knownAs(o.files)
	return d.Draft(path), nil
}

// noTable is why nothing can be drafted: what is wrong with the file, or that
// there is no table in it.
func noTable(path string, files []*File) *problem.Problem {
	for _, f := range files {
		for i := range f.Problems {
			if p := f.Problems[i]; p.Code != layout.CodeUnknownLayout && p.Code != layout.CodeMissingColumns {
				return &p
			}
		}
	}
	return &problem.Problem{Code: codeNoTable, File: filepath.Base(path)}
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

const codeNoTable problem.Code = "no_table"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeNoTable: {ZH: "没有找到表格；请给出至少有一行表头（三列以上）和一行数据的文件，或每行等长的定长文件", EN: "no table was found; give a file with at least a header of three columns and one row, or with lines of one length"},
})
