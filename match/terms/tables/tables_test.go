package tables

import (
	archive "archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/terms"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Numbers that an export has guarded against spreadsheets are read as they are.
func TestTablesReadGuardedCells(t *testing.T) {
	table, err := ReadTable("c.csv", []byte("收单机构,商户号\n=\"0123\",=\"898523216288001\"\n拉卡拉,\"a,b\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		row, cell int
		want      string
	}{{1, 0, "0123"}, {1, 1, "898523216288001"}, {2, 1, "a,b"}} {
		if got := table[0].rows[c.row].cells[c.cell].text; got != c.want {
			t.Errorf("row %d cell %d is %q, want %q", c.row, c.cell, got, c.want)
		}
	}
}

// bookOf is a workbook with the given sheets' XML below <worksheet>; a sheet
// whose name begins with "~" is hidden.
func bookOf(t testing.TB, sheets ...[2]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := archive.NewWriter(&b)
	part := func(name, text string) {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	const main, rel = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	part("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`)
	part("_rels/.rels", `<Relationships><Relationship Id="r1" Type="`+rel+`/officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	list, rels := "", ""
	for i, s := range sheets {
		state := ""
		if strings.HasPrefix(s[0], "~") {
			state = ` state="hidden"`
		}
		list += fmt.Sprintf(`<sheet name="%s" sheetId="%d"%s r:id="r%d"/>`, s[0], i+1, state, i+1)
		rels += fmt.Sprintf(`<Relationship Id="r%d" Type="%s/worksheet" Target="worksheets/s%d.xml"/>`, i+1, rel, i+1)
		part(fmt.Sprintf("xl/worksheets/s%d.xml", i+1), `<worksheet xmlns="`+main+`">`+s[1])
	}
	part("xl/workbook.xml", `<workbook xmlns="`+main+`" xmlns:r="`+rel+`"><sheets>`+list+`</sheets></workbook>`)
	part("xl/_rels/workbook.xml.rels", `<Relationships>`+rels+`</Relationships>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// xmlRow is a row of text cells; a cell that begins with "<" is XML already.
func xmlRow(n int, cells ...string) string {
	s := fmt.Sprintf(`<row r="%d">`, n)
	for j, c := range cells {
		if !strings.HasPrefix(c, "<") {
			c = fmt.Sprintf(`<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>`, columnLetters(j), n, c)
		}
		s += c
	}
	return s + "</row>"
}

var contractRows = [][]string{
	{"收单机构", "商户号", "结算周期", "贷记卡费率"},
	{"拉卡拉", "1001", "T+1", "0.6%"},
	{"拉卡拉", "1002", "D+0", "0.6%"},
	{"银联商务", "2001", "T+2", "0.5%"},
}

func contractSheet() string {
	s := "<sheetData>"
	for i, r := range contractRows {
		s += xmlRow(i+1, r...)
	}
	return s
}

const sheetEnd = "</sheetData></worksheet>"

func contractText(sep, eol string) string {
	s := ""
	for _, r := range contractRows {
		s += strings.Join(r, sep) + eol
	}
	return s
}

// A table is read the same from whatever a data file may be, and any defect of
// the file is an error that names it: no table is taken in part.
func TestTablesAreReadWholeOrNotAtAll(t *testing.T) {
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(contractText(",", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	html := "<html><meta charset=utf-8><table>"
	for _, r := range contractRows {
		html += "<tr><td>" + strings.Join(r, "</td><td>") + "</td></tr>"
	}
	utf16 := "\xFF\xFE"
	for _, r := range contractText("\t", "\r\n") {
		utf16 += string([]byte{byte(r), byte(r >> 8)})
	}
	good := map[string][]byte{
		"a.csv":       []byte(contractText(",", "\n")),
		"cr.csv":      []byte(contractText(";", "\r")),
		"gbk.csv":     []byte(gbk),
		"u16.txt":     []byte(utf16),
		"open.csv":    []byte(strings.TrimSuffix(contractText(",", "\n"), "\n")),
		"a.xls":       []byte(html + "</table></html>"),
		"a.xlsx":      bookOf(t, [2]string{"合同", contractSheet() + sheetEnd}),
		"merged.xlsx": bookOf(t, [2]string{"合同", contractSheet() + `</sheetData><mergeCells count="1"><mergeCell ref=""/></mergeCells></worksheet>`}),
		"note.xlsx":   bookOf(t, [2]string{"说明", "<sheetData>" + xmlRow(1, "只看第二张表") + sheetEnd}, [2]string{"~旧", contractSheet() + sheetEnd}, [2]string{"合同", contractSheet() + sheetEnd}),
		"two.xlsx": bookOf(t, [2]string{"一", "<sheetData>" + xmlRow(1, contractRows[0]...) + xmlRow(2, contractRows[1]...) + xmlRow(3, contractRows[2]...) + sheetEnd},
			[2]string{"二", "<sheetData>" + xmlRow(1, contractRows[0]...) + xmlRow(2, contractRows[3]...) + sheetEnd}),
	}
	for name, data := range good {
		c, err := LoadContracts(writeFile(t, name, string(data)), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if len(c.Rows()) != 3 || c.For("银联商务", "2001", 20000).Cycle != (terms.Cycle{Business: true, Days: 2}) || c.For("拉卡拉", "1002", 20000).Cycle != (terms.Cycle{}) {
			t.Errorf("%s: read as %d rows", name, len(c.Rows()))
		}
	}
	sheet := contractSheet() + sheetEnd
	cell := func(xml string) []byte {
		return bookOf(t, [2]string{"合同", strings.Replace(sheet, `<c r="C3" t="inlineStr"><is><t>D+0</t></is></c>`, xml, 1)})
	}
	cut := contractText(",", "\n")
	bad := map[string]struct {
		data []byte
		want []string
	}{
		"xml.xlsx":     {bookOf(t, [2]string{"合同", strings.Replace(sheet, `<row r="4">`, `<row r="4"<`, 1)}), []string{"xml.xlsx:合同"}},
		"cut.xlsx":     {bookOf(t, [2]string{"合同", sheet[:strings.Index(sheet, `<row r="4">`)]}), []string{"cut.xlsx:合同"}},
		"zip.xlsx":     {good["a.xlsx"][:len(good["a.xlsx"])-30], []string{"zip.xlsx"}},
		"row.xlsx":     {bookOf(t, [2]string{"合同", strings.Replace(sheet, `<row r="4">`, `<row r="2147483647">`, 1)}), []string{"row.xlsx:合同", "2147483647"}},
		"formula.xlsx": {cell(`<c r="C3"><f>A1</f></c>`), []string{"formula.xlsx:合同!3", "结算周期"}},
		"error.xlsx":   {cell(`<c r="C3" t="e"><v>#N/A</v></c>`), []string{"error.xlsx:合同!3", "结算周期"}},
		"name.xlsx":    {bookOf(t, [2]string{"合同", strings.Replace(sheet, `<c r="A3" t="inlineStr"><is><t>拉卡拉</t></is></c>`, `<c r="A3" t="e"><v>#REF!</v></c>`, 1)}), []string{"name.xlsx:合同!3", "收单机构"}},
		"head.xlsx":    {bookOf(t, [2]string{"合同", strings.Replace(sheet, `<c r="D1" t="inlineStr"><is><t>贷记卡费率</t></is></c>`, `<c r="D1"><f>B9</f></c>`, 1)}), []string{"head.xlsx:合同!1"}},
		"bare.xlsx":    {bookOf(t, [2]string{"合同", sheet}, [2]string{"续", "<sheetData>" + xmlRow(1, "通联", "3001", "T+1") + sheetEnd}), []string{"bare.xlsx:续!1"}},
		"short.csv":    {[]byte(cut[:strings.LastIndex(cut, ",")]), []string{"short.csv:4"}},
		"beyond.csv":   {[]byte(strings.Replace(cut, "D+0,", "D+0,,", 1)), []string{"beyond.csv:3", "E"}},
		"above.csv":    {[]byte("通联,3001,T+1\n" + cut), []string{"above.csv:1"}},
		"quote.csv":    {[]byte(strings.Replace(cut, "D+0", `"D+0`, 1)), []string{"quote.csv:3"}},
		"nul.csv":      {[]byte(cut + "\x00\x00\x00"), []string{"nul.csv"}},
		"latin.csv":    {[]byte(cut + "\xFF\xFF,1,T+1,\n"), []string{"latin.csv"}},
		"point.csv":    {[]byte(strings.Replace(cut, "0.5%", "0.", 1)), []string{"point.csv:4", "贷记卡费率"}},
		"none.xlsx":    {bookOf(t, [2]string{"~合同", sheet}), []string{"none.xlsx"}},
	}
	for name, c := range bad {
		_, err := LoadContracts(writeFile(t, name, string(c.data)), nil)
		if err == nil {
			t.Errorf("%s is taken", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; should name %s", name, err, want)
			}
		}
	}
}

// Wherever a good table is cut but at the end of a row, it is refused. (Of a
// first row nothing tells that its last cell was longer.)
func TestACutTableIsNeverShorter(t *testing.T) {
	text := contractText(",", "\n")
	for n := 1; n < len(text)-1; n++ {
		tab, err := ReadTable("c.csv", []byte(text[:n]))
		if err != nil {
			continue
		}
		c, err := tab.Contracts(nil)
		first := n < len(text[:strings.Index(text, "拉卡拉,1002")])
		if err == nil && !first && !strings.HasSuffix(text[:n], "%") && text[n-1] != '\n' {
			t.Errorf("cut after %q: %d rows", text[max(0, n-20):n], len(c.Rows()))
		}
	}
	book := bookOf(t, [2]string{"合同", contractSheet() + sheetEnd})
	for n := 4; n < len(book); n += 7 {
		if _, err := ReadTable("c.xlsx", book[:n]); err == nil {
			t.Errorf("a workbook cut after %d of %d bytes is read", n, len(book))
		}
	}
}

// What is no file of its own, a folder or a pipe, is refused and not waited for.
func TestATableThatIsNoFileIsRefused(t *testing.T) {
	if _, err := LoadContracts(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "regular") {
		t.Errorf("error %v", err)
	}
	if _, err := LoadContracts(filepath.Join(t.TempDir(), "none.csv"), nil); !os.IsNotExist(err) {
		t.Errorf("a missing table: %v", err)
	}
}
