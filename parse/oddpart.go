package parse

import (
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/draft"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// maxOddParts is how many parts of an input that no layout fits are looked at
// again; the others are problems.
const maxOddParts = 64

// oddPart is a document that no layout fits.
type oddPart struct {
	file *File
	in   layout.Sample
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
		if f.Used || len(f.Problems) != 1 || f.Problems[0].Code != layout.CodeUnknownLayout {
			continue
		}
		switch {
		case slices.ContainsFunc(o.docs, func(d *document) bool { return part.goesOn(d.plan) }):
			f.Problems = []problem.Problem{{Code: codeNoHeader, File: f.Name}}
		case part.isKnownUnused(o.docs):
			f.Ignored = true
			f.Problems = []problem.Problem{{Code: codeNotDataPart, File: f.Name}}
		case part.looksLikeTransactions(o.opt.Layouts): // the problem that it has says what it lacks
		case part.holdsMoney():
			f.Problems = []problem.Problem{{Code: codeUnusedMoney, File: f.Name}}
		default:
			f.Ignored = true
			f.Problems = []problem.Problem{{Code: codeNotDataPart, File: f.Name}}
		}
	}
}

// goesOn says whether the part's lines are rows of another part's table.
func (o *oddPart) goesOn(p *layout.Plan) bool {
	if p.Form != layout.FormDelimited || p.Enc != o.in.Enc || (p.Delim == text.SpoolCell) != o.in.Spooled || p.Layout.Ignore {
		return false
	}
	s := layout.NewSight(o.in)
	b := layout.NewBinder(p)
	var row record.Row
	good, bad := 0, 0
	for _, d := range s.Lines {
		switch v, _ := b.Bind(&text.Record{Cells: p.LineCells(d)}, &row, 0); v {
		case layout.Accepted:
			good++
		case layout.Rejected:
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
		return slices.ContainsFunc(d.plan.Layout.Sign.Unused, func(re *regexp.Regexp) bool { return re.MatchString(name) })
	})
}

// holdsMoney says whether a part has an amount beside something else in a line:
// with its decimals, or under a name for money.
func (o *oddPart) holdsMoney() bool {
	s := layout.NewSight(o.in)
	delims := []byte(",\t|;^")
	if o.in.Spooled {
		delims = []byte{text.SpoolCell}
	}
	for _, delim := range delims {
		names := map[int]bool{} // columns under a name for money
		for _, d := range s.Lines {
			cells := s.LineTexts(d, delim)
			filled := 0
			for _, c := range cells {
				filled += layout.Btoi(strings.TrimSpace(c) != "")
			}
			for i, c := range cells {
				c = strings.TrimSpace(string(layout.Unguard([]byte(c))))
				switch {
				case filled < 2:
				case isMoneyName(c):
					names[i] = true
				case layout.BareMoney.MatchString(c) && (strings.IndexAny(c, "¥￥$") >= 0 || strings.HasSuffix(c[:len(c)-2], ".")), names[i] && (layout.BareMoney.MatchString(c) || layout.BareWhole.MatchString(c)):
					return true
				}
			}
		}
	}
	return false
}

// isMoneyName says whether a cell is a name for money.
func isMoneyName(c string) bool {
	k := layout.NormHeader(c).Key
	return k != "" && len([]rune(k)) <= 16 && slices.ContainsFunc([]string{"金额", "余额", "收入", "支出", "手续费", "实收", "应收", "营业额", "销售额", "amount", "total", "fee", "balance", "net"}, func(w string) bool { return strings.Contains(k, w) })
}

// looksLikeTransactions says whether a part is a table of amounts under numbers
// of their own, which a summary is not.
func (o *oddPart) looksLikeTransactions(all *layout.Layouts) bool {
	t := draft.FindTable(o.in)
	if t == nil || t.Header < 0 {
		return false
	}
	d := draft.NewDrafting(t, all, problem.EN)
	d.Relate()
	d.ChooseSide()
	d.Assign()
	has := func(fields ...string) bool {
		return slices.ContainsFunc(d.Guess, func(g draft.ColumnGuess) bool { return g.Sure >= 0.5 && slices.Contains(fields, g.Field) })
	}
	return has("order_no", "channel_no", "ref_no", "trace_no") && has("amount", "amount_in", "net")
}

const (
	codeNoHeader    problem.Code = "part_without_header"
	codeUnusedMoney problem.Code = "part_unused_money"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeUnusedMoney: {ZH: "这一部分有金额，却没有版式认得，未使用；若是汇总或说明，请从工作簿（压缩包）里删去，或在版式的 unused 中写明它不用；若是交易，请用 duizhang layouts new 起草版式", EN: "this part holds money, but no layout knows it and nothing uses it; delete it from the workbook or archive if it is a summary, or name it under unused in the layout; if it is transactions, draft a layout with duizhang layouts new"},
	codeNoHeader:    {ZH: "这一部分有交易行，但没有表头，不知道各列是什么；请给它加上与其他部分相同的表头后再试", EN: "this part holds transactions but no header, so its columns are unknown; give it the header of the other parts and try again"},
})
