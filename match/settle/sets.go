package settle

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"sort"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// attempt is a search for a line that found nothing to place; it holds as long
// as no settlement within reach was paid since.
type attempt struct {
	tick   int
	ways   int32
	gaveUp bool
}

// proposal is a set of settlements for a line, or of lines for a settlement.
type proposal struct {
	lines  []*line
	payees []*payee
	oneFee bool // the settlements share one payout fee
}

// oneToMany is pass 3: one credit that pays several settlements.
func (a *allocator) oneToMany(within record.Date, who func(*line) bool) bool {
	for progress := false; ; progress = true {
		var found []proposal
		asked := map[int]bool{} // equal lines propose once
		open := filter(a.lines, func(l *line) bool { return l.open && l.named && who(l) })
		sets := wholeSets(filter(a.payees, func(p *payee) bool { return p.left > 0 && p.day != 0 }), amounts(open, 0), (*payee).missing)
		for _, l := range open {
			if asked[l.twins] {
				continue
			}
			asked[l.twins] = true
			if ps := a.trySet(l, sets[l.amount], within); ps != nil {
				found = append(found, proposal{lines: []*line{l}, payees: ps})
			}
		}
		if !a.accept(found, result.ReasonOneToMany) {
			return progress
		}
	}
}

// trySet is setFor, unless it was asked before and nothing has changed since.
func (a *allocator) trySet(l *line, sets [][]*payee, within record.Date) []*payee {
	ring := 0
	if within != nearDays {
		ring = 1
	}
	last := &l.tried[ring]
	if last.tick > 0 && !a.changed(l, within, last.tick) {
		l.ways, l.gaveUp = max(l.ways, last.ways), l.gaveUp || last.gaveUp
		return nil
	}
	sets = filter(sets, func(set []*payee) bool {
		return !slices.ContainsFunc(set, func(p *payee) bool { return !a.fits(l, p, within) })
	})
	before := attempt{a.tick, l.ways, l.gaveUp}
	l.ways, l.gaveUp = 0, false
	var found []*payee
	if ring == 0 || len(sets) > 0 || l.restricted() {
		found = a.setFor(l, a.choices(l, within), sets, (*payee).missing, ring == 0 || l.restricted())
	}
	*last = attempt{a.tick, l.ways, l.gaveUp}
	if found != nil {
		last.tick = 0
	}
	l.ways, l.gaveUp = max(l.ways, before.ways), l.gaveUp || before.gaveUp
	return found
}

// changed says whether a settlement that a line could pay was paid since.
func (a *allocator) changed(l *line, within record.Date, tick int) bool {
	if l.restricted() {
		return len(l.ref.Merchants) == 0 || slices.ContainsFunc(l.ref.Merchants, func(m string) bool { return a.touchedMerchant[m] > tick })
	}
	for d := l.row.date - within; d <= l.row.date+a.lead; d++ {
		if a.touched[d] > tick {
			return true
		}
	}
	return false
}

func (p *payee) missing() money.Fen { return p.left }

func (p *payee) whole() money.Fen { return p.total }

// setFor is the one set of two or more settlements that a line pays exactly.
// Whole runs of a merchant's days, whole days of an acquirer and all that fits
// come first, then any set. Of several sets the one that alone fell due on the
// line's day or a few business days before it wins; else none does.
func (a *allocator) setFor(l *line, ps []*payee, sets [][]*payee, value func(*payee) money.Fen, any bool) []*payee {
	if len(ps) < 2 || slices.ContainsFunc(ps, func(p *payee) bool { return value(p) == l.amount }) {
		// One that it pays alone is the better answer, even if pass 2 could
		// not tell which.
		return nil
	}
	if sumOf(ps, value) == l.amount {
		if all := inOrder(ps); !slices.ContainsFunc(sets, func(s []*payee) bool { return slices.Equal(s, all) }) {
			sets = append(slices.Clone(sets), all)
		}
	}
	lately := func(p *payee) bool { return p.claim == l.row.date || a.recentlyDue(l, p) }
	recent := filter(ps, lately)
	near := filter(sets, func(set []*payee) bool { return !slices.ContainsFunc(set, func(p *payee) bool { return !lately(p) }) })
	if len(near) > 0 {
		return a.onlySet(l, near, recent, value)
	}
	if any {
		if set, r := a.search(recent, l.amount, value); r.sets > 0 || r.gaveUp {
			return a.onlySearched(l, set, recent, r, chanceRecent)
		}
	}
	if len(sets) > 0 {
		return a.onlySet(l, sets, ps, value)
	}
	if !any {
		return nil
	}
	for _, pool := range [][]*payee{filter(ps, func(p *payee) bool { return p.due <= l.row.date }), ps} {
		set, r := a.search(pool, l.amount, value)
		if r.sets > 0 {
			return a.onlySearched(l, set, pool, r, chanceSets)
		}
		l.gaveUp = l.gaveUp || r.gaveUp || r.limited
	}
	return nil
}

// onlySearched is a set that a search found, if it is the only one and a sum
// like it is no matter of chance.
func (a *allocator) onlySearched(l *line, set, pool []*payee, r subsetResult, rarity float64) []*payee {
	switch {
	case r.sets > 1:
		l.ways = max(l.ways, 2)
	case r.gaveUp:
		l.gaveUp = true
	case byChance(netsOf(set), netsOf(pool), rarity):
		l.chance = true
	default:
		return set
	}
	return nil
}

func netsOf(ps []*payee) []money.Fen {
	list := make([]money.Fen, len(ps))
	for i, p := range ps {
		list[i] = p.left
	}
	return list
}

// onlySet is the one set there is, unless a search finds another one of the
// same sum.
func (a *allocator) onlySet(l *line, sets [][]*payee, pool []*payee, value func(*payee) money.Fen) []*payee {
	if len(sets) > 1 {
		l.ways = max(l.ways, int32(len(sets)))
		return nil
	}
	other, r := a.search(pool, l.amount, value)
	if r.sets == 0 || r.sets == 1 && slices.Equal(inOrder(other), inOrder(sets[0])) {
		return sets[0]
	}
	l.ways = max(l.ways, 2)
	return nil
}

func inOrder(ps []*payee) []*payee {
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(x, y *payee) int { return cmp.Compare(x.n, y.n) })
	return ps
}

// search looks for sets of settlements of any kind.
func (a *allocator) search(ps []*payee, target money.Fen, value func(*payee) money.Fen) ([]*payee, subsetResult) {
	ps = filter(ps, func(p *payee) bool { return value(p) <= target })
	if admissibleSize(len(ps), target) < 2 {
		return nil, subsetResult{limited: len(ps) >= 2}
	}
	slices.SortFunc(ps, func(x, y *payee) int { return cmp.Or(cmp.Compare(value(y), value(x)), cmp.Compare(x.n, y.n)) })
	vals := make([]money.Fen, len(ps))
	for i, p := range ps {
		vals[i] = value(p)
	}
	r := findSubset(vals, make([]bool, len(ps)), target, &a.budget)
	set := make([]*payee, len(r.pick))
	for i, j := range r.pick {
		set[i] = ps[j]
	}
	return set, r
}

// wholeSets are, by their sum, the sets that a payout naturally covers and that
// one of the amounts could be: runs of consecutive open clearing days of one
// merchant, and everything of an acquirer on one account that is due, or was
// cleared, on one day.
func wholeSets(ps []*payee, wanted []money.Fen, value func(*payee) money.Fen) map[money.Fen][][]*payee {
	sets, largest := map[money.Fen][][]*payee{}, money.Fen(0)
	for _, amount := range wanted {
		sets[amount] = nil
		largest = max(largest, amount)
	}
	add := func(set []*payee, sum money.Fen) {
		old, wanted := sets[sum]
		if !wanted || len(set) < 2 {
			return
		}
		if set = inOrder(set); !slices.ContainsFunc(old, func(s []*payee) bool { return slices.Equal(s, set) }) {
			sets[sum] = append(old, set)
		}
	}
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(x, y *payee) int {
		return cmp.Or(cmp.Compare(x.group, y.group), cmp.Compare(x.merchant, y.merchant), cmp.Compare(x.currency, y.currency),
			cmp.Compare(x.account, y.account), cmp.Compare(x.day, y.day), cmp.Compare(x.n, y.n))
	})
	for first := range ps {
		sum := value(ps[first])
		for i := first + 1; i < len(ps) && i-first < maxRun && ps[i].follows(ps[i-1]); i++ {
			if sum += value(ps[i]); sum > largest {
				break
			}
			add(ps[first:i+1], sum)
		}
	}
	for _, set := range wholeDays(ps) {
		add(set, sumOf(set, value))
	}
	return sets
}

// amounts are what lines bring, and so much more.
func amounts(ls []*line, more money.Fen) []money.Fen {
	list := make([]money.Fen, len(ls))
	for i, l := range ls {
		list[i] = l.amount + more
	}
	return list
}

// savedFees is by how much a payout of several settlements is larger than
// their nets: the contract's fee is charged once per payout, and each net
// counts one. Nothing is saved where fees differ or a part was paid before.
func savedFees(ps []*payee) money.Fen {
	if len(ps) == 0 {
		return 0
	}
	for _, p := range ps {
		if p.fee != ps[0].fee || p.left != p.total {
			return 0
		}
	}
	return ps[0].fee * money.Fen(len(ps)-1)
}

// shareFee leaves one payout fee to several settlements that are paid at once:
// on the latest of them.
func (a *allocator) shareFee(ps []*payee) {
	ps = inOrder(ps)
	for _, p := range ps[:len(ps)-1] {
		s := &a.o.Settlements[p.n]
		s.Net += s.PayoutFee
		p.total, p.left = p.total+s.PayoutFee, p.left+s.PayoutFee
		s.PayoutFee, p.fee = 0, 0
	}
}

// oneFeeToMany is pass 3 for payouts of which the fee was charged once. The
// sums are less telling, so only whole runs and days count, those due on the
// line's day before those due earlier, and only where no other sum fits.
func (a *allocator) oneFeeToMany(who func(*line) bool) bool {
	var found []proposal
	asked := map[int]bool{}
	open := filter(a.lines, func(l *line) bool { return l.open && l.named && l.ways == 0 && who(l) })
	for fee, ps := range a.byFee() {
		sets := wholeSets(ps, amounts(open, fee), func(p *payee) money.Fen { return p.left + fee })
		for _, l := range open {
			fit := filter(sets[l.amount+fee], func(set []*payee) bool {
				return !slices.ContainsFunc(set, func(p *payee) bool { return p.due > l.row.date || !a.fits(l, p, nearDays) })
			})
			if today := filter(fit, func(set []*payee) bool { return set[len(set)-1].due == l.row.date }); len(today) > 0 {
				fit = today
			}
			if len(fit) == 1 && !asked[l.twins] && !slices.ContainsFunc(a.choices(l, nearDays), func(p *payee) bool { return p.left == l.amount }) {
				asked[l.twins] = true
				found = append(found, proposal{lines: []*line{l}, payees: fit[0], oneFee: true})
			}
		}
	}
	return a.accept(found, result.ReasonOneToMany)
}

// byFee are the settlements that wait for all of their money, by the fee of
// their payout, as far as there is one, the smallest fee first.
func (a *allocator) byFee() iter.Seq2[money.Fen, []*payee] {
	groups := map[money.Fen][]*payee{}
	for _, p := range a.payees {
		if p.fee > 0 && p.left > 0 && p.left == p.total && p.day != 0 {
			groups[p.fee] = append(groups[p.fee], p)
		}
	}
	return func(yield func(money.Fen, []*payee) bool) {
		for _, fee := range slices.Sorted(maps.Keys(groups)) {
			if !yield(fee, groups[fee]) {
				return
			}
		}
	}
}

// follows says whether two settlements are of one merchant, account and currency.
func (p *payee) follows(o *payee) bool {
	return p.group == o.group && p.merchant == o.merchant && p.currency == o.currency && p.account == o.account
}

// wholeDays are the settlements of an acquirer on one account by due date, and
// by clearing day.
func wholeDays(ps []*payee) [][]*payee {
	type key struct {
		group, currency string
		account         int
		day             record.Date
		cleared         bool
	}
	index := map[key]int{}
	var days [][]*payee
	for _, p := range ps {
		for _, k := range []key{{p.group, p.currency, p.account, p.due, false}, {p.group, p.currency, p.account, p.day, true}} {
			i, ok := index[k]
			if !ok {
				i = len(days)
				index[k] = i
				days = append(days, nil)
			}
			days[i] = append(days[i], p)
		}
	}
	return days
}

// manyToOne is pass 4: several credits that together pay one settlement.
func (a *allocator) manyToOne(within record.Date, who func(*line) bool) bool {
	for progress := false; ; progress = true {
		var found []proposal
		shelves := map[string][]*line{}
		for _, l := range a.lines {
			if l.open && l.named && who(l) {
				shelf := a.accounts[l.account].shelf
				shelves[shelf] = append(shelves[shelf], l)
			}
		}
		for _, p := range a.payees {
			if p.left <= 0 {
				continue
			}
			if ls := a.partsFor(p, a.linesFor(p, shelves, within), within); ls != nil {
				found = append(found, proposal{lines: ls, payees: []*payee{p}})
			}
		}
		if !a.accept(found, result.ReasonManyToOne) {
			return progress
		}
	}
}

// linesFor are the lines that could pay a settlement by account and day, and
// some that could not, in their order.
func (a *allocator) linesFor(p *payee, shelves map[string][]*line, within record.Date) []*line {
	var list []*line
	take := func(lines []*line) {
		from := sort.Search(len(lines), func(i int) bool { return lines[i].row.date >= p.earliest })
		to := sort.Search(len(lines), func(i int) bool { return lines[i].row.date > p.due+within })
		list = append(list, lines[from:max(from, to)]...)
		for _, l := range lines[max(from, to):] {
			if len(l.ref.Merchants) > 0 && slices.Contains(l.ref.Merchants, p.merchant) {
				list = append(list, l)
			}
		}
	}
	if shelf := a.accounts[p.account].shelf; shelf != "" {
		take(shelves[shelf])
		take(shelves[""])
	} else {
		for _, lines := range shelves {
			take(lines)
		}
	}
	slices.SortFunc(list, func(x, y *line) int { return cmp.Compare(x.n, y.n) })
	return list
}

// partsFor is the one set of two or more lines that pays a settlement exactly:
// all lines of a day, or all that fit, before any set; those of the day it is
// due before others.
func (a *allocator) partsFor(p *payee, open []*line, within record.Date) []*line {
	ls := filter(open, func(l *line) bool { return l.amount <= p.left && a.fits(l, p, within) })
	if len(ls) < 2 || slices.ContainsFunc(ls, func(l *line) bool { return l.amount == p.left }) {
		return nil
	}
	for _, pool := range [][]*line{filter(ls, func(l *line) bool { return onDay(l, p) }), ls} {
		if sum := sumLines(pool); len(pool) > 1 && sum == p.left {
			return pool
		}
		if within != nearDays {
			continue
		}
		set, r := a.searchLines(pool, p.left)
		if r.only() && byChance(amounts(set, 0), amounts(pool, 0), chanceRecent) {
			for _, l := range set {
				l.chance = true
			}
			return nil
		}
		if r.only() {
			return set
		}
		if r.sets > 1 {
			for _, l := range pool {
				l.ways = max(l.ways, 2)
			}
			return nil
		}
		for _, l := range pool {
			l.gaveUp = l.gaveUp || r.gaveUp
		}
	}
	return nil
}

func sumLines(ls []*line) (sum money.Fen) {
	for _, l := range ls {
		sum += l.amount
	}
	return sum
}

// searchLines looks for sets of lines; equal lines are interchangeable.
func (a *allocator) searchLines(ls []*line, target money.Fen) ([]*line, subsetResult) {
	ls = slices.Clone(ls)
	slices.SortFunc(ls, func(x, y *line) int { return cmp.Or(cmp.Compare(y.amount, x.amount), cmp.Compare(x.n, y.n)) })
	vals, same := make([]money.Fen, len(ls)), make([]bool, len(ls))
	for i, l := range ls {
		vals[i] = l.amount
		same[i] = i > 0 && ls[i-1].twins == l.twins
	}
	r := findSubset(vals, same, target, &a.budget)
	set := make([]*line, len(r.pick))
	for i, j := range r.pick {
		set[i] = ls[j]
	}
	return set, r
}

// accept carries out the proposals of one round that no other one disputes: a
// settlement belongs to one proposal, and equal lines are not asked for more
// often than there are of them.
func (a *allocator) accept(found []proposal, pass result.ReasonCode) bool {
	payees, lines, have := map[*payee]int{}, map[int]int{}, map[int]int{}
	for _, l := range a.lines {
		if l.open {
			have[l.twins]++
		}
	}
	for _, f := range found {
		for _, p := range f.payees {
			payees[p]++
		}
		for _, l := range f.lines {
			lines[l.twins]++
		}
	}
	progress := false
	for _, f := range found {
		disputed := slices.ContainsFunc(f.payees, func(p *payee) bool { return payees[p] > 1 }) ||
			slices.ContainsFunc(f.lines, func(l *line) bool { return lines[l.twins] > have[l.twins] })
		if disputed {
			for _, l := range f.lines {
				l.ways = max(l.ways, 2)
			}
			continue
		}
		progress = true
		if f.oneFee {
			a.shareFee(f.payees)
		}
		if pass == result.ReasonOneToMany {
			a.payAll(f.lines[0], f.payees, pass)
			continue
		}
		for _, l := range f.lines {
			l = a.twin(l)
			l.peers = len(f.lines)
			a.pay(l, f.payees[0], l.amount, pass)
		}
	}
	return progress
}

// twin is the line itself, or the first open one that equals it.
func (a *allocator) twin(l *line) *line {
	for i := l.twins; i < len(a.lines) && a.lines[i].twins == l.twins; i++ {
		if a.lines[i].open {
			return a.lines[i]
		}
	}
	return l
}
