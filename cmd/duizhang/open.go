package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"

	"github.com/spf13/cobra"
)

// ledgerFlags are the flags of the commands that look into a ledger.
type ledgerFlags struct {
	name     string
	wait     time.Duration
	json     bool
	asOf     dateValue
	calendar string
}

func (f *ledgerFlags) register(cmd *cobra.Command, lang language) {
	fileVar(cmd.Flags(), &f.name, "ledger", "FILE", say(lang, msgFlagLedger))
	cmd.Flags().DurationVar(&f.wait, "lock-wait", lockWait, say(lang, msgFlagLockWait))
}

func (f *ledgerFlags) registerJSON(cmd *cobra.Command, lang language) {
	cmd.Flags().BoolVar(&f.json, "json", false, say(lang, msgFlagLedgerJSON))
}

func (f *ledgerFlags) registerAsOf(cmd *cobra.Command, lang language) {
	cmd.Flags().Var(&f.asOf, "as-of", say(lang, msgFlagLedgerAsOf))
	fileVar(cmd.Flags(), &f.calendar, "calendar", "FILE", say(lang, msgFlagCalendar))
}

// open opens the ledger that is there; no command but run makes one.
func (f *ledgerFlags) open(ctx context.Context, e *env, write bool) (ledger.Store, error) {
	if f.name == "" {
		f.name = e.getenv(ledgerVariable)
	}
	if f.name == "" {
		return nil, usage(msgNoLedgerNamed)
	}
	s, err := openLedger(ctx, e, f.name, false, f.wait)
	if err != nil || !write {
		return s, err
	}
	_ = s.Close() // it was only read
	return openLedger(ctx, e, f.name, true, f.wait)
}

// state is what is open, with what was said since the last night, judged for
// --as-of, and the day that it is judged on.
func (f *ledgerFlags) state(ctx context.Context, s ledger.Store) (st *ledger.State, waiting []ledger.Decision, asOf record.Date, err error) {
	head, err := s.Head(ctx)
	if err != nil {
		return nil, nil, 0, ledgerFailure(err)
	}
	asOf = head.Day
	if !f.asOf.day.IsZero() {
		asOf = f.asOf.date()
	}
	if asOf < head.Day {
		return nil, nil, 0, usage(msgAsOfBeforeNight, asOf.String(), head.Day.String())
	}
	if st, err = ledger.Load(ctx, s, head.Seq); err == nil {
		waiting, err = ledger.Waiting(ctx, s, head)
	}
	if err != nil {
		return nil, nil, 0, ledgerFailure(err)
	}
	if asOf > head.Day {
		cal := terms.BuiltinCalendar()
		if f.calendar != "" {
			if cal, err = tables.LoadCalendar(f.calendar); err != nil {
				return nil, nil, 0, asConfiguration(err)
			}
		}
		st.Judge(cal, asOf)
	}
	st.Overlay(waiting)
	return st, waiting, asOf, nil
}

// newOpen shows what is open. EXIT STATUS: 0 shown, 2 usage, 4 the CSV cannot
// be written, 5 the ledger cannot be used.
func newOpen(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	var csv string
	cmd := &cobra.Command{
		Use: "open", Short: say(lang, msgOpenShort), Long: say(lang, msgOpenLong), Args: exactly(0, 0, message{}),
		Annotations: map[string]string{"exit": say(lang, msgExitShown)},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return showOpen(cmd.Context(), e, languageFlag(cmd), &f, csv)
		},
	}
	f.register(cmd, lang)
	f.registerAsOf(cmd, lang)
	f.registerJSON(cmd, lang)
	fileVar(cmd.Flags(), &csv, "csv", "FILE", say(lang, msgFlagOpenCSV))
	return cmd
}

func showOpen(ctx context.Context, e *env, lang language, f *ledgerFlags, csv string) error {
	s, err := f.open(ctx, e, false)
	if err != nil {
		return err
	}
	defer s.Close()
	st, waiting, asOf, err := f.state(ctx, s)
	if err != nil {
		return err
	}
	if csv != "" {
		items := make([]report.OpenItem, len(st.Items))
		for i := range st.Items {
			items[i] = openItem(&st.Items[i], lang)
		}
		if err := report.WriteOpen(csv, items); err != nil {
			return failed(err, msgCannotWrite)
		}
	}
	sum := sumOpen(st)
	sum.Night, sum.AsOf, sum.Waiting = dateOrEmpty(st.Head.Day), dateOrEmpty(asOf), len(waiting)
	if f.json {
		return report.WriteJSON(e.stdout, sum)
	}
	sum.print(e, lang)
	return nil
}

func dateOrEmpty(d record.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}

func sourcesOf(list []ledger.Origin) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Source
	}
	return out
}

func openItem(it *ledger.Item, lang language) report.OpenItem {
	return report.OpenItem{ItemID: it.ID, Type: it.Type.String(), State: it.State, Timing: it.Timing.String(), DaysLate: it.DaysLate,
		FirstNight: it.FirstNight, DueDate: it.DueDate, Age: it.Age, Acquirer: it.Acquirer, MerchantID: it.MerchantID, TerminalID: it.TerminalID,
		SettlementID: it.SettlementID, Owed: it.Owed, Sources: sourcesOf(it.Sources), Decision: it.Decision.Word, DecidedOn: it.Decision.On,
		By: it.Decision.By, Note: it.Decision.Note, ClaimedOn: it.ClaimedOn, Reason: it.Reason[lang]}
}

// openSum is open as JSON. Owed is the sum over open.csv, of the base currency.
type openSum struct {
	Schema  string        `json:"schema"`
	Night   string        `json:"night"`
	AsOf    string        `json:"as_of"`
	Open    int           `json:"open"`
	Owed    report.Amount `json:"owed"`
	Waiting int           `json:"decisions_waiting"`
	By      []openBy      `json:"by"`
}

// openBy is what one acquirer owes one merchant in one currency.
type openBy struct {
	Acquirer   string                  `json:"acquirer"`
	MerchantID string                  `json:"merchant_id"`
	Currency   string                  `json:"currency"`
	Items      int                     `json:"items"`
	Owed       report.Amount           `json:"owed"`
	Ages       [result.NumAges]openAge `json:"ages"`
}

// openAge is what is owed of one age.
type openAge struct {
	From  int32         `json:"from_days"`
	Items int           `json:"items"`
	Owed  report.Amount `json:"owed"`
}

func sumOpen(st *ledger.State) *openSum {
	sum := &openSum{Schema: "duizhang.open/1", Open: len(st.Items), Owed: report.Amount(st.Owed()), By: []openBy{}}
	at := map[[3]string]int{}
	for i := range st.Items {
		it := &st.Items[i]
		key := [3]string{it.Acquirer, it.MerchantID, cmp.Or(it.Currency, result.BaseCurrency)}
		n, ok := at[key]
		if !ok {
			n, at[key] = len(sum.By), len(sum.By)
			b := openBy{Acquirer: key[0], MerchantID: key[1], Currency: key[2]}
			for a := range b.Ages[1:] {
				b.Ages[a+1].From = result.AgeBounds[a] + 1
			}
			sum.By = append(sum.By, b)
		}
		b := &sum.By[n]
		b.Items++
		b.Owed += report.Amount(it.Owed)
		a := &b.Ages[result.AgeBucket(it.Age > 0 || it.Timing == result.Overdue, it.Age)] // past its due date, whatever its timing
		a.Items++
		a.Owed += report.Amount(it.Owed)
	}
	slices.SortFunc(sum.By, func(a, b openBy) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Currency, b.Currency))
	})
	return sum
}

func (sum *openSum) print(e *env, lang language) {
	line(e.stdout, say(lang, msgOpenHead, sum.AsOf, sum.Open, money.Fen(sum.Owed).String()))
	if len(sum.By) > 0 {
		line(e.stdout, say(lang, msgOpenColumns))
	}
	for i := range sum.By {
		b := &sum.By[i]
		text := fmt.Sprintf("%s\t%s\t%d\t%s", visible(cmp.Or(b.Acquirer, "-")), visible(cmp.Or(b.MerchantID, "-")), b.Items, money.Fen(b.Owed))
		if b.Currency != result.BaseCurrency {
			text += " " + b.Currency
		}
		for j := range b.Ages {
			text += "\t" + money.Fen(b.Ages[j].Owed).String()
		}
		line(e.stdout, text)
	}
	if sum.Waiting > 0 {
		line(e.stdout, say(lang, msgOpenWaiting, sum.Waiting))
	}
}
