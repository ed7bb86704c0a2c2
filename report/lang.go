package report

import (
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// text is a word or sentence in both languages.
type text struct{ zh, en string }

func (t text) in(l problem.Lang) string {
	if l == problem.EN {
		return t.en
	}
	return t.zh
}

// matchNames say who has the row and who lacks it; the trade's own 长款 and 短款
// are used in opposite senses.
var matchNames = [result.NumMatch]text{
	result.Matched:      {"一致", "Matched"},
	result.Partial:      {"部分到账", "Partial"},
	result.Over:         {"多到账", "Over"},
	result.Conflict:     {"类型/状态不符", "Conflict"},
	result.PosOnly:      {"商户有、收单无", "POS only"},
	result.ClearingOnly: {"收单有、商户无", "Clearing only"},
	result.Duplicate:    {"重复", "Duplicate"},
	result.Voided:       {"已撤销抵消", "Voided"},
	result.Suggested:    {"疑似匹配", "Suggested"},
	result.InTransit:    {"在途", "In transit"},
	result.FailedMatch:  {"交易失败", "Failed"},
}

var timingNames = [result.NumTiming]text{
	result.TimingNone:    {"不涉及", "None"},
	result.OnTime:        {"按时", "On time"},
	result.Late:          {"迟到", "Late"},
	result.Overdue:       {"逾期未到", "Overdue"},
	result.PendingTiming: {"未到期", "Pending"},
	result.UnknownTiming: {"未知", "Unknown"},
}

// flagNames follow the bits of match.Flags.
var flagNames = [result.NumFlags]text{
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

var creditNames = [result.NumCreditState]text{
	result.CreditUnchecked: {"未核对", "Unchecked"},
	result.CreditFull:      {"全额到账", "Full"},
	result.CreditPartial:   {"部分到账", "Partial"},
	result.CreditNone:      {"未到账", "None"},
	result.CreditOver:      {"多到账", "Over"},
	result.CreditCarried:   {"负额结转", "Carried"},
}

var outcomeNames = [result.NumCreditOutcome]text{
	result.Identified:   {"已认领", "Identified"},
	result.Unidentified: {"未认领", "Unidentified"},
	result.Ambiguous:    {"无法唯一认领", "Ambiguous"},
	result.Returned:     {"退票/冲账", "Returned"},
	result.Ignored:      {"不计入", "Not counted"},
}

// feeNames are indexed by match.FeeType.
var feeNames = [...]text{
	terms.FeeUnknown: {"类型不明", "Unknown"}, terms.FeeDebit: {"借记卡", "Debit card"}, terms.FeeCredit: {"贷记卡", "Credit card"},
	terms.FeeCard: {"银行卡", "Card"}, terms.FeeQR: {"扫码", "QR"}, terms.FeeOther: {"其他", "Other"},
}

// kindCodes are SPEC's words for a row's kind.
var kindCodes = [...]string{
	record.KindUnknown: "", record.Sale: "sale", record.Void: "void", record.Reversal: "reversal", record.Refund: "refund",
	record.Preauth: "preauth", record.PreauthComplete: "preauth_complete", record.Adjustment: "adjustment",
	record.Fee: "fee", record.Payout: "payout",
}

var kindNames = [...]text{
	record.KindUnknown: {"", ""}, record.Sale: {"消费", "Sale"}, record.Void: {"撤销", "Void"}, record.Reversal: {"冲正", "Reversal"},
	record.Refund: {"退款", "Refund"}, record.Preauth: {"预授权", "Preauth"}, record.PreauthComplete: {"预授权完成", "Preauth complete"},
	record.Adjustment: {"调账", "Adjustment"}, record.Fee: {"费用", "Fee"}, record.Payout: {"划款", "Payout"},
}

var statusNames = [...]text{
	record.StatusUnknown: {"状态不明", "of unknown status"}, record.OK: {"成功", "ok"},
	record.Failed: {"失败", "failed"}, record.Pending: {"处理中", "pending"},
}

// sideNames and sideCodes are indexed by parse.Side.
var sideNames = [4]text{{"未识别", "unknown"}, {"商户", "POS"}, {"收单", "Clearing"}, {"银行", "Bank"}}

var sideCodes = [4]string{"unknown", "pos", "clearing", "bank"}

// keyNames are indexed by match.KeyType.
var keyNames = [...]text{
	result.NoKey: {"", ""}, result.KeyOrder: {"订单号", "order number"}, result.KeyChannel: {"渠道流水号", "channel number"},
	result.KeyRef: {"参考号", "reference number"}, result.KeyTrace: {"批次凭证号", "batch and trace number"},
	result.KeyRefAlone:   {"参考号", "reference number"},
	result.KeySuggestion: {"推测", "suggestion"},
}

// MatchName is what people call an outcome.
func MatchName(m result.Match, l problem.Lang) string { return matchNames[m].in(l) }

// KindName is what people call a kind of rows.
func KindName(k record.Kind, l problem.Lang) string { return kindNames[k].in(l) }

// StatusName is what people call a row's status.
func StatusName(s record.Status, l problem.Lang) string { return statusNames[s].in(l) }

// Grouped is an amount as people read it: 1,234.56.
func Grouped(f money.Fen) string { return grouped(f) }
