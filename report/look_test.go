package report

import (
	"os"
	"testing"

	"duizhang/parse"
)

// TestSampleForLooking writes the sample where REPORT_SAMPLE says, for a look
// at it in a spreadsheet program.
func TestSampleForLooking(t *testing.T) {
	dir := os.Getenv("REPORT_SAMPLE")
	if dir == "" {
		t.Skip("REPORT_SAMPLE names no folder")
	}
	write(t, sample(parse.ZH), Output{Workbook: dir + "/zh.xlsx", CSV: dir + "/csv"})
	write(t, sample(parse.EN), Output{Workbook: dir + "/en.xlsx"})
	if err := WriteTerminal(os.Stdout, Summarize(sample(parse.ZH), dir+"/zh.xlsx", 0), parse.ZH); err != nil {
		t.Fatal(err)
	}
}
