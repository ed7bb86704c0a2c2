package report

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
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
		"a timing is another":  {once(func(l []line) { changed(&l[0], func(g *result.Group) { g.Timing = result.OnTime }) }), csvs},
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
