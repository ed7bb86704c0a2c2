package report

import (
	"os"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
)

// TestSampleForLooking writes the sample where REPORT_SAMPLE says, for a look
// at it in a spreadsheet program.
func TestSampleForLooking(t *testing.T) {
	dir := os.Getenv("REPORT_SAMPLE")
	if dir == "" {
		t.Skip("REPORT_SAMPLE names no folder")
	}
	write(t, sample(problem.ZH), Output{Workbook: dir + "/zh.xlsx", CSV: dir + "/csv"})
	write(t, sample(problem.EN), Output{Workbook: dir + "/en.xlsx"})
	if err := WriteTerminal(os.Stdout, Summarize(sample(problem.ZH), dir+"/zh.xlsx", 0), problem.ZH); err != nil {
		t.Fatal(err)
	}
}
