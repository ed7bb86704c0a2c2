package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Say puts outcomes into words, in both languages, by parse.Lang. The report
// knows how.
type Say interface {
	Groups(ctx context.Context, list []result.Group) ([][2]string, error)
	Settlements(ctx context.Context, list []result.Settlement) ([][2]string, error)
	Credits(ctx context.Context, list []result.Credit) ([][2]string, error)
}

// Finish turns a night's result into what is open after it. It names the items
// in the result, adds the settled groups whose money came, waits for missing
// files, applies the decisions, and leaves out what earlier nights have closed.
func (n *AtWork) Finish(ctx context.Context, res *result.Result, decisions []Decision, say Say) (*Outcome, error) {
	if n.store == nil {
		return &n.out, nil
	}
	n.next = &State{}
	n.stillCopies(res)
	n.graceFiles(res)
	fate := newFates(n)
	if err := n.groupItems(ctx, res, fate, say); err != nil {
		return nil, err
	}
	keepS, err := n.settlementItems(ctx, res, fate, say)
	if err != nil {
		return nil, err
	}
	keepC, err := n.creditItems(ctx, res, fate, say)
	if err != nil {
		return nil, err
	}
	n.decide(res, fate, decisions)
	n.closeByAge(fate)
	if err := n.keepRows(ctx, res, fate); err != nil {
		return nil, err
	}
	if n.out.Missing, err = n.missing(ctx, res); err != nil {
		return nil, err
	}
	n.account(fate)
	if err := n.itemPages(); err != nil {
		return nil, err
	}
	if err := n.memoryPages(res, fate); err != nil {
		return nil, err
	}
	res.Keep(keepS, keepC)
	res.SumOwed(n.rules.Calendar, func(id string) bool { return n.next.Find(id) == nil })
	return &n.out, nil
}

// fates collect what becomes of items during a night.
type fates struct {
	open   map[string]*Item
	order  []string
	closed map[string]*Closing
	// group is the item of each group that is listed, by index; "" none.
	group map[string]int
	// gone are rows of items that a decision or their age has closed.
	settled  map[result.SettlementKey]*settleFate
	accepted map[string]bool
}

type settleFate struct {
	n      int32
	id     string
	open   bool
	moved  bool // money came tonight, or it closed tonight
	closed record.Date
	state  string
}

func newFates(*AtWork) *fates {
	return &fates{open: map[string]*Item{}, closed: map[string]*Closing{}, group: map[string]int{}, settled: map[result.SettlementKey]*settleFate{}, accepted: map[string]bool{}}
}

func (f *fates) opens(it *Item) {
	if f.open[it.ID] == nil {
		f.order = append(f.order, it.ID)
	}
	f.open[it.ID] = it
	delete(f.closed, it.ID)
}

// stillCopies keeps what an earlier night has found to be a copy of a row that
// it settled: that row is not read again, so that the copy stands alone now.
func (n *AtWork) stillCopies(res *result.Result) {
	for i := range res.Groups {
		g := &res.Groups[i]
		if len(g.Pos)+len(g.Clearing) != 1 || g.Flags&result.Carried == 0 {
			continue
		}
		switch g.Match {
		case result.PosOnly, result.ClearingOnly, result.InTransit:
			ids := n.itemsOf(g)
			if len(ids) == 1 && n.prev.Find(ids[0]).State == result.Duplicate.String() {
				g.Reason = result.Reason{Code: result.ReasonDuplicate, OtherSide: g.Reason.OtherSide}
				res.Unflag(g, result.NoFile)
				g.DaysLate, g.DueDate = 0, 0
				res.Move(g, result.Duplicate, result.TimingNone)
			}
		}
	}
}

// graceFiles lets sales whose clearing file has not come wait for it.
func (n *AtWork) graceFiles(res *result.Result) {
	for i := range res.Groups {
		g := &res.Groups[i]
		if g.Match != result.PosOnly || g.Flags&result.NoFile == 0 || g.Reason.Day == 0 || g.PosAmount < 0 {
			continue
		}
		if n.businessDays(g.Reason.Day) <= n.rules.FileGrace {
			res.Move(g, result.InTransit, result.PendingTiming)
		}
	}
}

// businessDays counts those from a day to the night.
func (n *AtWork) businessDays(from record.Date) int {
	if from >= n.rules.AsOf {
		return 0
	}
	return int(n.rules.Calendar.DaysLate(terms.DefaultCycle, from, n.rules.AsOf))
}

// sideRows are the rows of some groups, by side and position.
type sideRows map[record.Side]map[record.Pos]*record.Record

func (n *AtWork) read(ctx context.Context, groups []result.Group, wants func(*result.Group) bool) (sideRows, error) {
	at := map[record.Side][]record.Pos{}
	for i := range groups {
		if g := &groups[i]; wants(g) {
			at[record.SidePos] = append(at[record.SidePos], g.Pos...)
			at[record.SideClearing] = append(at[record.SideClearing], g.Clearing...)
		}
	}
	out := sideRows{}
	for side, pos := range at {
		slices.Sort(pos)
		recs, err := n.sides[side].Records(ctx, 0, pos)
		if err != nil {
			return nil, err
		}
		out[side] = make(map[record.Pos]*record.Record, len(pos))
		for i := range recs {
			out[side][pos[i]] = &recs[i]
		}
	}
	return out, nil
}

// groupItems makes items of the groups that are open, and closes those whose
// rows found a group that settles them.
func (n *AtWork) groupItems(ctx context.Context, res *result.Result, f *fates, say Say) error {
	rows, err := n.read(ctx, res.Groups, func(g *result.Group) bool { return g.Match.Open() })
	if err != nil {
		return err
	}
	var spoken []result.Group
	var items []*Item
	var settled []int
	for i := range res.Groups {
		g := &res.Groups[i]
		earlier := n.itemsOf(g)
		if !g.Match.Open() {
			for k, id := range earlier {
				if c := n.closes(f, id, "row", g.Match.String()); c != nil && k > 0 {
					c.Into = earlier[0]
				}
			}
			if len(earlier) > 0 {
				g.ItemID = earlier[0]
				settled = append(settled, i)
			}
			continue
		}
		it := n.groupItem(g, rows, res)
		if len(earlier) > 0 {
			it.ID = earlier[0]
		}
		g.ItemID = it.ID
		n.inherit(it, earlier)
		if len(earlier) == 0 && n.reopened > 0 && g.Flags&result.Carried != 0 {
			if err := n.reopens(it); err != nil {
				return err
			}
		}
		for _, id := range earlier[min(1, len(earlier)):] {
			n.closes(f, id, "row", g.Match.String())
			if c := f.closed[id]; c != nil {
				c.Into = it.ID
			}
		}
		f.opens(it)
		f.group[it.ID] = i
		spoken, items = append(spoken, *g), append(items, it)
	}
	said, err := say.Groups(ctx, spoken)
	for i := range said {
		items[i].Reason = said[i]
	}
	if err != nil {
		return err
	}
	return n.settledBy(ctx, res, f, settled)
}

// settledBy tells the closed items which rows their groups are of now.
func (n *AtWork) settledBy(ctx context.Context, res *result.Result, f *fates, groups []int) error {
	chosen := make([]result.Group, len(groups))
	for i, g := range groups {
		chosen[i] = res.Groups[g]
	}
	rows, err := n.read(ctx, chosen, func(*result.Group) bool { return true })
	if err != nil {
		return err
	}
	for i := range chosen {
		g := &chosen[i]
		var sources []Origin
		for _, part := range [...]struct {
			side record.Side
			at   []record.Pos
		}{{record.SidePos, g.Pos}, {record.SideClearing, g.Clearing}} {
			for _, p := range part.at {
				r := n.row(part.side, rows[part.side][p])
				sources = append(sources, r.Origin)
			}
		}
		for _, id := range n.itemsOf(g) {
			c := f.closed[id]
			if c == nil {
				continue
			}
			c.Sources = sources
			if c.Late = 0; g.Timing == result.Late || g.Timing == result.Overdue {
				c.Late = g.DaysLate
			}
			if g.Settlement >= 0 {
				c.SettlementID = res.Settlements[g.Settlement].ID
			}
		}
	}
	return nil
}

// itemsOf are the open items whose rows stand in a group: those of the POS
// side first, then the older ones.
func (n *AtWork) itemsOf(g *result.Group) (ids []string) {
	add := func(side record.Side, at []record.Pos) {
		from := len(ids)
		for _, p := range at {
			if id := n.sides[side].items[p]; id != "" && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		slices.SortStableFunc(ids[from:], func(a, b string) int {
			return cmp.Or(cmp.Compare(n.prev.Find(a).FirstNight, n.prev.Find(b).FirstNight), strings.Compare(a, b))
		})
	}
	add(record.SidePos, g.Pos)
	add(record.SideClearing, g.Clearing)
	return ids
}

// inherit takes over what an item had before tonight.
func (n *AtWork) inherit(it *Item, ids []string) {
	it.FirstNight = n.rules.AsOf
	for i, id := range ids {
		old := n.prev.Find(id)
		it.FirstNight = min(it.FirstNight, old.FirstNight)
		if i == 0 {
			it.Decision, it.ClaimedOn = old.Decision, old.ClaimedOn
		}
	}
}

// closes notes that an item is open no longer.
func (n *AtWork) closes(f *fates, id, by, final string) *Closing {
	old := n.prev.Find(id)
	if old == nil || f.open[id] != nil {
		return nil
	}
	c := &Closing{Item: *old, By: by, On: n.rules.AsOf, Final: final, WasOwed: old.Owed}
	if old.ClaimedOn != 0 && (by == "row" || by == "credit") {
		c.Final = "recovered"
	}
	f.closed[id] = c
	return c
}

// groupItem is the item of an open group.
func (n *AtWork) groupItem(g *result.Group, rows sideRows, res *result.Result) *Item {
	it := &Item{Type: Transaction, State: g.Match.String(), Timing: g.Timing, DueDate: g.DueDate, Cycle: g.Cycle, Flags: g.Flags &^ result.Carried,
		KeyType: g.KeyType, Acquirer: g.Acquirer, MerchantID: g.MerchantID}
	var naming *Row
	for _, p := range g.Pos {
		r := n.row(record.SidePos, rows[record.SidePos][p])
		it.Rows = append(it.Rows, r)
	}
	for i := range it.Rows {
		if naming == nil || compareNaming(&it.Rows[i], naming) < 0 {
			naming = &it.Rows[i]
		}
	}
	naming = cloneRow(naming)
	sold := len(it.Rows)
	for _, p := range g.Clearing {
		it.Rows = append(it.Rows, n.row(record.SideClearing, rows[record.SideClearing][p]))
	}
	if naming == nil {
		naming = cloneRow(&it.Rows[0])
		for i := range it.Rows {
			if compareNaming(&it.Rows[i], naming) < 0 {
				naming = cloneRow(&it.Rows[i])
			}
		}
	}
	it.ID = itemID(Transaction, naming.Digest, naming.Ordinal)
	var moved [2]money.Fen
	for i := range it.Rows {
		r := &it.Rows[i].Record
		it.Sources = append(it.Sources, it.Rows[i].Origin)
		if moving(r) && i < sold {
			moved[0] += r.Amount
		} else if moving(r) {
			moved[1] += r.Amount
		}
		if i >= sold {
			it.Gross += r.Amount
			it.Fee += r.Fee
			it.Net += netOf(r)
		}
		it.TerminalID = cmp.Or(it.TerminalID, r.Text[record.TerminalID])
		if i >= sold {
			it.Acquirer = n.rules.Contracts.Name(r.Text[record.Acquirer], r.Text[record.MerchantID])
			it.MerchantID = r.Text[record.MerchantID]
		}
		if c := r.Text[record.Currency]; c != "CNY" {
			it.Currency = c
		}
	}
	it.Owed = g.Match.Owes(moved[0], moved[1])
	g.Owed = it.Owed
	if g.Settlement >= 0 {
		s := &res.Settlements[g.Settlement]
		it.SettlementID, it.Account, it.ClearingDate, it.Acquirer, it.MerchantID = s.ID, s.Account, s.ClearingDate, s.Acquirer, s.MerchantID
	}
	it.judge(n.rules.Calendar, n.rules.AsOf)
	return it
}

func cloneRow(r *Row) *Row {
	if r == nil {
		return nil
	}
	c := *r
	return &c
}

// compareNaming orders by trade time, then content.
func compareNaming(a, b *Row) int {
	return cmp.Or(cmp.Compare(uint64(a.Record.Time-1), uint64(b.Record.Time-1)), cmp.Compare(a.Digest, b.Digest), cmp.Compare(a.Ordinal, b.Ordinal))
}

// moving says whether a row moves money.
func moving(r *record.Record) bool {
	return (r.Status == record.OK || r.Status == record.StatusUnknown) && r.Kind != record.Preauth && r.Kind != record.Payout
}

// settlementItems follows settlements, and lists the sales of those whose
// money came.
func (n *AtWork) settlementItems(ctx context.Context, res *result.Result, f *fates, say Say) (keep []bool, err error) {
	moved, fresh := make([]bool, len(res.Settlements)), make([]bool, len(res.Settlements))
	bank := n.sides[record.SideBank]
	for _, p := range res.Payments {
		if res.Credits[p.Credit].Row >= parse.FirstPos {
			moved[p.Settlement] = true
		}
	}
	rows := map[result.SettlementKey]int64{}
	for _, rec := range n.mem.settles {
		for i := range rec.sums {
			rows[rec.key] += rec.sums[i].Rows
		}
	}
	keep = make([]bool, len(res.Settlements))
	var items []*Item
	var spoken []result.Settlement
	for i := range res.Settlements {
		s := &res.Settlements[i]
		key := s.Key()
		fresh[i] = s.Transactions > rows[key]
		fate := &settleFate{n: int32(i), id: settlementItemID(key), moved: moved[i]}
		f.settled[key] = fate
		old, rec := n.prev.Find(fate.id), n.mem.settles[key]
		fate.open = settlementOpen(s)
		if rec != nil && rec.closed != 0 && fate.open && !moved[i] && !fresh[i] && rec.state != "full" && rec.state != "carried" && rec.state != "recovered" {
			fate.open, fate.closed, fate.state = false, rec.closed, rec.state // a decision, or its age, has closed it
		}
		keep[i] = fate.open || moved[i] || fresh[i] || old != nil
		if old != nil || fate.open {
			s.ItemID = fate.id
		}
		if rec != nil && !fresh[i] {
			s.Flags |= result.Carried
		}
		if !fate.open {
			if fate.closed == 0 {
				fate.closed, fate.state = n.rules.AsOf, s.Credit.String()
				if rec != nil && rec.closed != 0 {
					fate.closed = rec.closed
				}
			}
			if old != nil {
				n.closeSettlement(f, s, old, fate, bank)
			}
			continue
		}
		it := n.settlementItem(s, fate.id, bank)
		if old != nil {
			n.inherit(it, []string{fate.id})
		} else {
			it.FirstNight = n.rules.AsOf
			if rec != nil { // it was followed, and is open again
				if err := n.reopens(it); err != nil {
					return nil, err
				}
			}
		}
		f.opens(it)
		items, spoken = append(items, it), append(spoken, *s)
	}
	said, err := say.Settlements(ctx, spoken)
	for i := range said {
		items[i].Reason = said[i]
	}
	if err != nil {
		return nil, err
	}
	return keep, n.listPaid(ctx, res, f)
}

// settlementOpen says whether a settlement is an item.
func settlementOpen(s *result.Settlement) bool {
	switch s.Credit {
	case result.CreditNone, result.CreditPartial, result.CreditOver, result.CreditUnchecked:
		return true
	case result.CreditCarried:
		return s.Outstanding != 0
	}
	return false
}

func (n *AtWork) closeSettlement(f *fates, s *result.Settlement, old *Item, fate *settleFate, bank *Beside) {
	by := "credit"
	if s.Credit == result.CreditCarried || len(s.CreditSources) == 0 {
		by = "row" // its net went elsewhere
	}
	c := n.closes(f, old.ID, by, s.Credit.String())
	fate.moved = true
	if c == nil {
		return
	}
	c.Late, c.Timing = s.DaysLate, s.Timing
	c.Sources = n.bankOrigins(s.CreditSources, bank)
	fate.state = c.Final
}

func (n *AtWork) bankOrigins(at []record.Pos, bank *Beside) (list []Origin) {
	if len(at) == 0 {
		return nil
	}
	recs, err := bank.Records(context.Background(), 0, at)
	if err != nil {
		return nil
	}
	for i := range recs {
		r := n.row(record.SideBank, &recs[i])
		list = append(list, r.Origin)
	}
	return list
}

func (n *AtWork) settlementItem(s *result.Settlement, id string, bank *Beside) *Item {
	it := &Item{ID: id, Type: Settlement, State: s.Credit.String(), Timing: s.Timing, DueDate: s.DueDate, Cycle: s.Cycle,
		Acquirer: s.Acquirer, MerchantID: s.MerchantID, Currency: s.Currency, SettlementID: s.ID, Owed: s.Owed(),
		Gross: s.Gross, Fee: s.Fee, Net: s.Net, Credited: s.Credited, Account: s.Account, ClearingDate: s.ClearingDate, Flags: s.Flags &^ result.Carried,
		Sources: n.bankOrigins(s.CreditSources, bank)}
	it.judge(n.rules.Calendar, n.rules.AsOf)
	return it
}

// listPaid lists the sales of earlier nights whose money came tonight: all of
// them, or those that came late or are held.
func (n *AtWork) listPaid(ctx context.Context, res *result.Result, f *fates) error {
	keys := make([]result.SettlementKey, 0, len(f.settled))
	for k := range f.settled {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b result.SettlementKey) int { return int(f.settled[a].n - f.settled[b].n) })
	for _, key := range keys {
		fate := f.settled[key]
		if !fate.moved || n.mem.settles[key] == nil {
			continue
		}
		groups, err := n.groupsOf(ctx, key)
		if err != nil {
			return err
		}
		for i := range groups {
			g, list := n.paidGroup(res, fate.n, &groups[i])
			if list {
				res.Add(g)
			}
		}
	}
	return nil
}

func (n *AtWork) paidGroup(res *result.Result, settlement int32, m *formed) (g result.Group, list bool) {
	s := &res.Settlements[settlement]
	g = result.Group{Match: m.match, KeyType: m.key, Flags: m.flags | result.Carried, Settlement: settlement, Cycle: s.Cycle,
		ExpectedFee: m.expected, HasExpectedFee: m.hasExpected, HasCredited: true, Reason: result.Reason{Code: result.ReasonAgrees}}
	if len(m.pos) > 1 || len(m.clearing) > 1 {
		g.Reason = result.Reason{Code: result.ReasonSplit, N: int32(max(len(m.pos), len(m.clearing)))}
	}
	for i := range m.pos {
		g.Pos = append(g.Pos, m.pos[i].Record.Pos)
		g.PosAmount += m.pos[i].Record.Amount
	}
	for i := range m.clearing {
		r := &m.clearing[i].Record
		g.Clearing = append(g.Clearing, r.Pos)
		g.ClearingAmount += r.Amount
		held := slices.Contains(s.Held, r.Pos)
		if held {
			g.Flags |= result.Held
		}
		mon := res.Rows.RowMoney(settlement, held, r)
		g.Timing, g.DueDate, g.DaysLate, g.CreditedDate = mon.Timing, mon.Due, mon.Late, mon.Credited
		g.HasCredited = g.HasCredited && mon.Known
		if mon.Credited != 0 {
			g.Credited += netOf(r)
		}
	}
	return g, n.rules.All || g.Timing == result.Late || g.Flags&result.Held != 0
}

// creditItems follows bank lines.
func (n *AtWork) creditItems(ctx context.Context, res *result.Result, f *fates, say Say) (keep []bool, err error) {
	bank := n.sides[record.SideBank]
	keep = make([]bool, len(res.Credits))
	at := make([]record.Pos, len(res.Credits))
	for i := range res.Credits {
		at[i] = res.Credits[i].Row
	}
	if len(at) == 0 {
		return keep, nil
	}
	recs, err := bank.Records(ctx, 0, at)
	if err != nil {
		return nil, err
	}
	var items []*Item
	var spoken []result.Credit
	for i := range res.Credits {
		c := &res.Credits[i]
		row := n.row(record.SideBank, &recs[i])
		id := itemID(Credit, row.Digest, row.Ordinal)
		old := n.prev.Find(id)
		open := c.Outcome == result.Unidentified || c.Outcome == result.Ambiguous
		keep[i] = open || old != nil || c.Row >= parse.FirstPos
		if !open {
			if old != nil {
				c.ItemID = id
				n.closes(f, id, "row", c.Outcome.String())
			}
			continue
		}
		c.ItemID = id
		it := &Item{ID: id, Type: Credit, State: c.Outcome.String(), Timing: result.TimingNone, Currency: c.Currency, Owed: -c.Unplaced(),
			Credited: c.Amount, Account: recs[i].Text[record.Account], Sources: []Origin{row.Origin}, Rows: []Row{row}, ClearingDate: c.Date}
		if len(c.Hint.Settlements) == 1 {
			it.Hint = keyText(res.Settlements[c.Hint.Settlements[0]].Key())
		}
		if old != nil {
			n.inherit(it, []string{id})
		} else {
			it.FirstNight = n.rules.AsOf
			if c.Row < parse.FirstPos {
				if err := n.reopens(it); err != nil {
					return nil, err
				}
			}
		}
		f.opens(it)
		items, spoken = append(items, it), append(spoken, *c)
	}
	said, err := say.Credits(ctx, spoken)
	for i := range said {
		items[i].Reason = said[i]
	}
	return keep, err
}

// closeByAge closes what nobody follows any more.
func (n *AtWork) closeByAge(f *fates) {
	for _, id := range f.order {
		it := f.open[id]
		if it == nil {
			continue
		}
		old := n.prev.Find(id)
		switch {
		case old == nil:
		case it.Type == Transaction && it.State == result.Duplicate.String() && len(it.Rows) > 0 && it.Rows[0].Side == record.SidePos &&
			int(n.rules.AsOf-it.FirstNight) >= n.rules.KeepDuplicates:
			delete(f.open, id)
			n.closes(f, id, "age", it.State)
		case it.Type == Settlement && it.State == result.CreditUnchecked.String() && it.ClearingDate != 0 &&
			int(n.rules.AsOf-it.ClearingDate) >= n.rules.KeepUnchecked:
			delete(f.open, id)
			n.closes(f, id, "age", it.State)
			for _, fate := range f.settled {
				if fate.id == id {
					fate.open, fate.closed, fate.state = false, n.rules.AsOf, "age"
				}
			}
		}
	}
}

// account makes the next state and what the night says of itself.
func (n *AtWork) account(f *fates) {
	n.out.Night, n.out.Base, n.out.Carried = n.rules.AsOf, n.prev.Head.Day, len(n.prev.Items)
	for i := range n.prev.Items { // an item whose rows found no group and no fate was superseded
		if id := n.prev.Items[i].ID; f.open[id] == nil && f.closed[id] == nil {
			n.closes(f, id, "row", "superseded")
		}
	}
	for i := range n.again {
		c := &n.again[i]
		if it := f.open[c.ID]; it != nil {
			on, by := c.On.String(), c.By+" "+c.Final
			it.Reason[problem.ZH] += "；此前已于 " + on + " 了结（" + by + "），现重新打开"
			it.Reason[problem.EN] += "; it had been closed on " + on + " (" + by + ") and is open again"
			n.event(it, "reopened", on+" "+by)
		}
	}
	for _, id := range f.order {
		it := f.open[id]
		if it == nil {
			continue
		}
		n.next.Items = append(n.next.Items, *it)
		old := n.prev.Find(id)
		switch {
		case old == nil:
			n.out.Opened++
			n.event(it, "opened", "")
		case old.State != it.State || old.Owed != it.Owed:
			n.event(it, "changed", "")
		}
	}
	n.next.sort()
	ids := make([]string, 0, len(f.closed))
	for id := range f.closed {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		c := f.closed[id]
		n.out.Closed++
		n.closing = append(n.closing, *c)
		it := c.Item
		it.State, it.Owed = c.Final, 0
		n.event(&it, "closed", strings.TrimSpace(c.By+" "+c.Into))
	}
	slices.SortFunc(n.closing, func(a, b Closing) int { return compareItems(a.Item, b.Item) })
	n.out.Closings, n.out.Open, n.out.Owed = n.closing, len(n.next.Items), n.next.Owed()
	n.out.Items = n.next.Items
	n.out.OnHold = map[string]bool{}
	for i := range n.next.Items {
		if it := &n.next.Items[i]; it.Decision.Word == Hold {
			n.out.OnHold[it.ID] = true
		}
	}
	for _, c := range n.closing {
		if c.By == "decision" {
			n.out.OnHold[c.ID] = true
		}
	}
}

func (n *AtWork) event(it *Item, what, detail string) {
	n.events = append(n.events, Event{ItemID: it.ID, What: what, State: it.State, Detail: detail, Owed: it.Owed})
}

// Balanced proves that what was owed + opened − closed + changed = what is
// owed, in count and fen, from the two states and the closings alone.
func (n *AtWork) Balanced() bool {
	if n.store == nil {
		return true
	}
	var was, now, opened, closed, changed money.Fen
	count := len(n.prev.Items)
	for i := range n.prev.Items {
		was += n.prev.Items[i].Owed
	}
	for i := range n.closing {
		closed += n.closing[i].WasOwed
		count--
	}
	for i := range n.next.Items {
		it := &n.next.Items[i]
		now += it.Owed
		if old := n.prev.Find(it.ID); old != nil {
			changed += it.Owed - old.Owed
		} else {
			opened += it.Owed
			count++
		}
	}
	return was+opened-closed+changed == now && count == len(n.next.Items)
}
