package match

import (
	"sync"
	"unsafe"
)

// Sizes of slabs in bytes. The first of a run is small, so that a handful of
// rows costs nothing; a large one is memory that the system may give in huge
// pages, which a scatter over hundreds of partitions needs: with small ones
// nearly every fact misses the processor's table of pages.
const (
	firstSlab = 64 << 10
	largeSlab = 16 << 20
)

// slabs is memory for facts, cut from large pieces that the collector neither
// looks at nor counts. It all ends at once, with the join.
type slabs struct {
	mu   sync.Mutex
	rest []byte // of the last piece
	all  [][]byte
}

// take cuts off n bytes, aligned for a fact. They are not cleared.
func (s *slabs) take(n int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n > len(s.rest) {
		s.grow(n)
	}
	b := s.rest[:n:n]
	s.rest = s.rest[n:]
	return b
}

// grow adds a piece. What is left of the last one is lost: at most one chunk.
func (s *slabs) grow(n int) {
	if len(s.all) > 0 || n > firstSlab {
		if b := mapSlab(max(largeSlab, n)); b != nil {
			s.all = append(s.all, b)
			s.rest = b
			return
		}
	}
	words := make([]uint64, max(firstSlab, n)/8)
	s.rest = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), len(words)*8)
	s.all = append(s.all, nil)
}

// free gives everything back. Nobody may hold any of it.
func (s *slabs) free() {
	for _, b := range s.all {
		if b != nil {
			unmapSlab(b)
		}
	}
	s.all, s.rest = nil, nil
}
