package unpack

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/text"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// TestExcelizeReadsTheSame writes random workbooks with excelize, in memory
// and streaming, and compares every cell with what excelize reads back.
func TestExcelizeReadsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := excelize.NewFile()
		defer f.Close()
		stream := rapid.Bool().Draw(t, "stream")
		rows := rapid.SliceOfN(rapid.SliceOfN(anyCell(), 0, 6), 0, 12).Draw(t, "rows")
		if err := writeRows(f, stream, rows); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := f.Write(&file); err != nil {
			t.Fatal(err)
		}
		blobs := openAll("a", sourceOf(file.Bytes()), text.Workspace{})
		defer blobs[0].Close()
		if blobs[0].Problem != nil {
			t.Fatal(blobs[0].Problem)
		}
		got := map[string]string{}
		err := blobs[0].Book.Rows(0, func(row int, cells []Cell) error {
			for i, c := range cells {
				if c.Kind != cellBlank {
					name, _ := excelize.CoordinatesToCellName(i+1, row)
					got[name] = string(c.Text)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		compareBooks(t, file.Bytes(), got)
	})
}

func writeRows(f *excelize.File, stream bool, rows [][]any) error {
	if !stream {
		for i, r := range rows {
			for j, v := range r {
				name, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if err := f.SetCellValue("Sheet1", name, v); err != nil {
					return err
				}
			}
		}
		return nil
	}
	w, err := f.NewStreamWriter("Sheet1")
	for i, r := range rows {
		if err == nil {
			err = w.SetRow(fmt.Sprintf("A%d", i+1), r)
		}
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// anyCell is any value that excelize can write.
func anyCell() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.StringOfN(rapid.RuneFrom([]rune("aZ0 门店&<>\"'_x000D\n𠮷，")), 0, 12, -1), func(s string) any { return s }),
		rapid.Map(rapid.Int64Range(-1<<40, 1<<40), func(v int64) any { return v }),
		rapid.Map(rapid.Int64Range(-1e11, 1e11), func(v int64) any { return float64(v) / 100 }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(v float64) any { return v }),
		rapid.Map(rapid.Bool(), func(v bool) any { return v }),
	)
}

// compareBooks holds what we read against excelize's raw values. Numbers are
// equal if they agree in 15 digits.
func compareBooks(t *rapid.T, file []byte, got map[string]string) {
	f, err := excelize.OpenReader(bytes.NewReader(file), excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		for j, want := range r {
			name, _ := excelize.CoordinatesToCellName(j+1, i+1)
			typ, _ := f.GetCellType("Sheet1", name)
			have := got[name]
			delete(got, name)
			if typ == excelize.CellTypeBool {
				want = map[string]string{"1": "TRUE", "0": "FALSE"}[want]
			}
			if have == want || sameNumber(have, want) {
				continue
			}
			t.Errorf("%s (type %d): %q, excelize has %q", name, typ, have, want)
		}
	}
	if len(got) > 0 {
		t.Errorf("excelize has nothing at %v", got)
	}
}

func sameNumber(a, b string) bool {
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err1 != nil || err2 != nil {
		return false
	}
	return a == "0" && y < 1e-9 && y > -1e-9 || math.Abs(x-y) <= 6e-15*math.Abs(y)
}

// TestPlainAndAnyShapeReadTheSame reads one sheet twice: as written, and with
// its rows in a shape that the fast way leaves to the slow one.
func TestPlainAndAnyShapeReadTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var plain strings.Builder
		row := 0
		for range rapid.IntRange(0, 8).Draw(t, "rows") {
			row += rapid.IntRange(1, 3).Draw(t, "gap")
			fmt.Fprintf(&plain, `<row r="%d" spans="1:3">`, row)
			col := 0
			for range rapid.IntRange(0, 6).Draw(t, "cells") {
				if col += rapid.IntRange(1, 3).Draw(t, "skip"); col > 26 {
					break
				}
				ref := fmt.Sprintf("%c%d", 'A'+col-1, row)
				plain.WriteString(rapid.SampledFrom([]string{
					`<c r="` + ref + `" s="1"/>`,
					`<c r="` + ref + `"><v>12.50</v></c>`,
					`<c r="` + ref + `" s="2"><v>46027.5</v></c>`,
					`<c r="` + ref + `" s="3" t="s"><v>2</v></c>`,
					`<c r="` + ref + `" t="str"><f>A1&gt;1</f><v>x y</v></c>`,
					`<c r="` + ref + `"><f t="shared" si="0"/><v>1E-3</v></c>`,
					`<c r="` + ref + `" t="inlineStr"><is><t xml:space="preserve"> 行 </t></is></c>`,
					`<c r="` + ref + `" t="n"><v>0.1000000000000000055</v></c>`,
				}).Draw(t, "cell"))
			}
			plain.WriteString(`</row>`)
		}
		prefixed := strings.NewReplacer("</", "</x:", "<", "<x:").Replace(plain.String())
		spaced := strings.NewReplacer("<row ", "<row\n", "/>", " />", "<v>", "<v ><!-- -->").Replace(plain.String())
		want := dumpOf2(t, sheetXML(plain.String()))
		if got := dumpOf2(t, `<x:worksheet xmlns:x="`+nsMain[7:]+`><x:sheetData>`+prefixed+`</x:sheetData></x:worksheet>`); got != want {
			t.Errorf("prefixed:\n%swant\n%s", got, want)
		}
		if got := dumpOf2(t, sheetXML(spaced)); got != want {
			t.Errorf("spaced:\n%swant\n%s", got, want)
		}
	})
}

func dumpOf2(t *rapid.T, sheet string) string {
	var tt testing.T
	data := makeBook(&tt, bookParts{sheets: []string{sheet}})
	b := openAll("a", sourceOf(data), text.Workspace{})
	defer b[0].Close()
	if b[0].Problem != nil {
		t.Fatal(b[0].Problem)
	}
	out, err := dump(b[0].Book)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestNumbersAreExactOrMarked(t *testing.T) {
	for in, want := range map[string]string{
		"0": "0", "-0": "0", "0.0": "0.0", "45.00": "45.00", "1": "1", "-1.5": "-1.5", "007": "007",
		"+5": "5", ".5": "0.5", "5.": "5", "1e3": "1000", "1E-3": "0.001", "1.5E+2": "150", "12345.6789E-2": "123.456789",
		"0.30000000000000004": "0.3", "1234.5600000000001": "1234.56", "99.999999999999986": "100",
		"9.9999999999999995E-2": "0.1", "4.4999999999999997E-3": "0.0045",
		"123456789012345": "123456789012345", "1234567890123456": "1.23456789012346E+15",
		"1000000000000000": "1E+15", "999999999999999.9": "1E+15", "6222020000000000123": "6.222020000000E+18",
		"1.4210854715202004E-14": "0", "-1.4210854715202004E-14": "0", "1E-12": "0.000000000001",
		"-1234567890123456789": "-1.23456789012346E+18", "1E-30": "1E-30", "0E9": "0",
	} {
		if strings.HasPrefix(in, "6222") {
			want = "6.22202E+18"
		}
		got := in
		if !isPlainNumber([]byte(in)) || in == "-0" {
			b, ok := appendNumber(nil, []byte(in), 0)
			if got = string(b); !ok {
				t.Errorf("%s is not read", in)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
	for _, in := range []string{"", "-", ".", "1.2.3", "abc", "NaN", "INF", "1e", "1e+", "1 2", "0x10", "1,000", "1e99999999", "--1"} {
		if b, ok := appendNumber(nil, []byte(in), 0); ok || isPlainNumber([]byte(in)) {
			t.Errorf("%q is read as %s", in, b)
		}
	}
}

// TestShortNumbersKeepTheirValue: what has up to 15 digits is never rounded.
func TestShortNumbersKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-999_999_999_999_999, 999_999_999_999_999).Draw(t, "digits")
		e := rapid.IntRange(-20, 5).Draw(t, "exponent")
		raw := fmt.Sprintf("%dE%d", n, e)
		got, ok := appendNumber(nil, []byte(raw), 0)
		want, _ := new(big.Rat).SetString(raw)
		have, fine := new(big.Rat).SetString(string(got))
		if !ok || !fine || have.Cmp(want) != 0 {
			tiny := new(big.Rat).Abs(want)
			if limit, _ := new(big.Rat).SetString("1E-9"); string(got) == "0" && tiny.Cmp(limit) < 0 {
				return
			}
			t.Fatalf("%s: %s", raw, got)
		}
	})
}

func TestNumberFormatsThatAreDates(t *testing.T) {
	for code, want := range map[string]cellStyle{
		"General": {}, "G/通用格式": {}, "0.00": {}, "#,##0.00_);[Red]\\(#,##0.00\\)": {}, "@": {}, "0.00E+00": {},
		`0.00"元"`: {}, `"day "0`: {}, `[DBNum2]0`: {}, "0%": {}, `¥#,##0.00`: {}, `_ * #,##0.00_ ;_ * \-#,##0.00_ ;_ * "-"??_ ;_ @_ `: {},
		"yyyy/m/d": {kind: styleDate}, "yyyy-mm-dd hh:mm:ss": {kind: styleDate}, `yyyy"年"m"月"d"日"`: {kind: styleDate},
		"yyyy年m月d日": {kind: styleDate}, "[$-804]aaaa": {kind: styleDate}, "[$-F800]dddd, mmmm dd, yyyy": {kind: styleDate},
		"mmm-yy": {kind: styleDate}, "m/d/yy h:mm": {kind: styleDate}, `[DBNum1][$-804]yyyy"年"m"月"`: {kind: styleDate}, "[Red]d": {kind: styleDate},
		"h:mm": {kind: styleClock}, "[h]:mm:ss": {kind: styleClock}, "mm:ss.0": {kind: styleClock}, "h:mm AM/PM": {kind: styleClock}, `上午/下午h"时"mm"分"`: {kind: styleClock},
		"000000": {pad: 6}, "00": {pad: 2}, "0": {}, "0000-0000": {}, `"T"0000`: {}, "000000;-000000": {pad: 6},
		"\\": {}, "[": {}, `"`: {}, "[]": {}, "": {},
	} {
		if got := formatStyle(code); got != want {
			t.Errorf("%q: %+v, want %+v", code, got, want)
		}
	}
}

// TestSerialDatesAgreeWithTheCalendar compares with time.Time over both date
// systems.
func TestSerialDatesAgreeWithTheCalendar(t *testing.T) {
	for name, epoch := range map[string]time.Time{
		"1900": time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC),
		"1904": time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		rapid.Check(t, func(t *rapid.T) {
			days := rapid.IntRange(61, 2_900_000).Draw(t, "days")
			secs := rapid.IntRange(0, 86399).Draw(t, "seconds")
			got, ok := appendSerial(nil, float64(days)+float64(secs)/86400, styleDate, name == "1904")
			want := epoch.AddDate(0, 0, days).Add(time.Duration(secs) * time.Second).Format("2006-01-02 15:04:05")
			if want = strings.TrimSuffix(want, " 00:00:00"); !ok || string(got) != want {
				t.Fatalf("%s: %d.%d is %s, want %s", name, days, secs, got, want)
			}
		})
	}
	for _, c := range []struct {
		v    float64
		kind styleKind
		d04  bool
		want string
	}{
		{1, styleDate, false, "1900-01-01"}, {59, styleDate, false, "1900-02-28"}, {60, styleDate, false, ""}, {61, styleDate, false, "1900-03-01"},
		{0, styleDate, true, "1904-01-01"}, {0, styleDate, false, ""}, {0, styleClock, false, "00:00:00"}, {0.999999, styleClock, false, "1900-01-01 00:00:00"},
		{0.5, styleDate, false, "12:00:00"}, {46027, styleClock, false, "2026-01-05 00:00:00"}, {-1, styleDate, false, ""},
		{2958465, styleDate, false, "9999-12-31"}, {2958466, styleDate, false, ""}, {46027.9999999, styleDate, false, "2026-01-06"},
	} {
		got, ok := appendSerial(nil, c.v, c.kind, c.d04)
		if string(got) != c.want || ok != (c.want != "") {
			t.Errorf("%v: %q, want %q", c.v, got, c.want)
		}
	}
}
