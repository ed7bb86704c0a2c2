package layout

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Meaning is what a word stands for: a Kind, Status, CardType, Channel or
// direction, or one of the special ones below.
type Meaning int8

const (
	meansUnknown Meaning = 0
	meansSkip    Meaning = -1 // the row is no transaction
	MeansReject  Meaning = -2
	// meansUndone is a status: the transaction was taken back, and moves no
	// money, on whatever side and of whatever kind; but a void that "was taken
	// back" is the void itself, and ok.
	meansUndone Meaning = -3
	// meansUnsettled is a status: what happened is ok, but not paid out yet.
	meansUnsettled Meaning = -4
)

const (
	directionIn  Meaning = 1
	directionOut Meaning = 2
)

// names of the meanings of each vocabulary, as layouts write them.
var (
	KindNames = map[string]Meaning{
		"sale": Meaning(record.Sale), "void": Meaning(record.Void), "reversal": Meaning(record.Reversal), "refund": Meaning(record.Refund),
		"preauth": Meaning(record.Preauth), "preauth_complete": Meaning(record.PreauthComplete), "adjustment": Meaning(record.Adjustment),
		"fee": Meaning(record.Fee), "payout": Meaning(record.Payout),
	}
	StatusNames    = map[string]Meaning{"ok": Meaning(record.OK), "failed": Meaning(record.Failed), "pending": Meaning(record.Pending), "undone": meansUndone, "unsettled": meansUnsettled}
	DirectionNames = map[string]Meaning{"in": directionIn, "out": directionOut}
	channelNames   = map[string]Meaning{"card": Meaning(record.ChannelCard), "qr": Meaning(record.ChannelQR), "other": Meaning(record.ChannelOther), "unknown": meansUnknown}
	cardTypeNames  = map[string]Meaning{"debit": Meaning(record.Debit), "credit": Meaning(record.Credit), "unknown": meansUnknown}
)

// vocabulary is a compiled Vocabulary: the layout's words, then the common ones.
type vocabulary struct {
	name    string
	words   map[string]Meaning
	common  func(word string) Meaning // MeansReject: not a common word
	deflt   Meaning                   // for unknown words
	empty   Meaning                   // for an empty cell
	unknown problem.Code
}

func compileVocabulary(name string, v Vocabulary, names map[string]Meaning, common func(string) Meaning, deflt Meaning, unknown problem.Code) (*vocabulary, error) {
	voc := &vocabulary{name: name, words: map[string]Meaning{}, common: common, deflt: deflt, empty: meansUnknown, unknown: unknown}
	if deflt == MeansReject {
		voc.empty = MeansReject
	}
	keys := make([]string, 0, len(v))
	for k := range v {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		var one Meaning
		if k == "default" || k == "empty" {
			if len(v[k]) != 1 {
				return nil, fmt.Errorf("words.%s: %s wants one meaning", name, k)
			}
			m, ok := meaningNamed(v[k][0], names)
			if !ok {
				return nil, fmt.Errorf("words.%s: unknown meaning %q", name, v[k][0])
			}
			one = m
		}
		switch k {
		case "default":
			voc.deflt = one
		case "empty":
			voc.empty = one
		case "builtin":
			if len(v[k]) == 1 && v[k][0] == "no" {
				voc.common = func(string) Meaning { return MeansReject }
			}
		default:
			m, ok := meaningNamed(k, names)
			if !ok {
				return nil, fmt.Errorf("words.%s: unknown meaning %q", name, k)
			}
			for _, w := range v[k] {
				n := NormWord(w)
				if old, dup := voc.words[n]; dup && old != m {
					return nil, fmt.Errorf("words.%s: %q has two meanings", name, w)
				}
				voc.words[n] = m
			}
		}
	}
	return voc, nil
}

func meaningNamed(s string, names map[string]Meaning) (Meaning, bool) {
	switch s {
	case "skip":
		return meansSkip, true
	case "reject":
		return MeansReject, true
	}
	m, ok := names[s]
	return m, ok
}

// lookup is the meaning of a cell's text (UTF-8, any width and case).
func (v *vocabulary) lookup(text string) Meaning {
	w := NormWord(text)
	if m, ok := v.words[w]; ok {
		return m
	}
	if w == "" {
		return v.empty
	}
	if m := v.common(w); m != MeansReject {
		return m
	}
	return v.deflt
}

// NormWord folds width and case and drops blanks, so that 消 费 is 消费 and
// Ｓuccess is success.
func NormWord(s string) string {
	var b strings.Builder
	for _, r := range s {
		r = problem.Narrow(r)
		if r <= ' ' || problem.WideBlank(r) || problem.Invisible(r) {
			continue
		}
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		if r == '帐' {
			r = '账'
		}
		b.WriteRune(r)
	}
	return b.String()
}

func wordTable(tables map[Meaning]string) map[string]Meaning {
	t := map[string]Meaning{}
	for m, words := range tables {
		for _, w := range strings.Fields(words) {
			t[w] = m
		}
	}
	return t
}

// commonKinds are the words for kinds that mean the same wherever they stand.
var commonKinds = wordTable(map[Meaning]string{
	Meaning(record.Sale): `消费 交易 支付 付款 收款 销售 销货 零售 刷卡 购物 购买 普通消费 正常消费 联机消费 消费交易 支付交易 交易付款 在线支付 收入 正交易 正向 订单支付 订单收款 收银 充值
		扫码 主扫 被扫 扫码支付 扫码消费 主扫支付 被扫支付 聚合支付 快捷支付 网关支付 微信 支付宝 云闪付 刷脸支付 分期 分期消费 分期付款 小额免密 电子现金消费 积分消费 预付卡消费 结账 买单
		sale purchase pay payment paid consume consumption charge charged capture settled order trade
		jsapi native micropay mweb h5 app face facepay wap miniprogram 小程序 公众号 付款码支付`,
	Meaning(record.Void):            `撤销 消费撤销 撤单 取消 销售撤销 当日撤销 反交易 反结账 抹单 支付撤销 交易撤销 预授权完成撤销 完成撤销 void cancel cancellation voided revoke revoked sale_void salevoid`,
	Meaning(record.Reversal):        `冲正 消费冲正 自动冲正 系统冲正 交易冲正 冲销 冲账 reversal reversed reverse 预授权完成冲正`,
	Meaning(record.Refund):          `退货 退款 消费退货 联机退货 退货交易 退款交易 交易退款 订单退款 扫码退货 扫码退款 退单 退费 部分退款 全额退款 转入退款 退货成功 refund refunded return returned credit_refund partial_refund`,
	Meaning(record.Preauth):         `预授权 预授权撤销 预授权冲正 追加预授权 preauth pre_auth preauthorization authorization auth auth_cancel`,
	Meaning(record.PreauthComplete): `预授权完成 预授权完成(请求) 预授权完成(通知) 预授权完成请求 预授权完成通知 预授权结算 auth_comp authcomp preauth_complete preauthcomplete completion auth_complete`,
	Meaning(record.Adjustment):      `调账 差错 差错调整 调整 贷记调整 借记调整 请款 拒付 二次请款 二次退单 补账 chargeback dispute adjustment correction`,
	Meaning(record.Fee):             `手续费 服务费 提现费 提现手续费 费用 扣费 月费 流量费 通讯费 扣除交易手续费 收费 fee fees service_fee`,
	Meaning(record.Payout):          `划款 出款 提现 付款到卡 打款 代付 结算划款 结算出款 t1出款 s0出款 d0出款 payout withdraw withdrawal transfer_out`,
	meansSkip:                       `余额查询 查余 查询 查询余额 签到 签退 批结算 批上送 参数下载 balance balanceinquiry balance_inquiry inquiry signin logon`,
})

// CommonKind finds a kind by the common words, else by what the word is made of
// (微信退款, 云闪付消费(被扫)). A word made of two undoings (退货冲正) has no sure sign.
func CommonKind(w string) Meaning {
	if m, ok := commonKinds[w]; ok {
		return m
	}
	undone := 0
	for _, part := range []string{"撤销", "冲正", "退货", "退款"} {
		if strings.Contains(w, part) {
			undone++
		}
	}
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(w, p) })
	}
	switch {
	case undone > 1, has("失败", "查询"):
		return MeansReject
	case has("预授权") && !has("完成"):
		return Meaning(record.Preauth)
	case has("冲正"):
		return Meaning(record.Reversal)
	case has("撤销"):
		return Meaning(record.Void)
	case has("退货", "退款", "退回", "退单", "退费"):
		return Meaning(record.Refund)
	case has("退", "取消", "作废", "反结", "关闭"):
		return MeansReject // undone in some way that is not sure
	case has("预授权完成"):
		return Meaning(record.PreauthComplete)
	case has("手续费", "服务费"):
		return Meaning(record.Fee)
	case has("消费", "支付", "收款", "收单", "销售", "零售"):
		return Meaning(record.Sale)
	case has("调账", "差错"):
		return Meaning(record.Adjustment)
	case has("划款", "出款", "提现"):
		return Meaning(record.Payout)
	}
	return MeansReject
}

// commonStatuses are the words for statuses. 已退款 stands on a sale that was
// sold and cleared, and refunded later: it is ok.
var commonStatuses = wordTable(map[Meaning]string{
	Meaning(record.OK): `成功 交易成功 支付成功 收款成功 付款成功 退款成功 退货成功 撤销成功 冲正成功 消费成功 清算成功 结算成功 划款成功 处理成功 已支付 已付款 已收款 已完成 完成 正常 有效 已结算 已清算 已到账 已入账
		已退款 已退货 已全额退款 全额退款 部分退款 已部分退款 转入退款 承兑 批准 通过 成交 已成交 已对账 交易完成 支付完成 付款完成 订单完成 支付完毕
		success successful succeeded succ ok paid complete completed settled finished approved captured trade_success trade_finished refund_success refunded partially_refunded partial_refund done valid 00 0000 y`,
	Meaning(record.Failed): `失败 交易失败 支付失败 付款失败 退款失败 退货失败 撤销失败 扣款失败 结算失败 划款失败 处理失败 已关闭 关闭 交易关闭 订单关闭 已失效 无效 拒绝 已拒绝 未支付 未付款 支付超时已关闭 不成功
		fail failed failure closed close trade_closed declined rejected refused denied error invalid expired payerror notpay unpaid n`,
	Meaning(record.Pending): `处理中 支付中 付款中 交易中 进行中 退款中 退货中 撤销中 待支付 待付款 待确认 待处理 待结算 未结算 结算中 待清算 未清算 待划款 划款中 待到账 超时 未知 异常 可疑 等待付款 等待支付
		processing pending userpaying wait waiting in_progress inprogress unknown timeout wait_buyer_pay submitted initiated`,
	meansUndone: `已撤销 已冲正 已撤单 已取消 取消 已作废 作废 撤销 冲正 被撤销 被冲正 revoked reversed void voided cancelled canceled cancel refundall`,
})

func CommonStatus(w string) Meaning {
	if m, ok := commonStatuses[w]; ok {
		return m
	}
	switch {
	case strings.HasPrefix(w, "等待"), strings.HasPrefix(w, "待"):
		return Meaning(record.Pending) // 等待确认收货: a wallet holds the money
	case strings.HasSuffix(w, "关闭"), strings.HasSuffix(w, "失败"):
		return Meaning(record.Failed)
	}
	return MeansReject
}

// commonDirections: 贷 is money in for the holder of the account.
var commonDirections = wordTable(map[Meaning]string{
	directionIn:  `收入 收 贷 贷方 贷记 入账 转入 来账 存入 进账 进 入 收款 cr c credit in + cr贷 贷cr 贷记cr income`,
	directionOut: `支出 支 付 借 借方 借记 出账 转出 往账 取出 出 付款 支取 dr d debit out - dr借 借dr 借记dr expense`,
	meansSkip:    `不计收支 其他 / 冻结 解冻`,
})

func CommonDirection(w string) Meaning {
	if m, ok := commonDirections[w]; ok {
		return m
	}
	return MeansReject
}

// Parts of words that tell how a customer paid. QR comes before card (银联二维码),
// card before other (会员卡 is none of the two and listed as other first).
var (
	qrParts    = []string{"微信", "wechat", "weixin", "wxpay", "支付宝", "alipay", "云闪付", "扫码", "二维码", "主扫", "被扫", "刷脸", "数字人民币", "数币", "dcep", "e-cny", "ecny", "翼支付", "bestpay", "京东", "jdpay", "qq钱包", "qqpay", "钱包", "wallet", "花呗", "聚合", "条码", "付款码", "jsapi", "native", "micropay", "miniprogram", "qrcode", "uqr", "苏宁", "和包", "美团支付", "抖音支付", "小程序"}
	otherParts = []string{"现金", "cash", "会员", "储值", "预付", "余额", "挂账", "代金券", "优惠券", "礼品卡", "购物卡", "赊", "支票", "团购", "抵扣", "积分", "voucher", "giftcard", "免单"}
	cardParts  = []string{"银行卡", "刷卡", "借记", "贷记", "信用卡", "储蓄卡", "银联", "插卡", "挥卡", "磁条", "ic卡", "芯片", "闪付", "pos", "card", "unionpay", "visa", "mastercard", "jcb", "amex"}
)

func CommonChannel(w string) Meaning {
	for _, set := range []struct {
		parts []string
		m     Meaning
	}{{qrParts, Meaning(record.ChannelQR)}, {otherParts, Meaning(record.ChannelOther)}, {cardParts, Meaning(record.ChannelCard)}} {
		for _, p := range set.parts {
			if strings.Contains(w, p) {
				return set.m
			}
		}
	}
	switch w {
	case "qr", "wx", "wxp", "ali", "ysf":
		return Meaning(record.ChannelQR)
	case "卡", "ic":
		return Meaning(record.ChannelCard)
	}
	return MeansReject
}

func CommonCardType(w string) Meaning {
	switch {
	case strings.Contains(w, "贷记"), strings.Contains(w, "信用"), strings.HasPrefix(w, "credit"), w == "贷", w == "cc":
		return Meaning(record.Credit) // also 准贷记卡
	case strings.Contains(w, "借记"), strings.Contains(w, "储蓄"), strings.HasPrefix(w, "debit"), w == "借", w == "dc":
		return Meaning(record.Debit)
	}
	return MeansReject
}

// totalWords begin the first cell of a line that sums up others.
var totalWords = []string{"合计", "总计", "小计", "共计", "累计", "总额", "总金额", "总笔数", "汇总", "本页", "交易合计", "退款合计", "交易总", "退款总", "收入合计", "支出合计", "人民币合计", "美元合计", "港币合计", "欧元合计", "总收入", "总支出", "收入总", "支出总", "借方合计", "贷方合计", "本日合计", "本月合计", "当日合计", "grandtotal", "subtotal", "total"}

// footWords begin lines under a table that say who made it and when.
var footWords = []string{"以上数据", "导出时间", "导出人", "打印时间", "打印日期", "打印人", "制表", "生成时间", "下载时间", "查询时间", "第", "共", "备注:", "说明:", "注:", "注意", "***", "<end>", "eof", "end", "-----", "====="}

// IsTotal says whether a line whose first filled cell is text (normalised) is a
// totals line: the word alone, or followed by a colon, a bracket, a count or an amount.
func IsTotal(text string) bool {
	for _, w := range totalWords {
		if rest, ok := strings.CutPrefix(text, w); ok {
			r, _ := utf8.DecodeRuneInString(rest)
			if rest == "" || strings.ContainsRune(":(,;|=+-.¥", r) || r >= '0' && r <= '9' ||
				hasAnyPrefix(rest, "笔", "金额", "行", "数", "条", "共", "合计", "小计", "交易", "款", "项") {
				return true
			}
		}
	}
	return false
}

// isPlainTotal says whether a totals line is called so without anything that
// could be part of a number or a name.
func isPlainTotal(text string) bool {
	for _, w := range totalWords {
		if rest, ok := strings.CutPrefix(text, w); ok && (rest == "" || rest[0] >= utf8.RuneSelf || strings.IndexByte(":(", rest[0]) >= 0) {
			return true
		}
	}
	return false
}

// isFoot says whether the only filled cell of a line is a remark under the table.
func isFoot(text string) bool { return hasAnyPrefix(text, footWords...) }

func hasAnyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}
