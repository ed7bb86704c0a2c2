package layout

import (
	"testing"

	"github.com/duizhang/duizhang/parse/record"
)

func TestCommonKinds(t *testing.T) {
	for m, words := range map[record.Kind][]string{
		record.Sale:            {"消费", "消 费", "SALE", "微信支付", "云闪付消费(被扫)", "JSAPI", "支付宝收款", "聚合支付"},
		record.Void:            {"撤销", "消费撤销", "微信撤销", "void"},
		record.Reversal:        {"冲正", "消费冲正", "支付宝冲正"},
		record.Refund:          {"退货", "退款", "微信退款", "联机退货", "Refund", "银联二维码退货"},
		record.Preauth:         {"预授权", "预授权撤销", "外卡预授权"},
		record.PreauthComplete: {"预授权完成", "预授权完成（请求）", "外卡预授权完成"},
		record.Adjustment:      {"调账", "贷记调整"},
		record.Fee:             {"手续费", "提现手续费"},
		record.Payout:          {"划款", "D0提现"},
	} {
		for _, w := range words {
			if got := CommonKind(NormWord(w)); got != Meaning(m) {
				t.Errorf("%s is %d, want %d", w, got, m)
			}
		}
	}
	for _, w := range []string{"退货冲正", "撤销冲正", "赠送", "微信查询", "退款失败"} {
		if got := CommonKind(NormWord(w)); got != MeansReject {
			t.Errorf("%s is %d, want a reject", w, got)
		}
	}
}

func TestCommonChannels(t *testing.T) {
	for ch, words := range map[record.Channel][]string{
		record.ChannelQR:    {"微信", "支付宝", "云闪付", "银联二维码", "数字人民币", "JSAPI", "微信刷卡", "QR"},
		record.ChannelCard:  {"银行卡", "刷卡", "POS", "借记卡", "银联", "VISA", "信用卡"},
		record.ChannelOther: {"现金", "会员卡", "储值卡", "余额", "代金券"},
	} {
		for _, w := range words {
			if got := CommonChannel(NormWord(w)); got != Meaning(ch) {
				t.Errorf("%s is %d, want %d", w, got, ch)
			}
		}
	}
}

func TestTotalsAndRemarksAreNoTransactions(t *testing.T) {
	for _, w := range []string{"合计", "合 计", "总计：", "合计金额", "总笔数:12", "合计(元)", "小计", "TOTAL", "合计12笔", "本页小计", "总收入笔数"} {
		if !IsTotal(NormWord(w)) {
			t.Errorf("%q is no total", w)
		}
	}
	for _, w := range []string{"总汇商场", "合计划商店", "totally", "A001", "一店"} {
		if IsTotal(NormWord(w)) {
			t.Errorf("%q is a total", w)
		}
	}
}

func TestStatusThatWasTakenBackDependsOnTheKind(t *testing.T) {
	g := reading{name: "a.csv", side: record.SidePos}.read(t, []byte("小票号,交易时间,金额,交易类型,状态\nA1,2026-03-01,1,消费,已撤销\nA1,2026-03-01,1,撤销,已撤销\nA2,2026-03-01,1,消费,已退款\nA3,2026-03-01,1,消费,\n"))
	g.want(t, "generic-pos", 0, []string{"sale failed 2026-03-01 1.00 order_no=A1", "void ok 2026-03-01 -1.00 order_no=A1", "sale ok 2026-03-01 1.00 order_no=A2", "sale ok 2026-03-01 1.00 order_no=A3"})
}
