package match

import (
	"context"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// Before is what a run takes over from the nights before it. The run stays a
// function of what it is given: a source that gives the open rows of earlier
// nights beside the new files' (at positions below Below), the sums of the
// settlements that are still followed, and what was already paid on them.
//
// Rows that an earlier night has settled are not read again. Their clearing
// rows stand in Sums, and so do the clearing rows that are open: those are
// matched, but add nothing to their settlement a second time.
type Before struct {
	// Below is where the positions of new rows begin.
	Below parse.Pos
	Sums  []SettledSum
	Paid  []PaidBefore
	// Terminals are those that clearing rows of earlier nights show.
	Terminals []TerminalOf
	// Days are those of which clearing rows came.
	Days []ClearingDayOf
	// Nets gives the clearing rows of a settlement that are in Sums, at
	// positions below Below of the clearing source; nil: none.
	Nets func(ctx context.Context, of SettlementKey) ([]CarriedNet, error)
	// Rejected says whether a person said of two rows, named by their
	// positions, that they are not the same transaction. Only rows below
	// Below are asked about.
	Rejected func(pos, clearing parse.Pos) bool
}

// SettlementKey is what makes clearing rows one settlement.
type SettlementKey struct {
	Acquirer, MerchantID, Currency string // Currency: "" is CNY
	ClearingDate                   parse.Date
	Account                        string
}

// Key names a settlement for later nights.
func (s *Settlement) Key() SettlementKey {
	return SettlementKey{s.Acquirer, s.MerchantID, s.Currency, s.ClearingDate, s.Account}
}

// SettledSum is the sum of clearing rows that are alike in everything named
// here, and count in a settlement.
type SettledSum struct {
	Key               SettlementKey
	Kind              parse.Kind
	Settled, Credited parse.Date // what the file itself says; 0: nothing
	Rows              int64
	Amount, Fee       money.Fen
}

// PaidBefore is a part of a bank line that an earlier night placed on a
// settlement. It stands, unless the payout is returned.
type PaidBefore struct {
	Line   parse.Pos // on the bank side
	Key    SettlementKey
	Amount money.Fen
	Why    ReasonCode
	Lines  int32 // how many lines paid the settlement together
}

// TerminalOf says that a merchant's clearing rows show a terminal. Acquirer is
// the contract's name for it.
type TerminalOf struct{ TerminalID, Acquirer, MerchantID string }

// ClearingDayOf says that a merchant's clearing rows of a day came.
type ClearingDayOf struct {
	Acquirer, MerchantID string
	Day                  parse.Date
	Channels             uint8 // a bit for each parse.Channel
	// Trade: it is a natural day on which sales were made, not a clearing day.
	Trade bool
}

// CarriedNet is a clearing row of an earlier night and what it pays out.
type CarriedNet struct {
	Pos parse.Pos
	Net money.Fen
}

// carriedBelow is where new rows begin.
func (r *run) carriedBelow() parse.Pos {
	if r.opt.Before == nil {
		return 0
	}
	return r.opt.Before.Below
}

// carriedSums are the settlement leg's input of earlier nights.
func (c *Before) carriedSums() []clearingSum {
	if c == nil {
		return nil
	}
	sums := make([]clearingSum, len(c.Sums))
	for i := range c.Sums {
		s := &c.Sums[i]
		sums[i] = clearingSum{acquirer: s.Key.Acquirer, merchant: s.Key.MerchantID, account: s.Key.Account, currency: s.Key.Currency,
			kind: s.Kind, status: parse.OK, day: s.Key.ClearingDate, settled: s.Settled, credited: s.Credited,
			rows: s.Rows, amount: s.Amount, fee: s.Fee}
	}
	return sums
}

// settledSums are the sums of all settlements for the nights to come, those of
// earlier nights included, in an order that depends on their content alone.
func (o *settleOutput) settledSums() []SettledSum {
	type like struct {
		n                 int32
		kind              parse.Kind
		settled, credited parse.Date
	}
	index := map[like]int{}
	var sums []SettledSum
	for i := range o.in.sums {
		c := &o.in.sums[i]
		if o.of[i] < 0 {
			continue
		}
		k := like{o.of[i], c.kind, c.settled, c.credited}
		n, ok := index[k]
		if !ok {
			n = len(sums)
			index[k] = n
			sums = append(sums, SettledSum{Key: o.settlements[o.of[i]].Key(), Kind: c.kind, Settled: c.settled, Credited: c.credited})
		}
		s := &sums[n]
		s.Rows += c.rows
		s.Amount += c.amount
		s.Fee += c.fee
	}
	order := map[SettlementKey]int{}
	for i := range o.settlements {
		order[o.settlements[i].Key()] = i
	}
	slices.SortFunc(sums, func(a, b SettledSum) int {
		for _, d := range [...]int64{int64(order[a.Key] - order[b.Key]), int64(a.Kind) - int64(b.Kind), int64(a.Settled - b.Settled), int64(a.Credited - b.Credited)} {
			if d != 0 {
				return int(max(-1, min(1, d)))
			}
		}
		return 0
	})
	return sums
}

// standing places what earlier nights placed. A payout that was returned since
// is taken back: its settlement is open again.
func (a *allocator) standing() {
	if len(a.o.in.paid) == 0 {
		return
	}
	lines, payees := map[parse.Pos]*line{}, map[SettlementKey]*payee{}
	for _, l := range a.lines {
		lines[l.row.pos] = l
	}
	for _, p := range a.payees {
		payees[a.o.settlements[p.n].Key()] = p
	}
	for i := range a.o.in.paid {
		paid := &a.o.in.paid[i]
		l, p := lines[paid.Line], payees[paid.Key]
		if l == nil || p == nil || l.undone || l.row.date > a.o.in.asOf {
			continue
		}
		if paid.Amount > l.amount-sumPaid(l) {
			continue
		}
		a.pay(l, p, paid.Amount, paid.Why)
		l.peers = int(paid.Lines)
	}
}

func sumPaid(l *line) (sum money.Fen) {
	for _, p := range l.paid {
		sum += p.Amount
	}
	return sum
}

// carriedNets are the rows of a short settlement that earlier nights have read.
func (r *run) carriedNets(ctx context.Context, n int32) ([]rowNet, error) {
	if r.opt.Before == nil || r.opt.Before.Nets == nil {
		return nil, nil
	}
	nets, err := r.opt.Before.Nets(ctx, r.leg.settlements[n].Key())
	rows := make([]rowNet, len(nets))
	for i := range nets {
		rows[i] = rowNet{nets[i].Pos, nets[i].Net}
	}
	return rows, err
}

// noteTerminals takes over the terminals that earlier nights have seen.
func (r *run) noteTerminals() {
	if r.opt.Before == nil {
		return
	}
	keys := newKeyer(r.opt.seed)
	for _, t := range r.opt.Before.Terminals {
		if h := keys.hash([]byte(t.TerminalID)); h != 0 {
			r.terminals.note(h, r.terminals.merchant(t.Acquirer, t.MerchantID))
		}
	}
}

// rejected says whether a person has said that two rows are not the same.
func (r *run) rejected(p, c *loose) bool {
	k := r.opt.Before
	return k != nil && k.Rejected != nil && p.pos() < k.Below && c.pos() < k.Below && k.Rejected(p.pos(), c.pos())
}

// QuietPair is a matched pair that a report only counts, of one row each side.
type QuietPair struct {
	Pos, Clearing parse.Pos
	Settlement    int32
	KeyType       KeyType
}

// RowMoney is what is known of one clearing row's money.
type RowMoney struct {
	Timing        Timing
	Due, Credited parse.Date
	Late          int32
	Known         bool
}

// A RowJudge knows of single clearing rows what their settlements say: it is
// the settlement leg of the run.
type RowJudge interface {
	// RowMoney is what the settlement says of one of its rows, whose file gives
	// the days settled and credited; held tells the rows that explain its
	// shortfall.
	RowMoney(settlement int32, held bool, settled, credited parse.Date) RowMoney
	// Shows says whether the bank side shows a settlement's account.
	Shows(settlement int32) bool
}

func (o *settleOutput) RowMoney(settlement int32, held bool, settled, credited parse.Date) RowMoney {
	c := o.rowCredit(settlement, held, settled, credited)
	if !o.covered[settlement] && c.timing == TimingNone {
		day := credited
		if day == 0 {
			day = settled
		}
		c.timing, c.credited, c.late = claimTiming(o.in.calendar, o.cycles[settlement], c.due, day, o.in.asOf)
		c.known = day != 0
	}
	return RowMoney{c.timing, c.due, c.credited, c.late, c.known}
}

func (o *settleOutput) Shows(settlement int32) bool { return o.covered[settlement] }

// Keep leaves out settlements and bank lines that a report does not list:
// those that earlier nights have closed and nothing has changed. Indexes into
// them follow. The proofs stay those of the whole.
func (res *Result) Keep(settlement, credit []bool) {
	toS, toC := make([]int32, len(res.Settlements)), make([]int32, len(res.Credits))
	keepS, keepC := res.Settlements[:0:0], res.Credits[:0:0]
	for i := range res.Settlements {
		if toS[i] = -1; settlement[i] {
			toS[i] = int32(len(keepS))
			keepS = append(keepS, res.Settlements[i])
		}
	}
	for i := range res.Credits {
		if toC[i] = -1; credit[i] {
			toC[i] = int32(len(keepC))
			keepC = append(keepC, res.Credits[i])
		}
	}
	follow := func(list []int32) (kept []int32) {
		for _, n := range list {
			if toS[n] >= 0 {
				kept = append(kept, toS[n])
			}
		}
		return kept
	}
	for i := range keepC {
		c := &keepC[i]
		c.Settlements, c.Hint.Settlements = follow(c.Settlements), follow(c.Hint.Settlements)
	}
	var paid []Payment
	for _, p := range res.Payments {
		if toC[p.Credit] >= 0 && toS[p.Settlement] >= 0 {
			paid = append(paid, Payment{toC[p.Credit], toS[p.Settlement], p.Amount})
		}
	}
	for i := range res.Groups {
		if n := res.Groups[i].Settlement; n >= 0 {
			res.Groups[i].Settlement = toS[n]
		}
	}
	res.Settlements, res.Credits, res.Payments = keepS, keepC, paid
}

// Move gives a group another outcome, in the totals too.
func (res *Result) Move(g *Group, to Match, timing Timing) {
	res.count(g, -1)
	g.Match, g.Timing = to, timing
	res.count(g, 1)
}

// Unflag takes a flag off a group, in the totals too.
func (res *Result) Unflag(g *Group, f Flags) {
	res.count(g, -1)
	g.Flags &^= f
	res.count(g, 1)
}

// Add lists a further group: one of an earlier night whose money came.
func (res *Result) Add(g Group) {
	res.count(&g, 1)
	res.Groups = append(res.Groups, g)
}

// count adds a group to the totals, or takes it out.
func (res *Result) count(g *Group, sign int64) {
	m, t := &res.Match[g.Match], &res.Timing[g.Timing]
	m.Groups += sign
	m.PosRows += sign * int64(len(g.Pos))
	m.ClearingRows += sign * int64(len(g.Clearing))
	amount := g.ClearingAmount
	if len(g.Clearing) == 0 {
		amount = g.PosAmount
	}
	t.Groups += sign
	m.PosAmount = m.PosAmount.plus(baseCurrency, money.Fen(sign)*g.PosAmount)
	m.ClearingAmount = m.ClearingAmount.plus(baseCurrency, money.Fen(sign)*g.ClearingAmount)
	t.Amount = t.Amount.plus(baseCurrency, money.Fen(sign)*amount)
	for i := range res.Flags {
		if g.Flags&(1<<i) != 0 {
			res.Flags[i] += sign
		}
	}
}
