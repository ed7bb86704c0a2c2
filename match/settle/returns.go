package settle

import (
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// pairReturns finds the payout that each returned one takes back; both leave
// the allocation, so that the settlement is open again for a later payout.
func (a *allocator) pairReturns() {
	taken := map[*line]bool{}
	for _, back := range a.lines {
		if back.amount >= 0 || back.claim || back.row.date > a.o.In.AsOf || !a.isReturn(back) {
			continue
		}
		var can []*line
		for _, l := range a.lines {
			if l.open && !taken[l] && l.amount == -back.amount && l.row.Currency == back.row.Currency && a.same(l.account, back.account) &&
				l.row.date <= back.row.date && l.row.date >= back.row.date-returnDays && (l.group == back.group || l.group == "" || back.group == "") {
				can = append(can, l)
			}
		}
		if len(can) > 1 {
			if alike := filter(can, func(l *line) bool { return l.refersLike(back) }); len(alike) > 0 {
				can = alike
			}
		}
		if len(can) == 0 || can[0].twins != can[len(can)-1].twins {
			back.ways = int32(len(can))
			a.returns = append(a.returns, returned{nil, back})
			continue
		}
		taken[can[0]] = true
		can[0].open, can[0].undone, back.undone = false, true, true
		a.returns = append(a.returns, returned{can[0], back})
	}
}

// isReturn says whether money going out takes back a payout.
func (a *allocator) isReturn(l *line) bool {
	return l.row.kind == record.Reversal || l.row.kind == record.Void || l.row.status == record.Failed || a.o.In.Patterns.IsReturn(terms.FoldText(l.row.remark))
}

// refersLike says whether two lines name the same merchant, day or payout.
func (l *line) refersLike(o *line) bool {
	share := func(x, y []string) bool {
		return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
	}
	return share(l.ref.Payouts, o.ref.Payouts) || share(l.row.numbers, o.row.numbers) || share(l.ref.Merchants, o.ref.Merchants) && l.ref.SameDays(&o.ref)
}

// ghosts finds the settlement that a returned or failed payout was for, to say
// that it is open again. It moves no money: what was placed is taken back.
func (a *allocator) ghosts() {
	for _, r := range a.returns {
		if r.credit == nil {
			continue
		}
		for _, p := range a.ghost(r.credit) {
			a.haunt(r, p)
		}
	}
	for _, l := range a.lines {
		if l.amount > 0 && l.row.status == record.Failed && l.named && !l.claim && l.row.date <= a.o.In.AsOf {
			for _, p := range a.ghost(l) {
				p.returned = max(p.returned, l.row.date)
			}
		}
	}
}

// haunt records a payout that came and went.
func (a *allocator) haunt(r returned, p *payee) {
	amount := p.total
	if r.credit.specific && len(r.credit.paid) == 0 && r.credit.amount < p.total {
		amount = r.credit.amount
	}
	left := p.left
	a.pay(r.credit, p, amount, r.credit.pass)
	a.pay(r.back, p, -amount, result.ReasonReturnedPayout)
	p.left = left
	p.returned = max(p.returned, r.back.row.date)
}

// ghost are the settlements that a returned payout was for: the one that its
// reference names, else the one, or the one set, of its sum.
func (a *allocator) ghost(l *line) []*payee {
	l.pass = result.ReasonByReference
	if l.specific {
		meant := a.meant(l, func(p *payee) bool { return true })
		if sum := sumOf(meant, (*payee).whole); len(meant) == 1 && l.amount <= sum || sum == l.amount {
			return meant
		}
	}
	all := filter(a.around(l, nearDays), func(p *payee) bool { return a.fits(l, p, nearDays) })
	equal := filter(all, func(p *payee) bool { return p.total == l.amount })
	if today := filter(equal, func(p *payee) bool { return onDay(l, p) }); len(today) == 1 {
		equal = today
	}
	l.pass = result.ReasonOneToOne
	switch len(equal) {
	case 0:
		l.pass = result.ReasonOneToMany
		return a.setFor(l, all, wholeSets(all, []money.Fen{l.amount}, (*payee).whole)[l.amount], (*payee).whole, true)
	case 1:
		return equal
	}
	l.ways = int32(len(equal))
	return nil
}

// finish turns the lines into credits with their outcome and reason.
func (a *allocator) finish() {
	for _, l := range a.lines {
		c := result.Credit{Row: l.row.Pos, Date: l.row.date, Amount: l.amount, Currency: l.row.Currency}
		for _, part := range l.paid {
			c.Allocated += part.Amount
			c.Settlements = append(c.Settlements, part.Settlement)
			a.o.Payments = append(a.o.Payments, part)
		}
		slices.Sort(c.Settlements)
		c.Settlements = slices.Compact(c.Settlements)
		c.Outcome, c.Reason = a.outcome(l)
		if c.Outcome == result.Ambiguous && l.amount > 0 {
			for _, p := range a.choices(l, nearDays) {
				p.wanted++
			}
		}
		if l.amount > 0 && !l.stranger && !l.stray && (c.Outcome == result.Ambiguous || c.Outcome == result.Unidentified) {
			c.Hint = a.hint(l)
		}
		if c.Unplaced() != 0 {
			c.Acquirer = a.payer(l, &c)
		}
		a.o.Credits = append(a.o.Credits, c)
	}
	for _, r := range a.returns {
		if r.credit != nil {
			a.cross(r.credit, r.back)
			a.cross(r.back, r.credit)
		}
	}
}

// cross names a line in the reason of another one.
func (a *allocator) cross(l, other *line) {
	w := &a.o.Credits[l.n].Reason
	w.Other, w.HasOther, w.OtherSide = other.row.Pos, true, record.SideBank
}

// outcome is what became of a line.
func (a *allocator) outcome(l *line) (result.CreditOutcome, result.Reason) {
	switch {
	case l.row.date > a.o.In.AsOf:
		return result.Ignored, result.Reason{Code: result.ReasonAfterAsOf, Day: a.o.In.AsOf}
	case l.claim:
		return result.Ignored, result.Reason{Code: result.ReasonPayoutList}
	case l.amount < 0:
		return a.outcomeOut(l)
	case l.row.status == record.Failed && l.named:
		return result.Returned, result.Reason{Code: result.ReasonFailedPayout}
	case l.undone && len(l.paid) == 0:
		return result.Returned, result.Reason{Code: result.ReasonReturnedPayout}
	case l.pass == result.ReasonOneToOne && l.equals > 1 && len(l.paid) > 0:
		return result.Identified, result.Reason{Code: result.ReasonOneOfEqual, N: l.equals}
	case l.pass == result.ReasonManyToOne:
		return result.Identified, result.Reason{Code: l.pass, N: int32(l.peers)}
	case len(l.paid) > 0:
		return result.Identified, result.Reason{Code: l.pass, N: int32(len(l.paid))}
	case l.amount > 0 && l.stranger:
		return result.Unidentified, result.Reason{Code: result.ReasonStranger}
	case !l.named || l.amount == 0:
		return result.Ignored, result.Reason{Code: result.ReasonNotAcquirer}
	case l.ways > 1:
		return result.Ambiguous, result.Reason{Code: result.ReasonTwoWays, N: l.ways}
	case l.chance:
		return result.Ambiguous, result.Reason{Code: result.ReasonChance}
	case l.stray:
		return result.Unidentified, result.Reason{Code: result.ReasonStray}
	case l.gaveUp && len(a.choices(l, nearDays)) > 1:
		return result.Ambiguous, result.Reason{Code: result.ReasonSearchGaveUp}
	}
	return result.Unidentified, result.Reason{Code: result.ReasonNoSettlement}
}

// outcomeOut is for money going out: a returned payout; else it is of no
// concern, unless it names one of the merchant numbers.
func (a *allocator) outcomeOut(l *line) (result.CreditOutcome, result.Reason) {
	isReturn := slices.ContainsFunc(a.returns, func(r returned) bool { return r.back == l })
	switch {
	case isReturn && l.ways > 1:
		return result.Ambiguous, result.Reason{Code: result.ReasonTwoWays, N: l.ways}
	case isReturn && (l.undone || l.named):
		return result.Returned, result.Reason{Code: result.ReasonReturnedPayout}
	case len(l.ref.Merchants) > 0:
		return result.Unidentified, result.Reason{Code: result.ReasonOutgoing}
	}
	return result.Ignored, result.Reason{Code: result.ReasonOutgoing}
}

// payer is whom an unplaced line is from, by the name that the settlements have:
// that of the settlements of its hint, else the only name of its group, else the
// group.
func (a *allocator) payer(l *line, c *result.Credit) (name string) {
	several := false
	note := func(n int32) {
		if of := a.o.Settlements[n].Acquirer; name == "" {
			name = of
		} else if of != name {
			several = true
		}
	}
	for _, n := range c.Hint.Settlements {
		note(n)
	}
	if name != "" && !several && (l.group == "" || l.group == a.o.In.Patterns.Group(name)) {
		return name
	}
	if l.group == "" {
		return ""
	}
	name, several = "", false
	for _, p := range a.payees {
		if p.group == l.group {
			note(p.n)
		}
	}
	if name == "" || several {
		return l.group
	}
	return name
}
