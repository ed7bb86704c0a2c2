package parse

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"slices"
	"sort"
	"sync/atomic"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

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
func (s *Set) spans(pos []record.Pos) ([]span, error) {
	var all []span
	for i := 0; i < len(pos); {
		d := s.docAt(pos[i])
		if d < 0 {
			return nil, fmt.Errorf("parse: no document has position %d", pos[i])
		}
		end := s.docs[d].base + record.Pos(s.docs[d].src.Size())
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
func (s *Set) docAt(p record.Pos) int {
	i := sort.Search(len(s.docs), func(i int) bool { return s.docs[i].base > p }) - 1
	if i < 0 || p >= s.docs[i].base+record.Pos(s.docs[i].src.Size()) {
		return -1
	}
	return i
}

// Reread visits the rows at the given positions, which are ascending, distinct
// and those of accepted rows; i is the index into pos. All text fields are
// filled in.
func (s *Set) Reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(worker int) func(i int, r *record.Row)) error {
	return s.reread(ctx, workers, pos, func(w int) func(int, *record.Row, int64) {
		visit := newVisitor(w)
		return func(i int, r *record.Row, _ int64) { visit(i, r) }
	}, false)
}

// reread is Reread with each row's physical line, if lines is set.
func (s *Set) reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(int) func(int, *record.Row, int64), lines bool) error {
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
		r := rereader{set: s, pos: pos, lines: lines, visit: newVisitor(w), split: text.Splitter{Slack: s.opt.slack}, last: -1}
		g.Go(problem.Guard(func() error {
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
	pos   []record.Pos
	lines bool
	visit func(i int, r *record.Row, line int64)

	last  int // document the splitter is set up for
	bind  *layout.Binder
	split text.Splitter
	raw   text.Record
	row   record.Row
}

// span reads the rows of one span.
func (r *rereader) span(sp span) error {
	d := r.set.docs[sp.doc]
	s := &r.split
	if r.last != sp.doc {
		r.last = sp.doc
		r.bind = d.plan.NewBinder()
		s.Use(d.src, d.plan.DataEnd, d.d)
	}
	first := int64(r.pos[sp.lo] - d.base)
	from, line := first, int64(0)
	x := d.known()
	if r.lines {
		from, line = x.Before(first)
	}
	if err := s.Load(from, int(int64(r.pos[sp.hi-1]-d.base)+1-from)); err != nil {
		return d.readError(err)
	}
	counted := from
	for i := sp.lo; i < sp.hi; i++ {
		off := int64(r.pos[i] - d.base)
		if r.lines {
			line += x.Count(s.Buf[counted-from : off-from])
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
	s.SeekTo(off)
	if _, err := s.Resolve(off, off+1); err != nil {
		return d.readError(err)
	}
	bad := text.FaultNone
	if !s.Glance(&r.raw) {
		bad, _, _ = s.Cut(&r.raw)
	}
	what, p := layout.Rejected, (*problem.Problem)(nil)
	if bad == text.FaultNone {
		what, p = r.bind.Bind(&r.raw, &r.row, record.AllFields)
	}
	if what != layout.Accepted {
		// It was accepted before: somebody has written to the file meanwhile.
		if err := d.unchanged(); err != nil {
			return err
		}
		return fmt.Errorf("parse: %s: no accepted row at offset %d (%v)", d.file.Name, off, p)
	}
	if d.joint != nil {
		d.joint.apply(off, &r.row)
	}
	r.row.Pos, r.row.Doc = d.base+record.Pos(off), r.last
	r.visit(i, &r.row, line)
	return nil
}

// Records reads rows again and keeps them, in the order of pos, which may be
// any and may name a row more than once.
func (s *Set) Records(ctx context.Context, workers int, pos []record.Pos) ([]record.Record, error) {
	sorted := slices.Clone(pos)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	if err := s.needLines(ctx, workers, sorted); err != nil {
		return nil, err
	}
	recs := make([]record.Record, len(sorted))
	err := s.reread(ctx, workers, sorted, func(int) func(int, *record.Row, int64) {
		return func(i int, r *record.Row, line int64) { s.keep(&recs[i], r, line) }
	}, true)
	if err != nil {
		return nil, err
	}
	if slices.Equal(sorted, pos) {
		return recs, nil
	}
	out := make([]record.Record, len(pos))
	for i, p := range pos {
		j, _ := slices.BinarySearch(sorted, p)
		out[i] = recs[j]
	}
	return out, nil
}

// needLines scans the documents whose lines are not known yet.
func (s *Set) needLines(ctx context.Context, workers int, pos []record.Pos) error {
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
		end := d.base + record.Pos(d.src.Size())
		i += sort.Search(len(pos)-i, func(n int) bool { return pos[i+n] >= end })
	}
	return nil
}

// keep copies a row. Its texts share one string, which is one allocation.
func (s *Set) keep(rec *record.Record, r *record.Row, line int64) {
	*rec = record.Record{
		Pos: r.Pos, Doc: r.Doc, Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel,
		HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited, Unsettled: r.Unsettled,
		Time: r.Time, ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate, PromisedDate: r.PromisedDate,
		Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited,
	}
	at := problem.Problem{File: s.docs[r.Doc].file.Name, Line: line}
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
			all = append(all, Reject{Problem: r.p, Pos: d.base + record.Pos(r.off)})
		}
	}
	slices.SortFunc(all, func(a, b Reject) int { return cmp.Compare(a.Pos, b.Pos) })
	return all
}
