package report

import (
	"slices"
	"strconv"

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

// frontColumns are the least widths of the front page's columns: wide tables
// take the first nine; the last four are for narrow tables beside them.
var frontColumns = [...]int{26, 13, 13, 16, 16, 16, 14, 16, 16, 1, 18, 10, 16, 16}

const (
	lastWide   = 8  // last column of the wide tables
	middle     = 4  // first column of a table in the middle
	right      = 10 // first column of the tables on the right
	lastFront  = len(frontColumns) - 1
	frontLine  = 15.0 // height of a row in points
	frontPages = 2    // pages that the front page is made to fit
)

func (b *book) front() *front {
	f := &front{run: b.run, st: &b.styles, row: 1, sheets: map[string]bool{}}
	f.grid.name = f.word("汇总", "Summary")
	for _, p := range b.parts() {
		f.sheets[p.name] = true
	}
	f.head()
	f.beside(tableAt{0, f.outcomes}, tableAt{right, f.flags})
	f.beside(tableAt{0, f.ageing}, tableAt{middle, f.timings}, tableAt{right, f.credits})
	f.placeCharts()
	f.beside(tableAt{0, f.settlements}, tableAt{right, f.moneyProof})
	f.proof()
	f.files()
	f.trend()
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

func (f *front) head() {
	r := f.run.Result
	f.text(0, f.st.title, f.word("对账报告", "Reconciliation report"))
	f.height(1, 26)
	f.height(2, 20)
	f.row = 2
	f.text(0, f.st.totalLabel, f.word("对账日期", "As of"))
	f.grid.date(2, 1, f.st.date, r.AsOf)
	f.text(2, f.st.totalLabel, f.word("账目核对", "Proof"))
	f.judge(3, r.Proof.Balanced, f.word("平衡", "balanced"), f.word("不平衡", "NOT balanced"))
	open, rejected := int64(0), int64(0)
	for _, m := range openOutcomes {
		open += r.Match[m].Groups
	}
	for _, p := range r.Proof.Sides {
		rejected += p.Rejected
	}
	f.text(4, f.st.totalLabel, f.word("需处理", "To be handled"))
	n := commas(strconv.FormatInt(open, 10)) + f.word(" 组", " groups")
	f.judge(5, open == 0, n, n)
	f.text(6, f.st.totalLabel, f.word("拒绝的行", "Rejected rows"))
	n = commas(strconv.FormatInt(rejected, 10)) + f.word(" 行", " rows")
	f.judge(7, rejected == 0, n, n)
	f.row = 3
}

// judge writes one of two words, in green or in red.
func (f *front) judge(i int, ok bool, good, bad string) {
	if ok {
		f.text(i, f.st.good, good)
	} else {
		f.text(i, f.st.bad, bad)
	}
}

// openOutcomes want somebody's attention.
var openOutcomes = []result.Match{result.Partial, result.Over, result.Conflict, result.PosOnly, result.ClearingOnly, result.Duplicate, result.Suggested}

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
		smallest = 0.6
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
