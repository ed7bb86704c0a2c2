package problem

import (
	"fmt"
	"path"
	"runtime"
	"strings"
)

// A PanicError is a mistake in the program that showed in a worker. It says
// where, and for a runtime error what, but never quotes a value: values may be
// a customer's.
type PanicError struct {
	What string // the runtime's words, or the type of the panic's value
	Site string // package/file.go:line
}

func (e *PanicError) Error() string { return e.What + " (" + e.Site + ")" }

// NewPanicError describes a recovered panic. It is to be called by the deferred
// function itself.
func NewPanicError(value any) *PanicError {
	what := fmt.Sprintf("%T", value)
	if re, ok := value.(runtime.Error); ok {
		what = re.Error()
	}
	return &PanicError{What: what, Site: panicSite()}
}

// Guard makes a panic of work an error, as a goroutine needs it: a panic there
// would end the process with the status of a usage error, in the middle of
// whatever the others are doing.
func Guard(work func() error) func() error {
	return func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = NewPanicError(p)
			}
		}()
		return work()
	}
}

// panicSite is the innermost frame of the panic outside the runtime.
func panicSite() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	raised := false
	for {
		f, more := frames.Next()
		switch {
		case f.Function == "runtime.gopanic":
			raised = true
		case raised && !strings.HasPrefix(f.Function, "runtime."):
			return fmt.Sprintf("%s/%s:%d", path.Base(path.Dir(f.File)), path.Base(f.File), f.Line)
		}
		if !more {
			return "?"
		}
	}
}
