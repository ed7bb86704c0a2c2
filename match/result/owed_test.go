package result

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

func TestWhatAGroupOwes(t *testing.T) {
	for _, c := range []struct {
		match               Match
		sold, cleared, want money.Fen
	}{
		{PosOnly, 100, 0, 100}, {PosOnly, -100, 0, -100}, {ClearingOnly, 0, 100, -100}, {ClearingOnly, 0, -100, 100},
		{Partial, 100, 70, 30}, {Over, 100, 120, -20}, {InTransit, 100, 0, 100}, {Suggested, 100, 100, 0},
		{Conflict, 100, -100, 200}, {Duplicate, 100, 0, 0}, {Duplicate, 0, 100, -100},
		{Matched, 100, 100, 0}, {Voided, 100, 0, 0}, {FailedMatch, 100, 0, 0},
	} {
		if got := c.match.Owes(c.sold, c.cleared); got != c.want {
			t.Errorf("%v sold %v cleared %v: owes %v, want %v", c.match, c.sold, c.cleared, got, c.want)
		}
	}
}

// A week-end is no business day, so that money due on Friday is overdue on
// Saturday and still of the first age.
func TestAgesCountAsTheCycleDoes(t *testing.T) {
	friday := terms.DayOf(2026, 1, 9)
	for _, c := range []struct {
		cycle  string
		after  record.Date
		timing Timing
		want   int
	}{
		{"T+1", 0, PendingTiming, 0}, {"T+1", 1, Overdue, 1}, {"T+1", 5, Overdue, 1}, {"T+1", 6, Overdue, 2}, {"D+1", 4, Overdue, 2},
		{"D+1", 8, Overdue, 3}, {"D+1", 31, Overdue, 4}, {"T+1", 31, Overdue, 3}, {"T+1", 60, Overdue, 4}, {"T+1", 60, PendingTiming, 0},
	} {
		res := Result{AsOf: friday + c.after, Settlements: []Settlement{{Credit: CreditNone, Timing: c.timing, DueDate: friday, Cycle: c.cycle, Net: 5, Outstanding: 5}}}
		res.SumOwed(nil, nil)
		for i, a := range res.Owed.Ages {
			if got := a.Count == 1 && a.Sales == 5; got != (i == c.want) {
				t.Errorf("%+v: age %d has %+v", c, i, a)
			}
		}
	}
}

// However groups, settlements and credits stand, the sums are those of the
// lines and of the ages, and refunds are never overdue.
func TestWhatIsOwedAddsUpAllWays(t *testing.T) {
	cal := terms.BuiltinCalendar()
	day := rapid.Custom(func(t *rapid.T) record.Date {
		return terms.DayOf(2026, 1, 1) + record.Date(rapid.IntRange(0, 60).Draw(t, "day"))
	})
	fen := rapid.Custom(func(t *rapid.T) money.Fen { return money.Fen(rapid.IntRange(-500, 500).Draw(t, "fen")) })
	name := rapid.SampledFrom([]string{"", "A", "B"})
	rapid.Check(t, func(t *rapid.T) {
		res := Result{AsOf: day.Draw(t, "as of")}
		for range rapid.IntRange(0, 6).Draw(t, "settlements") {
			s := Settlement{Acquirer: name.Draw(t, "a"), MerchantID: name.Draw(t, "m"), Currency: rapid.SampledFrom([]string{"", "CNY", "USD"}).Draw(t, "currency"),
				Credit: CreditState(rapid.IntRange(0, int(NumCreditState)-1).Draw(t, "credit")), Timing: Timing(rapid.IntRange(0, int(NumTiming)-1).Draw(t, "timing")),
				DueDate: day.Draw(t, "due"), Cycle: rapid.SampledFrom([]string{"T+1", "D+0"}).Draw(t, "cycle"), Net: fen.Draw(t, "net"), Outstanding: fen.Draw(t, "outstanding")}
			res.Settlements = append(res.Settlements, s)
		}
		for range rapid.IntRange(0, 12).Draw(t, "groups") {
			g := Group{Match: Match(rapid.IntRange(0, int(NumMatch)-1).Draw(t, "match")), Timing: Timing(rapid.IntRange(0, int(NumTiming)-1).Draw(t, "timing")),
				Pos: []record.Pos{1}, PosAmount: fen.Draw(t, "pos"), ClearingAmount: fen.Draw(t, "clearing"), DueDate: day.Draw(t, "due"),
				Cycle: "T+1", Settlement: int32(rapid.IntRange(-1, len(res.Settlements)-1).Draw(t, "settlement"))}
			g.Owed = g.Match.Owes(g.PosAmount, g.ClearingAmount)
			res.Groups = append(res.Groups, g)
		}
		res.SumOwed(cal, nil)
		o := &res.Owed
		var by, ages Owed
		for i := range o.By {
			if b := &o.By[i]; b.Currency == BaseCurrency {
				by.Sales, by.Refunds, by.Overdue, by.Items = by.Sales+b.Sales, by.Refunds+b.Refunds, by.Overdue+b.Overdue, by.Items+b.Items
			}
		}
		for _, a := range o.Ages {
			ages.Sales, ages.Refunds, ages.Items = ages.Sales+a.Sales, ages.Refunds+a.Refunds, ages.Items+a.Count
		}
		if o.Total != o.Sales+o.Refunds || by.Sales != o.Sales || by.Refunds != o.Refunds || by.Overdue != o.Overdue || by.Items != o.Items ||
			ages.Sales != o.Sales || ages.Refunds != o.Refunds || ages.Items != o.Items || o.Overdue < 0 {
			t.Fatalf("%+v\nby %+v\nages %+v", o, by, ages)
		}
		before := *o
		slices.Reverse(res.Groups)
		if res.SumOwed(cal, nil); res.Owed.Total != before.Total || !slices.Equal(res.Owed.By, before.By) {
			t.Fatalf("in another order: %+v, before %+v", res.Owed, before)
		}
	})
}
