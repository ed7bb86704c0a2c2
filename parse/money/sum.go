package money

import "math/bits"

// Sum is a 128-bit sum of amounts: no file can make it overflow.
type Sum struct {
	Hi int64
	Lo uint64
}

func (s *Sum) Add(v Fen) { s.AddSum(Sum{int64(v) >> 63, uint64(v)}) }

func (s *Sum) AddSum(o Sum) {
	lo, carry := bits.Add64(s.Lo, o.Lo, 0)
	s.Lo = lo
	s.Hi += o.Hi + int64(carry)
}

func (s Sum) Neg() Sum {
	lo, borrow := bits.Sub64(0, s.Lo, 0)
	return Sum{-s.Hi - int64(borrow), lo}
}

// Size is the absolute value.
func (s Sum) Size() Sum {
	if s.Hi < 0 {
		return s.Neg()
	}
	return s
}

func (s Sum) Less(o Sum) bool { return s.Hi < o.Hi || s.Hi == o.Hi && s.Lo < o.Lo }

// Fen is the sum as an amount; ok is false where it does not fit.
func (s Sum) Fen() (v Fen, ok bool) {
	return Fen(s.Lo), s.Hi == int64(s.Lo)>>63
}

// Sub is s − o, clipped to what an amount can hold; it only serves messages.
func (s Sum) Sub(o Sum) Fen {
	d := o.Neg()
	d.AddSum(s)
	v, ok := d.Fen()
	switch {
	case ok:
		return v
	case d.Hi < 0:
		return -1 << 63
	}
	return 1<<63 - 1
}
