package match

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// A fact is what the join needs to know of a row, in 32 bytes: the fingerprint
// of its key, amount, time, class and where to read the rest.
type fact struct {
	lo    uint64 // key, low 64 bits
	hi    uint32 // key, high 32 bits; its top bits choose the partition
	time  uint32 // see factTime
	ap    uint64 // amount << 8 | position >> 32
	at    uint32 // position, low 32 bits
	class uint32 // index into run.classes
}

const factSize = int(unsafe.Sizeof(fact{}))

// set fills in a fact where it lies. (A fact made elsewhere and copied is read
// back before its parts have left the store buffer, which costs more than all
// the rest of filing it.)
func (f *fact) set(k keyValue, r *record.Row, class uint32) {
	f.lo, f.hi = k.lo, k.hi
	f.time, f.class = factTime(r), class
	f.ap = uint64(r.Amount)<<8 | uint64(r.Pos)>>32&0xff
	f.at = uint32(r.Pos)
}

func (f *fact) amount() money.Fen { return money.Fen(int64(f.ap) >> 8) }

func (f *fact) pos() record.Pos { return record.Pos(f.ap&0xff)<<32 | record.Pos(f.at) }

func (f *fact) sameKey(g *fact) bool {
	return f.lo == g.lo && f.hi == g.hi
}

// epoch2000 is 2000-01-01 00:00:00 as a parse.Time.
const epoch2000 = 946684800

// factTime is a row's trade time in seconds since 2000-01-01; 0 is unknown. A
// row that only says the day stands at its noon: nearer to any time of that
// day than to any of another.
func factTime(r *record.Row) uint32 {
	t := r.Time
	if t == 0 {
		return 0
	}
	if !r.HasClock {
		t = record.Time(t.Date())*86400 + 43200
	}
	return uint32(min(max(int64(t)-epoch2000, 1), 1<<32-1))
}

func (f *fact) when() record.Time {
	if f.time == 0 {
		return 0
	}
	return record.Time(f.time) + epoch2000
}

// Sizes of the fact store. Tests make them tiny so that every boundary is crossed.
const (
	defaultPartBits   = 8   // 256 partitions: 10M rows a side make partitions that stay in L2
	defaultChunkFacts = 256 // 8 KiB, the unit of allocation and of spilling
	firstChunk        = 8   // records, of a partition's first chunk
	// maxDepth limits the recursion of partitions that are too large.
	maxDepth = 3
)

// spill is the memory budget of a run's facts, and the temporary file that
// takes what does not fit. Chunks are appended by any worker and read back at
// their offsets.
type spill struct {
	budget   int64
	resident atomic.Int64
	open     func() (*os.File, error)
	mu       sync.Mutex
	file     *os.File
	slabs    slabs
	// free are chunks of full size that were let go of.
	free [][]byte
	end  atomic.Int64
}

// chunk gives n bytes for records, used ones if there are any.
func (s *spill) chunk(n int) []byte {
	s.resident.Add(int64(n))
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 && len(s.free[last]) == n {
		c := s.free[last]
		s.free = s.free[:last]
		return c
	}
	return s.slabs.take(n)
}

// release lets go of a chunk; one of full size may serve again.
func (s *spill) release(c []byte, full int) {
	s.resident.Add(-int64(len(c)))
	if len(c) == full {
		s.mu.Lock()
		s.free = append(s.free, c)
		s.mu.Unlock()
	}
}

// over says that another chunk should go to the file.
func (s *spill) over() bool { return s.open != nil && s.resident.Load() > s.budget }

func (s *spill) handle() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		f, err := s.open()
		if err != nil {
			return nil, fmt.Errorf("temporary file for the match: %w", err)
		}
		s.file = f
	}
	return s.file, nil
}

// write appends records to the file and says where they begin.
func (s *spill) write(b []byte) (off int64, err error) {
	f, err := s.handle()
	if err != nil {
		return 0, err
	}
	off = s.end.Add(int64(len(b))) - int64(len(b))
	if _, err := f.WriteAt(b, off); err != nil {
		return 0, fmt.Errorf("temporary file for the match: %w", err)
	}
	return off, nil
}

// read fills b from the file.
func (s *spill) read(b []byte, off int64) error {
	if _, err := s.file.ReadAt(b, off); err != nil {
		return fmt.Errorf("temporary file for the match: %w", err)
	}
	return nil
}

// drop gives all memory back, once nothing is left in the stores.
func (s *spill) drop() {
	s.free = nil
	s.slabs.free()
}

// close ends the memory and removes the file. Where it was already unlinked,
// Remove fails, which is as good.
func (s *spill) close() error {
	s.drop()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	os.Remove(s.file.Name())
	return err
}

// bytesOf is the memory of records, which hold no pointers. They only travel to
// a file of the same process and back.
func bytesOf[T any](rs []T) []byte {
	if len(rs) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&rs[0])), len(rs)*sizeOf[T]())
}

// recordsOf is the opposite of bytesOf.
func recordsOf[T any](b []byte) []T {
	return unsafe.Slice((*T)(unsafe.Pointer(&b[0])), len(b)/sizeOf[T]())
}

func sizeOf[T any]() int {
	var r T
	return int(unsafe.Sizeof(r))
}

type extent struct {
	off int64
	n   int
}

// stored is what a store holds: of fixed size and without pointers.
type stored interface{ fact | swipe }

// store holds records of both sides in radix partitions by key: those of the
// same key are always in the same partition.
type store[T stored] struct {
	sp    *spill
	depth uint
	bits  uint
	chunk int // records
	mu    sync.Mutex
	parts [2][]partition[T]
}

type partition[T stored] struct {
	mem  [][]T
	runs []extent
	n    int
}

// newStore makes a store of 1<<bits partitions whose chunks take as much
// memory as so many facts.
func newStore[T stored](sp *spill, bits uint, chunkFacts int, depth uint) *store[T] {
	s := &store[T]{sp: sp, bits: bits, chunk: chunkFacts * factSize / sizeOf[T](), depth: depth}
	for i := range s.parts {
		s.parts[i] = make([]partition[T], 1<<bits)
	}
	return s
}

// part is the partition of a key: depth d uses the d-th group of bits from the top.
func (s *store[T]) part(hi uint32) uint32 {
	return hi << (s.depth * s.bits) >> (32 - s.bits)
}

func (s *store[T]) rows(p int) int { return s.parts[0][p].n + s.parts[1][p].n }

func (s *store[T]) release(c []T) {
	s.sp.release(bytesOf(c[:cap(c)]), s.chunk*sizeOf[T]())
}

// writer puts one worker's records of one side into a store, without locks
// until it is closed.
type writer[T stored] struct {
	st    *store[T]
	sd    pair.Side
	parts []partition[T]
	cur   []openChunk[T] // of each partition
	err   error
}

// openChunk is a chunk that is being filled.
type openChunk[T stored] struct {
	recs []T // all of it
	n    int // how many are filled in
}

func (s *store[T]) writer(sd pair.Side) *writer[T] {
	n := len(s.parts[sd])
	return &writer[T]{st: s, sd: sd, parts: make([]partition[T], n), cur: make([]openChunk[T], n)}
}

// next is where the next record of a key goes; hi is its key's high part.
func (w *writer[T]) next(hi uint32) *T {
	p := w.st.part(hi)
	c := &w.cur[p]
	if c.n >= len(c.recs) {
		w.full(p, c)
	}
	r := &c.recs[c.n]
	c.n++
	return r
}

// full puts a full chunk away and opens an empty one.
func (w *writer[T]) full(p uint32, c *openChunk[T]) {
	switch size := len(c.recs); {
	case size > 0 && w.st.sp.over():
		w.spill(p, c.recs)
	default:
		if size > 0 {
			w.parts[p].mem = append(w.parts[p].mem, c.recs)
		}
		n := min(max(firstChunk, 4*size), w.st.chunk)
		c.recs = recordsOf[T](w.st.sp.chunk(n * sizeOf[T]()))
	}
	c.n = 0
}

func (w *writer[T]) spill(p uint32, rs []T) {
	off, err := w.st.sp.write(bytesOf(rs))
	if err != nil {
		w.err = err
	}
	w.parts[p].runs = append(w.parts[p].runs, extent{off, len(rs)})
}

// close hands the worker's partitions to the store.
func (w *writer[T]) close() error {
	for p, c := range w.cur {
		switch recs := c.recs[:c.n]; {
		case c.n == 0:
		case w.st.sp.over():
			w.spill(uint32(p), recs)
			w.st.release(recs)
		default:
			w.parts[p].mem = append(w.parts[p].mem, recs)
		}
	}
	w.st.mu.Lock()
	defer w.st.mu.Unlock()
	for p := range w.parts {
		to, from := &w.st.parts[w.sd][p], &w.parts[p]
		to.mem = append(to.mem, from.mem...)
		to.runs = append(to.runs, from.runs...)
		to.n += from.count()
	}
	w.cur, w.parts = nil, nil
	return w.err
}

func (p *partition[T]) count() (n int) {
	for _, c := range p.mem {
		n += len(c)
	}
	for _, e := range p.runs {
		n += e.n
	}
	return n
}

// load appends a partition's records to buf and lets go of its memory.
func (s *store[T]) load(sd pair.Side, p int, buf []T) ([]T, error) {
	pt := &s.parts[sd][p]
	if need := len(buf) + pt.n; cap(buf) < need {
		buf = append(make([]T, 0, need+need/4), buf...)
	}
	for _, c := range pt.mem {
		buf = append(buf, c...)
		s.release(c)
	}
	pt.mem = nil
	for _, e := range pt.runs {
		n := len(buf)
		buf = buf[:n+e.n]
		if err := s.sp.read(bytesOf(buf[n:]), e.off); err != nil {
			return buf, err
		}
	}
	pt.runs = nil
	return buf, nil
}

// each calls visit with a partition's records, a chunk at a time, and keeps them.
func (s *store[T]) each(sd pair.Side, p int, visit func([]T)) error {
	pt := &s.parts[sd][p]
	for _, c := range pt.mem {
		visit(c)
	}
	var buf []T
	for _, e := range pt.runs {
		buf = resize(buf, e.n)
		if err := s.sp.read(bytesOf(buf), e.off); err != nil {
			return err
		}
		visit(buf)
	}
	return nil
}

// drain is each, letting go of the memory.
func (s *store[T]) drain(sd pair.Side, p int, visit func([]T)) error {
	pt := &s.parts[sd][p]
	mem := pt.mem
	pt.mem = nil
	for _, c := range mem {
		visit(c)
		s.release(c)
	}
	err := s.each(sd, p, visit)
	pt.runs = nil
	return err
}
