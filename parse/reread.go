package parse

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Rows that stand closer together than spanGap are read in one piece, up to
// about spanBytes: reading what lies between costs less than asking again.
const (
	spanGap   = 16 << 10
	spanBytes = 256 << 10
)

// A span is a run of positions of one document that is read in one piece.
type span struct {
	doc    int
	lo, hi int // of the positions
}

// spans groups ascending positions.
func (s *Set) spans(pos []Pos) ([]span, error) {
	var all []span
	for i := 0; i < len(pos); {
		d := s.docAt(pos[i])
		if d < 0 {
			return nil, fmt.Errorf("parse: no document has position %d", pos[i])
		}
		end := s.docs[d].base + Pos(s.docs[d].src.Size())
		j := i + 1
		for j < len(pos) && pos[j] < end && pos[j]-pos[j-1] < spanGap && pos[j]-pos[i] < spanBytes {
			j++
		}
		all = append(all, span{d, i, j})
		i = j
	}
	return all, nil
}

// docAt is the document that holds a position, or -1.
func (s *Set) docAt(p Pos) int {
	i := sort.Search(len(s.docs), func(i int) bool { return s.docs[i].base > p }) - 1
	if i < 0 || p >= s.docs[i].base+Pos(s.docs[i].src.Size()) {
		return -1
	}
	return i
}

// allFields is every text field.
const allFields FieldSet = 1<<NumText - 1

// Reread visits the rows at the given positions, which are ascending, distinct
// and those of accepted rows; i is the index into pos. All text fields are
// filled in.
func (s *Set) Reread(ctx context.Context, workers int, pos []Pos, newVisitor func(worker int) func(i int, r *Row)) error {
	return s.reread(ctx, workers, pos, func(w int) func(int, *Row, int64) {
		visit := newVisitor(w)
		return func(i int, r *Row, _ int64) { visit(i, r) }
	}, false)
}

// reread is Reread with each row's physical line, if lines is set.
func (s *Set) reread(ctx context.Context, workers int, pos []Pos, newVisitor func(int) func(int, *Row, int64), lines bool) error {
	if !slices.IsSorted(pos) {
		return fmt.Errorf("parse: positions are not ascending")
	}
	spans, err := s.spans(pos)
	if err != nil {
		return err
	}
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	workers = max(1, min(workers, len(spans)))
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		r := rereader{set: s, pos: pos, lines: lines, visit: newVisitor(w), split: splitter{slack: s.opt.slack}, last: -1}
		g.Go(Guard(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(spans) {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := r.span(spans[i]); err != nil {
					return err
				}
			}
		}))
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, sp := range spans { // what was read is what was scanned
		if i > 0 && spans[i-1].doc == sp.doc {
			continue
		}
		if err := s.docs[sp.doc].unchanged(); err != nil {
			return err
		}
	}
	return nil
}

// A rereader is one worker of reread.
type rereader struct {
	set   *Set
	pos   []Pos
	lines bool
	visit func(i int, r *Row, line int64)

	last  int // document the splitter is set up for
	bind  *binder
	split splitter
	raw   rawRow
	row   Row
}

// span reads the rows of one span.
func (r *rereader) span(sp span) error {
	d := r.set.docs[sp.doc]
	s := &r.split
	if r.last != sp.doc {
		r.last = sp.doc
		r.bind = d.plan.newBinder()
		s.use(d.src, d.plan.dataEnd, d.d)
	}
	first := int64(r.pos[sp.lo] - d.base)
	from, line := first, int64(0)
	x := d.known()
	if r.lines {
		from, line = x.before(first)
	}
	if err := s.load(from, int(int64(r.pos[sp.hi-1]-d.base)+1-from)); err != nil {
		return d.readError(err)
	}
	counted := from
	for i := sp.lo; i < sp.hi; i++ {
		off := int64(r.pos[i] - d.base)
		if r.lines {
			line += x.count(s.buf[counted-from : off-from])
			counted = off
		}
		if err := r.record(d, i, off, line); err != nil {
			return err
		}
	}
	return nil
}

// record cuts and binds the record at off.
func (r *rereader) record(d *document, i int, off, line int64) error {
	s := &r.split
	s.seek(off)
	if _, err := s.resolve(off, off+1); err != nil {
		return d.readError(err)
	}
	bad := faultNone
	if !s.glance(&r.raw) {
		bad, _, _ = s.cut(&r.raw)
	}
	what, p := reject, (*Problem)(nil)
	if bad == faultNone {
		what, p = r.bind.bind(&r.raw, &r.row, allFields)
	}
	if what != accept {
		// It was accepted before: somebody has written to the file meanwhile.
		if err := d.unchanged(); err != nil {
			return err
		}
		return fmt.Errorf("parse: %s: no accepted row at offset %d (%v)", d.file.Name, off, p)
	}
	if d.joint != nil {
		d.joint.apply(off, &r.row)
	}
	r.row.Pos, r.row.Doc = d.base+Pos(off), r.last
	r.visit(i, &r.row, line)
	return nil
}

// Records reads rows again and keeps them, in the order of pos, which may be
// any and may name a row more than once.
func (s *Set) Records(ctx context.Context, workers int, pos []Pos) ([]Record, error) {
	sorted := slices.Clone(pos)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if err := s.needLines(ctx, workers, sorted); err != nil {
		return nil, err
	}
	recs := make([]Record, len(sorted))
	err := s.reread(ctx, workers, sorted, func(int) func(int, *Row, int64) {
		return func(i int, r *Row, line int64) { s.keep(&recs[i], r, line) }
	}, true)
	if err != nil {
		return nil, err
	}
	if slices.Equal(sorted, pos) {
		return recs, nil
	}
	out := make([]Record, len(pos))
	for i, p := range pos {
		j, _ := slices.BinarySearch(sorted, p)
		out[i] = recs[j]
	}
	return out, nil
}

// needLines scans the documents whose lines are not known yet.
func (s *Set) needLines(ctx context.Context, workers int, pos []Pos) error {
	for i := 0; i < len(pos); {
		k := s.docAt(pos[i])
		if k < 0 {
			return fmt.Errorf("parse: no document has position %d", pos[i])
		}
		d := s.docs[k]
		if d.known() == nil {
			if err := s.scanDocs(ctx, []*document{d}, workers, 0, nil); err != nil {
				return err
			}
		}
		end := d.base + Pos(d.src.Size())
		i += sort.Search(len(pos)-i, func(n int) bool { return pos[i+n] >= end })
	}
	return nil
}

// keep copies a row. Its texts share one string, which is one allocation.
func (s *Set) keep(rec *Record, r *Row, line int64) {
	*rec = Record{
		Pos: r.Pos, Doc: r.Doc, Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel,
		HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited, Unsettled: r.Unsettled,
		Time: r.Time, ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate,
		Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited,
	}
	at := Problem{File: s.docs[r.Doc].file.Name, Line: line}
	rec.Source = at.Source()
	var buf [512]byte
	all := buf[:0]
	for _, t := range r.Text {
		all = append(all, t...)
	}
	text := string(all)
	for i, t := range r.Text {
		rec.Text[i], text = text[:len(t)], text[len(t):]
	}
}

// Rejects are all rejected rows in reading order, known after the first Scan.
func (s *Set) Rejects() []Reject {
	var all []Reject
	for _, d := range s.docs {
		if !d.file.Used {
			continue
		}
		for i := range d.rejects {
			r := &d.rejects[i]
			all = append(all, Reject{Problem: r.p, Pos: d.base + Pos(r.off)})
		}
	}
	slices.SortFunc(all, func(a, b Reject) int { return cmp.Compare(a.Pos, b.Pos) })
	return all
}
