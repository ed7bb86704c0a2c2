package parse

import "fmt"

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
// settled or credited before the day it was traded. asOf 0 is not looked at.
// On the bank side, and in a payout, the clearing day is that of what is paid.
func (r *Row) HasOddDates(side Side, asOf Date) bool {
	trade := r.Time.Date()
	if asOf != 0 && (max(trade, r.ClearingDate) > asOf+futureSlack || max(r.SettleDate, r.CreditedDate) > asOf+promiseSlack) {
		return true
	}
	if r.Time == 0 || !before(r.ClearingDate, trade) && !before(r.SettleDate, trade) && !before(r.CreditedDate, trade) {
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

// oddRows counts the rows whose dates are odd, and keeps the first.
type oddRows struct {
	n     int64
	first oddRow
}

// oddRow is a row whose line number is not known yet.
type oddRow struct {
	off   int64
	chunk int
	line  int64 // from the chunk's first record
}

func (o *oddRows) add(n int64, row oddRow) {
	if o.n == 0 || row.off < o.first.off {
		o.first = row
	}
	o.n += n
}

// problem is what a file says about its rows with odd dates; nil without any.
func (o *oddRows) problem(x *lineIndex, asOf Date) *Problem {
	if o.n == 0 {
		return nil
	}
	line := x.chunks[o.first.chunk].base + o.first.line
	return &Problem{Code: codeOddDates, Args: []string{fmt.Sprint(o.n), fmt.Sprint(line), asOf.String()}}
}

const codeOddDates Code = "odd_dates"

var _ = addMessages(map[Code]message{
	codeOddDates: {
		"{0} 行日期异常：晚于对账日 {2} 一天以上，或清算、结算、到账日早于交易日，首见第 {1} 行；这些行照常核对，并标记“日期异常”，请核对来源或对账日",
		"{0} rows have odd dates: later than the day of the run, {2}, by more than a day, or cleared, settled or credited before they were traded; the first is in line {1}. They are reconciled and flagged date_odd; check the source, or the day of the run",
	},
})
