package match

import (
	"duizhang/parse"
	"duizhang/parse/money"
)

// Thresholds are the settings of the risk flags.
type Thresholds struct {
	// OffFrom and OffTo bound the hours in which a shop does not sell, in
	// seconds of the day, OffTo excluded; the span may cross midnight. Equal:
	// no such hours.
	OffFrom, OffTo int
	// SwipeCount sales with one card at one terminal within SwipeWindow
	// seconds are a repeat_swipe.
	SwipeCount  int
	SwipeWindow int64
}

// DefaultThresholds: 02:00 to 05:00 is off hours, and three swipes within five
// minutes repeat.
var DefaultThresholds = Thresholds{OffFrom: 2 * 3600, OffTo: 5 * 3600, SwipeCount: 3, SwipeWindow: 300}

// InOffHours says whether a moment lies in the hours in which nobody sells.
func (t *Thresholds) InOffHours(at parse.Time, hasClock bool) bool {
	if !hasClock || t.OffFrom == t.OffTo {
		return false
	}
	clock := at.Clock()
	if t.OffFrom < t.OffTo {
		return clock >= t.OffFrom && clock < t.OffTo
	}
	return clock >= t.OffFrom || clock < t.OffTo
}

// overLimit says whether one sale is larger than the contract allows.
func (c *Contract) overLimit(kind parse.Kind, amount money.Fen) bool {
	return c.Limit > 0 && amount > c.Limit && (kind == parse.Sale || kind == parse.PreauthComplete)
}

// flagEvidence says what set the flags of a group, as far as its rows do not
// show it.
func (r *run) flagEvidence(g *Group, d *draft) (list []Reason) {
	if g.Flags&OverLimit != 0 {
		list = append(list, Reason{Code: ReasonOverLimit, Amount: r.limitOf(d)})
	}
	if g.Flags&RepeatSwipe != 0 {
		for i := range d.rows {
			if s, ok := r.swiped[d.rows[i].pos()]; ok && r.marked[d.side(i)].of(&d.rows[i])&RepeatSwipe != 0 {
				list = append(list, Reason{Code: ReasonRepeatSwipe, N: s.n, Seconds: s.seconds})
				break
			}
		}
	}
	if g.Flags&RefundLate != 0 {
		list = append(list, r.lateRefundEvidence(d))
	}
	return list
}

// limitOf is the limit that the group's sale is above.
func (r *run) limitOf(d *draft) money.Fen {
	if d.owed != nil {
		return d.owed.limit
	}
	for _, f := range d.clr() {
		if c := &r.classes.list[f.class]; c.marks&OverLimit != 0 {
			return r.opt.Contracts.For(c.acquirer, c.merchant, c.day).Limit
		}
	}
	return 0
}

// lateRefundEvidence is of the clearing row that took longest, or says for how
// long none has come.
func (r *run) lateRefundEvidence(d *draft) Reason {
	why, asked := Reason{Code: ReasonRefundLate}, d.pos()[0].when().Date()
	if d.owed != nil && d.owed.refund != nil {
		why = Reason{Code: ReasonRefundOpen, N: r.opt.Calendar.Workdays(asked, r.opt.AsOf)}
		why.Day, _ = r.opt.Calendar.Due(Cycle{Business: true, Days: d.owed.refund.RefundDays}, asked)
		return why
	}
	for _, f := range d.clr() {
		o := &r.outcomes[f.class]
		if o.refund == nil {
			continue
		}
		if took := r.opt.Calendar.Workdays(asked, r.classes.list[f.class].day); took > why.N {
			why.N = took
			why.Day, _ = r.opt.Calendar.Due(Cycle{Business: true, Days: o.refund.RefundDays}, asked)
		}
	}
	return why
}

// refundLate says whether a refund took longer than the contract's business
// days: from the day it was asked for until the day it cleared, or, where it
// has not (done is 0), until the as-of day.
func refundLate(cal *Calendar, c *Contract, asked, done, asOf parse.Date) bool {
	if c.RefundDays == 0 || asked == 0 {
		return false
	}
	if done == 0 {
		done = asOf
	}
	return cal.Workdays(asked, done) > int32(c.RefundDays)
}
