package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/report"

	"golang.org/x/term"
)

// env is everything a command takes from the world around it.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	// stderrIsTerminal allows the progress line.
	stderrIsTerminal bool
	now              func() time.Time
	getenv           func(string) string
	// ownConsole says that the process has a console window of its own, which
	// closes with it: it was double-clicked or files were dropped on it.
	ownConsole func() bool
	// show opens a file or an address as a double-click does.
	show func(string) error
	// reached is called when a run comes to a stage; tests stop there.
	reached func(context.Context, stage)
	// delivers is told the outputs of a run before anything is made for them.
	delivers func(report.Output)
	// room is how much memory the process may still take; 0: nobody says.
	room int64
}

// stage names the points of a run between which an interruption or a crash may
// fall.
type stage string

const (
	stageChecked   stage = "checked"   // flags, configuration and outputs are good
	stageRead      stage = "read"      // inputs are recognised
	stageMatched   stage = "matched"   // results and proof are there
	stageWritten   stage = "written"   // all outputs carry their final names
	stageLocked    stage = "locked"    // the ledger is this run's
	stageCommitted stage = "committed" // the night is in the ledger
)

func systemEnv() *env {
	return &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		stderrIsTerminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
		now:              time.Now,
		getenv:           os.Getenv,
		ownConsole:       ownConsole,
		show:             openForUser,
		reached:          func(context.Context, stage) {},
		delivers:         func(report.Output) {},
	}
}

// stopWithin is how long a run may take to come to rest after a signal before
// the process is ended where it stands.
const stopWithin = 2500 * time.Millisecond

// interruptible gives a context that ends with SIGINT or SIGTERM. A second
// signal, or a run that does not come to rest within stopWithin, ends the
// process at once; its temporary folder goes first.
func interruptible(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(parent)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	signal.Ignore(syscall.SIGPIPE) // a reader that goes away must not end a run before it has cleared up
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
		case <-done:
			return
		}
		cancel()
		select {
		case <-signals:
		case <-time.After(stopWithin):
		case <-done:
			return
		}
		removeScratch()
		os.Exit(int(exitInterrupted))
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// guarded runs a command and turns whatever comes back, a panic included, into
// lines on stderr and an exit status.
func guarded(ctx context.Context, args []string, e *env) (code exitCode) {
	lang := languageOf(args)
	defer func() {
		if p := recover(); p != nil {
			code = tell(e, lang, panicked(problem.NewPanicError(p)))
		}
	}()
	debug.SetTraceback("none") // a panic in a worker must not print arguments
	return tell(e, lang, ranShort(ctx, execute(ctx, args, e, lang)))
}

// tell prints an error, if there is something to say, and gives its status.
func tell(e *env, lang language, err error) exitCode {
	code := codeOf(err)
	var o outcome
	var p *problem.PanicError
	switch {
	case err == nil || errors.As(err, &o):
	case errors.As(err, &p):
		warnError(e, lang, panicked(p))
	case code == exitInterrupted:
		warn(e, lang, msgInterrupted)
	default:
		warnError(e, lang, err)
	}
	return code
}
