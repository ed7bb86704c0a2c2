package main

import (
	"context"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A phase is a part of a run that is worth watching. Both numbers are read
// from other goroutines' atomic counters; a total of 0 means not known yet.
type phase struct {
	name  message
	bytes bool
	// done and total count the same thing: bytes, or rows.
	done, total func() int64
}

// quietFor is how long a run goes on before it shows progress, and between
// looks at the counters: progress must cost nothing and not flicker by.
const (
	quietFor = time.Second
	lookEach = 200 * time.Millisecond
)

// watch shows the progress of phases, each from its first count on, until stop
// is called; stop leaves the line empty. It writes to a terminal only: w is nil
// otherwise, and watch does nothing.
func watch(ctx context.Context, w io.Writer, lang language, phases []phase) (stop func()) {
	if w == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	idle := make(chan struct{})
	go func() {
		defer close(idle)
		show(ctx, w, lang, phases)
	}()
	return func() {
		cancel()
		<-idle
	}
}

func show(ctx context.Context, w io.Writer, lang language, phases []phase) {
	ticker := time.NewTicker(lookEach)
	defer ticker.Stop()
	began := time.Now()
	var bar *progressbar.ProgressBar
	current := -1
	for {
		select {
		case <-ctx.Done():
			if bar != nil {
				_ = bar.Clear() // a terminal that went away is no reason to fail
			}
			return
		case <-ticker.C:
		}
		if time.Since(began) < quietFor {
			continue
		}
		if i := latest(phases); i != current && i >= 0 {
			if bar != nil {
				_ = bar.Clear()
			}
			bar, current = newBar(w, lang, phases[i]), i
		}
		if bar != nil {
			bar.ChangeMax64(max(phases[current].total(), phases[current].done(), 1))
			_ = bar.Set64(phases[current].done())
		}
	}
}

// latest is the last phase that has begun.
func latest(phases []phase) int {
	for i := len(phases) - 1; i >= 0; i-- {
		if phases[i].done() > 0 {
			return i
		}
	}
	return -1
}

func newBar(w io.Writer, lang language, p phase) *progressbar.ProgressBar {
	return progressbar.NewOptions64(max(p.total(), 1),
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription(say(lang, p.name)),
		progressbar.OptionShowBytes(p.bytes),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(lookEach/2),
		progressbar.OptionFullWidth(),
		progressbar.OptionClearOnFinish(),
		// The bar measures the text itself; CJK takes two cells a rune.
		progressbar.OptionSetRenderBlankState(true),
	)
}
