package layout

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// own is the built-in layouts and some of the test's.
func own(t *testing.T, texts ...string) *Layouts {
	t.Helper()
	dir := t.TempDir()
	for _, text := range texts {
		name := strings.Split(text, `"`)[1]
		if err := os.WriteFile(filepath.Join(dir, name+".toml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ls, err := LoadLayouts(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

// basis begins a layout of the test's.
func basis(name, side string) string {
	return `name = "` + name + `"
title = "t"
title_en = "t"
side = "` + side + `"
source = "test"
grade = "D"
`
}

const someColumns = `
[[column]]
as = "order_no"
names = ["单"]
required = true
[[column]]
as = "time"
names = ["时"]
[[column]]
as = "amount"
names = ["额"]
required = true
`

func TestMistakesInLayoutsAreNamed(t *testing.T) {
	ok := basis("x", "pos") + "format.unit = \"yuan\"\n" + someColumns
	for _, c := range []struct{ text, want string }{
		{ok, ""},
		{ok + "colour = 1", "line 20: unknown key column.colour"},
		{"colour = 1\n" + ok, "line 1: unknown key colour"},
		{ok + "[detect]\nfiles = []", "unknown key detect.files"},
		{ok + "[words.kind]\nsail = \"x\"", `words.kind: unknown meaning "sail"`},
		{ok + "[words.kind]\nsale = \"x\"\nrefund = \"Ｘ\"", `has two meanings`},
		{ok + "[words.kind]\ndefault = \"gift\"", `words.kind: unknown meaning "gift"`},
		{ok + "= 3", "line 20: "},
		{strings.Replace(ok, `name = "x"`, `name = "X y"`, 1), "want lower-case letters"},
		{strings.Replace(ok, `side = "pos"`, `side = "till"`, 1), `side "till"`},
		{strings.Replace(ok, `grade = "D"`, `grade = "E"`, 1), `grade "E"`},
		{strings.Replace(ok, "format.unit = \"yuan\"\n", "", 1), "the unit is nowhere stated"},
		{strings.Replace(ok, "yuan", "jiao", 1), `unit "jiao"`},
		{strings.Replace(ok, `as = "amount"`, `as = "worth"`, 1), "no column is amount"},
		{strings.Replace(ok, `as = "time"`, `as = "order_no"`, 1), "field order_no is bound twice"},
		{strings.Replace(ok, `as = "time"`, `as = "Time!"`, 1), "want a field or a lower-case name"},
		{strings.Replace(ok, `as = "time"`, "as = \"time\"\nformats = [\"YYYYQQ\"]", 1), `date format "YYYYQQ"`},
		{strings.Replace(ok, `as = "time"`, "as = \"time\"\nalso = [\"tempo\"]", 1), `unknown field "tempo"`},
		{strings.Replace(ok, `as = "time"`, "as = \"time\"\nor = \"tempo\"", 1), "or = tempo must be a column"},
		{strings.Replace(ok, `names = ["时"]`, "", 1), "names are wanted"},
		{ok + "[[rule]]\nkind = \"sale\"", "rule 1: when is wanted"},
		{ok + "[[rule]]\nwhen = { tempo = \"x\" }", "no column tempo"},
		{ok + "[[rule]]\nwhen = { time = \"~[\" }", "error parsing regexp"},
		{ok + "[[rule]]\nwhen = { time = \"x\" }\nkind = \"gift\"", `kind "gift"`},
		{ok + "[[rule]]\nwhen = { time = \"x\" }\ntake = { amount = \"y\" }", "names no field or no column"},
		{ok + "[[skip]]\nline = \"x\"\nwhen = { time = \"x\" }", "want one of line, when and unless"},
		{ok + "[[extract]]\nfrom = \"head\"\nmatch = \"(?P<tempo>x)\"", "group tempo"},
		{ok + "[[extract]]\nfrom = \"feet\"\nmatch = \"x\"", "from = file, head or tail"},
		{ok + "[[control]]\nline = \"x\"", "want a group named rows or amount"},
		{ok + "[[control]]\nline = \"(?P<rows>x)\"\nsum = \"column:y\"", "is none of amount"},
		{ok + "[const]\ntempo = \"x\"", "tempo is not a text field"},
		{strings.Replace(ok, "[[column]]", "[[column]]\nunit = \"fen\"\nstart = 1", 1), ""},
		{"require = [[\"x\"]]\n" + ok, "require: no column x"},
		{basis("x", "pos") + "format = { form = \"fixed\", unit = \"fen\" }\n" + someColumns, "format.line is wanted"},
	} {
		_, err := ParseLayout(c.text, "test")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%v in\n%s", err, c.text)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("error %v, want …%s… in\n%s", err, c.want, c.text)
		}
	}
}

// What the program brings along is only completed when a file may have it.
func TestBuiltInLayoutsAreWhole(t *testing.T) {
	for _, l := range builtin(t).List() {
		if err := l.compile(); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
}

func TestAFolderOverridesByName(t *testing.T) {
	ls := own(t, strings.Replace(basis("lakala-js", "clearing"), `title = "t"`, `title = "mine"`, 1)+"format.unit = \"fen\"\n"+someColumns)
	if l := ls.Get("lakala-js"); l.Title != "mine" || l.Origin() == "built in" {
		t.Errorf("%s from %s", l.Title, l.Origin())
	}
	if n := len(ls.List()); n != len(builtin(t).List()) {
		t.Errorf("%d layouts", n)
	}
}

func TestAFolderMayNotHaveANameTwice(t *testing.T) {
	dir := t.TempDir()
	for i, name := range []string{"any.toml", "b.toml"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(basis("b", "pos")+"format.unit = \"fen\"\n"+someColumns), 0o644); err != nil {
			t.Fatal(err)
		}
		ls, err := LoadLayouts(dir)
		if i == 0 && (err != nil || ls.Get("b") == nil) {
			t.Error(err)
		}
		if i == 1 && (err == nil || !strings.Contains(err.Error(), `any.toml has the name "b" too`)) {
			t.Error(err)
		}
	}
}

// readOwn reads content by a layout of the test's.
func readOwn(t *testing.T, layout, content string) *got {
	t.Helper()
	return reading{name: "f.csv", layouts: own(t, layout), asOf: record.Civil(2026, 3, 10)}.read(t, []byte(content))
}

func TestColumnsAreFoundByNameWhateverTheOrder(t *testing.T) {
	l := basis("x", "pos") + "format.unit = \"yuan\"\n" + someColumns
	want := []string{"sale ok 2026-03-01 5.00 order_no=A1"}
	readOwn(t, l, "单,时,额\nA1,2026-03-01,5\n").want(t, "x", 0, want)
	readOwn(t, l, "额|多|单|时\n5|x|A1|2026-03-01\n").want(t, "x", 0, want)
	readOwn(t, l, "\"额\";\"单 \";\" 时\"\n\"5\";\"A1\";\"2026-03-01\"\n").want(t, "x", 0, want)
	readOwn(t, l, "题,,\n,,\n额\t单[ Order ]\t时：\n5\tA1\t2026-03-01\n").want(t, "x", 0, want)
	readOwn(t, l, "额（元）,单,时,\r\n5,A1,2026-03-01,\r\n").want(t, "x", 0, want)
}

func TestUnits(t *testing.T) {
	for _, c := range []struct{ format, column, header, cell, want string }{
		{"yuan", "", "额", "5", "5.00"}, {"fen", "", "额", "5", "0.05"},
		{"yuan", "", "额(分)", "5", "0.05"}, {"fen", "", "额(元)", "5", "5.00"},
		{"yuan", "", "额(分)", "5.00", "amount_unit"}, {"fen", "", "额", "5.00", "amount_unit"},
		{"yuan", "fen", "额", "5", "0.05"}, {"fen", "yuan", "额", "5.5", "5.50"},
		{"yuan", "fen", "额(元)", "5", "unit_conflict"}, {"", "fen", "额(分)", "5", "0.05"},
		{"ignore", "", "额(分)", "5.00", "5.00"},
	} {
		l := basis("x", "pos") + "[format]\n"
		switch c.format {
		case "":
		case "ignore":
			l += "unit = \"yuan\"\nheader_unit = \"ignore\"\n"
		default:
			l += "unit = \"" + c.format + "\"\n"
		}
		l += someColumns
		if c.column != "" {
			l += "unit = \"" + c.column + "\"\n"
		}
		g := readOwn(t, l, "单,时,"+c.header+"\nA1,2026-03-01,"+c.cell+"\n")
		got := ""
		switch {
		case g.plan == nil:
			got = string(g.problems[0].Code)
		case len(g.rejects) > 0:
			got = string(g.rejects[0].Code)
		default:
			got = g.rows[0].Amount.String()
		}
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

func TestSigns(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + someColumns + `
[[column]]
as = "kind"
names = ["型"]
[[column]]
as = "fee"
names = ["费"]
[[column]]
as = "net"
names = ["净"]
`
	for _, c := range []struct{ cells, want string }{
		{"100,消费,1,99", "sale ok 2026-03-01 100.00 fee=1.00 net=99.00"},
		{"100,消费,-1,99", "sale ok 2026-03-01 100.00 fee=1.00 net=99.00"},
		{"-100,消费,-1,-99", "refund ok 2026-03-01 -100.00 fee=-1.00 net=-99.00"},
		{"100,退货,1,99", "refund ok 2026-03-01 -100.00 fee=-1.00 net=-99.00"},
		{"-100,退货,1,-99", "refund ok 2026-03-01 -100.00 fee=-1.00 net=-99.00"},
		{"-100,退货,1,-101", "refund ok 2026-03-01 -100.00 fee=1.00 net=-101.00"},
		{"100,退货,0,100", "refund ok 2026-03-01 -100.00 fee=0.00 net=-100.00"},
		{"100,撤销,,", "void ok 2026-03-01 -100.00"},
		{"-100,冲正,,", "reversal ok 2026-03-01 -100.00"},
		{"100,预授权,,", "preauth ok 2026-03-01 100.00"},
		{"-100,调账,,", "adjustment ok 2026-03-01 -100.00"},
		{"0,消费,0,0", "sale ok 2026-03-01 0.00 fee=0.00 net=0.00"},
	} {
		g := readOwn(t, l, "单,时,额,型,费,净\nA1,2026-03-01,"+c.cells+"\n")
		g.want(t, "x", 0, []string{c.want + " order_no=A1"})
	}
}

func TestFeeSignMayBeStated(t *testing.T) {
	for sign, want := range map[string]string{"cost": "-1.00", "income": "1.00", "amount": "1.00"} {
		l := basis("x", "clearing") + "[format]\nunit = \"yuan\"\nfee_sign = \"" + sign + "\"\n" + someColumns + "[[column]]\nas = \"fee\"\nnames = [\"费\"]\n"
		readOwn(t, l, "单,时,额,费\nA1,2026-03-01,5,-1\n").want(t, "x", 0, []string{"sale ok 2026-03-01 5.00 fee=" + want + " order_no=A1"})
	}
}

func TestRulesChangeWhatARowMeans(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + someColumns + `
[[column]]
as = "state"
names = ["态"]
[[column]]
as = "back"
names = ["退额"]
[[column]]
as = "back_no"
names = ["退单"]
[[rule]]
when = { state = ["R", "退"], back = "-0" }
take = { amount = "back", order_no = "back_no" }
kind = "refund"
set = { channel = "qr", pay_method = "扫码" }
[[rule]]
when = { state = "~^F" }
status = "failed"
[[rule]]
when = { state = "M" }
sign = "-"
[[skip]]
when = { state = "Z" }
[[skip]]
line = '^--'
[words.status]
`
	g := readOwn(t, l, "单,时,额,态,退额,退单\nA1,2026-03-01,5,S,0.00,\nA1,2026-03-01,5,r,3,B1\nA1,2026-03-01,5,Ｒ,0,B1\nA2,2026-03-01,5,F1,,\nA3,2026-03-01,5,M,,\nA4,2026-03-01,5,Z,,\n--,,,,,x\n")
	g.want(t, "x", 2, []string{
		"sale ok 2026-03-01 5.00 order_no=A1",
		"refund ok 2026-03-01 -3.00 channel=qr order_no=B1 pay_method=扫码",
		"sale ok 2026-03-01 5.00 order_no=A1",
		"sale failed 2026-03-01 5.00 order_no=A2",
		"refund ok 2026-03-01 -5.00 order_no=A3",
	})
}

func TestRecordTypesKeepOnlyTheirRows(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + someColumns + "[[column]]\nas = \"record\"\nnames = [\"CH\"]\n[[skip]]\nunless = { record = \"SB\" }\n"
	readOwn(t, l, "RH,x\nCH,单,时,额\nSB,A1,2026-03-01,5\nSF,1,2,3\nRF,x,,\n").want(t, "x", 2, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
}

func TestIncomeAndExpense(t *testing.T) {
	l := basis("x", "bank") + "format.unit = \"yuan\"\n" + `
[[column]]
as = "date"
names = ["日"]
required = true
[[column]]
as = "amount_in"
names = ["收"]
required = true
[[column]]
as = "amount_out"
names = ["支"]
`
	g := readOwn(t, l, "日,收,支\n2026-03-01,5,0.00\n2026-03-01,,7\n2026-03-01,0,-7\n2026-03-01,0,0\n2026-03-01,-5,\n2026-03-01,5,7\n2026-03-01,,\n")
	g.want(t, "x", 0, []string{"? ok 2026-03-01 5.00", "? ok 2026-03-01 -7.00", "? ok 2026-03-01 -7.00", "? ok 2026-03-01 0.00", "? ok 2026-03-01 -5.00"},
		":7: 收: both income and expense", ":8: 收: neither income nor expense")
}

func TestCurrencyMayPrecedeTheAmount(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + strings.Replace(someColumns, "names = [\"额\"]", "names = [\"额\"]\nwith_currency = true\nprefix = [\"$\"]", 1)
	g := readOwn(t, l, "单,时,额\nA1,2026-03-01,CNY 123.18\nA2,2026-03-01,USD13.50\nA3,2026-03-01,-USD 13.50\n")
	g.want(t, "x", 0, []string{"sale ok 2026-03-01 123.18 order_no=A1", "sale ok 2026-03-01 13.50 order_no=A2 currency=USD", "refund ok 2026-03-01 -13.50 order_no=A3 currency=USD"})
	l = basis("x", "clearing") + "format.unit = \"yuan\"\n" + strings.Replace(someColumns, "names = [\"额\"]", "names = [\"额\"]\nprefix = [\"$\"]", 1) + "[const]\ncurrency = \"USD\"\n"
	readOwn(t, l, "单,时,额\nA1,2026-03-01,-$12.96\nA2,2026-03-01,\"$1,045.00\"\n").want(t, "x", 0, []string{"refund ok 2026-03-01 -12.96 order_no=A1 currency=USD", "sale ok 2026-03-01 1045.00 order_no=A2 currency=USD"})
}

func TestPositionsWithoutAHeader(t *testing.T) {
	l := basis("x", "clearing") + `
[format]
header = "none"
cells = [4, 5]
unit = "fen"
delimiters = [","]
line = '^\d'
[[column]]
as = "time"
at = 1
formats = ["YYYYMMDDhhmmss"]
required = true
[[column]]
as = "ref_no"
at = 2
[[column]]
as = "amount"
at = 4
required = true
`
	g := readOwn(t, l, "题\n20260301100000,000000000001,x,500\n20260301100000,000000000002,x,500,\n20260301100000,000000000003,x\n")
	g.want(t, "x", 0, []string{"sale ok 2026-03-01 10:00:00 5.00 ref_no=000000000001", "sale ok 2026-03-01 10:00:00 5.00 ref_no=000000000002"}, ":1: only 1 cells", ":4: only 3 cells")
}

func TestRulersAndBlanksCutLines(t *testing.T) {
	l := basis("x", "clearing") + "[format]\nform = \"ruler\"\nunit = \"yuan\"\n" + someColumns
	body := "商户编号：1\n单     时                  额\n------ ------------------- ------\n店A1   2026-03-01 10:00:00   5.00\nA2     2026-03-01 10:00:00  15.00\n------ ------------------- ------\n"
	want := []string{"sale ok 2026-03-01 10:00:00 5.00 order_no=店A1", "sale ok 2026-03-01 10:00:00 15.00 order_no=A2"}
	readOwn(t, l, body).want(t, "x", 1, want)
	reading{name: "f.txt", enc: text.GB18030, layouts: own(t, l)}.read(t, gbk(body)).want(t, "x", 1, want)
	l = basis("x", "clearing") + `
[format]
form = "blanks"
header = "none"
line = '^A'
unit = "yuan"
[[column]]
as = "order_no"
at = 1
[[column]]
as = "date"
at = 2
[[column]]
as = "amount"
at = 4
[[skip]]
line = '^题$'
`
	readOwn(t, l, "题\nA1   20260301 \t x  5.00\n").want(t, "x", 1, []string{"sale ok 2026-03-01 5.00 order_no=A1"})
}

func TestControlsBelowAndAbove(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + someColumns + "[[control]]\nline = '共(?P<rows>\\d+)笔，(?P<amount>[\\d.]+)元'\nrequired = true\n"
	ok := "单,时,额\nA1,2026-03-01,5\nA2,2026-03-01,6\n"
	want := []string{"sale ok 2026-03-01 5.00 order_no=A1", "sale ok 2026-03-01 6.00 order_no=A2"}
	readOwn(t, l, "共2笔，11.00元\n"+ok).want(t, "x", 0, want)
	readOwn(t, l, ok+"共2笔，11.00元\n").want(t, "x", 1, want)
	readOwn(t, l, ok+"文件 共2笔，11.00元,,\n").want(t, "x", 1, want)
	for trailer, code := range map[string]problem.Code{"共3笔，11.00元\n": CodeControlRows, "共2笔，11.01元\n": CodeControlAmount, "": CodeControlMissing} {
		g := readOwn(t, l, ok+trailer)
		if len(g.problems) != 1 || g.problems[0].Code != code {
			t.Errorf("%q: %v", trailer, texts(g.problems))
		}
	}
	// The amount of a rejected row is not known: its count still is.
	g := readOwn(t, l, "单,时,额\nA1,2026-03-01,5\nA2,2026-03-01,x\n共2笔，11.00元\n")
	g.want(t, "x", 1, want[:1], ":3: 额: amount \"x\"")
}

func TestRowsAfterASummaryBlockAreNotLost(t *testing.T) {
	l := basis("x", "clearing") + "format.unit = \"yuan\"\n" + someColumns + "[[control]]\nheader = \"总数\"\nrows = \"总数\"\n"
	g := readOwn(t, l, "单,时,额\nA1,2026-03-01,5\n总数,总额,\n1,5,\nA2,2026-03-01,6\n")
	if len(g.rows) != 2 || len(g.rejects) == 0 {
		t.Errorf("%d rows, %d rejects, %v", len(g.rows), len(g.rejects), texts(g.problems))
	}
}
