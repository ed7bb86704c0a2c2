package match

import (
	"slices"
	"strings"

	"duizhang/parse"
	"duizhang/parse/money"
)

// openTiming is the timing of money that has not (fully) come: overdue once
// the due date has passed at the as-of day. The due date itself has not passed
// before its night, so money due on the as-of day is pending. A provisional due
// date may still move: it has passed when provisionalDays more business days have.
func openTiming(cal *Calendar, cycle Cycle, due, asOf parse.Date) Timing {
	switch {
	case due == 0:
		return UnknownTiming
	case cal.Provisional(cycle, due) && cal.Workdays(due, asOf) < provisionalDays:
		return PendingTiming
	case due < asOf:
		return Overdue
	}
	return PendingTiming
}

// paidTiming is the timing of money that came in full on a day.
func paidTiming(cal *Calendar, cycle Cycle, due, credited parse.Date) (Timing, int32) {
	switch {
	case due == 0 || credited == 0:
		return UnknownTiming, 0
	case credited <= due:
		return OnTime, 0
	}
	return Late, cal.DaysLate(cycle, due, credited)
}

// claimTiming is the timing where only the clearing file says when it settled:
// a day after the as-of day has not come yet, and no day at all is unknown.
// credited is the day as far as it counts. For overdue money late is how many
// days it is overdue at the as-of day.
func claimTiming(cal *Calendar, cycle Cycle, due, claimed, asOf parse.Date) (t Timing, credited parse.Date, late int32) {
	switch {
	case claimed == 0:
		return UnknownTiming, 0, 0
	case claimed > asOf:
		t = openTiming(cal, cycle, due, asOf)
		return t, 0, overdueBy(cal, cycle, due, asOf)
	}
	t, late = paidTiming(cal, cycle, due, claimed)
	return t, claimed, late
}

// overdueBy is how late open money is at the as-of day.
func overdueBy(cal *Calendar, cycle Cycle, due, asOf parse.Date) int32 {
	if openTiming(cal, cycle, due, asOf) != Overdue {
		return 0
	}
	return cal.DaysLate(cycle, due, asOf)
}

// rowCredit is what the settlement leg knows of one clearing row's money.
type rowCredit struct {
	timing   Timing
	due      parse.Date
	credited parse.Date // the day the money came; 0: it did not, or nobody says
	known    bool       // whether it came is known
	late     int32
}

// AgeBucket sums money owed by how long it is past due, in calendar days from
// From to To (To < 0: and more). The first bucket is what is not due yet.
type AgeBucket struct {
	From, To int32
	Count    int64
	Amount   Sums
}

// ageBounds are the last days of the buckets after "not due yet".
var ageBounds = [...]int32{3, 7, 15, 30, 60}

// ages sums what is owed by age. Amounts that are not positive are nobody's debt.
type ages []AgeBucket

func newAges() ages {
	list := ages{{From: 0, To: 0}}
	from := int32(1)
	for _, to := range ageBounds {
		list = append(list, AgeBucket{From: from, To: to})
		from = to + 1
	}
	return append(list, AgeBucket{From: from, To: -1})
}

// add puts one debt into its bucket. Money without a due date counts as not
// due yet: nothing says that it is late.
func (a ages) add(due, asOf parse.Date, currency string, amount money.Fen) {
	if amount <= 0 {
		return
	}
	days := int32(0)
	if due != 0 && due < asOf {
		days = int32(asOf - due)
	}
	for i := range a {
		if b := &a[i]; days >= b.From && (days <= b.To || b.To < 0) {
			b.Count++
			b.Amount = b.Amount.plus(currency, amount)
			return
		}
	}
}

// plus adds to one currency's sum and keeps the order.
func (s Sums) plus(currency string, amount money.Fen) Sums {
	if currency == "" {
		currency = "CNY"
	}
	i, found := slices.BinarySearchFunc(s, currency, func(a Sum, c string) int { return strings.Compare(a.Currency, c) })
	if found {
		s[i].Amount += amount
		return s
	}
	return slices.Insert(s, i, Sum{currency, amount})
}
