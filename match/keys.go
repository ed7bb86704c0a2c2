package match

import (
	"encoding/binary"
	"math/bits"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// Keys in the order of SPEC section 3.1, the strictest first. KeyRefAlone comes
// after them and asks for more than equality, see refalone.go.
var keyOrder = [...]result.KeyType{result.KeyOrder, result.KeyChannel, result.KeyRef, result.KeyTrace}

// usableKeys are the keys that both sides can carry, the strictest first. A
// key whose fields one side never binds costs nothing.
func usableKeys(pos, clearing record.FieldSet) []result.KeyType {
	var keys []result.KeyType
	for _, k := range append(keyOrder[:], result.KeyRefAlone) {
		f := k.Fields()
		if pos&f == f && clearing&f == f {
			keys = append(keys, k)
		}
	}
	return keys
}

// keyValue is a key in 96 bits. Keys of digits, as nearly all are, are kept
// exactly; any other one as a fingerprint: two different ones of a run of 10
// million rows a side meet with a probability below 1e-14. Both are mixed with
// a seed that is fresh in every run, so that nobody can prepare a file whose
// keys fall into one partition or one slot.
type keyValue struct {
	lo uint64
	hi uint32
}

// keyer makes key values. It belongs to one goroutine.
type keyer struct {
	seed  uint64
	salts [2]uint64 // made of the seed; the second is odd
	buf   []byte
}

func newKeyer(seed uint64) keyer {
	return keyer{seed: seed, salts: [2]uint64{mix(seed + 1), mix(seed+2) | 1}}
}

// key gives the row's value of k; ok is false where the row does not carry it.
//
// Rows of different currencies never meet, so a currency other than CNY is
// part of every key.
func (h *keyer) key(k result.KeyType, r *record.Row) (v keyValue, ok bool) {
	var a, b, c []byte
	exact := isBase(r.Text[record.Currency])
	switch k {
	case result.KeyOrder, result.KeyChannel:
		if a = r.Text[record.OrderNo]; k == result.KeyChannel {
			a = r.Text[record.ChannelNo]
		}
		if exact {
			v, exact = exactOne(a)
		}
	case result.KeyRef:
		a, b = r.Text[record.TerminalID], r.Text[record.RefNo]
		if len(b) == 0 {
			return v, false
		}
		if exact {
			v, exact = exactTwo(a, b)
		}
	case result.KeyTrace:
		a, b, c = r.Text[record.TerminalID], r.Text[record.BatchNo], r.Text[record.TraceNo]
		if len(b) == 0 || len(c) == 0 || r.Time == 0 {
			return v, false
		}
		if exact {
			v, exact = exactThree(a, b, c, r.Time.Date())
		}
	}
	switch {
	case k == result.KeyRefAlone:
		return h.refAlone(r)
	case len(a) == 0:
		return keyValue{}, false
	case exact:
		return h.mixed(v), true
	}
	return h.hashed(k, a, b, c, r), true
}

// hashed is the value of a key that is not kept exactly.
func (h *keyer) hashed(k result.KeyType, a, b, c []byte, r *record.Row) keyValue {
	buf := append(append(h.buf[:0], a...), keySep)
	buf = append(append(buf, b...), keySep)
	buf = append(append(buf, c...), keySep)
	if k == result.KeyTrace {
		buf = binary.LittleEndian.AppendUint32(buf, uint32(r.Time.Date()))
	}
	if cur := r.Text[record.Currency]; !isBase(cur) {
		buf = append(append(buf, keySep, keySep), cur...)
	}
	h.buf = buf
	u := xxh3.Hash128Seed(buf, h.seed+uint64(k))
	return keyValue{u.Lo, uint32(u.Hi)}
}

// exactOne packs the digits of a key of one part and their number (leading
// zeros count) into 96 bits, if all of it are digits and few enough.
func exactOne(a []byte) (keyValue, bool) {
	if len(a) > 19 {
		return keyValue{}, false
	}
	x, ok := digits(a)
	return keyValue{x, uint32(len(a))}, ok
}

// exactTwo is exactOne for two parts: up to 26 digits take 87 bits, and each
// part's length four.
func exactTwo(a, b []byte) (keyValue, bool) {
	if len(a) > 15 || len(b) > 15 || len(a)+len(b) > 26 {
		return keyValue{}, false
	}
	x, ok := digits(a)
	y, fine := digits(b)
	hi, lo := append10(0, x, y, len(b))
	return keyValue{lo, uint32(hi<<8 | uint64(len(a))<<4 | uint64(len(b)))}, ok && fine
}

// exactThree is exactOne for three parts, of up to 20 digits in 67 bits, and a
// day in 16.
func exactThree(a, b, c []byte, day record.Date) (keyValue, bool) {
	if len(a) > 15 || len(b) > 15 || len(c) > 15 || len(a)+len(b)+len(c) > 20 || uint32(day) >= 1<<16 {
		return keyValue{}, false
	}
	x, ok := digits(a)
	y, fine := digits(b)
	z, good := digits(c)
	hi, lo := append10(0, x, y, len(b))
	hi, lo = append10(hi, lo, z, len(c))
	hi, lo = hi<<16|lo>>48, lo<<16|uint64(day)
	return keyValue{lo, uint32(hi<<12 | uint64(len(a))<<8 | uint64(len(b))<<4 | uint64(len(c)))}, ok && fine && good
}

// append10 appends n decimal digits to a number of 128 bits.
func append10(hi, lo, digits uint64, n int) (uint64, uint64) {
	over, low := bits.Mul64(lo, pow10[n])
	low, carry := bits.Add64(low, digits, 0)
	return hi*pow10[n] + over + carry, low
}

var pow10 = [16]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// digits is the value of up to 19 digits; eight are read at a time.
func digits(b []byte) (v uint64, ok bool) {
	if len(b) < 8 {
		return fewDigits(b)
	}
	v, ok = eightDigits(binary.LittleEndian.Uint64(b))
	n := len(b) - 8
	if n > 8 {
		y, fine := eightDigits(binary.LittleEndian.Uint64(b[8:]))
		v, ok, n = v*1e8+y, ok && fine, n-8
	}
	if n > 0 {
		// The last eight with those that are read already taken as zeros.
		old := ^uint64(0) >> (8 * n & 63)
		if n == 8 {
			old = 0
		}
		y, fine := eightDigits(binary.LittleEndian.Uint64(b[len(b)-8:])&^old | zeros&old)
		v, ok = v*pow10[n]+y, ok && fine
	}
	return v, ok
}

// zeros are eight digits, all 0.
const zeros = 0x3030303030303030

// eightDigits is the value of eight digits, the first in the lowest byte.
func eightDigits(x uint64) (v uint64, ok bool) {
	ok = x&0xf0f0f0f0f0f0f0f0|(x+0x0606060606060606)&0xf0f0f0f0f0f0f0f0>>4 == 0x3333333333333333
	x &= 0x0f0f0f0f0f0f0f0f
	x = (x*10 + x>>8) & 0x00ff00ff00ff00ff
	x = (x*100 + x>>16) & 0x0000ffff0000ffff
	return (x*10000 + x>>32) & 0xffffffff, ok
}

func fewDigits(b []byte) (v uint64, ok bool) {
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	return v, true
}

// mixed spreads a value over all its bits, and no two values onto one: each
// step can be undone.
func (h *keyer) mixed(v keyValue) keyValue {
	v.hi ^= uint32(h.spread(v.lo) >> 32)
	v.lo ^= h.spread(uint64(v.hi))
	v.hi ^= uint32(h.spread(v.lo) >> 32)
	return v
}

// spread is a keyed fingerprint of one word.
func (h *keyer) spread(x uint64) uint64 {
	hi, lo := bits.Mul64(x^h.salts[0], h.salts[1])
	return hi ^ lo
}

// keySep stands between the parts of a key; no identifier contains it.
const keySep = 0x1F

func isBase(cur []byte) bool { return len(cur) == 0 || string(cur) == result.BaseCurrency }

// hash is a keyed fingerprint of one identifier; 0 stands for "absent".
func (h *keyer) hash(text []byte) uint64 {
	if len(text) == 0 {
		return 0
	}
	return h.fold(0, text) | 1
}

// hashPair is a keyed fingerprint of two parts that must both be there; 0 if
// one is absent.
func (h *keyer) hashPair(a, b []byte) uint64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	return h.fold(h.fold(0, a), b) | 1
}

// fold mixes a text into a fingerprint. Up to 16 bytes, as identifiers have,
// are read where they lie and multiplied twice with what nobody can know.
func (h *keyer) fold(sum uint64, text []byte) uint64 {
	n := len(text)
	if n > 16 {
		return xxh3.HashSeed(text, h.seed+sum)
	}
	a, b := ends(text)
	hi, lo := bits.Mul64(a^h.salts[0], b^h.salts[1]^sum)
	hi, lo = bits.Mul64(hi^h.salts[1], lo^h.salts[0]^uint64(n))
	return hi ^ lo
}

// ends are the first and the last up to eight bytes of a text of up to 16:
// together with its length they are the text.
func ends(text []byte) (first, last uint64) {
	switch n := len(text); {
	case n >= 8:
		return binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	case n > 0:
		return uint64(text[0])<<16 | uint64(text[n/2])<<8 | uint64(text[n-1]), 0
	}
	return 0, 0
}

// stripZeros drops leading zeros, as a spreadsheet does to an identifier.
func stripZeros(text []byte) []byte {
	for len(text) > 1 && text[0] == '0' {
		text = text[1:]
	}
	return text
}

// digest is a fingerprint of everything that a row says, where it stands
// excepted. It is the last tie-breaker before the position, and therefore not
// seeded: the same rows give the same order in every run.
func digest(buf []byte, r *record.Row) (uint64, []byte) {
	b := append(buf[:0], byte(r.Kind), byte(r.Status), byte(r.CardType), byte(r.Channel), flagByte(r))
	for _, v := range [...]int64{int64(r.Time), int64(r.ClearingDate), int64(r.SettleDate), int64(r.CreditedDate), int64(r.PromisedDate),
		int64(r.Amount), int64(r.Fee), int64(r.Net), int64(r.Credited)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, t := range r.Text {
		b = append(append(b, t...), keySep)
	}
	return xxh3.Hash(b), b
}

func flagByte(r *record.Row) (f byte) {
	for i, v := range [...]bool{r.HasClock, r.HasFee, r.HasNet, r.HasCredited, r.Unsettled} {
		if v {
			f |= 1 << i
		}
	}
	return f
}
