package match

import (
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
)

// flagEvidence says what set the flags of a group, as far as its rows do not
// show it.
func (r *run) flagEvidence(g *result.Group, d *draft) (list []result.Reason) {
	if g.Flags&result.OverLimit != 0 {
		list = append(list, result.Reason{Code: result.ReasonOverLimit, Amount: r.limitOf(d)})
	}
	if g.Flags&result.RepeatSwipe != 0 {
		for i := range d.rows {
			if s, ok := r.swiped[d.rows[i].pos()]; ok && r.marked[d.side(i)].of(&d.rows[i])&result.RepeatSwipe != 0 {
				list = append(list, result.Reason{Code: result.ReasonRepeatSwipe, N: s.n, Seconds: s.seconds})
				break
			}
		}
	}
	if g.Flags&result.RefundLate != 0 {
		list = append(list, r.lateRefundEvidence(d))
	}
	if g.Flags&result.DueDiffers != 0 {
		list = append(list, r.dueEvidence(d))
	}
	return list
}

// dueEvidence is of the first clearing row for which the acquirer promises
// another day than the contract.
func (r *run) dueEvidence(d *draft) result.Reason {
	for _, f := range d.clr() {
		if c := &r.classes.list[f.class]; c.marks&result.DueDiffers != 0 {
			k := r.opt.Contracts.For(c.acquirer, c.merchant, c.day)
			agreed, _ := r.opt.Calendar.Due(k.CycleBy(c.dueBy().Under), c.day)
			return result.Reason{Code: result.ReasonDueDiffers, Day: c.promised, N: int32(agreed)}
		}
	}
	return result.Reason{Code: result.ReasonDueDiffers}
}

// limitOf is the limit that the group's sale is above.
func (r *run) limitOf(d *draft) money.Fen {
	if d.owed != nil {
		return d.owed.limit
	}
	for _, f := range d.clr() {
		if c := &r.classes.list[f.class]; c.marks&result.OverLimit != 0 {
			return r.opt.Contracts.For(c.acquirer, c.merchant, c.day).Limit
		}
	}
	return 0
}

// lateRefundEvidence is of the clearing row that took longest, or says for how
// long none has come.
func (r *run) lateRefundEvidence(d *draft) result.Reason {
	why, asked := result.Reason{Code: result.ReasonRefundLate}, d.pos()[0].when().Date()
	if d.owed != nil && d.owed.refund != nil {
		why = result.Reason{Code: result.ReasonRefundOpen, N: r.opt.Calendar.Workdays(asked, r.opt.AsOf)}
		why.Day, _ = r.opt.Calendar.Due(terms.Cycle{Business: true, Days: d.owed.refund.RefundDays}, asked)
		return why
	}
	for _, f := range d.clr() {
		o := &r.outcomes[f.class]
		if o.refund == nil {
			continue
		}
		if took := r.opt.Calendar.Workdays(asked, r.classes.list[f.class].day); took > why.N {
			why.N = took
			why.Day, _ = r.opt.Calendar.Due(terms.Cycle{Business: true, Days: o.refund.RefundDays}, asked)
		}
	}
	return why
}
