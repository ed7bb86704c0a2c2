package parse

import (
	"fmt"
	"strings"
	"testing"
)

// quotedText is a comma file with every cell quoted.
func quotedText(text string) string {
	var b strings.Builder
	for _, line := range strings.SplitAfter(text, "\n") {
		if line != "" {
			b.WriteString(`"` + strings.ReplaceAll(strings.TrimSuffix(line, "\n"), ",", `","`) + "\"\n")
		}
	}
	return b.String()
}

// Totals are checked whether their cells are quoted or not, in files that are
// in sight as a whole and in longer ones.
func TestTotalsAreSeenThroughQuotes(t *testing.T) {
	var till strings.Builder
	till.WriteString(tillHead)
	for i := range 9000 {
		fmt.Fprintf(&till, "A%d,2026-03-01 10:00:00,消费,成功,5.00\n", i)
	}
	bankHead := "交易日期,收入金额,支出金额,账户余额,对方户名\n"
	in := func(amount string) string { return "2026-03-01," + amount + ",,100.00,拉卡拉\n" }
	out := func(amount string) string { return "2026-03-01,," + amount + ",100.00,房东\n" }
	pages := bankHead + in("5.00") + "合计,5.00,,,\n" + in("6.00") + "合计,6.00,,,\n"
	both := bankHead + in("5.00") + out("2.00") + "本页小计,5.00,2.00,,\n" + in("6.00") + out("1.00") + "本页小计,6.00,1.00,,\n"
	for _, c := range []struct{ what, text, want string }{
		{"a long file, wrong", till.String() + "合计,,,,44999.00\n", "0 rows - control_amount:0"},
		{"a long file, right", till.String() + "合计,,,,45000.00\n", "9000 rows 45000.00"},
		{"a long file in a sentence, wrong", till.String() + "合计：9000笔，金额44999.00元\n", "0 rows - control_amount:0"},
		{"a long file of pages, the sum wrong", till.String() + "合计,,,,44000.00\n" + tillRow + "合计,,,,5.00\n总计,,,,45000.00\n", "0 rows - control_amount:0"},
		{"a long file of pages, the sum right", till.String() + "合计,,,,45000.00\n" + tillRow + "合计,,,,5.00\n总计,,,,45005.00\n", "9001 rows 45005.00"},
		{"page totals and their sum", pages + "总计,11.00,,,\n", "2 rows 11.00"},
		{"page totals, the last wrong", bankHead + in("5.00") + "合计,5.00,,,\n" + in("6.00") + "合计,6.01,,,\n总计,11.00,,,\n", "0 rows - control_amount:5"},
		{"page totals, the sum wrong", pages + "总计,11.01,,,\n", "0 rows - control_amount:6"},
		{"page totals of two columns", both + "总计,11.00,3.00,,\n", "4 rows 8.00"},
		{"page totals of two columns, one wrong", both + "总计,11.00,3.01,,\n", "0 rows - control_amount:8"},
		{"running totals", bankHead + in("5.00") + "合计,5.00,,,\n" + in("6.00") + "合计,11.00,,,\n", "2 rows 11.00"},
		{"totals above", "总笔数：2 总金额：12.00\n" + tillHead + tillRow + "A2,2026-03-01 10:00:00,消费,成功,6.00\n", "0 rows - control_amount:1"},
		{"a sentence below", tillHead + tillRow + "合计：2笔，金额5.00元\n", "0 rows - control_rows:3"},
	} {
		for _, text := range []string{c.text, quotedText(c.text)} {
			if got := said(t, "a.csv", []byte(text), nil); got != c.want {
				t.Errorf("%s: %s, want %s (%.30q)", c.what, got, c.want, text)
			}
		}
	}
}

// Quoted cells that hold line ends are one record to every check.
func TestALineEndInACellIsNoNewRow(t *testing.T) {
	head := "小票号,交易时间,交易类型,状态,备注,金额\n"
	row := func(id, remark, amount string) string {
		return id + ",2026-03-01 10:00:00,消费,成功," + remark + "," + amount + "\n"
	}
	two := row("A1", "\"送到\n门口\"", "5.00") + row("A2", "无", "6.00")
	for _, c := range []struct{ what, text, want string }{
		{"a subtotal behind it, wrong", head + two + "小计,,,,,11.01\n总计,,,,,11.00\n", "0 rows - control_amount:5"},
		{"a total behind it, right", head + two + "合计,,,,,11.00\n", "2 rows 11.00"},
		{"in the header", "小票号,交易时间,交易类型,状态,\"备注\n(可空)\",\"金额\n(元)\"\n" + two, "2 rows 11.00"},
		{"in the last row, which has no line end", head + two + row("A3", "无", "7.00") + strings.TrimSuffix(row("A4", "\"送到\n门口\"", "8.00"), "\n"), "4 rows 26.00"},
		{"in the last row, which is cut", head + two + row("A3", "无", "7.00") + strings.TrimSuffix(row("A4", "\"送到\n门口\"", "8"), "\n"), "0 rows - file_cut_off:0"},
		{"in a title", "\"说明\n以下为明细\",,,,,\n" + head + two, "2 rows 11.00"},
	} {
		if got := said(t, "a.csv", []byte(c.text), nil); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}
