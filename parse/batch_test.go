package parse

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
)

// A PayPal settlement report sums up itself by currency and direction, amounts
// and fees: whatever is changed, dropped, doubled or turned round is told with the
// line of the total. Of a part of a report its totals are not those of the part.
func TestAPayPalReportIsHeldAgainstItsTotals(t *testing.T) {
	b, err := os.ReadFile("testdata/layouts/paypal-stl/STL-20260302.01.009.CSV")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(b)
	opt := &Options{Layouts: builtin(t), AsOf: record.Civil(2026, 3, 10)}
	path := t.TempDir() + "/STL-20260302.01.009.CSV"
	read := func(text string) proof { return proofOf(t, path, []byte(text), opt) }
	if g := read(whole); g.told() || g.file.Control == nil || !g.file.Control.OK {
		t.Fatalf("%+v, %v", g.file.Control, g.file.Problems)
	}
	line := strings.SplitAfter(whole, "\n")[6]
	for name, text := range map[string]string{
		"amount":        strings.Replace(whole, `"CR",10000,"USD"`, `"CR",10001,"USD"`, 1),
		"another's":     strings.Replace(whole, `"CR",500000,"JPY"`, `"CR",500001,"JPY"`, 1),
		"currency":      strings.Replace(whole, `"CR",10000,"USD"`, `"CR",10000,"JPY"`, 1),
		"direction":     strings.Replace(whole, `"CR",10000,"USD"`, `"DR",10000,"USD"`, 1),
		"fee":           strings.Replace(whole, `"DR",320,"USD"`, `"DR",321,"USD"`, 1),
		"fee's word":    strings.Replace(whole, `"CR",64,"USD"`, `"DR",64,"USD"`, 1),
		"row dropped":   strings.Replace(whole, line, "", 1),
		"row doubled":   strings.Replace(whole, line, line+line, 1),
		"total changed": strings.Replace(whole, `"RF","USD",10000,9744,64`, `"RF","USD",10000,9744,65`, 1),
	} {
		g := read(text)
		if text == whole || !g.refused || g.line == 0 || g.file.Problems[0].Code != layout.CodeControlAmount && g.file.Problems[0].Code != layout.CodeControlRows {
			t.Errorf("%s: %v", name, g.file.Problems)
		}
	}
	second := strings.NewReplacer(`"FH",01`, `"FH",02`, `"RF","USD",10000`, `"RF","USD",77777`).Replace(whole)
	if g := read(second); g.told() {
		t.Errorf("second part of a report: %v", g.file.Problems)
	}
}

// The fee of a chargeback is a cost, though the amount beside it goes out.
func TestAFeeGoesAsItsOwnColumnSays(t *testing.T) {
	b, err := os.ReadFile("testdata/layouts/paypal-trr/TRR-20260302.01.009.CSV")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), `"DR",2000,"USD","CR",64`, `"DR",2000,"USD","DR",64`, 1)
	r := reading{name: "TRR-20260302.01.009.CSV", asOf: record.Civil(2026, 3, 10)}
	rows := r.read(t, []byte(text)).rows
	if text == string(b) || rows[len(rows)-1].Fee != 64 || rows[0].Fee != 320 {
		t.Errorf("fees %v, %v", rows[0].Fee, rows[len(rows)-1].Fee)
	}
}

// A batch of an Adyen settlement report adds up to nothing with its payout:
// whatever is changed, dropped, doubled or turned round is told with a line. A
// batch without its payout goes on elsewhere.
func TestABatchIsHeldAgainstItsPayout(t *testing.T) {
	b, err := os.ReadFile("testdata/layouts/adyen-settlement/settlement_detail_report_batch_12.csv")
	if err != nil {
		t.Fatal(err)
	}
	whole := string(b)
	lines := strings.SplitAfter(strings.TrimSuffix(whole, "\n"), "\n")
	path := t.TempDir() + "/settlement_detail_report_batch_12.csv"
	for _, chunk := range []int{0, 128} {
		opt := &Options{Layouts: builtin(t), AsOf: record.Civil(2026, 3, 10), chunk: chunk}
		read := func(text string) proof { return proofOf(t, path, []byte(text), opt) }
		g := read(whole)
		if want := (layout.Check{Kind: layout.CheckBatch, Lines: 5, OK: true}); g.told() || !slices.Contains(g.file.Checks, want) {
			t.Fatalf("%+v, %v", g.file.Checks, g.file.Problems)
		}
		for name, text := range map[string]string{
			"net of another currency": strings.Replace(whole, "HKD,39.00,,,,,,mc", "HKD,38.00,,,,,,mc", 1),
			"fee row":                 strings.Replace(whole, "HKD,0.80", "HKD,0.90", 1),
			"payout":                  strings.Replace(whole, "HKD,39.00,,,,,,,,12", "HKD,93.00,,,,,,,,12", 1),
			"row dropped":             strings.Replace(whole, lines[3], "", 1),
			"row doubled":             strings.Replace(whole, lines[1], lines[1]+lines[1], 1),
			"turned":                  strings.Replace(whole, "HKD,0.80,,", "HKD,,0.80,", 1),
		} {
			if g := read(text); text == whole || !g.refused || g.line == 0 || g.file.Problems[0].Code != layout.CodeBatchOpen {
				t.Errorf("%s: %v", name, g.file.Problems)
			}
		}
		if g := read(strings.Replace(whole, "98.80", "98.70", 1)); !g.told() || g.line != 2 {
			t.Errorf("gross less costs is not net, and line %d is told: %v", g.line, g.file.Problems)
		}
		open := strings.Join(lines[:len(lines)-1], "")
		if g := read(open); g.told() || slices.ContainsFunc(g.file.Checks, func(c layout.Check) bool { return c.Kind == layout.CheckBatch }) {
			t.Errorf("a batch that goes on: %+v %v", g.file.Checks, g.file.Problems)
		}
	}
}
