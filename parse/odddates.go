package parse

import (
	"fmt"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

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
func (o *oddRows) problem(x *text.LineIndex, asOf record.Date) *problem.Problem {
	if o.n == 0 {
		return nil
	}
	line := x.Chunks[o.first.chunk].Base + o.first.line
	return &problem.Problem{Code: codeOddDates, Args: []string{fmt.Sprint(o.n), fmt.Sprint(line), asOf.String()}}
}

const codeOddDates problem.Code = "odd_dates"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeOddDates: {
		ZH: "{0} 行日期异常：晚于对账日 {2} 一天以上，或清算、结算、到账日早于交易日，首见第 {1} 行；这些行照常核对，并标记“日期异常”，请核对来源或对账日",
		EN: "{0} rows have odd dates: later than the day of the run, {2}, by more than a day, or cleared, settled or credited before they were traded; the first is in line {1}. They are reconciled and flagged date_odd; check the source, or the day of the run",
	},
})
