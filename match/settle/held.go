package settle

import (
	"cmp"
	"math/bits"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Limits of the search for the rows that explain a shortfall. The numbers of
// rows are those up to which sets of a size are looked at; beyond them the
// reason says that the search gave up.
const (
	MaxHeldRows    = 200_000 // sets of one or two rows
	maxHeldTriples = 3_000
	maxHeldFours   = 800
)

// RowNet is one row of a settlement: what it pays out, and where it stands.
type RowNet struct {
	Pos record.Pos
	Net money.Fen
}

// Short are the settlements whose rows are needed to explain their shortfall:
// those that were credited in part.
func (o *Output) Short() []int32 {
	var list []int32
	for i := range o.Settlements {
		if s := &o.Settlements[i]; s.Credit == result.CreditPartial && s.Outstanding > 0 {
			list = append(list, int32(i))
		}
	}
	return list
}

// Explain looks for the smallest set of a short settlement's rows whose nets
// add up to what is missing. If it is the only one of its size, its rows are
// held; if not, none is, and the reason says how many there are.
func (o *Output) Explain(settlement int32, rows []RowNet) {
	s := &o.Settlements[settlement]
	h := findHeld(rows, s.Outstanding, &o.heldSteps)
	why := result.Reason{Code: result.ReasonShortOpen, Amount: s.Outstanding}
	switch {
	case h.sets == 1:
		why.Code, why.N = result.ReasonShortHeld, int32(len(h.rows))
		s.Held, s.Flags = h.rows, s.Flags|result.Held
	case h.sets > 1:
		why.Code, why.N = result.ReasonShortMany, int32(min(h.sets, maxSetsCounted))
	case h.gaveUp:
		why.Code, why.N = result.ReasonShortGaveUp, h.size
	}
	// That a payout was returned, or that a credit may belong here, explains
	// more than an empty search.
	if h.sets > 0 || s.Reason.Code == result.ReasonShortOpen {
		s.Reason = why
	}
}

// maxSetsCounted is where counting stops to say more than "very many".
const maxSetsCounted = 1 << 30

// heldResult is the smallest set, how many of its size there are, and whether
// larger sets were left out.
type heldResult struct {
	rows   []record.Pos
	sets   int64
	gaveUp bool
	// size is up to how many rows sets were looked at where it gave up.
	size int32
}

// findHeld searches sets of one to four rows, the smallest first, and of few
// rows sets of every size.
// It takes its steps for large sets from budget.
func findHeld(rows []RowNet, short money.Fen, budget *int) heldResult {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r RowNet) bool { return r.Net == 0 })
	slices.SortFunc(rows, func(a, b RowNet) int { return cmp.Or(cmp.Compare(a.Net, b.Net), cmp.Compare(a.Pos, b.Pos)) })
	for i, size := range []struct {
		most   int
		search func([]RowNet, money.Fen) heldResult
	}{{MaxHeldRows, singles}, {MaxHeldRows, pairs}, {maxHeldTriples, triples}, {maxHeldFours, fours}} {
		if len(rows) > size.most {
			return heldResult{gaveUp: true, size: int32(i)}
		}
		if h := size.search(rows, short); h.sets > 0 {
			slices.Sort(h.rows)
			return h
		}
	}
	if len(rows) <= smallSets {
		return heldResult{}
	}
	if *budget -= len(rows) << (len(rows) / 2); len(rows) > maxHeldLarge || *budget < 0 {
		return heldResult{gaveUp: true, size: smallSets}
	}
	return larger(rows, short)
}

const (
	// smallSets is the largest size of sets that the searches by size look for.
	smallSets = 4
	// maxHeldLarge is up to how many rows sets of every size are looked at: the
	// sums of each half of the rows are 2^12. maxHeldSteps bounds those
	// searches over all settlements.
	maxHeldLarge = 24
	maxHeldSteps = 1 << 25
)

// larger looks at sets of five rows and more, if the rows are few: the sums of
// the sets of one half are met with those of the other, counted by their size.
func larger(rows []RowNet, short money.Fen) heldResult {
	left, right := rows[:len(rows)/2], rows[len(rows)/2:]
	type key struct {
		sum  money.Fen
		size int
	}
	type seen struct {
		n    int64
		mask uint32
	}
	sums := map[key]seen{}
	eachSet(left, func(mask uint32, size int, sum money.Fen) {
		k := sums[key{sum, size}]
		sums[key{sum, size}] = seen{k.n + 1, mask}
	})
	found := make([]heldResult, len(rows)+1)
	eachSet(right, func(mask uint32, size int, sum money.Fen) {
		for more := max(0, smallSets+1-size); more <= len(left); more++ {
			if k, ok := sums[key{short - sum, more}]; ok {
				f := &found[size+more]
				if f.sets += k.n; f.rows == nil {
					f.rows = append(picked(left, k.mask), picked(right, mask)...)
				}
			}
		}
	})
	for _, f := range found {
		if f.sets > 0 {
			slices.Sort(f.rows)
			return f
		}
	}
	return heldResult{}
}

// eachSet visits every set of a few rows.
func eachSet(rows []RowNet, visit func(mask uint32, size int, sum money.Fen)) {
	for mask := range uint32(1) << len(rows) {
		sum := money.Fen(0)
		for m := mask; m != 0; m &= m - 1 {
			sum += rows[bits.TrailingZeros32(m)].Net
		}
		visit(mask, bits.OnesCount32(mask), sum)
	}
}

func picked(rows []RowNet, mask uint32) (list []record.Pos) {
	for m := mask; m != 0; m &= m - 1 {
		list = append(list, rows[bits.TrailingZeros32(m)].Pos)
	}
	return list
}

func singles(rows []RowNet, short money.Fen) (h heldResult) {
	for _, r := range rows {
		if r.Net == short {
			if h.sets++; h.sets == 1 {
				h.rows = []record.Pos{r.Pos}
			}
		}
	}
	return h
}

func pairs(rows []RowNet, short money.Fen) (h heldResult) {
	countPairs(rows, short, func(i, j int, n int64) {
		if h.sets += n; h.rows == nil {
			h.rows = []record.Pos{rows[i].Pos, rows[j].Pos}
		}
	})
	return h
}

// countPairs walks over the pairs of sorted rows with a sum from both ends;
// equal nets make n pairs at once.
func countPairs(rows []RowNet, sum money.Fen, found func(i, j int, n int64)) {
	i, j := 0, len(rows)-1
	for i < j {
		switch s := rows[i].Net + rows[j].Net; {
		case s < sum:
			i++
		case s > sum:
			j--
		case rows[i].Net == rows[j].Net:
			n := int64(j - i + 1)
			found(i, j, n*(n-1)/2)
			return
		default:
			a, b := i, j
			for rows[a].Net == rows[i].Net {
				a++
			}
			for rows[b].Net == rows[j].Net {
				b--
			}
			found(i, j, int64(a-i)*int64(j-b))
			i, j = a, b
		}
	}
}

func triples(rows []RowNet, short money.Fen) (h heldResult) {
	for k := range rows {
		countPairs(rows[k+1:], short-rows[k].Net, func(i, j int, n int64) {
			if h.sets += n; h.rows == nil {
				h.rows = []record.Pos{rows[k].Pos, rows[k+1+i].Pos, rows[k+1+j].Pos}
			}
		})
		if h.sets > maxSetsCounted {
			break
		}
	}
	return h
}

// fours meets in the middle: the sums of pairs that end before row c are kept,
// and looked up for pairs that begin with it, so that every set is met once.
func fours(rows []RowNet, short money.Fen) (h heldResult) {
	type pair struct {
		a, b int32
		n    int64
	}
	sums := make(map[money.Fen]pair, len(rows)*len(rows)/2)
	for c := range rows {
		for d := c + 1; d < len(rows); d++ {
			if p, ok := sums[short-rows[c].Net-rows[d].Net]; ok {
				if h.sets += p.n; h.rows == nil {
					h.rows = []record.Pos{rows[p.a].Pos, rows[p.b].Pos, rows[c].Pos, rows[d].Pos}
				}
			}
		}
		for a := range c {
			s := rows[a].Net + rows[c].Net
			p := sums[s]
			if p.n++; p.n == 1 {
				p.a, p.b = int32(a), int32(c)
			}
			sums[s] = p
		}
		if h.sets > maxSetsCounted {
			break
		}
	}
	return h
}
