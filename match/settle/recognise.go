package settle

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// sortedBank is the rows in the order of their content, equal ones by position.
func sortedBank(rows []BankRow) []*BankRow {
	list := make([]*BankRow, len(rows))
	for i := range rows {
		list[i] = &rows[i]
	}
	slices.SortFunc(list, func(a, b *BankRow) int { return cmp.Or(compareBank(a, b), cmp.Compare(a.Pos, b.Pos)) })
	return list
}

func compareBank(a, b *BankRow) int {
	return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.Currency, b.Currency), cmp.Compare(a.account, b.account), cmp.Compare(a.Amount, b.Amount),
		cmp.Compare(a.payer, b.payer), cmp.Compare(a.remark, b.remark), cmp.Compare(a.acquirer, b.acquirer), cmp.Compare(a.merchant, b.merchant),
		cmp.Compare(a.clearing, b.clearing), cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status), slices.Compare(a.numbers, b.numbers))
}

// recognise finds out of every line where it comes from and what it refers to.
func (a *allocator) recognise() {
	own := &terms.Payers{}
	groups := map[string]bool{}
	acquirer := func(name, of string) {
		if name != "" && !groups[name] {
			groups[name] = true
			own.Add(a.o.In.Patterns.Group(of), name)
		}
	}
	merchants := terms.IDBook{}
	for _, p := range a.payees {
		name := a.o.Settlements[p.n].Acquirer
		acquirer(name, name)
		merchants.Add(p.merchant)
	}
	for i := range a.o.In.Sums {
		c := &a.o.In.Sums[i]
		acquirer(c.Acquirer, a.o.In.Contracts.Name(c.Acquirer, c.Merchant))
	}
	for _, c := range a.o.In.Contracts.Rows() {
		if c.MerchantID != terms.Anyone {
			merchants.Add(terms.FoldName(c.MerchantID))
		}
		if c.Acquirer != terms.Anyone {
			acquirer(c.Acquirer, c.Acquirer)
		}
	}
	a.o.In.Patterns.Spellings(own)
	own.Ready()
	a.findClaims()
	numbers := a.payoutNumbers()
	for i, l := range a.lines {
		a.recogniseLine(l, own, merchants, numbers)
		if i > 0 && compareBank(l.row, a.lines[i-1].row) == 0 {
			l.twins = a.lines[i-1].twins
		} else {
			l.twins = i
		}
	}
}

// findClaims tells payout lists from statements: a list's layout names its
// acquirer, a bank's does not (both call their rows payouts). Where both were given, the
// money of a list must not be counted a second time: its lines are then only
// the acquirer's word, and their numbers references.
func (a *allocator) findClaims() {
	var stated []int
	for _, l := range a.lines {
		if l.row.acquirer == "" && !slices.Contains(stated, l.account) {
			stated = append(stated, l.account)
		}
	}
	for _, l := range a.lines {
		if l.row.acquirer == "" || len(stated) == 0 {
			continue
		}
		account := l.row.account
		if account == "" {
			account = a.o.In.Contracts.For(l.row.acquirer, l.row.merchant, l.row.date).Account
		}
		l.claim = slices.ContainsFunc(stated, func(i int) bool {
			return account == "" || a.accounts[i].name == "" || sameAccount(account, a.accounts[i].name)
		})
	}
}

// payoutNumbers are the acquirers' payout numbers of this run, from the
// clearing side and from payout lists beside a statement.
func (a *allocator) payoutNumbers() map[string]*PayoutRow {
	m := map[string]*PayoutRow{}
	put := func(no string, p *PayoutRow) {
		old, ok := m[no]
		switch {
		case no == "":
		case ok && (old == nil || old.Merchant != p.Merchant || old.Clearing != p.Clearing):
			m[no] = nil // two payouts with one number name neither
		default:
			m[no] = p
		}
	}
	add := func(p *PayoutRow) {
		for _, no := range p.Numbers {
			put(terms.FoldName(no), p)
			put(terms.MaskedID(terms.FoldName(no)), p)
		}
	}
	for i := range a.o.In.Payouts {
		add(&a.o.In.Payouts[i])
	}
	for _, l := range a.lines {
		if l.claim {
			add(&PayoutRow{l.row.acquirer, l.row.merchant, l.row.clearing, l.row.numbers})
		}
	}
	return m
}

func (a *allocator) recogniseLine(l *line, own *terms.Payers, merchants terms.IDBook, numbers map[string]*PayoutRow) {
	row := l.row
	payer, remark := terms.FoldText(row.payer), terms.FoldText(row.remark)
	l.ref = a.o.In.Patterns.Read(remark, row.date, merchants)
	l.stranger = l.ref.Stranger && len(l.ref.Merchants) == 0
	if m := terms.FoldName(row.merchant); m != "" {
		if merchants[m] != "" {
			l.ref.Merchants = append(l.ref.Merchants, merchants[m])
		} else {
			l.stranger = true
		}
	}
	if row.clearing != 0 {
		l.ref.Days = append(l.ref.Days, row.clearing)
	}
	for _, no := range append(slices.Clone(row.numbers), l.ref.Payouts...) {
		if p := numbers[terms.FoldName(no)]; p != nil {
			if m := merchants[terms.FoldName(p.Merchant)]; m != "" {
				l.ref.Merchants = append(l.ref.Merchants, m)
			}
			if p.Clearing != 0 {
				l.ref.Days = append(l.ref.Days, p.Clearing)
			}
		}
	}
	l.group, l.named = a.o.In.Patterns.From(payer, remark, own)
	switch {
	case row.acquirer != "":
		l.group, l.named = a.o.In.Patterns.Group(row.acquirer), true
	case len(l.ref.Merchants) > 0:
		l.named = true
	}
	blank := payer == "" && remark == ""
	l.stray = a.o.In.Patterns.IsStray(remark) && len(l.ref.Days) == 0
	l.open = !l.stranger && (!l.stray || len(l.ref.Merchants) > 0) && row.Amount > 0 && row.status != record.Failed && row.status != record.Pending && row.date <= a.o.In.AsOf && (l.named || blank) && !l.claim
	useful := a.usefulDays(l)
	l.elsewhere = len(useful) == 0 && slices.ContainsFunc(l.ref.Loose, func(d record.Date) bool { return d < l.row.date && d >= l.row.date-nearDays })
	if l.ref.Loose = useful; len(l.ref.Days) > 0 {
		l.ref.Loose = nil
	}
	l.specific = len(l.ref.Merchants) > 0 && len(l.ref.Days)+len(l.ref.Loose) > 0
}

// usefulDays are the bare days of a reference that are the clearing day of a
// settlement it can mean. The line's own day is the day of the payout, unless
// the settlement pays on the day itself.
func (a *allocator) usefulDays(l *line) []record.Date {
	var days []record.Date
	for _, d := range l.ref.Loose {
		if slices.ContainsFunc(a.byDay[d], func(p *payee) bool {
			return (d != l.row.date || p.due == d) && (len(l.ref.Merchants) == 0 || slices.Contains(l.ref.Merchants, p.merchant))
		}) {
			days = append(days, d)
		}
	}
	return days
}

// means says whether the line's reference allows the settlement.
func (l *line) means(p *payee) bool {
	if len(l.ref.Merchants) > 0 && !slices.Contains(l.ref.Merchants, p.merchant) {
		return false
	}
	if len(l.ref.Days) > 0 && !slices.Contains(l.ref.Days, p.day) {
		return false
	}
	return len(l.ref.Loose) == 0 || slices.Contains(l.ref.Loose, p.day)
}

// couldPay says whether a line can be money for a settlement at all: acquirer,
// currency and reference agree, and it does not come before it was cleared.
func (l *line) couldPay(p *payee) bool {
	return p.total > 0 && p.day != 0 && l.row.Currency == p.currency && l.row.date >= p.earliest &&
		(l.group == "" || p.group == "" || l.group == p.group) && l.means(p)
}
