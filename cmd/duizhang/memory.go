package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A shortageError ends a run that needs more memory than the system gives it.
type shortageError struct {
	allowed int64 // bytes; 0: the system did not say
}

func (e *shortageError) Error() string { return "out of memory" }

// failure is what to tell: how much there is, and what to do about it.
func (e *shortageError) failure() error {
	if e.allowed <= 0 {
		return failed(nil, msgMemoryGone)
	}
	return failed(nil, msgMemoryShort, sizeText(e.allowed&^(1<<20-1)))
}

// ranShort says that a command was stopped because memory ran out.
func ranShort(ctx context.Context, err error) error {
	var short *shortageError
	if codeOf(err) == exitInterrupted && errors.As(context.Cause(ctx), &short) {
		return short.failure()
	}
	return err
}

const (
	// watchEvery is how often the memory is looked at.
	watchEvery = 5 * time.Millisecond
	// arena is the unit in which the runtime asks for addresses.
	arena = 64 << 20
)

// A memoryBudget is what a process may use where something limits it.
type memoryBudget struct {
	allowed int64 // the limit itself, for people
	room    int64 // what was left of it when the process began; 0: no limit
}

// watchMemory keeps a run within its room: the collector works harder as the
// room fills, and where what is held fills it all the same, the context ends
// with a shortageError while there is still enough to clear up in. The runtime
// itself would die, with the status of a mistaken command line.
func watchMemory(parent context.Context, b memoryBudget) (context.Context, func()) {
	if b.room <= 0 {
		return parent, func() {}
	}
	ctx, cancel := context.WithCancelCause(parent)
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	inUse := func() int64 {
		metrics.Read(held)
		return int64(held[0].Value.Uint64() - held[1].Value.Uint64())
	}
	spare := min(b.room/4, 2*arena) // for the last arena and the stacks
	soft := inUse() + b.room - spare
	debug.SetMemoryLimit(soft)
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for inUse() < soft+spare/4 {
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
		cancel(&shortageError{b.allowed})
		select {
		case <-time.After(stopWithin):
			removeScratch()
			os.Exit(int(exitFailed)) // the one who watches the process tells
		case <-done:
		}
	}()
	return ctx, func() { close(done); cancel(nil) }
}

// memoryFor is how much a run may hold before it takes to temporary files: what
// was asked for, but no more than half of what the system gives.
func (e *env) memoryFor(asked int64) int64 {
	if e.room <= 0 {
		return asked
	}
	return max(min(asked, e.room/2), minMemory)
}
