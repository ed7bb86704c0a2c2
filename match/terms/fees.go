package terms

import (
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
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

// FeeRule is the rate that a class of rows falls under; known is false where
// the contract names none, so that the fee is unchecked.
type FeeRule struct {
	Kind  FeeType
	Rate  Rate
	Cap   money.Fen // 0: none
	Known bool
}

// FeeRule chooses the rate for a card type and a way of paying. A card whose
// type the file does not tell is checked only where debit and credit cost the
// same, or where the contract names only one of the two: any other choice
// would accuse the acquirer on a guess.
func (c *Contract) FeeRule(card record.CardType, ch record.Channel) FeeRule {
	debit := FeeRule{FeeDebit, c.Debit, c.DebitCap, c.Debit.Known()}
	credit := FeeRule{FeeCredit, c.Credit, 0, c.Credit.Known()}
	switch {
	case ch == record.ChannelQR:
		return FeeRule{FeeQR, c.QR, 0, c.QR.Known()}
	case ch == record.ChannelOther:
		return FeeRule{Kind: FeeOther}
	case card == record.Debit:
		return debit
	case card == record.Credit:
		return credit
	case ch == record.ChannelUnknown:
		return FeeRule{Kind: FeeUnknown}
	case debit.Known && credit.Known && (debit.Rate != credit.Rate || debit.Cap != 0):
		return FeeRule{Kind: FeeUnknown}
	case debit.Known:
		return FeeRule{FeeCard, debit.Rate, debit.Cap, true}
	}
	return FeeRule{FeeCard, credit.Rate, 0, credit.Known}
}

// expected is the contract's fee for an amount, with its sign.
func (r FeeRule) expected(amount money.Fen) money.Fen {
	fee := r.Rate.Of(amount)
	if r.Cap == 0 || fee.Abs() <= r.Cap {
		return fee
	}
	if fee < 0 {
		return -r.Cap
	}
	return r.Cap
}

// Check compares a charged fee with the contract. A refund's fee may be
// returned or kept: a kept one is expected to be what it is, nothing.
func (r FeeRule) Check(amount, fee money.Fen) (expected money.Fen, differs bool) {
	if !r.Known {
		return 0, false
	}
	expected = r.expected(amount)
	if amount < 0 && fee.Abs() <= feeTolerance && expected.Abs() > feeTolerance {
		return 0, false
	}
	return expected, (fee - expected).Abs() > feeTolerance
}
