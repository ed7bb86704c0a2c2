package report

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// line is a group with the rows behind it, as every output shows it.
type line struct {
	group         *result.Group
	pos, clearing []*record.Record
	other         *record.Record // Reason.Other, if the group has one
	settlement    *result.Settlement
	contracts     *terms.Contracts
	calendar      *terms.Calendar
	asOf          record.Date
	lang          problem.Lang
	thresholds    terms.Thresholds
	decided       Decided
	names         shortNames
	said          string // the sentence of reason, once it has been asked for
}

// loaded are rows of one source that were read again.
type loaded struct {
	at   []record.Pos // ascending, distinct
	rows []record.Record
}

// load reads rows again; positions may come in any order and more than once.
func load(ctx context.Context, src match.Source, at []record.Pos) (loaded, error) {
	if src == nil || len(at) == 0 {
		return loaded{}, nil
	}
	slices.Sort(at)
	at = slices.Compact(at)
	rows, err := src.Records(ctx, 1, at)
	return loaded{at: at, rows: rows}, err
}

// find is the row at p; nil where the run has no such side.
func (l loaded) find(p record.Pos) *record.Record {
	i, ok := slices.BinarySearch(l.at, p)
	if !ok || i >= len(l.rows) {
		return nil
	}
	return &l.rows[i]
}

// lines reads the rows of some groups again and puts both together.
func (r *Run) lines(ctx context.Context, groups []result.Group) ([]line, [4]loaded, error) {
	var at [4][]record.Pos
	for i := range groups {
		g := &groups[i]
		at[record.SidePos] = append(at[record.SidePos], g.Pos...)
		at[record.SideClearing] = append(at[record.SideClearing], g.Clearing...)
		if g.Reason.HasOther {
			at[g.Reason.OtherSide] = append(at[g.Reason.OtherSide], g.Reason.Other)
		}
	}
	rows, err := r.loadSides(ctx, at)
	if err != nil {
		return nil, rows, err
	}
	out := make([]line, len(groups))
	for i := range groups {
		out[i] = r.line(&groups[i], &rows)
	}
	return out, rows, nil
}

func (r *Run) loadSides(ctx context.Context, at [4][]record.Pos) (rows [4]loaded, err error) {
	for side, src := range [4]match.Source{record.SidePos: r.Pos, record.SideClearing: r.Clearing, record.SideBank: r.Bank} {
		if rows[side], err = load(ctx, src, at[side]); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func (r *Run) line(g *result.Group, rows *[4]loaded) line {
	l := line{group: g, contracts: r.Contracts, calendar: cmp.Or(r.Calendar, builtinCalendar()), asOf: r.Result.AsOf, lang: r.Lang, thresholds: r.Result.Thresholds}
	l.pos = findAll(&rows[record.SidePos], g.Pos)
	l.clearing = findAll(&rows[record.SideClearing], g.Clearing)
	if g.Reason.HasOther {
		l.other = rows[g.Reason.OtherSide].find(g.Reason.Other)
	}
	l.decided, l.names = r.Ledger.decided(g.ItemID), r.names
	if g.Settlement >= 0 && int(g.Settlement) < len(r.Result.Settlements) {
		l.settlement = &r.Result.Settlements[g.Settlement]
	}
	return l
}

// builtinCalendar is for runs that name none.
var builtinCalendar = sync.OnceValue(terms.BuiltinCalendar)

func findAll(rows *loaded, at []record.Pos) []*record.Record {
	if len(at) == 0 {
		return nil
	}
	out := make([]*record.Record, 0, len(at))
	for _, p := range at {
		if row := rows.find(p); row != nil {
			out = append(out, row)
		}
	}
	return out
}

// distinct joins the different values of some rows in their order.
func distinct(rows []*record.Record, value func(*record.Record) string) string {
	first, many := "", []string(nil)
	for _, row := range rows {
		v := value(row)
		switch {
		case v == "" || v == first || slices.Contains(many, v):
		case first == "":
			first = v
		case many == nil:
			many = []string{first, v}
		default:
			many = append(many, v)
		}
	}
	if many == nil {
		return first
	}
	return strings.Join(many, ";")
}

// all joins the values of all rows, so that two such fields run in parallel.
func all(rows []*record.Record, value func(*record.Record) string) string {
	if len(rows) == 1 {
		return value(rows[0])
	}
	parts := make([]string, len(rows))
	for i, row := range rows {
		parts[i] = value(row)
	}
	return strings.Join(parts, ";")
}

// field is a text field of the group: what the clearing rows say, else what
// the POS rows say.
func (l *line) field(f record.Field) string {
	value := func(r *record.Record) string { return r.Text[f] }
	if s := distinct(l.clearing, value); s != "" {
		return s
	}
	return distinct(l.pos, value)
}

// acquirer is the contract table's name for the acquirer, as settlements have
// it, else the one that the rows give.
func (l *line) acquirer() string {
	if len(l.clearing) == 0 && l.group.Acquirer != "" {
		return l.group.Acquirer
	}
	if l.settlement != nil && l.settlement.Acquirer != "" && len(l.clearing) == 1 {
		return l.settlement.Acquirer
	}
	return l.of(func(r *record.Record) string {
		return l.contracts.Name(r.Text[record.Acquirer], r.Text[record.MerchantID])
	})
}

// merchant is the merchant number that the rows show, else that of the contract
// by which a sale without a clearing row goes.
func (l *line) merchant() string {
	if len(l.clearing) == 0 && l.group.MerchantID != "" {
		return l.group.MerchantID
	}
	return l.field(record.MerchantID)
}

// of is what a function of the rows says, clearing rows first.
func (l *line) of(value func(*record.Record) string) string {
	if s := distinct(l.clearing, value); s != "" {
		return s
	}
	return distinct(l.pos, value)
}

// key is the value of the key that brought the group together. A reference is
// given without its terminal, a trace number as batch/trace.
func (l *line) key() string {
	switch l.group.KeyType {
	case result.KeyOrder:
		return l.field(record.OrderNo)
	case result.KeyChannel:
		return l.field(record.ChannelNo)
	case result.KeyRef, result.KeyRefAlone:
		return l.field(record.RefNo)
	case result.KeyTrace:
		return l.of(batchTrace)
	}
	return ""
}

func batchTrace(r *record.Record) string {
	batch, trace := r.Text[record.BatchNo], r.Text[record.TraceNo]
	if batch == "" || trace == "" {
		return batch + trace
	}
	return batch + "/" + trace
}

// orderOrChannel is the number that names a QR or wallet sale.
func orderOrChannel(r *record.Record) string {
	if r.Text[record.OrderNo] != "" {
		return r.Text[record.OrderNo]
	}
	return r.Text[record.ChannelNo]
}

// anyNumber is the key that brought the group together, else the strongest
// number of its rows.
func (l *line) anyNumber() string {
	if key := l.key(); key != "" {
		return key
	}
	if n := l.number(l.clearing); n != "" {
		return n
	}
	return l.number(l.pos)
}

// refOrTrace is the number that names a card sale.
func refOrTrace(r *record.Record) string {
	if r.Text[record.RefNo] != "" {
		return r.Text[record.RefNo]
	}
	return batchTrace(r)
}

// identifier is the strongest number a row carries, and what it is called.
func identifier(r *record.Record, l problem.Lang) (name, value string) {
	for _, k := range [...]struct {
		key   result.KeyType
		value string
	}{
		{result.KeyOrder, r.Text[record.OrderNo]}, {result.KeyChannel, r.Text[record.ChannelNo]},
		{result.KeyRef, r.Text[record.RefNo]}, {result.KeyTrace, batchTrace(r)},
	} {
		if k.value != "" {
			return keyNames[k.key].in(l), k.value
		}
	}
	return "", ""
}

func source(r *record.Record) string { return r.Source }

func rowTime(r *record.Record) string { return string(appendTime(nil, r.Time, r.HasClock)) }

func rowClearingDate(r *record.Record) string { return dateText(r.ClearingDate) }

func rowKindCode(r *record.Record) string { return kindCodes[r.Kind] }

// time is the row whose time a single column shows: the shop's, else the
// acquirer's first row.
func (l *line) time() (record.Time, bool) {
	if len(l.pos) > 0 && l.pos[0].Time != 0 {
		return l.pos[0].Time, l.pos[0].HasClock
	}
	if len(l.clearing) > 0 {
		return l.clearing[0].Time, l.clearing[0].HasClock
	}
	return 0, false
}

// clearingDate is the day that the first clearing row names, else the day of
// the settlement that the rows belong to by the contract's cut-off.
func (l *line) clearingDate() record.Date {
	for _, r := range l.clearing {
		if r.ClearingDate != 0 {
			return r.ClearingDate
		}
	}
	if l.settlement != nil && len(l.clearing) > 0 {
		return l.settlement.ClearingDate
	}
	return 0
}

// fee is what the acquirer charged; known only where every clearing row says.
func (l *line) fee() (f money.Fen, ok bool) {
	for _, r := range l.clearing {
		if !r.HasFee {
			return 0, false
		}
		f += r.Fee
	}
	return f, len(l.clearing) > 0
}

// net is what should reach the account for the clearing rows.
func (l *line) net() (n money.Fen, ok bool) { return result.NetOf(l.clearing) }

// feeOver is charged less contract fee: positive means charged too much.
func (l *line) feeOver() (f money.Fen, ok bool) {
	fee, known := l.fee()
	return fee - l.group.ExpectedFee, known && l.group.HasExpectedFee
}

// difference is clearing less POS; a side without rows counts as nothing.
func (l *line) difference() money.Fen { return l.group.ClearingAmount - l.group.PosAmount }

// awaited is what has not come of the group's net; its settlement owes it.
func (l *line) awaited() (money.Fen, bool) {
	net, ok := l.net()
	if !ok {
		net = l.group.ClearingAmount
	}
	f := l.group.Awaited(net)
	return f, f != 0
}

// age is how many days the money is over its due date, counted as its cycle
// does.
func (l *line) age() int32 {
	return result.Age(l.calendar, l.group.Cycle, l.group.DueDate, l.asOf)
}

// timingWord calls what is late by its name: a refund that has not been deducted
// is no money that fails to come.
func (l *line) timingWord() string {
	if l.group.Timing == result.Overdue && l.group.GoesBack() {
		return refundOpen.in(l.lang)
	}
	return timingNames[l.group.Timing].in(l.lang)
}

var refundOpen = text{"退款待扣", "refund open"}

// sure says how much a suggestion can be trusted.
func (l *line) sure() string {
	if l.group.Sure() {
		return sureText.in(l.lang)
	}
	return text{"中", "fair"}.in(l.lang)
}

// shortReason is the reason in a few words.
func (l *line) shortReason() string { return shortReason(l.group.Reason.Code, l.reason(), l.lang) }

// counting says of which days the row's age and lateness are.
func (l *line) counting() string {
	if l.group.DueDate == 0 {
		return ""
	}
	return countedBy(l.group.Cycle, l.lang)
}

// countedBy says whether a cycle counts business or calendar days.
func countedBy(cycle string, l problem.Lang) string {
	switch {
	case cycle == "":
		return ""
	case strings.HasPrefix(cycle, "D"):
		return text{"自然日", "calendar"}.in(l)
	}
	return text{"工作日", "business"}.in(l)
}

// goesBack is true where the group holds a row that takes a sale back.
func (l *line) goesBack() bool {
	back := func(r *record.Record) bool {
		return r.Kind == record.Void || r.Kind == record.Reversal || r.Kind == record.Refund
	}
	return slices.ContainsFunc(l.pos, back) || slices.ContainsFunc(l.clearing, back)
}

// currency is the money the group is in.
func (l *line) currency() string { return l.field(record.Currency) }
