package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/problem"
)

type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(p)
}

func (b *lockedBuffer) text() string {
	b.Lock()
	defer b.Unlock()
	return b.String()
}

// Progress is quiet for the first second, then names the phase that is at
// work, and leaves an empty line behind.
func TestProgressShowsThePhaseAndCleansUp(t *testing.T) {
	var read, readTotal, wrote, writeTotal atomic.Int64
	readTotal.Store(1 << 20)
	phases := []phase{
		{msgPhaseRead, true, read.Load, readTotal.Load},
		{msgPhaseWrite, false, wrote.Load, writeTotal.Load},
	}
	var out lockedBuffer
	stop := watch(context.Background(), &out, problem.EN, phases)
	read.Store(1 << 19)
	time.Sleep(quietFor / 2)
	if got := out.text(); got != "" {
		t.Errorf("shown within the quiet time: %q", got)
	}
	waitFor(t, &out, "reading")
	writeTotal.Store(10)
	wrote.Store(5)
	waitFor(t, &out, "writing")
	stop()
	got := out.text()
	if last := got[strings.LastIndex(got, "\r")+1:]; strings.TrimSpace(last) != "" {
		t.Errorf("the line is not left empty: %q", last)
	}
	watch(context.Background(), nil, problem.EN, phases)()
}

func waitFor(t *testing.T, b *lockedBuffer, word string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if strings.Contains(b.text(), word) {
			return
		}
	}
	t.Fatalf("%q never shown: %q", word, b.text())
}
