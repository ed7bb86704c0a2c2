package report

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

func (f *front) outcomes() {
	f.section(f.word("对账结果", "Outcomes"), f.word("结果", "Outcome"), f.word("组数", "Groups"), f.word("商户笔数", "POS rows"),
		f.word("收单笔数", "Clearing rows"), f.word("商户金额(元)", "POS amount (CNY)"), f.word("清算金额(元)", "Cleared (CNY)"),
		f.word("外币", "Other money"), f.word("差额(元)", "Difference (CNY)"), f.word("明细", "Details"))
	first := f.row
	for m := range result.NumMatch {
		t := &f.run.Result.Match[m]
		if t.Groups == 0 && m != result.Matched {
			continue
		}
		f.text(0, f.st.label, matchNames[m].in(f.run.Lang))
		f.number(1, t.Groups)
		f.number(2, t.PosRows)
		f.number(3, t.ClearingRows)
		f.amount(4, base(t.PosAmount))
		f.amount(5, base(t.ClearingAmount))
		f.text(6, f.st.value, foreignText(t.PosAmount, t.ClearingAmount))
		f.amount(7, base(t.ClearingAmount)-base(t.PosAmount))
		f.link(8, f.sheetOf(m))
		f.row++
	}
	f.totals(first, []int{1, 2, 3}, []int{4, 5, 7}, lastWide)
	// The matched groups are so many that the others would not be seen.
	if f.row-1 > first+1 {
		f.charts = append(f.charts, frontChart{title: f.word("差异组数", "Groups by outcome"), kind: chartBar, first: first + 1, last: f.row - 2, series: []int{1}, head: first - 1})
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
	f.section(f.word("收单欠款账龄(T+n 工作日，D+n 自然日)", "Owed, by age (T+n business, D+n calendar days)"),
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
	f.charts = append(f.charts, frontChart{title: f.word("收单欠款账龄(元)", "Owed by age (CNY)"), kind: chartColumn, first: first, last: f.row - 2, series: []int{2}, head: first - 1})
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
	f.section(f.word("到账时效", "Timing"), f.word("时效", "Timing"), f.word("组数", "Groups"), f.word("金额(元)", "Amount (CNY)"), f.word("明细", "Details"))
	first := f.row
	add := func(name string, groups int64, amount money.Fen, sheet string) {
		if groups == 0 {
			return
		}
		f.text(0, f.st.label, name)
		f.number(1, groups)
		f.amount(2, amount)
		f.link(3, sheet)
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
	f.totals(first, []int{1}, []int{2}, 3)
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
	f.section(f.word("结算批次", "Settlements"), f.word("到账情况", "Credit"), f.word("批次数", "Count"), f.word("逾期批次", "Overdue"), f.word("应结净额(元)", "Net (CNY)"),
		f.word("已到账(元)", "Credited (CNY)"), f.word("未到账(元)", "Outstanding (CNY)"), f.word("与收单说法不符", "Claim differs"), f.word("明细", "Details"))
	first := f.row
	for state, t := range settlementTotals(list) {
		if t.count == 0 {
			continue
		}
		f.text(0, f.st.label, creditNames[state].in(f.run.Lang))
		f.number(1, t.count)
		f.number(2, t.overdue)
		f.amount(3, base(t.net))
		f.amount(4, base(t.credited))
		f.amount(5, base(t.outstanding))
		f.number(6, t.claims)
		f.link(7, f.word("结算批次", "Settlements"))
		f.row++
	}
	f.totals(first, []int{1, 2, 6}, []int{3, 4, 5}, 7)
}

func (f *front) credits() {
	list := f.run.Result.Credits
	if len(list) == 0 {
		return
	}
	f.section(f.word("银行入账", "Bank credits"), f.word("认领结果", "Outcome"), f.word("笔数", "Count"), f.word("金额(元)", "Amount (CNY)"), f.word("明细", "Details"))
	first := f.row
	for outcome, t := range creditTotals(list) {
		if t.count == 0 {
			continue
		}
		f.text(0, f.st.label, outcomeNames[outcome].in(f.run.Lang))
		f.number(1, t.count)
		f.amount(2, base(t.amount))
		f.link(3, f.word("银行入账", "Bank credits"))
		f.row++
	}
	f.totals(first, []int{1}, []int{2}, 3)
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
	trendAcquirers = 6
	trendDays      = 31
)

func (f *front) trend() {
	days, acquirers, amounts := trendTable(f.run.Result.Trend, f.word("其他", "Others"))
	if len(days) == 0 {
		return
	}
	head := append([]string{f.word("日期", "Day")}, acquirers...)
	head = append(head, f.word("未平金额(元)", "Open (CNY)"))
	f.section(f.word("每日趋势：各收单机构的交易金额(元)", "By day: amounts per acquirer (CNY)"), head...)
	first := f.row
	for i, day := range days {
		f.grid.date(f.row, 0, f.st.date, day)
		for j, amount := range amounts[i] {
			f.amount(j+1, amount)
		}
		f.row++
	}
	c := &f.charts[len(f.charts)-1]
	c.title, c.first, c.last, c.head = f.word("各收单机构每日金额(元)", "By day and acquirer (CNY)"), first, f.row-1, first-1
	for j := range head[1:] {
		c.series = append(c.series, j+1)
	}
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
	f.section(f.word("账目核对：读入的每一行都有着落", "Proof: every row read is accounted for"), f.word("一方", "Side"), f.word("读入行数", "Rows read"),
		f.word("接受", "Accepted"), f.word("拒绝", "Rejected"), f.word("跳过(空行/标题)", "Skipped"), f.word("接受金额(元)", "Accepted (CNY)"),
		f.word("归组行数", "In groups"), f.word("归组金额(元)", "In groups (CNY)"), f.word("核对", "Check"))
	for side := record.SidePos; side <= record.SideBank; side++ {
		p := &f.run.Result.Proof.Sides[side]
		if p.Read == 0 && p.Accepted == 0 {
			continue
		}
		f.text(0, f.st.label, sideNames[side].in(f.run.Lang))
		for i, n := range []int64{p.Read, p.Accepted, p.Rejected, p.Skipped} {
			f.number(1+i, n)
		}
		f.amount(5, base(p.Amount))
		f.number(6, p.Grouped)
		f.amount(7, base(p.GroupedAmount))
		f.judge(8, sideAgrees(p), f.word("相符", "agrees"), f.word("不符", "DIFFERS"))
		f.row++
	}
	if s := f.run.Result.Proof.Failure; s != "" {
		f.merge(f.row, 0, lastWide, f.st.bad, s)
		f.row++
	}
}

func sideAgrees(p *result.SideProof) bool {
	return p.Read == p.Accepted+p.Rejected+p.Skipped && p.Grouped == p.Accepted && slices.Equal(p.Amount, p.GroupedAmount)
}

// files shows every input in one line. What a file declares of itself and how
// it was read stands in the run log too.
func (f *front) files() {
	f.section(f.word("输入文件", "Input files"), f.word("文件", "File"), "", f.word("一方", "Side"), f.word("版式", "Layout"), f.word("接受", "Accepted"),
		f.word("金额(元)", "Amount (CNY)"), f.word("拒绝", "Rejected"), f.word("跳过", "Skipped"), f.word("使用/控制总数", "Use / control"), "", "SHA-256")
	f.merge(f.row-1, 0, 1, f.st.head, f.word("文件", "File"))
	f.merge(f.row-1, lastWide+1, lastFront, f.st.head, "SHA-256")
	for i := range f.run.Files {
		file := &f.run.Files[i]
		f.merge(f.row, 0, 1, f.st.wrap, file.Name)
		f.text(2, f.st.value, sideNames[file.Side].in(f.run.Lang))
		f.text(3, f.st.value, file.Layout)
		f.number(4, file.Accepted)
		f.amount(5, base(file.Amount))
		f.number(6, file.Rejected)
		f.number(7, file.Skipped)
		f.use(file)
		f.merge(f.row, lastWide+1, lastFront, f.st.digest, file.SHA256)
		if lines := wrappedLines(file.Name, frontColumns[0]+frontColumns[1]); lines > 1 {
			f.height(f.row, frontLine*float64(min(lines, maxLines)))
		}
		f.row++
	}
}

// use says whether a file was used, and whether it agrees with what it
// declares of itself.
func (f *front) use(file *File) {
	switch {
	case file.DuplicateOf != "":
		f.text(8, f.st.value, f.word("重复，未用", "duplicate"))
	case len(file.Problems) > 0 && file.Accepted == 0:
		f.text(8, f.st.bad, f.word("拒收", "refused"))
	case file.Control == nil:
		f.text(8, f.st.value, f.word("已用，未申报", "used, none"))
	default:
		f.judge(8, file.Control.OK, f.word("已用，相符", "used, agrees"), f.word("不符", "DIFFERS"))
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
