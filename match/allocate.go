package match

import (
	"cmp"
	"slices"
	"sort"

	"duizhang/parse"
	"duizhang/parse/money"
)

// Windows of the allocation, in calendar days.
const (
	// nearDays is how long after its due date a settlement's money is still
	// looked for in the first sweep, farDays in the second.
	nearDays = 10
	farDays  = 92
	// returnDays is how long after a payout its return can come.
	returnDays = 15
	// maxRun is the longest run of clearing days that one credit pays at once:
	// Spring Festival and the days around it.
	maxRun = 16
)

// payee is a settlement that waits for money.
type payee struct {
	n        int32  // index of the settlement
	group    string // acquirer
	merchant string // folded
	account  int    // index into allocator.accounts
	currency string
	day, due parse.Date
	claim    parse.Date // when the acquirer says it paid
	earliest parse.Date // no money comes before
	total    money.Fen  // what should come
	left     money.Fen  // what is still missing
	paid     []Payment  // ghosts of returned payouts included
	returned parse.Date // the last day on which a payout of it was returned
	wanted   int32      // credits that could pay it but stay ambiguous
}

// line is a line of the bank side.
type line struct {
	n       int32 // index of the credit
	row     *bankRow
	amount  money.Fen
	group   string // the acquirer it is from; empty: not said
	named   bool   // payer, remark or file say that it is from an acquirer
	account int
	ref     reference
	// specific: the reference names merchant (or payout) and clearing day.
	specific bool
	// stranger: it names a merchant number that this run does not know.
	stranger bool
	// claim: a line of the acquirer's own payout list, beside a statement of
	// the same account, which decides.
	claim  bool
	twins  int // lines with the same number cannot be told apart
	open   bool
	pass   ReasonCode
	peers  int // lines that pay a settlement together in pass 4
	paid   []Payment
	undone bool // a payout that was returned
	ways   int32
	gaveUp bool
	tried  [2]attempt // pass 3, near and far
}

// attempt is a search for a line that found nothing to place; it holds as long
// as no settlement within reach was paid since.
type attempt struct {
	tick   int
	ways   int32
	gaveUp bool
}

// allocator places the bank's credits on settlements. It works in passes, the
// strongest evidence first, and places nothing that could as well go elsewhere.
type allocator struct {
	o        *settleOutput
	payees   []*payee // one per settlement, in their order
	lines    []*line  // one per bank row, in their order
	accounts []string
	same     [][]bool // which accounts can be the same
	returns  []returned
	budget   int // steps that all searches together may still take

	byMerchant map[string][]*payee
	byDay      map[parse.Date][]*payee // clearing day
	byDue      []*payee
	lead       parse.Date // the longest time from the first possible credit to the due date
	byAmount   map[money.Fen][]*line

	tick    int                // counts payments
	touched map[parse.Date]int // due date → the tick of its last payment
}

// returned is a payout and the line that takes it back.
type returned struct{ credit, back *line }

func newAllocator(o *settleOutput) *allocator {
	a := &allocator{o: o, budget: maxRunSteps, tick: 1, touched: map[parse.Date]int{}}
	index := map[string]int{}
	account := func(name string) int {
		i, ok := index[name]
		if !ok {
			i = len(a.accounts)
			index[name] = i
			a.accounts = append(a.accounts, name)
		}
		return i
	}
	for i := range o.settlements {
		a.payees = append(a.payees, o.payee(i, account(o.settlements[i].Account)))
	}
	for _, row := range sortedBank(o.in.bank) {
		a.lines = append(a.lines, &line{n: int32(len(a.lines)), row: row, amount: row.amount, account: account(row.account)})
	}
	a.same = make([][]bool, len(a.accounts))
	for i, x := range a.accounts {
		a.same[i] = make([]bool, len(a.accounts))
		for j, y := range a.accounts {
			a.same[i][j] = x == "" || y == "" || sameAccount(x, y)
		}
	}
	a.index()
	a.recognise()
	return a
}

// index makes the settlements and lines findable by what passes ask for.
func (a *allocator) index() {
	a.byMerchant, a.byDay, a.byAmount = map[string][]*payee{}, map[parse.Date][]*payee{}, map[money.Fen][]*line{}
	for _, p := range a.payees {
		if p.total <= 0 || p.day == 0 {
			continue
		}
		a.byMerchant[p.merchant] = append(a.byMerchant[p.merchant], p)
		a.byDay[p.day] = append(a.byDay[p.day], p)
		a.byDue = append(a.byDue, p)
		a.lead = max(a.lead, p.due-p.earliest)
	}
	slices.SortStableFunc(a.byDue, func(x, y *payee) int { return cmp.Compare(x.due, y.due) })
	for _, l := range a.lines {
		a.byAmount[l.amount] = append(a.byAmount[l.amount], l)
	}
}

// around is every settlement that a line could pay so many days after its due
// date, and some that it could not.
func (a *allocator) around(l *line, within parse.Date) []*payee {
	if len(l.ref.merchants) > 0 {
		var list []*payee
		for _, m := range l.ref.merchants {
			list = append(list, a.byMerchant[m]...)
		}
		return list
	}
	from := sort.Search(len(a.byDue), func(i int) bool { return a.byDue[i].due >= l.row.date-within })
	to := sort.Search(len(a.byDue), func(i int) bool { return a.byDue[i].due > l.row.date+a.lead })
	return a.byDue[from:max(from, to)]
}

func (o *settleOutput) payee(i, account int) *payee {
	s := &o.settlements[i]
	p := &payee{
		n: int32(i), group: acquirerGroup(s.Acquirer), merchant: foldName(s.MerchantID), account: account, currency: s.Currency,
		day: s.ClearingDate, due: s.DueDate, claim: s.Claimed, earliest: s.ClearingDate, total: max(s.payable(), 0),
	}
	if o.cycles[i].Days == 0 {
		// Instant payouts of sales after the cut-off come the evening before
		// their clearing day.
		p.earliest--
	}
	p.left = p.total
	return p
}

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
	var own []string
	merchants := idBook{}
	for _, p := range a.payees {
		own = append(own, p.group)
		merchants.add(p.merchant)
	}
	for _, c := range a.o.in.contracts.Rows() {
		if c.MerchantID != Anyone {
			merchants.add(foldName(c.MerchantID))
		}
		if c.Acquirer != Anyone {
			own = append(own, acquirerGroup(c.Acquirer))
		}
	}
	// The longest name first: 银联商务 before 银联.
	slices.SortFunc(own, func(x, y string) int { return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(x, y)) })
	own = slices.Compact(own)
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
			return account == "" || a.accounts[i] == "" || sameAccount(account, a.accounts[i])
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

func (a *allocator) recogniseLine(l *line, own []string, merchants idBook, numbers map[string]*payoutRow) {
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
		l.group, l.named = acquirerGroup(row.acquirer), true
	case len(l.ref.merchants) > 0:
		l.named = true
	}
	blank := payer == "" && remark == ""
	l.open = row.amount > 0 && row.status != parse.Failed && row.status != parse.Pending && row.date <= a.o.in.asOf && (l.named || blank) && !l.claim
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

// fits says whether a line can be money for a settlement: as couldPay, on its
// account, and not more than so many days after its due date.
func (a *allocator) fits(l *line, p *payee, within parse.Date) bool {
	return a.same[l.account][p.account] && l.row.date <= p.due+within && l.couldPay(p)
}

// onDay says whether a line comes exactly when the settlement is due, or when
// the acquirer says that it paid.
func onDay(l *line, p *payee) bool { return l.row.date == p.due || l.row.date == p.claim }

// run places the credits, pass by pass.
func (a *allocator) run() {
	a.pairReturns()
	a.byReference()
	for more := true; more; {
		a.exactSums()
		more = a.oldAccounts()
	}
	for a.rest() || a.overReferenced() {
		a.exactSums()
	}
	a.ghosts()
}

// exactSums is passes 2 to 4, near the due dates and then far from them. What
// an earlier round said of the lines that are left is forgotten: settlements
// that made them ambiguous may have been paid since.
func (a *allocator) exactSums() {
	for _, l := range a.lines {
		if l.open {
			l.ways, l.gaveUp = 0, false
		}
	}
	for _, within := range []parse.Date{nearDays, farDays} {
		for progress := true; progress; {
			progress = a.oneToOne(within, a.fits)
			progress = a.oneToMany(within) || progress
			progress = a.manyToOne(within) || progress
		}
	}
}

// pay places a part of a line on a settlement.
func (a *allocator) pay(l *line, p *payee, amount money.Fen, pass ReasonCode) {
	part := Payment{Credit: l.n, Settlement: p.n, Amount: amount}
	l.paid, p.paid = append(l.paid, part), append(p.paid, part)
	p.left -= amount
	l.open, l.pass = false, pass
	a.tick++
	a.touched[p.due] = a.tick
}

// payAll places a line on the whole of several settlements.
func (a *allocator) payAll(l *line, ps []*payee, pass ReasonCode) {
	for _, p := range ps {
		a.pay(l, p, p.left, pass)
	}
}

// byReference is pass 1: lines that name merchant and clearing day. Exact sums
// first, so that a part payment does not take the place of the whole.
func (a *allocator) byReference() {
	for _, exact := range []bool{true, false} {
		for _, l := range a.lines {
			if !l.open || !l.specific {
				continue
			}
			meant := a.meant(l, func(p *payee) bool { return p.left > 0 })
			switch sum := sumOf(meant, (*payee).missing); {
			case len(meant) == 0 || l.amount > sum:
			case l.amount == sum:
				a.payAll(l, meant, ReasonByReference)
			case !exact && len(meant) == 1:
				a.pay(l, meant[0], l.amount, ReasonByReference)
			}
		}
	}
}

// meant are the settlements that a line's reference names, those on its own
// account if there are any.
func (a *allocator) meant(l *line, ok func(*payee) bool) []*payee {
	var here, anywhere []*payee
	for _, p := range a.around(l, farDays) {
		if ok(p) && l.couldPay(p) && l.row.date <= p.due+farDays {
			anywhere = append(anywhere, p)
			if a.same[l.account][p.account] {
				here = append(here, p)
			}
		}
	}
	if len(here) > 0 {
		return here
	}
	return anywhere
}

func sumOf(ps []*payee, value func(*payee) money.Fen) (sum money.Fen) {
	for _, p := range ps {
		sum += value(p)
	}
	return sum
}

// oneToOne is pass 2: one credit of exactly what one settlement still lacks.
// First those that come on the very day; then those of which neither side has
// another choice.
func (a *allocator) oneToOne(within parse.Date, fits func(*line, *payee, parse.Date) bool) bool {
	type bucket struct {
		lines  []*line
		payees []*payee
	}
	buckets := map[money.Fen]*bucket{}
	for _, p := range a.payees {
		if p.left > 0 {
			b := buckets[p.left]
			if b == nil {
				b = &bucket{}
				buckets[p.left] = b
			}
			b.payees = append(b.payees, p)
		}
	}
	var amounts []money.Fen
	for _, l := range a.lines {
		if b := buckets[l.amount]; l.open && b != nil {
			if len(b.lines) == 0 {
				amounts = append(amounts, l.amount)
			}
			b.lines = append(b.lines, l)
		}
	}
	progress := false
	for _, amount := range amounts {
		b := buckets[amount]
		strict := func(l *line, p *payee) bool { return onDay(l, p) && fits(l, p, within) }
		wide := func(l *line, p *payee) bool { return fits(l, p, within) }
		for again := true; again; {
			again = a.pairUp(b.lines, b.payees, strict, ReasonOneToOne) || a.pairUp(b.lines, b.payees, wide, ReasonOneToOne)
			progress = progress || again
		}
	}
	return progress
}

// pairUp pairs lines and settlements of one amount within the components of
// the graph of what fits, where the pairing is certain; elsewhere the lines
// learn how many ways they have.
func (a *allocator) pairUp(lines []*line, payees []*payee, fits func(*line, *payee) bool, pass ReasonCode) bool {
	progress := false
	seen := map[*line]bool{}
	for _, l := range lines {
		if !l.open || seen[l] {
			continue
		}
		ls, ps := component(l, lines, payees, fits)
		for _, x := range ls {
			seen[x] = true
		}
		if len(ps) > 0 && a.pairComponent(ls, ps, fits, pass) {
			progress = true
		}
	}
	return progress
}

// component is everything that hangs together with a line.
func component(first *line, lines []*line, payees []*payee, fits func(*line, *payee) bool) (ls []*line, ps []*payee) {
	inL, inP := map[*line]bool{first: true}, map[*payee]bool{}
	for todo := []*line{first}; len(todo) > 0; {
		l := todo[0]
		todo = todo[1:]
		ls = append(ls, l)
		for _, p := range payees {
			if p.left != l.amount || inP[p] || !fits(l, p) {
				continue
			}
			inP[p] = true
			ps = append(ps, p)
			for _, m := range lines {
				if m.open && !inL[m] && fits(m, p) {
					inL[m] = true
					todo = append(todo, m)
				}
			}
		}
	}
	slices.SortFunc(ls, func(x, y *line) int { return cmp.Compare(x.n, y.n) })
	slices.SortFunc(ps, func(x, y *payee) int {
		return cmp.Or(cmp.Compare(x.due, y.due), cmp.Compare(x.day, y.day), cmp.Compare(x.n, y.n))
	})
	return ls, ps
}

// pairComponent pairs a component in the order of days where that decides
// nothing that is not certain: there are as many credits as settlements, so
// that all are paid whoever pays whom; or all the credits are equal lines, of
// which some are left over.
func (a *allocator) pairComponent(ls []*line, ps []*payee, fits func(*line, *payee) bool, pass ReasonCode) bool {
	equal := ls[0].twins == ls[len(ls)-1].twins
	if len(ls) == len(ps) || equal && len(ls) > len(ps) {
		ok := true
		for i, p := range ps {
			ok = ok && fits(ls[i], p)
		}
		if ok {
			for i, p := range ps {
				a.pay(ls[i], p, p.left, pass)
			}
			return true
		}
	}
	ways := int32(max(len(ls), len(ps)))
	for _, l := range ls {
		l.ways = max(l.ways, ways)
	}
	return false
}

// oldAccounts is pass 2 for lines that came to another account than the
// settlement's: by amount and acquirer, if neither has another choice.
func (a *allocator) oldAccounts() bool {
	anywhere := func(l *line, p *payee, within parse.Date) bool {
		return l.named && l.group != "" && l.group == p.group && !l.stranger && l.row.date <= p.due+within && l.couldPay(p)
	}
	open := filter(a.lines, func(l *line) bool { return l.open })
	progress := a.oneToOne(nearDays, anywhere)
	for _, l := range open {
		if !l.open {
			l.pass = ReasonOldAccount
		}
	}
	return progress
}

// proposal is a set of settlements for a line, or of lines for a settlement.
type proposal struct {
	lines  []*line
	payees []*payee
}

// oneToMany is pass 3: one credit that pays several settlements.
func (a *allocator) oneToMany(within parse.Date) bool {
	for progress := false; ; progress = true {
		var found []proposal
		asked := map[int]bool{} // equal lines propose once
		open := filter(a.lines, func(l *line) bool { return l.open && l.named })
		sets := wholeSets(filter(a.payees, func(p *payee) bool { return p.left > 0 && p.day != 0 }), open, (*payee).missing)
		for _, l := range open {
			if asked[l.twins] {
				continue
			}
			asked[l.twins] = true
			if ps := a.trySet(l, sets[l.amount], within); ps != nil {
				found = append(found, proposal{[]*line{l}, ps})
			}
		}
		if !a.accept(found, ReasonOneToMany) {
			return progress
		}
	}
}

// trySet is setFor, unless it was asked before and nothing has changed since.
func (a *allocator) trySet(l *line, sets [][]*payee, within parse.Date) []*payee {
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
	if ring == 0 || len(sets) > 0 {
		found = a.setFor(l, a.choices(l, within), sets, (*payee).missing, ring == 0)
	}
	*last = attempt{a.tick, l.ways, l.gaveUp}
	if found != nil {
		last.tick = 0
	}
	l.ways, l.gaveUp = max(l.ways, before.ways), l.gaveUp || before.gaveUp
	return found
}

// changed says whether a settlement that a line could pay was paid since.
func (a *allocator) changed(l *line, within parse.Date, tick int) bool {
	for d := l.row.date - within; d <= l.row.date+a.lead; d++ {
		if a.touched[d] > tick {
			return true
		}
	}
	return false
}

func (p *payee) missing() money.Fen { return p.left }
func (p *payee) whole() money.Fen   { return p.total }

// choices are the settlements with something missing that a line fits.
func (a *allocator) choices(l *line, within parse.Date) []*payee {
	return filter(a.around(l, within), func(p *payee) bool { return p.left > 0 && a.fits(l, p, within) })
}

// setFor is the one set of two or more settlements that a line pays exactly.
// Whole runs of a merchant's days, whole days of an acquirer and all that fits
// come first, those that are due on the line's day before others; then any set.
// Two sets of equal standing are none.
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
	today := func(set []*payee) bool {
		last := slices.MaxFunc(set, func(x, y *payee) int { return cmp.Compare(x.due, y.due) })
		return last.due == l.row.date || !slices.ContainsFunc(set, func(p *payee) bool { return p.claim != l.row.date })
	}
	pool := ps
	if strong := slices.DeleteFunc(slices.Clone(sets), func(set []*payee) bool { return !today(set) }); len(strong) > 0 {
		sets = strong
		pool = filter(ps, func(p *payee) bool { return p.due <= l.row.date })
	}
	switch {
	case len(sets) > 1:
		l.ways = max(l.ways, int32(len(sets)))
		return nil
	case len(sets) == 1:
		return a.unlessRivalled(l, sets[0], pool, value)
	case !any:
		return nil
	}
	for _, pool := range [][]*payee{
		filter(ps, func(p *payee) bool { return onDay(l, p) }),
		filter(ps, func(p *payee) bool { return p.due <= l.row.date }),
		ps,
	} {
		set, r := a.search(pool, l.amount, value)
		switch {
		case r.only():
			return set
		case r.sets > 1:
			l.ways = max(l.ways, 2)
			return nil
		}
		l.gaveUp = l.gaveUp || r.gaveUp || r.limited
	}
	return nil
}

// unlessRivalled is the set, unless a search finds another one of the same sum.
func (a *allocator) unlessRivalled(l *line, set, pool []*payee, value func(*payee) money.Fen) []*payee {
	other, r := a.search(pool, l.amount, value)
	if r.sets == 0 || r.sets == 1 && slices.Equal(inOrder(other), inOrder(set)) {
		return set
	}
	l.ways = max(l.ways, 2)
	return nil
}

func inOrder(ps []*payee) []*payee {
	ps = slices.Clone(ps)
	slices.SortFunc(ps, func(x, y *payee) int { return cmp.Compare(x.n, y.n) })
	return ps
}

func filter[T any](list []T, keep func(T) bool) []T {
	var out []T
	for _, x := range list {
		if keep(x) {
			out = append(out, x)
		}
	}
	return out
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
// one of the lines could be: runs of consecutive open clearing days of one
// merchant, and everything of an acquirer on one account that is due, or was
// cleared, on one day.
func wholeSets(ps []*payee, lines []*line, value func(*payee) money.Fen) map[money.Fen][][]*payee {
	sets, largest := map[money.Fen][][]*payee{}, money.Fen(0)
	for _, l := range lines {
		sets[l.amount] = nil
		largest = max(largest, l.amount)
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
		day             parse.Date
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
func (a *allocator) manyToOne(within parse.Date) bool {
	for progress := false; ; progress = true {
		var found []proposal
		open := filter(a.lines, func(l *line) bool { return l.open && l.named })
		for _, p := range a.payees {
			if p.left <= 0 {
				continue
			}
			from := sort.Search(len(open), func(i int) bool { return open[i].row.date >= p.earliest })
			to := sort.Search(len(open), func(i int) bool { return open[i].row.date > p.due+within })
			if ls := a.partsFor(p, open[from:max(from, to)], within); ls != nil {
				found = append(found, proposal{ls, []*payee{p}})
			}
		}
		if !a.accept(found, ReasonManyToOne) {
			return progress
		}
	}
}

// partsFor is the one set of two or more lines that pays a settlement exactly:
// all lines of a day, or all that fit, before any set; those of the day it is
// due before others.
func (a *allocator) partsFor(p *payee, open []*line, within parse.Date) []*line {
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
func (a *allocator) accept(found []proposal, pass ReasonCode) bool {
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
		if pass == ReasonOneToMany {
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

// rest is pass 5: what is left, oldest first, where only one settlement of the
// account can take it, that is, lacks as much. Settlements that are due come
// before those that are not.
func (a *allocator) rest() (progress bool) {
	for i := 0; i < len(a.lines); {
		j := i
		for j < len(a.lines) && a.lines[j].row.date == a.lines[i].row.date {
			j++
		}
		for a.restOfDay(a.lines[i:j]) {
			progress = true
		}
		i = j
	}
	return progress
}

// restOfDay places the lines of one day. Lines of one day that compete for
// more than a settlement lacks are left alone.
func (a *allocator) restOfDay(lines []*line) bool {
	takers := map[*payee][]*line{}
	var order []*payee
	for _, l := range lines {
		if !l.open || !l.named || l.stranger || l.ways > 1 {
			continue
		}
		can := a.takers(l)
		if len(can) != 1 {
			l.ways = max(l.ways, int32(len(can)))
			continue
		}
		if takers[can[0]] == nil {
			order = append(order, can[0])
		}
		takers[can[0]] = append(takers[can[0]], l)
	}
	progress := false
	for _, p := range order {
		ls := takers[p]
		if len(ls) > 1 && sumLines(ls) > p.left || a.contested(p) {
			for _, l := range ls {
				l.ways = max(l.ways, int32(len(ls)), 2)
			}
			continue
		}
		for _, l := range ls {
			a.pay(l, p, l.amount, ReasonByRest)
			progress = true
		}
	}
	return progress
}

// contested says whether a line that stays ambiguous is exactly what a
// settlement lacks: nothing less certain may take its place.
func (a *allocator) contested(p *payee) bool {
	return slices.ContainsFunc(a.byAmount[p.left], func(l *line) bool { return l.open && l.ways > 1 && a.fits(l, p, nearDays) })
}

// takers are the settlements that can take what is left.
func (a *allocator) takers(l *line) []*payee {
	all := a.choices(l, nearDays)
	roomy := func(p *payee) bool { return p.left >= l.amount }
	due := filter(all, func(p *payee) bool { return p.due <= l.row.date })
	if len(due) == 0 {
		return filter(all, roomy)
	}
	return filter(due, roomy)
}

// overReferenced places lines whose reference names one settlement that lacks
// less than they bring: it was paid too much.
func (a *allocator) overReferenced() (progress bool) {
	for _, l := range a.lines {
		if !l.open || !l.specific {
			continue
		}
		if meant := a.meant(l, func(p *payee) bool { return true }); len(meant) == 1 {
			a.pay(l, meant[0], l.amount, ReasonByReference)
			progress = true
		}
	}
	return progress
}

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
			if l.open && !taken[l] && l.amount == -back.amount && l.row.currency == back.row.currency && a.same[l.account][back.account] &&
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
		return a.setFor(l, all, wholeSets(all, []*line{l}, (*payee).whole)[l.amount], (*payee).whole, true)
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
	case l.pass == ReasonManyToOne:
		return Identified, Reason{Code: l.pass, N: int32(l.peers)}
	case len(l.paid) > 0:
		return Identified, Reason{Code: l.pass, N: int32(len(l.paid))}
	case !l.named || l.amount == 0:
		return Ignored, Reason{Code: ReasonNotAcquirer}
	case l.ways > 1:
		return Ambiguous, Reason{Code: ReasonTwoWays, N: l.ways}
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
