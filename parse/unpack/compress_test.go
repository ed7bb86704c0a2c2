package unpack

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// compressLZW writes data as Unix compress does. clear says after how many
// codes the table is emptied (0: never).
func compressLZW(data []byte, maxBits uint, clear int) []byte {
	out := []byte{0x1F, 0x9D, byte(maxBits) | compressBlock}
	table := map[string]int{}
	next, bits := 257, uint(compressMinBits)
	var group []byte
	var acc uint64
	var have uint
	// flush pads the group of eight codes, as the first compress did.
	flush := func(pad bool) {
		for have > 0 {
			group = append(group, byte(acc))
			acc >>= 8
			have -= min(have, 8)
		}
		for pad && len(group) > 0 && len(group)%int(bits) != 0 {
			group = append(group, 0)
		}
		out = append(out, group...)
		group, acc = nil, 0
	}
	put := func(code int) {
		acc |= uint64(code) << have
		for have += bits; have >= 8; have -= 8 {
			group = append(group, byte(acc))
			acc >>= 8
		}
		if len(group) == int(bits) && have == 0 {
			out, group = append(out, group...), nil
		}
	}
	codeOf := func(s []byte) int {
		if len(s) == 1 {
			return int(s[0])
		}
		return table[string(s)]
	}
	codes := 0
	for i := 0; i < len(data); {
		j := i + 1
		for j < len(data) && table[string(data[i:j+1])] != 0 {
			j++
		}
		put(codeOf(data[i:j]))
		codes++
		if j < len(data) && next < 1<<maxBits {
			table[string(data[i:j+1])] = next
			next++
		}
		// The reader is one entry behind.
		if next-1 > 1<<bits-1 && bits < maxBits {
			flush(true)
			bits++
		}
		if clear > 0 && codes%clear == 0 && j < len(data) {
			put(compressClear)
			flush(true)
			table, next, bits = map[string]int{}, 257, compressMinBits
			codes = 0
		}
		i = j
	}
	flush(false)
	return out
}

func TestCompressIsUnpacked(t *testing.T) {
	for _, maxBits := range []uint{9, 12, 16} {
		for _, clear := range []int{0, 300, 5000} {
			text := strings.Repeat(csvText+"门店,商户,金额\n", 3000) + noise(3000) + strings.Repeat("a", 5000)
			data := compressLZW([]byte(text), maxBits, clear)
			if got := textOf(t, openBytes(t, "a.csv.Z", data)[0]); got != text {
				t.Errorf("%d bits, clear %d: %d bytes, want %d", maxBits, clear, len(got), len(text))
			}
		}
	}
}

func TestCompressReadsWhatItsWriterWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alphabet := rapid.SampledFrom([]string{"a", "ab", "0123456789,\n", "abcdefghijklmnopqrstuvwxyz"}).Draw(t, "alphabet")
		text := rapid.StringOfN(rapid.RuneFrom([]rune(alphabet)), 0, 3000, -1).Draw(t, "text")
		data := compressLZW([]byte(text), uint(rapid.IntRange(9, 16).Draw(t, "bits")), rapid.IntRange(0, 400).Draw(t, "clear"))
		r, err := newCompressReader(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if _, err := out.ReadFrom(r); err != nil || out.String() != text {
			t.Fatalf("%d bytes, want %d: %v", out.Len(), len(text), err)
		}
	})
}

func TestDamagedCompressIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{
		"head only":   {0x1F, 0x9D},
		"bits":        {0x1F, 0x9D, 0x91, 0, 0},
		"flags":       {0x1F, 0x9D, 0xF0, 0, 0},
		"first code":  {0x1F, 0x9D, 0x90, 0xFF, 0xFF},
		"future code": {0x1F, 0x9D, 0x90, 'a', 0xFE, 0x03},
	} {
		if b := openBytes(t, "a.Z", data); b[0].Problem == nil || b[0].Problem.Code != CodePackDamaged {
			t.Errorf("%s: %v", name, b[0].Problem)
		}
	}
}
