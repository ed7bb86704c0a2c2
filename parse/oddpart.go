package parse

import "slices"

// maxOddParts is how many parts of an input that no layout fits are looked at
// again; the others are problems.
const maxOddParts = 64

// oddPart is a document that no layout fits.
type oddPart struct {
	file *File
	in   analyseInput
}

// passOverOddParts forgives the parts of an archive or workbook that no layout
// fits where another part is used: a read-me, a sheet of notes or of sums. They
// are listed as not used. A part that holds transactions nevertheless, such as a
// sheet that goes on without a header, stays a problem.
func (o *opener) passOverOddParts() {
	defer func() { o.odd = nil }()
	if len(o.docs) == 0 {
		return
	}
	for i := range o.odd {
		part := &o.odd[i]
		f := part.file
		if f.Used || len(f.Problems) != 1 || f.Problems[0].Code != codeUnknownLayout {
			continue
		}
		switch {
		case slices.ContainsFunc(o.docs, func(d *document) bool { return part.goesOn(d.plan) }):
			f.Problems = []Problem{{Code: codeNoHeader, File: f.Name}}
		case !part.looksLikeTransactions(o.opt.Layouts):
			f.Ignored = true
			f.Problems = []Problem{{Code: codeNotDataPart, File: f.Name}}
		}
	}
}

// goesOn says whether the part's lines are rows of another part's table.
func (o *oddPart) goesOn(p *plan) bool {
	if p.form != formDelimited || p.enc != o.in.enc || (p.delim == spoolCell) != o.in.spooled || p.layout.Ignore {
		return false
	}
	s := newSight(o.in)
	b := newBinder(p)
	var row Row
	good, bad := 0, 0
	for _, d := range s.lines {
		switch v, _ := b.bind(&rawRow{cells: p.lineCells(d)}, &row, 0); v {
		case accept:
			good++
		case reject:
			bad++
		}
	}
	return good > 0 && good >= bad
}

// looksLikeTransactions says whether a part is a table of amounts under numbers
// of their own, which a summary is not.
func (o *oddPart) looksLikeTransactions(all *Layouts) bool {
	t := findTable(o.in)
	if t == nil || t.header < 0 {
		return false
	}
	d := newDrafting(t, all, EN)
	d.relate()
	d.chooseSide()
	d.assign()
	has := func(fields ...string) bool {
		return slices.ContainsFunc(d.guess, func(g columnGuess) bool { return g.sure >= 0.5 && slices.Contains(fields, g.field) })
	}
	return has("order_no", "channel_no", "ref_no", "trace_no") && has("amount", "amount_in", "net")
}

const codeNoHeader Code = "part_without_header"

var _ = addMessages(map[Code]message{
	codeNoHeader: {"这一部分有交易行，但没有表头，不知道各列是什么；请给它加上与其他部分相同的表头后再试", "this part holds transactions but no header, so its columns are unknown; give it the header of the other parts and try again"},
})
