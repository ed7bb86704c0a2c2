package parse

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/sync/errgroup"
)

// chunkSize is how many bytes a worker takes at a time: small enough to stay in
// a core's own cache with its index, large enough that reading it costs little.
const chunkSize = 256 << 10

// A scanRun is one pass over the documents of a set. The chunks of all
// documents stand in one queue, document by document, from which the workers
// take the next; rows leave in no particular order.
type scanRun struct {
	docs     []*docScan
	total    int // chunks of all documents
	next     atomic.Int64
	need     record.FieldSet
	counting bool      // binders add up the documents' control totals
	slack    int       // see splitter
	count    *Progress // nil: nothing is counted
	// stopped ends every wait once a worker has failed.
	stopped atomic.Bool
}

// A docScan is the part of a run that concerns one document.
type docScan struct {
	doc   *document
	index int // of the document in its set
	first int // chunk of the run that is this document's first
	n     int // chunks

	// The chain hands the place where records begin from chunk to chunk.
	mu    sync.Mutex
	turn  sync.Cond
	ready int   // the chunk whose first record is known
	start int64 // where it begins

	hash    *hashLine        // nil: the digest is known
	asOf    record.Date      // see HasOddDates
	record  bool             // the results below are kept in the document
	binders []*layout.Binder // those that count what the document declares
	lines   []text.ChunkLines
	chains  []layout.PieceChains // by chunk, where balances are counted
	batches []layout.PieceBatches
	tally   tally
}

// newRun lines up the documents' chunks. Only one run at a time records a
// document's results; it is the first that goes through.
func newRun(docs []*document, need record.FieldSet, opt *Options, workers int) *scanRun {
	run := &scanRun{need: need, count: opt.Progress, slack: opt.slack}
	for i, d := range docs {
		if !d.file.Used {
			continue
		}
		ds := &docScan{doc: d, index: i, first: run.total, n: d.chunks(), start: d.plan.DataStart, asOf: opt.AsOf, record: d.claim()}
		ds.turn.L = &ds.mu
		if ds.record {
			ds.lines = make([]text.ChunkLines, ds.n)
			if d.live {
				ds.hash = newHashLine(2*workers + 2)
			}
		}
		run.total += ds.n
		run.docs = append(run.docs, ds)
	}
	return run
}

// scan runs the workers and keeps what the run has learned.
func (run *scanRun) scan(ctx context.Context, workers int, newVisitor func(worker int) func(*record.Row)) error {
	for _, ds := range run.docs {
		if err := ds.hashOutside(true); err != nil {
			run.giveUp()
			return ds.doc.readError(err)
		}
	}
	g, gctx := errgroup.WithContext(ctx)
	stop := context.AfterFunc(gctx, run.wake)
	defer stop()
	for w := range workers {
		visit := func(*record.Row) {}
		if newVisitor != nil {
			visit = newVisitor(w)
		}
		g.Go(problem.Guard(func() error {
			w := scanWorker{run: run, visit: visit, ctx: gctx, split: text.Splitter{Slack: run.slack}}
			return w.work()
		}))
	}
	err := g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		run.giveUp()
		return err
	}
	for _, ds := range run.docs {
		if e := ds.finish(); e != nil && err == nil {
			err = ds.doc.readError(e)
		}
	}
	return err
}

// wake ends all waiting; the workers then see that the context is done.
func (run *scanRun) wake() {
	run.stopped.Store(true)
	for _, ds := range run.docs {
		ds.mu.Lock()
		ds.turn.Broadcast()
		ds.mu.Unlock()
		ds.hash.wake()
	}
}

// giveUp lets a later run record what this one did not get through.
func (run *scanRun) giveUp() {
	for _, ds := range run.docs {
		if ds.record {
			ds.doc.unclaim()
		}
	}
}

// await returns where chunk k's first record begins, once that is known.
func (ds *docScan) await(run *scanRun, k int) (start int64, ok bool) {
	if x := ds.doc.known(); x != nil {
		return x.Chunks[k].Start, true
	}
	ds.mu.Lock()
	defer ds.mu.Unlock()
	for ds.ready != k {
		if run.stopped.Load() {
			return 0, false
		}
		ds.turn.Wait()
	}
	return ds.start, true
}

// pass tells the next chunk where its first record begins.
func (ds *docScan) pass(k int, next int64) {
	ds.mu.Lock()
	if ds.ready == k {
		ds.ready, ds.start = k+1, next
		ds.turn.Broadcast()
	}
	ds.mu.Unlock()
}

// A scanWorker takes chunks until there are none. Everything it touches per row
// is its own.
type scanWorker struct {
	run   *scanRun
	visit func(*record.Row)
	ctx   context.Context

	at    int // the run's document that the last chunk belonged to
	ds    *docScan
	bind  *layout.Binder
	split text.Splitter
	raw   text.Record
	row   record.Row
	tally tally
}

func (w *scanWorker) work() error {
	for {
		g := int(w.run.next.Add(1)) - 1
		if g >= w.run.total {
			return nil
		}
		if err := w.ctx.Err(); err != nil {
			return err
		}
		for w.at < len(w.run.docs) && g >= w.run.docs[w.at].first+w.run.docs[w.at].n {
			w.at++
		}
		if ds := w.run.docs[w.at]; ds != w.ds {
			w.ds = ds
			w.bind = ds.binder(w.run.counting)
			w.split.Use(ds.doc.src, ds.doc.plan.DataEnd, ds.doc.d)
		}
		if err := w.chunk(g - w.ds.first); err != nil {
			return err
		}
	}
}

// binder makes a worker's binder.
func (ds *docScan) binder(counting bool) *layout.Binder {
	b := ds.doc.plan.NewBinder()
	if counting {
		b.Counting = true
		b.Balance = ds.doc.plan.BalanceUse()
		ds.mu.Lock()
		ds.binders = append(ds.binders, b)
		ds.mu.Unlock()
	}
	return b
}

// chunk reads, indexes and cuts chunk k of the current document.
func (w *scanWorker) chunk(k int) error {
	ds, s := w.ds, &w.split
	from, to := ds.doc.chunk(k)
	if err := s.Load(from, int(to-from)); err != nil {
		return ds.doc.readError(err)
	}
	job := ds.hash.offer(k, s.Buf[:to-from])
	s.Index(int(to - from))
	start, ok := ds.await(w.run, k)
	if !ok {
		return context.Cause(w.ctx)
	}
	next, err := s.Resolve(start, to)
	if err != nil {
		return ds.doc.readError(err)
	}
	ds.pass(k, next)
	lines := w.rows(k, start)
	if ds.record {
		ds.lines[k] = lines
		if err := ds.add(&w.tally); err != nil {
			return err
		}
	}
	if w.run.count != nil && ds.record {
		w.run.count.BytesRead.Add(to - from)
		w.run.count.Rows.Add(w.tally.rows)
	}
	w.tally.reset()
	if keep := ds.hash.help(job, &w.run.stopped); keep {
		s.Buf = ds.hash.spare()
	}
	return nil
}

// rows binds the chunk's records and hands the accepted ones on.
func (w *scanWorker) rows(k int, start int64) text.ChunkLines {
	ds, s := w.ds, &w.split
	lines := text.ChunkLines{Start: start}
	mark := start + text.MarkEvery
	check := s.Doubtful(ds.doc.plan.Enc)
	need := w.run.need.With(record.Currency)
	for {
		bad, n, ok := text.FaultNone, int64(1), true
		if !s.Glance(&w.raw) {
			if bad, n, ok = s.Cut(&w.raw); !ok {
				return lines
			}
		}
		if w.raw.Off >= mark {
			lines.Marks = append(lines.Marks, text.LineMark{Off: uint32(w.raw.Off - start), Line: uint32(lines.Lines)})
			mark = w.raw.Off + text.MarkEvery
		}
		w.tally.rows++
		what, p := layout.Rejected, (*problem.Problem)(nil)
		if bad == text.FaultNone && check != 0 {
			bad = s.Check(check)
		}
		if bad == text.FaultNone {
			what, p = w.bind.Bind(&w.raw, &w.row, need)
			if check&text.CheckOdd != 0 && what != layout.Skipped {
				if f := ds.doc.formula(w.raw.Cut()); f != nil {
					what, p = layout.Rejected, f
				}
			}
		} else {
			p = ds.doc.faultProblem(bad, s.Record)
		}
		if what == layout.Accepted && ds.doc.joint != nil {
			what = ds.doc.joint.apply(w.raw.Off, &w.row)
		}
		if w.bind.Balance >= 0 {
			w.bind.ChainLine(&w.ds.chains[k], w.bind.Bound, &w.row, what, k, lines.Lines)
		}
		if w.ds.batches != nil {
			w.bind.BatchLine(&w.ds.batches[k], w.bind.Bound, what, k, lines.Lines)
		}
		switch what {
		case layout.Accepted:
			w.row.Pos = ds.doc.base + record.Pos(w.raw.Off)
			w.row.Doc = ds.index
			w.tally.accept(&w.row)
			w.tally.proved += int64(layout.Btoi(w.bind.Proved))
			if w.row.HasOddDates(ds.doc.file.Side, ds.asOf) {
				w.tally.odd.add(1, oddRow{w.raw.Off, k, lines.Lines})
			}
			w.visit(&w.row)
		case layout.Skipped:
			w.tally.skipped++
		case layout.Rejected:
			if bad == text.FaultNone && ds.doc.plan.IsOtherHeader(w.raw.Cells) {
				p = &problem.Problem{Code: layout.CodeOtherHeader, Value: w.bind.Show(s.Record)}
			}
			w.tally.reject(k, w.raw.Off, lines.Lines, p)
		}
		lines.Lines += n
	}
}
