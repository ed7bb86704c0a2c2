package layout

import (
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// A column of money that nothing reads does no harm while the rows add up
// without it. Where they do not, and it is just what is missing, it is a cost
// (or a subsidy) that changes what is owed: it is named.

// costWords are parts of the names of columns of costs and the like.
var costWords = []string{"费", "佣", "抽成", "补贴", "优惠", "折扣", "扣款", "分润", "分账", "税", "金额", "fee", "commission", "cost", "markup", "interchange", "tax", "discount", "charge", "amount", "deduct"}

// isCostName says whether a column's name is one of costs.
func isCostName(key string) bool {
	return slices.ContainsFunc(costWords, func(w string) bool { return strings.Contains(key, w) })
}

// findAdrift looks at the first rows for a column that nothing reads and that
// is what the net lacks.
func (s *View) findAdrift(p *Plan) {
	at := &p.bindings[0].at
	if p.Side != record.SideClearing || at[record.FieldNet] < 0 || len(p.Layout.Identity) > 0 || p.Form != FormDelimited {
		return
	}
	var cells []int
	for i, c := range p.Columns {
		if c.Field == "" && isCostName(NormHeader(c.Header).Key) {
			cells = append(cells, i)
		}
	}
	if len(cells) == 0 {
		return
	}
	gaps, values := s.gapsOf(p, cells)
	if len(gaps) == 0 {
		return
	}
	explains := func(pick func(row []money.Fen) money.Fen) bool {
		for i, g := range gaps {
			if v := pick(values[i]); v.Abs() != g.Abs() {
				return false
			}
		}
		return true
	}
	name := ""
	for k, cell := range cells {
		if explains(func(row []money.Fen) money.Fen { return row[k] }) {
			name = p.Columns[cell].Header
			break
		}
	}
	if name == "" && len(cells) > 1 && explains(func(row []money.Fen) (sum money.Fen) {
		for _, v := range row {
			sum += v
		}
		return sum
	}) {
		var names []string
		for _, cell := range cells {
			names = append(names, p.Columns[cell].Header)
		}
		name = strings.Join(names, " + ")
	}
	p.adrift = name
}

// gapsOf are the differences of the first rows between net and amount less fee,
// where there is one, and what the given cells say beside each.
func (s *View) gapsOf(p *Plan, cells []int) (gaps []money.Fen, values [][]money.Fen) {
	start, end := min(p.DataStart, int64(len(s.In.Head))), min(p.DataEnd, int64(len(s.In.Head)))
	var c cutter
	if c.begin(s.In.Head[start:max(start, end)], p.Dialect(problem.Limits{})) != nil {
		return nil, nil
	}
	b := NewBinder(p)
	var row record.Row
	for range sampleRows {
		d, ok := c.next()
		if !ok {
			break
		}
		if d.Bad != text.FaultNone {
			continue
		}
		v, problem := b.Bind(&text.Record{Cells: d.Cells}, &row, 0)
		if v != Accepted && (problem == nil || problem.Code != CodeNetDiffers) || row.Status != record.OK || !row.HasNet {
			continue
		}
		gap := row.Amount - row.Fee - row.Net
		if gap == 0 {
			continue
		}
		texts := textsOf(d.Cells, p.Enc)
		said := make([]money.Fen, len(cells))
		for k, cell := range cells {
			if cell < len(texts) {
				said[k], _ = money.Parse(Unguard([]byte(texts[cell])), p.Uses[p.bindings[0].at[record.FieldNet]].unit)
			}
		}
		gaps, values = append(gaps, gap), append(values, said)
	}
	return gaps, values
}

// Doubt is the problem of a file whose rows have no fee that is read, while a
// column that nobody reads is what their net lacks.
func (p *Plan) Doubt() *problem.Problem {
	if p.adrift == "" || p.bindings[0].at[record.FieldFee] >= 0 {
		return nil
	}
	return &problem.Problem{Code: CodeMoneyUnread, Column: p.adrift, Args: []string{p.Layout.Name}}
}

const (
	CodeMoneyUnread problem.Code = "money_unread"
	CodeNetUnread   problem.Code = "net_unread"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeMoneyUnread: {ZH: "版式 {0} 不读这一列，而结算金额与交易金额正好差它：它是费用或补贴，不读则手续费无从核对；请用 duizhang layouts new 为此文件起草版式，写明该列是什么", EN: "layout {0} does not read this column, yet it is just the difference between amount and net: a cost or a subsidy, without which fees cannot be checked; draft a layout for this file with duizhang layouts new and say what the column is"},
	CodeNetUnread:   {ZH: "结算金额 {0} 不等于交易金额 {1} 减手续费 {2}（应为 {3}），差的正是没有读取的列 {4}；请用 duizhang layouts new 为此文件起草版式，写明该列是什么", EN: "net {0} is not the amount {1} less the fee {2} (it should be {3}), and the difference is what column {4} says, which nothing reads; draft a layout for this file with duizhang layouts new and say what the column is"},
})
