// Package money is the only place that reads or prints amounts of money.
//
// An amount is a Fen: a signed whole number of fen (分, hundredths of a yuan;
// hundredths of the unit for any other currency). There are no floats here:
// what cannot be read exactly is an error, never a rounded number.
package money

// Fen is a signed amount in hundredths of the currency unit.
type Fen int64

// Max is the largest absolute amount one row may carry (360 trillion yuan). It
// leaves a byte free for the matcher's packed facts and makes the sum of four
// billion such rows the first that could overflow a 128-bit accumulator, and
// of 255 such rows an int64 one: sums are therefore checked.
const Max Fen = 1<<55 - 1

// Unit says what a bare number in a column counts.
type Unit uint8

const (
	// Yuan reads "12.34" as 1234 fen; more than two decimals must be zeros.
	Yuan Unit = iota
	// UnitFen reads "1234" as 1234 fen; a decimal part contradicts the unit
	// and is an error.
	UnitFen
)
