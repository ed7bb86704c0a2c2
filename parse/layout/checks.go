package layout

import (
	"slices"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// CheckKind names what of a file was held against the rest of it.
type CheckKind string

// The checks of SPEC section 2, as the machine-readable results name them.
const (
	CheckBalance  CheckKind = "balance"  // the running balance, line to line
	CheckTotals   CheckKind = "totals"   // declared counts and sums
	CheckIdentity CheckKind = "identity" // net = amount - fee, or the layout's own
	CheckBatch    CheckKind = "batch"    // what a batch took in is what it paid out
)

// A Check is one thing that a file says of itself, and whether its rows agree.
type Check struct {
	Kind CheckKind
	// Lines is how many rows it speaks of.
	Lines int64
	OK    bool
}

// SelfChecks are the checks that files of the layout allow by what they always
// hold; none: a row that was changed, dropped or doubled leaves no trace in them.
// Totals that stand in some files are checked under every layout.
func (l *Layout) SelfChecks() (kinds []CheckKind) {
	has := func(as string) bool {
		return slices.ContainsFunc(l.Columns, func(c Column) bool { return c.As == as || slices.Contains(c.Also, as) }) ||
			slices.ContainsFunc(l.Rules, func(r Rule) bool { return r.Take[as] != "" })
	}
	if has(balanceColumn) {
		kinds = append(kinds, CheckBalance)
	}
	if len(l.Control) > 0 {
		kinds = append(kinds, CheckTotals)
	}
	if len(l.Identity) == 0 && has("fee") && has("net") || slices.ContainsFunc(l.Identity, func(r IdentityRule) bool { return r.Equal != "none" }) {
		kinds = append(kinds, CheckIdentity)
	}
	if l.Batch != nil {
		kinds = append(kinds, CheckBatch)
	}
	return kinds
}

// balanceColumn is the layouts' name for the running balance.
const balanceColumn = "balance"

// BalanceUse is the column of the running balance, or -1.
func (p *Plan) BalanceUse() int16 {
	for i := range p.Uses {
		if u := &p.Uses[i]; u.spec.As == balanceColumn && u.Cell >= 0 {
			return int16(i)
		}
	}
	return -1
}

// Declares says whether the rows have to be counted before they are used.
func (p *Plan) Declares() bool { return len(p.Controls) > 0 || p.BalanceUse() >= 0 || p.HasBatches() }

// PieceChains are the chains of one chunk of a document, by account and
// currency in the order in which they begin.
type PieceChains struct {
	all  []chain
	last int
	// unread: lines were not understood, and may be of any account.
	unread bool
	// Keep keeps the lines; see InDoubt.
	Keep bool
}

// InDoubt says that the lines do not follow one another as they stand, so that
// they have to be counted again and kept, to be put in the order of their times.
func InDoubt(pieces []PieceChains) bool {
	all := joinPieces(pieces)
	return slices.ContainsFunc(all.all, func(c chain) bool { return c.inDoubt() })
}

// add puts a line behind its account's chain.
func (p *PieceChains) add(account, currency []byte, row ChainRow, has bool) {
	one := newChain("", "", row, has)
	if p.Keep && has {
		one.lines = []ChainRow{row}
	}
	if p.last < len(p.all) && p.all[p.last].of(account, currency) {
		p.all[p.last].join(&one)
		return
	}
	p.last = slices.IndexFunc(p.all, func(c chain) bool { return c.of(account, currency) })
	if p.last < 0 {
		one.account, one.currency = string(account), string(currency)
		if p.unread {
			one.unread, one.looseLead = true, true
		}
		p.last = len(p.all)
		p.all = append(p.all, one)
		return
	}
	p.all[p.last].join(&one)
}

// loosen takes a line of which neither account nor balance is known.
func (p *PieceChains) loosen() {
	p.unread = true
	for i := range p.all {
		c := &p.all[i]
		if c.unread = true; c.rows == 0 {
			c.looseLead = true
		} else {
			c.looseTail = true
		}
	}
}

func (c *chain) of(account, currency []byte) bool {
	return c.account == string(account) && c.currency == string(currency)
}

// joinPieces joins the chunks' chains in their order.
func joinPieces(pieces []PieceChains) (all PieceChains) {
	for i := range pieces {
		before := all.unread
		if all.unread = before || pieces[i].unread; pieces[i].unread {
			for j := range all.all {
				if a := &all.all[j]; !slices.ContainsFunc(pieces[i].all, func(c chain) bool { return c.account == a.account && c.currency == a.currency }) {
					a.unread, a.looseTail = true, true
				}
			}
		}
		for k := range pieces[i].all {
			o := &pieces[i].all[k]
			if j := slices.IndexFunc(all.all, func(c chain) bool { return c.account == o.account && c.currency == o.currency }); j >= 0 {
				account, currency := all.all[j].account, all.all[j].currency
				all.all[j].join(o)
				all.all[j].account, all.all[j].currency = account, currency
			} else {
				c := *o
				if before {
					c.unread, c.looseLead = true, true
				}
				all.all = append(all.all, c)
			}
		}
	}
	return all
}

// ChainLine takes a row for the chain of its account.
func (b *Binder) ChainLine(p *PieceChains, cells [][]byte, row *record.Row, v Verdict, chunk int, line int64) {
	if v == Skipped && b.sifted {
		return
	}
	f, has, problem := b.fenOf(b.textIn(cells, b.Balance), b.Balance)
	if v != Accepted || problem != nil {
		switch {
		case has && problem == nil && b.p.bindings[0].at[record.Account] < 0 && b.p.bindings[0].at[record.Currency] < 0 && len(p.all) < 2:
			// Its balance follows from the one before, whatever it did.
			one := ChainRow{balance: f, unread: true, Chunk: chunk, Line: line}
			if p.last < len(p.all) {
				one.at, one.clock = p.all[p.last].last.at, p.all[p.last].last.clock
				p.add([]byte(p.all[p.last].account), []byte(p.all[p.last].currency), one, true)
			} else {
				p.loosen()
			}
		case has || v == Rejected || problem != nil:
			p.loosen()
		}
		return
	}
	r := ChainRow{balance: f, at: row.Time, clock: row.HasClock, Chunk: chunk, Line: line}
	if row.Status == record.OK && row.Kind != record.Preauth {
		r.change = row.Amount
	}
	if !has && r.change == 0 {
		return
	}
	p.add(row.Text[record.Account], row.Text[record.Currency], r, has)
}

// VerifyBalance holds the balances against the amounts. lineOf gives the
// physical line of a row.
func (p *Plan) VerifyBalance(pieces []PieceChains, lineOf func(ChainRow) int64) (*Check, *problem.Problem) {
	all := joinPieces(pieces)
	out := &Check{Kind: CheckBalance, OK: true}
	for i := range all.all {
		c := &all.all[i]
		if c.rows < 2 {
			continue
		}
		v, at := c.judge()
		if v == chainSilent {
			continue
		}
		out.Lines += c.rows
		if v == chainHolds {
			continue
		}
		out.OK = false
		code := CodeBalanceBroken
		if v == chainTurned {
			code = CodeBalanceTurned
		}
		off := at.at.balance - at.expected
		return out, &problem.Problem{Code: code, Line: lineOf(at.at), Column: p.Uses[p.BalanceUse()].Header, Args: []string{at.at.balance.String(), at.expected.String(), off.Abs().String()}}
	}
	if problem := p.verifyEnds(&all, out); problem != nil {
		out.OK = false
		return out, problem
	}
	if out.Lines == 0 {
		return nil, nil
	}
	return out, nil
}

// declaredBalance is an opening or closing balance that stands outside the rows.
type declaredBalance struct {
	amount money.Fen
	has    bool
	said   bool // also where it is said more than once, and so not of the whole file
	line   int64
}

// verifyEnds holds the declared opening and closing balances against the first
// and the last line of the only account.
func (p *Plan) verifyEnds(all *PieceChains, out *Check) *problem.Problem {
	if len(all.all) != 1 || all.all[0].unread {
		return nil
	}
	opening, closing, ok := all.all[0].ends()
	if !ok {
		return nil
	}
	for i, d := range [...]declaredBalance{p.opening, p.closing} {
		got, code := opening, CodeOpeningBalance
		if i == 1 {
			got, code = closing, CodeClosingBalance
		}
		if !d.has {
			continue
		}
		out.Lines = max(out.Lines, all.all[0].rows)
		if d.amount != got {
			return &problem.Problem{Code: code, Line: d.line, Args: []string{d.amount.String(), got.String(), (got - d.amount).Abs().String()}}
		}
	}
	return nil
}

// Problems of what a file says of itself.
const (
	CodeBalanceBroken  problem.Code = "balance_broken"
	CodeBalanceTurned  problem.Code = "balance_turned"
	CodeOpeningBalance problem.Code = "opening_balance"
	CodeClosingBalance problem.Code = "closing_balance"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeBalanceBroken:  {ZH: "余额接不上：这一行的余额是 {0}，按相邻一行的余额与金额应为 {1}，相差 {2}：缺了行、多了行，或金额被改动；请重新下载原始流水", EN: "the balances do not follow: this line has {0}, by the line beside it and the amount it should be {1}, a difference of {2}: a line is missing or doubled, or an amount was changed; download the statement again"},
	CodeBalanceTurned:  {ZH: "按余额看，收入与支出读反了：这一行的余额是 {0}，照所读方向应为 {1}，而方向相反时各行都接得上：多半是本单位的账（借方为收入），不是银行流水；请改用银行导出的流水，或用 duizhang layouts new 起草版式，把收入列写作 amount_in", EN: "by the balances money in and money out are turned round: this line has {0}, as read it should be {1}, while with the opposite signs all lines follow: most likely it is the company's own book (where debit is money in) and no bank statement; use the bank's export, or draft a layout with duizhang layouts new and name the column of money in amount_in"},
	CodeOpeningBalance: {ZH: "自报期初余额 {0}，而第一笔之前的余额是 {1}，相差 {2}；请核对文件是否完整", EN: "the opening balance is declared as {0}, but before the first line it is {1}, a difference of {2}; check that the file is complete"},
	CodeClosingBalance: {ZH: "自报期末余额 {0}，而最后一笔之后的余额是 {1}，相差 {2}；请核对文件是否完整", EN: "the closing balance is declared as {0}, but after the last line it is {1}, a difference of {2}; check that the file is complete"},
})
