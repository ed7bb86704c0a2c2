package match

import (
	"math/bits"

	"duizhang/parse/money"
)

// sum is a 128-bit sum of amounts: no file can make it overflow.
type sum struct {
	hi int64
	lo uint64
}

func (s *sum) add(v money.Fen) { s.addSum(sum{int64(v) >> 63, uint64(v)}) }

func (s *sum) addSum(o sum) {
	lo, carry := bits.Add64(s.lo, o.lo, 0)
	s.lo = lo
	s.hi += o.hi + int64(carry)
}

func (s sum) neg() sum {
	lo, borrow := bits.Sub64(0, s.lo, 0)
	return sum{-s.hi - int64(borrow), lo}
}

// size is the absolute value.
func (s sum) size() sum {
	if s.hi < 0 {
		return s.neg()
	}
	return s
}

func (s sum) less(o sum) bool { return s.hi < o.hi || s.hi == o.hi && s.lo < o.lo }

// fen is the sum as an amount; ok is false where it does not fit.
func (s sum) fen() (v money.Fen, ok bool) {
	return money.Fen(s.lo), s.hi == int64(s.lo)>>63
}

// sub is s − o, clipped to what an amount can hold; it only serves messages.
func (s sum) sub(o sum) money.Fen {
	d := o.neg()
	d.addSum(s)
	v, ok := d.fen()
	switch {
	case ok:
		return v
	case d.hi < 0:
		return -1 << 63
	}
	return 1<<63 - 1
}
