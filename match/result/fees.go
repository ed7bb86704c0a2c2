package result

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
)

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
	Type                           terms.FeeType
	Rate                           terms.Rate
	Cap                            money.Fen
}

// FeeSums are the sums of a FeeLine.
type FeeSums struct {
	Rows, Checked             int64
	Amount, Charged, Expected money.Fen // of the checked rows
	OverRows, UnderRows       int64
	Over, Under               money.Fen // both positive
}

// Add checks one row and counts it; a row whose file gives no fee is not checked.
func (t *FeeSums) Add(r terms.FeeRule, amount, fee money.Fen, hasFee bool) (expected money.Fen, differs bool) {
	t.Rows++
	if !r.Known || !hasFee {
		return 0, false
	}
	expected, differs = r.Check(amount, fee)
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

// FeeLedger gathers the lines of a run.
type FeeLedger map[FeeKey]*FeeSums

// Of is the sums for rows of a merchant under a rule.
func (f FeeLedger) Of(acquirer, merchant, currency string, r terms.FeeRule) *FeeSums {
	return f.at(FeeKey{Acquirer: acquirer, MerchantID: merchant, Currency: currency, Type: r.Kind, Rate: r.Rate, Cap: r.Cap})
}

func (f FeeLedger) at(key FeeKey) *FeeSums {
	t := f[key]
	if t == nil {
		t = &FeeSums{}
		f[key] = t
	}
	return t
}

// Merge adds another ledger's sums.
func (f FeeLedger) Merge(o FeeLedger) {
	for key, t := range o {
		f.at(key).plus(t)
	}
}

// Lines are the ledger's lines in their total order.
func (f FeeLedger) Lines() []FeeLine {
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
