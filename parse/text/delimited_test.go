package text

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var testDialect = Dialect{Delim: ',', Quote: true, EOL: '\n', Field: 1 << 16, Record: 1 << 20, Columns: 1024}

// splitRow is what a test keeps of a record.
type splitRow struct {
	off   int64
	line  int64
	cells string // joined by a byte that the tests' texts do not have
	bad   Fault
}

func (r splitRow) String() string { return fmt.Sprintf("{%d:%d %q %d}", r.off, r.line, r.cells, r.bad) }

// splitAll cuts a document in chunks of the given size, one after another.
func splitAll(t interface{ Fatal(...any) }, data []byte, size int, d Dialect) []splitRow {
	rows := splitBy(t, data, size, d, false)
	if quick := splitBy(t, data, size, d, true); fmt.Sprint(rows) != fmt.Sprint(quick) {
		t.Fatal("at a glance", quick, "but by cutting", rows)
	}
	return rows
}

// splitBy is splitAll with or without a glance at the records.
func splitBy(t interface{ Fatal(...any) }, data []byte, size int, d Dialect, quick bool) []splitRow {
	s := Splitter{Slack: 1 + size%7}
	s.Use(bytes.NewReader(data), int64(len(data)), d)
	var rows []splitRow
	var raw Record
	start, line := int64(0), int64(1)
	for off := int64(0); off < int64(len(data)); off += int64(size) {
		end := min(off+int64(size), int64(len(data)))
		if err := s.Load(off, int(end-off)); err != nil {
			t.Fatal(err)
		}
		s.Index(int(end - off))
		next, err := s.Resolve(start, end)
		if err != nil {
			t.Fatal(err)
		}
		for {
			bad, lines, ok := FaultNone, int64(1), true
			if !quick || !s.Glance(&raw) {
				bad, lines, ok = s.Cut(&raw)
			}
			if !ok {
				break
			}
			rows = append(rows, splitRow{raw.Off, line, string(bytes.Join(raw.Cut(), []byte{1})), bad})
			line += lines
		}
		start = next
	}
	return rows
}

// genCSV makes text that looks like CSV more often than not: all that is
// structural is likely, and nothing is impossible.
func genCSV(t *rapid.T) []byte {
	pieces := []string{
		"a", "12", ",", ",", "\n", "\n", "\r\n", `"`, `""`, `"x,y"`, `"a""b"`, "\"l1\nl2\"", "\"q\"\t", " ", "\t", "\r",
		"中文", "\xB0\xA1", `"open`, "12345678901234567890", "-", "\x00", "|",
	}
	return []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 80).Draw(t, "pieces"), ""))
}

func TestSplitIsTheSameForAllChunkSizes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := genCSV(t)
		d := testDialect
		d.Record = rapid.SampledFrom([]int{64, 100, 1 << 20}).Draw(t, "record")
		d.Field = rapid.SampledFrom([]int{20, 1 << 16}).Draw(t, "field")
		d.Columns = rapid.SampledFrom([]int{4, 1024}).Draw(t, "columns")
		d.Delim = rapid.SampledFrom([]byte(",\t|;\x00")).Draw(t, "delim")
		d.EOL = rapid.SampledFrom([]byte("\n\n\r")).Draw(t, "eol")
		want := fmt.Sprint(splitAll(t, data, d.Record, d))
		for _, size := range []int{16, 17, 33, 64} {
			if got := fmt.Sprint(splitAll(t, data, size, d)); got != want {
				t.Fatalf("chunks of %d:\n got %s\nwant %s\ndata %q", size, got, want, data)
			}
		}
	})
}

// Whatever encoding/csv reads without complaint must be cut into the same cells.
func TestSplitEqualsEncodingCSV(t *testing.T) {
	cell := rapid.Custom(func(t *rapid.T) string {
		s := rapid.SampledFrom([]string{"", "a", "x,y", "l1\nl2", `say "hi"`, "中文", "12.50", " b ", `"`, "\t", `","`, "#"}).Draw(t, "cell")
		if s == "" && rapid.Bool().Draw(t, "long") {
			return strings.Repeat("7", rapid.IntRange(1, 200).Draw(t, "n"))
		}
		return s
	})
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 6).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, width, width), 0, 20).Draw(t, "rows")
		var b bytes.Buffer
		eol := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "eol")
		for i, row := range rows {
			for j, c := range row {
				if j > 0 {
					b.WriteByte(',')
				}
				if strings.ContainsAny(c, ",\"\n") || rapid.Bool().Draw(t, "quote") {
					c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
				}
				b.WriteString(c)
			}
			if i < len(rows)-1 || rapid.Bool().Draw(t, "last") {
				b.WriteString(eol)
			}
		}
		r := csv.NewReader(bytes.NewReader(b.Bytes()))
		r.FieldsPerRecord = -1
		var want []splitRow
		for {
			rec, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			line, _ := r.FieldPos(0)
			want = append(want, splitRow{line: int64(line), cells: strings.Join(rec, "\x01")})
		}
		size := rapid.SampledFrom([]int{16, 31, 64, 1 << 16}).Draw(t, "size")
		var got []splitRow
		for _, r := range splitAll(t, b.Bytes(), size, testDialect) {
			if r.cells == "" && !strings.HasPrefix(b.String()[r.off:], `"`) {
				continue // encoding/csv passes over blank lines
			}
			got = append(got, splitRow{line: r.line, cells: r.cells, bad: r.bad})
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("got  %v\nwant %v\nof %q", got, want, b.String())
		}
	})
}

func TestLoneQuoteRejectsItsOwnLineOnly(t *testing.T) {
	lines := strings.Repeat("x,y\n", 100)
	for _, c := range []struct {
		name, text string
		want       []splitRow
	}{
		{"text behind the closing quote", "a,\"b\"c,d\ne,f\n", []splitRow{{0, 1, "a\x01\"b\"c\x01d", FaultQuote}, {9, 2, "e\x01f", 0}}},
		{"never closed", "a,\"b\ne,f\n", []splitRow{{0, 1, "a\x01\"b", FaultQuote}, {5, 2, "e\x01f", 0}}},
		{"the next line's quote does not close it", "a,\"b\ne,\"f\"\n", []splitRow{{0, 1, "a\x01\"b", FaultQuote}, {5, 2, "e\x01f", 0}}},
		{"closed too many lines later", "a,\"b\n" + lines + "\"\n", nil},
		{"quote inside an open field", "a\"b,c\n", []splitRow{{0, 1, "a\"b\x01c", 0}}},
		{"tab behind the closing quote", "\"123\"\t,c\t\r\n", []splitRow{{0, 1, "123\x01c\t", 0}}},
		{"closed on the second line", "\"a\nb\",c\nd,e", []splitRow{{0, 1, "a\nb\x01c", 0}, {8, 3, "d\x01e", 0}}},
	} {
		for _, size := range []int{16, 1 << 16} {
			got := splitAll(t, []byte(c.text), size, testDialect)
			if c.want == nil {
				if len(got) != 102 || got[0].bad != FaultQuote || got[1].bad != 0 || got[101].bad != FaultQuote {
					t.Errorf("%s: %d rows, first %v last %v", c.name, len(got), got[0], got[len(got)-1])
				}
				continue
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s (chunks of %d):\n got %v\nwant %v", c.name, size, got, c.want)
			}
		}
	}
}

func TestOverlongRecordIsSkippedWhole(t *testing.T) {
	d := testDialect
	d.Record = 64
	text := "a,b\n" + strings.Repeat("x", 1000) + ",y\nc,d\n" + strings.Repeat("z", 300)
	for _, size := range []int{16, 64} {
		got := splitAll(t, []byte(text), size, d)
		want := []splitRow{{0, 1, "a\x01b", 0}, {4, 2, "", FaultRecord}, {1007, 3, "c\x01d", 0}, {1011, 4, "", FaultRecord}}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("chunks of %d:\n got %v\nwant %v", size, got, want)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add([]byte("a,\"b\nc\"\td\n\"\"\"\",\n"), byte(','), 20)
	f.Fuzz(func(t *testing.T, data []byte, delim byte, size int) {
		d := testDialect
		d.Delim, d.Record = delim, 100
		if delim == '"' || delim == '\n' || size < 8 || size > 100 {
			t.Skip()
		}
		a, b := splitAll(t, data, 100, d), splitAll(t, data, size, d)
		if fmt.Sprint(a) != fmt.Sprint(b) {
			t.Fatalf("chunks of 100: %v\nchunks of %d: %v", a, size, b)
		}
	})
}

func TestValidUTF8EqualsTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{"a", "12345678", "中", "文字很多", "é", "𠮷", "\xE4\xB8", "\xED\xA0\x80", "\xE0\x80\x80", "\xC0\x80", "\xF5\x80\x80\x80", "\x80", "\uFFFD", "\xE4", "ࠀ", "\uD7FF"}
		b := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), ""))
		b = append(b, rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "tail")...)
		if b = slices.Clip(b); ValidUTF8(b) != utf8.Valid(b) || validUTF8Words(b) != utf8.Valid(b) {
			t.Fatalf("%q: %v, in words %v", b, ValidUTF8(b), validUTF8Words(b))
		}
	})
}

// Every sequence of three bytes around the ends of a block, and a fourth one
// where it matters.
func TestValidUTF8KnowsEveryCharacter(t *testing.T) {
	b := bytes.Repeat([]byte("."), 96)
	for _, at := range []int{29, 30, 31, 61, 62, 63} {
		for x := 0x7E; x < 0x100; x++ {
			for y := 0x7E; y < 0x100; y++ {
				for _, z := range []byte{'.', 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xE0, 0xF0, 0xFF} {
					for _, u := range []byte{'.', 0x80, 0xBF, 0xC2} {
						copy(b[at:], []byte{byte(x), byte(y), z, u})
						if ValidUTF8(b) != utf8.Valid(b) {
							t.Fatalf("% x at %d: %v", b[at:at+4], at, ValidUTF8(b))
						}
					}
				}
			}
		}
		copy(b[at:], "....")
	}
}

func TestIndexIsTheSameWithAndWithoutHelp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{",", "\n", "\"", "abc", "中", "\x00", strings.Repeat("x", 50)}), 0, 200).Draw(t, "pieces"), ""))
		from := rapid.IntRange(0, len(data)).Draw(t, "from")
		p, q := make([]uint32, len(data)+70), make([]uint32, len(data)+70)
		n, seen := indexTwo(p, 3, data, from, len(data), ',', '\n')
		m, also := indexWords(q, 3, data, from, len(data), ',', '\n')
		if n != m || seen != also || !slices.Equal(p[:n], q[:m]) {
			t.Fatalf("%v %b, in words %v %b", p[:n], seen, q[:m], also)
		}
	})
}
