package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// SummarySchema names the shape of the JSON summary. A new field does not
// change it; a changed meaning does.
const SummarySchema = "duizhang.summary/1"

// Amount is an amount of the JSON summary: a string in yuan.
type Amount money.Fen

// MarshalText writes yuan with two decimals.
func (a Amount) MarshalText() ([]byte, error) { return money.Fen(a).Append(nil), nil }

// Summary is the outcome of a run in figures: the object of --json, and what
// the terminal shows. Amounts are in the base currency; those in others stand
// beside them by code, so that no sum mixes two.
type Summary struct {
	Schema      string                     `json:"schema"`
	AsOf        string                     `json:"as_of"`
	Balanced    bool                       `json:"balanced"`
	Files       []FileSummary              `json:"files"`
	Sides       map[string]SideSummary     `json:"sides"`
	Match       map[string]MatchSummary    `json:"match"`
	Timing      map[string]TimingSummary   `json:"timing"`
	Settlements map[string]SettlementCount `json:"settlements"`
	Credits     map[string]CreditCount     `json:"credits"`
	Owed        OwedSummary                `json:"owed"`
	Flags       map[string]int64           `json:"flags"`
	Rejects     int64                      `json:"rejects"`
	Warnings    []string                   `json:"warnings,omitempty"`
	Ledger      *LedgerSummary             `json:"ledger,omitempty"`
	Report      string                     `json:"report"`
	ElapsedMS   int64                      `json:"elapsed_ms"`

	owes []string // the sentences of Owed
}

// OwedSummary is what the acquirers owe (result.Owed). Total = Sales + Refunds;
// Overdue is a part of Sales + Excess.
type OwedSummary struct {
	Total    Amount          `json:"total"`
	Overdue  Amount          `json:"overdue"`
	Sales    Amount          `json:"sales"`
	Excess   Amount          `json:"excess"`
	Refunds  Amount          `json:"refunds"`
	Unplaced Amount          `json:"unplaced"`
	By       []OwedBySummary `json:"by"`
}

// OwedBySummary is what one acquirer owes one merchant; Oldest is "" where no
// due date is known.
type OwedBySummary struct {
	Acquirer   string `json:"acquirer"`
	MerchantID string `json:"merchant_id"`
	Currency   string `json:"currency,omitempty"`
	Owed       Amount `json:"owed"`
	Oldest     string `json:"oldest"`
	Items      int64  `json:"items"`
}

func summarizeOwed(o *result.Owed) OwedSummary {
	s := OwedSummary{Amount(o.Total), Amount(o.Overdue), Amount(o.Sales), Amount(o.Excess), Amount(o.Refunds), Amount(o.Unplaced), []OwedBySummary{}}
	for i := range o.By {
		b := &o.By[i]
		if b.Items == 0 {
			continue
		}
		one := OwedBySummary{Acquirer: b.Acquirer, MerchantID: b.MerchantID, Owed: Amount(b.Owed()), Oldest: dateText(b.Oldest), Items: b.Items}
		if b.Currency != baseCurrency {
			one.Currency = b.Currency
		}
		s.By = append(s.By, one)
	}
	return s
}

// FileSummary is one input; inspect gives the same.
type FileSummary struct {
	Path        string            `json:"path"`
	Side        string            `json:"side"`
	Layout      string            `json:"layout"`
	Encoding    string            `json:"encoding"`
	SHA256      string            `json:"sha256"`
	Rows        int64             `json:"rows"`
	Accepted    int64             `json:"accepted"`
	Rejected    int64             `json:"rejected"`
	Skipped     int64             `json:"skipped"`
	Seen        int64             `json:"seen"`
	Gone        int64             `json:"gone"`
	Amount      Amount            `json:"amount"`
	Others      map[string]Amount `json:"other_amounts,omitempty"`
	Problems    []string          `json:"problems"`
	Control     *ControlSummary   `json:"control,omitempty"`
	Checks      []Check           `json:"checks"`
	DuplicateOf string            `json:"duplicate_of,omitempty"`
}

// ControlSummary is what a file declares of itself.
type ControlSummary struct {
	DeclaredRows   *int64  `json:"declared_rows"`
	DeclaredAmount *Amount `json:"declared_amount"`
	OK             bool    `json:"ok"`
}

// SideSummary counts a side's accepted rows and their signed sum.
type SideSummary struct {
	Rows   int64             `json:"rows"`
	Amount Amount            `json:"amount"`
	Others map[string]Amount `json:"other_amounts,omitempty"`
}

// MatchSummary counts the groups of one outcome.
type MatchSummary struct {
	Groups         int64             `json:"groups"`
	PosRows        int64             `json:"pos_rows"`
	ClearingRows   int64             `json:"clearing_rows"`
	PosAmount      Amount            `json:"pos_amount"`
	ClearingAmount Amount            `json:"clearing_amount"`
	PosOthers      map[string]Amount `json:"other_pos_amounts,omitempty"`
	ClearingOthers map[string]Amount `json:"other_clearing_amounts,omitempty"`
}

// TimingSummary counts the groups of one timing.
type TimingSummary struct {
	Groups int64             `json:"groups"`
	Amount Amount            `json:"amount"`
	Others map[string]Amount `json:"other_amounts,omitempty"`
}

// SettlementCount counts the settlements of one credit state.
type SettlementCount struct {
	Count    int64             `json:"count"`
	Net      Amount            `json:"net"`
	Credited Amount            `json:"credited"`
	Others   map[string]Amount `json:"other_nets,omitempty"`
	// Outstanding is for the terminal.
	Outstanding Amount `json:"-"`
}

// CreditCount counts the bank lines of one outcome.
type CreditCount struct {
	Count  int64             `json:"count"`
	Amount Amount            `json:"amount"`
	Others map[string]Amount `json:"other_amounts,omitempty"`
}

// others are the amounts that are not in the base currency.
func others(sums result.Sums) map[string]Amount {
	if !foreign(sums) {
		return nil
	}
	m := map[string]Amount{}
	for _, s := range sums {
		if s.Currency != "" && s.Currency != baseCurrency {
			m[s.Currency] = Amount(s.Amount)
		}
	}
	return m
}

func baseAmount(sums result.Sums) Amount { return Amount(base(sums)) }

// Summarize gives the figures of a run. report is the path of the workbook, ""
// if none was written.
func Summarize(run *Run, report string, elapsed time.Duration) Summary {
	r := run.Result
	s := Summary{
		Schema: SummarySchema, AsOf: dateText(r.AsOf), Balanced: r.Proof.Balanced, Files: SummarizeFiles(run.Files),
		Sides: map[string]SideSummary{}, Match: map[string]MatchSummary{}, Timing: map[string]TimingSummary{}, Flags: map[string]int64{},
		Report: report, ElapsedMS: elapsed.Milliseconds(),
	}
	for side := record.SidePos; side <= record.SideBank; side++ {
		p := &r.Proof.Sides[side]
		s.Rejects += p.Rejected
		s.Sides[sideCodes[side]] = SideSummary{p.Accepted, baseAmount(p.Amount), others(p.Amount)}
	}
	for m := range result.NumMatch {
		t := &r.Match[m]
		s.Match[m.String()] = MatchSummary{t.Groups, t.PosRows, t.ClearingRows, baseAmount(t.PosAmount), baseAmount(t.ClearingAmount), others(t.PosAmount), others(t.ClearingAmount)}
	}
	for t := range result.NumTiming {
		s.Timing[t.String()] = TimingSummary{r.Timing[t].Groups, baseAmount(r.Timing[t].Amount), others(r.Timing[t].Amount)}
	}
	for bit, n := range r.Flags {
		s.Flags[result.FlagNames[bit]] = n
	}
	for _, w := range r.Warnings {
		s.Warnings = append(s.Warnings, WarningText(w, run.Lang))
	}
	s.settle(r)
	s.Owed, s.owes = summarizeOwed(&r.Owed), owedSentences(&r.Owed, r.AsOf, run.Lang)
	s.Ledger = run.Ledger.summary()
	return s
}

func (s *Summary) settle(r *result.Result) {
	s.Settlements, s.Credits = map[string]SettlementCount{}, map[string]CreditCount{}
	for state, t := range settlementTotals(r.Settlements) {
		s.Settlements[result.CreditState(state).String()] = SettlementCount{t.count, baseAmount(t.net), baseAmount(t.credited), others(t.net), baseAmount(t.outstanding)}
	}
	for outcome, t := range creditTotals(r.Credits) {
		s.Credits[result.CreditOutcome(outcome).String()] = CreditCount{t.count, baseAmount(t.amount), others(t.amount)}
	}
}

// SummarizeFiles gives inputs as the JSON of run and inspect shows them.
func SummarizeFiles(files []File) []FileSummary {
	out := make([]FileSummary, len(files))
	for i := range files {
		f := &files[i]
		out[i] = FileSummary{
			Path: f.Path, Side: sideCodes[f.Side], Layout: f.Layout, Encoding: f.Encoding, SHA256: f.SHA256,
			Rows: f.Rows, Accepted: f.Accepted, Rejected: f.Rejected, Skipped: f.Skipped, Seen: f.Seen, Gone: f.Gone,
			Amount: baseAmount(f.Amount), Others: others(f.Amount), Problems: f.Problems, DuplicateOf: f.DuplicateOf, Checks: f.Checks,
		}
		if f.Checks == nil {
			out[i].Checks = []Check{}
		}
		if f.Problems == nil {
			out[i].Problems = []string{}
		}
		if c := f.Control; c != nil {
			out[i].Control = &ControlSummary{OK: c.OK}
			if c.HasRows {
				out[i].Control.DeclaredRows = &c.DeclaredRows
			}
			if c.HasAmount {
				amount := Amount(c.DeclaredAmount)
				out[i].Control.DeclaredAmount = &amount
			}
		}
	}
	return out
}

// WriteJSON writes a value as one indented JSON object and a line end. Text is
// not escaped for HTML: file names stay readable.
func WriteJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
