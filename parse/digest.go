package parse

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"
	"sync/atomic"

	"github.com/duizhang/duizhang/parse/text"
)

// A hashLine digests the chunks of a file in their order while they are still
// in memory, whichever worker has read them and in whatever order they are
// done: no byte is read twice for it. A worker leaves its chunk in the line and,
// when it has finished with it, digests whatever is next in line if nobody else
// is doing so. All methods work on nil, where nothing is digested.
type hashLine struct {
	mu      sync.Mutex
	moved   sync.Cond
	sum     hash.Hash
	next    int  // the chunk to digest next
	busy    bool // somebody is digesting
	waiting map[int]*hashJob
	free    [][]byte
	most    int // how many chunks may wait
}

// A hashJob is a chunk in the line.
type hashJob struct {
	data []byte
	left bool // its worker has gone on with another buffer
	done bool
}

func newHashLine(most int) *hashLine {
	h := &hashLine{sum: sha256.New(), waiting: map[int]*hashJob{}, most: most}
	h.moved.L = &h.mu
	return h
}

// offer puts chunk k into the line.
func (h *hashLine) offer(k int, data []byte) *hashJob {
	if h == nil {
		return nil
	}
	j := &hashJob{data: data}
	h.mu.Lock()
	h.waiting[k] = j
	h.mu.Unlock()
	return j
}

// help digests what is next in line. left says that the worker's own chunk is
// still waiting: its buffer now belongs to the line. If too many are waiting it
// waits for them, until stopped.
func (h *hashLine) help(own *hashJob, stopped *atomic.Bool) (left bool) {
	if h == nil {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for !stopped.Load() {
		if !h.busy {
			h.digest()
		}
		if len(h.waiting) <= h.most {
			break
		}
		h.moved.Wait()
	}
	own.left = !own.done
	return own.left
}

// digest takes chunks while the next one is there. It holds the lock except
// while it works.
func (h *hashLine) digest() {
	h.busy = true
	for j := h.waiting[h.next]; j != nil; j = h.waiting[h.next] {
		h.mu.Unlock()
		h.sum.Write(j.data)
		h.mu.Lock()
		delete(h.waiting, h.next)
		h.next++
		j.done = true
		if j.left {
			h.free = append(h.free, j.data)
		}
		h.moved.Broadcast()
	}
	h.busy = false
}

// spare is a buffer that the line no longer needs, or nil.
func (h *hashLine) spare() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := len(h.free)
	if n == 0 {
		return nil
	}
	b := h.free[n-1]
	h.free = h.free[:n-1]
	return b
}

func (h *hashLine) wake() {
	if h == nil {
		return
	}
	h.mu.Lock()
	h.moved.Broadcast()
	h.mu.Unlock()
}

// hashOutside digests what no chunk holds: the bytes before the rows, or those
// behind them.
func (ds *docScan) hashOutside(before bool) error {
	if ds.hash == nil {
		return nil
	}
	raw, skip := ds.doc.file.raw, ds.doc.skip
	from, to := int64(0), skip+ds.doc.plan.DataStart
	if !before {
		from, to = skip+ds.doc.plan.DataEnd, raw.Size()
	}
	n, err := io.Copy(ds.hash.sum, io.NewSectionReader(raw, from, to-from))
	if err == nil && n != to-from {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func hexDigest(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// digestAll reads a whole source for its digest; "" if it cannot be read:
// whatever is wrong with it is said where its rows are read.
func digestAll(src text.Source) string {
	h := sha256.New()
	n, err := io.CopyBuffer(h, io.NewSectionReader(src, 0, src.Size()), make([]byte, 256<<10))
	if err != nil || n != src.Size() {
		return ""
	}
	return hexDigest(h)
}
