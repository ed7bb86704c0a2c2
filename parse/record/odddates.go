package record

// Days that cannot be right are kept, because what happened is not in doubt,
// and flagged: a clerk must look at them.
const (
	// futureSlack is how many days after the day of the run a row may have
	// been traded or cleared: the next clearing day begins in the evening.
	futureSlack = 1
	// promiseSlack is the same for the day on which money is said to come:
	// T+n and D+n promise it, over the longest holidays.
	promiseSlack = 62
)

// HasOddDates says whether a row was traded or cleared after asOf by more than
// a day, is to be paid out long after it, or is a transaction that was cleared,
// settled, credited or promised before the day it was traded. asOf 0 is not looked at.
// On the bank side, and in a payout, the clearing day is that of what is paid.
func (r *Row) HasOddDates(side Side, asOf Date) bool {
	trade := r.Time.Date()
	if asOf != 0 && (max(trade, r.ClearingDate) > asOf+futureSlack || max(r.SettleDate, r.CreditedDate, r.PromisedDate) > asOf+promiseSlack) {
		return true
	}
	if r.Time == 0 || !before(r.ClearingDate, trade) && !before(r.SettleDate, trade) && !before(r.CreditedDate, trade) && !before(r.PromisedDate, trade) {
		return false
	}
	switch r.Kind {
	case Payout, Fee, Adjustment:
		return false
	}
	return side != SideBank
}

// before says whether d is known and earlier than day.
func before(d, day Date) bool { return d != 0 && d < day }
