package report

import (
	"context"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Ledger is what a night did to the ledger, as a report shows it.
type Ledger struct {
	Night, Base record.Date // Base: the night before; 0 at the first
	// Carried + Opened − Closed = Open.
	Carried, Opened, Closed, Open int
	Owed                          money.Fen
	// Read, Applied and Problems count decisions.
	Read, Applied, Problems int
	Missing                 []MissingFile
	Closings                []Closing
	// Decided is what has been said of the items that are open now, by their ids.
	Decided map[string]Decided
	// Decisions are those that the night read, in their order.
	Decisions []DecisionLine
	// Head is the chain's end before this night; "" at the first.
	Head string
}

// DecisionLine is a decision that was read, and what became of it.
type DecisionLine struct {
	DecisionRow
	// Effect says in the run's language what it changed, or why it did not.
	Effect  string
	Applied bool
}

func (l *Ledger) decided(id string) Decided {
	if l == nil || id == "" {
		return Decided{}
	}
	return l.Decided[id]
}

// MissingFile is a clearing file that was expected and did not come.
type MissingFile struct {
	Acquirer, MerchantID string
	Day                  record.Date
}

// Closing is an item that was open after the night before and is not now.
type Closing struct {
	ItemID, Type, SettlementID, State, By string
	On                                    record.Date
	DaysOpen                              int
	DaysLate                              int32
	Sources                               []string
	Amount                                money.Fen // what was owed the night before
	Reason                                string
}

// LedgerSummary is the ledger in the JSON summary.
type LedgerSummary struct {
	Night     string           `json:"night"`
	Base      *string          `json:"base"`
	Carried   int              `json:"carried"`
	Opened    int              `json:"opened"`
	Closed    int              `json:"closed"`
	Open      int              `json:"open"`
	Owed      Amount           `json:"owed"`
	Decisions DecisionSummary  `json:"decisions"`
	Missing   []MissingSummary `json:"files_missing"`
}

// DecisionSummary counts a night's decisions.
type DecisionSummary struct {
	Read     int `json:"read"`
	Applied  int `json:"applied"`
	Problems int `json:"problems"`
}

// MissingSummary is a clearing file that did not come.
type MissingSummary struct {
	Acquirer   string `json:"acquirer"`
	MerchantID string `json:"merchant_id"`
	Day        string `json:"day"`
}

func (l *Ledger) summary() *LedgerSummary {
	if l == nil {
		return nil
	}
	s := &LedgerSummary{Night: dateText(l.Night), Carried: l.Carried, Opened: l.Opened, Closed: l.Closed, Open: l.Open, Owed: Amount(l.Owed),
		Decisions: DecisionSummary{l.Read, l.Applied, l.Problems}, Missing: []MissingSummary{}}
	if l.Base != 0 {
		base := dateText(l.Base)
		s.Base = &base
	}
	for _, m := range l.Missing {
		s.Missing = append(s.Missing, MissingSummary{m.Acquirer, m.MerchantID, dateText(m.Day)})
	}
	return s
}

// closedCSV is the file of what a night closed, beside those of SPEC section 7.
const closedCSV = "closed.csv"

const closedHead = "item_id,type,settlement_id,state,closed_by,closed_on,days_open,days_late,source,amount,reason"

// csvHead is the first line of a CSV file. With a ledger the lines of
// transactions, settlements and credits end with their item's id.
func csvHead(name string, ledger bool) string {
	switch {
	case name == closedCSV:
		return closedHead
	case ledger && name != rejectsCSV:
		return csvHeads[name] + ",item_id"
	}
	return csvHeads[name]
}

// item writes the id of a line's item, where there is a ledger.
func (c *csvRows) item(id string) {
	if c.ledger {
		c.code(id)
	}
}

// closed writes a line of closed.csv.
func (c *csvRows) closed(l *Closing) {
	c.code(l.ItemID)
	c.code(l.Type)
	c.text(l.SettlementID)
	c.code(l.State)
	c.code(l.By)
	c.date(l.On)
	c.int(int64(l.DaysOpen))
	c.int(int64(l.DaysLate))
	c.text(strings.Join(l.Sources, ";"))
	c.yuan(l.Amount)
	c.text(l.Reason)
	c.end()
}

// GroupReasons are the sentences of some groups in the run's language.
func (r *Run) GroupReasons(ctx context.Context, groups []result.Group) ([]string, error) {
	out := make([]string, 0, len(groups))
	for part := range slices.Chunk(groups, batchGroups) {
		lines, _, err := r.lines(ctx, part)
		if err != nil {
			return nil, err
		}
		for i := range lines {
			out = append(out, lines[i].reason())
		}
	}
	return out, nil
}

// GroupRows are the rows of a group, read again, with what came nearest to them
// where the other side has none (nil: nothing did), and the group's sentence.
type GroupRows struct {
	Pos, Clearing []*record.Record
	Other         *record.Record
	Reason        string
}

// GroupRows reads the rows of some groups. They are held all at once: ask for as
// many as a person looks at.
func (r *Run) GroupRows(ctx context.Context, groups []result.Group) ([]GroupRows, error) {
	lines, _, err := r.lines(ctx, groups)
	if err != nil {
		return nil, err
	}
	out := make([]GroupRows, len(lines))
	for i := range lines {
		l := &lines[i]
		out[i] = GroupRows{l.pos, l.clearing, l.other, l.reason()}
	}
	return out, nil
}

// SettlementReasons are the sentences of some settlements.
func (r *Run) SettlementReasons(ctx context.Context, list []result.Settlement) ([]string, error) {
	all, err := r.settlements(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(all))
	for i := range all {
		out[i] = all[i].reason()
	}
	return out, nil
}

// CreditReasons are the sentences of some bank lines.
func (r *Run) CreditReasons(ctx context.Context, list []result.Credit) ([]string, error) {
	all, err := r.credits(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(all))
	for i := range all {
		out[i] = all[i].reason()
	}
	return out, nil
}
