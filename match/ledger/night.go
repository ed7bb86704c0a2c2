package ledger

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Rules are the settings of a night that follow from SPEC section 10.
type Rules struct {
	AsOf      record.Date
	Contracts *terms.Contracts
	Calendar  *terms.Calendar
	// KeepDuplicates and KeepUnchecked are in calendar days, FileGrace in
	// business days; zero is 7, 62 and 3.
	KeepDuplicates, KeepUnchecked, FileGrace int
	All                                      bool
}

func (r *Rules) setDefaults() {
	r.KeepDuplicates = cmp.Or(r.KeepDuplicates, 7)
	r.KeepUnchecked = cmp.Or(r.KeepUnchecked, 62)
	r.FileGrace = cmp.Or(r.FileGrace, 3)
	if r.Calendar == nil {
		r.Calendar = terms.BuiltinCalendar()
	}
}

// keepBank is for how many days bank lines and settled settlements are kept:
// so long a payout can come back.
const keepBank = 92

// AtWork is a night at work: from what was open before it to what is open after.
//
//	n, err := ledger.Begin(ctx, store, rules)          // base state, day in order
//	err = n.Read(ctx, input)                           // rows seen before, ids of rows
//	res, err := match.Run(ctx, n.Source(…)…, Options{Before: n.Before(), …})
//	out, err := n.Finish(ctx, res, decisions, say)     // items, closings; trims res
//	… write the report …
//	head, err := n.Commit(ctx, record)
//
// Without a store (nil) it only finds rows that stand in two files of the run.
type AtWork struct {
	store   Store
	rules   Rules
	head    Head // of the store when the night began
	replace bool
	prev    *State
	mem     *memory

	sides  [4]*Beside
	over   [4]*overlap
	files  []*parse.File
	listed map[result.SettlementKey][]formed // settled groups that were read again

	shown   map[match.TerminalOf]bool // acquirer as the file has it
	rejects []rejectedPair
	// newKeys are the fingerprints of the keys of new rows, left the pages of
	// matched rows that lost groups tonight, which were reopened.
	newKeys  [4][]keyAt
	left     map[string][]formed
	reopened int
	// life is the last closing of every item that was ever closed; again are
	// those that opened again tonight.
	life  func() (map[string]*Closing, error)
	again []Closing
	// last is what the last report shows as open: after the night before, or
	// after the night that is being replaced.
	last func() (*State, error)

	next    *State
	commit  Commit
	closing []Closing
	events  []Event
	out     Outcome
}

// Outcome is what a night did.
type Outcome struct {
	Night, Base             record.Date // Base: the night before; 0 at the first
	Carried, Opened, Closed int
	Open                    int
	Owed                    money.Fen
	Read, Applied, Problems int // decisions
	Refused                 []Refused
	Missing                 []MissingFile
	Repeats                 []Repeat
	Closings                []Closing
	Items                   []Item
	// OnHold are the open items that a person has put aside.
	OnHold map[string]bool
}

// Refused is a decision that was not applied, and why.
type Refused struct {
	Decision
	// Why is unknown_item, unknown_word, senseless, contradiction or closed; the
	// last one is no problem.
	Why string
	// State is the item's, where it matters.
	State string
}

// Begin loads what the night starts from. A day before the last night is
// OutOfOrder; the last night's own day replaces it.
func Begin(ctx context.Context, s Store, rules Rules) (*AtWork, error) {
	rules.setDefaults()
	n := &AtWork{store: s, rules: rules, listed: map[result.SettlementKey][]formed{}, prev: &State{}}
	for side := range n.sides {
		n.sides[side] = newBeside(record.Side(side))
	}
	var err error
	seq := int64(0)
	if s != nil {
		if n.head, err = s.Head(ctx); err != nil {
			return nil, err
		}
		if rules.AsOf < n.head.Day {
			return nil, &Error{Code: OutOfOrder, Head: n.head}
		}
		seq = n.head.Seq
		if n.head.Seq > 0 && n.head.Day == rules.AsOf {
			n.replace, seq = true, seq-1
		}
		if n.prev, err = Load(ctx, s, seq); err != nil {
			return nil, err
		}
	}
	if n.mem, err = remember(ctx, s, seq); err != nil {
		return nil, err
	}
	n.carryRows()
	n.shown, n.left = map[match.TerminalOf]bool{}, map[string][]formed{}
	n.life = n.closedItems(ctx, seq)
	n.last = sync.OnceValues(func() (*State, error) {
		if !n.replace {
			return n.prev, nil
		}
		return Load(ctx, s, n.head.Seq)
	})
	return n, nil
}

// closedItems looks through the closings of all nights, once it is asked.
func (n *AtWork) closedItems(ctx context.Context, seq int64) func() (map[string]*Closing, error) {
	return sync.OnceValues(func() (map[string]*Closing, error) {
		last := map[string]*Closing{}
		err := eachList(ctx, n.store, kindClosed, "", seq, codeClosing, func(_ *Page, all []Closing) {
			for i := range all {
				last[all[i].ID] = &all[i]
			}
		})
		return last, err
	})
}

// reopens gives an item that was closed before its first night, note and name
// back; its decision is cleared.
func (n *AtWork) reopens(it *Item) error {
	closed, err := n.life()
	if err != nil {
		return err
	}
	if c := closed[it.ID]; c != nil {
		it.FirstNight = min(it.FirstNight, c.FirstNight)
		it.Decision.Note, it.Decision.By, it.Decision.On = c.Decision.Note, c.Decision.By, c.Decision.On
		it.ClaimedOn = c.ClaimedOn
		n.again = append(n.again, *c)
	}
	return nil
}

// Earlier are the decisions that the replaced run of the same day had read.
func (n *AtWork) Earlier(ctx context.Context) ([]Decision, error) {
	if !n.replace {
		return nil, nil
	}
	rec, err := n.lastRecord(ctx)
	if rec == nil {
		return nil, err
	}
	return rec.Decisions, err
}

// lastRecord is what the last night says of itself; nil before the first.
func (n *AtWork) lastRecord(ctx context.Context) (*NightRecord, error) {
	if n.store == nil {
		return nil, nil
	}
	nights, err := n.store.Nights(ctx)
	if err != nil || len(nights) == 0 {
		return nil, err
	}
	return DecodeNight(&nights[len(nights)-1])
}

// carryRows puts the rows of open items, and the bank lines that are still
// followed, into their sides.
func (n *AtWork) carryRows() {
	for i := range n.prev.Items {
		it := &n.prev.Items[i]
		if it.Type != Transaction {
			continue
		}
		for j := range it.Rows {
			b := n.sides[it.Rows[j].Side]
			b.items[b.carry(&it.Rows[j])] = it.ID
		}
	}
	bank := n.sides[record.SideBank]
	var keys []string
	for k := range n.mem.bank {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		for j := range n.mem.bank[k].rows {
			r := &n.mem.bank[k].rows[j]
			p := bank.carry(r)
			if it := n.prev.Find(itemID(Credit, r.Digest, r.Ordinal)); it != nil {
				bank.items[p] = it.ID
			}
		}
	}
	for _, b := range n.sides {
		b.sealed()
	}
}

// Read takes the new files of a night: it finds files and rows that came
// before, and counts equal rows. A file with the same content as one of an
// earlier night is not used.
func (n *AtWork) Read(ctx context.Context, in *parse.Input) error {
	n.files = in.Files
	for side, set := range in.Sets {
		if set == nil {
			continue
		}
		if n.store == nil && len(set.Files()) < 2 {
			n.sides[side].set = set
			continue
		}
		var keys *[]keyAt
		if n.store != nil && n.prev.Head.Seq > 0 && record.Side(side) != record.SideBank {
			keys = &n.newKeys[side]
		}
		rows, err := readRows(ctx, record.Side(side), set, n.shown, keys)
		if err != nil {
			return err
		}
		if dropped := n.dropKnownFiles(record.Side(side), set); dropped {
			if !set.Used() {
				continue
			}
			files := set.Files()
			rows = slices.DeleteFunc(rows, func(r rowInfo) bool { return !files[r.doc].Used })
		}
		n.sides[side].set = set
		o := newOverlap(record.Side(side), rows, set.Files())
		if n.store != nil {
			if err := o.load(ctx, n.store, n.prev.Head.Seq); err != nil {
				return err
			}
		}
		o.run()
		n.over[side] = o
		if err := n.supersede(ctx, o); err != nil {
			return err
		}
		n.noteSeen(o)
	}
	return n.reopen(ctx)
}

// dropKnownFiles takes files out that an earlier night has used.
func (n *AtWork) dropKnownFiles(side record.Side, set *parse.Set) (dropped bool) {
	for _, f := range set.Files() {
		if old, ok := n.mem.files[fileKey(side, f.SHA256)]; ok && f.Used && f.SHA256 != "" {
			f.Used, f.DuplicateOf, dropped = false, old.Name, true
		}
	}
	return dropped
}

// noteSeen passes the known rows over and tells the files.
func (n *AtWork) noteSeen(o *overlap) {
	b := n.sides[o.side]
	for i := range o.rows {
		if o.rows[i].seen {
			b.seen[o.rows[i].pos] = true
		}
	}
	for _, f := range o.files {
		if f.file == nil {
			continue
		}
		f.file.Accepted += f.file.Seen - f.seen // a run that begins again comes here twice
		f.file.Seen, f.file.Gone = f.seen, f.gone
		if f.of != "" {
			n.out.Repeats = append(n.out.Repeats, Repeat{f.file.Name, f.of, f.seen, f.gone})
		}
	}
}

// supersede finds rows of earlier files that a repeating file lacks, while a
// new row of it carries one of the same keys with another amount, kind or
// status: the new one takes the old one's place.
func (n *AtWork) supersede(ctx context.Context, o *overlap) error {
	if len(o.missing) == 0 || len(o.changed) == 0 {
		return nil
	}
	b := n.sides[o.side]
	fresh, err := b.set.Records(ctx, 0, o.changed)
	if err != nil {
		return err
	}
	byKey := map[string]int{}
	for i := range fresh {
		for _, k := range keysOf(&fresh[i]) {
			byKey[k] = i
		}
	}
	replaced := func(r *record.Record) (int, bool) {
		for _, k := range keysOf(r) {
			if i, ok := byKey[k]; ok && (fresh[i].Amount != r.Amount || fresh[i].Kind != r.Kind || fresh[i].Status != r.Status) {
				return i, true
			}
		}
		return 0, false
	}
	for p := range b.rows[:b.open] { // rows of open items
		if r := &b.rows[p]; o.missing[r.Digest] {
			if i, ok := replaced(&r.Record); ok {
				b.seen[record.Pos(p)] = true
				if id := b.items[record.Pos(p)]; id != "" {
					b.items[o.changed[i]] = id
				}
			}
		}
	}
	var old []record.Pos // rows of this run's own files
	for i := range o.rows {
		if r := &o.rows[i]; !r.seen && o.missing[r.digest] && !slices.Contains(o.changed, r.pos) {
			old = append(old, r.pos)
		}
	}
	recs, err := b.set.Records(ctx, 0, old)
	if err != nil {
		return err
	}
	for i := range recs {
		if _, ok := replaced(&recs[i]); ok {
			info := o.find(old[i])
			info.seen = true
			for _, f := range o.files {
				if f.doc == int(info.doc) {
					f.seen++
				}
			}
		}
	}
	return nil
}

// keysOf are the keys that a row carries (SPEC section 3.1).
func keysOf(r *record.Record) (keys []string) {
	add := func(name string, parts ...string) {
		if !slices.Contains(parts, "") {
			keys = append(keys, name+"\x1f"+strings.Join(parts, "\x1f"))
		}
	}
	add("order", r.Text[record.OrderNo])
	add("channel", r.Text[record.ChannelNo])
	add("ref", r.Text[record.TerminalID], r.Text[record.RefNo])
	if r.Time != 0 {
		add("trace", r.Text[record.TerminalID], r.Text[record.BatchNo], r.Text[record.TraceNo], r.Time.Date().String())
	}
	return keys
}

// Source is a side as the matcher takes it; nil where it has no row.
func (n *AtWork) Source(side record.Side) match.Source {
	if n.sides[side].empty() {
		return nil
	}
	return n.sides[side]
}

// Before is what the matcher takes over; nil without a store.
func (n *AtWork) Before(ctx context.Context) *match.Before {
	if n.store == nil {
		return nil
	}
	b := &match.Before{Below: parse.FirstPos, Nets: n.nets, Rejected: n.isRejected}
	bank := n.sides[record.SideBank]
	for _, key := range n.settleKeys() {
		rec := n.mem.settles[key]
		b.Sums = append(b.Sums, rec.sums...)
		for _, p := range rec.paid {
			if at, ok := bank.at[p.line]; ok {
				b.Paid = append(b.Paid, result.PaidBefore{Line: at, Key: key, Amount: p.amount, Why: p.why, Lines: p.lines})
			}
		}
	}
	for d := range n.mem.days {
		b.Days = append(b.Days, d)
	}
	for t := range n.mem.terminals {
		b.Terminals = append(b.Terminals, t)
	}
	return b
}

func (n *AtWork) settleKeys() []result.SettlementKey {
	keys := make([]result.SettlementKey, 0, len(n.mem.settles))
	for k := range n.mem.settles {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b result.SettlementKey) int { return strings.Compare(keyText(a), keyText(b)) })
	return keys
}

func (n *AtWork) isRejected(pos, clearing record.Pos) bool {
	if len(n.mem.rejected) == 0 {
		return false
	}
	p, c := &n.sides[record.SidePos].rows[pos], &n.sides[record.SideClearing].rows[clearing]
	return n.mem.rejected[[2]rowName{{p.Digest, p.Ordinal}, {c.Digest, c.Ordinal}}]
}

// nets are the matched clearing rows of a settlement, read from the ledger.
func (n *AtWork) nets(ctx context.Context, key result.SettlementKey) ([]match.CarriedNet, error) {
	groups, err := n.groupsOf(ctx, key)
	var nets []match.CarriedNet
	for i := range groups {
		for j := range groups[i].clearing {
			r := &groups[i].clearing[j].Record
			nets = append(nets, match.CarriedNet{Pos: r.Pos, Net: netOf(r)})
		}
	}
	clearing := n.sides[record.SideClearing]
	for p := range clearing.rows[:clearing.open] { // and those of open items
		if r := &clearing.rows[p].Record; n.settlementOf(clearing.items[record.Pos(p)]) == key {
			nets = append(nets, match.CarriedNet{Pos: r.Pos, Net: netOf(r)})
		}
	}
	return nets, err
}

// settlementOf is the settlement that an item's clearing rows are of.
func (n *AtWork) settlementOf(id string) result.SettlementKey {
	it := n.prev.Find(id)
	if it == nil || it.SettlementID == "" {
		return result.SettlementKey{}
	}
	for key := range n.mem.settles {
		if key.ClearingDate == it.ClearingDate && key.MerchantID == it.MerchantID && key.Acquirer == it.Acquirer && key.Account == it.Account {
			return key
		}
	}
	return result.SettlementKey{}
}

func netOf(r *record.Record) money.Fen {
	if r.HasNet {
		return r.Net
	}
	return r.Amount - r.Fee
}

// groupsOf reads the matched groups of a settlement from the ledger, once, and
// gives their rows positions.
func (n *AtWork) groupsOf(ctx context.Context, key result.SettlementKey) ([]formed, error) {
	if groups, ok := n.listed[key]; ok || n.store == nil {
		return groups, nil
	}
	var all []formed
	err := n.rowPages(ctx, key, func(_ string, some []formed) {
		for i := range some {
			for _, part := range [...]struct {
				rows []Row
				side record.Side
			}{{some[i].pos, record.SidePos}, {some[i].clearing, record.SideClearing}} {
				for j := range part.rows {
					part.rows[j].Record.Pos = n.sides[part.side].carry(&part.rows[j])
				}
			}
		}
		all = append(all, some...)
	})
	n.listed[key] = all
	return all, err
}

// itemID is T-, S- or C- and 12 characters that follow from a row alone.
func itemID(t Type, digest uint64, ordinal int32) string {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], digest)
	binary.BigEndian.PutUint32(b[8:], uint32(ordinal))
	return idOf(t, b[:])
}

func idOf(t Type, what []byte) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	sum := sha256.Sum256(append([]byte("duizhang item "+t.String()+" "), what...))
	id := []byte(t.Letter())
	for i := range 12 {
		id = append(id, letters[sum[i]&31])
	}
	return string(id)
}

// settlementItemID follows from acquirer, merchant, clearing date and account.
func settlementItemID(k result.SettlementKey) string { return idOf(Settlement, []byte(keyText(k))) }

// row makes the lasting form of a row that takes part tonight.
func (n *AtWork) row(side record.Side, rec *record.Record) Row {
	if rec.Pos < parse.FirstPos {
		return n.sides[side].rows[rec.Pos]
	}
	r := Row{Side: side, Record: *rec, Ordinal: 1}
	r.Record.Pos, r.Record.Doc = 0, 0
	if o := n.over[side]; o != nil {
		if info := o.find(rec.Pos); info != nil {
			r.Digest, r.Ordinal = info.digest, info.ordinal
		}
		for _, f := range o.files {
			if f.doc == rec.Doc && f.file != nil {
				r.Origin.SHA256 = f.file.SHA256
			}
		}
	}
	r.Origin.Source, r.Origin.Night = rec.Source, n.rules.AsOf
	return r
}

// Commit writes the night, guarded by the head that it began with.
func (n *AtWork) Commit(ctx context.Context, rec *NightRecord) (Head, error) {
	rec.Day = n.rules.AsOf
	rec.Carried, rec.Opened, rec.Closed, rec.Open = int64(n.out.Carried), int64(n.out.Opened), int64(n.out.Closed), int64(n.out.Open)
	rec.Owed, rec.Missing = n.out.Owed, n.out.Missing
	rec.Applied, rec.Problems = int64(n.out.Applied), int64(n.out.Problems)
	body, err := EncodeNight(rec)
	if err != nil {
		return Head{}, err
	}
	if err := n.dropSaid(ctx); err != nil {
		return Head{}, err
	}
	n.commit.Base, n.commit.Replace, n.commit.Day, n.commit.Body = n.head, n.replace, n.rules.AsOf, body
	return n.store.Commit(ctx, &n.commit)
}

// Head is the chain's end before this night.
func (n *AtWork) Head() Head { return n.prev.Head }

// LastHead is the chain's end when the run began: it is that of this night where
// the run replaces it.
func (n *AtWork) LastHead() Head { return n.head }

func (n *AtWork) put(kind Kind, key string, body []byte) {
	n.commit.Put = append(n.commit.Put, Page{Ref: Ref{kind, key}, Body: body})
}

func (n *AtWork) drop(kind Kind, key string) {
	n.commit.Drop = append(n.commit.Drop, Ref{kind, key})
}

func putList[T any](n *AtWork, kind Kind, key string, all []T, code func(*codec, *T)) error {
	body, err := pack(&all, func(c *codec, v *[]T) { list(c, v, code) })
	if err != nil {
		return fmt.Errorf("page %s %s: %w", kind, key, err)
	}
	n.put(kind, key, body)
	return nil
}
