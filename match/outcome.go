package match

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// outcome is what the settlement leg says of a class of clearing rows.
type outcome struct {
	settlement int32     // -1: its rows settle nothing
	credit     rowCredit // of its rows
	held       rowCredit // of those that explain a shortfall
	refund     *Contract // the contract that limits how long a refund may take
	list       bool      // its matched rows are listed whatever else they are
}

// settle runs the settlement leg on the sums of the scan and keeps what it
// says of each class. It comes before the join, which only counts what is
// matched and in order, and must know what is not.
func (r *run) settle(ctx context.Context) error {
	in := settleInput{asOf: r.opt.AsOf, contracts: r.opt.Contracts, calendar: r.opt.Calendar, patterns: r.opt.Patterns, grace: parse.Date(r.opt.StatementGrace)}
	var err error
	if in.sums, err = r.clearingSums(); err != nil {
		return err
	}
	if in.bank, err = r.readBank(ctx); err != nil {
		return err
	}
	in.hasBank = r.src[parse.SideBank] != nil
	if in.payouts, err = r.readPayouts(ctx); err != nil {
		return err
	}
	if k := r.opt.Before; k != nil {
		in.sums, in.paid = append(in.sums, k.carriedSums()...), k.Paid
	}
	if r.leg, err = settle(in); err != nil {
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
func (r *run) clearingSums() ([]clearingSum, error) {
	t := &r.classes
	sums := make([]clearingSum, len(t.list))
	for i := range t.list {
		c, s := &t.list[i], &t.sums[i]
		if c.side != clearingSide {
			sums[i].status = parse.Failed
			continue
		}
		fees := s.net.neg()
		fees.addSum(s.amount)
		amount, ok := s.amount.fen()
		fee, ok2 := fees.fen()
		if !ok || !ok2 {
			return nil, errSettleOverflow
		}
		sums[i] = clearingSum{acquirer: c.acquirer, merchant: c.merchant, account: c.account, currency: c.currency, kind: c.code.kind(),
			status: cmp.Or(c.status, parse.OK), day: c.day, settled: c.settleDate, credited: c.credited, rows: s.rows, amount: amount, fee: fee}
	}
	return sums, nil
}

// readBank keeps the rows of the bank side: a statement has few.
func (r *run) readBank(ctx context.Context) ([]bankRow, error) {
	src := r.src[parse.SideBank]
	if src == nil {
		return nil, nil
	}
	found := make([][]bankRow, r.opt.Workers)
	err := src.Scan(ctx, r.opt.Workers, src.Carries(), func(w int) func(*parse.Row) {
		return func(row *parse.Row) {
			found[w] = append(found[w], newBankRow(row))
			r.opt.Progress.Scanned.Add(1)
		}
	})
	return slices.Concat(found...), err
}

// readPayouts reads the payout rows of the clearing side again for their numbers.
func (r *run) readPayouts(ctx context.Context) ([]payoutRow, error) {
	var at []parse.Pos
	for _, row := range r.rest[clearingSide] {
		if r.classes.list[row.class].code.kind() == parse.Payout {
			at = append(at, row.pos)
		}
	}
	if len(at) == 0 {
		return nil, nil
	}
	slices.Sort(at)
	rows := make([]payoutRow, len(at))
	err := r.source(clearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *parse.Row) {
		return func(i int, row *parse.Row) {
			p := payoutRow{acquirer: string(row.Text[parse.Acquirer]), merchant: string(row.Text[parse.MerchantID]), clearing: row.ClearingDate}
			for _, f := range [...]parse.Field{parse.OrderNo, parse.ChannelNo, parse.RefNo} {
				if len(row.Text[f]) > 0 {
					p.numbers = append(p.numbers, string(row.Text[f]))
				}
			}
			rows[i] = p
		}
	})
	return rows, err
}

// explainShort looks for the rows that explain the settlements that came short.
func (r *run) explainShort(ctx context.Context) error {
	wanted, repeats := map[int32][]rowNet{}, map[int32]bool{}
	for _, n := range r.leg.short() {
		repeats[n] = true
	}
	if len(repeats) == 0 {
		return nil
	}
	copies, err := r.copiesOf(ctx, repeats)
	if err != nil {
		return err
	}
	for _, n := range r.leg.short() {
		if r.leg.takeOutCopies(n, copies[n]) {
			continue
		}
		s := &r.leg.settlements[n]
		if s.Transactions <= maxHeldRows {
			wanted[n] = nil
		} else if s.Reason.Code == ReasonShortOpen {
			s.Reason.Code = ReasonShortGaveUp
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
		n := r.leg.of[rows[i].class]
		wanted[n] = append(wanted[n], rowNet{rows[i].pos, rows[i].net})
	}
	for _, n := range slices.Sorted(maps.Keys(wanted)) {
		earlier, err := r.carriedNets(ctx, n)
		if err != nil {
			return err
		}
		r.leg.explain(n, append(wanted[n], earlier...))
		for _, p := range r.leg.settlements[n].Held {
			r.marked[clearingSide].add(p, Held)
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
func (r *run) rowsOf(ctx context.Context, wanted map[int32][]rowNet) ([]settledRow, error) {
	in := make([]bool, len(r.classes.list))
	for class, n := range r.leg.of[:len(in)] {
		_, in[class] = wanted[n]
		in[class] = in[class] && n >= 0
	}
	var rows []settledRow
	take := func(p parse.Pos, class uint32) {
		if in[class] {
			rows = append(rows, settledRow{placed: placed{p, class}})
		}
	}
	for _, st := range r.stores {
		for p := range st.parts[clearingSide] {
			err := st.each(clearingSide, p, func(fs []fact) {
				for i := range fs {
					take(fs[i].pos(), fs[i].class)
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	for _, row := range r.rest[clearingSide] {
		take(row.pos, row.class)
	}
	// Those of earlier nights are in the sums once: they come with the others.
	rows = slices.DeleteFunc(rows, func(s settledRow) bool { return s.pos < r.carriedBelow() })
	slices.SortFunc(rows, func(a, b settledRow) int { return cmp.Compare(a.pos, b.pos) })
	at := make([]parse.Pos, len(rows))
	for i := range rows {
		at[i] = rows[i].pos
	}
	if len(rows) == 0 { // the side may be missing: all of them may be of earlier nights
		return nil, nil
	}
	return rows, r.source(clearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *parse.Row) {
		return func(i int, row *parse.Row) { rows[i].net = netOf(row) }
	})
}

// classOutcomes keeps what the settlement leg says of each class.
func (r *run) classOutcomes() {
	r.outcomes = make([]outcome, len(r.classes.list))
	for i := range r.classes.list {
		c, o := &r.classes.list[i], &r.outcomes[i]
		o.settlement = r.leg.of[i]
		o.list = c.marks != 0 || c.gap != noGap || r.opt.All
		if o.settlement < 0 {
			continue
		}
		o.credit, o.held = r.creditOf(o.settlement, c, false), r.creditOf(o.settlement, c, true)
		o.list = o.list || o.credit.timing == Late || o.credit.timing == Overdue ||
			o.credit.timing == PendingTiming && r.opt.Calendar.Provisional(r.leg.cycles[o.settlement], o.credit.due)
		if k := r.opt.Contracts.For(c.acquirer, c.merchant, c.day); k.RefundDays > 0 && c.code.kind() == parse.Refund {
			o.refund = k
		}
	}
}

// creditOf is what is known of the money of a class's rows. Where no bank side
// shows the account, the clearing file's own word about each row counts, even
// in a settlement whose net was used up by refunds.
func (r *run) creditOf(n int32, c *class, held bool) rowCredit {
	credit := r.leg.rowCredit(n, held, c.settleDate, c.credited)
	if !r.leg.covered[n] && credit.timing == TimingNone {
		day := cmp.Or(c.credited, c.settleDate)
		credit.timing, credit.credited, credit.late = claimTiming(r.opt.Calendar, r.leg.cycles[n], credit.due, day, r.opt.AsOf)
		credit.known = day != 0
	}
	if credit.timing == Overdue && takesBack(c.code.kind()) {
		// Nobody waits for the money of a refund.
		credit.timing, credit.late = TimingNone, 0
	}
	return credit
}

// takesBack says whether rows of a kind take money back.
func takesBack(k parse.Kind) bool {
	return k == parse.Refund || k == parse.Void || k == parse.Reversal
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
	return r.marked[posSide].of(p) == 0 && r.marked[clearingSide].of(c) == 0
}

// lateRefund: asked for when the till says, done on its clearing day.
func (r *run) lateRefund(k *Contract, p, c *fact) bool {
	return refundLate(r.opt.Calendar, k, p.when().Date(), r.classes.list[c.class].day, r.opt.AsOf)
}

// markedRows are flags of single rows, which their class cannot carry. There
// are few, so most rows are told by a small filter.
type markedRows struct {
	flags  map[parse.Pos]Flags
	filter [256]uint64
}

func (m *markedRows) add(p parse.Pos, f Flags) {
	if m.flags == nil {
		m.flags = map[parse.Pos]Flags{}
	}
	m.flags[p] |= f
	h := mix(uint64(p))
	m.filter[h>>56] |= 1 << (h & 63)
}

func (m *markedRows) of(f *fact) Flags {
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
func (r *run) time(g *Group, d *draft) {
	switch g.Match {
	case Voided, FailedMatch, Duplicate:
	case InTransit:
		g.Timing, g.DueDate = PendingTiming, r.waitsUntil(d)
	case PosOnly:
		r.timeOpen(g, d)
	default:
		r.timeCleared(g, d)
	}
	switch {
	case g.DueDate == 0:
	case d.owed != nil && r.opt.Calendar.Provisional(d.owed.cycle, g.DueDate), d.owed == nil && r.opt.Calendar.Provisional(r.cycleOf(g, d), g.DueDate):
		g.Flags |= Provisional
	}
}

// waitsUntil is when the money of a group in transit should come: by its sale's
// contract, or by that of the clearing row that is pending too.
func (r *run) waitsUntil(d *draft) parse.Date {
	if d.owed != nil {
		return d.owed.due
	}
	c := &r.classes.list[d.clr()[0].class]
	return r.due(r.opt.Contracts.For(c.acquirer, c.merchant, c.day), c.day)
}

// timeOpen: a sale that was not cleared is owed from the day it should have
// come. Where its file is missing nobody can tell whether it was cleared, and
// for a refund no money is expected.
func (r *run) timeOpen(g *Group, d *draft) {
	switch {
	case g.PosAmount < 0:
	case g.Flags&NoFile != 0:
		g.Timing, g.DueDate = UnknownTiming, d.owed.due
	default:
		g.Timing, g.DueDate = openTiming(r.opt.Calendar, d.owed.cycle, d.owed.due, r.opt.AsOf), d.owed.due
		g.DaysLate = overdueBy(r.opt.Calendar, d.owed.cycle, d.owed.due, r.opt.AsOf)
	}
}

// badness orders timings for a group whose rows differ: the worst one counts.
var badness = [NumTiming]int{TimingNone: 0, OnTime: 1, Late: 2, UnknownTiming: 3, PendingTiming: 4, Overdue: 5}

// timeCleared takes the timing from the clearing rows' settlements: the worst
// of them, and of equally bad ones the latest. The group is credited when the
// last of its rows is.
func (r *run) timeCleared(g *Group, d *draft) {
	var last rowCredit
	g.HasCredited = true
	rows := d.clr()
	for i := range rows {
		c, row, o := &r.classes.list[rows[i].class], r.detailOf(clearingSide, &rows[i]), &r.outcomes[rows[i].class]
		credit := o.credit
		if r.marked[clearingSide].of(&rows[i])&Held != 0 {
			credit = o.held
			g.Flags |= Held
		}
		if o.settlement < 0 {
			credit = r.unclearedCredit(c)
		}
		r.addCredit(g, o, &credit, row)
		worse := cmp.Or(cmp.Compare(badness[credit.timing], badness[last.timing]), cmp.Compare(credit.due, last.due),
			cmp.Compare(credit.credited, last.credited), cmp.Compare(o.settlement, g.Settlement))
		if i == 0 || worse > 0 {
			last, g.Settlement = credit, o.settlement
		}
		if o.refund != nil && d.sold > 0 && r.lateRefund(o.refund, &d.pos()[0], &rows[i]) {
			g.Flags |= RefundLate
		}
	}
	g.Timing, g.DueDate, g.DaysLate = last.timing, last.due, last.late
	switch {
	case last.timing != OnTime && last.timing != Late:
	case g.short() && g.PosAmount < 0:
		// Less was taken back than refunded: nobody owes the shop anything.
		g.Timing, g.DaysLate = TimingNone, 0
	case g.short():
		g.Timing, g.DaysLate = openTiming(r.opt.Calendar, r.cycleOf(g, d), last.due, r.opt.AsOf), overdueBy(r.opt.Calendar, r.cycleOf(g, d), last.due, r.opt.AsOf)
	default:
		g.CreditedDate = last.credited
	}
	if !g.HasCredited {
		g.Credited = 0
	}
}

// short says that less was cleared or credited than sold: what did come does
// not make the sale fully credited.
func (g *Group) short() bool {
	return g.Match == Partial || g.Reason.Code == ReasonKindConflict && g.ClearingAmount < g.PosAmount
}

// cycleOf is the contract cycle that a cleared group's due date was counted by.
func (r *run) cycleOf(g *Group, d *draft) Cycle {
	if g.Settlement >= 0 {
		return r.leg.cycles[g.Settlement]
	}
	c := &r.classes.list[d.clr()[0].class]
	return r.opt.Contracts.For(c.acquirer, c.merchant, c.day).Cycle
}

// unclearedCredit is for a clearing row that settles nothing, because it failed: a
// sale that the shop has is owed all the same.
func (r *run) unclearedCredit(c *class) rowCredit {
	k := r.opt.Contracts.For(c.acquirer, c.merchant, c.day)
	due := r.due(k, c.day)
	return rowCredit{timing: openTiming(r.opt.Calendar, k.Cycle, due, r.opt.AsOf), due: due, known: true, late: overdueBy(r.opt.Calendar, k.Cycle, due, r.opt.AsOf)}
}

// addCredit adds what came of a row: what the file itself says was credited
// where no bank shows the account, else the row's net once its settlement is
// paid.
func (r *run) addCredit(g *Group, o *outcome, credit *rowCredit, row *detail) {
	unchecked := o.settlement >= 0 && !r.leg.covered[o.settlement]
	switch {
	case unchecked && row.hasCredited && (credit.credited != 0 || !credit.known):
		g.Credited += row.credited
	case !credit.known:
		g.HasCredited = false
	case credit.credited != 0:
		g.Credited += row.net
	}
}

// due is the due date of a clearing day; a year without a calendar is noted.
func (r *run) due(k *Contract, day parse.Date) parse.Date {
	if day == 0 {
		return 0
	}
	due, published := r.opt.Calendar.Due(k.Cycle, day)
	if !published {
		w := calendarWarning(r.opt.Calendar.MissingYear(day, due))
		if !slices.ContainsFunc(r.leg.warnings, func(o Warning) bool { return slices.Equal(o.Args, w.Args) && o.Code == w.Code }) {
			r.leg.warnings = append(r.leg.warnings, w)
		}
	}
	return due
}

// compareCredited turns a matched group into partial or over where the
// clearing file itself says that less or more than the net was credited.
func (r *run) compareCredited(d *draft) {
	if d.match != Matched {
		return
	}
	var credited, net sum
	rows := d.clr()
	for i := range rows {
		row := r.detailOf(clearingSide, &rows[i])
		if row.hasCredited && r.classes.list[rows[i].class].gap != noGap {
			credited.add(row.credited)
			net.add(row.net)
		}
	}
	switch {
	case credited == net:
	case credited.size().less(net.size()):
		d.match, d.why = Partial, Reason{Code: ReasonCreditedLess, Amount: credited.sub(net)}
	default:
		d.match, d.why = Over, Reason{Code: ReasonCreditedMore, Amount: credited.sub(net)}
	}
}
