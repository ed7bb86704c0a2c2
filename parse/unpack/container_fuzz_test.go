package unpack

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// fuzzLimits keep a run of the fuzzer small, and the limits within its reach.
var fuzzLimits = text.Workspace{
	Limits: problem.Limits{Columns: 40, SheetRows: 5000, Strings: 1 << 16, Sheets: 8, Entries: 20, Inflated: 1 << 20, Ratio: 100, RatioFrom: 1 << 16},
	Memory: 1 << 20,
}

// checkContainer opens content and holds it to what every container promises:
// a document or a problem, ascending rows, a problem and no other error.
func checkContainer(t *testing.T, content []byte) string {
	t.Helper()
	var out strings.Builder
	blobs := openAll("f", sourceOf(content), fuzzLimits)
	if len(blobs) == 0 {
		t.Fatal("neither a document nor a problem")
	}
	for i := range blobs {
		b := &blobs[i]
		fmt.Fprintf(&out, "%s %s\n", b.Name, b.form)
		switch {
		case b.Problem != nil:
			if b.Book != nil {
				t.Fatal("a workbook and a problem")
			}
			if b.Problem.Reason(problem.ZH) == string(b.Problem.Code) || b.Problem.File == "" {
				t.Fatalf("a problem without its text or file: %+v", b.Problem)
			}
			fmt.Fprintln(&out, b.Problem.Code)
		case b.Book != nil:
			text, err := dump(b.Book)
			out.WriteString(text)
			if err != nil {
				p, ok := err.(*problem.Problem)
				if !ok {
					t.Fatalf("%v after\n%s", err, text)
				}
				fmt.Fprintln(&out, p.Code)
			}
		case b.Src == nil:
			t.Fatal("no bytes")
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func FuzzContainer(f *testing.F) {
	book := makeBook(f, bookParts{})
	f.Add(book)
	f.Add(makeZip(f, zipEntry{name: "a.csv", data: csvText}, zipEntry{name: "b/明细.xlsx", data: string(book)}, zipEntry{name: "__MACOSX/._a"}))
	f.Add(makeZip(f, zipEntry{name: "a.zip", data: string(makeZip(f, zipEntry{name: "a.csv.gz", data: string(makeGzip(f, csvText))}))}))
	f.Add(makeGzip(f, csvText))
	f.Add(compressLZW([]byte(strings.Repeat(csvText, 20)), 12, 30))
	f.Add([]byte(csvText))
	f.Fuzz(func(t *testing.T, content []byte) { checkContainer(t, content) })
}

// FuzzXLSXSheet also holds the fast way against the slow one: a line end
// behind <row means the same, and only the slow way takes it.
func FuzzXLSXSheet(f *testing.F) {
	for _, rows := range []string{
		`<row r="1" spans="1:3"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>46027.5</v></c><c r="C1" t="inlineStr"><is><t>x</t></is></c></row><row r="3"><c r="A3"><f>1</f><v>2</v></c><c r="B3" t="str"><v>a&amp;b</v></c></row>`,
		`<row><c><v>1E-3</v></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c t="d"><v>2026-01-05T00:00:00</v></c></row><row r="9"/>`,
		`<row r="2"><c r="C2" s="3"><v>12</v></c><c r="A2"><f>x</f></c><!-- --><c r="B2" t="inlineStr"><is><r><t>a</t></r><rPh><t>b</t></rPh></is></c></row>`,
		`<row r="1"><c r="A1"><f t="shared" si="0"/><v>1</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells><sheetData>`,
	} {
		f.Add([]byte(sheetXML(rows)))
	}
	f.Fuzz(func(t *testing.T, sheet []byte) {
		fast := checkContainer(t, makeBook(t, bookParts{sheets: []string{string(sheet)}}))
		if bytes.Contains(sheet, []byte("CDATA")) {
			return
		}
		sheet = bytes.ReplaceAll(sheet, []byte("<row "), []byte("<row\n"))
		sheet = bytes.ReplaceAll(sheet, []byte("<row>"), []byte("<row\n>"))
		if slow := checkContainer(t, makeBook(t, bookParts{sheets: []string{string(sheet)}})); fast != slow {
			t.Fatalf("fast:\n%s\nslow:\n%s", fast, slow)
		}
	})
}

func FuzzXLSXParts(f *testing.F) {
	f.Add([]byte(`<sst><si><t>a</t></si><si><r><t>_x000D_</t></r></si></sst>`), []byte(`<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`),
		[]byte(`<workbook `+nsMain+`><workbookPr date1904="1"/><sheets><sheet name="a" state="hidden" r:id="rId1"/></sheets></workbook>`))
	f.Fuzz(func(t *testing.T, shared, styles, workbook []byte) {
		checkContainer(t, makeBook(t, bookParts{strings: string(shared), styles: string(styles), workbook: string(workbook),
			sheets: []string{sheetXML(`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="0"><v>1.5</v></c></row>`)}}))
	})
}

func FuzzXLS(f *testing.F) {
	f.Add(makeXLS(biffBook{
		shared: [][]byte{rec(biffSST, uint32(2), uint32(2), wide("门店", 2), narrowText("ab", 2))},
		sheets: [][][]byte{{
			rec(biffNumber, 0, 0, 1, 46027.5), rec(biffMulRK, 0, 1, 0, rkOf(1, true), 3, rkOf(7, false), 2), rec(biffLabelSST, 1, 0, 0, uint32(0)),
			rec(biffFormula, 1, 1, 0, []byte{0, 0, 0, 0, 0, 0, 0xFF, 0xFF}, 0, uint32(0), 0), rec(biffString, wide("大", 2)), rec(biffBoolErr, 1, 2, 0, byte(7), byte(1)),
		}, {rec(biffNumber, 2, 0, 0, 1.0), rec(biffNumber, 0, 0, 0, 2.0)}},
	}))
	f.Fuzz(func(t *testing.T, content []byte) { checkContainer(t, content) })
}

// FuzzXLSStream changes the records themselves, whose container is whole.
func FuzzXLSStream(f *testing.F) {
	f.Add(bytes.Join([][]byte{
		rec(biffBOF, biff8, 5), rec(biffSheet, uint32(61), byte(0), byte(0), narrowText("a", 1)), rec(biffXF, 0, 22), rec(biffSST, uint32(1), uint32(1), wide("门", 2)), rec(biffEOF),
		rec(biffBOF, biff8, 0x10), rec(biffNumber, 0, 0, 0, 1.5), rec(biffLabelSST, 1, 0, 0, uint32(0)), rec(biffRK, 0, 1, 0, rkOf(5, true)), rec(biffEOF),
	}, nil))
	f.Fuzz(func(t *testing.T, stream []byte) {
		checkContainer(t, makeOLE(map[string][]byte{"Workbook": stream}, "Workbook"))
	})
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte(`<html><meta charset=gbk><h1>标题</h1><table><tr><td rowspan=2 colspan=3>1<table><tr><td>x</table></td><th>2</th></tr><tr><td>&nbsp;&#20013;<br>b</td></tbody></table>`))
	f.Add([]byte("<table>\xC3\xC5<tr><td>\xB5\xEA</td></tr></table><select><option>"))
	f.Fuzz(func(t *testing.T, page []byte) { checkContainer(t, append([]byte("<table>"), page...)) })
}
