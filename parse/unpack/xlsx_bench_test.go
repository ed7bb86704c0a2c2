package unpack

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/text"

	"github.com/xuri/excelize/v2"
)

// benchRows is the size of the benchmark's sheet; DUIZHANG_BENCH_ROWS sets
// another.
func benchRows() int {
	if n, err := strconv.Atoi(os.Getenv("DUIZHANG_BENCH_ROWS")); err == nil {
		return n
	}
	return 20_000
}

// benchBook is a clearing file of 14 columns: four texts that are different in
// every row, five that repeat, four amounts, a date.
func benchBook(b *testing.B, rows int, inline bool) []byte {
	b.Helper()
	var sheet, shared strings.Builder
	index := map[string]int{}
	text := func(ref, s string) {
		if inline {
			fmt.Fprintf(&sheet, `<c r="%s" t="inlineStr"><is><t>%s</t></is></c>`, ref, s)
			return
		}
		i, ok := index[s]
		if !ok {
			i = len(index)
			index[s] = i
			shared.WriteString(`<si><t>` + s + `</t></si>`)
		}
		fmt.Fprintf(&sheet, `<c r="%s" t="s"><v>%d</v></c>`, ref, i)
	}
	for r := 1; r <= rows; r++ {
		n := strconv.Itoa(r)
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:14">`, r)
		text("A"+n, fmt.Sprintf("%08d", 10000000+r*7919%1000))
		text("B"+n, fmt.Sprintf("%012d", 260105000000+r*31))
		text("C"+n, fmt.Sprintf("OD20260105%010d", r))
		text("D"+n, fmt.Sprintf("4200001%018d", r*97))
		text("E"+n, fmt.Sprintf("2026-01-05 %02d:%02d:%02d", r/3600%24, r/60%60, r%60))
		text("F"+n, []string{"消费", "退货", "撤销"}[r%3])
		text("G"+n, []string{"借记卡", "贷记卡", "准贷记卡"}[r%3])
		text("H"+n, fmt.Sprintf("人民路%d号门店", r%50))
		text("I"+n, "拉卡拉")
		for i, c := range "JKLM" {
			fmt.Fprintf(&sheet, `<c r="%c%d" s="1"><v>%d.%02d</v></c>`, c, r, r*7%5000/(i+1), r%100)
		}
		fmt.Fprintf(&sheet, `<c r="N%d" s="2"><v>%d</v></c></row>`, r, 46000+r%30)
	}
	styles := `<styleSheet ` + nsMain + `><cellXfs><xf numFmtId="0"/><xf numFmtId="4"/><xf numFmtId="14"/></cellXfs></styleSheet>`
	return makeBook(b, bookParts{sheets: []string{sheetXML(sheet.String())}, styles: styles, strings: `<sst ` + nsMain + `>` + shared.String() + `</sst>`})
}

func BenchmarkXLSX(b *testing.B) {
	for _, inline := range []bool{false, true} {
		name := map[bool]string{false: "shared", true: "inline"}[inline]
		book := benchBook(b, benchRows(), inline)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				wantRows(b, readSheetRows(b, book))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*benchRows()), "ns/row")
		})
	}
}

// BenchmarkAgainstExcelize reads the same workbooks in turn with excelize's
// Rows, raw, and with our reader, and gives the ratios of their times, by the
// clock and of the processors.
func BenchmarkAgainstExcelize(b *testing.B) {
	for _, inline := range []bool{false, true} {
		book := benchBook(b, benchRows(), inline)
		b.Run(map[bool]string{false: "shared", true: "inline"}[inline], func(b *testing.B) {
			var ours, theirs cost
			for b.Loop() {
				theirs.of(func() { wantRows(b, readExcelize(b, book)) })
				ours.of(func() { wantRows(b, readSheetRows(b, book)) })
			}
			rows := float64(benchRows()) * float64(b.N)
			b.ReportMetric(float64(theirs.wall)/float64(ours.wall), "x-wall")
			if ours.cpu > 0 {
				b.ReportMetric(float64(theirs.cpu)/float64(ours.cpu), "x-cpu")
			}
			b.ReportMetric(float64(ours.wall)/rows, "ours-ns/row")
			b.ReportMetric(float64(theirs.wall)/rows, "theirs-ns/row")
		})
	}
}

func wantRows(b *testing.B, n int) {
	if n != benchRows() {
		b.Fatal(n)
	}
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

func readSheetRows(b *testing.B, book []byte) (rows int) {
	blobs := openAll("a", sourceOf(book), text.Workspace{})
	defer blobs[0].Close()
	if blobs[0].Problem != nil {
		b.Fatal(blobs[0].Problem)
	}
	err := blobs[0].Book.Rows(0, func(_ int, cells []Cell) error {
		if len(cells) == 14 {
			rows++
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return rows
}

func readExcelize(b *testing.B, book []byte) (n int) {
	f, err := excelize.OpenReader(bytes.NewReader(book), excelize.Options{RawCellValue: true})
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := f.Rows("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		cells, err := rows.Columns()
		if err != nil {
			b.Fatal(err)
		}
		if len(cells) == 14 {
			n++
		}
	}
	return n
}
