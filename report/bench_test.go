package report

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/xuri/excelize/v2"
)

// benchRows is the number of rows of the writing benchmarks; REPORT_ROWS sets
// another.
func benchRows(b *testing.B) int {
	if s := os.Getenv("REPORT_ROWS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	return 100_000
}

// unmatched is a run of n sales that were not cleared.
func unmatched(n int) *Run {
	d := newDay(problem.ZH)
	for i := range n {
		d.group(result.Group{Match: result.PosOnly, Timing: result.Overdue, DueDate: yesterday, Pos: at(d.sale(d.pos, money.Fen(i*37%9999991+1), nil)), Reason: result.Reason{Code: result.ReasonNoFile, Day: yesterday}})
	}
	// One sheet only, to compare with one stream.
	for i := range d.run.Result.Groups {
		d.run.Result.Groups[i].Timing = result.TimingNone
	}
	return d.run
}

// perRow reports the time of a row, by the clock and of the processors: on a
// machine that does other work too, the latter tells more.
func perRow(b *testing.B, n int) func() {
	before := processorTime()
	return func() {
		rows := float64(n) * float64(b.N)
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
		b.ReportMetric(float64((processorTime()-before).Nanoseconds())/rows, "cpu-ns/row")
	}
}

// BenchmarkWorkbook writes a whole report: rows read again, rendered,
// compressed, put together, brought to the disk and read back.
func BenchmarkWorkbook(b *testing.B) {
	n := benchRows(b)
	run := unmatched(n)
	path := filepath.Join(b.TempDir(), "r.xlsx")
	report := perRow(b, n)
	for b.Loop() {
		write(b, run, Output{Workbook: path})
	}
	report()
}

// BenchmarkCSV writes transactions.csv.
func BenchmarkCSV(b *testing.B) {
	n := benchRows(b)
	run := unmatched(n)
	dir := b.TempDir()
	report := perRow(b, n)
	for b.Loop() {
		write(b, run, Output{CSV: dir})
	}
	report()
}

// BenchmarkAgainstStreamWriter writes the same rows in turn with excelize's
// StreamWriter and as a whole report, and gives the ratios of their times, by
// the clock and of the processors. The stream has the same cells in the same
// styles and nothing else: no totals, filters or drop-downs, no reading back.
func BenchmarkAgainstStreamWriter(b *testing.B) {
	n := benchRows(b)
	run := unmatched(n)
	path := filepath.Join(b.TempDir(), "r.xlsx")
	var ours, theirs cost
	for b.Loop() {
		theirs.of(func() { streamTo(b, run, path) })
		ours.of(func() { write(b, run, Output{Workbook: path}) })
	}
	rows := float64(n) * float64(b.N)
	b.ReportMetric(float64(theirs.wall)/float64(ours.wall), "x-wall")
	if ours.cpu > 0 {
		b.ReportMetric(float64(theirs.cpu)/float64(ours.cpu), "x-cpu")
	}
	b.ReportMetric(float64(ours.wall)/rows, "ours-ns/row")
	b.ReportMetric(float64(theirs.wall)/rows, "theirs-ns/row")
}

// cost is what some work took, by the clock and of the processors.
type cost struct{ wall, cpu time.Duration }

func (c *cost) of(work func()) {
	runtime.GC()
	began, cpu := time.Now(), processorTime()
	work()
	c.wall += time.Since(began)
	c.cpu += processorTime() - cpu
}

func streamTo(b *testing.B, run *Run, path string) {
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	if err := stream(b, run, f); err != nil {
		b.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		b.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		b.Fatal(err)
	}
}

func stream(b *testing.B, run *Run, w io.Writer) error {
	f := excelize.NewFile()
	defer f.Close()
	var st styles
	if err := st.define(f); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	row := 1
	groups := run.Result.Groups
	for from := 0; from < len(groups); from += batchGroups {
		lines, _, err := run.lines(b.Context(), groups[from:min(from+batchGroups, len(groups))])
		if err != nil {
			return err
		}
		for i := range lines {
			cell, err := excelize.CoordinatesToCellName(1, row)
			if err != nil {
				return err
			}
			if err := sw.SetRow(cell, streamRow(&st, &lines[i])); err != nil {
				return err
			}
			row++
		}
	}
	if err := sw.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}

// streamRow has the cells of a row of 未匹配.
func streamRow(st *styles, l *line) []any {
	text := func(s string) excelize.Cell { return excelize.Cell{StyleID: st.body[kText], Value: s} }
	money := func(f money.Fen) excelize.Cell {
		return excelize.Cell{StyleID: st.body[kMoney], Value: float64(f) / 100}
	}
	t, _ := l.time()
	return []any{
		text(matchNames[l.group.Match].in(l.lang)), text(flagWords(l.group.Flags, l.lang)), text(l.field(record.Acquirer)), text(l.field(record.MerchantID)),
		text(l.field(record.Store)), text(l.field(record.TerminalID)), excelize.Cell{StyleID: st.body[kTime], Value: float64(t)/86400 + serial},
		text(l.kindWords()), text(l.field(record.PayMethod)), text(l.field(record.CardTail)), text(l.of(orderOrChannel)), text(l.of(refOrTrace)),
		money(l.group.PosAmount), excelize.Cell{StyleID: st.body[kDate]}, excelize.Cell{StyleID: st.body[kMoney]},
		excelize.Cell{StyleID: st.body[kDate], Value: int(l.group.DueDate) + serial}, excelize.Cell{StyleID: st.body[kInt], Value: l.age()},
		text(l.sources()), text(l.reason()), excelize.Cell{StyleID: st.body[kDecision]}, excelize.Cell{StyleID: st.body[kNote]},
	}
}
