// Duizhang reconciles what a shop sold with what its acquirer cleared and what
// the bank received. This package is wiring only: flags, configuration,
// progress and exit codes; what is read, matched and written is decided by the
// packages parse, match and report.
package main

import (
	"context"
	"os"
)

func main() { start(func(*env) {}) }

// start is the process from its beginning to its end; change is what a test
// has different in the world around it.
func start(change func(*env)) {
	budget := allowance()
	if code, ran := supervised(budget); ran {
		os.Exit(int(code))
	}
	patientCollector()
	ctx, stop := interruptible(context.Background())
	ctx, unwatch := watchMemory(ctx, budget)
	e := systemEnv()
	e.room = budget.room
	change(e)
	ended := underSupervision(e)
	code := guarded(ctx, os.Args[1:], e)
	unwatch()
	stop()
	ended(code)
	os.Exit(int(code))
}
