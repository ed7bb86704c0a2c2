package match

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// TestKeysAreEqualExactlyWhenTheirTextIs draws identifiers that differ in
// digits, lengths, leading zeros, letters and where one ends.
func TestKeysAreEqualExactlyWhenTheirTextIs(t *testing.T) {
	id := rapid.OneOf(
		rapid.StringMatching(`[01]{1,3}`), rapid.StringMatching(`[0-9]{6,12}`), rapid.StringMatching(`[09]{13,21}`),
		rapid.StringMatching(`[09:/A]{1,9}`), rapid.Just("18446744073709551616"), rapid.Just(""))
	fields := [...]record.Field{record.OrderNo, record.ChannelNo, record.TerminalID, record.RefNo, record.BatchNo, record.TraceNo}
	draw := func(t *rapid.T, name string) *record.Row {
		r := &record.Row{Time: at0 + record.Time(rapid.IntRange(0, 2).Draw(t, name))*86400, HasClock: true}
		for _, f := range fields {
			r.Text[f] = []byte(id.Draw(t, name))
		}
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		a := draw(t, "a")
		b := *a
		for _, f := range fields {
			switch rapid.IntRange(0, 5).Draw(t, "change") {
			case 0:
				b.Text[f] = []byte(id.Draw(t, "other"))
			case 1:
				b.Text[f] = append([]byte("0"), a.Text[f]...)
			case 2: // the same digits, cut elsewhere
				b.Text[record.TerminalID] = append(bytes.Clone(a.Text[record.TerminalID]), '1')
			}
		}
		h := newKeyer(rapid.Uint64().Draw(t, "seed"))
		for _, k := range keyOrder {
			va, okA := h.key(k, a)
			vb, okB := h.key(k, &b)
			same := true
			for _, f := range fields {
				if k.Fields().Has(f) {
					same = same && bytes.Equal(a.Text[f], b.Text[f])
					if okA && len(a.Text[f]) == 0 {
						t.Fatalf("%v without field %d has a value", k, f)
					}
				}
			}
			if okA && okB && same != (va == vb) {
				t.Fatalf("%v: same text %v, values %v %v", k, same, va, vb)
			}
		}
	})
}

func TestDigitsAgreeWithStrconv(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9:/ ]{1,8}[0-9]{0,11}`).Draw(t, "s")
		got, ok := digits([]byte(s))
		want, err := strconv.ParseUint(s, 10, 64)
		if ok != (err == nil) || ok && got != want {
			t.Fatalf("%q: %d %v, want %d %v", s, got, ok, want, err)
		}
	})
}

func TestMixedKeysCanBeUndone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := keyValue{rapid.Uint64().Draw(t, "lo"), rapid.Uint32().Draw(t, "hi")}
		h := newKeyer(rapid.Uint64().Draw(t, "seed"))
		m := h.mixed(v)
		m.hi ^= uint32(h.spread(m.lo) >> 32)
		m.lo ^= h.spread(uint64(m.hi))
		m.hi ^= uint32(h.spread(m.lo) >> 32)
		if m != v {
			t.Fatalf("%v became %v", v, m)
		}
	})
}

// TestRunningNumbersSpread: keys in a row fill partitions and slots evenly.
func TestRunningNumbersSpread(t *testing.T) {
	h := newKeyer(42)
	var parts, slots [256]int
	for i := range 1 << 16 {
		r := record.Row{}
		r.Text[record.TerminalID], r.Text[record.RefNo] = []byte("10000001"), fmt.Appendf(nil, "%012d", i)
		v, _ := h.key(result.KeyRef, &r)
		parts[v.hi>>24]++
		slots[v.lo&255]++
	}
	for i := range parts {
		if parts[i] < 150 || parts[i] > 370 || slots[i] < 150 || slots[i] > 370 {
			t.Fatalf("%d: %d in a partition, %d in a slot, of 256 expected", i, parts[i], slots[i])
		}
	}
}
