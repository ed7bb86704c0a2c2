package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
)

// front composes 汇总: tables below and beside each other, each at the current
// row and from the current column on.
type front struct {
	grid
	run    *Run
	st     *styles
	row    int // the next free row
	col    int // the first column of the table in the making
	sheets map[string]bool
	charts []frontChart
}

// frontColumns are the least widths of the front page's columns. Together they
// fit a screen of 1366 pixels.
var frontColumns = [...]int{15, 17, 7, 13, 13, 13, 13, 13, 13, 13, 13, 13, 13}

const (
	lastFront  = len(frontColumns) - 1
	frontLine  = 15.0 // height of a row in points
	frontPages = 3    // pages that the front page is made to fit
)

func (b *book) front() *front {
	f := &front{run: b.run, st: &b.styles, row: 1, sheets: map[string]bool{}}
	f.grid.name = f.word("汇总", "Summary")
	for _, p := range b.parts() {
		f.sheets[p.name] = true
	}
	f.head()
	f.owedTable()
	f.beside(tableAt{0, f.outcomes}, tableAt{10, f.flags})
	f.beside(tableAt{0, f.timings}, tableAt{5, f.credits}, tableAt{9, f.ageing})
	f.placeCharts()
	f.beside(tableAt{0, f.settlements}, tableAt{9, f.moneyProof})
	f.proof()
	f.files()
	if _, acquirers, _ := f.run.fileCalendar(); len(acquirers) <= lastFront-calendarAt {
		f.beside(tableAt{0, f.trend}, tableAt{calendarAt, func() { f.calendar(1) }})
	} else {
		f.trend()
		f.calendar(trendFirst)
	}
	f.fit()
	return f
}

func (f *front) word(zh, en string) string { return text{zh, en}.in(f.run.Lang) }

// tableAt makes a table from a column on.
type tableAt struct {
	col  int
	make func()
}

// beside makes tables from the same row on.
func (f *front) beside(tables ...tableAt) {
	top, bottom := f.row, f.row
	for _, t := range tables {
		f.row, f.col = top, t.col
		t.make()
		bottom = max(bottom, f.row)
	}
	f.row, f.col = bottom, 0
}

// text, number and amount write the i-th cell of the table's current row.
func (f *front) text(i, style int, s string) { f.put(f.row, f.col+i, style, s) }

func (f *front) number(i int, n int64) { f.count64(f.row, f.col+i, f.st.count, n) }

func (f *front) amount(i int, v money.Fen) { f.money(f.row, f.col+i, f.st.amount, v) }

// section begins a table: its heading and its header row.
func (f *front) section(heading string, columns ...string) {
	f.row++
	f.text(0, f.st.heading, heading)
	f.height(f.row, 20)
	f.row++
	for i, c := range columns {
		f.text(i, f.st.head, c)
	}
	f.row++
}

// head says in sentences how the run stands and who owes what.
func (f *front) head() {
	v, d := f.run.verdict(), f.run.toDo()
	f.text(0, f.st.title, f.word("对账报告", "Reconciliation report")+"　"+dateText(f.run.Result.AsOf))
	f.height(1, 26)
	f.row = 2
	banner := [...]int{allClear: f.st.good, needsWork: f.st.amber, notComplete: f.st.bad}
	f.merge(f.row, 0, lastFront, banner[v.state], v.words)
	f.height(f.row, 22)
	f.row++
	for _, n := range v.notes {
		f.sentence(banner[n.state], n.text)
	}
	for _, said := range owedSentences(&f.run.Result.Owed, f.run.Result.AsOf, f.run.Lang) {
		f.sentence(f.st.said, said)
	}
	if d.sum() > 0 {
		f.sentence(f.st.said, f.toDoText(&d))
	}
	for _, said := range f.ledgerText() {
		f.sentence(f.st.said, said)
	}
}

// frontWidth is how many characters a sentence across the page may have in a line.
func frontWidth() (n int) {
	for _, w := range frontColumns {
		n += w
	}
	return n
}

// sentence writes one across the page.
func (f *front) sentence(style int, said string) {
	f.merge(f.row, 0, lastFront, style, said)
	f.height(f.row, (frontLine+2)*float64(min(wrappedLines(said, frontWidth()), maxLines)))
	f.row++
}

// toDoText says of what the things to be handled are.
func (f *front) toDoText(d *toDo) string {
	var parts []string
	for _, it := range []struct {
		n      int64
		zh, en string
	}{
		{d.groups, "交易 %s 组", "%s groups"}, {d.settlements, "结算批次 %s 个", "%s settlements"}, {d.credits, "银行入账 %s 笔", "%s bank credits"},
		{d.rejects, "读不懂的行 %s 行", "%s rejected rows"}, {d.files, "拒收的文件 %s 个", "%s refused files"},
	} {
		if it.n > 0 {
			parts = append(parts, f.run.say(it.zh, it.en, commas(strconv.FormatInt(it.n, 10))))
		}
	}
	return f.word("需处理：", "To be handled: ") + strings.Join(parts, f.word("、", ", "))
}

// ledgerText says how the night stands to the one before.
func (f *front) ledgerText() []string {
	l := f.run.Ledger
	if l == nil {
		return nil
	}
	since := f.word("（账本的第一晚）", "(the ledger's first night)")
	if l.Base != 0 {
		since = f.run.say("（上一晚 %s）", "(the night before: %s)", dateText(l.Base))
	}
	list := []string{f.run.say("账本 %s%s：昨日未了结 %d 项，新增 %d 项，了结 %d 项，现有 %d 项；收单净欠 %s 元", "Ledger %s %s: %d items carried, %d opened, %d closed, %d open; %s owed net",
		dateText(l.Night), since, l.Carried, l.Opened, l.Closed, l.Open, grouped(l.Owed))}
	if l.Read > 0 {
		list = append(list, f.run.say("处理结果：读入 %d 条，采用 %d 条，有问题 %d 条：", "Decisions: %d read, %d applied, %d with a problem:", l.Read, l.Applied, l.Problems))
	}
	for i := range l.Decisions {
		if i == maxListedDecisions {
			return append(list, f.run.say("　… 其余 %d 条见运行记录", "   … %d more in the run log", len(l.Decisions)-i))
		}
		d := &l.Decisions[i]
		list = append(list, "　"+d.ItemID+" "+d.Effect)
	}
	return list
}

// maxListedDecisions bounds the decisions that the summary lists.
const maxListedDecisions = 12

// judge writes one of two words, in green or in red.
func (f *front) judge(i int, ok bool, good, bad string) {
	if ok {
		f.text(i, f.st.good, good)
	} else {
		f.text(i, f.st.bad, bad)
	}
}

// sheetOf is the sheet on which the groups of an outcome stand.
func (f *front) sheetOf(m result.Match) string {
	switch m {
	case result.Matched:
		return f.word("一致明细", "Matched")
	case result.Partial, result.Over:
		return f.word("部分到账", "Partial")
	case result.Voided:
		return f.word("退款与撤销", "Refunds and voids")
	case result.Suggested:
		return f.word("疑似匹配", "Suggested")
	case result.InTransit, result.FailedMatch:
		return f.word("在途与失败", "In transit and failed")
	}
	return f.word("未匹配", "Unmatched")
}

// link leads to the first of some sheets that the workbook has.
func (f *front) link(i int, names ...string) {
	for _, name := range names {
		if f.sheets[name] {
			f.text(i, f.st.linkCell, name+" →")
			f.links = append(f.links, gridLink{cellName(f.row, f.col+i), name})
			return
		}
	}
	f.text(i, f.st.value, "")
}

// linked is a word that leads to a sheet, if the workbook has it.
func (f *front) linked(i int, word, sheet string) {
	if !f.sheets[sheet] {
		f.text(i, f.st.label, word)
		return
	}
	f.text(i, f.st.linkCell, word)
	f.links = append(f.links, gridLink{cellName(f.row, f.col+i), sheet})
}

// totals closes a table with the sums of its columns: those of counts and
// those of amounts.
func (f *front) totals(first int, counts, amounts []int, last int) {
	f.text(0, f.st.totalLabel, f.word("合计", "Total"))
	for i := 1; i <= last; i++ {
		col := f.col + i
		n, ok := f.columnSum(first, col)
		at := "SUM(" + cellName(first, col) + ":" + cellName(f.row-1, col) + ")"
		switch {
		case ok && slices.Contains(counts, i):
			f.set(f.row, col, gridValue{style: f.st.totalInt, body: "<f>" + at + "</f><v>" + strconv.FormatInt(int64(n), 10) + "</v>"})
		case ok && slices.Contains(amounts, i):
			f.formula(f.row, col, f.st.totalMoney, at, sum{fen: n})
		default:
			f.text(i, f.st.totalLabel, "")
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

// pages is how many pages high the front page is printed: as few as leave it
// readable, any number beyond.
func (f *front) pages() int {
	const (
		paper    = 520.0 // of A4 landscape between the margins, in points
		smallest = 0.7
	)
	high := 0.0
	for row := 1; row < f.row; row++ {
		if h := f.heights[row]; h > 0 {
			high += h
		} else {
			high += frontLine
		}
	}
	if high*smallest > frontPages*paper {
		return 0
	}
	return frontPages
}
