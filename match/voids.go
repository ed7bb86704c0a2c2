package match

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// voids finds sales and their voids or reversals that are both absent from
// clearing (SPEC section 3.2). "Its" void is one that names the sale (by its
// order, channel, reference or trace number), else one that shares a key with
// it, the keys in their order; the amounts are opposite to the fen and the
// times at most key_days apart. In time order each cancellation takes the
// latest sale before it.
//
// One that names nothing cancels the only sale of the same card at the same
// terminal that it can mean (lonely). Terminal and amount alone never cancel a
// sale.
func (r *run) voids() {
	v := &voider{r: r}
	rows, any := r.loose[pair.PosSide], false
	for i := range rows {
		l := &rows[i]
		if !l.open() {
			continue
		}
		switch k := l.code.Kind(); {
		case (k == record.Sale || k == record.PreauthComplete) && l.amount() > 0:
			v.rows = append(v.rows, l)
		case (k == record.Void || k == record.Reversal) && l.amount() < 0:
			v.rows, any = append(v.rows, l), true
		}
	}
	if !any {
		return
	}
	slices.SortStableFunc(v.rows, func(a, b *loose) int { return cmp.Compare(voidTime(a), voidTime(b)) })
	v.by(result.NoKey, func(l *loose) []uint64 {
		if cancels(l) {
			return l.orig[:]
		}
		return l.links[:]
	})
	for i, k := range keyOrder {
		v.by(k, func(l *loose) []uint64 { return l.keys[i : i+1] })
	}
	v.lonely()
}

func cancels(l *loose) bool { return l.amount() < 0 }

// voidTime orders sales before what may cancel them: a sale that only says the
// day may have been at its beginning, a cancellation at its end. Unknown is last.
func voidTime(l *loose) int64 {
	switch t := int64(l.time); {
	case t == 0:
		return 1 << 62
	case l.code.Clock():
		return t*2 + order(cancels(l))
	case cancels(l):
		return (t/terms.DaySeconds+1)*terms.DaySeconds*2 - 1
	default:
		return t / terms.DaySeconds * terms.DaySeconds * 2
	}
}

// order puts what is not before what is.
func order(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

// voider pairs sales with what cancels them, by one kind of link after another.
type voider struct {
	r    *run
	rows []*loose // in the order of voidTime
}

// voidKey is a link with the amount that must be cancelled.
type voidKey struct {
	link, currency uint64
	amount         money.Fen
}

// by pairs the rows that agree in one of their links.
func (v *voider) by(key result.KeyType, links func(*loose) []uint64) {
	keys := func(l *loose) (ks []voidKey) {
		for _, link := range links(l) {
			if link != 0 {
				ks = append(ks, voidKey{link, l.currency, abs(l.amount())})
			}
		}
		return ks
	}
	wanted := map[voidKey]bool{} // there are few cancellations, but many sales
	for _, l := range v.rows {
		if !l.done && cancels(l) {
			for _, k := range keys(l) {
				wanted[k] = true
			}
		}
	}
	sales := map[voidKey][]int{} // indexes into rows, ascending
	for i, l := range v.rows {
		if l.done || l.time == 0 {
			continue
		}
		if !cancels(l) {
			for _, k := range keys(l) {
				if wanted[k] {
					sales[k] = append(sales[k], i)
				}
			}
			continue
		}
		last := -1
		for _, k := range keys(l) {
			for s := sales[k]; len(s) > 0; s = s[:len(s)-1] {
				if sales[k] = s; !v.rows[s[len(s)-1]].done {
					last = max(last, s[len(s)-1])
					break
				}
			}
		}
		if last >= 0 && v.r.withinDays(v.rows[last], l) {
			v.r.void(v.rows[last], l, key)
		}
	}
	v.timeless(key, keys, wanted)
}

// timeless pairs in order what is left where one of the two does not say its time.
func (v *voider) timeless(key result.KeyType, keys func(*loose) []voidKey, wanted map[voidKey]bool) {
	var sales [2]map[voidKey][]int // that say their time; that do not
	for i := range sales {
		sales[i] = map[voidKey][]int{}
	}
	for i, l := range v.rows {
		if !l.done && !cancels(l) {
			for _, k := range keys(l) {
				if at := sales[order(l.time == 0)]; wanted[k] {
					at[k] = append(at[k], i)
				}
			}
		}
	}
	for _, l := range v.rows {
		if l.done || !cancels(l) {
			continue
		}
		first := len(v.rows)
		for _, k := range keys(l) {
			for _, at := range sales[order(l.time != 0):] {
				for len(at[k]) > 0 && v.rows[at[k][0]].done {
					at[k] = at[k][1:]
				}
				if len(at[k]) > 0 {
					first = min(first, at[k][0])
				}
			}
		}
		if first < len(v.rows) {
			v.r.void(v.rows[first], l, key)
		}
	}
}

// cardKey is where, with which card, when and for how much: what a sale and a
// void without a shared number must agree in.
type cardKey struct {
	terminal, currency uint64
	tail               [4]byte
	day                record.Date
	amount             money.Fen
}

// lonely pairs a sale and a cancellation that no number links, where each is
// all that the other can mean: same terminal, same card, same trade day,
// opposite amounts, the sale first. With two to choose from none is cancelled.
func (v *voider) lonely() {
	at := map[cardKey][]*loose{} // in the order of voidTime; only of cancellations' keys
	for _, l := range v.rows {
		if k, ok := cardKeyOf(l); ok && cancels(l) {
			at[k] = nil
		}
	}
	for _, l := range v.rows {
		k, ok := cardKeyOf(l)
		if rows, wanted := at[k]; ok && wanted {
			at[k] = append(rows, l)
		}
	}
	for _, l := range v.rows { // not the map's order: drafts stand in this one
		k, ok := cardKeyOf(l)
		if !ok || !cancels(l) {
			continue
		}
		rows := at[k]
		if i := slices.Index(rows, l); i > 0 {
			if j, one := soleOf(rows[:i], false); one {
				if _, one := soleOf(rows[j:], true); one {
					v.r.void(rows[j], l, result.NoKey)
				}
			}
		}
	}
}

// cardKeyOf is the row's key, if it can be paired by it.
func cardKeyOf(l *loose) (cardKey, bool) {
	if l.done || l.time == 0 || l.place[0] == 0 || l.tail == [4]byte{} || cancels(l) && l.orig[0] != 0 {
		return cardKey{}, false
	}
	return cardKey{l.place[0], l.currency, l.tail, l.when().Date(), abs(l.amount())}, true
}

// soleOf finds the one sale, or the one cancellation, among rows.
func soleOf(rows []*loose, cancel bool) (at int, one bool) {
	for i, l := range rows {
		if cancels(l) == cancel {
			if one {
				return 0, false
			}
			at, one = i, true
		}
	}
	return at, one
}

func (r *run) void(sale, cancels *loose, key result.KeyType) {
	r.loosePair(result.Voided, key, result.Reason{Code: result.ReasonVoided, Other: cancels.pos(), HasOther: true, OtherSide: record.SidePos}, sale, cancels)
}
