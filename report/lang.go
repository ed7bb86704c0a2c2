package report

import (
	"duizhang/match"
	"duizhang/parse"
)

// text is a word or sentence in both languages.
type text struct{ zh, en string }

func (t text) in(l parse.Lang) string {
	if l == parse.EN {
		return t.en
	}
	return t.zh
}

// matchNames say who has the row and who lacks it; the trade's own 长款 and 短款
// are used in opposite senses.
var matchNames = [match.NumMatch]text{
	match.Matched:      {"一致", "Matched"},
	match.Partial:      {"部分到账", "Partial"},
	match.Over:         {"多到账", "Over"},
	match.Conflict:     {"类型/状态不符", "Conflict"},
	match.PosOnly:      {"商户有、收单无", "POS only"},
	match.ClearingOnly: {"收单有、商户无", "Clearing only"},
	match.Duplicate:    {"重复", "Duplicate"},
	match.Voided:       {"已撤销抵消", "Voided"},
	match.Suggested:    {"疑似匹配", "Suggested"},
	match.InTransit:    {"在途", "In transit"},
	match.FailedMatch:  {"交易失败", "Failed"},
}

var timingNames = [match.NumTiming]text{
	match.TimingNone:    {"不涉及", "None"},
	match.OnTime:        {"按时", "On time"},
	match.Late:          {"迟到", "Late"},
	match.Overdue:       {"逾期未到", "Overdue"},
	match.PendingTiming: {"未到期", "Pending"},
	match.UnknownTiming: {"未知", "Unknown"},
}

// flagNames follow the bits of match.Flags.
var flagNames = [match.NumFlags]text{
	{"手续费不符", "Fee differs"},
	{"拆分", "Split"},
	{"时间不符", "Times differ"},
	{"疑似扣留", "Held"},
	{"退款超时限", "Refund late"},
	{"结算账户变更", "Account changed"},
	{"超单笔限额", "Over limit"},
	{"短时重复刷卡", "Repeated swipes"},
	{"非营业时间", "Off hours"},
	{"缺对账文件", "File missing"},
	{"往日未平", "Carried"},
	{"日期异常", "Odd dates"},
	{"终端号不符", "Terminals differ"},
	{"应到账日暂定", "Provisional due date"},
	{"约定到账日不同", "Due date differs"},
}

var creditNames = [match.NumCreditState]text{
	match.CreditUnchecked: {"未核对", "Unchecked"},
	match.CreditFull:      {"全额到账", "Full"},
	match.CreditPartial:   {"部分到账", "Partial"},
	match.CreditNone:      {"未到账", "None"},
	match.CreditOver:      {"多到账", "Over"},
	match.CreditCarried:   {"负额结转", "Carried"},
}

var outcomeNames = [match.NumCreditOutcome]text{
	match.Identified:   {"已认领", "Identified"},
	match.Unidentified: {"未认领", "Unidentified"},
	match.Ambiguous:    {"无法唯一认领", "Ambiguous"},
	match.Returned:     {"退票/冲账", "Returned"},
	match.Ignored:      {"非收单入账", "Ignored"},
}

// feeNames are indexed by match.FeeType.
var feeNames = [...]text{
	match.FeeUnknown: {"类型不明", "Unknown"}, match.FeeDebit: {"借记卡", "Debit card"}, match.FeeCredit: {"贷记卡", "Credit card"},
	match.FeeCard: {"银行卡", "Card"}, match.FeeQR: {"扫码", "QR"}, match.FeeOther: {"其他", "Other"},
}

// kindCodes are SPEC's words for a row's kind.
var kindCodes = [...]string{
	parse.KindUnknown: "", parse.Sale: "sale", parse.Void: "void", parse.Reversal: "reversal", parse.Refund: "refund",
	parse.Preauth: "preauth", parse.PreauthComplete: "preauth_complete", parse.Adjustment: "adjustment",
	parse.Fee: "fee", parse.Payout: "payout",
}

var kindNames = [...]text{
	parse.KindUnknown: {"", ""}, parse.Sale: {"消费", "Sale"}, parse.Void: {"撤销", "Void"}, parse.Reversal: {"冲正", "Reversal"},
	parse.Refund: {"退款", "Refund"}, parse.Preauth: {"预授权", "Preauth"}, parse.PreauthComplete: {"预授权完成", "Preauth complete"},
	parse.Adjustment: {"调账", "Adjustment"}, parse.Fee: {"费用", "Fee"}, parse.Payout: {"划款", "Payout"},
}

var statusNames = [...]text{
	parse.StatusUnknown: {"状态不明", "of unknown status"}, parse.OK: {"成功", "ok"},
	parse.Failed: {"失败", "failed"}, parse.Pending: {"处理中", "pending"},
}

// sideNames and sideCodes are indexed by parse.Side.
var sideNames = [4]text{{"未识别", "unknown"}, {"商户", "POS"}, {"收单", "Clearing"}, {"银行", "Bank"}}

var sideCodes = [4]string{"unknown", "pos", "clearing", "bank"}

// keyNames are indexed by match.KeyType.
var keyNames = [...]text{
	match.NoKey: {"", ""}, match.KeyOrder: {"订单号", "order number"}, match.KeyChannel: {"渠道流水号", "channel number"},
	match.KeyRef: {"参考号", "reference number"}, match.KeyTrace: {"批次凭证号", "batch and trace number"},
	match.KeyRefAlone:   {"参考号", "reference number"},
	match.KeySuggestion: {"推测", "suggestion"},
}
