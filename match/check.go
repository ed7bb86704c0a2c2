package match

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// tally accounts for rows one by one: how many there were, and a checksum over
// their positions that does not depend on their order. A row that is dropped,
// counted twice, or swapped for another changes it.
type tally struct {
	n        int64
	sum, xor uint64
}

func (t *tally) addPos(p record.Pos) {
	h := mix(uint64(p) + 1)
	t.n++
	t.sum += h
	t.xor ^= bits.RotateLeft64(h, 17) * 0x9e3779b97f4a7c15
}

func (t *tally) add(f *fact) { t.addPos(f.pos()) }

func (t *tally) merge(o *tally) {
	t.n += o.n
	t.sum += o.sum
	t.xor ^= o.xor
}

// mix spreads a position over 64 bits (the finaliser of splitmix64).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// moneyBag is an amount per currency.
type moneyBag map[string]money.Sum

func (b moneyBag) add(currency string, v money.Sum) {
	s := b[currency]
	s.AddSum(v)
	b[currency] = s
}

func (b moneyBag) addFen(currency string, v money.Fen) {
	var s money.Sum
	s.Add(v)
	b.add(currency, s)
}

// sums are the amounts as a report shows them. ok is false if one does not fit
// 64 bits.
func (b moneyBag) sums() (out result.Sums, ok bool) {
	ok = true
	for cur, s := range b {
		v, fits := s.Fen()
		ok = ok && fits
		if cur == "" {
			cur = result.BaseCurrency
		}
		out = append(out, result.Sum{Currency: cur, Amount: v})
	}
	slices.SortFunc(out, func(a, b result.Sum) int { return strings.Compare(a.Currency, b.Currency) })
	return out, ok
}

// counted is a Source that knows how many rows its files had, those of a file
// that was refused after all left out. *parse.Set is one.
type counted interface {
	Counts() (read, accepted, rejected, skipped int64)
}

// prove compares what the sides hold with what the results account for. The
// left side of each equation comes from the scan, before any key was looked
// at; the right side from the finished groups and totals. Nothing here is
// shared with the join.
func (r *run) prove(res *result.Result) result.Proof {
	p := result.Proof{Balanced: true}
	for _, side := range [...]record.Side{record.SidePos, record.SideClearing, record.SideBank} {
		if s, ok := r.src[side].(interface{ SeenRows() int64 }); ok {
			p.Sides[side].Seen = s.SeenRows()
		}
	}
	fail := func(format string, args ...any) {
		p.Balanced = false
		if p.Failure == "" {
			p.Failure = fmt.Sprintf(format, args...)
		}
	}
	grouped := r.regroup(res)
	for _, sd := range [...]pair.Side{pair.PosSide, pair.ClearingSide} {
		sp := &p.Sides[sd.Record()]
		sp.Carried = r.before[sd].n
		sp.Read, sp.Accepted, sp.Rejected, sp.Skipped = countsOf(r.source(sd), r.scanned[sd].n-sp.Carried)
		earlier, fits := r.before[sd].amount.sums()
		held, ok := r.heldBy(sd).sums()
		sp.Amount = held
		g := &grouped[sd]
		sp.Grouped = g.rows
		sums, ok2 := g.amount.sums()
		sp.GroupedAmount = sums
		name := [...]string{"pos", "clearing"}[sd]
		switch {
		case !ok || !ok2 || !fits:
			fail("%s: the sum of the amounts is beyond 64 bits", name)
		case sp.Read != sp.Accepted+sp.Seen+sp.Rejected+sp.Skipped:
			fail("%s: %d rows read, but %d accepted, %d rejected and %d skipped", name, sp.Read, sp.Accepted, sp.Rejected, sp.Skipped)
		case sp.Accepted+sp.Carried != r.scanned[sd].n:
			fail("%s: %d rows accepted and %d carried, but %d scanned", name, sp.Accepted, sp.Carried, r.scanned[sd].n)
		case sp.Accepted+sp.Carried != g.rows:
			fail("%s: %d rows accepted and %d carried, but %d in groups", name, sp.Accepted, sp.Carried, g.rows)
		case g.tally != r.scanned[sd]:
			fail("%s: some row is in no group or in two", name)
		case !sameSums(slices.Concat(sp.Amount, earlier), sp.GroupedAmount):
			fail("%s: rows add up to %v and carried ones to %v, groups to %v", name, sp.Amount, earlier, sp.GroupedAmount)
		}
	}
	r.proveBank(res, &p, fail)
	return p
}

// proveBank: every bank row is one credit, and the settlement leg's own account
// of its money agrees.
func (r *run) proveBank(res *result.Result, p *result.Proof, fail func(string, ...any)) {
	if !res.Money.OK {
		fail("settlements: %s", res.Money.Failure)
	}
	src := r.src[record.SideBank]
	if src == nil {
		return
	}
	sp := &p.Sides[record.SideBank]
	for i := range r.leg.In.Bank {
		if r.leg.In.Bank[i].Pos < r.carriedBelow() {
			sp.Carried++
		}
	}
	sp.Read, sp.Accepted, sp.Rejected, sp.Skipped = countsOf(src, int64(len(r.leg.In.Bank))-sp.Carried)
	held, earlier, grouped := moneyBag{}, moneyBag{}, moneyBag{}
	for i := range r.leg.In.Bank {
		bag := held
		if r.leg.In.Bank[i].Pos < r.carriedBelow() {
			bag = earlier
		}
		bag.addFen(r.leg.In.Bank[i].Currency, r.leg.In.Bank[i].Amount)
	}
	for i := range res.Credits {
		grouped.addFen(res.Credits[i].Currency, res.Credits[i].Amount)
	}
	sp.Grouped = int64(len(res.Credits))
	sp.Amount, _ = held.sums()
	sp.GroupedAmount, _ = grouped.sums()
	carried, _ := earlier.sums()
	if sp.Read != sp.Accepted+sp.Seen+sp.Rejected+sp.Skipped || sp.Accepted+sp.Carried != sp.Grouped || !sameSums(slices.Concat(sp.Amount, carried), sp.GroupedAmount) {
		fail("bank: %d rows read, %d accepted, %d in credits, sums %v and %v", sp.Read, sp.Accepted, sp.Grouped, sp.Amount, sp.GroupedAmount)
	}
}

// sameSums compares sums; a currency that is missing is zero.
func sameSums(a, b result.Sums) bool {
	left := map[string]money.Fen{}
	for _, s := range a {
		left[s.Currency] += s.Amount
	}
	for _, s := range b {
		left[s.Currency] -= s.Amount
	}
	for _, v := range left {
		if v != 0 {
			return false
		}
	}
	return true
}

// regrouped is what the results hold of a side.
type regrouped struct {
	rows   int64
	tally  tally
	amount moneyBag
}

// regroup adds the results up: positions from the listed groups (and the
// running account of the quiet ones), rows and amounts from the totals.
func (r *run) regroup(res *result.Result) (g [2]regrouped) {
	for sd := range g {
		g[sd] = regrouped{tally: r.quietSeen[sd], amount: moneyBag{}}
	}
	for i := range res.Groups {
		for _, p := range res.Groups[i].Pos {
			g[pair.PosSide].tally.addPos(p)
		}
		for _, p := range res.Groups[i].Clearing {
			g[pair.ClearingSide].tally.addPos(p)
		}
	}
	for i := range res.Match {
		t := &res.Match[i]
		g[pair.PosSide].rows += t.PosRows
		g[pair.ClearingSide].rows += t.ClearingRows
		for sd, sums := range [2]result.Sums{t.PosAmount, t.ClearingAmount} {
			for _, s := range sums {
				g[sd].amount.addFen(s.Currency, s.Amount)
			}
		}
	}
	return g
}

// countsOf takes the reader's own counts, where it keeps them; n rows were scanned.
func countsOf(src Source, n int64) (read, accepted, rejected, skipped int64) {
	if c, ok := src.(counted); ok {
		return c.Counts()
	}
	return n, n, 0, 0
}

// heldBy is what the scan added up on a side.
func (r *run) heldBy(sd pair.Side) moneyBag {
	b := moneyBag{}
	for i := range r.classes.sums {
		if c := &r.classes.list[i]; c.side == sd {
			b.add(c.currency, r.classes.sums[i].amount)
		}
	}
	return b
}
