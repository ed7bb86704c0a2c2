package match

import (
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// pairReturns finds the payout that each returned one takes back; both leave
// the allocation, so that the settlement is open again for a later payout.
func (a *allocator) pairReturns() {
	taken := map[*line]bool{}
	for _, back := range a.lines {
		if back.amount >= 0 || back.claim || back.row.date > a.o.in.asOf || !a.isReturn(back) {
			continue
		}
		var can []*line
		for _, l := range a.lines {
			if l.open && !taken[l] && l.amount == -back.amount && l.row.currency == back.row.currency && a.same(l.account, back.account) &&
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
	return l.row.kind == parse.Reversal || l.row.kind == parse.Void || l.row.status == parse.Failed || a.o.in.patterns.isReturn(foldText(l.row.remark))
}

// refersLike says whether two lines name the same merchant, day or payout.
func (l *line) refersLike(o *line) bool {
	share := func(x, y []string) bool {
		return slices.ContainsFunc(x, func(s string) bool { return slices.Contains(y, s) })
	}
	return share(l.ref.payouts, o.ref.payouts) || share(l.row.numbers, o.row.numbers) || share(l.ref.merchants, o.ref.merchants) && l.ref.sameDays(&o.ref)
}

// sameDays: the clearing days are equal, or one of the two names none.
func (r *reference) sameDays(o *reference) bool {
	x, y := append(slices.Clone(r.days), r.loose...), append(slices.Clone(o.days), o.loose...)
	return len(x) == 0 || len(y) == 0 || slices.ContainsFunc(x, func(d parse.Date) bool { return slices.Contains(y, d) })
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
		if l.amount > 0 && l.row.status == parse.Failed && l.named && !l.claim && l.row.date <= a.o.in.asOf {
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
	a.pay(r.back, p, -amount, ReasonReturnedPayout)
	p.left = left
	p.returned = max(p.returned, r.back.row.date)
}

// ghost are the settlements that a returned payout was for: the one that its
// reference names, else the one, or the one set, of its sum.
func (a *allocator) ghost(l *line) []*payee {
	l.pass = ReasonByReference
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
	l.pass = ReasonOneToOne
	switch len(equal) {
	case 0:
		l.pass = ReasonOneToMany
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
		c := Credit{Row: l.row.pos, Date: l.row.date, Amount: l.amount, Currency: l.row.currency}
		for _, part := range l.paid {
			c.Allocated += part.Amount
			c.Settlements = append(c.Settlements, part.Settlement)
			a.o.payments = append(a.o.payments, part)
		}
		slices.Sort(c.Settlements)
		c.Settlements = slices.Compact(c.Settlements)
		c.Outcome, c.Reason = a.outcome(l)
		if c.Outcome == Ambiguous && l.amount > 0 {
			for _, p := range a.choices(l, nearDays) {
				p.wanted++
			}
		}
		if l.amount > 0 && !l.stranger && !l.stray && (c.Outcome == Ambiguous || c.Outcome == Unidentified) {
			c.Hint = a.hint(l)
		}
		a.o.credits = append(a.o.credits, c)
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
	w := &a.o.credits[l.n].Reason
	w.Other, w.HasOther, w.OtherSide = other.row.pos, true, parse.SideBank
}

// outcome is what became of a line.
func (a *allocator) outcome(l *line) (CreditOutcome, Reason) {
	switch {
	case l.row.date > a.o.in.asOf:
		return Ignored, Reason{Code: ReasonAfterAsOf, Day: a.o.in.asOf}
	case l.claim:
		return Ignored, Reason{Code: ReasonPayoutList}
	case l.amount < 0:
		return a.outcomeOut(l)
	case l.row.status == parse.Failed && l.named:
		return Returned, Reason{Code: ReasonFailedPayout}
	case l.undone && len(l.paid) == 0:
		return Returned, Reason{Code: ReasonReturnedPayout}
	case l.pass == ReasonOneToOne && l.equals > 1 && len(l.paid) > 0:
		return Identified, Reason{Code: ReasonOneOfEqual, N: l.equals}
	case l.pass == ReasonManyToOne:
		return Identified, Reason{Code: l.pass, N: int32(l.peers)}
	case len(l.paid) > 0:
		return Identified, Reason{Code: l.pass, N: int32(len(l.paid))}
	case l.amount > 0 && l.stranger:
		return Unidentified, Reason{Code: ReasonStranger}
	case !l.named || l.amount == 0:
		return Ignored, Reason{Code: ReasonNotAcquirer}
	case l.ways > 1:
		return Ambiguous, Reason{Code: ReasonTwoWays, N: l.ways}
	case l.chance:
		return Ambiguous, Reason{Code: ReasonChance}
	case l.stray:
		return Unidentified, Reason{Code: ReasonStray}
	case l.gaveUp && len(a.choices(l, nearDays)) > 1:
		return Ambiguous, Reason{Code: ReasonSearchGaveUp}
	}
	return Unidentified, Reason{Code: ReasonNoSettlement}
}

// outcomeOut is for money going out: a returned payout; else it is of no
// concern, unless it names one of the merchant numbers.
func (a *allocator) outcomeOut(l *line) (CreditOutcome, Reason) {
	isReturn := slices.ContainsFunc(a.returns, func(r returned) bool { return r.back == l })
	switch {
	case isReturn && l.ways > 1:
		return Ambiguous, Reason{Code: ReasonTwoWays, N: l.ways}
	case isReturn && (l.undone || l.named):
		return Returned, Reason{Code: ReasonReturnedPayout}
	case len(l.ref.merchants) > 0:
		return Unidentified, Reason{Code: ReasonOutgoing}
	}
	return Ignored, Reason{Code: ReasonOutgoing}
}
