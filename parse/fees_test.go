package parse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// acomnRow is one row of a UnionPay file of transactions, alfeeRow one of fees.
func acomnRow(trace, moment, terminal, merchant, fen, message, code string) string {
	b := []byte(acomnLine)
	for at, v := range map[int]string{24: trace, 31: moment, 62: fmt.Sprintf("%012s", fen), 101: message, 106: code, 118: terminal, 127: merchant, 143: "2603" + trace + "01"} {
		copy(b[at:], v)
	}
	return string(b) + "\n"
}

func alfeeRow(trace, moment, terminal, merchant, fee string) string {
	b := []byte(strings.Repeat(" ", 461))
	for at, v := range map[int]string{0: "48379219000", 12: "1", 14: "01", 17: "07", 20: "1", 22: "0", 24: "5398", 41: "48379219", 101: "0200", 106: "000000", 113: "00",
		116: trace, 123: moment, 134: "622262******4809", 255: terminal, 264: merchant, 293: "000000010000", 319: fee[:1] + fmt.Sprintf("%011s", fee[1:])} {
		copy(b[at:], v)
	}
	return string(b) + "\n"
}

const feeMerchant = "777290058160810"

// feeDay is a day of both files: the third fee has no transaction, the fourth
// is there twice, the fifth belongs to another terminal, the sixth fits two.
func feeDay() (acomn, alfee string) {
	sale := func(trace, moment, terminal string) string {
		return acomnRow(trace, moment, terminal, feeMerchant, "10000", "0200", "000000")
	}
	acomn = sale("000001", "0301103045", "01080209") + acomnRow("000002", "0301110000", "01080209", feeMerchant, "3000", "0220", "200000") +
		sale("000004", "0301120000", "01080209") + sale("000005", "0301130000", "01080209") +
		sale("000006", "0301140000", "01080209") + sale("000006", "0301140000", "01080209") + sale("000007", "0301150000", "01080209")
	fee := func(trace, moment, terminal, fee string) string {
		return alfeeRow(trace, moment, terminal, feeMerchant, fee)
	}
	alfee = fee("000001", "0301103045", "01080209", "D3") + fee("000002", "0301110000", "", "C2") + fee("000003", "0301113000", "01080209", "D5") +
		fee("000004", "0301120000", "01080209", "D7") + fee("000004", "0301120000", "01080209", "D7") +
		fee("000005", "0301130000", "01080299", "D9") + fee("000006", "0301140000", "01080209", "D11")
	return acomn, alfee
}

// feesRead reads files and shows each row's amount, fee and kind, and what the
// files say.
func feesRead(t *testing.T, opt *Options, dir string, names ...string) (rows, said []string) {
	t.Helper()
	in := openFiles(t, opt, dir, names...)
	s := in.Sets[record.SideClearing]
	got := scanAll(t, s, 3)
	recs, err := s.Records(context.Background(), 1, got.pos)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = s.Scan(context.Background(), 2, 0, func(int) func(*record.Row) { return func(*record.Row) {} })
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		text := fmt.Sprintf("%s %d %s", r.Source, r.Kind, r.Amount)
		if r.HasFee {
			text += " fee " + r.Fee.String()
		}
		rows = append(rows, text)
		n++
	}
	for _, f := range in.Files {
		said = append(said, fmt.Sprint(f.Name, " ", f.Rows, "=", f.Accepted, "+", f.Rejected, "+", f.Skipped, " ", f.Amount().Amount))
		for _, p := range f.Problems {
			said = append(said, fmt.Sprint(p.Code, p.Args))
		}
	}
	return rows, said
}

func TestFeesAreOnTheirTransactions(t *testing.T) {
	acomn, alfee := feeDay()
	dir := writeFiles(t, map[string]string{"IND26030101ACOMN": acomn, "IND26030199ALFEE": alfee})
	opt := func() *Options { return &Options{AsOf: record.Civil(2026, 3, 2), Layouts: builtin(t)} }
	wantRows := []string{
		"IND26030101ACOMN:1 1 100.00 fee 0.03", "IND26030101ACOMN:2 4 -30.00 fee -0.02", "IND26030101ACOMN:3 1 100.00", "IND26030101ACOMN:4 1 100.00",
		"IND26030101ACOMN:5 1 100.00", "IND26030101ACOMN:6 1 100.00", "IND26030101ACOMN:7 1 100.00",
		"IND26030199ALFEE:3 8 -0.05", "IND26030199ALFEE:4 8 -0.07", "IND26030199ALFEE:5 8 -0.07", "IND26030199ALFEE:6 8 -0.09", "IND26030199ALFEE:7 8 -0.11",
	}
	wantSaid := []string{"IND26030101ACOMN 7=7+0+0 570.00", "IND26030199ALFEE 7=5+0+2 -0.39", "fees_joined[2 5]"}
	small := opt()
	small.chunk, small.slack = 700, 1
	for _, c := range []struct {
		opt   *Options
		names []string
	}{
		{opt(), []string{"IND26030101ACOMN", "IND26030199ALFEE"}},
		{opt(), []string{"IND26030199ALFEE", "IND26030101ACOMN"}},
		{small, []string{"IND26030199ALFEE", "IND26030101ACOMN"}},
	} {
		rows, said := feesRead(t, c.opt, dir, c.names...)
		if !slices.Equal(rows, wantRows) {
			t.Errorf("%v reads\n%s\nwant\n%s", c.names, strings.Join(rows, "\n"), strings.Join(wantRows, "\n"))
		}
		if !slices.Equal(said, wantSaid) {
			t.Errorf("%v says\n%s\nwant\n%s", c.names, strings.Join(said, "\n"), strings.Join(wantSaid, "\n"))
		}
	}
	if rows, said := feesRead(t, opt(), dir, "IND26030199ALFEE"); len(rows) != 7 || !slices.Equal(said, []string{"IND26030199ALFEE 7=7+0+0 -0.40"}) {
		t.Errorf("fees alone read\n%s\n%s", strings.Join(rows, "\n"), said)
	}
}

// A fee file that is refused while it is read leaves the transactions as they
// are without it.
func TestFeesLeaveWithTheirFile(t *testing.T) {
	acomn, alfee := feeDay()
	dir := writeFiles(t, map[string]string{"IND26030101ACOMN": acomn, "IND26030199ALFEE": alfee})
	in := openFiles(t, &Options{AsOf: record.Civil(2026, 3, 2), Layouts: builtin(t)}, dir, "IND26030101ACOMN", "IND26030199ALFEE")
	s := in.Sets[record.SideClearing]
	scanAll(t, s, 1)
	for _, d := range s.docs {
		if d.file.Name == "IND26030199ALFEE" {
			if err := d.outcast(problem.Problem{Code: codeChanged}); err == nil {
				t.Fatal("not refused")
			}
		}
	}
	err := s.Scan(context.Background(), 1, 0, func(int) func(*record.Row) {
		return func(r *record.Row) {
			if r.HasFee || r.Kind == record.Fee {
				t.Errorf("a row of kind %d has fee %s", r.Kind, r.Fee)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if f := s.Files()[0]; f.Accepted != 7 || f.Amount().Amount != 57000 {
		t.Errorf("%d rows, %s", f.Accepted, f.Amount().Amount)
	}
}
