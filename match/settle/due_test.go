package settle

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// mixed is a settlement of 2026-11-09 (a Monday): 100.00 of QR sales, due on the
// day, and 300.00 of credit card sales, due two business days later.
func mixed(t *testing.T, asOf string, bank ...string) *Output {
	in := scene{asOf: asOf, bank: bank,
		contracts: "收单机构,商户号,结算周期,贷记卡周期,扫码周期\n拉卡拉,80001,T+1,T+2,D+0\n",
		clearing:  []string{"拉卡拉|80001||2026-11-09|100|0", "拉卡拉|80001||2026-11-09|300|0"}}.input(t)
	in.Sums[0].Under, in.Sums[1].Under = terms.CycleQR, terms.CycleCredit
	return mustSettle(t, in)
}

func TestRowsOfSeveralCyclesAreDueByTheirOwn(t *testing.T) {
	qr, card := terms.DueBy{Under: terms.CycleQR}, terms.DueBy{Under: terms.CycleCredit}
	for _, c := range []struct {
		rule, asOf string
		bank       []string
		settlement string
		qr, card   result.Timing
	}{
		{"each comes on its day", "2026-11-12", []string{"2026-11-09|100|1234|" + kala + "|", "2026-11-11|300|1234|" + kala + "|"}, "full on_time 400.00/0.00", result.OnTime, result.OnTime},
		{"all come with the last: only the first due are late", "2026-11-12", []string{"2026-11-11|400|1234|" + kala + "|"}, "full on_time 400.00/0.00", result.Late, result.OnTime},
		{"the first due has come, the rest is not due", "2026-11-10", []string{"2026-11-09|100|1234|" + kala + "|"}, "partial pending 100.00/300.00", result.OnTime, result.PendingTiming},
		{"nothing has come: the first due is overdue", "2026-11-10", []string{"2026-11-10|5|1234|" + kala + "|"}, "none pending 0.00/400.00", result.Overdue, result.PendingTiming},
		{"the rest came late", "2026-11-13", []string{"2026-11-09|100|1234|" + kala + "|", "2026-11-12|300|1234|" + kala + "|"}, "full late 400.00/0.00 late 1", result.OnTime, result.Late},
	} {
		o := mixed(t, c.asOf, c.bank...)
		got, _ := o.lines()
		if want := "拉卡拉/80001/2026-11-09 " + c.settlement; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, want %q", c.rule, got, want)
			continue
		}
		if s := &o.Settlements[0]; s.Cycle != "T+2" || s.DueDate != tuesday+1 {
			t.Errorf("%s: due by %s on %s", c.rule, s.Cycle, terms.DayText(s.DueDate))
		}
		a, b := o.RowCredit(0, false, 0, 0, qr), o.RowCredit(0, false, 0, 0, card)
		if a.Timing != c.qr || b.Timing != c.card || a.Due != tuesday-1 || b.Due != tuesday+1 {
			t.Errorf("%s: QR %s due %s, card %s due %s", c.rule, a.Timing, terms.DayText(a.Due), b.Timing, terms.DayText(b.Due))
		}
	}
}

func TestACardOfUnknownTypeHasACycleOnlyWhereBothAgree(t *testing.T) {
	two, three := terms.Cycle{Business: true, Days: 2}, terms.Cycle{Business: true, Days: 3}
	unknown := terms.CycleFor(record.CardUnknown, record.ChannelCard)
	for _, c := range []struct {
		contract terms.Contract
		want     string
	}{
		{terms.Contract{Cycle: terms.DefaultCycle, DebitCycle: &two, CreditCycle: &two}, "T+2"},
		{terms.Contract{Cycle: terms.DefaultCycle, DebitCycle: &two, CreditCycle: &three}, "T+1"},
		{terms.Contract{Cycle: terms.DefaultCycle, CreditCycle: &two}, "T+1"},
	} {
		if got := c.contract.CycleBy(unknown).String(); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	if got := (&terms.Contract{Cycle: terms.DefaultCycle, CreditCycle: &two}).CycleBy(terms.CycleFor(record.Credit, record.ChannelQR)); got != terms.DefaultCycle {
		t.Errorf("a credit card behind a QR code goes by the QR cycle: %s", got)
	}
}

func TestThePromisedDayGoesBeforeTheContract(t *testing.T) {
	for _, c := range []struct {
		rule, contracts string
		promised        record.Date
		want            string
		evidence        []result.Reason
	}{
		{"a later promise", "收单机构,商户号,结算周期\n拉卡拉,80001,T+1\n", tuesday + 2, "拉卡拉/80001/2026-11-09 none pending 0.00/100.00 due_differs", []result.Reason{{Code: result.ReasonDueDiffers, Day: tuesday + 2, N: int32(tuesday)}}},
		{"the same day", "收单机构,商户号,结算周期\n拉卡拉,80001,T+1\n", tuesday, "拉卡拉/80001/2026-11-09 none overdue 0.00/100.00 late 1", nil},
		{"no contract to differ from", "", tuesday + 2, "拉卡拉/80001/2026-11-09 none pending 0.00/100.00", nil},
	} {
		in := scene{asOf: "2026-11-11", contracts: c.contracts, clearing: []string{"拉卡拉|80001||2026-11-09|100|0"}, bank: []string{"2026-11-11|5|1234|" + kala + "|"}}.input(t)
		in.Sums[0].Promised = c.promised
		o := mustSettle(t, in)
		if got, _ := o.lines(); len(got) != 1 || got[0] != c.want || o.Settlements[0].DueDate != c.promised {
			t.Errorf("%s: %q, want %q", c.rule, got, c.want)
		}
		if got := o.Settlements[0].Evidence; !slices.Equal(got, c.evidence) {
			t.Errorf("%s: %+v", c.rule, got)
		}
		if s := &o.Settlements[0]; s.Claimed != 0 || s.CreditedDate != 0 {
			t.Errorf("%s: a promise is no credit: %+v", c.rule, s)
		}
	}
}
