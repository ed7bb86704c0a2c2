package terms

import "github.com/duizhang/duizhang/parse/record"

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
func (t *Thresholds) InOffHours(at record.Time, hasClock bool) bool {
	if !hasClock || t.OffFrom == t.OffTo {
		return false
	}
	clock := at.Clock()
	if t.OffFrom < t.OffTo {
		return clock >= t.OffFrom && clock < t.OffTo
	}
	return clock >= t.OffFrom || clock < t.OffTo
}
