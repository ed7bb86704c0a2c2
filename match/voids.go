package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
	"duizhang/parse/money"
)

// void is a sale or a cancellation under one link.
type void struct {
	link     uint64
	currency uint64
	amount   money.Fen // of the sale
	cancels  bool
	row      *loose
}

// voids finds sales and their voids or reversals that are both absent from
// clearing (SPEC section 3.2). "Its" void is one that names the sale (the
// original order, channel, reference or trace number), or shares one of the
// four keys with it; the amounts are opposite to the fen, and the times at
// most key_days apart. Terminal and amount alone never cancel a sale.
func (r *run) voids() {
	rows := open(r.loose[posSide], isLive)
	named := func(l *loose, cancels bool) []uint64 {
		if cancels {
			return []uint64{l.orig[0], l.orig[1]}
		}
		return l.links[:]
	}
	r.voidBy(rows, NoKey, named)
	for i, k := range keyOrder {
		r.voidBy(rows, k, func(l *loose, _ bool) []uint64 { return l.keys[i : i+1] })
	}
}

func (r *run) voidBy(rows []*loose, key KeyType, links func(l *loose, cancels bool) []uint64) {
	var list []void
	for _, l := range rows {
		cancels, ok := voidRole(l)
		if !ok || l.done {
			continue
		}
		for _, link := range links(l, cancels) {
			if link != 0 {
				list = append(list, void{link, l.currency, abs(l.amount()), cancels, l})
			}
		}
	}
	slices.SortStableFunc(list, compareVoid) // rows are in order already
	for len(list) > 0 {
		n := 1
		for n < len(list) && compareVoid(list[0], list[n]) == 0 {
			n++
		}
		r.cancel(list[:n], key)
		list = list[n:]
	}
}

// voidRole says whether a row is a sale that can be cancelled, or cancels one.
func voidRole(l *loose) (cancels, ok bool) {
	switch l.code.kind() {
	case parse.Sale, parse.PreauthComplete:
		return false, l.amount() > 0
	case parse.Void, parse.Reversal:
		return true, l.amount() < 0
	}
	return false, false
}

func compareVoid(a, b void) int {
	return cmp.Or(cmp.Compare(a.link, b.link), cmp.Compare(a.currency, b.currency), cmp.Compare(a.amount, b.amount))
}

// cancel pairs the rows of one link and amount: each cancellation takes the
// latest sale before it. Where one row only says the day, all go by the day.
// Rows whose time is unknown take what is left, in order.
func (r *run) cancel(list []void, key KeyType) {
	byDay := slices.ContainsFunc(list, func(v void) bool { return v.row.time != 0 && !v.row.code.clock() })
	when := func(l *loose) int64 {
		switch {
		case l.time == 0:
			return 1 << 62
		case byDay:
			return int64(l.time) / daySeconds * daySeconds
		}
		return int64(l.time)
	}
	slices.SortStableFunc(list, func(a, b void) int {
		return cmp.Or(cmp.Compare(when(a.row), when(b.row)), falseFirst(a.cancels, b.cancels))
	})
	var sales []*loose
	for _, v := range list {
		switch {
		case v.row.done || v.row.time == 0:
		case !v.cancels:
			sales = append(sales, v.row)
		case len(sales) > 0:
			last := sales[len(sales)-1]
			if sales = sales[:len(sales)-1]; when(v.row)-when(last) <= r.opt.KeyDays*daySeconds {
				r.void(last, v.row, key)
			}
		}
	}
	r.cancelTimeless(list, key)
}

// cancelTimeless pairs in order what is left, where a time is unknown.
func (r *run) cancelTimeless(list []void, key KeyType) {
	for _, wanted := range [...]struct{ sale, cancel bool }{{true, false}, {false, true}, {false, false}} {
		pick := func(cancels, timed bool) (rows []*loose) {
			for _, v := range list {
				if !v.row.done && v.cancels == cancels && (v.row.time != 0) == timed {
					rows = append(rows, v.row)
				}
			}
			return rows
		}
		sales, cancels := pick(false, wanted.sale), pick(true, wanted.cancel)
		for i := range min(len(sales), len(cancels)) {
			r.void(sales[i], cancels[i], key)
		}
	}
}

func (r *run) void(sale, cancels *loose, key KeyType) {
	r.loosePair(Voided, key, Reason{Code: ReasonVoided, Other: cancels.pos(), HasOther: true, OtherSide: parse.SidePos}, []*loose{sale, cancels}, nil)
}

// falseFirst compares bools.
func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
