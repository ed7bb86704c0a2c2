package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/duizhang/duizhang/parse/problem"
)

// exitCode is what the process leaves behind for scripts. The numbers are a
// contract: they do not follow the language and do not change their meaning.
type exitCode int

const (
	// exitReconciled: everything agrees, the report is complete. In transit,
	// pending and unknown are not differences.
	exitReconciled exitCode = 0
	// exitDifferences: differences of a kind named by --fail-on were found;
	// the report is complete.
	exitDifferences exitCode = 1
	// exitUsage: the command line or the configuration is wrong. No input has
	// been read and nothing has been written.
	exitUsage exitCode = 2
	// exitIncomplete: the report is written, but a file or a row was refused,
	// or a file that was named does not exist. For inspect: a file is unusable
	// or has rejected rows.
	exitIncomplete exitCode = 3
	// exitFailed: nothing was written; reports of earlier runs are untouched.
	exitFailed exitCode = 4
	// exitLedger: another run holds the ledger, the day is out of order, or the
	// ledger is newer than the program or damaged. Nothing was written.
	exitLedger exitCode = 5
	// exitInterrupted: stopped by Ctrl-C or SIGTERM; otherwise as exitFailed.
	exitInterrupted exitCode = 130
)

// failure ends a command: what to tell the user and the status to leave with.
type failure struct {
	code exitCode
	// msg is the sentence; without one, err speaks for itself.
	msg  message
	args []any
	err  error // what the libraries said, appended to the sentence
}

func (f *failure) Error() string {
	return f.text(problem.EN)
}

func (f *failure) Unwrap() error { return f.err }

// usage is a mistake on the command line or in the configuration.
func usage(m message, args ...any) error {
	return &failure{code: exitUsage, msg: m, args: args}
}

// failed is a run that could not be finished.
func failed(err error, m message, args ...any) error {
	return &failure{code: exitFailed, msg: m, args: args, err: err}
}

// outcome ends a command whose results are all written: it carries a status
// that is not an error and has nothing more to say.
type outcome exitCode

func (o outcome) Error() string { return fmt.Sprintf("exit status %d", int(o)) }

// codeOf is the one place where an error becomes an exit status.
func codeOf(err error) exitCode {
	var o outcome
	var f *failure
	switch {
	case err == nil:
		return exitReconciled
	case errors.As(err, &o):
		return exitCode(o)
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &f):
		return f.code
	default:
		return exitFailed
	}
}

// worst joins two statuses: the greater one says more.
func worst(a, b exitCode) exitCode { return max(a, b) }

// panicked tells of a mistake in the program, wherever it showed: the place
// and no data.
func panicked(p *problem.PanicError) error {
	return &failure{code: exitFailed, msg: msgPanic, args: []any{p.What, p.Site}}
}
