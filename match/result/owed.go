package result

import (
	"cmp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Age is how many days money is over its due date: business days by a cycle
// T+n, calendar days by D+n; 0 while it is not due or has no due date. cycle is
// the text of a Cycle.
func Age(cal *terms.Calendar, cycle string, due, asOf record.Date) int32 {
	if due == 0 || due >= asOf {
		return 0
	}
	if cal == nil {
		cal = terms.BuiltinCalendar()
	}
	c, err := terms.ParseCycle(cycle)
	if err != nil {
		c = terms.Cycle{Business: true, Days: 1}
	}
	return OverdueBy(cal, c, due, asOf)
}

// Open says that a person follows the groups of an outcome (SPEC section 10):
// something is to be cleared up about them. The others owe nothing.
func (m Match) Open() bool {
	switch m {
	case PosOnly, ClearingOnly, InTransit, Partial, Over, Conflict, Suggested, Duplicate:
		return true
	}
	return false
}

// Owes is what the acquirer owes, in fen, for a group of which so much was sold
// and so much was cleared, rows that move no money not counted; negative where
// more was cleared than sold. What was cleared is the settlement's to pay, and
// not owed here a second time. A sale that stands twice in the shop's export was
// made once. The rule is SPEC section 10's, "owed".
func (m Match) Owes(sold, cleared money.Fen) money.Fen {
	switch {
	case !m.Open():
		return 0
	case m == Duplicate:
		return -cleared
	}
	return sold - cleared
}

// GoesBack says that the group is of money that was given back: a refund, a
// void or a reversal, which are negative whatever the file writes (SPEC section
// 2). It is for the acquirer to deduct, and never late.
func (g *Group) GoesBack() bool {
	if len(g.Pos) > 0 && g.PosAmount != 0 {
		return g.PosAmount < 0
	}
	return g.ClearingAmount < 0
}

// Sure says of a suggestion that a person will hardly doubt it: one row of each
// side, the same amount, and neither has another candidate (SPEC section 3.3).
func (g *Group) Sure() bool {
	return g.Match == Suggested && len(g.Pos) == 1 && len(g.Clearing) == 1 && g.PosAmount == g.ClearingAmount && g.Reason.Code == ReasonSuggested
}

// Owed is what of the settlement's money has not come, in fen, negative where
// too much did. Whether that of an unchecked one came nobody can say: it owes
// nothing, unless the acquirer itself pays later than it should.
func (s *Settlement) Owed() money.Fen {
	if s.Credit == CreditUnchecked && s.Timing != Overdue {
		return 0
	}
	return s.Outstanding
}

// Unplaced is the money of a bank line, in fen, that came from an acquirer and
// that no settlement has taken: it is for somebody to claim.
func (c *Credit) Unplaced() money.Fen {
	if c.Outcome != Unidentified && c.Outcome != Ambiguous {
		return 0
	}
	return c.Amount - c.Allocated
}

// Owed is what the acquirers owe: the one account that the terminal, the JSON
// summary, the workbook and the ledger show. Total = Sales + Refunds, over all
// groups and settlements by their rules; Unplaced money stands beside and is not
// taken off. The sums are fen of the base currency; By has the others too.
type Owed struct {
	Total, Sales, Refunds money.Fen
	// Overdue is what is owed for sales whose due date has passed.
	Overdue, Unplaced money.Fen
	// Excess is, of Sales, what was cleared or paid and not sold; it counts there
	// as less than nothing. So Sales + Excess is what is owed for sales alone, of
	// which Overdue is a part.
	Excess money.Fen
	Items  int64 // that owe anything, of the base currency
	By     []OwedBy
	Ages   [NumAges]OwedAge
}

// OwedBy is what one acquirer owes one merchant in one currency. Its Items are
// groups and settlements that owe anything.
type OwedBy struct {
	Acquirer, MerchantID, Currency string
	Items, OverdueItems            int64
	Sales, Refunds, Overdue        money.Fen
	// Excess is, of Sales, what was cleared or paid and not sold; it counts
	// there as less than nothing.
	Excess money.Fen
	// Unplaced is money of bank lines of the acquirer, which name no merchant:
	// it stands in a line of its own.
	Unplaced      money.Fen
	UnplacedLines int64
	// Oldest is the earliest due date of what is owed for sales and overdue,
	// else of what is not due; 0: none has one. Age is its age, in business
	// days or in calendar ones.
	Oldest   record.Date
	Age      int32
	Business bool
	Ages     [NumAges]OwedAge
	late     bool // Oldest is overdue
}

// Owed is what is owed for sales and refunds together.
func (b *OwedBy) Owed() money.Fen { return b.Sales + b.Refunds }

// OwedAge is what is owed of one age.
type OwedAge struct {
	Count          int64
	Sales, Refunds money.Fen
}

// The ages that owed money is summed by: not overdue, then days since it was due,
// counted as its cycle does.
const NumAges = 5

// AgeBounds are the last days of the ages but the last one.
var AgeBounds = [NumAges - 1]int32{0, 3, 7, 30}

// AgeBucket is which of the ages money is of whose due date is past by so many
// days: the first one if it is not past, or is not held to be. Money that fell due
// at a weekend is past it before a business day has passed.
func AgeBucket(past bool, days int32) int {
	if !past {
		return 0
	}
	for i, to := range AgeBounds[1:] {
		if max(days, 1) <= to {
			return i + 1
		}
	}
	return NumAges - 1
}

// SumOwed works out Owed from groups, settlements and credits. Items for which
// closed is true, by their id in the ledger, owe nothing any more; nil: none.
func (res *Result) SumOwed(cal *terms.Calendar, closed func(id string) bool) {
	t := owedTable{res: res, cal: cal, by: map[owedKey]*OwedBy{}}
	if cal == nil {
		t.cal = terms.BuiltinCalendar()
	}
	res.Owed = Owed{}
	gone := func(id string) bool { return id != "" && closed != nil && closed(id) }
	for i := range res.Groups {
		if g := &res.Groups[i]; g.Match.Open() && !gone(g.ItemID) {
			t.group(g)
		}
	}
	for i := range res.Settlements {
		if s := &res.Settlements[i]; !gone(s.ItemID) {
			t.add(owedKey{s.Acquirer, s.MerchantID, s.Currency}, s.Owed(), s.Payable() < 0, s.Timing, s.DueDate, s.Cycle)
		}
	}
	for i := range res.Credits {
		if c := &res.Credits[i]; c.Unplaced() != 0 && !gone(c.ItemID) {
			l := t.line(owedKey{acquirer: c.Acquirer, currency: c.Currency})
			l.Unplaced += c.Unplaced()
			l.UnplacedLines++
			if l.Currency == BaseCurrency {
				res.Owed.Unplaced += c.Unplaced()
			}
		}
	}
	for _, l := range t.by {
		res.Owed.By = append(res.Owed.By, *l)
	}
	slices.SortFunc(res.Owed.By, func(a, b OwedBy) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency))
	})
}

type owedKey struct{ acquirer, merchant, currency string }

type owedTable struct {
	res *Result
	cal *terms.Calendar
	by  map[owedKey]*OwedBy
}

func (t *owedTable) line(k owedKey) *OwedBy {
	k.currency = cmp.Or(k.currency, BaseCurrency)
	l := t.by[k]
	if l == nil {
		l = &OwedBy{Acquirer: k.acquirer, MerchantID: k.merchant, Currency: k.currency}
		t.by[k] = l
	}
	return l
}

func (t *owedTable) group(g *Group) {
	k := owedKey{g.Acquirer, g.MerchantID, g.Currency}
	if g.Settlement >= 0 {
		s := &t.res.Settlements[g.Settlement]
		k.acquirer, k.merchant = s.Acquirer, s.MerchantID
	}
	t.add(k, g.Owed, g.GoesBack(), g.Timing, g.DueDate, g.Cycle)
}

func (t *owedTable) add(k owedKey, owed money.Fen, back bool, timing Timing, due record.Date, cycle string) {
	if owed == 0 {
		return
	}
	l := t.line(k)
	age := int32(0)
	if timing == Overdue {
		age = Age(t.cal, cycle, due, t.res.AsOf)
	}
	bucket := AgeBucket(timing == Overdue, age)
	late := bucket > 0 && !back && owed > 0
	l.Items++
	a := &l.Ages[bucket]
	a.Count++
	if back {
		a.Refunds += owed
		l.Refunds += owed
	} else {
		a.Sales += owed
		l.Sales += owed
		l.Excess += max(-owed, 0)
	}
	if late {
		l.OverdueItems++
		l.Overdue += owed
	}
	if !back && owed > 0 && due != 0 {
		l.older(late, due, age, !strings.HasPrefix(cycle, "D"))
	}
	if l.Currency == BaseCurrency {
		t.res.Owed.count(bucket, owed, back, late)
	}
}

func (o *Owed) count(bucket int, owed money.Fen, back, late bool) {
	o.Items++
	o.Total += owed
	a := &o.Ages[bucket]
	a.Count++
	if back {
		o.Refunds += owed
		a.Refunds += owed
		return
	}
	o.Sales += owed
	o.Excess += max(-owed, 0)
	a.Sales += owed
	if late {
		o.Overdue += owed
	}
}

// ByAcquirer puts the lines of one acquirer and currency together; the merchant
// number is empty.
func (o *Owed) ByAcquirer() (list []OwedBy) {
	for i := range o.By {
		b := o.By[i]
		n := slices.IndexFunc(list, func(l OwedBy) bool { return l.Acquirer == b.Acquirer && l.Currency == b.Currency })
		if n < 0 {
			b.MerchantID = ""
			list = append(list, b)
			continue
		}
		list[n].merge(&b)
	}
	return list
}

func (l *OwedBy) merge(b *OwedBy) {
	l.Items += b.Items
	l.OverdueItems += b.OverdueItems
	l.Sales += b.Sales
	l.Excess += b.Excess
	l.Refunds += b.Refunds
	l.Overdue += b.Overdue
	l.Unplaced += b.Unplaced
	l.UnplacedLines += b.UnplacedLines
	for i := range l.Ages {
		l.Ages[i].Count += b.Ages[i].Count
		l.Ages[i].Sales += b.Ages[i].Sales
		l.Ages[i].Refunds += b.Ages[i].Refunds
	}
	if b.Oldest != 0 {
		l.older(b.late, b.Oldest, b.Age, b.Business)
	}
}

// older notes a due date, if it is the one to be told.
func (l *OwedBy) older(late bool, due record.Date, age int32, business bool) {
	if l.Oldest == 0 || late && !l.late || late == l.late && (due < l.Oldest || due == l.Oldest && age > l.Age) {
		l.late, l.Oldest, l.Age, l.Business = late, due, age, business
	}
}
