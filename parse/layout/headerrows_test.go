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
