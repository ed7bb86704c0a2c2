package layout

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// A date, a name, a number and a status decide nothing: whose file it is needs a
// till's own words, an acquirer's, or a bank's.
func TestTheSideNeedsEvidenceOfItsOwn(t *testing.T) {
	const common = "商户号,终端号,订单号,交易时间,金额"
	for header, want := range map[string]string{
		common + ",手续费":          "generic-clearing",
		common + ",结算金额":         "generic-clearing",
		common + ",清算日期":         "generic-clearing",
		common + ",到账日期,支付方式,状态": "generic-clearing",
		common + ",收银员":          "generic-pos",
		common + ",收银机号":         "generic-pos",
		common + ",小票号":          "generic-pos",
		common + ",会员":           "generic-pos",
		common + ",班次":           "generic-pos",
		common + ",桌台":           "generic-pos",
		common + ",门店,支付方式":      "generic-pos",
		common + ",收银员,手续费":      "generic-pos",
		common + ",支付方式":         "",
		common + ",门店":           "",
		common + ",状态":           "",
		common + ",交易类型,状态,门店名称": "",
		common + ",收银员,结算状态":     "",
		common + ",门店,支付方式,手续费":  "",
		common + ",收银员,手续费,结算金额": "generic-clearing",
		common:        "",
		"订单号,交易时间,金额": "",
		"门店,订单号,交易时间,金额,状态":                                "",
		"收单机构,订单号,交易时间,金额":                                 "",
		"终端号,订单号,交易时间,金额":                                  "",
		"结算id,门店id,门店名称,账单日期,账单金额,结算状态,归属账期,结算日期":          "",
		"merchant_id,order_no,time,amount,net":             "generic-clearing",
		"merchant_id,order_no,time,amount,pay_method":      "",
		"order_no,time,amount,cashier":                     "generic-pos",
		"receipt_no,time,amount":                           "generic-pos",
		"Date,Description,Debit,Credit,Balance":            "generic-bank",
		"Transaction Date,Description,Type,Amount,Balance": "generic-bank",
		"商户号,交易时间,商户订单号,交易状态,交易金额,手续费,我方备注":                "generic-clearing",
	} {
		g := reading{name: "f.csv"}.read(t, []byte(header+"\n"))
		switch {
		case want == "" && (g.plan != nil && g.plan.Side == record.SidePos || g.plan == nil && len(g.problems) != 1):
			t.Errorf("%s: %v", header, texts(g.problems))
		case want == "" && g.plan != nil && g.plan.Layout.Name == "generic-pos":
			t.Errorf("%s is a till's", header)
		case want != "" && (g.plan == nil || g.plan.Layout.Name != want):
			t.Errorf("%s: not %s: %v", header, want, texts(g.problems))
		}
	}
}

// A file that is certainly of one side is refused under the flag of another, and
// read under its own; a layout named for it overrules.
func TestCertainSidesRefuseTheWrongFlag(t *testing.T) {
	flags := []record.Side{record.SidePos, record.SideClearing, record.SideBank}
	names := map[record.Side]string{record.SidePos: "generic-pos", record.SideClearing: "generic-clearing", record.SideBank: "generic-bank"}
	for text, side := range map[string]record.Side{
		"商户号,参考号,交易时间,交易金额,手续费,清算日期\n":                                            record.SideClearing,
		"商户号,参考号,交易时间,交易金额,手续费,结算金额\n":                                            record.SideClearing,
		"收银员,小票号,交易时间,金额\n":                                                       record.SidePos,
		"门店,订单号,交易时间,支付方式,金额\n":                                                   record.SidePos,
		"交易时间,交易流水号,金额,余额\n2026-03-01,A1,5.00,15.00\n2026-03-02,A2,-5.00,10.00\n": record.SideBank,
		"交易时间,流水号,借贷标志,金额,对方户名\n":                                                 record.SideBank,
	} {
		for _, flag := range flags {
			g := reading{name: "f.csv", side: flag}.read(t, []byte(text))
			switch {
			case flag == side && (g.plan == nil || g.plan.Side != side):
				t.Errorf("%q as %s: %v", text, flag, texts(g.problems))
			case flag != side && g.plan != nil:
				t.Errorf("%q is taken as %s", text, flag)
			}
		}
	}
	certain := "商户号,参考号,交易时间,交易金额,手续费,清算日期\n"
	g := reading{name: "f.csv", side: record.SidePos}.read(t, []byte(certain))
	if len(g.problems) != 1 || g.problems[0].Code != CodeWrongSide || !strings.Contains(g.problems[0].Text(problem.EN), "--layout FILE:NAME") {
		t.Error(texts(g.problems))
	}
	if g := (reading{name: "f.csv", side: record.SidePos, layout: names[record.SidePos]}).read(t, []byte(certain)); g.plan == nil {
		t.Error(texts(g.problems))
	}
}

// A consumer's own bill is nobody's sales unless a flag says so.
func TestPersonalBillsAreTakenOnlyByFlag(t *testing.T) {
	for what, text := range map[string]string{
		"WeChat":     "微信支付账单明细,,,,,,,,,,\n交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n2026-03-01 10:00:00,商户消费,某店,早餐,支出,￥5.00,零钱,支付成功,4200,A1,/\n",
		"Alipay":     "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注\n2026-03-01 10:00:00,餐饮,某店,a***@b.c,早餐,支出,5.00,余额宝,交易成功,2200,A1,\n",
		"Alipay web": "交易号,商家订单号,交易创建时间,付款时间,最近修改时间,交易来源地,类型,交易对方,商品名称,金额（元）,收/支,交易状态,服务费（元）,成功退款（元）,备注,资金状态\n1,A1,2026-03-01 10:00:00,2026-03-01 10:00:00,,其他,即时到账交易,某店,早餐,5.00,支出,交易成功,0.00,0.00,,已支出\n",
		"JD":         "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注\n2026-03-01 10:00:00,某店,早餐,5.00,京东白条,交易成功,支出,餐饮,100,A1,\n",
		"Meituan":    "交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注\n2026-03-01 10:00:00,支付,早餐,支出,微信,5.00,5.00,100,A1,\n",
	} {
		g := reading{name: "f.csv"}.read(t, []byte(text))
		if g.plan != nil {
			t.Errorf("%s is read as %s", what, g.plan.Layout.Name)
		}
	}
	g := reading{name: "f.csv"}.read(t, []byte("交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n"))
	if len(g.problems) != 1 || g.problems[0].Code != CodePersonalBill {
		t.Error(texts(g.problems))
	}
}
