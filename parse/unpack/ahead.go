package unpack

import (
	"io"

	"github.com/duizhang/duizhang/parse/problem"
)

// aheadFrom is the size from which a part is unpacked on a goroutine of its own.
const aheadFrom = 256 << 10

const (
	aheadBlock  = 128 << 10
	aheadBlocks = 4
)

// aheadReader reads a stream in blocks ahead of its consumer, so that
// unpacking and scanning share two cores.
type aheadReader struct {
	full chan aheadPart
	free chan []byte
	quit chan struct{}
	done chan struct{}
	cur  aheadPart
	left []byte
}

type aheadPart struct {
	data []byte
	err  error // after data
}

func newAheadReader(r io.Reader) *aheadReader {
	a := &aheadReader{
		full: make(chan aheadPart, aheadBlocks),
		free: make(chan []byte, aheadBlocks),
		quit: make(chan struct{}),
		done: make(chan struct{}),
	}
	for range aheadBlocks {
		a.free <- make([]byte, aheadBlock)
	}
	go a.run(r)
	return a
}

// run reads until the stream ends or the consumer stops.
func (a *aheadReader) run(r io.Reader) {
	defer close(a.done)
	for {
		var b []byte
		select {
		case b = <-a.free:
		case <-a.quit:
			return
		}
		n := 0
		err := problem.Guard(func() (err error) {
			n, err = readBlock(r, b)
			return err
		})()
		a.full <- aheadPart{b[:n], err}
		if err != nil {
			return
		}
	}
}

// readBlock fills b as far as the stream goes and returns the stream's own
// error: io.ReadFull would make a cut and the end look the same.
func readBlock(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

func (a *aheadReader) Read(p []byte) (int, error) {
	for len(a.left) == 0 {
		if a.cur.err != nil {
			return 0, a.cur.err
		}
		if a.cur.data != nil {
			a.free <- a.cur.data[:aheadBlock]
		}
		a.cur = <-a.full
		a.left = a.cur.data
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

// stop ends the goroutine and waits for it.
func (a *aheadReader) stop() {
	close(a.quit)
	<-a.done
}
