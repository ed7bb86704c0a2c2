package layout

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// Rows of another table above the header are never titles, however they are
// written and whatever table they are of.
func TestRowsOfAnotherTableAboveTheHeaderRefuseTheFile(t *testing.T) {
	const clearing = "商户号,参考号,交易时间,交易金额,手续费,清算日期\n8222,260301000001,2026-03-01 10:00:00,5.00,0.03,2026-03-01\n"
	const till = "小票号,交易时间,支付方式,实收金额\n"
	const wechat = "交易时间,公众账号ID,商户号,特约商户号,微信订单号,商户订单号,交易状态,订单金额,手续费\n`2026-03-01 10:00:00,`wx1,`1,`0,`4200,`A1,`SUCCESS,`5.00,`0.03\n总交易单数,订单总金额\n`1,`5.00\n"
	for what, body := range map[string]string{
		"a till's table before a clearing file": till + "A1,2026-03-01 10:00:00,微信,5.00\nA2,2026-03-01 10:00:00,微信,6.00\n" + clearing,
		"39 rows of it":                         till + strings.Repeat("A1,2026-03-01 10:00:00,微信,5.00\n", 38) + clearing,
		"a clearing file before a WeChat bill":  clearing + wechat,
		"a quoted row":                          "\"A1\",\"2026-03-01 10:00:00\",\"消费\",\"成功\",\"5.00\"\n" + clearing,
		"thousands in quotes":                   "A1,2026-03-01 10:00:00,消费,成功,\"1,234.00\"\n" + clearing,
		"thousands without":                     "A1,2026-03-01 10:00:00,消费,成功,1,234.00\n" + clearing,
		"a bar between":                         "A1|2026-03-01 10:00:00|消费|成功|5.00\n" + clearing,
		"a tab between":                         "A1\t20260301\t消费\t5.00\n" + clearing,
		"fen":                                   "A1|20260301|103045|1000|4\n" + clearing,
		"a yuan sign":                           "A1,2026-03-01,￥5.00\n" + clearing,
		"a fixed line":                          acomnLine + "\n" + clearing,
	} {
		for _, enc := range []text.Encoding{text.UTF8, text.GB18030} {
			c := []byte(body)
			if enc == text.GB18030 {
				c = gbk(body)
			}
			g := reading{name: "f.csv", enc: enc, side: record.SideClearing}.read(t, c)
			if g.plan != nil && len(g.rejects) == 0 {
				t.Errorf("%s: %d rows read", what, len(g.rows))
			}
			if g.plan == nil && (len(g.problems) != 1 || g.problems[0].Line == 0 && g.problems[0].Code != CodeWrongSide) {
				t.Errorf("%s: %v", what, texts(g.problems))
			}
		}
	}
}

// Titles with numbers, days and amounts of their own are titles.
func TestTitlesWithAmountsAreNoRows(t *testing.T) {
	const bank = "交易时间,收入,支出,余额,对方户名\n2026-03-01 10:00:00,5.00,,15.00,某店\n"
	for _, title := range []string{
		"账号,10000000000000001234,户名,东方商贸有限公司,余额,\"1,234.56\"\n",
		"账号：10000000000000001234  币种：人民币  期初余额：1,234.56\n",
		"起始日期,20260301,截止日期,20260303,期初余额,1000.00\n",
		"查询期间,2026-03-01,至,2026-03-31,期末余额,1000.00\n",
		"2026-03-01,期初余额,1000.00\n",
		"总笔数,35,总金额,2473.12\n",
		"#起始日期：[2026年03月01日 00:00:00]   终止日期：[2026年03月02日 00:00:00]\n",
		"导出时间：2026-03-02 08:00:00,导出人：张三\n",
		"总笔数,总金额,手续费\n35,2473.12,12.30\n",
		"版本,2.10\n第 1 页,共 3 页\n",
	} {
		g := reading{name: "f.csv"}.read(t, []byte(title+bank))
		if g.plan == nil && g.problems[0].Code == CodeRowAbove {
			t.Errorf("%q is taken for a row", title)
		}
	}
}
