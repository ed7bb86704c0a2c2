package settle

import (
	"cmp"
	"slices"
	"sort"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Windows of the allocation, in calendar days.
const (
	// nearDays is how long after its due date a settlement's money is still
	// looked for in the first sweep, farDays in the second.
	nearDays = 10
	farDays  = 92
	// everDays is beyond any distance in time.
	everDays = 1 << 20
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
	day, due record.Date
	claim    record.Date      // when the acquirer says it paid
	earliest record.Date      // no money comes before
	total    money.Fen        // what should come
	left     money.Fen        // what is still missing
	fee      money.Fen        // of the payout, taken off the total
	paid     []result.Payment // ghosts of returned payouts included
	returned record.Date      // the last day on which a payout of it was returned
	wanted   int32            // credits that could pay it but stay ambiguous
}

// line is a line of the bank side.
type line struct {
	n       int32 // index of the credit
	row     *BankRow
	amount  money.Fen
	group   string // the acquirer it is from; empty: not said
	named   bool   // payer, remark or file say that it is from an acquirer
	account int
	ref     terms.Reference
	// specific: the reference names merchant (or payout) and clearing day.
	specific bool
	// stranger: it names a merchant number that this run does not know.
	stranger bool
	// claim: a line of the acquirer's own payout list, beside a statement of
	// the same account, which decides.
	claim bool
	// stray: its remark says that it is the acquirer's money for something
	// else than sales, such as a bonus or a deposit returned.
	stray bool
	// elsewhere: its remark writes a day before the line's own that is the
	// clearing day of no settlement it can mean; that day's file may be missing.
	elsewhere bool
	equals    int32 // settlements of its amount that it was one of several lines for
	twins     int   // lines with the same number cannot be told apart
	open      bool
	pass      result.ReasonCode
	peers     int // lines that pay a settlement together in pass 4
	paid      []result.Payment
	undone    bool // a payout that was returned
	ways      int32
	gaveUp    bool
	chance    bool       // a set has its sum, but that says nothing
	tried     [2]attempt // pass 3, near and far
}

// allocator places the bank's credits on settlements. It works in passes, the
// strongest evidence first, and places nothing that could as well go elsewhere.
type allocator struct {
	o         *Output
	payees    []*payee // one per settlement, in their order
	lines     []*line  // one per bank row, in their order
	accounts  []account
	returns   []returned
	budget    int                         // steps that all searches together may still take
	recent    map[record.Date]record.Date // see recentFrom
	hintSteps int                         // that the search for hints may still take

	byMerchant map[string][]*payee
	byDay      map[record.Date][]*payee // clearing day
	byDue      map[string][]*payee      // by the shelf of their account
	shelves    []string                 // of byDue, in order
	lead       record.Date              // the longest time from the first possible credit to the due date
	byAmount   map[money.Fen][]*line

	tick            int                 // counts payments
	touched         map[record.Date]int // due date → the tick of its last payment
	touchedMerchant map[string]int      // merchant → the same
}

// returned is a payout and the line that takes it back.
type returned struct{ credit, back *line }

func newAllocator(o *Output) *allocator {
	a := &allocator{o: o, budget: maxRunSteps, hintSteps: maxHintSteps, tick: 1, touched: map[record.Date]int{}, touchedMerchant: map[string]int{}, recent: map[record.Date]record.Date{}}
	if len(o.In.Bank) == 0 {
		// Nothing can be placed: what is judged is only that nothing came.
		none := make([]payee, len(o.Settlements))
		for i := range none {
			a.payees = append(a.payees, &none[i])
		}
		return a
	}
	index := map[string]int{}
	account := func(name string) int {
		i, ok := index[name]
		if !ok {
			i = len(a.accounts)
			index[name] = i
			a.accounts = append(a.accounts, newAccount(name))
		}
		return i
	}
	for i := range o.Settlements {
		a.payees = append(a.payees, o.payee(i, account(o.Settlements[i].Account)))
	}
	for _, row := range sortedBank(o.In.Bank) {
		a.lines = append(a.lines, &line{n: int32(len(a.lines)), row: row, amount: row.Amount, account: account(row.account)})
	}
	a.index()
	a.recognise()
	return a
}

// account is a way of writing an account. What can be the same account stands
// on one shelf: that of its last four digits, else of its name. An account
// without a name can be any.
type account struct{ name, shelf string }

func newAccount(name string) account {
	folded := terms.FoldName(name)
	tail := terms.DigitTail(folded)
	if len(tail) < terms.MinAccountTail {
		return account{name, folded}
	}
	return account{name, "…" + tail[len(tail)-terms.MinAccountTail:]}
}

// same says whether two accounts, by their indexes, can be the same one.
func (a *allocator) same(i, j int) bool {
	x, y := &a.accounts[i], &a.accounts[j]
	return i == j || x.name == "" || y.name == "" || x.shelf == y.shelf && sameAccount(x.name, y.name)
}

// index makes the settlements and lines findable by what passes ask for.
func (a *allocator) index() {
	a.byMerchant, a.byDay, a.byAmount, a.byDue = map[string][]*payee{}, map[record.Date][]*payee{}, map[money.Fen][]*line{}, map[string][]*payee{}
	for _, p := range a.payees {
		if p.total <= 0 || p.day == 0 {
			continue
		}
		a.byMerchant[p.merchant] = append(a.byMerchant[p.merchant], p)
		a.byDay[p.day] = append(a.byDay[p.day], p)
		shelf := a.accounts[p.account].shelf
		a.byDue[shelf] = append(a.byDue[shelf], p)
		a.lead = max(a.lead, p.due-p.earliest)
	}
	for shelf, ps := range a.byDue {
		a.shelves = append(a.shelves, shelf)
		slices.SortStableFunc(ps, func(x, y *payee) int { return cmp.Compare(x.due, y.due) })
	}
	slices.Sort(a.shelves)
	for _, l := range a.lines {
		a.byAmount[l.amount] = append(a.byAmount[l.amount], l)
	}
}

// around is every settlement that a line could pay so many days after its due
// date, and some that it could not. A line that names merchants is looked for
// among all of theirs.
func (a *allocator) around(l *line, within record.Date) []*payee {
	if len(l.ref.Merchants) > 0 {
		var list []*payee
		for _, m := range l.ref.Merchants {
			list = append(list, a.byMerchant[m]...)
		}
		return list
	}
	if l.restricted() {
		within = everDays
	}
	return a.dueOn(a.shelvesOf(l.account), l.row.date-within, l.row.date+a.lead)
}

// shelvesOf are the shelves on which an account's settlements can stand.
func (a *allocator) shelvesOf(account int) []string {
	if shelf := a.accounts[account].shelf; shelf != "" {
		return []string{shelf, ""}
	}
	return a.shelves
}

// dueOn are the settlements of some shelves that are due on the days from … to.
func (a *allocator) dueOn(shelves []string, from, to record.Date) []*payee {
	var list []*payee
	for _, shelf := range shelves {
		ps := a.byDue[shelf]
		i := sort.Search(len(ps), func(i int) bool { return ps[i].due >= from })
		j := sort.Search(len(ps), func(i int) bool { return ps[i].due > to })
		switch part := ps[i:max(i, j)]; {
		case len(part) == 0:
		case len(list) == 0:
			list = part[:len(part):len(part)]
		default:
			list = append(list, part...)
		}
	}
	return list
}

func (o *Output) payee(i, account int) *payee {
	s := &o.Settlements[i]
	p := &payee{
		n: int32(i), group: o.In.Patterns.Group(s.Acquirer), merchant: terms.FoldName(s.MerchantID), account: account, currency: s.Currency,
		day: s.ClearingDate, due: s.DueDate, claim: s.Claimed, earliest: s.ClearingDate, total: max(s.Payable(), 0), fee: s.PayoutFee,
	}
	if slices.ContainsFunc(o.Stages[i], func(s stage) bool { return s.cycle.Days == 0 }) {
		// Instant payouts of sales after the cut-off come the evening before
		// their clearing day.
		p.earliest--
	}
	p.left = p.total
	return p
}

// fits says whether a line can be money for a settlement: as couldPay, on its
// account, and not more than so many days after its due date, unless a name
// restricts the line.
func (a *allocator) fits(l *line, p *payee, within record.Date) bool {
	return a.same(l.account, p.account) && (l.row.date <= p.due+within || l.restricted()) && l.couldPay(p)
}

// restricted says that the line names merchants or clearing days: it is for
// nobody else, at any distance in time.
func (l *line) restricted() bool { return len(l.ref.Merchants) > 0 || len(l.ref.Days) > 0 }

// onDay says whether a line comes exactly when the settlement is due, or when
// the acquirer says that it paid.
func onDay(l *line, p *payee) bool { return l.row.date == p.due || l.row.date == p.claim }

// run places the credits, pass by pass. What a name restricts chooses before
// the rest, up to its part payments.
func (a *allocator) run() {
	a.pairReturns()
	a.standing()
	a.byReference()
	for more := true; more; {
		a.exactSums((*line).restricted)
		more = a.netOfCopies() || a.namedParts()
	}
	for more := true; more; {
		a.exactSums(anyLine)
		more = a.oldAccounts()
	}
	for a.netOfCopies() || a.namedParts() || a.rest() || a.overReferenced() {
		a.exactSums(anyLine)
	}
	a.ghosts()
}

func anyLine(*line) bool { return true }

// exactSums is passes 2 to 4 for some of the lines, near the due dates and then
// far from them. What an earlier round said of the lines that are left is
// forgotten: settlements that made them ambiguous may have been paid since.
func (a *allocator) exactSums(who func(*line) bool) {
	for _, l := range a.lines {
		if l.open {
			l.ways, l.gaveUp, l.chance = 0, false, false
		}
	}
	for _, within := range []record.Date{nearDays, farDays} {
		for progress := true; progress; {
			progress = a.oneToOne(within, a.fits, who)
			progress = a.oneToMany(within, who) || progress
			progress = a.manyToOne(within, who) || progress
			if !progress && within == nearDays {
				progress = a.oneFeeToMany(who)
			}
		}
	}
}

// pay places a part of a line on a settlement.
func (a *allocator) pay(l *line, p *payee, amount money.Fen, pass result.ReasonCode) {
	part := result.Payment{Credit: l.n, Settlement: p.n, Amount: amount}
	l.paid, p.paid = append(l.paid, part), append(p.paid, part)
	p.left -= amount
	l.open, l.pass = false, pass
	a.tick++
	a.touched[p.due], a.touchedMerchant[p.merchant] = a.tick, a.tick
}

// payAll places a line on the whole of several settlements.
func (a *allocator) payAll(l *line, ps []*payee, pass result.ReasonCode) {
	for _, p := range ps {
		a.pay(l, p, p.left, pass)
	}
}

// byReference is pass 1: lines that name merchant and clearing day. Exact sums
// first, so that a part payment does not take the place of the whole. What is
// less than the named settlements lack goes to the oldest of them first.
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
				a.payAll(l, meant, result.ReasonByReference)
			case len(meant) == 0 || l.amount > sum:
			case l.amount == sum:
				a.payAll(l, meant, result.ReasonByReference)
			case !exact && !l.stray && (len(meant) == 1 || len(l.ref.Days) > 0 || len(l.ref.Merchants) > 1) && !a.exactWithin(l, meant):
				a.payOldest(l, meant)
			}
		}
	}
}

// exactWithin says whether a line is exactly what some of the settlements lack:
// then it is no part payment of all of them.
func (a *allocator) exactWithin(l *line, ps []*payee) bool {
	if len(ps) < 2 {
		return false
	}
	if slices.ContainsFunc(ps, func(p *payee) bool { return p.left == l.amount }) {
		return true
	}
	_, r := a.search(ps, l.amount, (*payee).missing)
	return r.sets > 0
}

// payOldest places a line on settlements that lack more together, the oldest first.
func (a *allocator) payOldest(l *line, ps []*payee) {
	left := l.amount
	for _, p := range inOrderOfDays(ps) {
		part := min(left, p.left)
		if left -= part; part > 0 {
			a.pay(l, p, part, result.ReasonByReference)
		}
	}
}

func inOrderOfDays(ps []*payee) []*payee {
	ps = slices.Clone(ps)
	slices.SortFunc(ps, compareDays)
	return ps
}

func compareDays(x, y *payee) int {
	return cmp.Or(cmp.Compare(x.due, y.due), cmp.Compare(x.day, y.day), cmp.Compare(x.n, y.n))
}

// namedParts places lines that name a merchant and are less than what its one
// settlement in question lacks: the one that fell due at last, else the only
// one that lacks anything.
func (a *allocator) namedParts() (progress bool) {
	for _, l := range a.lines {
		if !l.open || len(l.ref.Merchants) == 0 || l.stray || l.elsewhere || l.ways > 1 {
			continue
		}
		all := filter(a.choices(l, nearDays), func(p *payee) bool { return p.due <= l.row.date || onDay(l, p) })
		if recent := filter(all, func(p *payee) bool { return a.recentlyDue(l, p) }); len(recent) > 0 {
			all = recent
		}
		if len(all) == 1 && all[0].left > l.amount && !a.contested(all[0]) {
			a.pay(l, all[0], l.amount, result.ReasonNamedPart)
			progress = true
		}
	}
	return progress
}

// recentDays is how many business days before a line the settlement can have
// fallen due that it pays in part, and among sets of equal sum the one it pays.
const recentDays = 3

// recentlyDue says whether a settlement fell due on a line's day or so many
// business days before.
func (a *allocator) recentlyDue(l *line, p *payee) bool {
	return p.due <= l.row.date && p.due >= a.recentFrom(l.row.date)
}

// recentFrom is the first day that counts as recent on a day.
func (a *allocator) recentFrom(day record.Date) record.Date {
	if from, ok := a.recent[day]; ok {
		return from
	}
	from := day
	for n := 0; n < recentDays && day-from < everDays; {
		from--
		if a.o.In.Calendar.Workday(from) {
			n++
		}
	}
	a.recent[day] = from
	return from
}

// meant are the settlements that a line's reference names, those on its own
// account if there are any.
func (a *allocator) meant(l *line, ok func(*payee) bool) []*payee {
	var here, anywhere []*payee
	for _, p := range a.around(l, everDays) {
		if ok(p) && l.couldPay(p) {
			anywhere = append(anywhere, p)
			if a.same(l.account, p.account) {
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
// Lines that a name restricts choose before the others, and those that come on
// the very day before those that do not, unless they can be late money for an
// older settlement (onlyOnDay).
func (a *allocator) oneToOne(within record.Date, fits func(*line, *payee, record.Date) bool, who func(*line) bool) bool {
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
		if b := buckets[l.amount]; l.open && b != nil && who(l) {
			if len(b.lines) == 0 {
				amounts = append(amounts, l.amount)
			}
			b.lines = append(b.lines, l)
		}
	}
	progress := false
	for _, amount := range amounts {
		b := buckets[amount]
		wide := func(l *line, p *payee) bool { return fits(l, p, within) }
		named := filter(b.lines, (*line).restricted)
		for again := true; again; {
			strict := onlyOnDay(b.lines, b.payees, amount, wide)
			again = a.pairUp(named, b.payees, strict) || a.pairUp(named, b.payees, wide) ||
				a.pairUp(b.lines, b.payees, strict) || a.pairUp(b.lines, b.payees, wide)
			progress = progress || again
		}
	}
	return progress
}

// pairUp pairs lines and settlements of one amount within the components of
// the graph of what fits, where the pairing is certain; elsewhere the lines
// learn how many ways they have.
func (a *allocator) pairUp(lines []*line, payees []*payee, fits func(*line, *payee) bool) bool {
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
		if len(ps) > 0 && a.pairComponent(ls, ps, fits) {
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
	slices.SortFunc(ps, compareDays)
	return ls, ps
}

// pairComponent pairs a component where that decides nothing that is not
// certain: there are as many credits as settlements, so that all are paid
// whoever pays whom; or all the credits are equal lines, of which some are
// left over. Of the rest it makes the pairs that every way of paying as many
// settlements as possible has.
func (a *allocator) pairComponent(ls []*line, ps []*payee, fits func(*line, *payee) bool) bool {
	m := newPairing(ls, ps, fits)
	equal := ls[0].twins == ls[len(ls)-1].twins
	var sure []int // per line: its settlement, or -1
	whole := m.size == len(ps) && (len(ls) == len(ps) || equal)
	switch {
	case whole:
		sure = m.of
	default:
		sure = m.forced()
	}
	if a.payPairs(ls, ps, sure, whole && len(ps) > 1) {
		return true
	}
	ways := int32(max(len(ls), len(ps)))
	for _, l := range ls {
		l.ways = max(l.ways, ways)
	}
	return false
}

func (a *allocator) payPairs(ls []*line, ps []*payee, of []int, several bool) (progress bool) {
	for i, j := range of {
		if j < 0 {
			continue
		}
		l, p := ls[i], ps[j]
		l.equals = 0
		if several {
			l.equals = int32(len(ps))
		}
		a.pay(l, p, p.left, result.ReasonOneToOne)
		progress = true
	}
	return progress
}

// oldAccounts is pass 2 for lines that came to another account than the
// settlement's: by amount and acquirer, if neither has another choice.
func (a *allocator) oldAccounts() bool {
	anywhere := func(l *line, p *payee, within record.Date) bool {
		return l.named && !a.same(l.account, p.account) && (l.group != "" && l.group == p.group || len(l.ref.Merchants) > 0) && l.row.date <= p.due+within && l.couldPay(p)
	}
	open := filter(a.lines, func(l *line) bool { return l.open })
	progress := a.oneToOne(nearDays, anywhere, func(l *line) bool { return l.ways <= 1 })
	for _, l := range open {
		if !l.open {
			l.pass = result.ReasonOldAccount
		}
	}
	return progress
}

// choices are the settlements with something missing that a line fits.
func (a *allocator) choices(l *line, within record.Date) []*payee {
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

// rest is pass 5: part payments without a name, oldest first. The account has
// exactly one unpaid settlement that is due on the line's day or lately, and
// the line is at least half of what that one lacks, or what is due on one day.
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
		if !l.open || !l.named || l.stray || l.elsewhere || l.ways > 1 || len(l.ref.Merchants) > 0 {
			continue
		}
		p := a.taker(l)
		if p == nil {
			continue
		}
		if takers[p] == nil {
			order = append(order, p)
		}
		takers[p] = append(takers[p], l)
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
			a.pay(l, p, l.amount, result.ReasonByRest)
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

// taker is the settlement that a line without a name can be a part of, or nil.
func (a *allocator) taker(l *line) *payee {
	due := filter(a.choices(l, nearDays), func(p *payee) bool { return a.recentlyDue(l, p) || a.isStage(l, p) })
	if len(due) != 1 || due[0].left < l.amount || 2*l.amount < due[0].left && !a.isStage(l, due[0]) {
		return nil
	}
	return due[0]
}

// overReferenced places lines whose reference names one settlement that lacks
// less than they bring: it was paid too much.
func (a *allocator) overReferenced() (progress bool) {
	for _, l := range a.lines {
		if !l.open || !l.specific {
			continue
		}
		if meant := a.meant(l, func(p *payee) bool { return true }); len(meant) == 1 && l.amount > meant[0].left {
			a.pay(l, meant[0], l.amount, result.ReasonByReference)
			progress = true
		}
	}
	return progress
}

func abs[T ~int64 | ~int32](v T) T {
	if v < 0 {
		return -v
	}
	return v
}
