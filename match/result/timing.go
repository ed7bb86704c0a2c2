package result

import (
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// OpenTiming is the timing of money that has not (fully) come: overdue once
// the due date has passed at the as-of day. The due date itself has not passed
// before its night, so money due on the as-of day is pending. A provisional due
// date may still move: it has passed when ProvisionalDays more business days have.
func OpenTiming(cal *terms.Calendar, cycle terms.Cycle, due, asOf record.Date) Timing {
	switch {
	case due == 0:
		return UnknownTiming
	case cal.Provisional(cycle, due) && cal.Workdays(due, asOf) < terms.ProvisionalDays:
		return PendingTiming
	case due < asOf:
		return Overdue
	}
	return PendingTiming
}

// PaidTiming is the timing of money that came in full on a day.
func PaidTiming(cal *terms.Calendar, cycle terms.Cycle, due, credited record.Date) (Timing, int32) {
	switch {
	case due == 0 || credited == 0:
		return UnknownTiming, 0
	case credited <= due:
		return OnTime, 0
	}
	return Late, cal.DaysLate(cycle, due, credited)
}

// ClaimTiming is the timing where only the clearing file says when it settled:
// a day after the as-of day has not come yet, and no day at all is unknown.
// credited is the day as far as it counts. For overdue money late is how many
// days it is overdue at the as-of day.
func ClaimTiming(cal *terms.Calendar, cycle terms.Cycle, due, claimed, asOf record.Date) (t Timing, credited record.Date, late int32) {
	switch {
	case claimed == 0:
		return UnknownTiming, 0, 0
	case claimed > asOf:
		t = OpenTiming(cal, cycle, due, asOf)
		return t, 0, OverdueBy(cal, cycle, due, asOf)
	}
	t, late = PaidTiming(cal, cycle, due, claimed)
	return t, claimed, late
}

// OverdueBy is how late open money is at the as-of day.
func OverdueBy(cal *terms.Calendar, cycle terms.Cycle, due, asOf record.Date) int32 {
	if OpenTiming(cal, cycle, due, asOf) != Overdue {
		return 0
	}
	return cal.DaysLate(cycle, due, asOf)
}

// RowCredit is what the settlement leg knows of one clearing row's money.
type RowCredit struct {
	Timing   Timing
	Due      record.Date
	Credited record.Date // the day the money came; 0: it did not, or nobody says
	Known    bool        // whether it came is known
	Late     int32
	Cycle    terms.Cycle // that due was counted by
}
