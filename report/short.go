package report

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// shortReasons are a few words for what the sentence beside them says in full.
var shortReasons = map[result.ReasonCode]text{
	result.ReasonAgrees: {"一致", "agrees"}, result.ReasonSplit: {"多笔合并一致", "agrees in parts"},
	result.ReasonLess: {"清算少于销售", "cleared less"}, result.ReasonMore: {"清算多于销售", "cleared more"},
	result.ReasonCreditedLess: {"到账少于净额", "credited less"}, result.ReasonCreditedMore: {"到账多于净额", "credited more"},
	result.ReasonKindConflict: {"类型相反", "opposite kinds"}, result.ReasonStatusConflict: {"状态不同", "other status"},
	result.ReasonNoCandidate: {"对方没有", "not on the other side"}, result.ReasonNotLeft: {"对方没有", "not on the other side"},
	result.ReasonKeyTaken: {"同号已配给别的", "number is taken"}, result.ReasonKeyEven: {"同号已配给别的", "number is taken"},
	result.ReasonOtherAmount: {"金额不同", "other amount"}, result.ReasonOtherTime: {"时间不同", "other time"}, result.ReasonKeyDays: {"同号但日期远", "days apart"},
	result.ReasonOtherCard: {"卡号不同", "other card"}, result.ReasonTie: {"多个候选", "several candidates"},
	result.ReasonRivals: {"几笔争一笔", "several want it"}, result.ReasonNearerRival: {"另一笔更近", "another is nearer"},
	result.ReasonDuplicate: {"重复的行", "a further copy"}, result.ReasonVoided: {"已撤销", "cancelled"}, result.ReasonSuggested: {"同地同额、时间近", "place and amount fit"},
	result.ReasonLeadingZeros: {"只差前导零", "leading zeros differ"}, result.ReasonNumberDiffers: {"号码差一点", "numbers nearly equal"},
	result.ReasonDigitsSwapped: {"金额两位颠倒", "digits swapped"}, result.ReasonNetOfFee: {"只差手续费", "differs by the fee"},
	result.ReasonAfterCutoff: {"切点之后", "after the cut-off"}, result.ReasonFileNotDue: {"文件还没到期", "file not due yet"}, result.ReasonNoFile: {"缺当天文件", "file is missing"},
	result.ReasonFailed: {"交易失败", "failed"}, result.ReasonPending: {"处理中", "pending"}, result.ReasonBothPending: {"两边处理中", "both pending"},
	result.ReasonNoMoney: {"不划转资金", "moves no money"}, result.ReasonPayoutRow: {"划款行", "a payout"},

	result.ReasonUnchecked: {"没有流水可核", "no statement"}, result.ReasonPaid: {"按时到齐", "paid"}, result.ReasonPaidLate: {"迟到", "paid late"},
	result.ReasonShortHeld: {"疑似扣留", "rows held"}, result.ReasonShortMany: {"少到，原因不唯一", "short"}, result.ReasonShortOpen: {"少到", "short"},
	result.ReasonShortGaveUp: {"少到，组合太多", "short"}, result.ReasonNotPaid: {"没有到账", "not paid"}, result.ReasonNotDue: {"未到期", "not due"},
	result.ReasonOverpaid: {"多到", "overpaid"}, result.ReasonNegative: {"负额", "negative"}, result.ReasonReopened: {"退回重付", "returned"},
	result.ReasonClaimDiffers: {"与收单说法不符", "claim differs"}, result.ReasonMayBePaid: {"可能已到、待认领", "may have come"}, result.ReasonNetted: {"已轧差", "netted"},
	result.ReasonStatementEnds: {"流水到期前已止", "statement ends"}, result.ReasonWithoutCopies: {"扣除重复行后到齐", "paid without copies"},

	result.ReasonByReference: {"按附言", "by its remark"}, result.ReasonOneToOne: {"金额相符", "its amount"}, result.ReasonOneToMany: {"几批合付", "several at once"},
	result.ReasonManyToOne: {"分几笔付", "in parts"}, result.ReasonByRest: {"部分付款", "a part"}, result.ReasonNamedPart: {"部分付款", "a part"},
	result.ReasonNotAcquirer: {"不是收单款", "not from an acquirer"}, result.ReasonNoSettlement: {"没有对应批次", "no settlement"},
	result.ReasonTwoWays: {"不止一种分法", "several ways"}, result.ReasonSearchGaveUp: {"组合太多", "too many ways"}, result.ReasonReturnedPayout: {"退票/冲账", "returned"},
	result.ReasonOutgoing: {"支出", "going out"}, result.ReasonAfterAsOf: {"晚于对账日", "after the as-of day"}, result.ReasonOldAccount: {"进了旧账户", "another account"},
	result.ReasonPayoutList: {"收单出款记录", "a payout list"}, result.ReasonFailedPayout: {"出款失败", "payout failed"}, result.ReasonOneOfEqual: {"同额多笔", "one of equals"},
	result.ReasonStranger: {"商户号不认识", "unknown merchant"}, result.ReasonStray: {"非交易款", "not of sales"}, result.ReasonChance: {"可能是巧合", "maybe by chance"},
	result.ReasonNetOfCopies: {"扣除重复行后相符", "without copies"},
}

// shortWidth is how wide the words beside a sentence may be.
const shortWidth = 20

// shortReason is the few words for a sentence: those of its code, else its
// beginning.
func shortReason(code result.ReasonCode, said string, l problem.Lang) string {
	if t, ok := shortReasons[code]; ok {
		return t.in(l)
	}
	if i := strings.IndexAny(said, "；;，"); i > 0 {
		said = said[:i]
	}
	if width(said) <= shortWidth {
		return said
	}
	n := 0
	for i, r := range said {
		if n += runeWidth(r); n > shortWidth-2 {
			return said[:i] + "…"
		}
	}
	return said
}

// oneLine puts a text of several lines into one.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " | ") }

// shortNames are what long file names are called in a row of a sheet: the side
// and a number, as the list of files has them.
type shortNames map[string]string

// longName is the width from which a file's name has no room in a row.
const longName = 18

var sideLetters = [4]text{{"文", "F"}, {"商", "P"}, {"收", "C"}, {"银", "B"}}

// shortNames numbers the files of each side in their order.
func (r *Run) shortNames() shortNames {
	names := shortNames{}
	var n [4]int
	for i := range r.Files {
		f := &r.Files[i]
		n[f.Side]++
		if _, taken := names[f.Name]; taken {
			names[f.Name] = "" // two of one name: neither can be told by a number
		} else if width(f.Name) > longName {
			names[f.Name] = sideLetters[f.Side].in(r.Lang) + strconv.Itoa(n[f.Side])
		} else {
			names[f.Name] = ""
		}
	}
	return names
}

// of is a source with its file's short name.
func (s shortNames) of(source string) string {
	for end := len(source); ; { // file:line, book:sheet!row, archive/entry:line
		i := strings.LastIndexAny(source[:end], ":!")
		if i < 0 {
			return source
		}
		if short := s[source[:i]]; short != "" {
			return short + source[i:]
		}
		_, size := utf8.DecodeLastRuneInString(source[:i])
		if end = i; size == 0 {
			return source
		}
	}
}

// shortSources are the sources of both sides in one line.
func (l *line) shortSources() string {
	of := func(r *record.Record) string { return l.names.of(r.Source) }
	pos, clearing := all(l.pos, of), all(l.clearing, of)
	if pos == "" || clearing == "" {
		return pos + clearing
	}
	return pos + " | " + clearing
}
