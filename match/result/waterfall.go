package result

import (
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Waterfall leads from what was sold to what was credited of a settlement, each
// step signed as it is added:
//
//	Sales + Refunds + Adjustments − Fees − PayoutFee − Repeated + Carried
//	− Held + Released − Unpaid + Overpaid − Unexplained = Credited
//
// Unexplained is what is left when nothing else is known; no other line takes
// in a part of it.
type Waterfall struct {
	Sales, Refunds, Adjustments money.Fen // of the clearing rows by kind
	Fees, PayoutFee             money.Fen
	Repeated                    money.Fen // nets of rows that stand twice
	Carried                     money.Fen // moved in from, or on to, other settlements
	// Held is what did not come at first: the rows that are held, and what was
	// released later, after the first day on which money came.
	Held, Released money.Fen
	// Unpaid is the whole of a settlement of which nothing came, or of which
	// nobody can see whether it came.
	Unpaid money.Fen
	// Overpaid is what came beyond all that the clearing file claims.
	Overpaid    money.Fen
	Unexplained money.Fen
	Credited    money.Fen
}

// AddKind notes what rows of a kind bring.
func (s *Settlement) AddKind(kind record.Kind, amount money.Fen) {
	switch kind {
	case record.Sale, record.PreauthComplete:
		s.sales += amount
	case record.Refund, record.Void, record.Reversal:
		s.refunds += amount
	}
}

// Waterfall is how the settlement's money came about.
func (s *Settlement) Waterfall() Waterfall {
	w := Waterfall{Sales: s.sales, Refunds: s.refunds, PayoutFee: s.PayoutFee, Repeated: s.Repeated, Carried: s.Carried, Released: s.Released, Held: s.Released, Credited: s.Credited}
	for _, p := range s.Copies {
		w.Fees += p.Amount - p.Net
		w.Adjustments += p.Amount
	}
	// Gross and Fee are without the repeated rows; sales and refunds are with them.
	w.Adjustments += s.Gross - s.sales - s.refunds
	w.Fees += s.Fee
	switch {
	case s.Outstanding < 0:
		w.Overpaid = -s.Outstanding
	case len(s.Held) > 0:
		w.Held += s.Outstanding
	case s.Credited == 0:
		w.Unpaid = s.Outstanding
	default:
		w.Unexplained = s.Outstanding
	}
	return w
}

// Sum is what the steps lead to: Credited, if nothing was lost on the way.
func (w Waterfall) Sum() money.Fen {
	return w.Sales + w.Refunds + w.Adjustments - w.Fees - w.PayoutFee - w.Repeated + w.Carried - w.Held + w.Released - w.Unpaid + w.Overpaid - w.Unexplained
}
