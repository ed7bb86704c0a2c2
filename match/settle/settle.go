package settle

import (
	"cmp"
	"errors"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Input is what the settlement leg decides from: the clearing rows
// summed by class, and the bank side row by row.
type Input struct {
	AsOf      record.Date
	Contracts *terms.Contracts // nil: none
	Calendar  *terms.Calendar  // nil: the built-in one
	Patterns  *terms.Patterns  // nil: the built-in ones
	Sums      []ClearingSum
	// bank is every accepted row of the bank side; hasBank tells an empty
	// statement from none.
	Bank    []BankRow
	HasBank bool
	Payouts []PayoutRow
	// copies is, by settlement, what rows bring that stand twice in its files.
	Copies map[int32]money.Fen
	// grace is Options.StatementGrace.
	Grace record.Date
	// paid is what earlier nights have placed.
	Paid []result.PaidBefore
}

// ClearingSum is the sum of clearing rows that are alike in everything named
// here. Rows of any kind and status may be given: those that settle nothing
// (failed rows, pre-authorisations, payouts) belong to no settlement.
type ClearingSum struct {
	Acquirer, Merchant string
	Account, Currency  string // currency: "" is CNY
	Kind               record.Kind
	Status             record.Status
	Day                record.Date // clearing day; 0: not known
	Settled, Credited  record.Date // what the file itself says; 0: nothing
	terms.DueBy                    // when it is due
	Rows               int64
	// amount is signed; fee is amount − what the row pays out.
	Amount, Fee money.Fen
}

// settles says whether rows of a kind and status belong to a settlement.
func settles(kind record.Kind, status record.Status) bool {
	return status == record.OK && kind != record.Preauth && kind != record.Payout
}

// BankRow is one row of the bank side.
type BankRow struct {
	Pos      record.Pos
	doc      int // index of its document
	date     record.Date
	Amount   money.Fen
	Currency string // "" is CNY
	account  string // the account that the statement is of
	payer    string
	remark   string
	acquirer string // named by the file itself: a payout list, no statement
	merchant string
	clearing record.Date
	numbers  []string // payout numbers in columns of their own
	kind     record.Kind
	status   record.Status
}

// NewBankRow keeps what the settlement leg needs of a row of the bank side.
func NewBankRow(r *record.Row) BankRow {
	b := BankRow{
		Pos: r.Pos, doc: r.Doc, date: r.CreditedDate, Amount: r.Amount, clearing: r.ClearingDate, kind: r.Kind, status: r.Status,
		Currency: string(r.Text[record.Currency]), account: string(r.Text[record.Account]), payer: string(r.Text[record.Payer]),
		remark: string(r.Text[record.Remark]), acquirer: string(r.Text[record.Acquirer]), merchant: string(r.Text[record.MerchantID]),
	}
	if b.date == 0 && r.Time != 0 {
		b.date = r.Time.Date()
	}
	if b.date == 0 {
		b.date = r.SettleDate
	}
	if b.Currency == "CNY" {
		b.Currency = ""
	}
	for _, f := range [...]record.Field{record.OrderNo, record.ChannelNo, record.RefNo} {
		if len(r.Text[f]) > 0 {
			b.numbers = append(b.numbers, string(r.Text[f]))
		}
	}
	return b
}

// PayoutRow is a row of kind payout in a clearing file: the acquirer's word
// that it paid, with the number that the bank's remark may repeat.
type PayoutRow struct {
	Acquirer, Merchant string
	Clearing           record.Date // 0: not said
	Numbers            []string
}

// Output is the settlement leg's result.
type Output struct {
	Settlements []result.Settlement // in their total order
	Credits     []result.Credit     // in their total order
	Payments    []result.Payment
	// of is the settlement of each sum of the input, or -1.
	Of       []int32
	Warnings []result.Warning

	In      *Input
	Cycles  []terms.Cycle // of each settlement: the one that it is due by
	Stages  [][]stage     // of each settlement: what is due when, first due first
	brought []money.Fen   // into each settlement from negative ones before it
	Covered []bool        // of each settlement: the bank side covers its account
	shown   []shownSpan   // of each settlement: the days that the bank side shows
	// heldSteps are what searches for large sets of held rows may still take.
	heldSteps int
}

var ErrSettleOverflow = errors.New("the sums of a settlement exceed what an amount can hold")

// Run works out settlements, places the bank's credits and judges both.
// The result depends only on the content of the input, not on its order.
func Run(in Input) (*Output, error) {
	if in.Patterns == nil && len(in.Bank) > 0 {
		in.Patterns = terms.BuiltinPatterns()
	}
	o := &Output{In: &in, heldSteps: maxHeldSteps}
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
	day                          record.Date
	account                      string
}

// group sums the classes into settlements.
func (o *Output) group() error {
	accounts := o.accountNames()
	index := map[settlementKey]int{}
	o.Of = make([]int32, len(o.In.Sums))
	ok := true
	for i := range o.In.Sums {
		c := &o.In.Sums[i]
		if o.Of[i] = -1; !settles(c.Kind, c.Status) {
			continue
		}
		key := o.keyOf(c)
		key.account = accounts[key]
		n, seen := index[key]
		if !seen {
			n = len(o.Settlements)
			index[key] = n
			o.Stages = append(o.Stages, nil)
			o.Settlements = append(o.Settlements, result.Settlement{Acquirer: key.acquirer, MerchantID: key.merchant, Currency: key.currency, ClearingDate: key.day, Account: key.account})
		}
		s := &o.Settlements[n]
		o.Of[i] = int32(n)
		s.Transactions += c.Rows
		s.Gross, ok = addFen(s.Gross, c.Amount, ok)
		s.Fee, ok = addFen(s.Fee, c.Fee, ok)
		s.AddKind(c.Kind, c.Amount)
		c.claim(s)
		o.addStage(n, c)
	}
	if ok {
		ok = o.contractTerms()
	}
	if !ok {
		return ErrSettleOverflow
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
func (c *ClearingSum) claim(s *result.Settlement) {
	day := cmp.Or(c.Credited, c.Settled)
	switch {
	case day == NotSettled:
		s.Unsettled += c.Rows
		s.Claimed = noClaim
	case day == 0 || s.Claimed == noClaim:
		s.Claimed = noClaim
	default:
		s.Claimed = max(s.Claimed, day)
	}
}

// noClaim marks, while the sums are added, a settlement with rows that do not
// say when they were credited.
const noClaim record.Date = -1

// keyOf is the settlement of a class, its account as the file gives it, else
// as the contract does.
func (o *Output) keyOf(c *ClearingSum) settlementKey {
	key := settlementKey{o.In.Contracts.Name(c.Acquirer, c.Merchant), c.Merchant, c.Currency, c.Day, c.Account}
	if key.account == "" {
		key.account = o.In.Contracts.For(key.acquirer, key.merchant, key.day).Account
	}
	return key
}

// accountNames makes one name of the ways in which a settlement's account is
// written: 1234, ****1234 and 6222021234 are the same if only one longer
// number ends so.
func (o *Output) accountNames() map[settlementKey]string {
	written := map[settlementKey][]string{}
	for i := range o.In.Sums {
		key := o.keyOf(&o.In.Sums[i])
		account := key.account
		key.account = ""
		if settles(o.In.Sums[i].Kind, o.In.Sums[i].Status) && !slices.Contains(written[key], account) {
			written[key] = append(written[key], account)
		}
	}
	names := map[settlementKey]string{}
	for key, list := range written {
		for _, account := range list {
			longer := ""
			for _, other := range list {
				if other == account || !sameAccount(account, other) || len(terms.DigitTail(other)) < len(terms.DigitTail(account)) ||
					len(terms.DigitTail(other)) == len(terms.DigitTail(account)) && other > account {
					continue
				}
				if longer != "" && !sameAccount(longer, other) {
					longer = account
					break
				}
				if longer == "" || len(terms.DigitTail(other)) > len(terms.DigitTail(longer)) || len(terms.DigitTail(other)) == len(terms.DigitTail(longer)) && other < longer {
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

// sameAccount says whether two ways of writing an account can be the same
// one: the shorter's last digits, at least four, end the longer.
func sameAccount(a, b string) bool {
	x, y := terms.DigitTail(a), terms.DigitTail(b)
	if len(x) < terms.MinAccountTail || len(y) < terms.MinAccountTail {
		return terms.FoldName(a) == terms.FoldName(b)
	}
	n := min(len(x), len(y))
	return x[len(x)-n:] == y[len(y)-n:]
}

// contractTerms fills in nets, cycles and due dates.
func (o *Output) contractTerms() (ok bool) {
	ok = true
	years := map[int]bool{}
	for i := range o.Settlements {
		s := &o.Settlements[i]
		c := o.In.Contracts.For(s.Acquirer, s.MerchantID, s.ClearingDate)
		s.NamedAccount = c.Account
		s.Net, ok = addFen(s.Gross, -s.Fee, ok)
		if s.Net > 0 {
			// Nothing is paid out of a negative net, so nothing is charged for it.
			s.PayoutFee = c.PayoutFee
			s.Net -= s.PayoutFee
		}
		if s.Claimed == noClaim {
			s.Claimed = 0
		}
		o.dueDates(i, c, years)
	}
	for y := range years {
		o.Warnings = append(o.Warnings, CalendarWarning(y))
	}
	return ok
}

// CalendarWarning says that a year's statutory calendar is not known, so that
// due dates in it are provisional.
func CalendarWarning(year int) result.Warning {
	return result.Warning{Code: "calendar_year", Args: []string{strconv.Itoa(year)}}
}

func compareSettlements(a, b *result.Settlement) int {
	return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency),
		cmp.Compare(a.ClearingDate, b.ClearingDate), cmp.Compare(a.Account, b.Account))
}

// sortSettlements puts them into their total order and redirects of.
func (o *Output) sortSettlements() {
	order := make([]int, len(o.Settlements))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return compareSettlements(&o.Settlements[i], &o.Settlements[j]) })
	sorted, to := make([]result.Settlement, len(order)), make([]int32, len(order))
	for n, i := range order {
		sorted[n], to[i] = o.Settlements[i], int32(n)
	}
	stages := make([][]stage, len(order))
	for n, i := range order {
		stages[n] = o.Stages[i]
	}
	o.Settlements, o.Stages = sorted, stages
	for i, n := range o.Of {
		if n >= 0 {
			o.Of[i] = to[n]
		}
	}
	o.Cycles = make([]terms.Cycle, len(sorted))
	for i := range sorted {
		o.Cycles[i] = o.Stages[i][len(o.Stages[i])-1].cycle
	}
}

// contract is the contract of a settlement.
func (o *Output) contract(i int) *terms.Contract {
	s := &o.Settlements[i]
	return o.In.Contracts.For(s.Acquirer, s.MerchantID, s.ClearingDate)
}

// nameSettlements gives ids: acquirer/merchant/day, with the account where one
// day pays to several, and the currency where it is not the base one.
func (o *Output) nameSettlements() {
	base := func(s *result.Settlement) string {
		id := s.Acquirer + "/" + s.MerchantID + "/" + terms.DayText(s.ClearingDate)
		if s.Currency != "" {
			id += "/" + s.Currency
		}
		return id
	}
	count := map[string]int{}
	for i := range o.Settlements {
		count[base(&o.Settlements[i])]++
	}
	for i := range o.Settlements {
		s := &o.Settlements[i]
		if s.ID = base(s); count[s.ID] > 1 {
			s.ID += "/" + s.Account
		}
	}
}

// carry moves negative nets into the merchant's next settlement: the next
// clearing day's, of the same account if there is one. What is carried in may
// make that one negative too; then all of it goes on. The last one of a
// merchant keeps its debt.
func (o *Output) carry() {
	o.brought = make([]money.Fen, len(o.Settlements))
	for i := range o.Settlements {
		s := &o.Settlements[i]
		left := s.Net + o.brought[i]
		if left >= 0 {
			continue
		}
		if next := o.next(i); next >= 0 {
			s.Carried -= left
			o.Settlements[next].Carried += left
			o.brought[next] += left
		}
	}
}

// next is the settlement that a merchant's negative net is carried into, or -1.
func (o *Output) next(i int) int {
	s, next := &o.Settlements[i], -1
	for j := i + 1; j < len(o.Settlements); j++ {
		n := &o.Settlements[j]
		if n.Acquirer != s.Acquirer || n.MerchantID != s.MerchantID || n.Currency != s.Currency ||
			next >= 0 && n.ClearingDate > o.Settlements[next].ClearingDate {
			break
		}
		if n.ClearingDate > s.ClearingDate && (next < 0 || n.Account == s.Account) {
			next = j
		}
	}
	return next
}

// judge turns what came into credit states, timings and reasons.
func (o *Output) judge(a *allocator) {
	for i := range o.Settlements {
		s, p := &o.Settlements[i], a.payees[i]
		o.arrivals(s, p, a)
		s.Outstanding = s.Payable() - s.Credited
		if why, changed := o.accountChanged(i, p, a); changed {
			s.Flags, s.Evidence = s.Flags|result.AccountChanged, append(s.Evidence, why)
		}
		switch left := s.Net + o.brought[i]; {
		case left <= 0 && s.Credited == 0:
			s.Timing = result.TimingNone
			s.Credit, s.Reason = result.CreditFull, result.Reason{Code: result.ReasonNetted, Amount: -o.brought[i]}
			if left < 0 {
				s.Credit, s.Reason = result.CreditCarried, result.Reason{Code: result.ReasonNegative, Amount: left}
			}
		case !o.Covered[i] && len(p.paid) == 0:
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
func (o *Output) arrivals(s *result.Settlement, p *payee, a *allocator) {
	slices.SortFunc(p.paid, func(x, y result.Payment) int { return cmp.Compare(x.Credit, y.Credit) })
	pay := s.Payable()
	for _, part := range p.paid {
		c := &o.Credits[part.Credit]
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
			s.Released += part.Amount
		}
		s.LastCredit = c.Date
		if before < pay && s.Credited >= pay {
			s.CreditedDate = c.Date
		}
		serve(o.Stages[p.n], s.Credited, pay, c.Date)
	}
}

// accountChanged says whether money went, or is said to go, to an account that
// the contract does not name: neither on the clearing day nor on the day it
// came. Without an account in the contract the clearing file's is the measure.
func (o *Output) accountChanged(i int, p *payee, a *allocator) (why result.Reason, changed bool) {
	s := &o.Settlements[i]
	named := o.contract(i).Account
	if named != "" && s.Account != "" && !sameAccount(named, s.Account) {
		return result.Reason{Code: result.ReasonFileAccount}, true
	}
	want := cmp.Or(named, s.Account)
	for _, part := range p.paid {
		l := a.lines[part.Credit]
		if want == "" || l.undone || l.row.account == "" || sameAccount(want, l.row.account) {
			continue
		}
		later := o.In.Contracts.For(s.Acquirer, s.MerchantID, l.row.date)
		if later.Account == "" || !sameAccount(later.Account, l.row.account) {
			return result.Reason{Code: result.ReasonPaidAccount, Other: l.row.Pos, HasOther: true, OtherSide: record.SideBank}, true
		}
	}
	return result.Reason{}, false
}

// judgeUnchecked is for a settlement whose account no bank side shows: only the
// clearing file's own word remains.
func (o *Output) judgeUnchecked(i int) {
	s := &o.Settlements[i]
	s.Credit, s.Reason = result.CreditUnchecked, result.Reason{Code: result.ReasonUnchecked, Day: s.Claimed}
	claimed := s.Claimed
	if s.Unsettled > 0 {
		claimed = NotSettled
	}
	s.Timing, s.CreditedDate, s.DaysLate = result.ClaimTiming(o.In.Calendar, o.Cycles[i], s.DueDate, claimed, o.In.AsOf)
}

// judgePaid is for a settlement whose money came, in full or more.
func (o *Output) judgePaid(i int) {
	s := &o.Settlements[i]
	s.Timing, s.DaysLate = result.PaidTiming(o.In.Calendar, o.Cycles[i], s.DueDate, s.CreditedDate)
	over := s.Credited - s.Payable()
	switch {
	case over > 0:
		s.Credit, s.Reason = result.CreditOver, result.Reason{Code: result.ReasonOverpaid, Amount: over}
	case s.Timing == result.Late:
		s.Credit, s.Reason = result.CreditFull, result.Reason{Code: result.ReasonPaidLate, N: s.DaysLate, Day: s.CreditedDate}
	default:
		s.Credit, s.Reason = result.CreditFull, result.Reason{Code: result.ReasonPaid, Day: s.CreditedDate}
	}
}

// judgeShort is for a settlement whose money did not come, or only in part.
func (o *Output) judgeShort(i int, p *payee) {
	s := &o.Settlements[i]
	s.Timing = result.OpenTiming(o.In.Calendar, o.Cycles[i], s.DueDate, o.In.AsOf)
	s.DaysLate = result.OverdueBy(o.In.Calendar, o.Cycles[i], s.DueDate, o.In.AsOf)
	awaited := s.Timing == result.Overdue && o.awaited(i, s.DueDate)
	if awaited {
		s.Timing, s.DaysLate = result.PendingTiming, 0
	}
	claimed := s.Claimed != 0 && s.Claimed <= o.In.AsOf
	s.Credit = result.CreditNone
	if s.Credited > 0 {
		s.Credit = result.CreditPartial
	}
	switch {
	case p.returned != 0:
		s.Reason = result.Reason{Code: result.ReasonReopened, Day: p.returned, Amount: s.Outstanding}
	case awaited:
		s.Reason = result.Reason{Code: result.ReasonStatementEnds, Day: o.shown[i].to, Amount: s.Outstanding}
	case p.wanted > 0:
		s.Reason = result.Reason{Code: result.ReasonMayBePaid, N: p.wanted, Amount: s.Outstanding}
	case s.Credited > 0:
		s.Reason = result.Reason{Code: result.ReasonShortOpen, Amount: s.Outstanding}
	case claimed:
		s.Reason = result.Reason{Code: result.ReasonClaimDiffers, Day: s.Claimed, Amount: s.Outstanding}
	case s.Timing == result.PendingTiming:
		s.Reason = result.Reason{Code: result.ReasonNotDue, Day: s.DueDate, Amount: s.Outstanding}
	default:
		s.Reason = result.Reason{Code: result.ReasonNotPaid, Day: s.DueDate, N: s.DaysLate, Amount: s.Outstanding}
	}
}

// NotSettled stands for the settle day of rows that the file itself calls not
// settled: a day that never comes.
const NotSettled record.Date = 1<<31 - 1
