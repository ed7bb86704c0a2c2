// Duizhang reconciles what a shop sold with what its acquirer cleared and what
// the bank received. This package is wiring only: flags, configuration,
// progress and exit codes; what is read, matched and written is decided by the
// packages parse, match and report.
package main

import (
	"context"
	"os"
)

func main() {
	patientCollector()
	ctx, stop := interruptible(context.Background())
	code := guarded(ctx, os.Args[1:], systemEnv())
	stop()
	os.Exit(int(code))
}
