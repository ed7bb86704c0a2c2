package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// reason is the sentence that explains a group, with its evidence: both
// values, the nearest candidate and the gate that it failed.
func (l *line) reason() string {
	if l.said == "" {
		l.said = joinSentences(l.outcomeReason(), l.timingReason(), l.lang)
		if l.group.Flags&result.FeeDiff != 0 {
			l.said = joinSentences(l.said, l.feeReason(), l.lang)
		}
		l.said = joinSentences(l.said, l.flagReason(), l.lang)
	}
	return l.said
}

// riskReason begins with what made the row stand on the sheet of risks.
func (l *line) riskReason() string {
	risk := l.flagReason()
	rest := strings.TrimSuffix(l.reason(), risk)
	return joinSentences(risk, strings.TrimSuffix(rest, text{"；", "; "}.in(l.lang)), l.lang)
}

// flagReason is the evidence of the risk flags.
func (l *line) flagReason() (said string) {
	add := func(s string) { said = joinSentences(said, s, l.lang) }
	f := l.group.Flags
	for i := range l.group.Evidence {
		add(l.evidence(&l.group.Evidence[i]))
	}
	if f&result.OffHours != 0 {
		t := &l.thresholds
		add(l.say("交易时间 %s 在非营业时段 %s–%s 内", "%s is within the off hours %s to %s", l.offTime(), clockText(t.OffFrom), clockText(t.OffTo)))
	}
	if f&result.TimeDiff != 0 && len(l.pos) > 0 && len(l.clearing) > 0 {
		add(l.say("两边交易时间相差%s：商户 %s，收单 %s", "the times are %s apart: POS %s, clearing %s", l.span(l.apart()), rowTime(l.pos[0]), rowTime(l.clearing[0])))
	}
	if f&result.TerminalDiff != 0 {
		terminal := func(r *record.Record) string { return r.Text[record.TerminalID] }
		add(l.say("终端号不同：商户 %s，收单 %s", "the terminals differ: POS %s, clearing %s", distinct(l.pos, terminal), distinct(l.clearing, terminal)))
	}
	if s := l.settlement; f&result.Held != 0 && s != nil && len(s.Held) > 0 {
		add(l.say("结算批次 %s 少到 %s 元，恰好是被标记的 %d 笔的净额之和", "the settlement %s is short by %s, exactly the nets of the %d marked rows", s.ID, grouped(s.Outstanding), len(s.Held)))
	}
	return said
}

// evidence explains a flag by what the rows do not show.
func (l *line) evidence(r *result.Reason) string {
	switch r.Code {
	case result.ReasonOverLimit:
		return l.say("超过合同单笔限额 %s 元", "above the contract's limit of %s for one sale", grouped(r.Amount))
	case result.ReasonRepeatSwipe:
		t := &l.thresholds
		return l.say("同一终端同一张卡在%s内刷了 %d 次（界限为%s内 %d 次）", "%[2]d sales with one card at one terminal within %[1]s (limit: %[4]d within %[3]s)",
			l.span(r.Seconds), r.N, l.span(t.SwipeWindow), t.SwipeCount)
	case result.ReasonRefundLate:
		return l.say("退款用了 %d 个工作日，合同约定的最后一天是 %s", "the refund took %d business days, the contract's last day was %s", r.N, dateText(r.Day))
	case result.ReasonRefundOpen:
		return l.say("退款已过 %d 个工作日仍未清算，合同约定的最后一天是 %s", "the refund has not been cleared for %d business days, the contract's last day was %s", r.N, dateText(r.Day))
	case result.ReasonDueDiffers:
		return l.say("收单方预计 %s 付款，按合同应为 %s", "the acquirer promises the money for %s, by the contract it is due on %s", dateText(r.Day), dateText(record.Date(r.N)))
	}
	return ""
}

// offTime is the time of the row that lies in the off hours: the shop's first.
func (l *line) offTime() string {
	for _, r := range slices.Concat(l.pos, l.clearing) {
		if l.thresholds.InOffHours(r.Time, r.HasClock) {
			return rowTime(r)
		}
	}
	return ""
}

// apart is the distance in time between the first rows of both sides.
func (l *line) apart() int64 { return int64(l.pos[0].Time - l.clearing[0].Time) }

// clockText is seconds of the day as 02:00.
func clockText(seconds int) string { return fmt.Sprintf("%02d:%02d", seconds/3600, seconds/60%60) }

func joinSentences(a, b string, lang problem.Lang) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + text{"；", "; "}.in(lang) + b
}

func (l *line) say(zh, en string, args ...any) string {
	return fmt.Sprintf(text{zh, en}.in(l.lang), args...)
}

// timingReason says since when the money of a cleared group is late.
func (l *line) timingReason() string {
	g := l.group
	if g.DueDate == 0 || len(l.clearing) == 0 {
		return ""
	}
	switch {
	case g.Timing == result.Late && g.CreditedDate != 0:
		return l.say("应于 %s 到账，实际 %s 到账", "due on %s, credited on %s", dateText(g.DueDate), dateText(g.CreditedDate))
	case g.Timing == result.Overdue && g.HasCredited && g.Credited != 0:
		return l.say("应于 %s 到账，至 %s 只到 %s 元", "due on %s, only %[3]s credited by %[2]s", dateText(g.DueDate), dateText(l.asOf), grouped(g.Credited))
	case g.Timing == result.Overdue:
		return l.say("应于 %s 到账，至 %s 未到", "due on %s, not credited by %s", dateText(g.DueDate), dateText(l.asOf))
	}
	return ""
}

// feeReason names both fees of a group whose fee is not the contract's.
func (l *line) feeReason() string {
	fee, _ := l.fee()
	over, ok := l.feeOver()
	switch {
	case !ok:
		return ""
	case over > 0:
		return l.say("手续费收了 %s 元，合同应为 %s 元，多收 %s 元", "fee charged %s, by contract %s, %s too much", grouped(fee), grouped(l.group.ExpectedFee), grouped(over))
	default:
		return l.say("手续费收了 %s 元，合同应为 %s 元，少收 %s 元", "fee charged %s, by contract %s, %s too little", grouped(fee), grouped(l.group.ExpectedFee), grouped(-over))
	}
}

func (l *line) outcomeReason() string {
	switch l.group.Reason.Code {
	case result.ReasonAgrees, result.ReasonSplit, result.ReasonLess, result.ReasonMore, result.ReasonCreditedLess,
		result.ReasonCreditedMore, result.ReasonKindConflict, result.ReasonStatusConflict:
		return l.pairedReason()
	case result.ReasonNoCandidate, result.ReasonKeyTaken, result.ReasonOtherAmount, result.ReasonOtherTime, result.ReasonKeyDays,
		result.ReasonOtherCard, result.ReasonTie, result.ReasonKeyEven,
		result.ReasonNotLeft, result.ReasonRivals, result.ReasonNearerRival:
		return l.candidateReason()
	}
	return l.stateReason()
}

// pairedReason explains groups that have both sides.
func (l *line) pairedReason() string {
	g := l.group
	pos, clearing := grouped(g.PosAmount), grouped(g.ClearingAmount)
	switch g.Reason.Code {
	case result.ReasonAgrees:
		return l.say("%s两边一致，金额 %s 元", "%sboth sides agree on %s", l.keyPhrase(), clearing)
	case result.ReasonSplit:
		return l.say("%s商户 %d 笔 %s 元（%s），收单 %d 笔 %s 元（%s），合计相符", "%s%d POS rows %s (%s) and %d clearing rows %s (%s) add up to the same",
			l.keyPhrase(), len(l.pos), pos, addends(l.pos), len(l.clearing), clearing, addends(l.clearing))
	case result.ReasonLess:
		return l.say("%s商户 %s 元，收单只清算 %s 元，少 %s 元", "%ssold %s, cleared only %s, %s short", l.keyPhrase(), pos, clearing, grouped(abs(g.Reason.Amount)))
	case result.ReasonMore:
		return l.say("%s商户 %s 元，收单清算 %s 元，多 %s 元", "%ssold %s, cleared %s, %s more", l.keyPhrase(), pos, clearing, grouped(abs(g.Reason.Amount)))
	case result.ReasonCreditedLess:
		return l.say("%s收单清算 %s 元，实际到账 %s 元，比应到净额少 %s 元", "%scleared %s, credited %s, %s less than the net", l.keyPhrase(), clearing, grouped(g.Credited), grouped(abs(g.Reason.Amount)))
	case result.ReasonCreditedMore:
		return l.say("%s收单清算 %s 元，实际到账 %s 元，比应到净额多 %s 元", "%scleared %s, credited %s, %s more than the net", l.keyPhrase(), clearing, grouped(g.Credited), grouped(abs(g.Reason.Amount)))
	case result.ReasonKindConflict:
		return l.say("%s商户为%s %s 元，收单为%s %s 元，类型相反", "%sPOS says %s %s, clearing says %s %s: opposite kinds", l.keyPhrase(), l.kinds(l.pos), pos, l.kinds(l.clearing), clearing)
	default: // ReasonStatusConflict
		return l.say("%s商户状态为%s（%s 元），收单状态为%s（%s 元）", "%sPOS says %s (%s), clearing says %s (%s)", l.keyPhrase(), l.statuses(l.pos), pos, l.statuses(l.clearing), clearing)
	}
}

// keyPhrase begins a sentence with the key that the sides share.
func (l *line) keyPhrase() string {
	key := l.key()
	if key == "" {
		return ""
	}
	return l.say("%s %s：", "%s %s: ", keyNames[l.group.KeyType].in(l.lang), key)
}

// maxAddends bounds the figures that a sentence lists.
const maxAddends = 6

func addends(rows []*record.Record) string {
	parts := make([]string, 0, maxAddends+1)
	for i, r := range rows {
		if i == maxAddends {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, grouped(r.Amount))
	}
	return strings.Join(parts, " + ")
}

func (l *line) kinds(rows []*record.Record) string {
	return distinct(rows, func(r *record.Record) string { return kindNames[r.Kind].in(l.lang) })
}

func (l *line) statuses(rows []*record.Record) string {
	return distinct(rows, func(r *record.Record) string { return statusNames[r.Status].in(l.lang) })
}

// candidateReason explains one-sided groups: what came nearest on the other
// side, and why it is not the same transaction.
func (l *line) candidateReason() string {
	g := l.group
	other, where := l.otherSide(), l.otherRow()
	switch g.Reason.Code {
	case result.ReasonNoCandidate, result.ReasonNotLeft:
		return l.alone(other)
	case result.ReasonRivals:
		return l.say("%s（%s 元）可能是它，但另有同样接近的，共 %d 笔争这一笔，无法判定", "%s (%s) may be it, but so it may for others: %d rows fit it equally well, none is chosen", where, l.otherAmount(), g.Reason.N)
	case result.ReasonNearerRival:
		return l.say("%s（%s 元）可能是它，但另有一笔与它更接近", "%s (%s) may be it, but another row fits it better", where, l.otherAmount())
	case result.ReasonKeyTaken:
		return l.say("%s（%s 元）的单号相同，但它已与另一笔配对，没有第二笔可配", "%s (%s) carries the same number but is already matched with another row; there is no second one", where, l.otherAmount())
	case result.ReasonKeyEven:
		return l.say("%s（%s 元）的单号相同，但只有这一笔：它在时间上与两笔同样接近，已与另一笔配对", "%s (%s) carries the same number, but there is only one: it is equally near in time to two rows and is matched with the other one", where, l.otherAmount())
	case result.ReasonOtherAmount:
		return l.say("最接近的是%s（%s 元），金额相差 %s 元", "nearest is %s (%s), its amount differs by %s", where, l.otherAmount(), grouped(abs(g.Reason.Amount)))
	case result.ReasonOtherTime:
		return l.say("最接近的是%s（%s 元），时间相差%s，超出时间窗", "nearest is %s (%s), it is %s away, beyond the time window", where, l.otherAmount(), l.span(g.Reason.Seconds))
	case result.ReasonKeyDays:
		return l.say("%s 的单号相同，但相隔 %d 天，号码会循环使用，不作同一笔", "%s carries the same number but is %d days away; numbers come round again", where, g.Reason.N)
	case result.ReasonOtherCard:
		return l.say("最接近的是%s（%s 元），但卡号不同：%s 与 %s", "nearest is %s (%s), but the cards differ: %s and %s", where, l.otherAmount(), l.ownCard(), l.otherCard())
	default: // ReasonTie
		if l.other == nil {
			return l.say("%s中有 %d 笔同样接近，无法判定是哪一笔", "%[2]d %[1]s rows fit equally well, none is chosen", other, g.Reason.N)
		}
		return l.say("%s中有 %d 笔同样接近（如 %s），无法判定是哪一笔", "%[2]d %[1]s rows fit equally well (such as %[3]s), none is chosen", other, g.Reason.N, l.other.Source)
	}
}

// alone says that nothing on the other side comes near.
func (l *line) alone(other string) string {
	row, certain := l.anyRow(), l.group.Reason.Code == result.ReasonNoCandidate
	name, value := "", ""
	if row != nil {
		name, value = identifier(row, l.lang)
	}
	switch {
	case value == "":
		return l.say("%s中没有未配对的、同地点同金额且时间相近的记录", "no unmatched %s row of the same place and amount is near in time", other)
	case !certain:
		return l.say("%s中没有能与它配对的记录（%s %s），也没有未配对的、同地点同金额且时间相近的记录", "no %s row could be matched with it (%s %s), and no unmatched one of the same place and amount is near in time", other, name, value)
	case row.Text[record.TerminalID] != "" && value == row.Text[record.RefNo] && row.Text[record.OrderNo]+row.Text[record.ChannelNo] == "":
		return l.say("%s中没有终端 %s %s为 %s 的记录，也没有未配对的、同地点同金额且时间相近的记录", "no %s row of terminal %s carries %s %s, and no unmatched one of the same place and amount is near in time", other, row.Text[record.TerminalID], name, value)
	}
	return l.say("%s中没有%s为 %s 的记录，也没有未配对的、同地点同金额且时间相近的记录", "no %s row carries %s %s, and no unmatched one of the same place and amount is near in time", other, name, value)
}

func (l *line) anyRow() *record.Record {
	switch {
	case len(l.pos) > 0:
		return l.pos[0]
	case len(l.clearing) > 0:
		return l.clearing[0]
	}
	return nil
}

// otherSide is the side on which the group has no row.
func (l *line) otherSide() string {
	if len(l.pos) > 0 {
		return text{"收单文件", "clearing"}.in(l.lang)
	}
	return text{"商户文件", "POS"}.in(l.lang)
}

// otherRow names the nearest candidate: its side, source and time.
func (l *line) otherRow() string {
	if l.other == nil {
		return text{"另一边的记录", "a row of the other side"}.in(l.lang)
	}
	side := sideNames[l.group.Reason.OtherSide].in(l.lang)
	when := rowTime(l.other)
	if when != "" {
		when = " " + when
	}
	return side + " " + l.other.Source + when
}

func (l *line) otherAmount() string {
	if l.other == nil {
		return "?"
	}
	return grouped(l.other.Amount)
}

func (l *line) otherCard() string {
	if l.other == nil {
		return "?"
	}
	return l.other.Text[record.CardTail]
}

func (l *line) ownCard() string { return l.field(record.CardTail) }

// stateReason explains groups that wait for nothing on the other side, and
// probable pairs.
func (l *line) stateReason() string {
	g := l.group
	day := dateText(g.Reason.Day)
	switch g.Reason.Code {
	case result.ReasonDuplicate:
		if l.other == nil {
			return l.say("与此前某晚已核对的一笔重复：单号、金额 %s 元、类型和时间都相同", "repeats a row that an earlier night has settled: same number, amount %s, kind and time", l.ownAmount())
		}
		return l.say("与 %s 重复：单号、金额 %s 元、类型和时间都相同", "repeats %s: same number, amount %s, kind and time", l.otherSource(), l.ownAmount())
	case result.ReasonVoided:
		return l.say("已与 %s 的 %s 元相抵，收单未清算，无应收", "cancelled by %s (%s) before clearing; nothing is owed", l.otherSource(), l.otherAmount())
	case result.ReasonSuggested:
		return l.say("同地点、同金额 %s 元，时间相差%s，但没有共同的单号，请人工确认", "same place and amount %s, %s apart, but no common number: please confirm", l.ownAmount(), l.span(g.Reason.Seconds))
	case result.ReasonLeadingZeros:
		return l.say("%s只差前导零：商户 %s，收单 %s，请人工确认", "%s differs only in leading zeros: POS %s, clearing %s: please confirm", l.zeroKey(), l.keyOf(l.pos), l.keyOf(l.clearing))
	case result.ReasonNumberDiffers:
		return l.say("%s相近：商户 %s，收单 %s；同金额 %s 元，时间相差%s，请人工确认", "%s nearly the same: POS %s, clearing %s; same amount %s, %s apart: please confirm",
			l.zeroKey(), l.keyOf(l.pos), l.keyOf(l.clearing), l.ownAmount(), l.span(g.Reason.Seconds))
	case result.ReasonDigitsSwapped:
		return l.say("同终端，时间相差%s，金额有两位数字颠倒：商户 %s 元，收单 %s 元，请人工确认", "same terminal, %s apart, two digits of the amount are swapped: POS %s, clearing %s: please confirm",
			l.span(g.Reason.Seconds), grouped(g.PosAmount), grouped(g.ClearingAmount))
	case result.ReasonNetOfFee:
		return l.say("同终端，时间相差%s，金额恰好相差手续费 %s 元：商户 %s 元，收单 %s 元，请人工确认", "same terminal, %s apart, the amounts differ by exactly the fee %s: POS %s, clearing %s: please confirm",
			l.span(g.Reason.Seconds), grouped(abs(g.Reason.Amount)), grouped(g.PosAmount), grouped(g.ClearingAmount))
	case result.ReasonAfterCutoff:
		return l.say("交易在切点之后，归属 %s 的清算日", "sold after the cut-off, it belongs to the clearing day %s", day)
	case result.ReasonFileNotDue:
		return l.say("清算日 %s 的对账文件还没有到，属于在途", "the clearing file of %s is not due yet", day)
	case result.ReasonNoFile:
		return l.say("没有收到清算日 %s 的对账文件，不能判断收单是否清算", "the clearing file of %s never came, so it cannot be told whether it was cleared", day)
	case result.ReasonFailed:
		return l.say("交易失败，不涉及资金：%s", "the transaction failed, no money moves: %s", l.sidesWithStatus())
	case result.ReasonPending:
		return l.say("交易尚未完成，等待结果：%s", "the transaction is not final: %s", l.sidesWithStatus())
	case result.ReasonBothPending:
		return l.pendingReason()
	case result.ReasonNoMoney:
		return l.say("%s不划转资金，不影响应收", "%s moves no money", l.of(func(r *record.Record) string { return kindNames[r.Kind].in(l.lang) }))
	case result.ReasonPayoutRow:
		return l.say("划款记录，不是交易", "a payout, no transaction")
	}
	return ""
}

// pendingReason is of a pair that both sides still wait for.
func (l *line) pendingReason() string {
	pos, clearing := grouped(l.group.PosAmount), grouped(l.group.ClearingAmount)
	if d := l.group.Reason.Amount; d != 0 {
		return l.say("%s两边都在处理中，等待结果；金额不同：商户 %s 元，收单 %s 元，相差 %s 元", "%sboth sides are pending, the result is awaited; the amounts differ: POS %s, clearing %s, by %s",
			l.keyPhrase(), pos, clearing, grouped(abs(d)))
	}
	return l.say("%s两边都在处理中，金额 %s 元，等待结果", "%sboth sides are pending on %s, the result is awaited", l.keyPhrase(), clearing)
}

// sidesWithStatus says what each side that has the row says of it.
func (l *line) sidesWithStatus() string {
	var parts []string
	if len(l.pos) > 0 {
		parts = append(parts, l.say("商户记为%s", "POS says %s", l.statuses(l.pos)))
	}
	if len(l.clearing) > 0 {
		parts = append(parts, l.say("收单记为%s", "clearing says %s", l.statuses(l.clearing)))
	}
	return strings.Join(parts, text{"，", ", "}.in(l.lang))
}

// zeroKey is the name of the number that a suggestion goes by.
func (l *line) zeroKey() string {
	if k := l.group.Reason.N; k > 0 && int(k) < len(keyNames) {
		return keyNames[k].in(l.lang)
	}
	return text{"单号", "number"}.in(l.lang)
}

// keyOf is that number of some rows; where it counts with its terminal, with it
// if the terminals differ.
func (l *line) keyOf(rows []*record.Record) string {
	terminal := func(r *record.Record) string { return r.Text[record.TerminalID] }
	prefix := ""
	if distinct(l.pos, terminal) != distinct(l.clearing, terminal) {
		prefix = distinct(rows, terminal) + "/"
	}
	switch result.KeyType(l.group.Reason.N) {
	case result.KeyOrder:
		return distinct(rows, func(r *record.Record) string { return r.Text[record.OrderNo] })
	case result.KeyChannel:
		return distinct(rows, func(r *record.Record) string { return r.Text[record.ChannelNo] })
	case result.KeyRef:
		if l.group.Reason.Code == result.ReasonLeadingZeros {
			return prefix + distinct(rows, func(r *record.Record) string { return r.Text[record.RefNo] })
		}
		return distinct(rows, func(r *record.Record) string { return r.Text[record.RefNo] })
	case result.KeyTrace:
		return prefix + distinct(rows, batchTrace)
	}
	return l.number(rows)
}

// otherSource names the row that the group repeats or that cancels it.
func (l *line) otherSource() string {
	if l.other == nil {
		return text{"另一行", "another row"}.in(l.lang)
	}
	return l.other.Source
}

func (l *line) number(rows []*record.Record) string {
	return distinct(rows, func(r *record.Record) string { _, v := identifier(r, l.lang); return v })
}

func (l *line) ownAmount() string {
	if len(l.pos) > 0 {
		return grouped(l.group.PosAmount)
	}
	return grouped(l.group.ClearingAmount)
}

// span is a distance in time in words.
func (l *line) span(seconds int64) string {
	if seconds < 0 {
		seconds = -seconds
	}
	switch {
	case seconds < 120:
		return l.say(" %d 秒", "%d s", seconds)
	case seconds < 2*3600:
		if seconds%60 == 0 {
			return l.say(" %d 分钟", "%d min", seconds/60)
		}
		return l.say(" %d 分 %d 秒", "%d min %d s", seconds/60, seconds%60)
	case seconds < 48*3600:
		return l.say(" %d 小时 %d 分", "%d h %d min", seconds/3600, seconds/60%60)
	}
	return l.say(" %d 天", "%d days", seconds/86400)
}

func abs(f money.Fen) money.Fen {
	if f < 0 {
		return -f
	}
	return f
}
