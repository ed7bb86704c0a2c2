package parse

import (
	"bytes"
	"slices"
	"strings"

	"duizhang/parse/money"
)

// What an empty cell means, and whether an amount is whole, often only the other
// rows tell: where they say 消费 and 退货, an empty cell is no sale; where all
// amounts have two decimals, a bare 1 before a cell 234.00 was 1,234.00. So the
// first rows of a document are looked at before any is read.

// sampleRows is how many rows are looked at.
const sampleRows = 300

// learnHabits looks at the first rows of a document for what its columns always say.
func (s *sight) learnHabits(p *plan) {
	words := p.spokenWords()
	split := p.form == formDelimited && p.delim == ','
	if len(words) == 0 && !split {
		return
	}
	start, end := min(p.dataStart, int64(len(s.in.head))), min(p.dataEnd, int64(len(s.in.head)))
	var c cutter
	if c.begin(s.in.head[start:max(start, end)], p.dialect(Limits{})) != nil {
		return
	}
	b := newBinder(p)
	b.choose(0)
	h := habits{p: p, b: b, words: words, decimal: make([]int, len(p.uses)), other: make([]int, len(p.uses))}
	for range sampleRows {
		d, ok := c.next()
		if !ok {
			break
		}
		cells, v, _ := b.cut(d.cells)
		if d.bad != faultNone || v != accept || b.sift(cells) || b.width(cells) != nil {
			continue
		}
		b.buf = b.buf[:0]
		b.pickAll(cells)
		if n := b.variant(cells); n >= 0 {
			h.look(cells, &p.bindings[n], split)
		}
	}
	for i := range p.uses {
		p.uses[i].decimals = h.decimal[i] > 0 && h.other[i] == 0
	}
}

// habits are what the columns of a document say in the rows looked at.
type habits struct {
	p              *plan
	b              *binder
	words          []spokenWord
	decimal, other []int // amounts with two decimals, and others, by use
}

// A spokenWord is a target for which an empty cell stands for a meaning that
// may as well be written out.
type spokenWord struct {
	at target
	v  *vocabulary
}

// spokenWords lists the targets of which empty cells mean something.
func (p *plan) spokenWords() (out []spokenWord) {
	c := p.layout.c
	for _, w := range []spokenWord{{target(FieldKind), c.kind}, {target(FieldStatus), c.status}, {targetDirection, c.direction}} {
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
		if use < 0 || h.p.uses[use].spoken {
			continue
		}
		word := h.b.show(h.b.cell(use))
		h.p.uses[use].spoken = word != "" && w.v.lookup(word) == w.v.empty && !ofRefund(word)
	}
	for t, use := range bd.at {
		if !split || use < 0 || !target(t).isMoney() || h.p.uses[use].unit != money.Yuan {
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
	return strings.Contains(word, "退") || strings.Contains(normWord(word), "refund")
}

// isSplit says whether an amount may be the thousands of one that a separator
// has cut: 1 before a cell 234.00.
func (b *binder) isSplit(c []byte, use int16) bool {
	next := b.p.uses[use].cell + 1
	digits := bytes.TrimLeft(c, "-+")
	if n := len(digits); n == 0 || n > 3 || digits[0] == '0' || !allDigits(digits) || next == 0 || next >= len(b.now) {
		return false
	}
	whole, decimals, found := bytes.Cut(trim(b.now[next]), []byte{'.'})
	if n := len(whole); n == 0 || n > 3 || !allDigits(whole) || !found && n < 3 {
		return false
	}
	return !found || len(decimals) > 0 && allDigits(decimals)
}

const (
	codeEmptyWord   Code = "empty_word"
	codeSplitAmount Code = "split_amount"
)

var _ = addMessages(map[Code]message{
	codeEmptyWord:   {"其他行的这一列写明了是什么，这一行却是空的，不能默认；请补上或向提供方核对", "empty, while other rows say what they are: it is not taken for granted; have it filled in or check it with the source"},
	codeSplitAmount: {"金额 {value} 没有小数，其他行都有两位；它与右边的 {0} 像是被千位分隔符切开的一个金额，各列可能已错位；请用引号括住金额后重新导出", "amount {value} has no decimals where all others have two; with {0} beside it, it looks like one amount cut at its thousands separator, and the columns may be shifted; quote the amount and export again"},
})
