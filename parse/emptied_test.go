package parse

import (
	"strings"
	"testing"
)

// What a damaged row may be taken for, and must not.
func TestDamagedRowsAreRejected(t *testing.T) {
	bank := "交易日期,收入金额,支出金额,账户余额,对方户名\n2026-03-01,5.00,,105.00,拉卡拉\n"
	goods := "小票号,交易时间,金额,备注,门店\nA1,2026-03-01 10:00:00,5.00,无,一店\nA2,2026-03-01 10:00:01,1234.00,无,一店\n"
	general := "小票号,交易时间,金额,备注,门店\nA1,2026-03-01 10:00:00,5,无,一店\nA2,2026-03-01 10:00:01,12.5,无,一店\n"
	words := "小票号,交易时间,交易类型,状态,收/支,金额\nA1,2026-03-01 10:00:00,消费,成功,收入,5.00\n"
	for _, c := range []struct{ what, text, want string }{
		{"income empty, expense 0.00", bank + "2026-03-02,,0.00,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"income 0.00, expense empty", bank + "2026-03-02,0.00,,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"income 0, expense a dash", bank + "2026-03-02,0,-,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"both 0.00", bank + "2026-03-02,0.00,0.00,105.00,结息\n", "2 rows 5.00"},
		{"an expense column of another name", strings.Replace(bank, "支出金额", "付出额", 1) + "2026-03-02,0.00,6.00,99.00,房东\n", "1 rows 5.00 no_amount:3"},
		{"a comma in an amount, the row one cell short", goods + "A3,2026-03-01 10:00:02,1,23.45,一店\n", "2 rows 1239.00 split_amount:4"},
		{"thousands, the row one cell short", goods + "A3,2026-03-01 10:00:02,1,234.56,一店\n", "2 rows 1239.00 split_amount:4"},
		{"thousands, negative", goods + "A3,2026-03-01 10:00:02,-1,234.56,一店\n", "2 rows 1239.00 split_amount:4"},
		{"a million, two cells short", strings.NewReplacer("门店", "门店,店员", "一店", "一店,无").Replace(goods) + "A3,2026-03-01 10:00:02,1,234,567.00,一店\n", "2 rows 1239.00 split_amount:4"},
		{"amounts as a spreadsheet shows them", general + "A3,2026-03-01 10:00:02,1,23.45,一店\n", "3 rows 18.50"},
		{"a kind empty", words + "A2,2026-03-01 11:00:00,,成功,收入,6.00\n", "1 rows 5.00 empty_word:3"},
		{"a status empty", words + "A2,2026-03-01 11:00:00,消费,,收入,6.00\n", "1 rows 5.00 empty_word:3"},
		{"a direction empty", words + "A2,2026-03-01 11:00:00,消费,成功,,6.00\n", "1 rows 5.00 empty_word:3"},
		{"kinds of refunds alone", "小票号,交易时间,交易类型,金额\nA1,2026-03-01 10:00:00,,5.00\nA2,2026-03-01 11:00:00,退货,2.00\n", "2 rows 3.00"},
		{"no kind at all", "小票号,交易时间,交易类型,金额\nA1,2026-03-01 10:00:00,,5.00\nA2,2026-03-01 11:00:00,,2.00\n", "2 rows 7.00"},
	} {
		if got := said(t, "a.csv", []byte(c.text), nil); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		for _, enc := range []string{string(gbk(c.text))} {
			if got := said(t, "a.csv", []byte(enc), nil); got != c.want {
				t.Errorf("%s, GB18030: %s, want %s", c.what, got, c.want)
			}
		}
	}
}
