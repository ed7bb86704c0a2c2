package layout

import (
	"bytes"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// What an empty cell means, and whether an amount is whole, often only the other
// rows tell: where they say 消费 and 退货, an empty cell is no sale; where all
// amounts have two decimals, a bare 1 before a cell 234.00 was 1,234.00. So the
// first rows of a document are looked at before any is read.

// sampleRows is how many rows are looked at.
const sampleRows = 300

// learnHabits looks at the first rows of a document for what its columns always say.
func (s *View) learnHabits(p *Plan) {
	words := p.spokenWords()
	split := p.Form == FormDelimited && p.Delim == ','
	if len(words) == 0 && !split {
		return
	}
	start, end := min(p.DataStart, int64(len(s.In.Head))), min(p.DataEnd, int64(len(s.In.Head)))
	var c cutter
	if c.begin(s.In.Head[start:max(start, end)], p.Dialect(problem.Limits{})) != nil {
		return
	}
	b := NewBinder(p)
	b.choose(0)
	h := habits{p: p, b: b, words: words, decimal: make([]int, len(p.Uses)), other: make([]int, len(p.Uses))}
	for range sampleRows {
		d, ok := c.next()
		if !ok {
			break
		}
		cells, v, _ := b.cut(d.Cells)
		if d.Bad != text.FaultNone || v != Accepted || b.sift(cells) || b.width(cells) != nil {
			continue
		}
		b.buf = b.buf[:0]
		b.pickAll(cells)
		if n := b.variant(cells); n >= 0 {
			h.look(cells, &p.bindings[n], split)
		}
	}
	for i := range p.Uses {
		p.Uses[i].decimals = h.decimal[i] > 0 && h.other[i] == 0
	}
}

// habits are what the columns of a document say in the rows looked at.
type habits struct {
	p              *Plan
	b              *Binder
	words          []spokenWord
	decimal, other []int // amounts with two decimals, and others, by use
}

// A spokenWord is a target for which an empty cell stands for a meaning that
// may as well be written out.
type spokenWord struct {
	at Target
	v  *vocabulary
}

// spokenWords lists the targets of which empty cells mean something.
func (p *Plan) spokenWords() (out []spokenWord) {
	c := p.Layout.Compiled
	for _, w := range []spokenWord{{Target(record.FieldKind), c.kind}, {Target(record.FieldStatus), c.status}, {targetDirection, c.direction}} {
		if w.v.empty > meansUnknown && slices.ContainsFunc(p.bindings, func(b binding) bool { return b.at[w.at] >= 0 }) {
			out = append(out, w)
		}
	}
	return out
}

// look takes one row.
func (h *habits) look(cells [][]byte, bd *binding, split bool) {
	for _, w := range h.words {
		use := bd.at[w.at]
		if use < 0 || h.p.Uses[use].spoken {
			continue
		}
		word := h.b.Show(h.b.cell(use))
		h.p.Uses[use].spoken = word != "" && w.v.lookup(word) == w.v.empty && !ofRefund(word)
	}
	for t, use := range bd.at {
		if !split || use < 0 || !Target(t).isMoney() || h.p.Uses[use].unit != money.Yuan {
			continue
		}
		switch c := h.b.cell(use); {
		case c == nil || h.b.isSplit(c, use):
		case len(c) > 3 && c[len(c)-3] == '.':
			h.decimal[use]++
		default:
			h.other[use]++
		}
	}
}

// ofRefund says whether a word speaks of a refund: 已退款 stands on a sale that was
// ok, in columns that otherwise leave such sales empty.
func ofRefund(word string) bool {
	return strings.Contains(word, "退") || strings.Contains(NormWord(word), "refund")
}

// isSplit says whether an amount may be the thousands of one that a separator
// has cut: 1 before a cell 234.00.
func (b *Binder) isSplit(c []byte, use int16) bool {
	next := b.p.Uses[use].Cell + 1
	digits := bytes.TrimLeft(c, "-+")
	if n := len(digits); n == 0 || n > 3 || digits[0] == '0' || !allDigits(digits) || next == 0 || next >= len(b.now) {
		return false
	}
	whole, decimals, found := bytes.Cut(Trim(b.now[next]), []byte{'.'})
	if n := len(whole); n == 0 || n > 3 || !allDigits(whole) || !found && n < 3 {
		return false
	}
	return !found || len(decimals) > 0 && allDigits(decimals)
}

const (
	CodeEmptyWord   problem.Code = "empty_word"
	CodeSplitAmount problem.Code = "split_amount"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeEmptyWord:   {ZH: "其他行的这一列写明了是什么，这一行却是空的，不能默认；请补上或向提供方核对", EN: "empty, while other rows say what they are: it is not taken for granted; have it filled in or check it with the source"},
	CodeSplitAmount: {ZH: "金额 {value} 没有小数，其他行都有两位；它与右边的 {0} 像是被千位分隔符切开的一个金额，各列可能已错位；请用引号括住金额后重新导出", EN: "amount {value} has no decimals where all others have two; with {0} beside it, it looks like one amount cut at its thousands separator, and the columns may be shifted; quote the amount and export again"},
})
