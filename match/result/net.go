package result

import (
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// NetOf is what should reach the account for some clearing rows, in fen: what
// they say themselves, else amount less fee where they give the fee. ok is false
// where one of them tells neither, or there is none.
func NetOf(rows []*record.Record) (net money.Fen, ok bool) {
	for _, r := range rows {
		switch {
		case r.HasNet:
			net += r.Net
		case r.HasFee:
			net += r.Amount - r.Fee
		default:
			return 0, false
		}
	}
	return net, len(rows) > 0
}

// Awaited is what has not come of a cleared group's net, in fen. Its settlement
// owes it (Settlement.Owed), together with that of the settlement's other rows;
// the group itself does not. net is that of NetOf, or the cleared amount.
func (g *Group) Awaited(net money.Fen) money.Fen {
	if g.Timing != Overdue || len(g.Clearing) == 0 || g.GoesBack() {
		return 0
	}
	return max(net-g.Credited, 0)
}
