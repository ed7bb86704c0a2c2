package unpack

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func TestHTMLTables(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"plain":     {`<table><tr><th>日期</th><th>金额</th></tr><tr><td>2026-01-05</td><td>45.00</td></tr></table>`, "1: t:日期 t:金额\n2: t:2026-01-05 t:45.00"},
		"upper":     {`<HTML><BODY><TABLE BORDER=1><TR><TD>A</TD></TR></TABLE></BODY></HTML>`, "1: t:A"},
		"markup":    {`<table><tr><td><b>1,234</b>.<i>56</i></td><td>a<br/>b</td><td><p>c</p><p>d</p></td><td> x&nbsp; &amp;&lt;y </td></tr></table>`, "1: t:1,234.56 t:a b t:c d t:x &<y"},
		"unclosed":  {`<table><tr><td>1<td>2<tr><td>3<td>4</table>`, "1: t:1 t:2\n2: t:3 t:4"},
		"no rows":   {`<table><td>1</td><td>2</td></table>`, "1: t:1 t:2"},
		"colspan":   {`<table><tr><td colspan=3>标题</td></tr><tr><td>a</td><td colspan="2">b</td><td>c</td></tr></table>`, "1: t:标题\n2: t:a t:b - t:c"},
		"rowspan":   {`<table><tr><td rowspan="2">店</td><td>1</td></tr><tr><td>2</td></tr><tr><td>x</td><td>3</td></tr></table>`, "1: t:店 t:1\n2: - t:2\n3: t:x t:3"},
		"both":      {`<table><tr><td rowspan=2 colspan=2>a</td><td>b</td></tr><tr><td>c</td></tr></table>`, "1: t:a - t:b\n2: - - t:c"},
		"groups":    {`<table><thead><tr><td rowspan=9>h</td></tr></thead><tbody><tr><td>1</td></tr></tbody></table>`, "1: t:h\n2: t:1"},
		"blank":     {`<table><tr><td>1</td></tr><tr><td>&nbsp;</td></tr><tr></tr><tr><td></td><td>2</td></tr></table>`, "1: t:1\n4: - t:2"},
		"nested":    {`<table><tr><td>外<table><tr><td>1</td><td>2</td></tr></table></td><td>b</td></tr></table>`, "1: t:1 t:2\n2: t:外 t:b"},
		"two":       {`<h1>流水</h1>账号：123<br>币种：CNY<table><tr><td>1</td></tr></table><p>合计</p><table><caption>二</caption><tr><td>2</td></tr></table>`, "1: t:流水\n2: t:账号：123\n3: t:币种：CNY\n4: t:1\n5: t:合计\n6: t:二\n7: t:2"},
		"hidden":    {`<html><head><title>x</title><style>td{mso-number-format:"\@"}</style><script>if(1<2)document.write("<table>")</script></head><body><!-- <table> --><xml>junk</xml><table><tr><td>1</td></tr></table>`, "1: t:1"},
		"excel":     {`<html xmlns:x="urn:schemas-microsoft-com:office:excel"><!--[if gte mso 9]><xml><x:Name>a</x:Name></xml><![endif]--><table><![if supportMisalignedColumns]><tr style='display:none'><td></td></tr><![endif]><tr><td x:str>0123</td></tr></table>`, "2: t:0123"},
		"huge span": {`<table><tr><td colspan=999999999 rowspan=999999999>1</td></tr><tr><td></td></tr></table>`, "1: t:1"},
		"bad span":  {`<table><tr><td colspan="-1" rowspan=x>1</td><td colspan=0>2</td></tr></table>`, "1: t:1 t:2"},
		"doctype":   {"\n <!-- saved --><!DOCTYPE html PUBLIC '-//W3C//DTD'>\n<table><tr><td>1</td></tr></table>", "1: t:1"},
		"xhtml":     {`<?xml version="1.0" encoding="UTF-8"?><html><table><tr><td>1</td></tr></table></html>`, "1: t:1"},
	} {
		if got, want := dumpOf(t, []byte(c.page)), "[Sheet1]\n"+c.want+"\n"; got != want {
			t.Errorf("%s: got\n%swant\n%s", name, got, want)
		}
	}
}

func TestHTMLEncodings(t *testing.T) {
	filler := strings.Repeat("<tr><td></td></tr>", 30_000) // more than a block
	for _, pad := range []string{"", filler} {
		page := `<html><head><meta charset="iso-8859-1"></head><table>` + pad + `<tr><td>交易门店𠮷</td><td>45.00</td></tr></table>`
		want := ": t:交易门店𠮷 t:45.00\n"
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(page)
		if err != nil {
			t.Fatal(err)
		}
		wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(page)
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range map[string]string{"UTF-8": page, "mark": "\xEF\xBB\xBF" + page, "GB18030": gb, "UTF-16": wide} {
			if got := dumpOf(t, []byte(data)); !strings.HasSuffix(got, want) {
				t.Errorf("%s: %.200q", name, got)
			}
		}
	}
	long := `<table><tr><td>` + strings.Repeat("长", 200_000) + `</td></tr></table>`
	gb, _ := simplifiedchinese.GB18030.NewEncoder().String(long)
	if got := dumpOf(t, []byte(gb)); !strings.HasSuffix(got, "长\n") || strings.Count(got, "长") != 200_000 {
		t.Errorf("a long cell has %d characters", strings.Count(got, "长"))
	}
	// One line in the other encoding stays unreadable; it is not guessed at.
	mixed := dumpOf(t, []byte("<table>\n<tr><td>门店</td></tr>\n<tr><td>商户</td></tr>\n<tr><td>\xC3\xC5\xB5\xEA</td></tr>\n</table>"))
	if !strings.Contains(mixed, "门店") || !strings.Contains(mixed, "\xC3\xC5\xB5\xEA") {
		t.Errorf("mixed: %q", mixed)
	}
}

func TestHTMLThatIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		page string
		code problem.Code
	}{
		"login":        {`<!DOCTYPE html><html><body><form>请登录</form></body></html>`, CodeWebPage},
		"cut in cell":  {`<table><tr><td>1</td></tr><tr><td>2`, CodeWorkbookDamaged},
		"cut in tag":   {`<table><tr><td>1</td></tr><tr><t`, CodeWorkbookDamaged},
		"cut in table": {`<table><tr><td>1</td></tr>`, CodeWorkbookDamaged},
		"cut select":   {`<table><tr><td>1</td></tr></table><select>`, CodeWorkbookDamaged},
		"deep":         {strings.Repeat(`<table><tr><td>`, 1000), CodeWorkbookDamaged},
		"wide":         {`<table><tr><td colspan=1024></td><td>1</td></tr></table>`, CodeWorkbookColumns},
		"encoding":     {"<table><tr><td>\xFF\xFF\x80\xFF</td></tr></table>", CodeWorkbookDamaged},
		"giant cell":   {`<table><tr><td>` + strings.Repeat("1", 2<<20) + `</td></tr></table>`, CodeWorkbookDamaged},
		"giant tag":    {`<table><tr><td title="` + strings.Repeat("1", 8<<20) + `">1</td></tr></table>`, CodeWorkbookDamaged},
	} {
		if p := refusalOf(t, []byte(c.page)); p.Code != c.code {
			t.Errorf("%s: %v, want %s", name, p, c.code)
		}
	}
}
