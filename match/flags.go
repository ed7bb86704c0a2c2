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

// offHours says whether a moment lies in the hours in which nobody sells.
func (t *Thresholds) offHours(at parse.Time, hasClock bool) bool {
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
