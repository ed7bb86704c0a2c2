package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
)

// sortedBank is the rows in the order of their content, equal ones by position.
func sortedBank(rows []bankRow) []*bankRow {
	list := make([]*bankRow, len(rows))
	for i := range rows {
		list[i] = &rows[i]
	}
	slices.SortFunc(list, func(a, b *bankRow) int { return cmp.Or(compareBank(a, b), cmp.Compare(a.pos, b.pos)) })
	return list
}

func compareBank(a, b *bankRow) int {
	return cmp.Or(cmp.Compare(a.date, b.date), cmp.Compare(a.currency, b.currency), cmp.Compare(a.account, b.account), cmp.Compare(a.amount, b.amount),
		cmp.Compare(a.payer, b.payer), cmp.Compare(a.remark, b.remark), cmp.Compare(a.acquirer, b.acquirer), cmp.Compare(a.merchant, b.merchant),
		cmp.Compare(a.clearing, b.clearing), cmp.Compare(a.kind, b.kind), cmp.Compare(a.status, b.status), slices.Compare(a.numbers, b.numbers))
}

// recognise finds out of every line where it comes from and what it refers to.
func (a *allocator) recognise() {
	own := &payers{}
	groups := map[string]bool{}
	acquirer := func(name, of string) {
		if name != "" && !groups[name] {
			groups[name] = true
			own.add(a.o.in.patterns.group(of), name)
		}
	}
	merchants := idBook{}
	for _, p := range a.payees {
		name := a.o.settlements[p.n].Acquirer
		acquirer(name, name)
		merchants.add(p.merchant)
	}
	for i := range a.o.in.sums {
		c := &a.o.in.sums[i]
		acquirer(c.acquirer, a.o.in.contracts.Name(c.acquirer, c.merchant))
	}
	for _, c := range a.o.in.contracts.Rows() {
		if c.MerchantID != Anyone {
			merchants.add(foldName(c.MerchantID))
		}
		if c.Acquirer != Anyone {
			acquirer(c.Acquirer, c.Acquirer)
		}
	}
	a.o.in.patterns.spellings(own)
	own.ready()
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
			account = a.o.in.contracts.For(l.row.acquirer, l.row.merchant, l.row.date).Account
		}
		l.claim = slices.ContainsFunc(stated, func(i int) bool {
			return account == "" || a.accounts[i].name == "" || sameAccount(account, a.accounts[i].name)
		})
	}
}

// payoutNumbers are the acquirers' payout numbers of this run, from the
// clearing side and from payout lists beside a statement.
func (a *allocator) payoutNumbers() map[string]*payoutRow {
	m := map[string]*payoutRow{}
	put := func(no string, p *payoutRow) {
		old, ok := m[no]
		switch {
		case no == "":
		case ok && (old == nil || old.merchant != p.merchant || old.clearing != p.clearing):
			m[no] = nil // two payouts with one number name neither
		default:
			m[no] = p
		}
	}
	add := func(p *payoutRow) {
		for _, no := range p.numbers {
			put(foldName(no), p)
			put(maskedID(foldName(no)), p)
		}
	}
	for i := range a.o.in.payouts {
		add(&a.o.in.payouts[i])
	}
	for _, l := range a.lines {
		if l.claim {
			add(&payoutRow{l.row.acquirer, l.row.merchant, l.row.clearing, l.row.numbers})
		}
	}
	return m
}

func (a *allocator) recogniseLine(l *line, own *payers, merchants idBook, numbers map[string]*payoutRow) {
	row := l.row
	payer, remark := foldText(row.payer), foldText(row.remark)
	l.ref = a.o.in.patterns.read(remark, row.date, merchants)
	l.stranger = l.ref.stranger && len(l.ref.merchants) == 0
	if m := foldName(row.merchant); m != "" {
		if merchants[m] != "" {
			l.ref.merchants = append(l.ref.merchants, merchants[m])
		} else {
			l.stranger = true
		}
	}
	if row.clearing != 0 {
		l.ref.days = append(l.ref.days, row.clearing)
	}
	for _, no := range append(slices.Clone(row.numbers), l.ref.payouts...) {
		if p := numbers[foldName(no)]; p != nil {
			if m := merchants[foldName(p.merchant)]; m != "" {
				l.ref.merchants = append(l.ref.merchants, m)
			}
			if p.clearing != 0 {
				l.ref.days = append(l.ref.days, p.clearing)
			}
		}
	}
	l.group, l.named = a.o.in.patterns.from(payer, remark, own)
	switch {
	case row.acquirer != "":
		l.group, l.named = a.o.in.patterns.group(row.acquirer), true
	case len(l.ref.merchants) > 0:
		l.named = true
	}
	blank := payer == "" && remark == ""
	l.stray = a.o.in.patterns.isStray(remark) && len(l.ref.days) == 0
	l.open = !l.stranger && (!l.stray || len(l.ref.merchants) > 0) && row.amount > 0 && row.status != parse.Failed && row.status != parse.Pending && row.date <= a.o.in.asOf && (l.named || blank) && !l.claim
	if l.ref.loose = a.usefulDays(l); len(l.ref.days) > 0 {
		l.ref.loose = nil
	}
	l.specific = len(l.ref.merchants) > 0 && len(l.ref.days)+len(l.ref.loose) > 0
}

// usefulDays are the bare days of a reference that are the clearing day of a
// settlement it can mean. The line's own day is the day of the payout, unless
// the settlement pays on the day itself.
func (a *allocator) usefulDays(l *line) []parse.Date {
	var days []parse.Date
	for _, d := range l.ref.loose {
		if slices.ContainsFunc(a.byDay[d], func(p *payee) bool {
			return (d != l.row.date || p.due == d) && (len(l.ref.merchants) == 0 || slices.Contains(l.ref.merchants, p.merchant))
		}) {
			days = append(days, d)
		}
	}
	return days
}

// means says whether the line's reference allows the settlement.
func (l *line) means(p *payee) bool {
	if len(l.ref.merchants) > 0 && !slices.Contains(l.ref.merchants, p.merchant) {
		return false
	}
	if len(l.ref.days) > 0 && !slices.Contains(l.ref.days, p.day) {
		return false
	}
	return len(l.ref.loose) == 0 || slices.Contains(l.ref.loose, p.day)
}

// couldPay says whether a line can be money for a settlement at all: acquirer,
// currency and reference agree, and it does not come before it was cleared.
func (l *line) couldPay(p *payee) bool {
	return p.total > 0 && p.day != 0 && l.row.currency == p.currency && l.row.date >= p.earliest &&
		(l.group == "" || p.group == "" || l.group == p.group) && l.means(p)
}
