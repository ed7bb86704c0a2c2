package match

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// factCopy is what copies of a row have in common.
type factCopy struct {
	lo     uint64
	hi     uint32
	time   uint32
	amount money.Fen
	class  uint32
}

// sold is what a sale of the shop must have for a clearing row to be its.
type sold struct {
	lo     uint64
	hi     uint32
	amount money.Fen
}

// copiesOf finds the repeated rows of some settlements.
func (r *run) copiesOf(ctx context.Context, wanted map[int32]bool) (map[int32][]result.Copied, error) {
	in := make([]bool, len(r.classes.list))
	for class, n := range r.leg.Of[:len(in)] {
		in[class] = n >= 0 && wanted[n]
	}
	var found []placed
	for _, st := range r.stores {
		for p := range st.parts[pair.ClearingSide] {
			rows, err := r.copiesIn(st, p, in)
			if err != nil {
				return nil, err
			}
			found = append(found, rows...)
		}
	}
	slices.SortFunc(found, func(a, b placed) int { return cmp.Compare(a.pos, b.pos) })
	at, rows := make([]record.Pos, len(found)), make([]result.Copied, len(found))
	for i := range found {
		at[i] = found[i].pos
	}
	if len(at) > 0 {
		err := r.source(pair.ClearingSide).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
			return func(i int, row *record.Row) {
				rows[i] = result.Copied{Pos: row.Pos, Amount: row.Amount, Net: netOf(row)}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	list := map[int32][]result.Copied{}
	for i := range found {
		n := r.leg.Of[found[i].class]
		list[n] = append(list[n], rows[i])
	}
	return list, nil
}

// copiesIn finds the repeated rows among the facts of one partition: of equal
// ones all but the first, less those that the shop has too.
func (r *run) copiesIn(st *store[fact], p int, in []bool) (found []placed, err error) {
	alike := map[factCopy][]record.Pos{}
	err = st.each(pair.ClearingSide, p, func(fs []fact) {
		for i := range fs {
			if f := &fs[i]; in[f.class] {
				k := factCopy{f.lo, f.hi, f.time, f.amount(), f.class}
				alike[k] = append(alike[k], f.pos())
			}
		}
	})
	if err != nil {
		return nil, err
	}
	have := map[sold]int{}
	for k, rows := range alike {
		if len(rows) < 2 {
			delete(alike, k)
			continue
		}
		have[sold{k.lo, k.hi, k.amount}] = 0
	}
	if len(alike) == 0 {
		return nil, nil
	}
	err = st.each(pair.PosSide, p, func(fs []fact) {
		for i := range fs {
			k := sold{fs[i].lo, fs[i].hi, fs[i].amount()}
			if n, ok := have[k]; ok {
				have[k] = n + 1
			}
		}
	})
	for k, rows := range alike {
		slices.Sort(rows)
		for _, pos := range rows[min(len(rows), max(1, have[sold{k.lo, k.hi, k.amount}])):] {
			found = append(found, placed{pos, k.class})
		}
	}
	return found, err
}

// settleCopies settles again if rows that stand twice in the clearing files
// may explain lines that went nowhere.
func (r *run) settleCopies(ctx context.Context, in settle.Input) error {
	wanted := r.leg.MayRepeat()
	if len(wanted) == 0 {
		return nil
	}
	found, err := r.copiesOf(ctx, wanted)
	if err != nil || len(found) == 0 {
		return err
	}
	in.Copies = map[int32]money.Fen{}
	for n, rows := range found {
		in.Copies[n] = settle.NetOfCopies(rows)
	}
	r.leg, err = settle.Run(in)
	return err
}
