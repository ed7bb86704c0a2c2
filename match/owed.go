package match

import (
	"duizhang/parse"
)

// Age is how many days money is over its due date: business days by a cycle
// T+n, calendar days by D+n; 0 while it is not due or has no due date. cycle is
// the text of a Cycle.
func Age(cal *Calendar, cycle string, due, asOf parse.Date) int32 {
	if due == 0 || due >= asOf {
		return 0
	}
	if cal == nil {
		cal = BuiltinCalendar()
	}
	c, err := ParseCycle(cycle)
	if err != nil {
		c = Cycle{Business: true, Days: 1}
	}
	return overdueBy(cal, c, due, asOf)
}
