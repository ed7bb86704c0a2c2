package money

// Append appends f with two decimals and no separators: 1234.05, -0.01.
func (f Fen) Append(b []byte) []byte {
	u := uint64(f)
	if f < 0 {
		b = append(b, '-')
		u = -u
	}
	var digits [20]byte
	i := len(digits)
	for n := 0; n < 3 || u > 0; n++ {
		i--
		digits[i] = byte('0' + u%10)
		u /= 10
	}
	b = append(b, digits[i:len(digits)-2]...)
	b = append(b, '.')
	return append(b, digits[len(digits)-2:]...)
}
