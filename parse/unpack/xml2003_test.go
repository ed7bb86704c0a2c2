package unpack

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const head2003 = `<?xml version="1.0" encoding="UTF-8"?>
<?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Styles><Style ss:ID="s1"><NumberFormat ss:Format="00000000"/></Style><Style ss:ID="s2"><NumberFormat ss:Format="Short Date"/></Style></Styles>
`

func book2003(rows string) string {
	return head2003 + `<Worksheet ss:Name="流水"><Table ss:ExpandedRowCount="1"><Column ss:Width="80"/>` + rows + `</Table></Worksheet></Workbook>`
}

func TestXML2003(t *testing.T) {
	for name, c := range map[string]struct{ rows, want string }{
		"kinds":   {`<Row><Cell><Data ss:Type="String">门店 &amp; 1</Data></Cell><Cell><Data ss:Type="Number">45.50</Data></Cell><Cell ss:StyleID="s1"><Data ss:Type="Number">1234</Data></Cell><Cell><Data ss:Type="Boolean">1</Data></Cell><Cell><Data ss:Type="Error">#N/A</Data></Cell></Row>`, "1: t:门店 & 1 n:45.50 n:00001234 b:TRUE e:#N/A"},
		"dates":   {`<Row><Cell ss:StyleID="s2"><Data ss:Type="DateTime">2026-01-05T09:03:12.000</Data></Cell><Cell><Data ss:Type="DateTime">2026-01-05T00:00:00.000</Data></Cell><Cell><Data ss:Type="DateTime">1899-12-31T09:03:12.000</Data></Cell></Row>`, "1: d:2026-01-05 09:03:12 d:2026-01-05 d:09:03:12"},
		"indexes": {`<Row ss:Index="3" ss:Span="2"><Cell ss:Index="2" ss:MergeAcross="1"><Data ss:Type="String">a</Data></Cell><Cell><Data ss:Type="String">b</Data></Cell></Row><Row><Cell><Data ss:Type="String">c</Data></Cell></Row>`, "3: - t:a - t:b\n6: t:c"},
		"formula": {`<Row><Cell ss:Formula="=RC[1]*2"><Data ss:Type="Number">90</Data></Cell><Cell ss:Formula="=1"/><Cell ss:Formula="=2"></Cell></Row>`, "1: n:90 f:=1 f:=2"},
		"rich":    {`<Row><Cell><ss:Data ss:Type="String" xmlns="http://www.w3.org/TR/REC-html40"><B>富</B>文本</ss:Data><Comment><ss:Data>批注</ss:Data></Comment></Cell></Row>`, "1: t:富文本"},
		"blank":   {`<Row/><Row><Cell/></Row><Row><Cell><Data ss:Type="String"></Data></Cell><Cell><Data ss:Type="Number">0.30000000000000004</Data></Cell></Row>`, "3: - n:0.3"},
	} {
		if got, want := dumpOf(t, []byte(book2003(c.rows))), "[流水]\n"+c.want+"\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().String(strings.Replace(book2003(`<Row><Cell><Data ss:Type="String">门店</Data></Cell></Row>`), "UTF-8", "GB2312", 1))
	if err != nil {
		t.Fatal(err)
	}
	if got := dumpOf(t, []byte(gb)); got != "[流水]\n1: t:门店\n" {
		t.Errorf("GB2312: %q", got)
	}
	two := head2003 + `<Worksheet ss:Name="a"><Table><Row><Cell><Data ss:Type="Number">1</Data></Cell></Row></Table><WorksheetOptions><Visible>SheetHidden</Visible></WorksheetOptions></Worksheet>` +
		`<Worksheet ss:Name="b"><Table><Row><Cell><Data ss:Type="Number">2</Data></Cell></Row></Table></Worksheet></Workbook>`
	if got := dumpOf(t, []byte(two)); got != "[a] hidden\n1: n:1\n[b]\n1: n:2\n" {
		t.Errorf("two sheets: %q", got)
	}
}

func TestXML2003ThatIsRefused(t *testing.T) {
	row := `<Row><Cell><Data ss:Type="Number">1</Data></Cell></Row>`
	for name, c := range map[string]struct {
		data string
		code problem.Code
	}{
		"cut":      {strings.TrimSuffix(book2003(row), `</Table></Worksheet></Workbook>`), CodeWorkbookDamaged},
		"row":      {book2003(`<Row ss:Index="2147483647"/>`), CodeWorkbookRows},
		"descends": {book2003(row + `<Row ss:Index="1"/>`), CodeWorkbookDamaged},
		"column":   {book2003(`<Row><Cell ss:Index="16384"><Data ss:Type="Number">1</Data></Cell></Row>`), CodeWorkbookColumns},
		"type":     {book2003(`<Row><Cell><Data ss:Type="x">1</Data></Cell></Row>`), CodeWorkbookDamaged},
		"entity":   {strings.Replace(book2003(row), "<Workbook", "<!DOCTYPE x><Workbook", 1), CodeWorkbookEntity},
		"root":     {strings.NewReplacer("<Workbook", "<Document", "</Workbook", "</Document").Replace(book2003(row)), CodeWorkbookOther},
	} {
		if p := refusalOf(t, []byte(c.data)); p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, p, c.code)
		}
	}
}

func FuzzXML2003(f *testing.F) {
	f.Add([]byte(book2003(`<Row ss:Index="3" ss:Span="2"><Cell ss:Index="2" ss:MergeAcross="1"><Data ss:Type="String">a</Data></Cell><Cell ss:Formula="=1"/></Row>`)))
	f.Fuzz(func(t *testing.T, book []byte) {
		checkContainer(t, append([]byte(`<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>`), book...))
	})
}
