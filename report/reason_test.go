package report

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// lastReason is the last code of match/result/reason.go; TestEveryReasonHasASentence
// finds out when a code has been added behind it.
const lastReason = result.ReasonDueDiffers

// oddPair is a sale and what the acquirer has for it.
func oddPair() *line {
	sale := &record.Record{Kind: record.Sale, Status: record.OK, HasClock: true, Time: clock(yesterday, 23, 15, 0), Amount: 4500, Source: "pos.csv:7"}
	sale.Text[record.OrderNo], sale.Text[record.CardTail] = "A001", "6222**1234"
	cleared := &record.Record{Kind: record.Refund, Status: record.Failed, HasClock: true, Time: clock(yesterday, 23, 16, 5), Amount: 4000, Source: "jy.txt:9"}
	cleared.Text[record.OrderNo], cleared.Text[record.CardTail] = "00A001", "6222**9999"
	g := &result.Group{Pos: at(0), Clearing: at(0), PosAmount: 4500, ClearingAmount: 4000, Credited: 3950, HasCredited: true, Settlement: -1}
	return &line{group: g, pos: []*record.Record{sale}, clearing: []*record.Record{cleared}, other: cleared, asOf: asOf}
}

// groupSentences are the sentences of a group's reasons, with Amount 500,
// N 3, Seconds 3665 and Day the next day.
var groupSentences = map[result.ReasonCode]text{
	result.NoReason:             {"", ""},
	result.ReasonAgrees:         {"订单号 00A001：两边一致，金额 40.00 元", "order number 00A001: both sides agree on 40.00"},
	result.ReasonSplit:          {"订单号 00A001：商户 1 笔 45.00 元（45.00），收单 1 笔 40.00 元（40.00），合计相符", "order number 00A001: 1 POS rows 45.00 (45.00) and 1 clearing rows 40.00 (40.00) add up to the same"},
	result.ReasonLess:           {"订单号 00A001：商户 45.00 元，收单只清算 40.00 元，少 5.00 元", "order number 00A001: sold 45.00, cleared only 40.00, 5.00 short"},
	result.ReasonMore:           {"订单号 00A001：商户 45.00 元，收单清算 40.00 元，多 5.00 元", "order number 00A001: sold 45.00, cleared 40.00, 5.00 more"},
	result.ReasonCreditedLess:   {"订单号 00A001：收单清算 40.00 元，实际到账 39.50 元，比应到净额少 5.00 元", "order number 00A001: cleared 40.00, credited 39.50, 5.00 less than the net"},
	result.ReasonCreditedMore:   {"订单号 00A001：收单清算 40.00 元，实际到账 39.50 元，比应到净额多 5.00 元", "order number 00A001: cleared 40.00, credited 39.50, 5.00 more than the net"},
	result.ReasonKindConflict:   {"订单号 00A001：商户为消费 45.00 元，收单为退款 40.00 元，类型相反", "order number 00A001: POS says Sale 45.00, clearing says Refund 40.00: opposite kinds"},
	result.ReasonStatusConflict: {"订单号 00A001：商户状态为成功（45.00 元），收单状态为失败（40.00 元）", "order number 00A001: POS says ok (45.00), clearing says failed (40.00)"},
	result.ReasonNoCandidate:    {"收单文件中没有订单号为 A001 的记录，也没有未配对的、同地点同金额且时间相近的记录", "no clearing row carries order number A001, and no unmatched one of the same place and amount is near in time"},
	result.ReasonKeyTaken:       {"收单 jy.txt:9 2026-01-05 23:16:05（40.00 元）的单号相同，但它已与另一笔配对，没有第二笔可配", "Clearing jy.txt:9 2026-01-05 23:16:05 (40.00) carries the same number but is already matched with another row; there is no second one"},
	result.ReasonOtherAmount:    {"最接近的是收单 jy.txt:9 2026-01-05 23:16:05（40.00 元），金额相差 5.00 元", "nearest is Clearing jy.txt:9 2026-01-05 23:16:05 (40.00), its amount differs by 5.00"},
	result.ReasonOtherTime:      {"最接近的是收单 jy.txt:9 2026-01-05 23:16:05（40.00 元），时间相差 61 分 5 秒，超出时间窗", "nearest is Clearing jy.txt:9 2026-01-05 23:16:05 (40.00), it is 61 min 5 s away, beyond the time window"},
	result.ReasonKeyDays:        {"收单 jy.txt:9 2026-01-05 23:16:05 的单号相同，但相隔 3 天，号码会循环使用，不作同一笔", "Clearing jy.txt:9 2026-01-05 23:16:05 carries the same number but is 3 days away; numbers come round again"},
	result.ReasonOtherCard:      {"最接近的是收单 jy.txt:9 2026-01-05 23:16:05（40.00 元），但卡号不同：6222**1234 与 6222**9999", "nearest is Clearing jy.txt:9 2026-01-05 23:16:05 (40.00), but the cards differ: 6222**1234 and 6222**9999"},
	result.ReasonTie:            {"收单文件中有 3 笔同样接近（如 jy.txt:9），无法判定是哪一笔", "3 clearing rows fit equally well (such as jy.txt:9), none is chosen"},
	result.ReasonKeyEven:        {"收单 jy.txt:9 2026-01-05 23:16:05（40.00 元）的单号相同，但只有这一笔：它在时间上与两笔同样接近，已与另一笔配对", "Clearing jy.txt:9 2026-01-05 23:16:05 (40.00) carries the same number, but there is only one: it is equally near in time to two rows and is matched with the other one"},
	result.ReasonBothPending:    {"订单号 00A001：两边都在处理中，等待结果；金额不同：商户 45.00 元，收单 40.00 元，相差 5.00 元", "order number 00A001: both sides are pending, the result is awaited; the amounts differ: POS 45.00, clearing 40.00, by 5.00"},
	result.ReasonNotLeft:        {"收单文件中没有能与它配对的记录（订单号 A001），也没有未配对的、同地点同金额且时间相近的记录", "no clearing row could be matched with it (order number A001), and no unmatched one of the same place and amount is near in time"},
	result.ReasonRivals:         {"收单 jy.txt:9 2026-01-05 23:16:05（40.00 元）可能是它，但另有同样接近的，共 3 笔争这一笔，无法判定", "Clearing jy.txt:9 2026-01-05 23:16:05 (40.00) may be it, but so it may for others: 3 rows fit it equally well, none is chosen"},
	result.ReasonNearerRival:    {"收单 jy.txt:9 2026-01-05 23:16:05（40.00 元）可能是它，但另有一笔与它更接近", "Clearing jy.txt:9 2026-01-05 23:16:05 (40.00) may be it, but another row fits it better"},
	result.ReasonNumberDiffers:  {"订单号相近：商户 A001，收单 00A001；同金额 45.00 元，时间相差 61 分 5 秒，请人工确认", "order number nearly the same: POS A001, clearing 00A001; same amount 45.00, 61 min 5 s apart: please confirm"},
	result.ReasonDigitsSwapped:  {"同终端，时间相差 61 分 5 秒，金额有两位数字颠倒：商户 45.00 元，收单 40.00 元，请人工确认", "same terminal, 61 min 5 s apart, two digits of the amount are swapped: POS 45.00, clearing 40.00: please confirm"},
	result.ReasonNetOfFee:       {"同终端，时间相差 61 分 5 秒，金额恰好相差手续费 5.00 元：商户 45.00 元，收单 40.00 元，请人工确认", "same terminal, 61 min 5 s apart, the amounts differ by exactly the fee 5.00: POS 45.00, clearing 40.00: please confirm"},
	result.ReasonDuplicate:      {"与 jy.txt:9 重复：单号、金额 45.00 元、类型和时间都相同", "repeats jy.txt:9: same number, amount 45.00, kind and time"},
	result.ReasonVoided:         {"已与 jy.txt:9 的 40.00 元相抵，收单未清算，无应收", "cancelled by jy.txt:9 (40.00) before clearing; nothing is owed"},
	result.ReasonSuggested:      {"同地点、同金额 45.00 元，时间相差 61 分 5 秒，但没有共同的单号，请人工确认", "same place and amount 45.00, 61 min 5 s apart, but no common number: please confirm"},
	result.ReasonLeadingZeros:   {"订单号只差前导零：商户 A001，收单 00A001，请人工确认", "order number differs only in leading zeros: POS A001, clearing 00A001: please confirm"},
	result.ReasonAfterCutoff:    {"交易在切点之后，归属 2026-01-06 的清算日", "sold after the cut-off, it belongs to the clearing day 2026-01-06"},
	result.ReasonFileNotDue:     {"清算日 2026-01-06 的对账文件还没有到，属于在途", "the clearing file of 2026-01-06 is not due yet"},
	result.ReasonNoFile:         {"没有收到清算日 2026-01-06 的对账文件，不能判断收单是否清算", "the clearing file of 2026-01-06 never came, so it cannot be told whether it was cleared"},
	result.ReasonFailed:         {"交易失败，不涉及资金：商户记为成功，收单记为失败", "the transaction failed, no money moves: POS says ok, clearing says failed"},
	result.ReasonPending:        {"交易尚未完成，等待结果：商户记为成功，收单记为失败", "the transaction is not final: POS says ok, clearing says failed"},
	result.ReasonNoMoney:        {"退款不划转资金，不影响应收", "Refund moves no money"},
	result.ReasonPayoutRow:      {"划款记录，不是交易", "a payout, no transaction"},
}

func TestReasonOfAGroup(t *testing.T) {
	for code, want := range groupSentences {
		for _, lang := range []problem.Lang{problem.ZH, problem.EN} {
			l := oddPair()
			l.lang = lang
			l.group.KeyType = result.KeyOrder
			if code >= result.ReasonNoCandidate && code <= result.ReasonTie || code == result.ReasonKeyEven || code == result.ReasonNotLeft || code == result.ReasonRivals || code == result.ReasonNearerRival { // one-sided
				l.clearing = nil
			}
			l.group.Reason = result.Reason{Code: code, HasOther: true, OtherSide: record.SideClearing, N: 3, Amount: -500, Seconds: -3665, Day: asOf}
			if code == result.ReasonLeadingZeros || code == result.ReasonNumberDiffers {
				l.group.Reason.N = int32(result.KeyOrder)
			}
			got := l.reason()
			if got != want.in(lang) {
				t.Errorf("code %d:\n got %s\nwant %s", code, got, want.in(lang))
			}
		}
	}
}

func TestReasonNamesBothFees(t *testing.T) {
	l := oddPair()
	l.clearing[0].HasFee, l.clearing[0].Fee = true, 60
	l.group.Flags, l.group.ExpectedFee, l.group.HasExpectedFee = result.FeeDiff, 38, true
	l.group.Reason.Code = result.ReasonPayoutRow
	want := text{"划款记录，不是交易；手续费收了 0.60 元，合同应为 0.38 元，多收 0.22 元", "a payout, no transaction; fee charged 0.60, by contract 0.38, 0.22 too much"}
	for _, l.lang = range []problem.Lang{problem.ZH, problem.EN} {
		l.said = ""
		if got := l.reason(); got != want.in(l.lang) {
			t.Errorf("got %s", got)
		}
	}
	l.lang = problem.ZH
	l.clearing[0].Fee, l.said = 30, ""
	if got := l.reason(); !strings.HasSuffix(got, "手续费收了 0.30 元，合同应为 0.38 元，少收 0.08 元") {
		t.Errorf("got %s", got)
	}
}

func TestReasonSaysSinceWhenMoneyIsLate(t *testing.T) {
	for _, c := range []struct {
		group result.Group
		want  text
	}{
		{result.Group{Timing: result.OnTime, DueDate: yesterday}, text{"", ""}},
		{result.Group{Timing: result.Late, DueDate: yesterday, CreditedDate: asOf}, text{"应于 2026-01-05 到账，实际 2026-01-06 到账", "due on 2026-01-05, credited on 2026-01-06"}},
		{result.Group{Timing: result.Overdue, DueDate: yesterday}, text{"应于 2026-01-05 到账，至 2026-01-06 未到", "due on 2026-01-05, not credited by 2026-01-06"}},
		{result.Group{Timing: result.Overdue, DueDate: yesterday, Credited: 500, HasCredited: true}, text{"应于 2026-01-05 到账，至 2026-01-06 只到 5.00 元", "due on 2026-01-05, only 5.00 credited by 2026-01-06"}},
	} {
		l := oddPair()
		l.group = &c.group
		for _, l.lang = range []problem.Lang{problem.ZH, problem.EN} {
			l.said = ""
			if got := l.reason(); got != c.want.in(l.lang) {
				t.Errorf("got %q, want %q", got, c.want.in(l.lang))
			}
		}
	}
	l := oddPair()
	l.clearing = nil
	l.group = &result.Group{Timing: result.Overdue, DueDate: yesterday}
	if got := l.reason(); got != "" {
		t.Errorf("what was not cleared is not late but missing, got %q", got)
	}
}

func TestSettlementSaysWhereTheAcquirerAndTheBankDiffer(t *testing.T) {
	s := settled{&result.Settlement{Net: 10000, Credited: 10000, Credit: result.CreditFull, Timing: result.OnTime, Claimed: yesterday, CreditedDate: asOf, LastCredit: asOf, Reason: result.Reason{Code: result.ReasonPaid}}, nil, asOf, problem.ZH, Decided{}}
	if got, want := s.reason(), "应结净额 100.00 元已于 2026-01-06 全额到账；收单文件称 2026-01-05 到账，银行为 2026-01-06"; got != want || s.claim() != "不符" {
		t.Errorf("got %s, claim %s", got, s.claim())
	}
	s.Claimed = asOf
	if s.claim() != "相符" {
		t.Errorf("claim %s", s.claim())
	}
	s.Credit, s.Timing, s.CreditedDate, s.Reason.Code = result.CreditNone, result.Overdue, 0, result.ReasonReopened
	if got := s.reason(); !strings.HasSuffix(got, "；收单文件称已于 2026-01-06 到账") {
		t.Errorf("got %s", got)
	}
}

// Sentences still say something where the candidate is not known.
func TestReasonWithoutCandidate(t *testing.T) {
	for code := result.ReasonNoCandidate; code <= result.ReasonVoided; code++ {
		l := oddPair()
		l.other, l.clearing = nil, nil
		l.group.Reason = result.Reason{Code: code, N: 2}
		if got := l.reason(); got == "" || strings.Contains(got, "%!") {
			t.Errorf("code %d: %q", code, got)
		}
	}
}

var settlementSentences = map[result.ReasonCode]text{
	result.ReasonUnchecked:     {"没有覆盖该账户的银行流水，到账未核对", "no bank statement covers the account, the credit is unchecked"},
	result.ReasonPaid:          {"应结净额 100.00 元已于 2026-01-06 全额到账", "net 100.00 was credited in full on 2026-01-06"},
	result.ReasonPaidLate:      {"应于 2026-01-05 到账，实际 2026-01-06 到齐，迟 2 个工作日", "due on 2026-01-05, complete on 2026-01-06, 2 business days late"},
	result.ReasonShortHeld:     {"应结净额 100.00 元，到账 70.00 元，少 30.00 元，恰好是其中 2 笔的净额之和（已标记）", "net 100.00, credited 70.00, 30.00 short: exactly the nets of 2 of its rows (marked)"},
	result.ReasonShortMany:     {"应结净额 100.00 元，到账 70.00 元，少 30.00 元，有 2 组交易都能解释，不作标记", "net 100.00, credited 70.00, 30.00 short: 2 sets of rows would explain it, none is marked"},
	result.ReasonShortOpen:     {"应结净额 100.00 元，到账 70.00 元，少 30.00 元，没有哪几笔交易的净额恰好等于它", "net 100.00, credited 70.00, 30.00 short: no set of its rows adds up to it"},
	result.ReasonShortGaveUp:   {"应结净额 100.00 元，到账 70.00 元，少 30.00 元，2 笔以内没有恰好等于它的，更多笔的组合太多，不再查找", "net 100.00, credited 70.00, 30.00 short: no set of up to 2 rows adds up to it, larger ones are too many to look at"},
	result.ReasonNotPaid:       {"应于 2026-01-05 到账 100.00 元，至 2026-01-06 未到", "100.00 due on 2026-01-05 had not come by 2026-01-06"},
	result.ReasonNotDue:        {"应于 2026-01-05 到账 100.00 元，尚未到期", "100.00 is due on 2026-01-05, not yet"},
	result.ReasonOverpaid:      {"应结净额 100.00 元，到账 70.00 元，多 30.00 元", "net 100.00, credited 70.00, 30.00 too much"},
	result.ReasonNegative:      {"净额为负，30.00 元转入下一批次抵扣", "the net is negative, 30.00 is carried into the next settlement"},
	result.ReasonReopened:      {"2026-01-06 的划款被退回，尚未重新划付", "the payout was returned on 2026-01-06 and not paid again"},
	result.ReasonClaimDiffers:  {"收单机构称已于 2026-01-06 划付，银行流水中没有对应入账", "the acquirer says it paid on 2026-01-06, the bank does not show it"},
	result.ReasonMayBePaid:     {"尚有 30.00 元未认定到账：有 2 笔入账可能是它，但无法区分", "30.00 is not settled: 2 bank lines could be it but cannot be told apart"},
	result.ReasonStatementEnds: {"应于 2026-01-05 到账 100.00 元；流水只到 2026-01-06，之后的流水还没有，暂不算逾期", "100.00 is due on 2026-01-05; the statement ends on 2026-01-06, so it is not called overdue yet"},
	result.ReasonWithoutCopies: {"已于 2026-01-06 全额到账：收单文件重复列出 2 笔，共 30.00 元，已从应结净额中扣除", "credited in full on 2026-01-06: the clearing file lists 2 rows twice, 30.00, which are taken out of the net"},
	result.ReasonNetted:        {"前面批次转入的 30.00 元抵扣后，本批次无需划付", "30.00 carried in from earlier settlements uses it up, nothing is due"},
}

func TestReasonOfASettlement(t *testing.T) {
	for code, want := range settlementSentences {
		for _, lang := range []problem.Lang{problem.ZH, problem.EN} {
			s := settled{&result.Settlement{Net: 10000, Credited: 7000, Cycle: "T+1", DueDate: yesterday, LastCredit: asOf, Reason: result.Reason{Code: code, N: 2, Amount: 3000, Day: asOf}}, nil, asOf, lang, Decided{}}
			if got := s.reason(); got != want.in(lang) {
				t.Errorf("code %d:\n got %s\nwant %s", code, got, want.in(lang))
			}
		}
	}
	s := settled{&result.Settlement{Cycle: "D+1", Reason: result.Reason{Code: result.ReasonPaidLate, N: 2}}, nil, asOf, problem.ZH, Decided{}}
	if got := s.reason(); !strings.HasSuffix(got, "迟 2 天") {
		t.Errorf("a D+n cycle counts calendar days, got %s", got)
	}
}

var creditSentences = map[result.ReasonCode]text{
	result.ReasonByReference:    {"附言写明了结算批次 S1、S2", "the remark names the settlement S1、S2"},
	result.ReasonOneToOne:       {"金额等于结算批次 S1、S2 应到的金额，日期相符", "amount and date fit the settlement S1、S2"},
	result.ReasonOneToMany:      {"等于 2 个结算批次的净额之和：S1、S2", "equals the nets of 2 settlements: S1、S2"},
	result.ReasonManyToOne:      {"与其他入账共 3 笔合成结算批次 S1、S2", "one of 3 credits that make up the settlement S1、S2"},
	result.ReasonByRest:         {"没有写明批次，按到账日前三个工作日内到期的未清批次记作 S1、S2 的一部分", "it names no settlement: taken for a part of S1、S2, the one unpaid settlement that fell due within three business days"},
	result.ReasonNotAcquirer:    {"付款方和附言都不是收单机构", "neither payer nor remark names an acquirer"},
	result.ReasonNoSettlement:   {"来自收单机构，但附近没有与它金额相符的未清批次", "from an acquirer, but no open settlement near it has this amount"},
	result.ReasonTwoWays:        {"有 3 种分配都说得通，不作猜测", "3 allocations would fit, none is chosen"},
	result.ReasonSearchGaveUp:   {"组合太多，查找已停止，请人工认领", "the search was stopped at its limit: please allocate by hand"},
	result.ReasonReturnedPayout: {"退票/冲账，冲回 bank.xlsx:1!5 的 70.00 元", "a returned payout, reverses bank.xlsx:1!5 (70.00)"},
	result.ReasonOutgoing:       {"支出，不是入账", "money going out, no credit"},
	result.ReasonAfterAsOf:      {"晚于对账日期，本次不计", "after the as-of day, not counted in this run"},
	result.ReasonOldAccount:     {"按金额和日期归到结算批次 S1、S2，但入账账户不是该批次的结算账户", "placed in the settlement S1、S2 by amount and day, though it came to another account than the settlement's"},
	result.ReasonPayoutList:     {"收单机构自己的出款记录；是否到账以该账户的银行流水为准", "a line of the acquirer's own payout list; the account's statement decides what came"},
	result.ReasonNamedPart:      {"附言写明了商户，是结算批次 S1、S2 的一部分", "the remark names the merchant: a part of the settlement S1、S2"},
	result.ReasonOneOfEqual:     {"3 个金额相同的结算批次都有入账，这笔记在 S1、S2；哪笔对应哪个批次无法区分，不影响结果", "3 settlements of this amount are all paid, this one is put on S1、S2; which line pays which cannot be told and changes nothing"},
	result.ReasonNetOfCopies:    {"等于结算批次 S1、S2 扣除重复行后尚缺的金额", "it is what the settlement S1、S2 lacks without the rows that stand twice in the clearing file"},
	result.ReasonStranger:       {"附言写的商户号不在收单文件和合同里", "the remark names a merchant number that neither the clearing files nor the contracts know"},
	result.ReasonStray:          {"附言说明它不是交易结算款", "its remark says that it is no payout of sales"},
	result.ReasonChance:         {"有结算批次的合计等于它，但金额太整，可能只是巧合，不作认定", "a set of settlements has this sum, but among amounts so round that may be chance, none is chosen"},
	result.ReasonFailedPayout:   {"收单机构出款失败，没有到账", "the acquirer's payout failed, nothing came"},
}

func TestReasonOfACredit(t *testing.T) {
	for code, want := range creditSentences {
		for _, lang := range []problem.Lang{problem.ZH, problem.EN} {
			c := credited{Credit: &result.Credit{Reason: result.Reason{Code: code, N: 3}}, other: &record.Record{Source: "bank.xlsx:1!5", Amount: 7000}, settlements: []string{"S1", "S2"}, lang: lang}
			if got := c.reason(); got != want.in(lang) {
				t.Errorf("code %d:\n got %s\nwant %s", code, got, want.in(lang))
			}
		}
	}
}

var evidenceSentences = map[result.ReasonCode]string{
	result.ReasonOverLimit:   "超过合同单笔限额 30.00 元",
	result.ReasonRepeatSwipe: "同一终端同一张卡在 90 秒内刷了 2 次（界限为 5 分钟内 3 次）",
	result.ReasonRefundLate:  "退款用了 2 个工作日，合同约定的最后一天是 2026-01-06",
	result.ReasonRefundOpen:  "退款已过 2 个工作日仍未清算，合同约定的最后一天是 2026-01-06",
	result.ReasonFileAccount: "收单文件写的结算账户是 9999，合同约定 1234",
	// A group and its settlement both say it.
	result.ReasonDueDiffers:  strings.Repeat("收单方预计 2026-01-06 付款，按合同应为 1970-01-03", 2),
	result.ReasonPaidAccount: "bank.xlsx:1!5 的款项进了账户 8888，合同约定 1234",
}

// A flag says what set it: which limit, how many swipes, which account.
func TestEvidenceOfFlags(t *testing.T) {
	for code, want := range evidenceSentences {
		why := result.Reason{Code: code, N: 2, Amount: 3000, Seconds: 90, Day: asOf, Other: 7}
		l := line{group: &result.Group{Evidence: []result.Reason{why}}, thresholds: terms.DefaultThresholds}
		paid := &record.Record{Pos: 7, Source: "bank.xlsx:1!5"}
		paid.Text[record.Account] = "8888"
		s := settled{Settlement: &result.Settlement{Account: "9999", NamedAccount: "1234", Evidence: []result.Reason{why}}, credits: []*record.Record{paid}}
		if got := l.flagReason() + s.reason(); got != want {
			t.Errorf("code %d:\n got %s\nwant %s", code, got, want)
		}
	}
	at := func(clock int) *record.Record {
		return &record.Record{Time: record.Time(int64(asOf)*86400 + int64(clock)), HasClock: true}
	}
	l := line{group: &result.Group{Flags: result.OffHours | result.TimeDiff, Reason: result.Reason{Code: result.ReasonPayoutRow}}, thresholds: terms.DefaultThresholds,
		pos: []*record.Record{at(6900)}, clearing: []*record.Record{at(8100)}}
	want := "交易时间 2026-01-06 02:15:00 在非营业时段 02:00–05:00 内；两边交易时间相差 20 分钟：商户 2026-01-06 01:55:00，收单 2026-01-06 02:15:00"
	if got := l.riskReason(); got != want+"；划款记录，不是交易" {
		t.Errorf("the sheet of risks begins with the flags, got %s", got)
	}
	if got := l.reason(); got != "划款记录，不是交易；"+want {
		t.Errorf("elsewhere they come last, got %s", got)
	}
}

func TestEveryReasonHasASentence(t *testing.T) {
	for code := result.NoReason; code <= lastReason; code++ {
		_, group := groupSentences[code]
		_, settlement := settlementSentences[code]
		_, credit := creditSentences[code]
		credit = credit || evidenceSentences[code] != ""
		if !group && !settlement && !credit {
			t.Errorf("reason code %d has no sentence", code)
		}
	}
	source, err := os.ReadFile("../match/result/reason.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(regexp.MustCompile(`(?m)^\t(No)?Reason\w*`).FindAll(source, -1)); n != int(lastReason)+1 {
		t.Errorf("match/result/reason.go has %d codes, the last one known here is %d", n, lastReason)
	}
}
