package unpack

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"pgregory.net/rapid"
)

// makeOLE writes an OLE2 container (MS-CFB, sectors of 512 bytes) with these
// streams; each is padded to the 4,096 bytes from which streams have sectors
// of their own.
func makeOLE(streams map[string][]byte, names ...string) []byte {
	const sector, end, free, fatMark, listMark = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFC
	le := binary.LittleEndian
	var body []byte
	var fat []uint32
	add := func(data []byte) uint32 {
		data = append(bytes.Clone(data), make([]byte, -len(data)&(sector-1))...)
		first := len(fat)
		for range len(data) / sector {
			fat = append(fat, uint32(len(fat)+1))
		}
		fat[len(fat)-1] = end
		body = append(body, data...)
		return uint32(first)
	}
	entry := func(name string, typ byte, right, child, start uint32, size int) []byte {
		d := make([]byte, 128)
		units := utf16.Encode([]rune(name))
		for i, u := range units {
			le.PutUint16(d[2*i:], u)
		}
		le.PutUint16(d[64:], uint16(2*len(units)+2))
		d[66], d[67] = typ, 1
		le.PutUint32(d[68:], free)
		le.PutUint32(d[72:], right)
		le.PutUint32(d[76:], child)
		le.PutUint32(d[116:], start)
		le.PutUint64(d[120:], uint64(size))
		return d
	}
	dir := entry("Root Entry", 5, free, 1, end, 0)
	for i, name := range names {
		data := append(bytes.Clone(streams[name]), make([]byte, max(0, 4096-len(streams[name])))...)
		right := uint32(i + 2)
		if i == len(names)-1 {
			right = free
		}
		dir = append(dir, entry(name, 2, right, free, add(data), len(data))...)
	}
	for len(dir)%sector != 0 {
		dir = append(dir, make([]byte, 128)...)
	}
	dirStart := add(dir)
	fatSectors := 1
	for len(fat)+fatSectors > fatSectors*sector/4 {
		fatSectors++
	}
	// The header lists 109 sectors of the table; more have lists of 127.
	lists := max(0, (fatSectors-109+126)/127)
	for len(fat)+fatSectors+lists > fatSectors*sector/4 {
		fatSectors++
		lists = max(0, (fatSectors-109+126)/127)
	}
	fatStart := len(fat)
	for range fatSectors {
		fat = append(fat, fatMark)
	}
	listStart := len(fat)
	for range lists {
		fat = append(fat, listMark)
	}
	for len(fat)%(sector/4) != 0 {
		fat = append(fat, free)
	}
	for _, v := range fat {
		body = le.AppendUint32(body, v)
	}
	for l := range lists {
		for k := range 127 {
			v := uint32(free)
			if at := 109 + 127*l + k; at < fatSectors {
				v = uint32(fatStart + at)
			}
			body = le.AppendUint32(body, v)
		}
		next := uint32(end)
		if l < lists-1 {
			next = uint32(listStart + l + 1)
		}
		body = le.AppendUint32(body, next)
	}
	h := make([]byte, sector)
	copy(h, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	le.PutUint16(h[24:], 0x3E)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xFFFE)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[44:], uint32(fatSectors))
	le.PutUint32(h[48:], dirStart)
	le.PutUint32(h[56:], 4096)
	le.PutUint32(h[60:], end)
	le.PutUint32(h[68:], end)
	if lists > 0 {
		le.PutUint32(h[68:], uint32(listStart))
		le.PutUint32(h[72:], uint32(lists))
	}
	for i := range 109 {
		v := uint32(free)
		if i < fatSectors {
			v = uint32(fatStart + i)
		}
		le.PutUint32(h[76+4*i:], v)
	}
	return append(h, body...)
}

// rec is one BIFF record.
func rec(typ uint16, parts ...any) []byte {
	var data []byte
	for _, p := range parts {
		switch v := p.(type) {
		case []byte:
			data = append(data, v...)
		case string:
			data = append(data, v...)
		case int:
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		case uint32:
			data = binary.LittleEndian.AppendUint32(data, v)
		case byte:
			data = append(data, v)
		case float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
	}
	out := binary.LittleEndian.AppendUint16(nil, typ)
	return append(binary.LittleEndian.AppendUint16(out, uint16(len(data))), data...)
}

// wide is a text of 16-bit characters with its length in width bytes.
func wide(s string, width int) []byte {
	units := utf16.Encode([]rune(s))
	out := []byte{byte(len(units)), byte(len(units) >> 8)}[:width]
	out = append(out, 1)
	for _, u := range units {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// narrowText is a text of 8-bit characters.
func narrowText(s string, width int) []byte {
	out := []byte{byte(len(s)), byte(len(s) >> 8)}[:width]
	return append(append(out, 0), s...)
}

// biffBook describes a workbook that a test makes.
type biffBook struct {
	globals [][]byte   // records of the globals, before the list of sheets
	shared  [][]byte   // SST and its CONTINUE records
	sheets  [][][]byte // records of each sheet
	kinds   []byte     // of each sheet: 0 a worksheet
	states  []byte     // of each sheet: 1 hidden
	noEOF   bool
}

func makeXLS(b biffBook) []byte {
	name := func(i int) string { return fmt.Sprintf("表%d", i+1) }
	var globals []byte
	globals = append(globals, rec(biffBOF, biff8, 5, 0, 0, uint32(0), uint32(0))...)
	for _, r := range b.globals {
		globals = append(globals, r...)
	}
	// Style 0 is General; 1 has built-in 22; 2 and 3 have formats of their own.
	globals = append(globals, rec(biffFormat, 164, wide(`yyyy"年"m"月"d"日"`, 2))...)
	globals = append(globals, rec(biffFormat, 165, narrowText(`00000000`, 2))...)
	for _, id := range []int{0, 22, 164, 165} {
		globals = append(globals, rec(biffXF, 0, id, make([]byte, 16))...)
	}
	var tail []byte
	for _, r := range b.shared {
		tail = append(tail, r...)
	}
	tail = append(tail, rec(biffEOF)...)
	size := len(globals) + len(tail)
	for i := range b.sheets {
		size += len(rec(biffSheet, uint32(0), byte(0), byte(0), wide(name(i), 1)))
	}
	var sheets []byte
	for i, records := range b.sheets {
		var state, kind byte
		if i < len(b.states) {
			state = b.states[i]
		}
		if i < len(b.kinds) {
			kind = b.kinds[i]
		}
		globals = append(globals, rec(biffSheet, uint32(size+len(sheets)), state, kind, wide(name(i), 1))...)
		sheets = append(sheets, rec(biffBOF, biff8, 0x10, 0, 0, uint32(0), uint32(0))...)
		for _, r := range records {
			sheets = append(sheets, r...)
		}
		if !b.noEOF {
			sheets = append(sheets, rec(biffEOF)...)
		}
	}
	stream := append(append(globals, tail...), sheets...)
	return makeOLE(map[string][]byte{"Workbook": stream, "\x05SummaryInformation": nil}, "\x05SummaryInformation", "Workbook")
}

func rkOf(v int32, hundredths bool) uint32 {
	rk := uint32(v)<<2 | 2
	if hundredths {
		rk |= 1
	}
	return rk
}

func TestXLSCells(t *testing.T) {
	half := uint32(math.Float64bits(1.5) >> 32)
	shared := [][]byte{rec(biffSST, uint32(9), uint32(4), wide("门店", 2), narrowText("caf\xE9", 2),
		[]byte{2, 0, 9, 1, 0}, wide("富文", 2)[3:], make([]byte, 4), // one formatting run
		[]byte{1, 0, 5, 3, 0, 0, 0}, wide("音", 2)[3:], "abc")} // three bytes of phonetics
	formula := func(row, col int, result []byte, flags int) []byte {
		return rec(biffFormula, row, col, 0, result, flags, uint32(0), []byte{0, 0})
	}
	num := func(v float64) []byte { return rec(0, v)[4:] }
	special := func(kind, v byte) []byte { return []byte{kind, 0, v, 0, 0, 0, 0xFF, 0xFF} }
	for name, c := range map[string]struct {
		records [][]byte
		want    string
	}{
		"numbers":   {[][]byte{rec(biffNumber, 0, 0, 0, 45.5), rec(biffNumber, 0, 1, 0, 0.1+0.2), rec(biffNumber, 0, 2, 0, -0.07), rec(biffNumber, 0, 3, 0, 1e18)}, "1: n:45.5 n:0.3 n:-0.07 n:1E+18"},
		"rk":        {[][]byte{rec(biffRK, 0, 0, 0, rkOf(12345, true)), rec(biffRK, 0, 1, 0, rkOf(-7, false)), rec(biffRK, 0, 2, 0, half), rec(biffRK, 0, 3, 0, half|1)}, "1: n:123.45 n:-7 n:1.5 n:0.015"},
		"mulrk":     {[][]byte{rec(biffMulRK, 4, 1, 0, rkOf(1, false), 3, rkOf(77, false), 0, rkOf(3, true), 3)}, "5: - n:1 n:00000077 n:0.03"},
		"texts":     {[][]byte{rec(biffLabelSST, 0, 0, 0, uint32(0)), rec(biffLabelSST, 0, 1, 0, uint32(1)), rec(biffLabelSST, 0, 2, 0, uint32(2)), rec(biffLabelSST, 0, 3, 0, uint32(3))}, "1: t:门店 t:café t:富文 t:音"},
		"labels":    {[][]byte{rec(biffLabel, 0, 0, 0, wide("行内𠮷", 2)), rec(biffLabel, 0, 1, 0, narrowText("ab", 2)), rec(biffLabel, 0, 2, 0, narrowText("", 2))}, "1: t:行内𠮷 t:ab"},
		"dates":     {[][]byte{rec(biffNumber, 0, 0, 1, 46027.377222222218), rec(biffRK, 0, 1, 2, rkOf(46027, false)), rec(biffNumber, 0, 2, 1, -1.0)}, "1: d:2026-01-05 09:03:12 d:2026-01-05 n:-1"},
		"bools":     {[][]byte{rec(biffBoolErr, 0, 0, 0, byte(1), byte(0)), rec(biffBoolErr, 0, 1, 0, byte(0), byte(0)), rec(biffBoolErr, 0, 2, 0, byte(0x2A), byte(1))}, "1: b:TRUE b:FALSE e:#N/A"},
		"blanks":    {[][]byte{rec(0x0201, 0, 0, 0), rec(0x00BE, 1, 0, 0, 0, 1), rec(biffNumber, 2, 2, 0, 1.0)}, "3: - - n:1"},
		"formulas":  {[][]byte{formula(0, 0, num(90), 0), formula(0, 1, special(1, 1), 0), formula(0, 2, special(2, 7), 0), formula(0, 3, special(0, 0), 0), rec(0x04BC, make([]byte, 8)), rec(biffString, wide("大", 2)), formula(0, 4, num(0), 0)}, "1: n:90 b:TRUE e:#DIV/0! t:大 n:0"},
		"no cached": {[][]byte{formula(0, 0, num(0), 2), formula(0, 1, special(3, 0), 0), formula(0, 2, special(0, 0), 0), rec(biffNumber, 0, 3, 0, 1.0)}, "1: f:= f:= f:= n:1"},
		"unordered": {[][]byte{rec(biffNumber, 2, 0, 0, 5.0), formula(0, 1, special(0, 0), 0), rec(biffString, narrowText("x", 2)), rec(biffNumber, 0, 0, 0, 1.0), rec(biffNumber, 2, 1, 0, 6.0)}, "1: n:1 t:x\n3: n:5 n:6"},
		"chart":     {[][]byte{rec(biffNumber, 0, 0, 0, 1.0), rec(biffBOF, biff8, 0x20, 0, 0, uint32(0), uint32(0)), rec(biffNumber, 0, 0, 0, 9.0), rec(biffEOF), rec(biffNumber, 1, 0, 0, 2.0)}, "1: n:1\n2: n:2"},
		"last":      {[][]byte{rec(biffNumber, 65535, 255, 0, 1.0)}, "65536:" + strings.Repeat(" -", 255) + " n:1"},
	} {
		got := dumpOf(t, makeXLS(biffBook{shared: shared, sheets: [][][]byte{c.records}}))
		if want := "[表1]\n" + c.want + "\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

func TestXLSSheetsAndDates1904(t *testing.T) {
	one := [][]byte{rec(biffNumber, 0, 0, 1, 44565.5)}
	data := makeXLS(biffBook{globals: [][]byte{rec(biffDate1904, 1)}, sheets: [][][]byte{one, one, one, one}, states: []byte{0, 1, 2, 0}, kinds: []byte{0, 0, 0, 2}})
	want := "[表1]\n1: d:2026-01-05 12:00:00\n[表2] hidden\n1: d:2026-01-05 12:00:00\n[表3] hidden\n1: d:2026-01-05 12:00:00\n"
	if got := dumpOf(t, data); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestSharedTextsGoOnInTheNextRecord cuts the table of shared texts anywhere
// that the format allows: between texts, and between characters, where the
// size of characters may change.
func TestSharedTextsGoOnInTheNextRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOfN(rapid.RuneFrom([]rune("aé0门𠮷")), 0, 9, -1), 1, 8).Draw(t, "texts")
		records := [][]byte{rec(biffSST, uint32(len(texts)), uint32(len(texts)))[4:]}
		last := func() *[]byte { return &records[len(records)-1] }
		cells := [][]byte{}
		for i, s := range texts {
			units := utf16.Encode([]rune(s))
			small := func(u []uint16) bool {
				for _, c := range u {
					if c > 0xFF {
						return false
					}
				}
				return true
			}
			if rapid.IntRange(0, 3).Draw(t, "before") == 0 {
				records = append(records, nil)
			}
			if flag := small(units); flag {
				*last() = append(*last(), byte(len(units)), 0, 0)
			} else {
				*last() = append(*last(), byte(len(units)), 0, 1)
			}
			is16 := !small(units)
			for k, u := range units {
				if k > 0 && rapid.IntRange(0, 3).Draw(t, "within") == 0 {
					is16 = !small(units[k:])
					records = append(records, []byte{map[bool]byte{true: 1}[is16]})
				}
				*last() = append(*last(), byte(u))
				if is16 {
					*last() = append(*last(), byte(u>>8))
				}
			}
			cells = append(cells, rec(biffLabelSST, i, 0, 0, uint32(i)))
		}
		shared := [][]byte{rec(biffSST, records[0])}
		for _, r := range records[1:] {
			shared = append(shared, rec(biffContinue, r))
		}
		b := openAll("a", sourceOf(makeXLS(biffBook{shared: shared, sheets: [][][]byte{cells}})), text.Workspace{})
		defer b[0].Close()
		if b[0].Problem != nil {
			t.Fatal(b[0].Problem)
		}
		var got, want []string
		err := b[0].Book.Rows(0, func(row int, cells []Cell) error {
			got = append(got, fmt.Sprint(row, string(cells[0].Text)))
			return nil
		})
		for i, s := range texts {
			if s != "" {
				want = append(want, fmt.Sprint(i+1, s))
			}
		}
		if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
			t.Fatalf("%v\ngot  %q\nwant %q", err, got, want)
		}
	})
}

func TestXLSThatIsRefused(t *testing.T) {
	ok := [][]byte{rec(biffNumber, 0, 0, 0, 1.0)}
	good := makeXLS(biffBook{sheets: [][][]byte{ok}})
	book5 := rec(biffBOF, 0x0500, 5, 0, 0)
	sheet := func(records ...[]byte) []byte { return makeXLS(biffBook{sheets: [][][]byte{records}}) }
	for name, c := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"password":       {makeXLS(biffBook{globals: [][]byte{rec(biffFilePass, 1, 1, 1)}, sheets: [][][]byte{ok}}), CodeWorkbookEncrypted},
		"encrypted xlsx": {makeOLE(map[string][]byte{}, "EncryptionInfo", "EncryptedPackage"), CodeWorkbookEncrypted},
		"Excel 95":       {makeOLE(map[string][]byte{"Book": book5}, "Book"), CodeWorkbookOld},
		"Excel 95 named": {makeOLE(map[string][]byte{"Workbook": book5}, "Workbook"), CodeWorkbookOld},
		"Word":           {makeOLE(map[string][]byte{}, "WordDocument"), CodeWorkbookOther},
		"other":          {makeOLE(map[string][]byte{}, "Contents"), CodeWorkbookOther},
		"head only":      {good[:100], CodeWorkbookDamaged},
		"cut":            {good[:len(good)/2], CodeWorkbookDamaged},
		"no stream":      {makeOLE(map[string][]byte{"Workbook": nil}, "Workbook"), CodeWorkbookDamaged},
		"no end":         {makeXLS(biffBook{sheets: [][][]byte{ok}, noEOF: true}), CodeWorkbookDamaged},
		"string beyond":  {sheet(rec(biffLabelSST, 0, 0, 0, uint32(0))), CodeWorkbookDamaged},
		"short number":   {sheet(rec(biffNumber, 0, 0, 0, 1)), CodeWorkbookDamaged},
		"short cell":     {sheet(rec(biffNumber, 0)), CodeWorkbookDamaged},
		"short mulrk":    {sheet(rec(biffMulRK, 0, 0, 0, 1)), CodeWorkbookDamaged},
		"cell twice":     {sheet(rec(biffNumber, 0, 0, 0, 1.0), rec(biffNumber, 0, 0, 0, 2.0)), CodeWorkbookDamaged},
		"label cut":      {sheet(rec(biffLabel, 0, 0, 0, []byte{9, 0, 1, 65, 0})), CodeWorkbookDamaged},
		"error value":    {sheet(rec(biffBoolErr, 0, 0, 0, byte(99), byte(1))), CodeWorkbookDamaged},
		"wide":           {sheet(rec(biffNumber, 0, 2000, 0, 1.0)), CodeWorkbookColumns},
	} {
		if p := refusalOf(t, c.data); p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, p, c.code)
		}
	}
}
