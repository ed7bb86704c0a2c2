package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// feeTolerance is by how much a charged fee may differ from the expected one:
// acquirers round each row to the fen, not all of them half up.
const feeTolerance money.Fen = 1

// FeeType is which rate of a contract a row falls under.
type FeeType uint8

const (
	// FeeUnknown: the row does not say enough to choose a rate.
	FeeUnknown FeeType = iota
	FeeDebit
	FeeCredit
	FeeCard // a card of unknown type, where the contract has one card rate only
	FeeQR
	FeeOther // cash and the like
)

// String is the code of the machine-readable results.
func (f FeeType) String() string {
	return [...]string{"unknown", "debit", "credit", "card", "qr", "other"}[f]
}

// feeRule is the rate that a class of rows falls under; known is false where
// the contract names none, so that the fee is unchecked.
type feeRule struct {
	kind  FeeType
	rate  Rate
	cap   money.Fen // 0: none
	known bool
}

// feeRule chooses the rate for a card type and a way of paying. A card whose
// type the file does not tell is checked only where debit and credit cost the
// same, or where the contract names only one of the two: any other choice
// would accuse the acquirer on a guess.
func (c *Contract) feeRule(card parse.CardType, ch parse.Channel) feeRule {
	debit := feeRule{FeeDebit, c.Debit, c.DebitCap, c.Debit.Known()}
	credit := feeRule{FeeCredit, c.Credit, 0, c.Credit.Known()}
	switch {
	case ch == parse.ChannelQR:
		return feeRule{FeeQR, c.QR, 0, c.QR.Known()}
	case ch == parse.ChannelOther:
		return feeRule{kind: FeeOther}
	case card == parse.Debit:
		return debit
	case card == parse.Credit:
		return credit
	case ch == parse.ChannelUnknown:
		return feeRule{kind: FeeUnknown}
	case debit.known && credit.known && (debit.rate != credit.rate || debit.cap != 0):
		return feeRule{kind: FeeUnknown}
	case debit.known:
		return feeRule{FeeCard, debit.rate, debit.cap, true}
	}
	return feeRule{FeeCard, credit.rate, 0, credit.known}
}

// expected is the contract's fee for an amount, with its sign.
func (r feeRule) expected(amount money.Fen) money.Fen {
	fee := r.rate.Of(amount)
	if r.cap == 0 || fee.Abs() <= r.cap {
		return fee
	}
	if fee < 0 {
		return -r.cap
	}
	return r.cap
}

// check compares a charged fee with the contract. A refund's fee may be
// returned or kept: a kept one is expected to be what it is, nothing.
func (r feeRule) check(amount, fee money.Fen) (expected money.Fen, differs bool) {
	if !r.known {
		return 0, false
	}
	expected = r.expected(amount)
	if amount < 0 && fee.Abs() <= feeTolerance && expected.Abs() > feeTolerance {
		return 0, false
	}
	return expected, (fee - expected).Abs() > feeTolerance
}

// FeeLine sums the fees of one merchant, type of payment and rate: what was
// charged, what the contract says, and how much of the difference is over-
// and how much under-charging.
type FeeLine struct {
	Acquirer, MerchantID, Currency string
	Type                           FeeType
	Rate                           Rate
	Cap                            money.Fen
	Rows, Checked                  int64
	Amount, Charged, Expected      money.Fen // of the checked rows
	OverRows, UnderRows            int64
	Over, Under                    money.Fen // both positive
}

// feeTally is what a class of rows adds to a FeeLine.
type feeTally struct {
	rows, checked, overRows, underRows     int64
	amount, charged, expected, over, under money.Fen
}

// add checks one row and counts it; a row whose file gives no fee is not checked.
func (t *feeTally) add(r feeRule, amount, fee money.Fen, hasFee bool) (expected money.Fen, differs bool) {
	t.rows++
	if !r.known || !hasFee {
		return 0, false
	}
	expected, differs = r.check(amount, fee)
	t.checked++
	t.amount += amount
	t.charged += fee
	t.expected += expected
	switch diff := fee - expected; {
	case !differs:
	case diff > 0:
		t.overRows++
		t.over += diff
	default:
		t.underRows++
		t.under -= diff
	}
	return expected, differs
}

// addTo merges a tally into the line of its merchant, type and rate.
func (t *feeTally) addTo(l *FeeLine) {
	l.Rows += t.rows
	l.Checked += t.checked
	l.Amount += t.amount
	l.Charged += t.charged
	l.Expected += t.expected
	l.OverRows += t.overRows
	l.UnderRows += t.underRows
	l.Over += t.over
	l.Under += t.under
}

// feeLedger gathers the lines of a run.
type feeLedger map[FeeLine]*feeTally // keyed by the line's identity only

// of is the tally for rows of a merchant under a rule.
func (f feeLedger) of(acquirer, merchant, currency string, r feeRule) *feeTally {
	key := FeeLine{Acquirer: acquirer, MerchantID: merchant, Currency: currency, Type: r.kind, Rate: r.rate, Cap: r.cap}
	t := f[key]
	if t == nil {
		t = &feeTally{}
		f[key] = t
	}
	return t
}

// merge adds another ledger's tallies.
func (f feeLedger) merge(o feeLedger) {
	for key, t := range o {
		mine := f[key]
		if mine == nil {
			mine = &feeTally{}
			f[key] = mine
		}
		mine.plus(t)
	}
}

func (t *feeTally) plus(o *feeTally) {
	t.rows += o.rows
	t.checked += o.checked
	t.overRows += o.overRows
	t.underRows += o.underRows
	t.amount += o.amount
	t.charged += o.charged
	t.expected += o.expected
	t.over += o.over
	t.under += o.under
}

// lines are the ledger's lines in their total order.
func (f feeLedger) lines() []FeeLine {
	list := make([]FeeLine, 0, len(f))
	for key, t := range f {
		l := key
		t.addTo(&l)
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b FeeLine) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency),
			cmp.Compare(a.Type, b.Type), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Cap, b.Cap))
	})
	return list
}
