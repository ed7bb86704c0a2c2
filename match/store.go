package match

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"duizhang/parse"
	"duizhang/parse/money"
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
func (f *fact) set(k keyValue, r *parse.Row, class uint32) {
	f.lo, f.hi = k.lo, k.hi
	f.time, f.class = factTime(r), class
	f.ap = uint64(r.Amount)<<8 | uint64(r.Pos)>>32&0xff
	f.at = uint32(r.Pos)
}

func (f *fact) amount() money.Fen { return money.Fen(int64(f.ap) >> 8) }
func (f *fact) pos() parse.Pos    { return parse.Pos(f.ap&0xff)<<32 | parse.Pos(f.at) }
func (f *fact) sameKey(g *fact) bool {
	return f.lo == g.lo && f.hi == g.hi
}

// epoch2000 is 2000-01-01 00:00:00 as a parse.Time.
const epoch2000 = 946684800

// factTime is a row's trade time in seconds since 2000-01-01; 0 is unknown. A
// row that only says the day stands at its noon: nearer to any time of that
// day than to any of another.
func factTime(r *parse.Row) uint32 {
	t := r.Time
	if t == 0 {
		return 0
	}
	if !r.HasClock {
		t = parse.Time(t.Date())*86400 + 43200
	}
	return uint32(min(max(int64(t)-epoch2000, 1), 1<<32-1))
}

func (f *fact) when() parse.Time {
	if f.time == 0 {
		return 0
	}
	return parse.Time(f.time) + epoch2000
}

// side is an index for the two sides of the transaction leg.
type side int

const (
	posSide side = iota
	clearingSide
)

func (s side) parse() parse.Side {
	if s == posSide {
		return parse.SidePos
	}
	return parse.SideClearing
}

// Sizes of the fact store. Tests make them tiny so that every boundary is crossed.
const (
	defaultPartBits   = 8   // 256 partitions: 10M rows a side make partitions that stay in L2
	defaultChunkFacts = 256 // 8 KiB, the unit of allocation and of spilling
	firstChunkFacts   = 8
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
	free [][]fact
	end  atomic.Int64
}

// chunk gives a chunk for n facts, a used one if there is any.
func (s *spill) chunk(n int) []fact {
	s.resident.Add(int64(n * factSize))
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 && cap(s.free[last]) == n {
		c := s.free[last]
		s.free = s.free[:last]
		return c[:n]
	}
	return factsOf(s.slabs.take(n * factSize))
}

// release lets go of a chunk; one of full size may serve again.
func (s *spill) release(c []fact, full int) {
	s.resident.Add(-int64(cap(c) * factSize))
	if cap(c) == full {
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

// write appends facts to the file.
func (s *spill) write(fs []fact) (extent, error) {
	f, err := s.handle()
	if err != nil {
		return extent{}, err
	}
	b := factBytes(fs)
	off := s.end.Add(int64(len(b))) - int64(len(b))
	if _, err := f.WriteAt(b, off); err != nil {
		return extent{}, fmt.Errorf("temporary file for the match: %w", err)
	}
	return extent{off, len(fs)}, nil
}

// read fills fs from the file.
func (s *spill) read(fs []fact, off int64) error {
	if _, err := s.file.ReadAt(factBytes(fs), off); err != nil {
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

// factBytes is the memory of facts. They only travel to a file of the same
// process and back.
func factBytes(fs []fact) []byte {
	if len(fs) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&fs[0])), len(fs)*factSize)
}

// factsOf is the opposite of factBytes.
func factsOf(b []byte) []fact {
	n := len(b) / factSize
	return unsafe.Slice((*fact)(unsafe.Pointer(&b[0])), n)
}

type extent struct {
	off int64
	n   int
}

// store holds the facts of one key, both sides, in radix partitions by key:
// rows with the same key are always in the same partition.
type store struct {
	sp    *spill
	depth uint
	bits  uint
	chunk int
	mu    sync.Mutex
	parts [2][]partition
}

type partition struct {
	mem  [][]fact
	runs []extent
	n    int
}

func newStore(sp *spill, bits uint, chunk int, depth uint) *store {
	s := &store{sp: sp, bits: bits, chunk: chunk, depth: depth}
	for i := range s.parts {
		s.parts[i] = make([]partition, 1<<bits)
	}
	return s
}

// part is the partition of a key: depth d uses the d-th group of bits from the top.
func (s *store) part(hi uint32) uint32 {
	return hi << (s.depth * s.bits) >> (32 - s.bits)
}

func (s *store) rows(p int) int { return s.parts[0][p].n + s.parts[1][p].n }

// writer puts one worker's facts of one side into a store, without locks until
// it is closed.
type writer struct {
	st    *store
	sd    side
	parts []partition
	cur   []openChunk // of each partition
	err   error
}

// openChunk is a chunk that is being filled.
type openChunk struct {
	facts []fact // all of it
	n     int    // how many are filled in
}

func (s *store) writer(sd side) *writer {
	return &writer{st: s, sd: sd, parts: make([]partition, len(s.parts[sd])), cur: make([]openChunk, len(s.parts[sd]))}
}

// next is where the next fact of a key goes; hi is its key's high part.
func (w *writer) next(hi uint32) *fact {
	p := w.st.part(hi)
	c := &w.cur[p]
	if c.n >= len(c.facts) {
		w.full(p, c)
	}
	f := &c.facts[c.n]
	c.n++
	return f
}

// full puts a full chunk away and opens an empty one.
func (w *writer) full(p uint32, c *openChunk) {
	switch size := len(c.facts); {
	case size > 0 && w.st.sp.over():
		w.spill(p, c.facts)
	default:
		if size > 0 {
			w.parts[p].mem = append(w.parts[p].mem, c.facts)
		}
		c.facts = w.st.sp.chunk(min(max(firstChunkFacts, 4*size), w.st.chunk))
	}
	c.n = 0
}

func (w *writer) spill(p uint32, c []fact) {
	e, err := w.st.sp.write(c)
	if err != nil {
		w.err = err
	}
	w.parts[p].runs = append(w.parts[p].runs, e)
}

// close hands the worker's partitions to the store.
func (w *writer) close() error {
	for p, c := range w.cur {
		switch facts := c.facts[:c.n]; {
		case c.n == 0:
		case w.st.sp.over():
			w.spill(uint32(p), facts)
			w.st.sp.release(facts, w.st.chunk)
		default:
			w.parts[p].mem = append(w.parts[p].mem, facts)
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

func (p *partition) count() (n int) {
	for _, c := range p.mem {
		n += len(c)
	}
	for _, e := range p.runs {
		n += e.n
	}
	return n
}

// load appends a partition's facts to buf and lets go of its memory.
func (s *store) load(sd side, p int, buf []fact) ([]fact, error) {
	pt := &s.parts[sd][p]
	for _, c := range pt.mem {
		buf = append(buf, c...)
		s.sp.release(c, s.chunk)
	}
	pt.mem = nil
	for _, e := range pt.runs {
		n := len(buf)
		buf = append(buf, make([]fact, e.n)...)
		if err := s.sp.read(buf[n:], e.off); err != nil {
			return buf, err
		}
	}
	pt.runs = nil
	return buf, nil
}

// each calls visit with a partition's facts, a chunk at a time, and keeps them.
func (s *store) each(sd side, p int, visit func([]fact)) error {
	pt := &s.parts[sd][p]
	for _, c := range pt.mem {
		visit(c)
	}
	var buf []fact
	for _, e := range pt.runs {
		buf = resize(buf, e.n)
		if err := s.sp.read(buf, e.off); err != nil {
			return err
		}
		visit(buf)
	}
	return nil
}

// drain is each, letting go of the memory.
func (s *store) drain(sd side, p int, visit func([]fact)) error {
	pt := &s.parts[sd][p]
	mem := pt.mem
	pt.mem = nil
	for i, c := range mem {
		visit(c)
		mem[i] = nil
		s.sp.release(c, s.chunk)
	}
	err := s.each(sd, p, visit)
	pt.runs = nil
	return err
}
