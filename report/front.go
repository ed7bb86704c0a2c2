package report

import (
	"cmp"
	"slices"
	"strconv"

	"duizhang/match"
	"duizhang/parse"
	"duizhang/parse/money"
)

// figures are what rendering the groups adds to the result's own totals.
type figures struct {
	ages [len(ageBuckets)]ageTotal
}

type ageTotal struct {
	groups int64
	owed   sum
}

// ageBuckets are the ages, in days since the due date, by which what is owed
// is shown.
var ageBuckets = [...]struct {
	upTo int
	name text
}{
	{0, text{"当日", "due today"}},
	{1, text{"1 天", "1 day"}},
	{3, text{"2-3 天", "2-3 days"}},
	{7, text{"4-7 天", "4-7 days"}},
	{30, text{"8-30 天", "8-30 days"}},
	{1 << 30, text{"30 天以上", "over 30 days"}},
}

func (f *figures) add(l *line) {
	owed := l.owed()
	if c := l.currency(); owed == 0 || c != "" && c != baseCurrency {
		return
	}
	age := l.age()
	for i := range ageBuckets {
		if age <= ageBuckets[i].upTo {
			f.ages[i].groups++
			f.ages[i].owed.add(owed)
			return
		}
	}
}

func (f *figures) merge(o *figures) {
	for i := range f.ages {
		f.ages[i].groups += o.ages[i].groups
		f.ages[i].owed.merge(o.ages[i].owed)
	}
}

// front composes 汇总.
type front struct {
	grid
	run    *Run
	st     *styles
	row    int // the next free row
	sheets map[string]bool
	charts []frontChart
}

// frontColumns are the least widths of the front page's columns; together they
// fill an A4 landscape page at nearly full size.
var frontColumns = [...]int{25, 14, 16, 14, 16, 17, 14, 17, 17}

// lastFront is the last column of the front page.
const lastFront = len(frontColumns) - 1

func (b *book) front(fig *figures) *front {
	f := &front{run: b.run, st: &b.styles, row: 1, sheets: map[string]bool{}}
	f.grid.name = f.word("汇总", "Summary")
	for _, p := range b.parts() {
		f.sheets[p.name] = true
	}
	f.head()
	f.outcomes()
	ages := f.ageing(fig)
	f.placeCharts(ages)
	f.timings()
	f.settlements()
	f.credits()
	f.flags()
	f.trend()
	f.proof()
	f.files()
	f.fit()
	return f
}

func (f *front) word(zh, en string) string { return text{zh, en}.in(f.run.Lang) }

// section begins a table: its heading and its header row.
func (f *front) section(heading string, columns ...string) {
	f.row++
	f.put(f.row, 0, f.st.heading, heading)
	f.height(f.row, 20)
	f.row++
	for i, c := range columns {
		f.put(f.row, i, f.st.head, c)
	}
	f.row++
}

func (f *front) head() {
	r := f.run.Result
	f.put(1, 0, f.st.title, f.word("对账报告", "Reconciliation report"))
	f.height(1, 26)
	f.put(2, 0, f.st.totalLabel, f.word("对账日期", "As of"))
	f.grid.date(2, 1, f.st.date, r.AsOf)
	f.put(2, 2, f.st.totalLabel, f.word("账目核对", "Proof"))
	if r.Proof.Balanced {
		f.put(2, 3, f.st.good, f.word("平衡", "balanced"))
	} else {
		f.put(2, 3, f.st.bad, f.word("不平衡", "NOT balanced"))
	}
	f.put(2, 4, f.st.totalLabel, f.word("需处理", "To be handled"))
	open := int64(0)
	for _, m := range openOutcomes {
		open += r.Match[m].Groups
	}
	style := f.st.good
	if open > 0 {
		style = f.st.bad
	}
	f.put(2, 5, style, f.word(commas(strconv.FormatInt(open, 10))+" 组", commas(strconv.FormatInt(open, 10))+" groups"))
	f.put(2, 6, f.st.totalLabel, f.word("拒绝的行", "Rejected rows"))
	rejected := int64(0)
	for _, p := range r.Proof.Sides {
		rejected += p.Rejected
	}
	style = f.st.good
	if rejected > 0 {
		style = f.st.bad
	}
	f.put(2, 7, style, f.word(commas(strconv.FormatInt(rejected, 10))+" 行", commas(strconv.FormatInt(rejected, 10))+" rows"))
	f.height(2, 20)
	f.row = 3
}

// openOutcomes want somebody's attention.
var openOutcomes = []match.Match{match.Partial, match.Over, match.Conflict, match.PosOnly, match.ClearingOnly, match.Duplicate, match.Suggested}

// sheetOf is the sheet on which the groups of an outcome stand.
func (f *front) sheetOf(m match.Match) string {
	switch m {
	case match.Matched:
		return f.word("一致明细", "Matched")
	case match.Partial, match.Over:
		return f.word("部分到账", "Partial")
	case match.Voided:
		return f.word("退款与撤销", "Refunds and voids")
	case match.Suggested:
		return f.word("疑似匹配", "Suggested")
	case match.InTransit, match.FailedMatch:
		return f.word("在途与失败", "In transit and failed")
	}
	return f.word("未匹配", "Unmatched")
}

// link leads to a sheet, if the workbook has it.
func (f *front) link(col int, sheet string) {
	if !f.sheets[sheet] {
		f.put(f.row, col, f.st.value, "")
		return
	}
	f.put(f.row, col, f.st.linkCell, sheet+" →")
	f.links = append(f.links, gridLink{cellName(f.row, col), sheet})
}

func (f *front) outcomes() {
	f.section(f.word("对账结果", "Outcomes"), f.word("结果", "Outcome"), f.word("组数", "Groups"), f.word("商户笔数", "POS rows"),
		f.word("收单笔数", "Clearing rows"), f.word("商户金额(元)", "POS amount (CNY)"), f.word("清算金额(元)", "Cleared (CNY)"),
		f.word("外币", "Other money"), f.word("差额(元)", "Difference (CNY)"), f.word("明细", "Details"))
	first := f.row
	for m := range match.NumMatch {
		t := &f.run.Result.Match[m]
		if t.Groups == 0 && m != match.Matched {
			continue
		}
		f.put(f.row, 0, f.st.label, matchNames[m].in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, t.Groups)
		f.count64(f.row, 2, f.st.count, t.PosRows)
		f.count64(f.row, 3, f.st.count, t.ClearingRows)
		f.money(f.row, 4, f.st.amount, base(t.PosAmount))
		f.money(f.row, 5, f.st.amount, base(t.ClearingAmount))
		f.put(f.row, 6, f.st.value, foreignText(t.PosAmount, t.ClearingAmount))
		f.money(f.row, 7, f.st.amount, base(t.ClearingAmount)-base(t.PosAmount))
		f.link(8, f.sheetOf(m))
		f.row++
	}
	f.totals(first, map[int]bool{1: true, 2: true, 3: true}, map[int]bool{4: true, 5: true, 7: true}, lastFront)
	// The matched groups are so many that the others would not be seen.
	if f.row-1 > first+1 {
		f.charts = append(f.charts, frontChart{title: f.word("差异组数", "Groups by outcome"), kind: chartBar, first: first + 1, last: f.row - 2, series: []int{1}, head: first - 1})
	}
}

// foreignText lists amounts in other currencies, POS and clearing.
func foreignText(pos, clearing match.Sums) string {
	if !foreign(pos) && !foreign(clearing) {
		return ""
	}
	only := func(s match.Sums) match.Sums {
		return slices.DeleteFunc(slices.Clone(s), func(s match.Sum) bool { return s.Currency == "" || s.Currency == baseCurrency })
	}
	return "POS " + sumsText(only(pos)) + "\n" + sumsText(only(clearing))
}

// totals closes a table with the sums of its columns.
func (f *front) totals(first int, counts, amounts map[int]bool, last int) {
	f.put(f.row, 0, f.st.totalLabel, f.word("合计", "Total"))
	for col := 1; col <= last; col++ {
		n, ok := f.columnSum(first, col)
		at := "SUM(" + cellName(first, col) + ":" + cellName(f.row-1, col) + ")"
		switch {
		case counts[col] && ok:
			f.set(f.row, col, gridValue{style: f.st.totalInt, body: "<f>" + at + "</f><v>" + strconv.FormatInt(int64(n), 10) + "</v>"})
		case amounts[col] && ok:
			f.formula(f.row, col, f.st.totalMoney, at, sum{fen: n})
		default:
			f.put(f.row, col, f.st.totalLabel, "")
		}
	}
	f.row++
}

// columnSum adds the numbers of a column as they were written: counts as
// counts, amounts in fen.
func (f *front) columnSum(first, col int) (n money.Fen, ok bool) {
	var t sum
	for row := first; row < f.row; row++ {
		body := f.cells[[2]int{row, col}].body
		if body == "" {
			return 0, false
		}
		digits := body[len("<v>") : len(body)-len("</v>")]
		if v, used := readYuan([]byte(digits)); used > 0 {
			t.add(v)
			continue
		}
		v, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return 0, false
		}
		t.add(money.Fen(v))
	}
	return t.fen, !t.overflow && first < f.row
}

func (f *front) ageing(fig *figures) (ages frontChart) {
	f.section(f.word("应追账龄", "Owed, by age"), f.word("账龄(自应到账日)", "Age since due"), f.word("组数", "Groups"), f.word("应追金额(元)", "Owed (CNY)"))
	first := f.row
	for i := range ageBuckets {
		f.put(f.row, 0, f.st.label, ageBuckets[i].name.in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, fig.ages[i].groups)
		f.money(f.row, 2, f.st.amount, fig.ages[i].owed.fen)
		f.row++
	}
	f.totals(first, map[int]bool{1: true}, map[int]bool{2: true}, 2)
	return frontChart{title: f.word("应追金额账龄(元)", "Owed by age (CNY)"), kind: chartColumn, first: first, last: f.row - 2, series: []int{2}, head: first - 1}
}

// chartRows is the height of a chart in rows.
const chartRows = 14

// placeCharts leaves room for the charts behind what is there.
func (f *front) placeCharts(ages frontChart) {
	f.charts = append(f.charts, ages)
	f.row++
	for i := range f.charts {
		f.charts[i].at = f.row
	}
	f.row += chartRows
}

func (f *front) timings() {
	r := f.run.Result
	f.section(f.word("到账时效", "Timing"), f.word("时效", "Timing"), f.word("组数", "Groups"), f.word("金额(元)", "Amount (CNY)"), f.word("明细", "Details"))
	first := f.row
	for t := range match.NumTiming {
		if r.Timing[t].Groups == 0 {
			continue
		}
		f.put(f.row, 0, f.st.label, timingNames[t].in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, r.Timing[t].Groups)
		f.money(f.row, 2, f.st.amount, base(r.Timing[t].Amount))
		sheet := ""
		if t == match.Late || t == match.Overdue {
			sheet = f.word("延迟到账", "Late")
		}
		f.link(3, sheet)
		f.row++
	}
	f.totals(first, map[int]bool{1: true}, map[int]bool{2: true}, 3)
}

func (f *front) settlements() {
	list := f.run.Result.Settlements
	if len(list) == 0 {
		return
	}
	f.section(f.word("结算批次", "Settlements"), f.word("到账情况", "Credit"), f.word("批次数", "Count"), f.word("应结净额(元)", "Net (CNY)"),
		f.word("逾期批次", "Overdue"), f.word("已到账(元)", "Credited (CNY)"), f.word("未到账(元)", "Outstanding (CNY)"), f.word("明细", "Details"))
	first := f.row
	totals := settlementTotals(list)
	for state, t := range totals {
		if t.count == 0 {
			continue
		}
		f.put(f.row, 0, f.st.label, creditNames[state].in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, t.count)
		f.money(f.row, 2, f.st.amount, base(t.net))
		f.count64(f.row, 3, f.st.count, t.overdue)
		f.money(f.row, 4, f.st.amount, base(t.credited))
		f.money(f.row, 5, f.st.amount, base(t.outstanding))
		f.link(6, f.word("结算批次", "Settlements"))
		f.row++
	}
	f.totals(first, map[int]bool{1: true, 3: true}, map[int]bool{2: true, 4: true, 5: true}, 6)
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
		f.put(f.row, 0, f.st.label, outcomeNames[outcome].in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, t.count)
		f.money(f.row, 2, f.st.amount, base(t.amount))
		f.link(3, f.word("银行入账", "Bank credits"))
		f.row++
	}
	f.totals(first, map[int]bool{1: true}, map[int]bool{2: true}, 3)
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
		f.put(f.row, 0, f.st.label, flagNames[bit].in(f.run.Lang))
		f.count64(f.row, 1, f.st.count, n)
		sheet := ""
		switch flag := match.Flags(1 << bit); {
		case flag == match.FeeDiff:
			sheet = f.word("手续费差异", "Fee differences")
		case flag == match.RefundLate:
			sheet = f.word("退款与撤销", "Refunds and voids")
		case flag&riskFlags != 0:
			sheet = f.word("风险提示", "Risks")
		}
		f.link(2, sheet)
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
			f.money(f.row, j+1, f.st.amount, amount)
		}
		f.row++
	}
	series := make([]int, 0, len(acquirers)+1)
	for j := range head[1:] {
		series = append(series, j+1)
	}
	f.charts = append(f.charts, frontChart{title: f.word("每日趋势(元)", "By day (CNY)"), kind: chartTrend, first: first, last: f.row - 1, series: series, head: first - 1, at: f.charts[0].at})
}

// trendTable arranges the points as days × acquirers, the largest acquirers
// first and the rest together; the last column is what is open.
func trendTable(points []match.TrendPoint, others string) (days []parse.Date, acquirers []string, amounts [][]money.Fen) {
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
	for side := parse.SidePos; side <= parse.SideBank; side++ {
		p := &f.run.Result.Proof.Sides[side]
		if p.Read == 0 && p.Accepted == 0 {
			continue
		}
		f.put(f.row, 0, f.st.label, sideNames[side].in(f.run.Lang))
		for i, n := range []int64{p.Read, p.Accepted, p.Rejected, p.Skipped} {
			f.count64(f.row, 1+i, f.st.count, n)
		}
		f.money(f.row, 5, f.st.amount, base(p.Amount))
		f.count64(f.row, 6, f.st.count, p.Grouped)
		f.money(f.row, 7, f.st.amount, base(p.GroupedAmount))
		if sideAgrees(p) {
			f.put(f.row, 8, f.st.good, f.word("相符", "agrees"))
		} else {
			f.put(f.row, 8, f.st.bad, f.word("不符", "DIFFERS"))
		}
		f.row++
	}
	if s := f.run.Result.Proof.Failure; s != "" {
		f.merge(f.row, 0, lastFront, f.st.bad, s)
		f.row++
	}
}

func sideAgrees(p *match.SideProof) bool {
	return p.Read == p.Accepted+p.Rejected+p.Skipped && p.Grouped == p.Accepted && slices.Equal(p.Amount, p.GroupedAmount)
}

func (f *front) files() {
	f.section(f.word("输入文件", "Input files"), f.word("文件", "File"), f.word("一方", "Side"), f.word("版式", "Layout"), f.word("编码", "Encoding"),
		f.word("行数", "Rows"), f.word("接受", "Accepted"), f.word("拒绝", "Rejected"), f.word("跳过", "Skipped"), f.word("金额(元)", "Amount (CNY)"))
	for i := range f.run.Files {
		file := &f.run.Files[i]
		f.put(f.row, 0, f.st.wrap, file.Name)
		f.put(f.row, 1, f.st.value, sideNames[file.Side].in(f.run.Lang))
		f.put(f.row, 2, f.st.value, file.Layout)
		f.put(f.row, 3, f.st.value, file.Encoding)
		for j, n := range []int64{file.Rows, file.Accepted, file.Rejected, file.Skipped} {
			f.count64(f.row, 4+j, f.st.count, n)
		}
		f.money(f.row, 8, f.st.amount, base(file.Amount))
		f.tall(file.Name, file.Layout)
		f.row++
	}
	f.section(f.word("文件指纹与控制总数", "Digests and control totals"), f.word("文件", "File"), f.word("使用", "Use"), f.word("控制总数", "Control totals"),
		f.word("申报笔数", "Declared rows"), f.word("申报金额(元)", "Declared (CNY)"), "SHA-256")
	f.merge(f.row-1, 5, lastFront, f.st.head, "SHA-256")
	for i := range f.run.Files {
		f.fileDigest(&f.run.Files[i])
	}
}

// tall makes the current row high enough for the longest of its texts.
func (f *front) tall(texts ...string) {
	lines := 1
	for i, s := range texts {
		w := frontColumns[[...]int{0, 2}[i]]
		lines = max(lines, (width(s)+w-1)/w)
	}
	if lines > 1 {
		f.height(f.row, lineHeight*float64(min(lines, maxLines)))
	}
}

func (f *front) fileDigest(file *File) {
	f.put(f.row, 0, f.st.wrap, file.Name)
	use, style := f.word("已用", "used"), f.st.good
	switch {
	case file.DuplicateOf != "":
		use, style = f.word("重复，未用", "duplicate"), f.st.value
	case len(file.Problems) > 0 && file.Accepted == 0:
		use, style = f.word("拒收", "refused"), f.st.bad
	}
	f.put(f.row, 1, style, use)
	f.put(f.row, 2, f.st.value, f.word("未申报", "none"))
	f.put(f.row, 3, f.st.value, "")
	f.put(f.row, 4, f.st.value, "")
	if c := file.Control; c != nil {
		f.control(c)
	}
	f.merge(f.row, 5, lastFront, f.st.digest, file.SHA256)
	f.tall(file.Name)
	f.row++
}

func (f *front) control(c *Control) {
	if c.OK {
		f.put(f.row, 2, f.st.good, f.word("相符", "agree"))
	} else {
		f.put(f.row, 2, f.st.bad, f.word("不符", "DIFFER"))
	}
	if c.HasRows {
		f.count64(f.row, 3, f.st.count, c.DeclaredRows)
	}
	if c.HasAmount {
		f.money(f.row, 4, f.st.amount, c.DeclaredAmount)
	}
}

// fit sets the column widths so that no number shows as ####.
func (f *front) fit() {
	widths := frontColumns
	for at, v := range f.cells {
		if v.body != "" && at[1] <= lastFront {
			digits := v.body[lastTag(v.body):]
			widths[at[1]] = max(widths[at[1]], len(digits)-len("<v></v>")+len(digits)/3+1)
		}
	}
	for i, w := range widths {
		name := columnName(i)
		f.widths = append(f.widths, gridWidth{name, name, float64(w) + 0.7})
	}
}

// lastTag is where the <v> of a number begins.
func lastTag(body string) int {
	for i := len(body) - 3; i > 0; i-- {
		if body[i:i+3] == "<v>" {
			return i
		}
	}
	return 0
}

// settlementTotal sums the settlements of one credit state.
type settlementTotal struct {
	count, overdue             int64
	net, credited, outstanding match.Sums
}

func settlementTotals(list []match.Settlement) (t [match.NumCreditState]settlementTotal) {
	for i := range list {
		s := &list[i]
		k := &t[s.Credit]
		k.count++
		if s.Timing == match.Overdue {
			k.overdue++
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
	amount match.Sums
}

func creditTotals(list []match.Credit) (t [match.NumCreditOutcome]creditTotal) {
	for i := range list {
		t[list[i].Outcome].count++
		addTo(&t[list[i].Outcome].amount, list[i].Currency, list[i].Amount)
	}
	return t
}

// addTo adds an amount to the sum of its currency, keeping the order by code.
func addTo(sums *match.Sums, currency string, f money.Fen) {
	if currency == "" {
		currency = baseCurrency
	}
	i, ok := slices.BinarySearchFunc(*sums, currency, func(s match.Sum, c string) int { return cmp.Compare(s.Currency, c) })
	if !ok {
		*sums = slices.Insert(*sums, i, match.Sum{Currency: currency})
	}
	(*sums)[i].Amount += f
}
