package layout

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
)

// The bracketed part of a name is only a decoration where it is its English
// translation: payment_metadata[cashier] is no payment_metadata, and several such
// columns are not one column.
func TestBracketsOfNames(t *testing.T) {
	for cell, want := range map[string]string{
		"交易日期[Trade Date]":             "交易日期",
		"金额(元)[Amount]":                "金额",
		"payment_metadata[cashier]":    "paymentmetadata[cashier]",
		"payment_metadata[order_no]":   "paymentmetadata[orderno]",
		"附加信息[1]":                      "附加信息[1]",
		"交易金额[元]":                      "交易金额",
		"[备注]":                         "[备注]",
		"动帐流水号":                        "动账流水号",
		"\u3000入帐日期\u3000[Value Date]": "入账日期",
	} {
		if got := NormHeader(cell).Key; got != want {
			t.Errorf("%q is %q, want %q", cell, got, want)
		}
	}
	h := newHeader([]string{"扩展[cashier]", "扩展[table]", "扩展[till]", "金额[amount]"})
	for i, want := range []string{"扩展[cashier]", "扩展[table]", "扩展[till]", "金额"} {
		if h.names[i].Key != want {
			t.Errorf("column %d is %q, want %q", i, h.names[i].Key, want)
		}
	}
}

// Metadata columns of one name are columns of their own, and none of them is the
// order's number.
func TestMetadataIsNoOrderNumber(t *testing.T) {
	r := reading{name: "a.csv", side: record.SidePos}
	g := r.read(t, []byte("payment_metadata[cashier],payment_metadata[table],收银员,交易时间,支付方式,门店,金额\nLi,7,Li,2026-03-01 10:00:00,微信,一店,5.00\n"))
	if len(g.problems) > 0 || len(g.rows) != 1 || strings.Contains(show(g.rows[0]), "order_no=") {
		t.Errorf("reads as %v, %v", shown(g), texts(g.problems))
	}
}

// A header of two rows is read the same, whether the cells of its groups are
// merged (blank but the first) or repeated, and names stand in the first row
// only where that is merged down, or in both.
func TestTwoHeaderRows(t *testing.T) {
	rows := "A1,微信,一店,2026-03-01 10:00:00,5.00,0.00\nA2,微信,一店,2026-03-01 11:00:00,7.00,1.00\n"
	var want string
	for i, head := range []string{
		"小票号,支付方式,门店,销售时间,实收金额,优惠\n",
		"小票号,支付方式,门店,销售时间,金额,\n,,,,实收金额,优惠\n",
		"小票号,支付方式,门店,销售时间,金额,金额\n,,,,实收金额,优惠\n",
		"小票号,支付方式,门店,销售时间,金额,金额\n小票号,支付方式,门店,销售时间,实收金额,优惠\n",
		"基础信息,,,,金额,\n小票号,支付方式,门店,销售时间,实收金额,优惠\n",
		"某店流水,,,,,\n小票号,支付方式,门店,销售时间,金额,\n,,,,实收金额,优惠\n",
	} {
		for _, again := range []string{"", head} {
			g := (&reading{name: "a.csv", side: record.SidePos}).read(t, []byte(head+rows+again+"A3,微信,一店,2026-03-01 12:00:00,9.00,0.00\n"))
			var b strings.Builder
			for _, r := range g.rows {
				b.WriteString(show(r) + "\n")
			}
			if again != "" && (strings.HasPrefix(head, "某店") || strings.HasPrefix(head, "基础")) {
				continue // a title or a group of nothing that is read, between rows, is rejected
			}
			if i == 0 && again == "" {
				want = b.String()
			}
			if b.String() != want || len(g.problems) > 0 || len(g.rejects) > 0 {
				t.Errorf("header %q (again %t) reads as\n%v, %v, %v", head, again != "", shown(g), texts(g.problems), texts(g.rejects))
			}
		}
	}
}

// A header may stand behind a #, its names may be separated by blanks over rows
// with tabs, and cells by ^: the rows read the same.
func TestHeadersOfOddShapes(t *testing.T) {
	names := []string{"商户号", "终端号", "交易时间", "参考号", "交易金额", "手续费", "结算金额", "清算日期"}
	cells := []string{"898310000000001", "10000001", "2026-03-01 09:00:00", "000000000001", "10.00", "0.06", "9.94", "2026-03-02"}
	join := func(head, row string) string {
		return strings.Join(names, head) + "\n" + strings.Join(cells, row) + "\n" + strings.Join(cells, row) + "\n"
	}
	want := shown((&reading{name: "a.csv"}).read(t, []byte(join(",", ","))))
	if len(want) != 2 {
		t.Fatal(want)
	}
	for what, content := range map[string]string{
		"behind a #":         "#" + join(",", ","),
		"below # lines":      "#某平台,,,\n#2026-03-02\n#" + join(",", ","),
		"between ^":          join("^", "^"),
		"blanks over tabs":   join("  ", "\t"),
		"one blank":          "某行账单\n" + join(" ", "\t"),
		"wide blanks":        join("\u3000", "\t"),
		"blanks, # and tabs": "# " + join("   ", "\t"),
	} {
		g := (&reading{name: "a.txt"}).read(t, []byte(content))
		if got := shown(g); len(g.problems)+len(g.rejects) > 0 || strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s reads as %v, %v, %v", what, got, texts(g.problems), texts(g.rejects))
		}
	}
}

// A consumer's own bill is taken by flag alone, whatever app it is of.
func TestPersonalBillsReadByFlag(t *testing.T) {
	for app, content := range map[string]string{
		"wechat":  "微信支付账单明细,,,,,,,,,,\n交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n2026-03-01 11:00:00,二维码收款,某人,/,收入,￥8.00,/,已存入零钱,4200000002,/,/\n",
		"alipay":  "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注\n2026-03-01 11:00:00,收款,某人,a@b.c,收款码,收入,8.00,余额,交易成功,20260001,,\n",
		"jd":      "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注\n2026-03-01 11:00:00,某店,订单,8.00,白条,交易成功,收入,食品,J1,M1,\n",
		"meituan": "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注\n2026-03-01 10:59:00,2026-03-01 11:00:00,支付,某店,收入,微信支付,￥9.00,￥8.00,T1,M1,\n",
	} {
		if g := (&reading{name: "a.csv"}).read(t, []byte(content)); len(g.problems) != 1 || g.problems[0].Code != CodePersonalBill {
			t.Errorf("%s without a side: %v, %v", app, shown(g), texts(g.problems))
		}
		g := (&reading{name: "a.csv", side: record.SidePos}).read(t, []byte(content))
		if got := shown(g); len(got) != 1 || !strings.Contains(got[0], "2026-03-01 11:00:00 8.00") {
			t.Errorf("%s as sales: %v, %v, %v", app, got, texts(g.problems), texts(g.rejects))
		}
	}
}
