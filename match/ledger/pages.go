package ledger

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"golang.org/x/sync/errgroup"
)

// How many things a page holds.
const (
	pageItems = 256
	pageRows  = 2048
)

// itemPages writes the items: those of an earlier night into the page where
// they stood, which is written again only if something in it changed, the new
// ones into pages of this night.
func (n *AtWork) itemPages() error {
	pages := map[string][]Item{}
	var fresh []Item
	for i := range n.next.Items {
		it := n.next.Items[i]
		if key, ok := n.prev.page[it.ID]; ok {
			pages[key] = append(pages[key], it)
		} else {
			fresh = append(fresh, it)
		}
	}
	keys := make([]string, 0, len(n.prev.pages))
	for k := range n.prev.pages {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, key := range keys {
		if len(pages[key]) == 0 {
			n.drop(kindItem, key)
			continue
		}
		all := pages[key]
		body, err := pack(&all, func(c *codec, v *[]Item) { list(c, v, codeItem) })
		if err != nil {
			return err
		}
		if !bytes.Equal(body, n.prev.pages[key].body) {
			n.put(kindItem, key, body)
		}
	}
	seq := nightKey(n.prev.Head.Seq + 1)
	for i := 0; i < len(fresh); i += pageItems {
		if err := putList(n, kindItem, fmt.Sprintf("%s-%05d", seq, i/pageItems), fresh[i:min(i+pageItems, len(fresh))], codeItem); err != nil {
			return err
		}
	}
	if len(n.closing) > 0 {
		if err := putList(n, kindClosed, seq, n.closing, codeClosing); err != nil {
			return err
		}
	}
	if len(n.events) > 0 {
		return putList(n, kindEvent, seq, n.events, codeEvent)
	}
	return nil
}

// keptGroup is a matched group of a settlement that is not paid: the index of
// one that is listed, or the two rows of one that is only counted.
type keptGroup struct {
	settlement, group int32 // group: -1 if it is not listed
	key               result.KeyType
	pos, clearing     record.Pos
}

// packGroups writes kept groups, some pages at a time.
func (n *AtWork) packGroups(ctx context.Context, res *result.Result, kept []keptGroup) error {
	type part struct {
		name       string
		groups     []keptGroup
		rows, keys []byte
	}
	var parts []*part
	seq := nightKey(n.prev.Head.Seq + 1)
	for from := 0; from < len(kept); {
		to := from
		for to < len(kept) && kept[to].settlement == kept[from].settlement {
			to++
		}
		key := keyText(res.Settlements[kept[from].settlement].Key())
		for i := from; i < to; i += pageRows {
			parts = append(parts, &part{name: fmt.Sprintf("%s\x1f%s-%05d", key, seq, (i-from)/pageRows), groups: kept[i:min(i+pageRows, to)]})
		}
		from = to
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, p := range parts {
		g.Go(problem.Guard(func() error {
			all, err := n.formedOf(gctx, res, p.groups)
			if err == nil {
				p.rows, err = pack(&all, func(c *codec, v *[]formed) { list(c, v, codeFormed) })
			}
			if err == nil {
				keys := keysOfGroups(all)
				p.keys, err = pack(&keys, func(c *codec, v *[]uint64) { list(c, v, (*codec).fixed) })
			}
			return err
		}))
	}
	err := g.Wait()
	for _, p := range parts {
		n.put(kindRows, p.name, p.rows)
		n.put(kindKeys, p.name, p.keys)
	}
	return err
}

// formedOf reads the rows of some kept groups.
func (n *AtWork) formedOf(ctx context.Context, res *result.Result, kept []keptGroup) ([]formed, error) {
	all := make([]formed, len(kept))
	var at [2][]record.Pos
	for i := range kept {
		k := &kept[i]
		if k.group < 0 {
			all[i] = formed{match: result.Matched, key: k.key}
			at[0], at[1] = append(at[0], k.pos), append(at[1], k.clearing)
			continue
		}
		g := &res.Groups[k.group]
		all[i] = formed{match: g.Match, key: g.KeyType, flags: g.Flags &^ (result.Carried | result.Held), expected: g.ExpectedFee, hasExpected: g.HasExpectedFee}
		at[0], at[1] = append(at[0], g.Pos...), append(at[1], g.Clearing...)
	}
	for side, to := range [...]record.Side{record.SidePos, record.SideClearing} {
		recs, err := n.sides[to].Records(ctx, 1, at[side])
		if err != nil {
			return nil, err
		}
		rows := make([]Row, len(recs))
		for i := range recs {
			rows[i] = n.row(to, &recs[i])
		}
		for i := range kept {
			count := 1
			if g := kept[i].group; g >= 0 {
				count = len(*[...]*[]record.Pos{&res.Groups[g].Pos, &res.Groups[g].Clearing}[side])
			}
			*[...]*[]Row{&all[i].pos, &all[i].clearing}[side] = rows[:count:count]
			rows = rows[count:]
		}
	}
	return all, nil
}

// keepRows packs the rows of tonight's matched groups whose settlement is not
// paid, and lets go of those whose settlement is.
func (n *AtWork) keepRows(ctx context.Context, res *result.Result, f *fates) error {
	openKey := func(settlement int32) (result.SettlementKey, bool) {
		if settlement < 0 {
			return result.SettlementKey{}, false
		}
		key := res.Settlements[settlement].Key()
		fate := f.settled[key]
		return key, fate != nil && (fate.open || n.rules.AsOf <= key.ClearingDate+keepDays)
	}
	kept := make([]keptGroup, 0, len(res.Quiet))
	for i := range res.Quiet {
		q := &res.Quiet[i]
		if _, ok := openKey(q.Settlement); ok {
			kept = append(kept, keptGroup{q.Settlement, -1, q.KeyType, q.Pos, q.Clearing})
		}
	}
	for i := range res.Groups {
		g := &res.Groups[i]
		if _, ok := openKey(g.Settlement); ok && g.Match == result.Matched {
			kept = append(kept, keptGroup{g.Settlement, int32(i), g.KeyType, 0, g.Clearing[0]})
		}
	}
	slices.SortFunc(kept, func(a, b keptGroup) int {
		return cmp.Or(cmp.Compare(a.settlement, b.settlement), cmp.Compare(a.clearing, b.clearing))
	})
	if err := n.packGroups(ctx, res, kept); err != nil {
		return err
	}
	for key, rec := range n.mem.settles {
		fate := f.settled[key]
		if fate != nil && fate.open || fate != nil && n.rules.AsOf <= key.ClearingDate+keepDays {
			continue
		}
		// Those that closed earlier have mostly gone already; a page more or less
		// to look for costs nothing.
		if rec.closed == 0 || n.rules.AsOf <= rec.closed+keepDays+keepBank {
			if err := n.dropRows(ctx, key); err != nil {
				return err
			}
		}
	}
	return n.putLeft()
}

// memoryPages writes what the nights to come match on.
func (n *AtWork) memoryPages(res *result.Result, f *fates) error {
	if err := n.settlePages(res, f); err != nil {
		return err
	}
	if err := n.bankPages(res, f); err != nil {
		return err
	}
	if err := n.filePages(res); err != nil {
		return err
	}
	for _, o := range n.over {
		if o == nil {
			continue
		}
		pages, err := o.pages(n.prev.Head.Seq + 1)
		if err != nil {
			return err
		}
		n.commit.Put = append(n.commit.Put, pages...)
	}
	slices.SortFunc(n.commit.Put, func(a, b Page) int { return compareRefs(a.Ref, b.Ref) })
	return nil
}

// settlePages writes the settlements that later nights may still hear of.
func (n *AtWork) settlePages(res *result.Result, f *fates) error {
	sums := map[result.SettlementKey][]result.SettledSum{}
	for _, s := range res.Sums {
		sums[s.Key] = append(sums[s.Key], s)
	}
	paid := map[result.SettlementKey][]paidPart{}
	bank := n.sides[record.SideBank]
	for _, p := range res.Payments {
		c := &res.Credits[p.Credit]
		if p.Amount <= 0 || c.Outcome != result.Identified {
			continue
		}
		key := res.Settlements[p.Settlement].Key()
		paid[key] = append(paid[key], paidPart{n.nameOf(bank, c.Row), p.Amount, c.Reason.Code, c.Reason.N})
	}
	needed := map[string]bool{} // by items that are open
	for i := range n.next.Items {
		if it := &n.next.Items[i]; it.Type == Transaction && it.SettlementID != "" {
			needed[it.SettlementID] = true
		}
	}
	kept := map[result.SettlementKey]bool{}
	for key, fate := range f.settled {
		s := &res.Settlements[fate.n]
		if !fate.open && n.rules.AsOf-fate.closed > keepBank && !needed[s.ID] {
			continue
		}
		kept[key] = true
		rec := &settleRec{key: key, sums: sums[key], paid: paid[key], state: fate.state}
		if !fate.open {
			rec.closed = fate.closed
		}
		body, err := pack(rec, codeSettle)
		if err != nil {
			return err
		}
		if old := n.mem.settles[key]; old == nil || !bytes.Equal(old.body, body) {
			n.put(kindSettle, keyText(key), body)
		}
	}
	for _, key := range n.settleKeys() {
		if !kept[key] {
			n.drop(kindSettle, keyText(key))
		}
	}
	return nil
}

// nameOf is the lasting name of a row.
func (n *AtWork) nameOf(b *Beside, p record.Pos) rowName {
	if p < parse.FirstPos {
		return rowName{b.rows[p].Digest, b.rows[p].Ordinal}
	}
	if o := n.over[b.side]; o != nil {
		if info := o.find(p); info != nil {
			return rowName{info.digest, info.ordinal}
		}
	}
	return rowName{}
}

// bankPages keeps bank lines for keepBank days, and as long as an open item or
// settlement is about them.
func (n *AtWork) bankPages(res *result.Result, f *fates) error {
	bank := n.sides[record.SideBank]
	needed := map[rowName]bool{}
	var at []record.Pos
	for i := range res.Credits {
		c := &res.Credits[i]
		name := n.nameOf(bank, c.Row)
		if c.Row >= parse.FirstPos {
			at = append(at, c.Row)
		}
		open := c.Outcome == result.Unidentified || c.Outcome == result.Ambiguous
		for _, s := range c.Settlements {
			if fate := f.settled[res.Settlements[s].Key()]; fate != nil && fate.open {
				open = true
			}
		}
		needed[name] = needed[name] || open || n.rules.AsOf-c.Date <= keepBank
	}
	for key, page := range n.mem.bank {
		if !slices.ContainsFunc(page.rows, func(r Row) bool { return needed[rowName{r.Digest, r.Ordinal}] }) {
			n.drop(kindBank, key)
		}
	}
	if len(at) == 0 {
		return nil
	}
	slices.Sort(at)
	recs, err := bank.Records(context.Background(), 0, at)
	if err != nil {
		return err
	}
	rows := make([]Row, len(recs))
	for i := range recs {
		rows[i] = n.row(record.SideBank, &recs[i])
	}
	return putList(n, kindBank, nightKey(n.prev.Head.Seq+1), rows, codeRow)
}

// filePages keeps which files were used, whose terminals were seen, which days
// have come, and which pairs were rejected.
func (n *AtWork) filePages(res *result.Result) error {
	for _, f := range n.files {
		key := fileKey(f.Side, f.SHA256)
		if _, known := n.mem.files[key]; known || !f.Used || f.SHA256 == "" {
			continue
		}
		n.mem.files[key] = File{}
		if err := putList(n, kindFile, key, []File{fileOf(f)}, codeFile); err != nil {
			return err
		}
	}
	var days []result.ClearingDayOf
	for _, d := range res.Days {
		if !n.mem.days[d] && d.Day != 0 {
			n.mem.days[d] = true
			days = append(days, d)
		}
	}
	slices.SortFunc(days, func(a, b result.ClearingDayOf) int {
		return cmp.Or(strings.Compare(a.Acquirer, b.Acquirer), strings.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Channels, b.Channels))
	})
	seq := nightKey(n.prev.Head.Seq + 1)
	if len(days) > 0 {
		if err := putList(n, kindClearing, seq, days, codeClearingDay); err != nil {
			return err
		}
	}
	var terminals []match.TerminalOf
	for _, t := range n.terminals() {
		if !n.mem.terminals[t] {
			terminals = append(terminals, t)
		}
	}
	if len(terminals) > 0 {
		if err := putList(n, kindTerminals, seq, terminals, codeTerminal); err != nil {
			return err
		}
	}
	if len(n.rejects) > 0 {
		return putList(n, kindRejected, seq, n.rejects, codeRejected)
	}
	return nil
}

func fileOf(f *parse.File) File {
	return File{Path: f.Path, Name: f.Name, Side: f.Side, Layout: f.Layout, SHA256: f.SHA256, Bytes: f.Bytes, Rows: f.Rows,
		Accepted: f.Accepted, Seen: f.Seen, Rejected: f.Rejected, Skipped: f.Skipped, Gone: f.Gone, DuplicateOf: f.DuplicateOf}
}

// Files are the inputs as a night's record keeps them.
func Files(in []*parse.File) []File {
	out := make([]File, len(in))
	for i := range in {
		out[i] = fileOf(in[i])
	}
	return out
}

// terminals are those that tonight's clearing rows show, in their order.
func (n *AtWork) terminals() []match.TerminalOf {
	var all []match.TerminalOf
	for t := range n.shown {
		all = append(all, match.TerminalOf{TerminalID: t.TerminalID, Acquirer: n.rules.Contracts.Name(t.Acquirer, t.MerchantID), MerchantID: t.MerchantID})
	}
	slices.SortFunc(all, func(a, b match.TerminalOf) int {
		return strings.Compare(a.TerminalID+"\x1f"+a.Acquirer+"\x1f"+a.MerchantID, b.TerminalID+"\x1f"+b.Acquirer+"\x1f"+b.MerchantID)
	})
	return slices.Compact(all)
}
