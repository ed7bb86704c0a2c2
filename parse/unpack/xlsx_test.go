package unpack

import (
	"archive/zip"
	"errors"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/unicode"
)

// bookParts describes a workbook that a test makes by hand; what is not set
// has a plain default.
type bookParts struct {
	workbook, rels, rootRels, types, styles, strings string
	sheets                                           []string
	raw                                              []zipEntry // further parts
}

const (
	nsMain = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	nsRels = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	relTyp = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
)

// sheetXML is a sheet with these rows in it.
func sheetXML(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<worksheet ` + nsMain + `><dimension ref="A1"/><sheetData>` + rows + `</sheetData></worksheet>`
}

func makeBook(t testing.TB, p bookParts) []byte {
	t.Helper()
	or := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	if p.sheets == nil {
		p.sheets = []string{sheetXML(`<row r="1"><c r="A1"><v>1</v></c></row>`)}
	}
	var list, rels strings.Builder
	for i := range p.sheets {
		n := string(rune('1' + i))
		list.WriteString(`<sheet name="Sheet` + n + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		rels.WriteString(`<Relationship Id="rId` + n + `" Type="` + relTyp + `worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	or(&p.types, `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`)
	or(&p.rootRels, `<Relationships `+nsRels+`><Relationship Id="rId1" Type="`+relTyp+`officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	or(&p.workbook, `<workbook `+nsMain+`><sheets>`+list.String()+`</sheets></workbook>`)
	or(&p.rels, `<Relationships `+nsRels+`>`+rels.String()+
		`<Relationship Id="rId91" Type="`+relTyp+`styles" Target="styles.xml"/>`+
		`<Relationship Id="rId92" Type="`+relTyp+`sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`)
	or(&p.styles, `<styleSheet `+nsMain+`><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>`+
		`<numFmt numFmtId="165" formatCode="00000000"/></numFmts>`+
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>`+
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/><xf numFmtId="14"/></cellXfs></styleSheet>`)
	or(&p.strings, `<sst `+nsMain+`><si><t>门店</t></si><si><t xml:space="preserve"> a&amp;b </t></si>`+
		`<si><r><rPr><b/></rPr><t>富</t></r><r><t>文本</t></r><rPh sb="0" eb="1"><t>fu</t></rPh></si><si/><si><t/></si><si><t>x_x000D_y</t></si></sst>`)
	entries := []zipEntry{
		{name: "[Content_Types].xml", data: p.types},
		{name: "_rels/.rels", data: p.rootRels},
		{name: "xl/workbook.xml", data: p.workbook},
		{name: "xl/_rels/workbook.xml.rels", data: p.rels},
		{name: "xl/styles.xml", data: p.styles},
		{name: "xl/sharedStrings.xml", data: p.strings},
	}
	for i, s := range p.sheets {
		entries = append(entries, zipEntry{name: "xl/worksheets/sheet" + string(rune('1'+i)) + ".xml", data: s})
	}
	return makeZip(t, append(entries, p.raw...)...)
}

// book is a workbook of one sheet with these rows.
func bookOf(t testing.TB, rows string) []byte {
	return makeBook(t, bookParts{sheets: []string{sheetXML(rows)}})
}

func TestCellsOfEveryKind(t *testing.T) {
	for name, c := range map[string]struct{ rows, want string }{
		"shared":         {`<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="s"><v>2</v></c></row>`, "1: t:门店 t: a&b  t:富文本"},
		"shared empty":   {`<row r="1"><c r="A1" t="s"><v>3</v></c><c r="B1" t="s"><v>4</v></c><c r="C1" t="s"><v>5</v></c></row>`, "1: - - t:x\ry"},
		"inline":         {`<row r="1"><c r="A1" t="inlineStr"><is><t>行内</t></is></c><c r="B1" t="inlineStr"><is><r><t>a</t></r><r><t>&lt;b</t></r></is></c></row>`, "1: t:行内 t:a<b"},
		"inline kept":    {`<row r="1"><c r="A1" t="inlineStr"><is><t xml:space="preserve"> a </t></is></c></row>`, "1: t: a "},
		"cdata":          {`<row r="1"><c r="A1" t="inlineStr"><is><t><![CDATA[</row><b>]]></t></is></c></row>`, "1: t:</row><b>"},
		"numbers":        {`<row r="1"><c r="A1"><v>45.5</v></c><c r="B1" t="n"><v>-0.07</v></c><c r="C1" s="0"><v>0.30000000000000004</v></c></row>`, "1: n:45.5 n:-0.07 n:0.3"},
		"identifiers":    {`<row r="1"><c r="A1"><v>123456789012345</v></c><c r="B1"><v>1234567890123456</v></c><c r="C1"><v>1.23457E+17</v></c></row>`, "1: n:123456789012345 n:1.23456789012346E+15 n:1.23457E+17"},
		"padded":         {`<row r="1"><c r="A1" s="3"><v>1234</v></c><c r="B1" s="3"><v>-5</v></c><c r="C1" s="3"><v>123456789</v></c></row>`, "1: n:00001234 n:-5 n:123456789"},
		"dates":          {`<row r="1"><c r="A1" s="1"><v>46027.377222222218</v></c><c r="B1" s="2"><v>46027</v></c><c r="C1" s="4"><v>0.5</v></c><c r="D1" s="5"><v>20260105</v></c></row>`, "1: d:2026-01-05 09:03:12 d:2026-01-05 d:12:00:00 n:20260105"},
		"iso date":       {`<row r="1"><c r="A1" t="d"><v>2026-01-05T09:03:12.000</v></c><c r="B1" t="d"><v>2026-01-05</v></c><c r="C1" t="d"><v>2026-01-05T00:00:00Z</v></c></row>`, "1: d:2026-01-05 09:03:12 d:2026-01-05 d:2026-01-05"},
		"bool error":     {`<row r="1"><c r="A1" t="b"><v>1</v></c><c r="B1" t="b"><v>0</v></c><c r="C1" t="e"><v>#N/A</v></c></row>`, "1: b:TRUE b:FALSE e:#N/A"},
		"formula":        {`<row r="1"><c r="A1"><f>B1*2</f><v>90</v></c><c r="B1" t="str"><f>"a"&amp;1</f><v>a1</v></c><c r="C1"><f t="shared" si="0"/><v>3</v></c></row>`, "1: n:90 t:a1 n:3"},
		"no cached":      {`<row r="1"><c r="A1"><f>B1*2</f></c><c r="B1"><f>SUM(1)</f><v></v></c><c r="C1" t="str"><f>""</f><v></v></c><c r="D1"><f>1</f><v/></c></row>`, "1: f:=B1*2 f:=SUM(1) - f:=1"},
		"no references":  {`<row><c><v>1</v></c><c t="s"><v>0</v></c></row><row><c><v>2</v></c></row><row r="7"><c><v>3</v></c></row>`, "1: n:1 t:门店\n2: n:2\n7: n:3"},
		"gaps":           {`<row r="3"><c r="B3"><v>1</v></c><c r="E3"><v>2</v></c><c r="F3" s="1"/></row>`, "3: - n:1 - - n:2"},
		"blank rows":     {`<row r="1"/><row r="2"></row><row r="3"><c r="A3" s="1"/></row><row r="4"><c r="A4"><v>1</v></c></row>`, "4: n:1"},
		"any order":      {`<row r="1"><c r="C1"><v>3</v></c><c r="A1"><v>1</v></c></row>`, "1: n:1 - n:3"},
		"white space":    {"<row r=\"1\">\n  <c r=\"A1\">\n    <v> 5 </v>\n  </c>\n</row>\n\n<row r=\"2\"><c r=\"A2\"><v>6</v></c></row>\n", "1: n:5\n2: n:6"},
		"attributes":     {`<row spans='1:3' r='1' ht="13.5" customHeight="1"><c t='n' r='A1'><v>5</v></c></row>`, "1: n:5"},
		"comments":       {`<!-- <row r="1"></row> --><row r="2"><!-- </row> --><c r="A2"><v>5</v></c></row>`, "2: n:5"},
		"extension":      {`<row r="1"><c r="A1"><v>5</v><extLst><ext><v>9</v></ext></extLst></c></row>`, "1: n:5"},
		"no number":      {`<row r="1"><c r="A1"><v>NaN</v></c></row>`, "1: t:NaN"},
		"wide blank":     {`<row r="1"><c r="A1"><v>5</v></c><c r="XFD1" s="1"/></row>`, "1: n:5"},
		"last row":       {`<row r="1048576"><c r="A1048576"><v>5</v></c></row>`, "1048576: n:5"},
		"style unknown":  {`<row r="1"><c r="A1" s="99"><v>5</v></c><c r="B1" s="-1"><v>6</v></c></row>`, "1: n:5 n:6"},
		"text escapes":   {`<row r="1"><c r="A1" t="str"><v>a&#x4E2D;&#13;_x000A_b</v></c></row>`, "1: t:a中\r\nb"},
		"lower case ref": {`<row r="1"><c r="b1"><v>5</v></c></row>`, "1: - n:5"},
	} {
		if got, want := dumpOf(t, bookOf(t, c.rows)), "[Sheet1]\n"+c.want+"\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

func TestDamagedSheetsAreRefusedAndNeverShort(t *testing.T) {
	row := func(n string) string { return `<row r="` + n + `"><c r="A` + n + `"><v>5</v></c></row>` }
	ok := row("1") + row("2")
	for name, c := range map[string]struct {
		sheet string
		code  problem.Code
		line  int64
	}{
		"huge row":         {sheetXML(ok + `<row r="2147483647"><c><v>1</v></c></row>`), CodeWorkbookRows, 2},
		"row beyond":       {sheetXML(ok + `<row r="1048576"/><row><c><v>1</v></c></row>`), CodeWorkbookRows, 1048576},
		"unquoted row":     {sheetXML(ok + `<row r=2147483647><c><v>1</v></c></row>`), CodeWorkbookDamaged, 2},
		"negative row":     {sheetXML(ok + `<row r="-1"/>`), CodeWorkbookDamaged, 2},
		"row zero":         {sheetXML(`<row r="0"/>`), CodeWorkbookDamaged, 0},
		"rows descend":     {sheetXML(ok + row("1")), CodeWorkbookDamaged, 2},
		"string -1":        {sheetXML(ok + `<row><c t="s"><v>-1</v></c></row>`), CodeWorkbookDamaged, 3},
		"string beyond":    {sheetXML(ok + `<row><c t="s"><v>6</v></c></row>`), CodeWorkbookDamaged, 3},
		"string huge":      {sheetXML(ok + `<row><c t="s"><v>99999999999999999999</v></c></row>`), CodeWorkbookDamaged, 3},
		"cell twice":       {sheetXML(`<row r="1"><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>`), CodeWorkbookDamaged, 1},
		"cell of a row":    {sheetXML(`<row r="1"><c r="A2"><v>1</v></c></row>`), CodeWorkbookDamaged, 1},
		"column overflow":  {sheetXML(`<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>`), CodeWorkbookDamaged, 1},
		"column beyond":    {sheetXML(`<row r="1"><c r="XFE1"><v>1</v></c></row>`), CodeWorkbookDamaged, 1},
		"column limit":     {sheetXML(`<row r="1"><c r="XFD1"><v>1</v></c></row>`), CodeWorkbookColumns, 1},
		"cell type":        {sheetXML(`<row r="1"><c r="A1" t="x"><v>1</v></c></row>`), CodeWorkbookDamaged, 1},
		"bool":             {sheetXML(`<row r="1"><c r="A1" t="b"><v>2</v></c></row>`), CodeWorkbookDamaged, 1},
		"cut in a row":     {strings.TrimSuffix(sheetXML(ok+`<row r="3"><c r="A3"><v>1</v></c>`), `</sheetData></worksheet>`), CodeWorkbookDamaged, 3},
		"cut in a cell":    {strings.TrimSuffix(sheetXML(ok+`<row r="3"><c r="A3"><v>1`), `</sheetData></worksheet>`), CodeWorkbookDamaged, 3},
		"cut in a tag":     {strings.TrimSuffix(sheetXML(ok+`<row r="3`), `</sheetData></worksheet>`), CodeWorkbookDamaged, 2},
		"cut after rows":   {strings.TrimSuffix(sheetXML(ok), `</sheetData></worksheet>`), CodeWorkbookDamaged, 2},
		"cut at the end":   {strings.TrimSuffix(sheetXML(ok), `</worksheet>`), CodeWorkbookDamaged, 2},
		"wrong nesting":    {sheetXML(ok + `<row r="3"><c r="A3"><v>1</c></v></row>`), CodeWorkbookDamaged, 3},
		"unclosed cell":    {sheetXML(ok + `<row r="3"><c r="A3"><v>1</v></row>`), CodeWorkbookDamaged, 3},
		"twice r":          {sheetXML(`<row r="1"><c r="A1" r="B1"><v>1</v></c></row>`), CodeWorkbookDamaged, 1},
		"text":             {sheetXML(ok + `five`), CodeWorkbookDamaged, 2},
		"text in row":      {sheetXML(ok + `<row r="3">five</row>`), CodeWorkbookDamaged, 3},
		"bare &":           {sheetXML(`<row r="1"><c r="A1" t="str"><v>a & b</v></c></row>`), CodeWorkbookDamaged, 1},
		"own entity":       {sheetXML(`<row r="1"><c r="A1" t="str"><v>&xxe;</v></c></row>`), CodeWorkbookEntity, 1},
		"doctype":          {`<!DOCTYPE x [<!ENTITY xxe SYSTEM "file:///etc/passwd">]>` + strings.TrimPrefix(sheetXML(ok), `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`), CodeWorkbookEntity, 0},
		"two roots":        {sheetXML(ok) + sheetXML(ok)[len(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`):], CodeWorkbookDamaged, 2},
		"sheet data twice": {strings.Replace(sheetXML(ok), `</worksheet>`, `<sheetData/></worksheet>`, 1), CodeWorkbookDamaged, 2},
		"encoding":         {strings.Replace(sheetXML(ok), "UTF-8", "GBK", 1), CodeWorkbookDamaged, 0},
		"not XML":          {"日期,金额\n", CodeWorkbookDamaged, 0},
		"empty":            {"", CodeWorkbookDamaged, 0},
		"deep":             {sheetXML(`<row r="1"><c r="A1">` + strings.Repeat("<x>", 100_000) + `</c></row>`), CodeWorkbookDamaged, 1},
	} {
		p := refusalOf(t, makeBook(t, bookParts{sheets: []string{c.sheet}}))
		if p.Code != c.code || p.Line != c.line || p.File != "book:Sheet1" {
			t.Errorf("%s: %v, want %s at line %d", name, p, c.code, c.line)
		}
	}
}

func TestWorkbooksThatAreRefused(t *testing.T) {
	rel := func(typ, target, more string) string {
		return `<Relationships ` + nsRels + `><Relationship Id="rId1" Type="` + relTyp + typ + `" Target="` + target + `"` + more + `/></Relationships>`
	}
	bomb := sheetXML(strings.Repeat(" ", 40<<20))
	for name, c := range map[string]struct {
		book bookParts
		code problem.Code
	}{
		"binary":         {bookParts{rootRels: rel("officeDocument", "xl/workbook.bin", "")}, CodeWorkbookOther},
		"Word":           {bookParts{rootRels: rel("officeDocument", "word/document.xml", "")}, CodeWorkbookOther},
		"PowerPoint":     {bookParts{rootRels: rel("officeDocument", "ppt/presentation.xml", "")}, CodeWorkbookOther},
		"drawing":        {bookParts{workbook: `<visio/>`}, CodeWorkbookOther},
		"no workbook":    {bookParts{rootRels: rel("officeDocument", "xl/other.xml", "")}, CodeWorkbookDamaged},
		"no sheet part":  {bookParts{rels: rel("worksheet", "worksheets/gone.xml", "")}, CodeWorkbookDamaged},
		"no relation":    {bookParts{rels: rel("styles", "styles.xml", "")}, CodeWorkbookDamaged},
		"external sheet": {bookParts{rels: rel("worksheet", "file:///etc/passwd", ` TargetMode="External"`)}, CodeWorkbookDamaged},
		"outside":        {bookParts{rels: rel("worksheet", "../../../../etc/passwd", "")}, CodeWorkbookDamaged},
		"part twice":     {bookParts{raw: []zipEntry{{name: "XL/styles.xml", data: "<styleSheet/>"}}}, CodeWorkbookDamaged},
		"entity":         {bookParts{workbook: `<!DOCTYPE x [<!ENTITY a "b">]><workbook/>`}, CodeWorkbookEntity},
		"billion laughs": {bookParts{strings: `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>`}, CodeWorkbookEntity},
		"strings cut":    {bookParts{strings: `<sst><si><t>a`}, CodeWorkbookDamaged},
		"styles cut":     {bookParts{styles: `<styleSheet><cellXfs>`}, CodeWorkbookDamaged},
		"sheet bomb":     {bookParts{sheets: []string{bomb}}, CodeUnpackRatio},
		"strings bomb":   {bookParts{strings: `<sst><si><t>` + strings.Repeat(" ", 40<<20) + `</t></si></sst>`}, CodeUnpackRatio},
		"long text":      {bookParts{strings: `<sst><si><t>` + strings.Repeat("长", 1<<20) + `</t></si></sst>`}, CodeWorkbookStrings},
		"long token":     {bookParts{sheets: []string{sheetXML(`<row r="1"><c r="A1" t="inlineStr"><is><t>` + strings.Repeat("长", 3<<20) + `</t></is></c></row>`)}}, CodeWorkbookDamaged},
	} {
		if p := refusalOf(t, makeBook(t, c.book)); p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, p, c.code)
		}
	}
	for name, c := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"ODS":       {makeZip(t, zipEntry{name: "mimetype", data: "application/vnd.oasis.opendocument.spreadsheet"}, zipEntry{name: "content.xml", data: "<x/>"}), CodeWorkbookOther},
		"encrypted": {makeBook(t, bookParts{raw: []zipEntry{{name: "xl/x.xml", head: func(h *zip.FileHeader) { h.Flags |= 1 }}}}), CodeWorkbookEncrypted},
	} {
		if p := refusalOf(t, c.data); p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, p, c.code)
		}
	}
}

func TestAWorkbookCutAnywhereIsRefused(t *testing.T) {
	book := bookOf(t, strings.Repeat(`<row><c t="inlineStr"><is><t>x</t></is></c></row>`, 300))
	for n := 30; n < len(book); n += 37 {
		b := openAll("a", sourceOf(book[:n]), text.Workspace{})
		if b[0].Problem == nil {
			t.Errorf("cut after %d of %d bytes: no problem", n, len(book))
		}
		b[0].Close()
	}
	// A bit that flips within a part is found by its checksum at the latest.
	at := strings.Index(string(book), "xl/worksheets/sheet1.xml") + 60
	for n := at; n < at+40; n += 7 {
		bad := []byte(string(book))
		bad[n] ^= 4
		if p := refusalOf(t, bad); p.Code != CodeWorkbookDamaged {
			t.Errorf("bit at %d: %v", n, p)
		}
	}
}

func TestSheetsOfAWorkbook(t *testing.T) {
	row := func(v string) string { return sheetXML(`<row r="1"><c r="A1"><v>` + v + `</v></c></row>`) }
	workbook := `<workbook xmlns="http://purl.oclc.org/ooxml/spreadsheetml/main" xmlns:q="http://purl.oclc.org/ooxml/officeDocument/relationships">` +
		`<workbookPr date1904="true"/><sheets><sheet name="三 &amp; 3" sheetId="9" q:id="c"/><sheet name="图" sheetId="7" q:id="chart"/><sheet name="一" state="hidden" sheetId="2" q:id="a"/>` +
		`<sheet name="二" state="veryHidden" sheetId="3" q:id="b"/></sheets></workbook>`
	strict := `http://purl.oclc.org/ooxml/officeDocument/relationships/`
	rels := `<Relationships ` + nsRels + `><Relationship Id="a" Type="` + strict + `worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="b" Type="` + strict + `worksheet" Target="/XL/worksheets/SHEET2.xml"/><Relationship Id="c" Type="` + strict + `worksheet" Target=".\worksheets\..\worksheets\sheet3.xml"/>` +
		`<Relationship Id="chart" Type="` + strict + `chartsheet" Target="chartsheets/sheet1.xml"/></Relationships>`
	got := dumpOf(t, makeBook(t, bookParts{workbook: workbook, rels: rels, sheets: []string{row("1"), row("2"), row("3")}}))
	if want := "[三 & 3]\n1: n:3\n[一] hidden\n1: n:1\n[二] hidden\n1: n:2\n"; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestPartsInUTF16(t *testing.T) {
	sheet, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(strings.Replace(sheetXML(`<row r="1"><c r="A1" t="inlineStr"><is><t>门店</t></is></c></row>`), "UTF-8", "UTF-16", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := dumpOf(t, makeBook(t, bookParts{sheets: []string{sheet}})); got != "[Sheet1]\n1: t:门店\n" {
		t.Errorf("%q", got)
	}
}

// TestRowsStopsWhereItsCallerStops: the error of emit comes back as it is, and
// nothing goes on behind it.
func TestRowsStopsWhereItsCallerStops(t *testing.T) {
	stop := errors.New("enough")
	big := strings.Repeat(`<row><c><v>1</v></c></row>`, 50_000)
	for name, data := range map[string][]byte{
		"xlsx": bookOf(t, big),
		"xls":  makeXLS(biffBook{sheets: [][][]byte{{rec(biffNumber, 0, 0, 0, 1.0), rec(biffNumber, 1, 0, 0, 1.0)}}}),
		"html": []byte(`<table><tr><td>1</td></tr><tr><td>2</td></tr></table>`),
		"xml":  []byte(book2003(`<Row><Cell><Data ss:Type="Number">1</Data></Cell></Row><Row><Cell><Data ss:Type="Number">1</Data></Cell></Row>`)),
	} {
		calls := 0
		b := openBytes(t, "a", data)
		err := b[0].Book.Rows(0, func(int, []Cell) error { calls++; return stop })
		if err != stop || calls != 1 {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}
