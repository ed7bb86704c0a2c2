package settle

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/fixtures"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// worldSeeds is how many generated worlds the settlement leg is held against.
const worldSeeds = 200

// The generator knows what it let the bank do: late, split, supplementary,
// combined, returned and missing payouts, negative nets, changed cards, and
// pairs of settlements that nobody can tell apart. Everything that it calls
// decidable must come out right, and nothing that it calls ambiguous may be
// guessed.
func TestSettleAgainstGeneratedWorlds(t *testing.T) {
	for seed := range uint64(worldSeeds) {
		w := fixtures.Generate(seed, fixtures.Config{Bank: true, Lag: int(seed % 6), Days: 1 + int(seed%9), Rate: 10, Sales: 4, Stores: 1 + int(seed/7%3), Terminals: 1, Layouts: [][]string{{"generic"}, {"lakala-jy", "wechat-trade"}, {"generic", "alipay-trade"}}[seed%3]})
		o := mustSettle(t, worldInput(t, w))
		if diffs := worldDiffs(w, o); len(diffs) > 0 {
			t.Errorf("seed %d, as of %s:\n%s", seed, w.AsOf, strings.Join(diffs, "\n"))
		}
	}
}

// A statement that stops early, or begins late, may be why money is overdue: a
// warning says so.
func TestDaysWithoutStatementAreWarnedOf(t *testing.T) {
	for seed := range uint64(60) {
		w := fixtures.Generate(seed, fixtures.Config{Bank: true, Lag: 2 + int(seed%6), Days: 3 + int(seed%6), Rate: 10, Sales: 4, Stores: 2, Terminals: 1})
		in := worldInput(t, w)
		first, last := record.Date(w.First)+record.Date(seed%3), record.Date(w.AsOf)-record.Date(seed/3%5)
		in.Bank = slices.DeleteFunc(in.Bank, func(b BankRow) bool { return b.date < first || b.date > last })
		outside := 0
		o := mustSettle(t, in)
		for i := range o.Settlements {
			s := &o.Settlements[i]
			if s.Timing == result.Overdue && s.Credit != result.CreditUnchecked && (s.DueDate < o.shown[i].from || s.DueDate > o.shown[i].to) && o.shown[i].to != 0 {
				outside++
			}
		}
		if warned := slices.ContainsFunc(o.Warnings, func(w result.Warning) bool { return w.Code == "statement_days" }); warned != (outside > 0) {
			t.Errorf("seed %d: %d settlements fell due outside, warned: %v", seed, outside, warned)
		}
	}
}

func worldInput(t *testing.T, w *fixtures.World) Input {
	t.Helper()
	path, err := w.WriteContracts(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in := Input{AsOf: record.Date(w.AsOf), HasBank: true}
	if in.Contracts, err = tables.LoadContracts(path, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range w.Clearing {
		m := w.Merchants[r.Merchant]
		c := ClearingSum{Acquirer: w.Acquirers[m.Acquirer].Name, Merchant: m.ID, Rows: 1, Day: record.Date(r.Clearing), Amount: money.Fen(r.Amount), Fee: money.Fen(r.Fee), Status: record.OK, Kind: record.Sale}
		if r.Status != fixtures.OK {
			c.Status = record.Failed
		}
		if r.Kind == fixtures.Preauth {
			c.Kind = record.Preauth
		}
		in.Sums = append(in.Sums, c)
	}
	for i, b := range w.Bank {
		in.Bank = append(in.Bank, BankRow{Pos: record.Pos(i), date: record.Date(b.Time.Day()), Amount: money.Fen(b.Amount), account: b.Account, payer: b.Payer, remark: b.Summary + " " + b.Remark, status: record.OK})
	}
	return in
}

func worldDiffs(w *fixtures.World, o *Output) (diffs []string) {
	id := func(s *fixtures.Settlement) string {
		m := w.Merchants[s.Merchant]
		return fmt.Sprintf("%s/%s/%s", w.Acquirers[m.Acquirer].Name, m.ID, s.Clearing)
	}
	got := map[string]*result.Settlement{}
	for i := range o.Settlements {
		got[o.Settlements[i].ID] = &o.Settlements[i]
	}
	for i := range w.Settlements {
		want := &w.Settlements[i]
		s := got[id(want)]
		if s == nil {
			diffs = append(diffs, "missing "+id(want))
			continue
		}
		bad := want.Credit != "" && s.Credit.String() != want.Credit || want.NotFull && (s.Credit == result.CreditFull || s.Credit == result.CreditOver) ||
			want.Timing != "" && s.Timing.String() != want.Timing || want.Timing == "late" && int(s.DaysLate) != want.DaysLate ||
			s.Gross != money.Fen(want.Gross) || s.Fee != money.Fen(want.Fee) || s.Net != money.Fen(want.Net) || int(s.DueDate) != int(want.Due) ||
			want.HasCredited && s.Credited != money.Fen(want.Credited)
		if bad {
			diffs = append(diffs, fmt.Sprintf("%s (%s): got %s %s late %d net %s credited %s; want %s %s late %d net %s credited %s due %s on %s", s.ID, want.Event,
				s.Credit, s.Timing, s.DaysLate, s.Net, s.Credited, want.Credit, want.Timing, want.DaysLate, want.Net.Yuan(), want.Credited.Yuan(), want.Due, want.On))
		}
	}
	for i := range o.Credits {
		c := &o.Credits[i]
		b := &w.Bank[c.Row]
		var want, have []string
		for _, n := range b.Settlements {
			want = append(want, id(&w.Settlements[n]))
		}
		for _, n := range c.Settlements {
			have = append(have, o.Settlements[n].ID)
		}
		slices.Sort(want)
		slices.Sort(have)
		if !slices.Contains(b.Outcomes, c.Outcome.String()) || len(want) > 0 && !slices.Equal(want, have) {
			diffs = append(diffs, fmt.Sprintf("line %s %s %q: %s %v (reason %d), want %v %v", b.Time.Day(), b.Amount.Yuan(), b.Remark, c.Outcome, have, c.Reason.Code, b.Outcomes, want))
		}
	}
	return diffs
}
