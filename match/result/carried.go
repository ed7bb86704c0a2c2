package result

import (
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// SettlementKey is what makes clearing rows one settlement.
type SettlementKey struct {
	Acquirer, MerchantID, Currency string // Currency: "" is CNY
	ClearingDate                   record.Date
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
	Kind              record.Kind
	Settled, Credited record.Date   // what the file itself says; 0: nothing
	Promised          record.Date   // the day of payment that the file promises; 0: none
	Under             terms.CycleOf // which of the contract's cycles is for them
	Rows              int64
	Amount, Fee       money.Fen
}

// PaidBefore is a part of a bank line that an earlier night placed on a
// settlement. It stands, unless the payout is returned.
type PaidBefore struct {
	Line   record.Pos // on the bank side
	Key    SettlementKey
	Amount money.Fen
	Why    ReasonCode
	Lines  int32 // how many lines paid the settlement together
}

// ClearingDayOf says that a merchant's clearing rows of a day came.
type ClearingDayOf struct {
	Acquirer, MerchantID string
	Day                  record.Date
	Channels             uint8 // a bit for each parse.Channel
	// Trade: it is a natural day on which sales were made, not a clearing day.
	Trade bool
}

// QuietPair is a matched pair that a report only counts, of one row each side.
type QuietPair struct {
	Pos, Clearing record.Pos
	Settlement    int32
	KeyType       KeyType
}

// RowMoney is what is known of one clearing row's money.
type RowMoney struct {
	Timing        Timing
	Due, Credited record.Date
	Late          int32
	Known         bool
}

// A RowJudge knows of single clearing rows what their settlements say: it is
// the settlement leg of the run.
type RowJudge interface {
	// RowMoney is what the settlement says of the money of one of its rows; held
	// tells the rows that explain its shortfall.
	RowMoney(settlement int32, held bool, row *record.Record) RowMoney
	// Shows says whether the bank side shows a settlement's account.
	Shows(settlement int32) bool
}

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
	m.PosAmount = m.PosAmount.Plus(BaseCurrency, money.Fen(sign)*g.PosAmount)
	m.ClearingAmount = m.ClearingAmount.Plus(BaseCurrency, money.Fen(sign)*g.ClearingAmount)
	t.Amount = t.Amount.Plus(BaseCurrency, money.Fen(sign)*amount)
	for i := range res.Flags {
		if g.Flags&(1<<i) != 0 {
			res.Flags[i] += sign
		}
	}
}
