package match

import (
	"context"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
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
	Below record.Pos
	Sums  []result.SettledSum
	Paid  []result.PaidBefore
	// Terminals are those that clearing rows of earlier nights show.
	Terminals []TerminalOf
	// Days are those of which clearing rows came.
	Days []result.ClearingDayOf
	// Nets gives the clearing rows of a settlement that are in Sums, at
	// positions below Below of the clearing source; nil: none.
	Nets func(ctx context.Context, of result.SettlementKey) ([]CarriedNet, error)
	// Rejected says whether a person said of two rows, named by their
	// positions, that they are not the same transaction. Only rows below
	// Below are asked about.
	Rejected func(pos, clearing record.Pos) bool
}

// TerminalOf says that a merchant's clearing rows show a terminal. Acquirer is
// the contract's name for it.
type TerminalOf struct{ TerminalID, Acquirer, MerchantID string }

// CarriedNet is a clearing row of an earlier night and what it pays out.
type CarriedNet struct {
	Pos record.Pos
	Net money.Fen
}

// carriedBelow is where new rows begin.
func (r *run) carriedBelow() record.Pos {
	if r.opt.Before == nil {
		return 0
	}
	return r.opt.Before.Below
}

// carriedSums are the settlement leg's input of earlier nights.
func (c *Before) carriedSums() []settle.ClearingSum {
	if c == nil {
		return nil
	}
	sums := make([]settle.ClearingSum, len(c.Sums))
	for i := range c.Sums {
		s := &c.Sums[i]
		sums[i] = settle.ClearingSum{Acquirer: s.Key.Acquirer, Merchant: s.Key.MerchantID, Account: s.Key.Account, Currency: s.Key.Currency,
			Kind: s.Kind, Status: record.OK, Day: s.Key.ClearingDate, Settled: s.Settled, Credited: s.Credited,
			DueBy: terms.DueBy{Promised: s.Promised, Under: s.Under}, Rows: s.Rows, Amount: s.Amount, Fee: s.Fee}
	}
	return sums
}

// carriedNets are the rows of a short settlement that earlier nights have read.
func (r *run) carriedNets(ctx context.Context, n int32) ([]settle.RowNet, error) {
	if r.opt.Before == nil || r.opt.Before.Nets == nil {
		return nil, nil
	}
	nets, err := r.opt.Before.Nets(ctx, r.leg.Settlements[n].Key())
	rows := make([]settle.RowNet, len(nets))
	for i := range nets {
		rows[i] = settle.RowNet{Pos: nets[i].Pos, Net: nets[i].Net}
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
