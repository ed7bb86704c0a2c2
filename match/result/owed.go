package result

import (
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// Age is how many days money is over its due date: business days by a cycle
// T+n, calendar days by D+n; 0 while it is not due or has no due date. cycle is
// the text of a Cycle.
func Age(cal *terms.Calendar, cycle string, due, asOf record.Date) int32 {
	if due == 0 || due >= asOf {
		return 0
	}
	if cal == nil {
		cal = terms.BuiltinCalendar()
	}
	c, err := terms.ParseCycle(cycle)
	if err != nil {
		c = terms.Cycle{Business: true, Days: 1}
	}
	return OverdueBy(cal, c, due, asOf)
}
