package parse

import (
	"regexp"
	"slices"
	"strings"
)

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
		case part.isKnownUnused(o.docs):
			f.Ignored = true
			f.Problems = []Problem{{Code: codeNotDataPart, File: f.Name}}
		case part.looksLikeTransactions(o.opt.Layouts): // the problem that it has says what it lacks
		case part.holdsMoney():
			f.Problems = []Problem{{Code: codeUnusedMoney, File: f.Name}}
		default:
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

// isKnownUnused says whether the layout of another part names this one as known
// and not used.
func (o *oddPart) isKnownUnused(docs []*document) bool {
	name := o.file.Name[strings.LastIndexAny(o.file.Name, ":/")+1:]
	return slices.ContainsFunc(docs, func(d *document) bool {
		return slices.ContainsFunc(d.plan.layout.sign.unused, func(re *regexp.Regexp) bool { return re.MatchString(name) })
	})
}

// holdsMoney says whether a part has an amount beside something else in a line:
// with its decimals, or under a name for money.
func (o *oddPart) holdsMoney() bool {
	s := newSight(o.in)
	delims := []byte(",\t|;")
	if o.in.spooled {
		delims = []byte{spoolCell}
	}
	for _, delim := range delims {
		names := map[int]bool{} // columns under a name for money
		for _, d := range s.lines {
			cells := s.lineTexts(d, delim)
			filled := 0
			for _, c := range cells {
				filled += btoi(strings.TrimSpace(c) != "")
			}
			for i, c := range cells {
				c = strings.TrimSpace(string(unguard([]byte(c))))
				switch {
				case filled < 2:
				case isMoneyName(c):
					names[i] = true
				case bareMoney.MatchString(c) && (strings.IndexAny(c, "¥￥$") >= 0 || strings.HasSuffix(c[:len(c)-2], ".")), names[i] && (bareMoney.MatchString(c) || bareWhole.MatchString(c)):
					return true
				}
			}
		}
	}
	return false
}

// isMoneyName says whether a cell is a name for money.
func isMoneyName(c string) bool {
	k := normHeader(c).key
	return k != "" && len([]rune(k)) <= 16 && slices.ContainsFunc([]string{"金额", "余额", "收入", "支出", "手续费", "实收", "应收", "营业额", "销售额", "amount", "total", "fee", "balance", "net"}, func(w string) bool { return strings.Contains(k, w) })
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

const (
	codeNoHeader    Code = "part_without_header"
	codeUnusedMoney Code = "part_unused_money"
)

var _ = addMessages(map[Code]message{
	codeUnusedMoney: {"这一部分有金额，却没有版式认得，未使用；若是汇总或说明，请从工作簿（压缩包）里删去，或在版式的 unused 中写明它不用；若是交易，请用 duizhang layouts new 起草版式", "this part holds money, but no layout knows it and nothing uses it; delete it from the workbook or archive if it is a summary, or name it under unused in the layout; if it is transactions, draft a layout with duizhang layouts new"},
	codeNoHeader:    {"这一部分有交易行，但没有表头，不知道各列是什么；请给它加上与其他部分相同的表头后再试", "this part holds transactions but no header, so its columns are unknown; give it the header of the other parts and try again"},
})
