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
	FeeKey
	FeeSums
}

// FeeKey is what the rows of a FeeLine have in common.
type FeeKey struct {
	Acquirer, MerchantID, Currency string
	Type                           FeeType
	Rate                           Rate
	Cap                            money.Fen
}

// FeeSums are the sums of a FeeLine.
type FeeSums struct {
	Rows, Checked             int64
	Amount, Charged, Expected money.Fen // of the checked rows
	OverRows, UnderRows       int64
	Over, Under               money.Fen // both positive
}

// add checks one row and counts it; a row whose file gives no fee is not checked.
func (t *FeeSums) add(r feeRule, amount, fee money.Fen, hasFee bool) (expected money.Fen, differs bool) {
	t.Rows++
	if !r.known || !hasFee {
		return 0, false
	}
	expected, differs = r.check(amount, fee)
	t.Checked++
	t.Amount += amount
	t.Charged += fee
	t.Expected += expected
	switch diff := fee - expected; {
	case !differs:
	case diff > 0:
		t.OverRows++
		t.Over += diff
	default:
		t.UnderRows++
		t.Under -= diff
	}
	return expected, differs
}

// plus adds other sums.
func (t *FeeSums) plus(o *FeeSums) {
	t.Rows += o.Rows
	t.Checked += o.Checked
	t.Amount += o.Amount
	t.Charged += o.Charged
	t.Expected += o.Expected
	t.OverRows += o.OverRows
	t.UnderRows += o.UnderRows
	t.Over += o.Over
	t.Under += o.Under
}

// feeLedger gathers the lines of a run.
type feeLedger map[FeeKey]*FeeSums

// of is the sums for rows of a merchant under a rule.
func (f feeLedger) of(acquirer, merchant, currency string, r feeRule) *FeeSums {
	return f.at(FeeKey{Acquirer: acquirer, MerchantID: merchant, Currency: currency, Type: r.kind, Rate: r.rate, Cap: r.cap})
}

func (f feeLedger) at(key FeeKey) *FeeSums {
	t := f[key]
	if t == nil {
		t = &FeeSums{}
		f[key] = t
	}
	return t
}

// merge adds another ledger's sums.
func (f feeLedger) merge(o feeLedger) {
	for key, t := range o {
		f.at(key).plus(t)
	}
}

// lines are the ledger's lines in their total order.
func (f feeLedger) lines() []FeeLine {
	list := make([]FeeLine, 0, len(f))
	for key, t := range f {
		list = append(list, FeeLine{key, *t})
	}
	slices.SortFunc(list, func(a, b FeeLine) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency),
			cmp.Compare(a.Type, b.Type), cmp.Compare(a.Rate, b.Rate), cmp.Compare(a.Cap, b.Cap))
	})
	return list
}
