package report

import (
	"iter"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Columns of sheets that show groups.
var (
	colMatch    = column[*line]{text{"结果", "Outcome"}, kCode, 16, func(c *cells, l *line) { c.text(matchNames[l.group.Match].in(l.lang)) }}
	colTiming   = column[*line]{text{"到账时效", "Timing"}, kCode, 10, func(c *cells, l *line) { c.text(l.timingWord()) }}
	colDaysLate = column[*line]{text{"迟到天数", "Days late"}, kInt, 6, func(c *cells, l *line) { c.intIf(int64(l.group.DaysLate)) }}
	colAge      = column[*line]{text{"账龄", "Age"}, kInt, 6, func(c *cells, l *line) { c.int(int64(l.age())) }}
	colCount    = column[*line]{text{"按", "Days"}, kCode, 6, func(c *cells, l *line) { c.text(l.counting()) }}
	colFlags    = column[*line]{text{"标记", "Flags"}, kCode, 12, func(c *cells, l *line) { c.text(flagWords(l.group.Flags, l.lang)) }}
	colAcquirer = column[*line]{text{"收单机构", "Acquirer"}, kText, 14, func(c *cells, l *line) { c.text(l.acquirer()) }}
	colMerchant = column[*line]{text{"商户号", "Merchant"}, kText, 16, func(c *cells, l *line) { c.text(l.merchant()) }}
	colStore    = textColumn(text{"门店", "Store"}, 16, record.Store)
	colTerminal = textColumn(text{"终端号", "Terminal"}, 12, record.TerminalID)
	colCard     = textColumn(text{"卡号", "Card"}, 16, record.CardTail)
	colPay      = textColumn(text{"支付方式", "Paid by"}, 12, record.PayMethod)
	colOrig     = textColumn(text{"原交易号", "Original"}, 24, record.OrigKey)
	colKind     = column[*line]{text{"交易类型", "Kind"}, kCode, 10, func(c *cells, l *line) { c.text(l.kindWords()) }}
	colOrder    = column[*line]{text{"订单号", "Order no."}, kText, 32, func(c *cells, l *line) { c.text(l.of(orderOrChannel)) }}
	colNumber   = column[*line]{text{"单号", "Number"}, kText, 32, func(c *cells, l *line) { c.text(l.anyNumber()) }}
	colRef      = column[*line]{text{"参考号/凭证号", "Reference / trace"}, kText, 16, func(c *cells, l *line) { c.text(l.of(refOrTrace)) }}
	colTime     = column[*line]{text{"交易时间", "Time"}, kTime, 19, func(c *cells, l *line) { c.time(l.time()) }}

	colPosTime      = column[*line]{text{"商户交易时间", "POS time"}, kTime, 19, func(c *cells, l *line) { putTime(c, l.pos) }}
	colClearingTime = column[*line]{text{"收单交易时间", "Clearing time"}, kTime, 19, func(c *cells, l *line) { putTime(c, l.clearing) }}
	colPosNumber    = column[*line]{text{"商户单号", "POS number"}, kText, 32, func(c *cells, l *line) { c.text(l.number(l.pos)) }}
	colClearNumber  = column[*line]{text{"收单单号", "Clearing number"}, kText, 32, func(c *cells, l *line) { c.text(l.number(l.clearing)) }}

	colPosAmount      = column[*line]{text{"商户金额(元)", "POS amount (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.group.PosAmount, len(l.pos) > 0) }}
	colClearingAmount = column[*line]{text{"清算金额(元)", "Cleared (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.group.ClearingAmount, len(l.clearing) > 0) }}
	colDifference     = column[*line]{text{"差额(元)", "Difference (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.money(l.difference()) }}
	colFee            = column[*line]{text{"手续费(元)", "Fee (CNY)"}, kMoney, 16, func(c *cells, l *line) { c.moneyIf(l.fee()) }}
	colExpectedFee    = column[*line]{text{"合同手续费(元)", "Contract fee (CNY)"}, kMoney, 16, func(c *cells, l *line) { c.moneyIf(l.group.ExpectedFee, l.group.HasExpectedFee) }}
	colFeeOver        = column[*line]{text{"手续费差(元)", "Overcharged (CNY)"}, kMoney, 16, func(c *cells, l *line) { c.moneyIf(l.feeOver()) }}
	colNet            = column[*line]{text{"应到净额(元)", "Net due (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.net()) }}
	colCredited       = column[*line]{text{"到账金额(元)", "Credited (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.group.Credited, l.group.HasCredited) }}
	colOwed           = column[*line]{text{"收单欠款(元)", "Owed (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.group.Owed, l.group.Owed != 0) }}
	colAwaited        = column[*line]{text{"批次未到(元)", "Awaited (CNY)"}, kMoney, 20, func(c *cells, l *line) { c.moneyIf(l.awaited()) }}

	colClearingDate = column[*line]{text{"清算日期", "Clearing date"}, kDate, 10, func(c *cells, l *line) { c.date(l.clearingDate()) }}
	colDue          = column[*line]{text{"应到账日", "Due"}, kDate, 10, func(c *cells, l *line) { c.date(l.group.DueDate) }}
	colCreditedDate = column[*line]{text{"到账日期", "Credited on"}, kDate, 10, func(c *cells, l *line) { c.date(l.group.CreditedDate) }}
	colSources      = column[*line]{text{"来源", "Source"}, kText, 16, func(c *cells, l *line) { c.text(l.shortSources()) }}
	colReason       = column[*line]{text{"原因", "Reason"}, kText, 18, func(c *cells, l *line) { c.text(l.shortReason()) }}
	colFull         = column[*line]{text{"说明", "In full"}, kText, 12, func(c *cells, l *line) { c.text(l.reason()) }}
	colRiskFull     = column[*line]{text{"说明", "In full"}, kText, 30, func(c *cells, l *line) { c.text(l.riskReason()) }}
	colDecision     = decisionColumn(func(l *line) string { return decisionWord(l.decided.Word, l.lang) })
	colNote         = noteColumn(func(l *line) string { return l.decided.Note })
	colBy           = byColumn(func(l *line) string { return l.decided.By })
	colItem         = itemColumn(func(l *line) string { return l.group.ItemID })
	colSure         = column[*line]{text{"把握", "How sure"}, kCode, 6, func(c *cells, l *line) { c.text(l.sure()) }}
)

func textColumn(head text, limit int, f record.Field) column[*line] {
	return column[*line]{head, kText, limit, func(c *cells, l *line) { c.text(l.field(f)) }}
}

// The last four columns of every row of an item, in this order: what a person
// says of it, and its id, by which the row is known when it comes back.

func decisionColumn[T any](said func(T) string) column[T] {
	return column[T]{text{"处理结果", "Decision"}, kDecision, 11, func(c *cells, row T) { c.text(said(row)) }}
}

func noteColumn[T any](said func(T) string) column[T] {
	return column[T]{text{"备注", "Note"}, kNote, 14, func(c *cells, row T) { c.text(said(row)) }}
}

func byColumn[T any](said func(T) string) column[T] {
	return column[T]{text{"处理人", "By"}, kNote, 8, func(c *cells, row T) { c.text(said(row)) }}
}

func itemColumn[T any](id func(T) string) column[T] {
	return column[T]{text{"编号", "Item id"}, kID, 10, func(c *cells, row T) { c.text(id(row)) }}
}

func nothingSaid[T any](T) string { return "" }

func putTime(c *cells, rows []*record.Record) {
	if len(rows) == 0 {
		c.blank()
		return
	}
	c.time(rows[0].Time, rows[0].HasClock)
}

func (l *line) kindWords() string {
	return l.of(func(r *record.Record) string { return kindNames[r.Kind].in(l.lang) })
}

func (l *line) settlementID() string {
	if l.settlement == nil {
		return ""
	}
	return l.settlement.ID
}

// sources are the sources of both sides, one below the other.
func (l *line) sources() string {
	pos, clearing := all(l.pos, source), all(l.clearing, source)
	if pos == "" || clearing == "" {
		return pos + clearing
	}
	return pos + "\n" + clearing
}

// lineTable is a sheet over groups.
type lineTable struct {
	spec    sheetSpec
	columns []column[*line]
	// wants says which groups the sheet shows. A group may stand on several.
	wants func(*line) bool
	sheet *sheet
	proof *sheetProof
}

const (
	red    = "C00000"
	orange = "ED7D31"
	yellow = "FFC000"
	blue   = "2F75B5"
	green  = "70AD47"
	grey   = "7F7F7F"
)

// Flags that show on the sheet of risks. The others are told on sheets of
// their own or beside another outcome.
const riskFlags = result.TimeDiff | result.Held | result.OverLimit | result.RepeatSwipe | result.OffHours | result.DateOdd

func outcomeIs(set ...result.Match) func(*line) bool {
	return func(l *line) bool { return slices.Contains(set, l.group.Match) }
}

// feeSheet lists the rows whose fees differ; their sums stand before it.
var feeSheet = text{"手续费差异", "Fee differences"}

func sheetName(zh, en string, l problem.Lang, colour string) sheetSpec {
	return sheetSpec{name: text{zh, en}.in(l), colour: colour}
}

// lineTables are the sheets over groups in the order of the workbook: those
// before the settlements and those behind. Matched groups have a sheet only
// with listAll: those of them that say something stand on the other sheets.
func lineTables(l problem.Lang, listAll bool) (before, behind []*lineTable) {
	before = []*lineTable{
		{spec: sheetName("未匹配", "Unmatched", l, red), columns: oneSided, wants: outcomeIs(result.Conflict, result.PosOnly, result.ClearingOnly, result.Duplicate)},
		{spec: sheetName("部分到账", "Partial", l, orange), columns: unequal, wants: outcomeIs(result.Partial, result.Over)},
		{spec: sheetName("延迟到账", "Late", l, orange), columns: late, wants: func(l *line) bool { return l.group.Timing == result.Late || l.group.Timing == result.Overdue }},
		{spec: sheetName(feeSheet.zh, feeSheet.en, l, yellow), columns: fees, wants: func(l *line) bool { return l.group.Flags&result.FeeDiff != 0 }},
		{spec: sheetName("退款与撤销", "Refunds and voids", l, yellow), columns: goingBack, wants: func(l *line) bool {
			return l.group.Match == result.Voided || l.group.Flags&result.RefundLate != 0 || l.group.Match != result.Matched && l.goesBack()
		}},
		{spec: sheetName("疑似匹配", "Suggested", l, yellow), columns: suggested, wants: outcomeIs(result.Suggested)},
	}
	behind = []*lineTable{
		{spec: sheetName("风险提示", "Risks", l, yellow), columns: risks, wants: isRisk},
		{spec: sheetName("在途与失败", "In transit and failed", l, grey), columns: oneSided, wants: outcomeIs(result.InTransit, result.FailedMatch)},
	}
	if listAll {
		t := &lineTable{spec: sheetName("一致明细", "Matched", l, green), columns: matched, wants: outcomeIs(result.Matched)}
		t.spec.once = true
		behind = append(behind, t)
	}
	return before, behind
}

// isRisk also takes flagged matched groups that no other sheet shows.
func isRisk(l *line) bool {
	f := l.group.Flags
	return f&riskFlags != 0 || l.group.Match == result.Matched && f&^(result.FeeDiff|result.RefundLate) != 0
}

var (
	oneSided = []column[*line]{colMatch, colAcquirer, colMerchant, colStore, colTerminal, colTime, colKind, colPay, colCard, colOrder, colRef,
		colPosAmount, colClearingDate, colClearingAmount, colOwed, colDue, colAge, colCount, colFlags, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	unequal = []column[*line]{colMatch, colTiming, colAcquirer, colMerchant, colStore, colTerminal, colTime, colPay, colNumber,
		colPosAmount, colClearingDate, colClearingAmount, colDifference, colOwed, colNet, colCredited, colFlags, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	late = []column[*line]{colTiming, colDaysLate, colCount, colMatch, colAcquirer, colMerchant, colTime, colPay, colNumber,
		colClearingDate, colDue, colCreditedDate, colNet, colCredited, colOwed, colAwaited, colFlags, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	fees = []column[*line]{colMatch, colAcquirer, colMerchant, colTerminal, colTime, colKind, colPay, colCard, colNumber,
		colClearingDate, colClearingAmount, colFee, colExpectedFee, colFeeOver, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	goingBack = []column[*line]{colMatch, colTiming, colAcquirer, colMerchant, colStore, colTime, colKind, colPay, colCard, colNumber, colOrig,
		colPosAmount, colClearingDate, colClearingAmount, colDifference, colFlags, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	suggested = []column[*line]{colMatch, colSure, colAcquirer, colMerchant, colStore, colTerminal, colPosTime, colClearingTime, colPay, colCard, colPosNumber, colClearNumber,
		colPosAmount, colClearingDate, colClearingAmount, colOwed, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
	risks = []column[*line]{colFlags, colMatch, colAcquirer, colMerchant, colStore, colTerminal, colTime, colKind, colPay, colCard, colNumber,
		colPosAmount, colClearingDate, colClearingAmount, colDifference, colReason, colRiskFull, colSources, colDecision, colNote, colBy, colItem}
	matched = []column[*line]{colMatch, colTiming, colAcquirer, colMerchant, colStore, colTerminal, colTime, colKind, colPay, colNumber,
		colPosAmount, colClearingDate, colClearingAmount, colFee, colNet, colDue, colCreditedDate, colFlags, colReason, colFull, colSources, colDecision, colNote, colBy, colItem}
)

// feeColumns sum the checked fees of a merchant and type of payment.
var feeColumns = []column[*feeSum]{
	{text{"收单机构", "Acquirer"}, kText, 14, func(c *cells, s *feeSum) { c.text(s.Acquirer) }},
	{text{"商户号", "Merchant"}, kText, 18, func(c *cells, s *feeSum) { c.text(s.MerchantID) }},
	{text{"费率类型", "Rate of"}, kCode, 12, func(c *cells, s *feeSum) { c.text(feeNames[s.Type].in(s.lang)) }},
	{text{"合同费率", "Rate"}, kCode, 10, func(c *cells, s *feeSum) { c.text(s.rate()) }},
	{text{"封顶(元)", "Cap (CNY)"}, kText, 10, func(c *cells, s *feeSum) { c.text(s.cap()) }},
	{text{"核对笔数", "Rows checked"}, kInt, 10, func(c *cells, s *feeSum) { c.int(s.Checked) }},
	{text{"交易金额(元)", "Amount (CNY)"}, kMoney, 20, func(c *cells, s *feeSum) { c.money(s.Amount) }},
	{text{"实收手续费(元)", "Charged (CNY)"}, kMoney, 20, func(c *cells, s *feeSum) { c.money(s.Charged) }},
	{text{"合同手续费(元)", "By contract (CNY)"}, kMoney, 20, func(c *cells, s *feeSum) { c.money(s.Expected) }},
	{text{"多收笔数", "Rows over"}, kInt, 10, func(c *cells, s *feeSum) { c.int(s.OverRows) }},
	{text{"多收金额(元)", "Overcharged (CNY)"}, kMoney, 20, func(c *cells, s *feeSum) { c.money(s.Over) }},
	{text{"少收笔数", "Rows under"}, kInt, 10, func(c *cells, s *feeSum) { c.int(s.UnderRows) }},
	{text{"少收金额(元)", "Undercharged (CNY)"}, kMoney, 20, func(c *cells, s *feeSum) { c.money(s.Under) }},
	{text{"未核对笔数", "Rows unchecked"}, kInt, 10, func(c *cells, s *feeSum) { c.intIf(s.Rows - s.Checked) }},
}

var settlementColumns = []column[*settled]{
	{text{"到账情况", "Credit"}, kCode, 10, func(c *cells, s *settled) { c.text(creditNames[s.Credit].in(s.lang)) }},
	{text{"到账时效", "Timing"}, kCode, 10, func(c *cells, s *settled) { c.text(timingNames[s.Timing].in(s.lang)) }},
	{text{"迟到天数", "Days late"}, kInt, 6, func(c *cells, s *settled) { c.intIf(int64(s.DaysLate)) }},
	{colCount.head, kCode, 6, func(c *cells, s *settled) { c.text(countedBy(s.Cycle, s.lang)) }},
	{text{"收单机构", "Acquirer"}, kText, 14, func(c *cells, s *settled) { c.text(s.Acquirer) }},
	{text{"商户号", "Merchant"}, kText, 18, func(c *cells, s *settled) { c.text(s.MerchantID) }},
	{text{"结算账户", "Account"}, kText, 22, func(c *cells, s *settled) { c.text(s.Account) }},
	{text{"清算日期", "Clearing date"}, kDate, 10, func(c *cells, s *settled) { c.date(s.ClearingDate) }},
	{text{"周期", "Cycle"}, kCode, 6, func(c *cells, s *settled) { c.text(s.Cycle) }},
	{text{"应到账日", "Due"}, kDate, 10, func(c *cells, s *settled) { c.date(s.DueDate) }},
	{text{"笔数", "Rows"}, kInt, 10, func(c *cells, s *settled) { c.int(s.Transactions) }},
	{text{"交易金额(元)", "Gross (CNY)"}, kMoney, 20, func(c *cells, s *settled) { c.money(s.Gross) }},
	{text{"手续费(元)", "Fee (CNY)"}, kMoney, 20, func(c *cells, s *settled) { c.money(s.Fee) }},
	{text{"付款手续费(元)", "Payout fee (CNY)"}, kMoney, 16, func(c *cells, s *settled) { c.moneyIf(s.PayoutFee, s.PayoutFee != 0) }},
	{text{"应结净额(元)", "Net (CNY)"}, kMoney, 20, func(c *cells, s *settled) { c.money(s.Net) }},
	{text{"结转(元)", "Carried (CNY)"}, kMoney, 16, func(c *cells, s *settled) { c.moneyIf(s.Carried, s.Carried != 0) }},
	{text{"已到账(元)", "Credited (CNY)"}, kMoney, 20, func(c *cells, s *settled) { c.money(s.Settlement.Credited) }},
	{text{"未到账(元)", "Outstanding (CNY)"}, kMoney, 20, func(c *cells, s *settled) { c.money(s.Outstanding) }},
	{colOwed.head, kMoney, 20, func(c *cells, s *settled) { c.moneyIf(s.Owed(), s.Owed() != 0) }},
	{text{"收单称到账日", "Acquirer says"}, kDate, 10, func(c *cells, s *settled) { c.date(s.Claimed) }},
	{text{"银行到账日", "At the bank"}, kDate, 10, func(c *cells, s *settled) { c.date(s.LastCredit) }},
	{text{"说法", "Claim"}, kCode, 8, func(c *cells, s *settled) { c.text(s.claim()) }},
	{text{"标记", "Flags"}, kCode, 12, func(c *cells, s *settled) { c.text(flagWords(s.Flags, s.lang)) }},
	{text{"原因", "Reason"}, kText, 18, func(c *cells, s *settled) { c.text(shortReason(s.Reason.Code, s.reason(), s.lang)) }},
	{text{"说明", "In full"}, kText, 16, func(c *cells, s *settled) { c.text(s.reason()) }},
	{text{"银行来源", "Bank source"}, kText, 16, func(c *cells, s *settled) { c.text(oneLine(s.sources())) }},
	decisionColumn(func(s *settled) string { return decisionWord(s.decided.Word, s.lang) }),
	noteColumn(func(s *settled) string { return s.decided.Note }),
	byColumn(func(s *settled) string { return s.decided.By }),
	itemColumn(func(s *settled) string { return s.ItemID }),
}

var creditColumns = []column[*credited]{
	{text{"认领结果", "Outcome"}, kCode, 14, func(c *cells, r *credited) { c.text(outcomeNames[r.Outcome].in(r.lang)) }},
	{text{"入账日期", "Date"}, kDate, 10, func(c *cells, r *credited) { c.date(r.Date) }},
	{text{"入账金额(元)", "Amount (CNY)"}, kMoney, 20, func(c *cells, r *credited) { c.money(r.Amount) }},
	{text{"已分配(元)", "Allocated (CNY)"}, kMoney, 20, func(c *cells, r *credited) { c.money(r.Allocated) }},
	{text{"未分配(元)", "Unallocated (CNY)"}, kMoney, 20, func(c *cells, r *credited) { c.money(r.Amount - r.Allocated) }},
	{text{"待认领(元)", "To be claimed (CNY)"}, kMoney, 20, func(c *cells, r *credited) { c.moneyIf(r.Unplaced(), r.Unplaced() != 0) }},
	{text{"账户", "Account"}, kText, 22, func(c *cells, r *credited) { c.text(r.row.Text[record.Account]) }},
	{text{"付款方", "Payer"}, kText, 24, func(c *cells, r *credited) { c.text(r.row.Text[record.Payer]) }},
	{text{"摘要/附言", "Remark"}, kText, 30, func(c *cells, r *credited) { c.text(r.row.Text[record.Remark]) }},
	{text{"结算批次", "Settlements"}, kText, 34, func(c *cells, r *credited) { c.text(oneLine(r.settlementLines())) }},
	{text{"原因", "Reason"}, kText, 18, func(c *cells, r *credited) { c.text(shortReason(r.Reason.Code, r.reason(), r.lang)) }},
	{text{"说明", "In full"}, kText, 30, func(c *cells, r *credited) { c.text(r.reason()) }},
	{text{"来源", "Source"}, kText, 22, func(c *cells, r *credited) { c.text(r.row.Source) }},
	decisionColumn(func(r *credited) string { return decisionWord(r.decided.Word, r.lang) }),
	noteColumn(func(r *credited) string { return r.decided.Note }),
	byColumn(func(r *credited) string { return r.decided.By }),
	itemColumn(func(r *credited) string { return r.ItemID }),
}

var rejectColumns = []column[*Reject]{
	{text{"来源", "Source"}, kText, 36, func(c *cells, r *Reject) { c.text(r.Source) }},
	{text{"列", "Column"}, kText, 20, func(c *cells, r *Reject) { c.text(r.Column) }},
	{text{"值", "Value"}, kLog, 40, func(c *cells, r *Reject) { c.text(r.Value) }},
	{text{"原因", "Reason"}, kLog, 70, func(c *cells, r *Reject) { c.text(r.Reason) }},
	noteColumn(nothingSaid[*Reject]),
}

// logLine is one line of the run log.
type logLine struct{ group, item, value string }

var logColumns = []column[*logLine]{
	{text{"类别", "Group"}, kCode, 14, func(c *cells, l *logLine) { c.text(l.group) }},
	{text{"项目", "Item"}, kLog, 50, func(c *cells, l *logLine) { c.text(l.item) }},
	{text{"内容", "Value"}, kLog, 100, func(c *cells, l *logLine) { c.text(l.value) }},
}

// rejects yields the rows that could not be read; none if there is no list.
func (r *Run) rejects() iter.Seq[Reject] {
	if r.Rejects == nil {
		return func(func(Reject) bool) {}
	}
	return r.Rejects
}
