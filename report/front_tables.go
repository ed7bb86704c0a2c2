package report

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// owedTable shows what every acquirer owes every merchant, by age.
func (f *front) owedTable() {
	o := &f.run.Result.Owed
	if len(o.By) == 0 {
		return
	}
	f.section(f.word("谁欠多少、从哪天起(元；T+n 按工作日，D+n 按自然日)", "Who owes how much since when (CNY; T+n in business days, D+n in calendar days)"),
		f.word("收单机构", "Acquirer"), f.word("商户号", "Merchant"), f.word("项数", "Items"), ageName(0, f.run.Lang), ageName(1, f.run.Lang), ageName(2, f.run.Lang),
		ageName(3, f.run.Lang), ageName(4, f.run.Lang), f.word("退款", "Refunds"), f.word("合计", "Total"), f.word("已到、待认领", "To be claimed"), f.word("最早应到日", "Oldest"), f.word("明细", "Details"))
	first := f.row
	for i := range o.By {
		f.owedLine(&o.By[i])
	}
	f.totals(first, []int{2}, []int{3, 4, 5, 6, 7, 8, 9, 10}, lastFront)
}

func (f *front) owedLine(b *result.OwedBy) {
	name := b.Acquirer
	if b.Acquirer == "" {
		name = f.word("(未注明)", "(no name)")
	}
	if b.Currency != baseCurrency { // another money is text: totals never mix two
		name += " " + b.Currency
	}
	put := func(i int, v money.Fen) {
		if b.Currency != baseCurrency {
			f.text(i, f.st.value, grouped(v))
			return
		}
		f.amount(i, v)
	}
	f.text(0, f.st.label, name)
	f.text(1, f.st.value, b.MerchantID)
	f.number(2, b.Items)
	for i := range b.Ages {
		put(3+i, b.Ages[i].Sales)
	}
	put(8, b.Refunds)
	put(9, b.Owed())
	put(10, b.Unplaced)
	f.grid.date(f.row, f.col+11, f.st.date, b.Oldest)
	switch {
	case b.Items == 0:
		f.link(12, f.word("银行入账", "Bank credits"))
	case f.owesSettlements(b):
		f.link(12, f.word("结算批次", "Settlements"), f.word("未匹配", "Unmatched"))
	default:
		f.link(12, f.word("未匹配", "Unmatched"), f.word("部分到账", "Partial"), f.word("在途与失败", "In transit and failed"), f.word("疑似匹配", "Suggested"))
	}
	f.row++
}

// owesSettlements says whether settlements are among what is owed.
func (f *front) owesSettlements(b *result.OwedBy) bool {
	return slices.ContainsFunc(f.run.Result.Settlements, func(s result.Settlement) bool {
		return s.Owed() != 0 && s.Acquirer == b.Acquirer && s.MerchantID == b.MerchantID
	})
}

func (f *front) outcomes() {
	f.section(f.word("对账结果", "Outcomes"), f.word("结果", "Outcome"), f.word("明细", "Details"), f.word("组数", "Groups"), f.word("商户笔数", "POS rows"),
		f.word("收单笔数", "Clearing rows"), f.word("商户金额(元)", "POS (CNY)"), f.word("清算金额(元)", "Cleared (CNY)"),
		f.word("差额(元)", "Differ. (CNY)"), f.word("外币", "Other money"))
	first := f.row
	for m := range result.NumMatch {
		t := &f.run.Result.Match[m]
		if t.Groups == 0 && m != result.Matched {
			continue
		}
		f.text(0, f.st.label, matchNames[m].in(f.run.Lang))
		f.link(1, f.sheetOf(m))
		f.number(2, t.Groups)
		f.number(3, t.PosRows)
		f.number(4, t.ClearingRows)
		f.amount(5, base(t.PosAmount))
		f.amount(6, base(t.ClearingAmount))
		f.amount(7, base(t.ClearingAmount)-base(t.PosAmount))
		f.text(8, f.st.value, foreignText(t.PosAmount, t.ClearingAmount))
		f.row++
	}
	f.totals(first, []int{2, 3, 4}, []int{5, 6, 7}, 8)
	// The matched groups are so many that the others would not be seen.
	if f.row-1 > first+1 {
		f.charts = append(f.charts, frontChart{title: f.word("差异组数", "Groups by outcome"), kind: chartBar, first: first + 1, last: f.row - 2, series: []int{2}, head: first - 1})
	}
}

// foreignText lists amounts in other currencies, POS and clearing.
func foreignText(pos, clearing result.Sums) string {
	if !foreign(pos) && !foreign(clearing) {
		return ""
	}
	return "POS " + foreignSums(pos) + "\n" + foreignSums(clearing)
}

// foreignSums lists the amounts that are not in the base currency.
func foreignSums(s result.Sums) string {
	if !foreign(s) {
		return ""
	}
	return sumsText(slices.DeleteFunc(slices.Clone(s), func(s result.Sum) bool { return s.Currency == "" || s.Currency == baseCurrency }))
}

// ageName is the name of an age in days since the money was due.
func ageName(i int, l problem.Lang) string {
	if i == 0 {
		return text{"未逾期", "not overdue"}.in(l)
	}
	from := strconv.Itoa(int(result.AgeBounds[i-1]) + 1)
	if i == result.NumAges-1 {
		from = strconv.Itoa(int(result.AgeBounds[i-1]))
		return text{from + " 天以上", "over " + from + " days"}.in(l)
	}
	to := strconv.Itoa(int(result.AgeBounds[i]))
	return text{from + "-" + to + " 天", from + "-" + to + " days"}.in(l)
}

// ageing shows what is owed by how long it is overdue.
func (f *front) ageing() {
	o := &f.run.Result.Owed
	if o.Items == 0 {
		return
	}
	f.section(f.word("收单欠款账龄", "Owed, by age"),
		f.word("账龄", "Age"), f.word("项数", "Items"), f.word("销售(元)", "Sales (CNY)"), f.word("退款(元)", "Refunds (CNY)"))
	first := f.row
	for i := range o.Ages {
		f.text(0, f.st.label, ageName(i, f.run.Lang))
		f.number(1, o.Ages[i].Count)
		f.amount(2, o.Ages[i].Sales)
		f.amount(3, o.Ages[i].Refunds)
		f.row++
	}
	f.totals(first, []int{1}, []int{2, 3}, 3)
	f.charts = append(f.charts, frontChart{title: f.word("收单欠款账龄(元)", "Owed by age (CNY)"), kind: chartColumn, first: first, last: f.row - 2, names: f.col, series: []int{f.col + 2}, head: first - 1})
}

// chartRows is the height of a chart in rows.
const chartRows = 15

// placeCharts leaves room for the charts behind what is there.
func (f *front) placeCharts() {
	f.row++
	if len(f.run.Result.Trend) > 0 {
		f.charts = append(f.charts, frontChart{kind: chartTrend}) // trend says of what
	}
	for i := range f.charts {
		f.charts[i].at = f.row
	}
	if len(f.charts) > 0 {
		f.row += chartRows
	}
}

func (f *front) timings() {
	r := f.run.Result
	f.section(f.word("到账时效", "Timing"), f.word("时效", "Timing"), f.word("明细", "Details"), f.word("组数", "Groups"), f.word("金额(元)", "Amount (CNY)"))
	first := f.row
	add := func(name string, groups int64, amount money.Fen, sheet string) {
		if groups == 0 {
			return
		}
		f.text(0, f.st.label, name)
		f.link(1, sheet)
		f.number(2, groups)
		f.amount(3, amount)
		f.row++
	}
	backGroups, backAmount := overdueRefunds(r)
	for t := range result.NumTiming {
		groups, amount, sheet := r.Timing[t].Groups, base(r.Timing[t].Amount), ""
		if t == result.Late || t == result.Overdue {
			sheet = f.word("延迟到账", "Late")
		}
		if t == result.Overdue {
			groups, amount = groups-backGroups, amount-backAmount
		}
		add(timingNames[t].in(f.run.Lang), groups, amount, sheet)
	}
	add(refundOpen.in(f.run.Lang), backGroups, backAmount, f.word("延迟到账", "Late"))
	f.totals(first, []int{2}, []int{3}, 3)
}

// overdueRefunds are the groups of refunds whose day has passed: nobody waits
// for their money. All overdue groups are listed.
func overdueRefunds(r *result.Result) (groups int64, amount money.Fen) {
	for i := range r.Groups {
		g := &r.Groups[i]
		if g.Timing != result.Overdue || !g.GoesBack() {
			continue
		}
		groups++
		if g.Currency != "" && g.Currency != baseCurrency {
			continue
		}
		if len(g.Clearing) > 0 && !(g.Match == result.Conflict && g.Short()) {
			amount += g.ClearingAmount
		} else {
			amount += g.PosAmount
		}
	}
	return groups, amount
}

func (f *front) settlements() {
	list := f.run.Result.Settlements
	if len(list) == 0 {
		return
	}
	f.section(f.word("结算批次", "Settlements"), f.word("到账情况", "Credit"), f.word("明细", "Details"), f.word("批次", "Count"), f.word("逾期批次", "Overdue"), f.word("应结净额(元)", "Net (CNY)"),
		f.word("已到账(元)", "Credited (CNY)"), f.word("未到账(元)", "Not yet (CNY)"), f.word("收单说法不符", "Claim differs"))
	first := f.row
	for state, t := range settlementTotals(list) {
		if t.count == 0 {
			continue
		}
		f.text(0, f.st.label, creditNames[state].in(f.run.Lang))
		f.link(1, f.word("结算批次", "Settlements"))
		f.number(2, t.count)
		f.number(3, t.overdue)
		f.amount(4, base(t.net))
		f.amount(5, base(t.credited))
		f.amount(6, base(t.outstanding))
		f.number(7, t.claims)
		f.row++
	}
	f.totals(first, []int{2, 3, 7}, []int{4, 5, 6}, 7)
}

func (f *front) credits() {
	list := f.run.Result.Credits
	if len(list) == 0 {
		return
	}
	f.section(f.word("银行入账", "Bank credits"), f.word("认领结果", "Outcome"), f.word("笔数", "Count"), f.word("金额(元)", "Amount (CNY)"))
	first := f.row
	for outcome, t := range creditTotals(list) {
		if t.count == 0 {
			continue
		}
		f.linked(0, outcomeNames[outcome].in(f.run.Lang), f.word("银行入账", "Bank credits"))
		f.number(1, t.count)
		f.amount(2, base(t.amount))
		f.row++
	}
	f.totals(first, []int{1}, []int{2}, 2)
}

// moneyProof shows that no fen of the settlements and of the bank's lines is
// unaccounted for.
func (f *front) moneyProof() {
	r := f.run.Result
	if len(r.Settlements) == 0 && len(r.Credits) == 0 {
		return
	}
	m := &r.Money
	f.section(f.word("资金核对：每一分都有着落", "Money: every fen is accounted for"), f.word("项目", "Item"), f.word("核对", "Check"), f.word("金额(元)", "Amount (CNY)"), f.word("外币", "Other money"))
	for i, it := range []struct {
		zh, en string
		sums   result.Sums
	}{
		{"银行流水合计", "Bank lines", m.Credits}, {"＝ 已分配", "= allocated", m.Allocated}, {"＋ 未分配", "+ unallocated", m.Unallocated},
		{"应结净额合计", "Net due", m.Net}, {"＝ 已到账", "= credited", m.Credited}, {"＋ 未到账", "+ outstanding", m.Outstanding},
	} {
		f.text(0, f.st.label, f.word(it.zh, it.en))
		if i%3 == 0 {
			f.judge(1, m.OK, f.word("相符", "agrees"), f.word("不符", "DIFFERS"))
		} else {
			f.text(1, f.st.value, "")
		}
		f.amount(2, base(it.sums))
		f.text(3, f.st.value, foreignSums(it.sums))
		f.row++
	}
	if m.Failure != "" {
		f.merge(f.row, f.col, lastFront, f.st.bad, m.Failure)
		f.row++
	}
}

func (f *front) flags() {
	r := f.run.Result
	if !slices.ContainsFunc(r.Flags[:], func(n int64) bool { return n > 0 }) {
		return
	}
	f.section(f.word("标记", "Flags"), f.word("标记", "Flag"), f.word("组数", "Groups"), f.word("明细", "Details"))
	for bit, n := range r.Flags {
		if n == 0 {
			continue
		}
		f.text(0, f.st.label, flagNames[bit].in(f.run.Lang))
		f.number(1, n)
		switch flag := result.Flags(1 << bit); {
		case flag == result.FeeDiff:
			f.link(2, f.word("手续费汇总", "Fees"), f.word("手续费差异", "Fee differences"))
		case flag == result.RefundLate:
			f.link(2, f.word("退款与撤销", "Refunds and voids"))
		case flag == result.AccountChanged: // of settlements
			f.link(2, f.word("结算批次", "Settlements"))
		case flag&riskFlags != 0:
			f.link(2, f.word("风险提示", "Risks"))
		default:
			f.link(2)
		}
		f.row++
	}
}

// Limits of the trend: more columns would not fit on the page, more days not
// into the chart.
const (
	trendAcquirers = 5
	trendDays      = 31
)

// trendFirst is the first column of the trend's amounts.
const trendFirst = 3

// calendarAt is where the calendar of files stands beside the trend.
const calendarAt = 9

func (f *front) trend() {
	days, acquirers, amounts := trendTable(f.run.Result.Trend, f.word("其他", "Others"))
	if len(days) == 0 {
		return
	}
	head := []string{f.word("日期", "Day") + " " + dateText(days[len(days)-1])[:4], "", ""}
	for _, name := range acquirers {
		if name == "" {
			name = f.word("(未注明)", "(no name)")
		}
		head = append(head, name)
	}
	head = append(head, f.word("未平金额(元)", "Open (CNY)"))
	f.section(f.word("每日趋势：各收单机构的交易金额(元)", "By day: amounts per acquirer (CNY)"), head...)
	f.merge(f.row-1, 0, trendFirst-1, f.st.head, head[0])
	first, short := f.row, 0
	if dateText(days[0])[:4] == dateText(days[len(days)-1])[:4] { // the axis has little room
		short = len("2006-")
	}
	for i, day := range days {
		f.merge(f.row, 0, trendFirst-1, f.st.value, dateText(day)[short:])
		for j, amount := range amounts[i] {
			f.amount(trendFirst+j, amount)
		}
		f.row++
	}
	c := &f.charts[len(f.charts)-1]
	c.title, c.first, c.last, c.head = f.word("各收单机构每日金额(元)", "By day and acquirer (CNY)"), first, f.row-1, first-1
	for j := range head[trendFirst:] {
		c.series = append(c.series, trendFirst+j)
	}
}

// calendar shows of which days the acquirers' files came, holes in red.
// Its days take so many columns.
func (f *front) calendar(first int) {
	days, acquirers, at := f.run.fileCalendar()
	if len(days) == 0 {
		return
	}
	days, acquirers = days[max(0, len(days)-trendDays):], acquirers[:min(len(acquirers), lastFront+1-first)]
	head := append([]string{f.word("清算日", "Clearing day")}, make([]string, first-1)...)
	for _, name := range acquirers {
		if name == "" {
			name = f.word("(未注明)", "(no name)")
		}
		head = append(head, name)
	}
	f.section(f.word("对账文件日历：红色为缺口", "Calendar of clearing files, holes in red"), head...)
	f.across(f.row-1, first, f.st.head, head[0])
	for _, day := range days {
		f.across(f.row, first, f.st.value, dateText(day))
		for i, name := range acquirers {
			switch at(day, name) {
			case dayCame:
				f.text(first+i, f.st.value, "✓")
			case dayMissing:
				f.text(first+i, f.st.bad, f.word("缺", "missing"))
			default:
				f.text(first+i, f.st.value, "")
			}
		}
		f.row++
	}
}

// across writes a text over the first columns of the table.
func (f *front) across(row, columns, style int, s string) {
	if columns == 1 {
		f.put(row, f.col, style, s)
		return
	}
	f.merge(row, f.col, f.col+columns-1, style, s)
}

// trendTable arranges the points as days × acquirers, the largest acquirers
// first and the rest together; the last column is what is open.
func trendTable(points []result.TrendPoint, others string) (days []record.Date, acquirers []string, amounts [][]money.Fen) {
	total := map[string]money.Fen{}
	for _, p := range points {
		total[p.Acquirer] += abs(p.MatchedAmount) + abs(p.OpenAmount)
		days = append(days, p.Day)
	}
	slices.Sort(days)
	days = slices.Compact(days)
	days = days[max(0, len(days)-trendDays):]
	for name := range total {
		acquirers = append(acquirers, name)
	}
	slices.SortFunc(acquirers, func(a, b string) int { return cmp.Or(cmp.Compare(total[b], total[a]), cmp.Compare(a, b)) })
	if len(acquirers) > trendAcquirers {
		acquirers = append(acquirers[:trendAcquirers-1], others)
	}
	for range days {
		amounts = append(amounts, make([]money.Fen, len(acquirers)+1))
	}
	for _, p := range points {
		i, ok := slices.BinarySearch(days, p.Day)
		if !ok {
			continue
		}
		j := slices.Index(acquirers, p.Acquirer)
		if j < 0 {
			j = len(acquirers) - 1
		}
		amounts[i][j] += p.MatchedAmount + p.OpenAmount
		amounts[i][len(acquirers)] += p.OpenAmount
	}
	return days, acquirers, amounts
}

func (f *front) proof() {
	f.section(f.word("账目核对：读入的每一行都有着落", "Proof: every row read is accounted for"), f.word("一方", "Side"), f.word("核对", "Check"), f.word("拒绝", "Reject."),
		f.word("读入行数", "Rows read"), f.word("接受", "Accepted"), f.word("此前已有", "Seen before"), f.word("跳过", "Skipped"), f.word("往日未平", "Carried"),
		f.word("归组行数", "In groups"), f.word("接受金额(元)", "Accepted (CNY)"), f.word("归组金额(元)", "Groups (CNY)"))
	for side := record.SidePos; side <= record.SideBank; side++ {
		p := &f.run.Result.Proof.Sides[side]
		if p.Read == 0 && p.Accepted == 0 && p.Carried == 0 {
			continue
		}
		f.text(0, f.st.label, sideNames[side].in(f.run.Lang))
		f.judge(1, sideAgrees(p), f.word("相符", "agrees"), f.word("不符", "DIFFERS"))
		for i, n := range []int64{p.Rejected, p.Read, p.Accepted, p.Seen, p.Skipped, p.Carried, p.Grouped} {
			f.number(2+i, n)
		}
		f.amount(9, base(p.Amount))
		f.amount(10, base(p.GroupedAmount))
		f.row++
	}
	if s := f.run.Result.Proof.Failure; s != "" {
		f.merge(f.row, 0, lastFront, f.st.bad, s)
		f.row++
	}
}

// sideAgrees holds the figures of a side against each other. What was carried
// has its own amount, which the matcher's proof compares.
func sideAgrees(p *result.SideProof) bool {
	return p.Read == p.Accepted+p.Seen+p.Rejected+p.Skipped && p.Grouped == p.Accepted+p.Carried && (p.Carried > 0 || slices.Equal(p.Amount, p.GroupedAmount))
}

// files shows every input in one line. Where it lay, its whole digest and how it
// was read stand on the sheet of files.
func (f *front) files() {
	f.section(f.word("输入文件", "Input files"), f.word("文件", "File"), "", f.word("一方", "Side"), "", f.word("版式", "Layout"), f.word("接受", "Accepted"),
		f.word("拒绝", "Rejected"), f.word("此前已有", "Seen before"), f.word("跳过", "Skipped"), f.word("金额(元)", "Amount (CNY)"), f.word("使用", "Use"), f.word("申报的合计", "Declared"), "SHA-256")
	f.merge(f.row-1, 0, 1, f.st.head, f.word("文件", "File"))
	f.merge(f.row-1, 2, 3, f.st.head, f.word("一方", "Side"))
	for i := range f.run.Files {
		file := &f.run.Files[i]
		f.merge(f.row, 0, 1, f.st.wrap, strings.TrimSpace(f.run.names[file.Name]+" "+file.Name))
		f.merge(f.row, 2, 3, f.st.value, sideNames[file.Side].in(f.run.Lang))
		f.text(4, f.st.value, file.Layout)
		for k, n := range []int64{file.Accepted, file.Rejected, file.Seen, file.Skipped} {
			f.number(5+k, n)
		}
		f.amount(9, base(file.Amount))
		f.use(10, file)
		f.text(12, f.st.digest, file.SHA256[:min(len(file.SHA256), 12)])
		if lines := wrappedLines(file.Name, frontColumns[0]+frontColumns[1]); lines > 1 {
			f.height(f.row, frontLine*float64(min(lines, maxLines)))
		}
		f.row++
	}
}

// use says whether a file was used, and whether it agrees with what it
// declares of itself.
func (f *front) use(i int, file *File) {
	switch {
	case file.DuplicateOf != "":
		f.text(i, f.st.value, f.word("重复，未用", "duplicate"))
	case file.refused():
		f.text(i, f.st.bad, f.word("拒收", "refused"))
	case len(file.Problems) > 0:
		f.text(i, f.st.amber, f.word("已用，有提示", "used, see log"))
	default:
		f.text(i, f.st.value, f.word("已用", "used"))
	}
	if file.Control == nil {
		f.text(i+1, f.st.value, f.word("未申报", "none"))
	} else {
		f.judge(i+1, file.Control.OK, f.word("相符", "agrees"), f.word("不符", "DIFFERS"))
	}
}

// settlementTotal sums the settlements of one credit state.
type settlementTotal struct {
	count, overdue, claims     int64
	net, credited, outstanding result.Sums
}

func settlementTotals(list []result.Settlement) (t [result.NumCreditState]settlementTotal) {
	for i := range list {
		s := &list[i]
		k := &t[s.Credit]
		k.count++
		if s.Timing == result.Overdue {
			k.overdue++
		}
		if s.ClaimDiffers() {
			k.claims++
		}
		addTo(&k.net, s.Currency, s.Net)
		addTo(&k.credited, s.Currency, s.Credited)
		addTo(&k.outstanding, s.Currency, s.Outstanding)
	}
	return t
}

// creditTotal sums the bank lines of one outcome.
type creditTotal struct {
	count  int64
	amount result.Sums
}

func creditTotals(list []result.Credit) (t [result.NumCreditOutcome]creditTotal) {
	for i := range list {
		t[list[i].Outcome].count++
		addTo(&t[list[i].Outcome].amount, list[i].Currency, list[i].Amount)
	}
	return t
}

// addTo adds an amount to the sum of its currency, keeping the order by code.
func addTo(sums *result.Sums, currency string, f money.Fen) {
	if currency == "" {
		currency = baseCurrency
	}
	i, ok := slices.BinarySearchFunc(*sums, currency, func(s result.Sum, c string) int { return cmp.Compare(s.Currency, c) })
	if !ok {
		*sums = slices.Insert(*sums, i, result.Sum{Currency: currency})
	}
	(*sums)[i].Amount += f
}
