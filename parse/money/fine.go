package money

import (
	"bytes"
	"errors"
	"fmt"
)

// Fine reads an amount that may have up to five decimals of a yuan, as fees per
// mille are printed: f is the part in whole fen, towards zero, and milli the
// thousandths of a fen beyond it, with the sign of the amount. The errors are
// those of Parse.
func Fine(s []byte, unit Unit) (f Fen, milli int64, err error) {
	f, err = Parse(s, unit)
	if !errors.Is(err, ErrDecimals) {
		return f, 0, err
	}
	s = bytes.TrimSpace(s)
	point := bytes.LastIndexByte(s, '.')
	if point < 0 || len(s)-point <= 3 {
		return 0, 0, err
	}
	digits := bytes.TrimRight(s[point+3:], "0")
	if len(digits) > 3 {
		return 0, 0, err
	}
	for i := range 3 {
		milli *= 10
		if i < len(digits) {
			if digits[i] < '0' || digits[i] > '9' {
				return 0, 0, err
			}
			milli += int64(digits[i] - '0')
		}
	}
	if f, err = Parse(s[:point+3], unit); err != nil {
		return 0, 0, err
	}
	if s[0] == '-' {
		milli = -milli
	}
	return f, milli, nil
}

// Round is f and thousandths of a fen as whole fen, half a fen away from zero.
func Round(f Fen, milli int64) Fen {
	f, milli = f+Fen(milli/1000), milli%1000
	switch {
	case milli >= 500:
		f++
	case milli <= -500:
		f--
	}
	return f
}

// FineText is an amount with its thousandths of a fen, if there are any.
func FineText(f Fen, milli int64) string {
	if milli == 0 {
		return f.String()
	}
	text := fmt.Sprintf("%s%03d", f.Abs().String(), max(milli, -milli))
	if f < 0 || milli < 0 {
		text = "-" + text
	}
	return text
}
