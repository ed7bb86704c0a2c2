package layout

import "encoding/binary"

// A cellMemo knows the cells that a column had last. Most columns of text have
// few different ones: a cell of up to 32 bytes is compared as four words, and
// longer ones are not for it. What a cell stands for is a small number that is
// not zero.
type cellMemo struct {
	slots [64]memoSlot
}

type memoSlot struct {
	lo, hi uint64 // see ends
	mid    [2]uint64
	n      uint8
	id     uint8
}

// maxMemoCell is the longest cell of a cellMemo.
const maxMemoCell = 32

// get is what c stands for, 0 if that is not known.
func (m *cellMemo) get(c []byte) uint8 {
	lo, hi := ends(c)
	s := &m.slots[memoHash(lo, hi)]
	if s.lo != lo || s.hi != hi || int(s.n) != len(c) || len(c) > 16 && s.mid != middle(c) {
		return 0
	}
	return s.id
}

func (m *cellMemo) put(c []byte, id uint8) {
	if len(c) > maxMemoCell {
		return
	}
	s := memoSlot{n: uint8(len(c)), id: id}
	s.lo, s.hi = ends(c)
	if len(c) > 16 {
		s.mid = middle(c)
	}
	m.slots[memoHash(s.lo, s.hi)] = s
}

func memoHash(lo, hi uint64) uint64 {
	return (lo*0x9E3779B97F4A7C15 ^ hi) * 0xD6E8FEB86659FD93 >> 58
}

// middle is what ends leaves out of a cell of 17 to 32 bytes.
func middle(c []byte) [2]uint64 {
	return [2]uint64{binary.LittleEndian.Uint64(c[8:]), binary.LittleEndian.Uint64(c[len(c)-16:])}
}

// ends are the first and the last eight bytes of c, which together with its
// length are all of it up to 16 bytes. A shorter cell has only the first, with
// zeros behind.
func ends(c []byte) (lo, hi uint64) {
	n := len(c)
	if n >= 8 {
		return binary.LittleEndian.Uint64(c), binary.LittleEndian.Uint64(c[n-8:])
	}
	return head(c), 0
}

// head is c, shorter than eight bytes, as a word with zeros behind. The buffer
// that c is cut from mostly goes on for eight bytes.
func head(c []byte) (x uint64) {
	if cap(c) >= 8 {
		return binary.LittleEndian.Uint64(c[:8]) & (1<<(uint(len(c))*8&63) - 1)
	}
	return headAtEnd(c)
}

// headAtEnd is head at the end of a buffer.
func headAtEnd(c []byte) (x uint64) {
	for i, b := range c {
		x |= uint64(b) << (8 * i)
	}
	return x
}

// allDigits says whether c, which is not empty, is nothing but digits.
func allDigits(c []byte) bool {
	n := len(c)
	if n < 8 {
		return areDigits(head(c) | zeros<<(uint(n)*8&63))
	}
	ok := areDigits(binary.LittleEndian.Uint64(c[n-8:]))
	for ; n > 8; n -= 8 {
		ok = ok && areDigits(binary.LittleEndian.Uint64(c))
		c = c[8:]
	}
	return ok
}

// zeros is "00000000".
const zeros = 0x3030303030303030

// areDigits says whether the eight bytes of x are digits.
func areDigits(x uint64) bool {
	return x&0xF0F0F0F0F0F0F0F0 == zeros && (x+0x0606060606060606)&0xF0F0F0F0F0F0F0F0 == zeros
}

// eightDigits is the number that eight digits are, the first one in the lowest
// byte of x.
func eightDigits(x uint64) uint64 {
	x = (x & 0x0F0F0F0F0F0F0F0F) * (10<<8 + 1) >> 8
	x = (x & 0x00FF00FF00FF00FF) * (100<<16 + 1) >> 16
	return (x & 0x0000FFFF0000FFFF) * (10000<<32 + 1) >> 32
}
