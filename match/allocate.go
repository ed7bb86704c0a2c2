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
	fee      money.Fen  // of the payout, taken off the total
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
		n: int32(i), group: o.in.patterns.group(s.Acquirer), merchant: foldName(s.MerchantID), account: account, currency: s.Currency,
		day: s.ClearingDate, due: s.DueDate, claim: s.Claimed, earliest: s.ClearingDate, total: max(s.payable(), 0), fee: s.PayoutFee,
	}
	if o.cycles[i].Days == 0 {
		// Instant payouts of sales after the cut-off come the evening before
		// their clearing day.
		p.earliest--
	}
	p.left = p.total
	return p
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
			if !progress && within == nearDays {
				progress = a.oneFeeToMany()
			}
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
			switch sum, saved := sumOf(meant, (*payee).missing), savedFees(meant); {
			case saved > 0 && l.amount == sum+saved:
				a.shareFee(meant)
				a.payAll(l, meant, ReasonByReference)
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

// choices are the settlements with something missing that a line fits.
func (a *allocator) choices(l *line, within parse.Date) []*payee {
	return filter(a.around(l, within), func(p *payee) bool { return p.left > 0 && a.fits(l, p, within) })
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
