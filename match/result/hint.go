package result

import "github.com/duizhang/duizhang/parse/money"

// HintKind says what the difference between an unplaced bank line and the
// settlement next to it looks like.
type HintKind uint8

const (
	// NoHint: no settlement of the account is anywhere near.
	NoHint HintKind = iota
	// HintEqual: it is exactly what the settlement lacks.
	HintEqual
	// HintTransposed: two neighbouring digits have changed places.
	HintTransposed
	// HintFen: less than a yuan more or less.
	HintFen
	// HintGross: the gross amount, fees not taken off.
	HintGross
	// HintFee: less by what looks like a fee for the transfer.
	HintFee
	// HintSeveral: several settlements, less by what looks like a fee.
	HintSeveral
	// HintPaid: it is the whole of a settlement that is paid already.
	HintPaid
	// HintNearest: only the nearest one in amount.
	HintNearest
)

// Hint names the settlement that an unplaced bank line is nearest to. It places
// nothing.
type Hint struct {
	Kind        HintKind
	Settlements []int32 // indexes into Result.Settlements
	// Amount is the line less what the settlements lack.
	Amount money.Fen
	// GaveUp: the search was stopped at its limit; a nearer one may be there.
	GaveUp bool
}
