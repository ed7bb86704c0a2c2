package layout

import (
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

func TestGenericPosReadsATillExport(t *testing.T) {
	content := "东方商场 收银流水,,,,,,,,,,,\r\n导出时间：2026-03-02 08:00:00\r\n\r\n" +
		"门店,终端号,小票号,交易时间,参考号,凭证号,批次号,卡号,支付方式,交易类型,金额,状态\r\n" +
		"一店,10000001,`A001,2026-03-01 10:00:01,'123456789012,000001,000001,622262******4809,银行卡,消费,\"1,200.00\",成功\r\n" +
		"一店,10000001,A002,2026/3/1 10:05,=\"123456789013\",000002,000001,,微信支付,退货,5.00,成功\r\n" +
		"一店,10000001,A003\t,2026-03-01 24:00:00,-,-,-,-,现金,消费,-5,失败\r\n" +
		"一店,10000001,1.23457E+17,2026-03-01 10:00:01,,,,,支付宝,消费,1,成功\r\n" +
		"一店,10000001,A005,2026-03-01 10:00:01,,,,,支付宝,赠送,1,成功\r\n" +
		"一店,10000001,A006,2026-03-01 10:00:01,,,,,支付宝,消费,1.005,成功\r\n" +
		"一店,10000001,A007,1/3/26 10:00,,,,,支付宝,消费,1,成功\r\n" +
		"一店,10000001,A008,2026-03-01 10:00:01,,,,,支付宝,消费,1\r\n" +
		"合计,,,,,,,,,,1200.00,\r\n"
	rows := []string{
		"sale ok 2026-03-01 10:00:01 1200.00 channel=card store=一店 terminal_id=10000001 batch_no=000001 trace_no=000001 ref_no=123456789012 order_no=A001 card_tail=622262****4809 pay_method=银行卡",
		"refund ok 2026-03-01 10:05:00 -5.00 channel=qr store=一店 terminal_id=10000001 batch_no=000001 trace_no=000002 ref_no=123456789013 order_no=A002 pay_method=微信支付",
		"refund failed 2026-03-02 00:00:00 -5.00 channel=other store=一店 terminal_id=10000001 order_no=A003 pay_method=现金",
	}
	rejects := []string{
		`:8: 小票号: identifier "1.23457E+17" is in scientific notation`,
		`:9: 交易类型: transaction kind "赠送" is unknown`,
		`:10: 金额: amount "1.005" has more than two decimals`,
		`:11: 交易时间: date or time "1/3/26 10:00" can be read in more than one way`,
		`:12: only 11 cells where the header has 12`,
	}
	for _, enc := range []text.Encoding{text.UTF8, text.GB18030} {
		c := []byte(content)
		if enc == text.GB18030 {
			c = gbk(content)
		}
		g := reading{name: "till.csv", enc: enc, side: record.SidePos}.read(t, c)
		for i := range g.rejects {
			g.rejects[i].File = ""
		}
		g.want(t, "generic-pos", 1, rows, rejects...)
	}
}
