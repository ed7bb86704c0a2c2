package match

import (
	"encoding/binary"

	"duizhang/parse"

	"github.com/zeebo/xxh3"
)

// Keys in the order of SPEC section 3.1, the strictest first.
var keyOrder = [...]KeyType{KeyOrder, KeyChannel, KeyRef, KeyTrace}

// fields are the text fields a row needs to carry the key. KeyTrace needs the
// trade day as well.
func (k KeyType) fields() parse.FieldSet {
	var s parse.FieldSet
	switch k {
	case KeyOrder:
		return s.With(parse.OrderNo)
	case KeyChannel:
		return s.With(parse.ChannelNo)
	case KeyRef:
		return s.With(parse.TerminalID, parse.RefNo)
	case KeyTrace:
		return s.With(parse.TerminalID, parse.BatchNo, parse.TraceNo)
	}
	return s
}

// usableKeys are the keys that both sides can carry, the strictest first. A
// key whose fields one side never binds costs nothing.
func usableKeys(pos, clearing parse.FieldSet) []KeyType {
	var keys []KeyType
	for _, k := range keyOrder {
		f := k.fields()
		if pos&f == f && clearing&f == f {
			keys = append(keys, k)
		}
	}
	return keys
}

// keyValue is a 96-bit keyed fingerprint of a key's text. Two different keys
// of a run of 10 million rows a side meet with a probability below 1e-14; the
// seed is fresh in every run, so nobody can prepare a file whose keys collide.
type keyValue struct {
	lo uint64
	hi uint32
}

// keyer makes key values. It belongs to one goroutine.
type keyer struct {
	seed uint64
	buf  []byte
}

// key gives the row's value of k; ok is false where the row does not carry it.
//
// Rows of different currencies never meet, so a currency other than CNY is
// part of every key.
func (h *keyer) key(k KeyType, r *parse.Row) (v keyValue, ok bool) {
	b := h.buf[:0]
	switch k {
	case KeyOrder:
		b = append(b, r.Text[parse.OrderNo]...)
		ok = len(b) > 0
	case KeyChannel:
		b = append(b, r.Text[parse.ChannelNo]...)
		ok = len(b) > 0
	case KeyRef:
		t, ref := r.Text[parse.TerminalID], r.Text[parse.RefNo]
		b = append(append(append(b, t...), keySep), ref...)
		ok = len(t) > 0 && len(ref) > 0
	case KeyTrace:
		t, batch, trace := r.Text[parse.TerminalID], r.Text[parse.BatchNo], r.Text[parse.TraceNo]
		b = append(append(append(append(append(b, t...), keySep), batch...), keySep), trace...)
		b = binary.LittleEndian.AppendUint32(append(b, keySep), uint32(r.Time.Date()))
		ok = len(t) > 0 && len(batch) > 0 && len(trace) > 0 && r.Time != 0
	}
	if !ok {
		return keyValue{}, false
	}
	if cur := r.Text[parse.Currency]; !isBase(cur) {
		b = append(append(b, keySep, keySep), cur...)
	}
	h.buf = b
	u := xxh3.Hash128Seed(b, h.seed+uint64(k))
	return keyValue{u.Lo, uint32(u.Hi)}, true
}

// keySep stands between the parts of a key; no identifier contains it.
const keySep = 0x1F

// baseCurrency is what a row without a currency is in.
const baseCurrency = "CNY"

func isBase(cur []byte) bool { return len(cur) == 0 || string(cur) == baseCurrency }

// hash is a keyed fingerprint of one identifier; 0 stands for "absent".
func (h *keyer) hash(text []byte) uint64 {
	if len(text) == 0 {
		return 0
	}
	return xxh3.HashSeed(text, h.seed) | 1
}

// hashParts is a keyed fingerprint of several parts that must all be there;
// 0 if one is absent.
func (h *keyer) hashParts(parts ...[]byte) uint64 {
	b := h.buf[:0]
	for _, p := range parts {
		if len(p) == 0 {
			return 0
		}
		b = append(append(b, p...), keySep)
	}
	h.buf = b
	return xxh3.HashSeed(b, h.seed) | 1
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
func digest(buf []byte, r *parse.Row) (uint64, []byte) {
	b := append(buf[:0], byte(r.Kind), byte(r.Status), byte(r.CardType), byte(r.Channel), flagByte(r))
	for _, v := range [...]int64{int64(r.Time), int64(r.ClearingDate), int64(r.SettleDate), int64(r.CreditedDate),
		int64(r.Amount), int64(r.Fee), int64(r.Net), int64(r.Credited)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, t := range r.Text {
		b = append(append(b, t...), keySep)
	}
	return xxh3.Hash(b), b
}

func flagByte(r *parse.Row) (f byte) {
	for i, v := range [...]bool{r.HasClock, r.HasFee, r.HasNet, r.HasCredited} {
		if v {
			f |= 1 << i
		}
	}
	return f
}
