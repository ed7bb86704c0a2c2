package match

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// outcome is what the settlement leg says of a class of clearing rows.
type outcome struct {
	settlement int32            // -1: its rows settle nothing
	credit     result.RowCredit // of its rows
	held       result.RowCredit // of those that explain a shortfall
	refund     *terms.Contract  // the contract that limits how long a refund may take
	list       bool             // its matched rows are listed whatever else they are
}

// settle runs the settlement leg on the sums of the scan and keeps what it
// says of each class. It comes before the join, which only counts what is
// matched and in order, and must know what is not.
func (r *run) settle(ctx context.Context) error {
	in := settle.Input{AsOf: r.opt.AsOf, Contracts: r.opt.Contracts, Calendar: r.opt.Calendar, Patterns: r.opt.Patterns, Grace: record.Date(r.opt.StatementGrace)}
	var err error
	if in.Sums, err = r.clearingSums(); err != nil {
		return err
	}
	if in.Bank, err = r.readBank(ctx); err != nil {
		return err
	}
	in.HasBank = r.src[record.SideBank] != nil
	if in.Payouts, err = r.readPayouts(ctx); err != nil {
		return err
	}
	if k := r.opt.Before; k != nil {
		in.Sums, in.Paid = append(in.Sums, k.carriedSums()...), k.Paid
	}
	if r.leg, err = settle.Run(in); err != nil {
		return err
	}
	r.noteTerminals()
	if err := r.settleCopies(ctx, in); err != nil {
		return err
	}
	if err := r.explainShort(ctx); err != nil {
		return err
	}
	r.classOutcomes()
	return nil
}

// clearingSums are the sums of the classes, in their order; those of the other
// side settle nothing.
func (r *run) clearingSums() ([]settle.ClearingSum, error) {
	t := &r.classes
	sums := make([]settle.ClearingSum, len(t.list))
	for i := range t.list {
		c, s := &t.list[i], &t.sums[i]
		if c.side != pair.ClearingSide {
			sums[i].Status = record.Failed
			continue
		}
		fees := s.net.Neg()
		fees.AddSum(s.amount)
		amount, ok := s.amount.Fen()
		fee, ok2 := fees.Fen()
		if !ok || !ok2 {
			return nil, settle.ErrSettleOverflow
		}
		sums[i] = settle.ClearingSum{Acquirer: c.acquirer, Merchant: c.merchant, Account: c.account, Currency: c.currency, Kind: c.code.Kind(),
			Status: cmp.Or(c.status, record.OK), Day: c.day, Settled: c.settleDate, Credited: c.credited, DueBy: c.dueBy(), Rows: s.rows, Amount: amount, Fee: fee}
	}
	return sums, nil
}

// readBank keeps the rows of the bank side: a statement has few.
func (r *run) readBank(ctx context.Context) ([]settle.BankRow, error) {
	src := r.src[record.SideBank]
	if src == nil {
		return nil, nil
	}
	found := make([][]settle.BankRow, r.opt.Workers)
	err := src.Scan(ctx, r.opt.Workers, src.Carries(), func(w int) func(*record.Row) {
		return func(row *record.Row) {
			found[w] = append(found[w], settle.NewBankRow(row))
			r.opt.Progress.Scanned.Add(1)
		}
	})
	return slices.Concat(found...), err
}

// readPayouts reads the payout rows of the clearing side again for their numbers.
func (r *run) readPayouts(ctx context.Context) ([]settle.PayoutRow, error) {
	var at []record.Pos
	for _, row := range r.rest[pair.ClearingSide] {
		if r.classes.list[row.class].code.Kind() == record.Payout {
			at = append(at, row.pos)
		}
	}
	if len(at) == 0 {
		return nil, nil
	}
	slices.Sort(at)
	rows := make([]settle.PayoutRow, len(at))
	err := r.source(pair.ClearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
		return func(i int, row *record.Row) {
			p := settle.PayoutRow{Acquirer: string(row.Text[record.Acquirer]), Merchant: string(row.Text[record.MerchantID]), Clearing: row.ClearingDate}
			for _, f := range [...]record.Field{record.OrderNo, record.ChannelNo, record.RefNo} {
				if len(row.Text[f]) > 0 {
					p.Numbers = append(p.Numbers, string(row.Text[f]))
				}
			}
			rows[i] = p
		}
	})
	return rows, err
}

// explainShort looks for the rows that explain the settlements that came short.
func (r *run) explainShort(ctx context.Context) error {
	wanted, repeats := map[int32][]settle.RowNet{}, map[int32]bool{}
	for _, n := range r.leg.Short() {
		repeats[n] = true
	}
	if len(repeats) == 0 {
		return nil
	}
	copies, err := r.copiesOf(ctx, repeats)
	if err != nil {
		return err
	}
	for _, n := range r.leg.Short() {
		if r.leg.TakeOutCopies(n, copies[n]) {
			continue
		}
		s := &r.leg.Settlements[n]
		if s.Transactions <= settle.MaxHeldRows {
			wanted[n] = nil
		} else if s.Reason.Code == result.ReasonShortOpen {
			s.Reason.Code = result.ReasonShortGaveUp
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	rows, err := r.rowsOf(ctx, wanted)
	if err != nil {
		return err
	}
	for i := range rows {
		n := r.leg.Of[rows[i].class]
		wanted[n] = append(wanted[n], settle.RowNet{Pos: rows[i].pos, Net: rows[i].net})
	}
	for _, n := range slices.Sorted(maps.Keys(wanted)) {
		earlier, err := r.carriedNets(ctx, n)
		if err != nil {
			return err
		}
		r.leg.Explain(n, append(wanted[n], earlier...))
		for _, p := range r.leg.Settlements[n].Held {
			r.marked[pair.ClearingSide].add(p, result.Held)
		}
	}
	return nil
}

// settledRow is a row of a short settlement.
type settledRow struct {
	placed
	net money.Fen
}

// rowsOf finds the rows of settlements among the facts, and reads them again
// for their nets.
func (r *run) rowsOf(ctx context.Context, wanted map[int32][]settle.RowNet) ([]settledRow, error) {
	in := make([]bool, len(r.classes.list))
	for class, n := range r.leg.Of[:len(in)] {
		_, in[class] = wanted[n]
		in[class] = in[class] && n >= 0
	}
	var rows []settledRow
	take := func(p record.Pos, class uint32) {
		if in[class] {
			rows = append(rows, settledRow{placed: placed{p, class}})
		}
	}
	for _, st := range r.stores {
		for p := range st.parts[pair.ClearingSide] {
			err := st.each(pair.ClearingSide, p, func(fs []fact) {
				for i := range fs {
					take(fs[i].pos(), fs[i].class)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, row := range r.rest[pair.ClearingSide] {
		take(row.pos, row.class)
	}
	// Those of earlier nights are in the sums once: they come with the others.
	rows = slices.DeleteFunc(rows, func(s settledRow) bool { return s.pos < r.carriedBelow() })
	slices.SortFunc(rows, func(a, b settledRow) int { return cmp.Compare(a.pos, b.pos) })
	at := make([]record.Pos, len(rows))
	for i := range rows {
		at[i] = rows[i].pos
	}
	if len(rows) == 0 { // the side may be missing: all of them may be of earlier nights
		return nil, nil
	}
	return rows, r.source(pair.ClearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
		return func(i int, row *record.Row) { rows[i].net = netOf(row) }
	})
}

// classOutcomes keeps what the settlement leg says of each class.
func (r *run) classOutcomes() {
	r.outcomes = make([]outcome, len(r.classes.list))
	for i := range r.classes.list {
		c, o := &r.classes.list[i], &r.outcomes[i]
		o.settlement = r.leg.Of[i]
		o.list = c.marks != 0 || c.gap != noGap || r.opt.All
		if o.settlement < 0 {
			continue
		}
		o.credit, o.held = r.creditOf(o.settlement, c, false), r.creditOf(o.settlement, c, true)
		o.list = o.list || o.credit.Timing == result.Late || o.credit.Timing == result.Overdue ||
			o.credit.Timing == result.PendingTiming && r.opt.Calendar.Provisional(o.credit.Cycle, o.credit.Due)
		if k := r.opt.Contracts.For(c.acquirer, c.merchant, c.day); k.RefundDays > 0 && c.code.Kind() == record.Refund {
			o.refund = k
		}
	}
}

// creditOf is what is known of the money of a class's rows. Where no bank side
// shows the account, the clearing file's own word about each row counts, even
// in a settlement whose net was used up by refunds.
func (r *run) creditOf(n int32, c *class, held bool) result.RowCredit {
	credit := r.leg.RowCredit(n, held, c.settleDate, c.credited, c.dueBy())
	if !r.leg.Covered[n] && credit.Timing == result.TimingNone {
		day := cmp.Or(c.credited, c.settleDate)
		credit.Timing, credit.Credited, credit.Late = result.ClaimTiming(r.opt.Calendar, credit.Cycle, credit.Due, day, r.opt.AsOf)
		credit.Known = day != 0
	}
	if credit.Timing == result.Overdue && takesBack(c.code.Kind()) {
		// Nobody waits for the money of a refund.
		credit.Timing, credit.Late = result.TimingNone, 0
	}
	return credit
}

// takesBack says whether rows of a kind take money back.
func takesBack(k record.Kind) bool {
	return k == record.Refund || k == record.Void || k == record.Reversal
}

// quiet says that there is nothing to list about a matched pair.
func (r *run) quiet(p, c *fact) bool {
	o := &r.outcomes[c.class]
	if o.list || r.outcomes[p.class].list {
		return false
	}
	if below := r.carriedBelow(); p.pos() < below || c.pos() < below {
		return false
	}
	if o.refund != nil && r.lateRefund(o.refund, p, c) {
		return false
	}
	return r.marked[pair.PosSide].of(p) == 0 && r.marked[pair.ClearingSide].of(c) == 0
}

// lateRefund: asked for when the till says, done on its clearing day.
func (r *run) lateRefund(k *terms.Contract, p, c *fact) bool {
	return terms.RefundLate(r.opt.Calendar, k, p.when().Date(), r.classes.list[c.class].day, r.opt.AsOf)
}

// markedRows are flags of single rows, which their class cannot carry. There
// are few, so most rows are told by a small filter.
type markedRows struct {
	flags  map[record.Pos]result.Flags
	filter [256]uint64
}

func (m *markedRows) add(p record.Pos, f result.Flags) {
	if m.flags == nil {
		m.flags = map[record.Pos]result.Flags{}
	}
	m.flags[p] |= f
	h := mix(uint64(p))
	m.filter[h>>56] |= 1 << (h & 63)
}

func (m *markedRows) of(f *fact) result.Flags {
	if m.flags == nil {
		return 0
	}
	p := f.pos()
	if h := mix(uint64(p)); m.filter[h>>56]&(1<<(h&63)) == 0 {
		return 0
	}
	return m.flags[p]
}

// time fills in what is known of a group's money.
func (r *run) time(g *result.Group, d *draft) {
	switch g.Match {
	case result.Voided, result.FailedMatch, result.Duplicate:
	case result.InTransit:
		g.Timing, g.DueDate = result.PendingTiming, r.waitsUntil(d)
	case result.PosOnly:
		r.timeOpen(g, d)
	default:
		r.timeCleared(g, d)
	}
	switch {
	case g.DueDate == 0:
	case d.owed != nil && r.opt.Calendar.Provisional(d.owed.cycle, g.DueDate), d.owed == nil && r.opt.Calendar.Provisional(r.cycleOf(g, d), g.DueDate):
		g.Flags |= result.Provisional
	}
}

// waitsUntil is when the money of a group in transit should come: by its sale's
// contract, or by that of the clearing row that is pending too.
func (r *run) waitsUntil(d *draft) record.Date {
	if d.owed != nil {
		return d.owed.due
	}
	c := &r.classes.list[d.clr()[0].class]
	_, due := r.dueOf(c)
	return due
}

// timeOpen: a sale that was not cleared is owed from the day it should have
// come. Where its file is missing nobody can tell whether it was cleared, and
// for a refund no money is expected.
func (r *run) timeOpen(g *result.Group, d *draft) {
	switch {
	case g.PosAmount < 0:
	case g.Flags&result.NoFile != 0:
		g.Timing, g.DueDate = result.UnknownTiming, d.owed.due
	default:
		g.Timing, g.DueDate = result.OpenTiming(r.opt.Calendar, d.owed.cycle, d.owed.due, r.opt.AsOf), d.owed.due
		g.DaysLate = result.OverdueBy(r.opt.Calendar, d.owed.cycle, d.owed.due, r.opt.AsOf)
	}
}

// badness orders timings for a group whose rows differ: the worst one counts.
var badness = [result.NumTiming]int{result.TimingNone: 0, result.OnTime: 1, result.Late: 2, result.UnknownTiming: 3, result.PendingTiming: 4, result.Overdue: 5}

// timeCleared takes the timing from the clearing rows' settlements: the worst
// of them, and of equally bad ones the latest. The group is credited when the
// last of its rows is.
func (r *run) timeCleared(g *result.Group, d *draft) {
	var last result.RowCredit
	g.HasCredited = true
	rows := d.clr()
	for i := range rows {
		c, row, o := &r.classes.list[rows[i].class], r.detailOf(pair.ClearingSide, &rows[i]), &r.outcomes[rows[i].class]
		credit := o.credit
		if r.marked[pair.ClearingSide].of(&rows[i])&result.Held != 0 {
			credit = o.held
			g.Flags |= result.Held
		}
		if o.settlement < 0 {
			credit = r.unclearedCredit(c)
		}
		r.addCredit(g, o, &credit, row)
		worse := cmp.Or(cmp.Compare(badness[credit.Timing], badness[last.Timing]), cmp.Compare(credit.Due, last.Due),
			cmp.Compare(credit.Credited, last.Credited), cmp.Compare(o.settlement, g.Settlement))
		if i == 0 || worse > 0 {
			last, g.Settlement = credit, o.settlement
		}
		if o.refund != nil && d.sold > 0 && r.lateRefund(o.refund, &d.pos()[0], &rows[i]) {
			g.Flags |= result.RefundLate
		}
	}
	g.Timing, g.DueDate, g.DaysLate = last.Timing, last.Due, last.Late
	switch {
	case last.Timing != result.OnTime && last.Timing != result.Late:
	case g.Short() && g.PosAmount < 0:
		// Less was taken back than refunded: nobody owes the shop anything.
		g.Timing, g.DaysLate = result.TimingNone, 0
	case g.Short():
		g.Timing, g.DaysLate = result.OpenTiming(r.opt.Calendar, r.cycleOf(g, d), last.Due, r.opt.AsOf), result.OverdueBy(r.opt.Calendar, r.cycleOf(g, d), last.Due, r.opt.AsOf)
	default:
		g.CreditedDate = last.Credited
	}
	if !g.HasCredited {
		g.Credited = 0
	}
}

// cycleOf is the contract cycle that a cleared group's due date was counted by.
func (r *run) cycleOf(g *result.Group, d *draft) terms.Cycle {
	rows := d.clr()
	for i := range rows {
		if o := &r.outcomes[rows[i].class]; o.settlement == g.Settlement && o.settlement >= 0 && o.credit.Due == g.DueDate {
			return o.credit.Cycle
		}
	}
	if g.Settlement >= 0 {
		return r.leg.Cycles[g.Settlement]
	}
	cycle, _ := r.dueOf(&r.classes.list[rows[0].class])
	return cycle
}

// unclearedCredit is for a clearing row that settles nothing, because it failed: a
// sale that the shop has is owed all the same.
func (r *run) unclearedCredit(c *class) result.RowCredit {
	cycle, due := r.dueOf(c)
	return result.RowCredit{Timing: result.OpenTiming(r.opt.Calendar, cycle, due, r.opt.AsOf), Due: due, Known: true, Late: result.OverdueBy(r.opt.Calendar, cycle, due, r.opt.AsOf), Cycle: cycle}
}

// addCredit adds what came of a row: what the file itself says was credited
// where no bank shows the account, else the row's net once its settlement is
// paid.
func (r *run) addCredit(g *result.Group, o *outcome, credit *result.RowCredit, row *detail) {
	unchecked := o.settlement >= 0 && !r.leg.Covered[o.settlement]
	switch {
	case unchecked && row.hasCredited && (credit.Credited != 0 || !credit.Known):
		g.Credited += row.credited
	case !credit.Known:
		g.HasCredited = false
	case credit.Credited != 0:
		g.Credited += row.net
	}
}

// due is the due date of a clearing day; a year without a calendar is noted.
func (r *run) due(cycle terms.Cycle, day record.Date) record.Date {
	if day == 0 {
		return 0
	}
	due, published := r.opt.Calendar.Due(cycle, day)
	if !published {
		w := settle.CalendarWarning(r.opt.Calendar.MissingYear(day, due))
		if !slices.ContainsFunc(r.leg.Warnings, func(o result.Warning) bool { return slices.Equal(o.Args, w.Args) && o.Code == w.Code }) {
			r.leg.Warnings = append(r.leg.Warnings, w)
		}
	}
	return due
}

// compareCredited turns a matched group into partial or over where the
// clearing file itself says that less or more than the net was credited.
func (r *run) compareCredited(d *draft) {
	if d.match != result.Matched {
		return
	}
	var credited, net money.Sum
	rows := d.clr()
	for i := range rows {
		row := r.detailOf(pair.ClearingSide, &rows[i])
		if row.hasCredited && r.classes.list[rows[i].class].gap != noGap {
			credited.Add(row.credited)
			net.Add(row.net)
		}
	}
	switch {
	case credited == net:
	case credited.Size().Less(net.Size()):
		d.match, d.why = result.Partial, result.Reason{Code: result.ReasonCreditedLess, Amount: credited.Sub(net)}
	default:
		d.match, d.why = result.Over, result.Reason{Code: result.ReasonCreditedMore, Amount: credited.Sub(net)}
	}
}

// dueBy is what decides when the money of the class is due.
func (c *class) dueBy() terms.DueBy {
	return terms.DueBy{Promised: c.promised, Under: terms.CycleFor(c.cardType, c.channel)}
}

// dueOf is the cycle of a class and when its money is due.
func (r *run) dueOf(c *class) (terms.Cycle, record.Date) {
	cycle := r.opt.Contracts.For(c.acquirer, c.merchant, c.day).CycleBy(c.dueBy().Under)
	if c.promised != 0 {
		return cycle, c.promised
	}
	return cycle, r.due(cycle, c.day)
}
