package match

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"duizhang/parse"
	"duizhang/parse/money"
)

// settleInput is what the settlement leg decides from: the clearing rows
// summed by class, and the bank side row by row.
type settleInput struct {
	asOf      parse.Date
	contracts *Contracts // nil: none
	calendar  *Calendar  // nil: the built-in one
	patterns  *Patterns  // nil: the built-in ones
	sums      []clearingSum
	// bank is every accepted row of the bank side; hasBank tells an empty
	// statement from none.
	bank    []bankRow
	hasBank bool
	payouts []payoutRow
	// copies is, by settlement, what rows bring that stand twice in its files.
	copies map[int32]money.Fen
	// grace is Options.StatementGrace.
	grace parse.Date
	// paid is what earlier nights have placed.
	paid []PaidBefore
}

// clearingSum is the sum of clearing rows that are alike in everything named
// here. Rows of any kind and status may be given: those that settle nothing
// (failed rows, pre-authorisations, payouts) belong to no settlement.
type clearingSum struct {
	acquirer, merchant string
	account, currency  string // currency: "" is CNY
	kind               parse.Kind
	status             parse.Status
	day                parse.Date // clearing day; 0: not known
	settled, credited  parse.Date // what the file itself says; 0: nothing
	rows               int64
	// amount is signed; fee is amount − what the row pays out.
	amount, fee money.Fen
}

// settles says whether rows of a kind and status belong to a settlement.
func settles(kind parse.Kind, status parse.Status) bool {
	return status == parse.OK && kind != parse.Preauth && kind != parse.Payout
}

// bankRow is one row of the bank side.
type bankRow struct {
	pos      parse.Pos
	doc      int // index of its document
	date     parse.Date
	amount   money.Fen
	currency string // "" is CNY
	account  string // the account that the statement is of
	payer    string
	remark   string
	acquirer string // named by the file itself: a payout list, no statement
	merchant string
	clearing parse.Date
	numbers  []string // payout numbers in columns of their own
	kind     parse.Kind
	status   parse.Status
}

// newBankRow keeps what the settlement leg needs of a row of the bank side.
func newBankRow(r *parse.Row) bankRow {
	b := bankRow{
		pos: r.Pos, doc: r.Doc, date: r.CreditedDate, amount: r.Amount, clearing: r.ClearingDate, kind: r.Kind, status: r.Status,
		currency: string(r.Text[parse.Currency]), account: string(r.Text[parse.Account]), payer: string(r.Text[parse.Payer]),
		remark: string(r.Text[parse.Remark]), acquirer: string(r.Text[parse.Acquirer]), merchant: string(r.Text[parse.MerchantID]),
	}
	if b.date == 0 && r.Time != 0 {
		b.date = r.Time.Date()
	}
	if b.date == 0 {
		b.date = r.SettleDate
	}
	if b.currency == "CNY" {
		b.currency = ""
	}
	for _, f := range [...]parse.Field{parse.OrderNo, parse.ChannelNo, parse.RefNo} {
		if len(r.Text[f]) > 0 {
			b.numbers = append(b.numbers, string(r.Text[f]))
		}
	}
	return b
}

// payoutRow is a row of kind payout in a clearing file: the acquirer's word
// that it paid, with the number that the bank's remark may repeat.
type payoutRow struct {
	acquirer, merchant string
	clearing           parse.Date // 0: not said
	numbers            []string
}

// settleOutput is the settlement leg's result.
type settleOutput struct {
	settlements []Settlement // in their total order
	credits     []Credit     // in their total order
	payments    []Payment
	// of is the settlement of each sum of the input, or -1.
	of       []int32
	warnings []Warning

	in      *settleInput
	cycles  []Cycle     // of each settlement
	brought []money.Fen // into each settlement from negative ones before it
	covered []bool      // of each settlement: the bank side covers its account
	shown   []shownSpan // of each settlement: the days that the bank side shows
	// heldSteps are what searches for large sets of held rows may still take.
	heldSteps int
}

var errSettleOverflow = errors.New("the sums of a settlement exceed what an amount can hold")

// settle works out settlements, places the bank's credits and judges both.
// The result depends only on the content of the input, not on its order.
func settle(in settleInput) (*settleOutput, error) {
	if in.patterns == nil && len(in.bank) > 0 {
		in.patterns = builtinPatterns()
	}
	o := &settleOutput{in: &in, heldSteps: maxHeldSteps}
	if err := o.group(); err != nil {
		return nil, err
	}
	o.carry()
	a := newAllocator(o)
	o.cover(a)
	a.run()
	a.finish()
	o.judge(a)
	o.warnUnseen()
	return o, nil
}

// settlementKey is what makes clearing rows one settlement.
type settlementKey struct {
	acquirer, merchant, currency string
	day                          parse.Date
	account                      string
}

// group sums the classes into settlements.
func (o *settleOutput) group() error {
	accounts := o.accountNames()
	index := map[settlementKey]int{}
	o.of = make([]int32, len(o.in.sums))
	ok := true
	for i := range o.in.sums {
		c := &o.in.sums[i]
		if o.of[i] = -1; !settles(c.kind, c.status) {
			continue
		}
		key := o.keyOf(c)
		key.account = accounts[key]
		n, seen := index[key]
		if !seen {
			n = len(o.settlements)
			index[key] = n
			o.settlements = append(o.settlements, Settlement{Acquirer: key.acquirer, MerchantID: key.merchant, Currency: key.currency, ClearingDate: key.day, Account: key.account})
		}
		s := &o.settlements[n]
		o.of[i] = int32(n)
		s.Transactions += c.rows
		s.Gross, ok = addFen(s.Gross, c.amount, ok)
		s.Fee, ok = addFen(s.Fee, c.fee, ok)
		s.addKind(c.kind, c.amount)
		c.claim(s)
	}
	if ok {
		ok = o.contractTerms()
	}
	if !ok {
		return errSettleOverflow
	}
	o.sortSettlements()
	o.nameSettlements()
	return nil
}

// addFen adds, and clears ok where the sum does not fit.
func addFen(a, b money.Fen, ok bool) (money.Fen, bool) {
	s, fits := money.Add(a, b)
	return s, ok && fits
}

// claim notes in a settlement what the clearing file says of a class: its latest day, since
// only then all of the settlement came; a class without a day leaves the
// settlement without one.
func (c *clearingSum) claim(s *Settlement) {
	day := cmp.Or(c.credited, c.settled)
	switch {
	case day == notSettled:
		s.Unsettled += c.rows
		s.Claimed = noClaim
	case day == 0 || s.Claimed == noClaim:
		s.Claimed = noClaim
	default:
		s.Claimed = max(s.Claimed, day)
	}
}

// noClaim marks, while the sums are added, a settlement with rows that do not
// say when they were credited.
const noClaim parse.Date = -1

// keyOf is the settlement of a class, its account as the file gives it, else
// as the contract does.
func (o *settleOutput) keyOf(c *clearingSum) settlementKey {
	key := settlementKey{o.in.contracts.Name(c.acquirer, c.merchant), c.merchant, c.currency, c.day, c.account}
	if key.account == "" {
		key.account = o.in.contracts.For(key.acquirer, key.merchant, key.day).Account
	}
	return key
}

// accountNames makes one name of the ways in which a settlement's account is
// written: 1234, ****1234 and 6222021234 are the same if only one longer
// number ends so.
func (o *settleOutput) accountNames() map[settlementKey]string {
	written := map[settlementKey][]string{}
	for i := range o.in.sums {
		key := o.keyOf(&o.in.sums[i])
		account := key.account
		key.account = ""
		if settles(o.in.sums[i].kind, o.in.sums[i].status) && !slices.Contains(written[key], account) {
			written[key] = append(written[key], account)
		}
	}
	names := map[settlementKey]string{}
	for key, list := range written {
		for _, account := range list {
			longer := ""
			for _, other := range list {
				if other == account || !sameAccount(account, other) || len(digitTail(other)) < len(digitTail(account)) ||
					len(digitTail(other)) == len(digitTail(account)) && other > account {
					continue
				}
				if longer != "" && !sameAccount(longer, other) {
					longer = account
					break
				}
				if longer == "" || len(digitTail(other)) > len(digitTail(longer)) || len(digitTail(other)) == len(digitTail(longer)) && other < longer {
					longer = other
				}
			}
			full := key
			full.account = account
			names[full] = cmp.Or(longer, account)
		}
	}
	return names
}

// digitTail is the digits at the end of an account number.
func digitTail(account string) string {
	i := len(account)
	for i > 0 && account[i-1] >= '0' && account[i-1] <= '9' {
		i--
	}
	return account[i:]
}

// minAccountTail is how many last digits stand for an account.
const minAccountTail = 4

// sameAccount says whether two ways of writing an account can be the same
// one: the shorter's last digits, at least four, end the longer.
func sameAccount(a, b string) bool {
	x, y := digitTail(a), digitTail(b)
	if len(x) < minAccountTail || len(y) < minAccountTail {
		return foldName(a) == foldName(b)
	}
	n := min(len(x), len(y))
	return x[len(x)-n:] == y[len(y)-n:]
}

// contractTerms fills in nets, cycles and due dates.
func (o *settleOutput) contractTerms() (ok bool) {
	ok = true
	years := map[int]bool{}
	for i := range o.settlements {
		s := &o.settlements[i]
		c := o.in.contracts.For(s.Acquirer, s.MerchantID, s.ClearingDate)
		s.Cycle, s.NamedAccount = c.Cycle.String(), c.Account
		s.Net, ok = addFen(s.Gross, -s.Fee, ok)
		if s.Net > 0 {
			// Nothing is paid out of a negative net, so nothing is charged for it.
			s.PayoutFee = c.PayoutFee
			s.Net -= s.PayoutFee
		}
		if s.Claimed == noClaim {
			s.Claimed = 0
		}
		if s.ClearingDate == 0 {
			continue
		}
		due, published := o.in.calendar.Due(c.Cycle, s.ClearingDate)
		if s.DueDate = due; !published {
			years[o.in.calendar.MissingYear(s.ClearingDate, due)] = true
			s.Flags |= Provisional
		}
	}
	for y := range years {
		o.warnings = append(o.warnings, calendarWarning(y))
	}
	return ok
}

// calendarWarning says that a year's statutory calendar is not known, so that
// due dates in it are provisional.
func calendarWarning(year int) Warning {
	return Warning{Code: "calendar_year", Args: []string{strconv.Itoa(year)}}
}

func compareSettlements(a, b *Settlement) int {
	return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency),
		cmp.Compare(a.ClearingDate, b.ClearingDate), cmp.Compare(a.Account, b.Account))
}

// sortSettlements puts them into their total order and redirects of.
func (o *settleOutput) sortSettlements() {
	order := make([]int, len(o.settlements))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return compareSettlements(&o.settlements[i], &o.settlements[j]) })
	sorted, to := make([]Settlement, len(order)), make([]int32, len(order))
	for n, i := range order {
		sorted[n], to[i] = o.settlements[i], int32(n)
	}
	o.settlements = sorted
	for i, n := range o.of {
		if n >= 0 {
			o.of[i] = to[n]
		}
	}
	o.cycles = make([]Cycle, len(sorted))
	for i := range sorted {
		o.cycles[i] = o.contract(i).Cycle
	}
}

// contract is the contract of a settlement.
func (o *settleOutput) contract(i int) *Contract {
	s := &o.settlements[i]
	return o.in.contracts.For(s.Acquirer, s.MerchantID, s.ClearingDate)
}

// nameSettlements gives ids: acquirer/merchant/day, with the account where one
// day pays to several, and the currency where it is not the base one.
func (o *settleOutput) nameSettlements() {
	base := func(s *Settlement) string {
		id := s.Acquirer + "/" + s.MerchantID + "/" + dayText(s.ClearingDate)
		if s.Currency != "" {
			id += "/" + s.Currency
		}
		return id
	}
	count := map[string]int{}
	for i := range o.settlements {
		count[base(&o.settlements[i])]++
	}
	for i := range o.settlements {
		s := &o.settlements[i]
		if s.ID = base(s); count[s.ID] > 1 {
			s.ID += "/" + s.Account
		}
	}
}

// carry moves negative nets into the merchant's next settlement: the next
// clearing day's, of the same account if there is one. What is carried in may
// make that one negative too; then all of it goes on. The last one of a
// merchant keeps its debt.
func (o *settleOutput) carry() {
	o.brought = make([]money.Fen, len(o.settlements))
	for i := range o.settlements {
		s := &o.settlements[i]
		left := s.Net + o.brought[i]
		if left >= 0 {
			continue
		}
		if next := o.next(i); next >= 0 {
			s.Carried -= left
			o.settlements[next].Carried += left
			o.brought[next] += left
		}
	}
}

// next is the settlement that a merchant's negative net is carried into, or -1.
func (o *settleOutput) next(i int) int {
	s, next := &o.settlements[i], -1
	for j := i + 1; j < len(o.settlements); j++ {
		n := &o.settlements[j]
		if n.Acquirer != s.Acquirer || n.MerchantID != s.MerchantID || n.Currency != s.Currency ||
			next >= 0 && n.ClearingDate > o.settlements[next].ClearingDate {
			break
		}
		if n.ClearingDate > s.ClearingDate && (next < 0 || n.Account == s.Account) {
			next = j
		}
	}
	return next
}

// payable is what a settlement should bring.
func (s *Settlement) payable() money.Fen { return s.Net + s.Carried }

// judge turns what came into credit states, timings and reasons.
func (o *settleOutput) judge(a *allocator) {
	for i := range o.settlements {
		s, p := &o.settlements[i], a.payees[i]
		o.arrivals(s, p, a)
		s.Outstanding = s.payable() - s.Credited
		if why, changed := o.accountChanged(i, p, a); changed {
			s.Flags, s.Evidence = s.Flags|AccountChanged, []Reason{why}
		}
		switch left := s.Net + o.brought[i]; {
		case left <= 0 && s.Credited == 0:
			s.Timing = TimingNone
			s.Credit, s.Reason = CreditFull, Reason{Code: ReasonNetted, Amount: -o.brought[i]}
			if left < 0 {
				s.Credit, s.Reason = CreditCarried, Reason{Code: ReasonNegative, Amount: left}
			}
		case !o.covered[i] && len(p.paid) == 0:
			o.judgeUnchecked(i)
		case s.Credited >= left:
			o.judgePaid(i)
		default:
			o.judgeShort(i, p)
		}
	}
}

// arrivals adds up what came, and finds the credit that completed it. Money
// that was returned again does not count.
func (o *settleOutput) arrivals(s *Settlement, p *payee, a *allocator) {
	slices.SortFunc(p.paid, func(x, y Payment) int { return cmp.Compare(x.Credit, y.Credit) })
	pay := s.payable()
	for _, part := range p.paid {
		c := &o.credits[part.Credit]
		s.CreditSources = append(s.CreditSources, c.Row)
		if a.lines[part.Credit].undone {
			continue
		}
		before := s.Credited
		s.Credited += part.Amount
		if s.FirstCredit == 0 {
			s.FirstCredit = c.Date
		}
		if c.Date > s.FirstCredit {
			s.released += part.Amount
		}
		s.LastCredit = c.Date
		if before < pay && s.Credited >= pay {
			s.CreditedDate = c.Date
		}
	}
}

// accountChanged says whether money went, or is said to go, to an account that
// the contract does not name: neither on the clearing day nor on the day it
// came. Without an account in the contract the clearing file's is the measure.
func (o *settleOutput) accountChanged(i int, p *payee, a *allocator) (why Reason, changed bool) {
	s := &o.settlements[i]
	named := o.contract(i).Account
	if named != "" && s.Account != "" && !sameAccount(named, s.Account) {
		return Reason{Code: ReasonFileAccount}, true
	}
	want := cmp.Or(named, s.Account)
	for _, part := range p.paid {
		l := a.lines[part.Credit]
		if want == "" || l.undone || l.row.account == "" || sameAccount(want, l.row.account) {
			continue
		}
		later := o.in.contracts.For(s.Acquirer, s.MerchantID, l.row.date)
		if later.Account == "" || !sameAccount(later.Account, l.row.account) {
			return Reason{Code: ReasonPaidAccount, Other: l.row.pos, HasOther: true, OtherSide: parse.SideBank}, true
		}
	}
	return Reason{}, false
}

// judgeUnchecked is for a settlement whose account no bank side shows: only the
// clearing file's own word remains.
func (o *settleOutput) judgeUnchecked(i int) {
	s := &o.settlements[i]
	s.Credit, s.Reason = CreditUnchecked, Reason{Code: ReasonUnchecked, Day: s.Claimed}
	claimed := s.Claimed
	if s.Unsettled > 0 {
		claimed = notSettled
	}
	s.Timing, s.CreditedDate, s.DaysLate = claimTiming(o.in.calendar, o.cycles[i], s.DueDate, claimed, o.in.asOf)
}

// judgePaid is for a settlement whose money came, in full or more.
func (o *settleOutput) judgePaid(i int) {
	s := &o.settlements[i]
	s.Timing, s.DaysLate = paidTiming(o.in.calendar, o.cycles[i], s.DueDate, s.CreditedDate)
	over := s.Credited - s.payable()
	switch {
	case over > 0:
		s.Credit, s.Reason = CreditOver, Reason{Code: ReasonOverpaid, Amount: over}
	case s.Timing == Late:
		s.Credit, s.Reason = CreditFull, Reason{Code: ReasonPaidLate, N: s.DaysLate, Day: s.CreditedDate}
	default:
		s.Credit, s.Reason = CreditFull, Reason{Code: ReasonPaid, Day: s.CreditedDate}
	}
}

// ClaimDiffers says whether the clearing file's own word about the money is not
// what the bank shows: another day, no money at all, or all of it where the
// file calls rows not settled.
func (s *Settlement) ClaimDiffers() bool {
	if s.Unsettled > 0 {
		return s.Credit == CreditFull && s.CreditedDate != 0 || s.Credit == CreditOver
	}
	return s.Claimed != 0 && s.Credit != CreditUnchecked && s.Timing != TimingNone && s.Claimed != s.CreditedDate && !(s.CreditedDate == 0 && s.Timing == PendingTiming)
}

// judgeShort is for a settlement whose money did not come, or only in part.
func (o *settleOutput) judgeShort(i int, p *payee) {
	s := &o.settlements[i]
	s.Timing = openTiming(o.in.calendar, o.cycles[i], s.DueDate, o.in.asOf)
	s.DaysLate = overdueBy(o.in.calendar, o.cycles[i], s.DueDate, o.in.asOf)
	awaited := s.Timing == Overdue && o.awaited(i)
	if awaited {
		s.Timing, s.DaysLate = PendingTiming, 0
	}
	claimed := s.Claimed != 0 && s.Claimed <= o.in.asOf
	s.Credit = CreditNone
	if s.Credited > 0 {
		s.Credit = CreditPartial
	}
	switch {
	case p.returned != 0:
		s.Reason = Reason{Code: ReasonReopened, Day: p.returned, Amount: s.Outstanding}
	case awaited:
		s.Reason = Reason{Code: ReasonStatementEnds, Day: o.shown[i].to, Amount: s.Outstanding}
	case p.wanted > 0:
		s.Reason = Reason{Code: ReasonMayBePaid, N: p.wanted, Amount: s.Outstanding}
	case s.Credited > 0:
		s.Reason = Reason{Code: ReasonShortOpen, Amount: s.Outstanding}
	case claimed:
		s.Reason = Reason{Code: ReasonClaimDiffers, Day: s.Claimed, Amount: s.Outstanding}
	case s.Timing == PendingTiming:
		s.Reason = Reason{Code: ReasonNotDue, Day: s.DueDate, Amount: s.Outstanding}
	default:
		s.Reason = Reason{Code: ReasonNotPaid, Day: s.DueDate, N: s.DaysLate, Amount: s.Outstanding}
	}
}

// rowCredit is what a settlement says of the money of one of its rows. held
// tells the rows that explain its shortfall; settled and credited are the
// row's own dates in the clearing file, which count where no bank side does.
func (o *settleOutput) rowCredit(settlement int32, held bool, settled, credited parse.Date) rowCredit {
	s := &o.settlements[settlement]
	r := rowCredit{timing: s.Timing, due: s.DueDate, credited: s.CreditedDate, late: s.DaysLate, known: true}
	switch {
	case s.Credit == CreditUnchecked:
		day := cmp.Or(credited, settled)
		r.timing, r.credited, r.late = claimTiming(o.in.calendar, o.cycles[settlement], s.DueDate, day, o.in.asOf)
		r.known = day != 0
	case s.Credit == CreditPartial && len(s.Held) > 0 && !held:
		// The other rows are what came, with the last credit at the latest.
		r.timing, r.late = paidTiming(o.in.calendar, o.cycles[settlement], s.DueDate, s.LastCredit)
		r.credited = s.LastCredit
	case s.Credit == CreditPartial && len(s.Held) == 0:
		r.known = false
	}
	return r
}

// agesOf sums what the settlements still owe by age. Settlements that nobody
// could check count only where the acquirer itself says that it pays later
// than it should.
func (o *settleOutput) agesOf() ages {
	list := newAges()
	for i := range o.settlements {
		s := &o.settlements[i]
		if s.Credit == CreditUnchecked && s.Timing != Overdue {
			continue
		}
		due := s.DueDate
		if s.Timing == PendingTiming {
			due = 0 // not overdue, if only for want of a statement
		}
		list.add(due, o.in.asOf, s.Currency, s.Outstanding)
	}
	return list
}
