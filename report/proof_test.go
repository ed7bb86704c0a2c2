package report

import (
	"bytes"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// spoilt writes a sample with a planted fault and gives the error.
func spoilt(t *testing.T, run *Run, out Output, s *spoiler) error {
	t.Helper()
	w, err := newWriterOn(realDisk{}, run, out)
	if err != nil {
		t.Fatal(err)
	}
	w.spoil = s
	_, err = w.write(t.Context())
	return err
}

// changed is a line of a copy of its group.
func changed(l *line, change func(*result.Group)) {
	g := *l.group
	change(&g)
	l.group = &g
}

// Whatever goes wrong between the result and the files is found when they are
// read back, in the CSVs and in the sheets alike, and nothing is delivered.
func TestAFaultBetweenResultAndFileIsCaught(t *testing.T) {
	once := func(do func([]line)) *spoiler { return &spoiler{lines: do} }
	firstOf := func(lines []line, m result.Match) (at []int) {
		for i := range lines {
			if lines[i].group.Match == m {
				at = append(at, i)
			}
		}
		return at
	}
	dropLine := func(of string) *spoiler {
		return &spoiler{csv: func(name string, rows []byte) []byte {
			if end := bytes.Index(rows, []byte("\r\n")); name == of && end >= 0 {
				return rows[end+2:]
			}
			return rows
		}}
	}
	both, sheets, csvs := []bool{true, true}, []bool{true, false}, []bool{false, true}
	for name, c := range map[string]struct {
		spoil *spoiler
		in    []bool // caught in a workbook, in CSV files
	}{
		"an amount of the shop is off by a fen": {once(func(l []line) { changed(&l[0], func(g *result.Group) { g.PosAmount++ }) }), both},
		"an amount cleared is off by a fen":     {once(func(l []line) { changed(&l[0], func(g *result.Group) { g.ClearingAmount-- }) }), both},
		"two groups' rows are exchanged": {once(func(l []line) {
			at := firstOf(l, result.PosOnly)
			a, b := &l[at[0]], &l[at[1]]
			a.pos, b.pos = b.pos, a.pos
		}), both},
		"two groups' outcomes are exchanged": {once(func(l []line) {
			a, b := firstOf(l, result.PosOnly)[0], firstOf(l, result.Suggested)[0]
			changed(&l[a], func(g *result.Group) { g.Match = result.Suggested })
			changed(&l[b], func(g *result.Group) { g.Match = result.PosOnly })
		}), both},
		"a group stands twice": {once(func(l []line) { at := firstOf(l, result.PosOnly); l[at[0]] = l[at[1]] }), both},
		"a timing is another": {once(func(l []line) {
			for i := range l {
				to := result.OnTime
				if l[i].group.Timing == to {
					to = result.Late
				}
				changed(&l[i], func(g *result.Group) { g.Timing = to })
			}
		}), both},
		"a row of a sheet is left out": {&spoiler{sheet: func(rows []*line) []*line {
			return rows[:max(len(rows)-1, 0)]
		}}, sheets},
		"rows of a sheet stand twice": {&spoiler{sheet: func(rows []*line) []*line {
			if len(rows) > 1 {
				rows[1] = rows[0]
			}
			return rows
		}}, sheets},
		"a line of transactions.csv is left out": {dropLine(transactionsCSV), csvs},
		"a line of settlements.csv is left out":  {dropLine(settlementsCSV), csvs},
		"a line of credits.csv is left out":      {dropLine(creditsCSV), csvs},
		"a line of rejects.csv is left out":      {dropLine(rejectsCSV), csvs},
		"a digit is another": {&spoiler{csv: func(name string, rows []byte) []byte {
			if name == settlementsCSV {
				return bytes.Replace(rows, []byte("882.67"), []byte("882.68"), 1)
			}
			return rows
		}}, csvs},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i, out := range []Output{{Workbook: filepath.Join(dir, "r.xlsx")}, {CSV: filepath.Join(dir, "csv")}} {
				var we *WriteError
				err := spoilt(t, sample(problem.ZH), out, c.spoil)
				switch caught := errors.As(err, &we) && we.Problem == NotVerified; {
				case err != nil && !caught:
					t.Errorf("%+v: %v", out, err)
				case caught != c.in[i]:
					t.Errorf("%+v: caught %v, want %v", out, caught, c.in[i])
				case caught && len(names(t, dir)) > 0:
					t.Errorf("%+v: left %v", out, names(t, dir))
				}
				if err == nil && i == 0 {
					dir = t.TempDir()
				}
			}
		})
	}
}

// sheetFaults are the faults that can befall the rows of a sheet: a fen off, rows
// exchanged, one left out or twice, another outcome, another's name.
func sheetFaults[T any](fen, outcome, name func(*T)) map[string]func([]*T) []*T {
	first := func(change func(*T)) func([]*T) []*T {
		return func(rows []*T) []*T {
			c := *rows[0]
			change(&c)
			rows[0] = &c
			return rows
		}
	}
	return map[string]func([]*T) []*T{
		"a fen off":       first(fen),
		"another outcome": first(outcome),
		"another's":       first(name),
		"exchanged":       func(rows []*T) []*T { rows[0], rows[1] = rows[1], rows[0]; return rows },
		"left out":        func(rows []*T) []*T { return rows[1:] },
		"left out at end": func(rows []*T) []*T { return rows[:len(rows)-1] },
		"twice":           func(rows []*T) []*T { rows[1] = rows[0]; return rows },
	}
}

// The sheets and CSVs beside those of groups are proved as those are: whatever
// befalls a row of them is caught, in the workbook and, where it has a CSV file,
// there too. (In a CSV file the order of lines is free.)
func TestAFaultInAnySheetIsCaught(t *testing.T) {
	type fault struct {
		spoil *spoiler
		csv   bool
	}
	faults := map[string]fault{}
	for name, do := range sheetFaults(
		func(s *settled) { c := *s.Settlement; c.Outstanding++; s.Settlement = &c },
		func(s *settled) { c := *s.Settlement; c.Credit = (c.Credit + 1) % 3; s.Settlement = &c },
		func(s *settled) { c := *s.Settlement; c.MerchantID += "1"; s.Settlement = &c }) {
		faults["settlement "+name] = fault{&spoiler{settlements: do}, name != "exchanged"}
	}
	for name, do := range sheetFaults(
		func(s *settled) { c := *s.Settlement; c.Fee--; s.Settlement = &c },
		func(s *settled) { c := *s.Settlement; c.Timing = (c.Timing + 1) % 3; s.Settlement = &c },
		func(s *settled) { c := *s.Settlement; c.ClearingDate++; s.Settlement = &c }) {
		faults["settlement, again, "+name] = fault{&spoiler{settlements: do}, name != "exchanged"}
	}
	for name, do := range sheetFaults(
		func(r *credited) { c := *r.Credit; c.Allocated++; r.Credit = &c },
		func(r *credited) { c := *r.Credit; c.Outcome = (c.Outcome + 1) % 3; r.Credit = &c },
		func(r *credited) { c := *r.row; c.Text[record.Payer] += "x"; r.row = &c }) {
		faults["credit "+name] = fault{&spoiler{credits: do}, name != "exchanged"}
	}
	for name, do := range sheetFaults(
		func(r *Reject) { r.Value += "1" },
		func(r *Reject) { r.Reason += "1" },
		func(r *Reject) { r.Column += "1" }) {
		faults["reject "+name] = fault{&spoiler{rejects: do}, name != "exchanged"}
	}
	for name, do := range sheetFaults(
		func(r *feeSum) { c := *r.FeeLine; c.Over++; r.FeeLine = &c },
		func(r *feeSum) { c := *r.FeeLine; c.Checked++; r.FeeLine = &c },
		func(r *feeSum) { c := *r.FeeLine; c.MerchantID += "1"; r.FeeLine = &c }) {
		faults["fee "+name] = fault{&spoiler{fees: do}, false}
	}
	matched := func(change func([]line, []int)) *spoiler {
		return &spoiler{lines: func(l []line) {
			var at []int
			for i := range l {
				if l[i].group.Match == result.Matched {
					at = append(at, i)
				}
			}
			change(l, at)
		}}
	}
	faults["matched, a fen off"] = fault{matched(func(l []line, at []int) { changed(&l[at[0]], func(g *result.Group) { g.ClearingAmount++ }) }), true}
	faults["matched, exchanged"] = fault{matched(func(l []line, at []int) { l[at[0]], l[at[1]] = l[at[1]], l[at[0]] }), false}
	faults["matched, another timing"] = fault{matched(func(l []line, at []int) {
		changed(&l[at[0]], func(g *result.Group) { g.Timing = (g.Timing + 1) % 3 })
	}), true}
	faults["matched, twice"] = fault{matched(func(l []line, at []int) { l[at[0]] = l[at[1]] }), true}
	for name, f := range faults {
		dir := t.TempDir()
		for i, out := range []Output{{Workbook: filepath.Join(dir, "r.xlsx")}, {CSV: filepath.Join(dir, "csv")}} {
			if i == 1 && !f.csv {
				continue
			}
			run := sample(problem.ZH)
			run.All = true
			run.Rejects = rejectList(
				Reject{Source: "a.csv:2", Column: "金额", Value: "5.0O", Reason: "不是金额"}, Reject{Source: "a.csv:3", Column: "时间", Value: "x", Reason: "不是时间"})
			var we *WriteError
			if err := spoilt(t, run, out, f.spoil); !errors.As(err, &we) || we.Problem != NotVerified {
				t.Errorf("%s, %+v: %v", name, out, err)
			}
			if len(names(t, dir)) > 0 {
				t.Errorf("%s, %+v: left %v", name, out, names(t, dir))
			}
		}
	}
}

// Every column that is to be proved is a column of its sheet, whatever it is
// called one day; a sheet that ends before its rows is proved as far as it goes.
func TestWhatIsProvedIsThere(t *testing.T) {
	for name, got := range map[string][2]int{
		"settlements": {len(newSheetProof(0, settlementColumns, settlementHeads...).at), len(settlementHeads)},
		"credits":     {len(newSheetProof(0, creditColumns, creditHeads...).at), len(creditHeads)},
		"rejects":     {len(newSheetProof(0, rejectColumns, rejectHeads...).at), len(rejectHeads)},
		"fees":        {len(newSheetProof(0, feeColumns, feeHeads...).at), len(feeHeads)},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d of %d columns are there", name, got[0], got[1])
		}
	}
	before, behind := lineTables(problem.ZH, true)
	for _, tab := range slices.Concat(before, behind) {
		if p := newLineProof(0, tab); len(p.at) < 4 || p.at[colSources.head] == 0 {
			t.Errorf("%s: only %v", tab.spec.name, p.at)
		}
	}
	defer func(n int) { maxSheetRows = n }(maxSheetRows)
	maxSheetRows = firstRow + 1
	run := sample(problem.ZH)
	run.All = true
	if err := spoilt(t, run, Output{Workbook: filepath.Join(t.TempDir(), "r.xlsx")}, nil); err != nil {
		t.Error(err)
	}
}

// Texts of any kind come back as they were written: the proof does not refuse a
// good report.
func TestNastyTextsAreProved(t *testing.T) {
	for _, text := range append([]string{"=1", "'=1", "'", "a\r\nb", "\r", "\"x\",y", "a;b", "<t>&amp;", "_x000D_", "\x00\xff", " a "}, nastyTexts...) {
		d := newDay(problem.ZH)
		p := d.sale(d.pos, 500, nil)
		d.pos.rows[p].Source = text
		d.group(result.Group{Match: result.PosOnly, Pos: at(p)})
		d.run.Rejects = rejectList(Reject{Source: text, Column: text, Value: text, Reason: text})
		d.run.Result.Settlements = []result.Settlement{{ID: text, Acquirer: text, Currency: "CNY"}}
		dir := t.TempDir()
		if err := spoilt(t, d.run, Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: dir}, nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}
