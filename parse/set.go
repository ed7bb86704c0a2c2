package parse

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"

	"golang.org/x/sync/errgroup"
)

// Options are what reading depends on besides the files.
type Options struct {
	Layouts *layout.Layouts // nil: the built-in ones
	// AsOf completes dates that have no year.
	AsOf record.Date
	// Overrides say for single files, or all of them, what else is detected.
	Encoding, Layout, Sheet Overrides
	Limits                  problem.Limits
	// TempDir is where unpacked documents go that are too large for memory; ""
	// is the system's folder.
	TempDir string
	// Memory is how many bytes of unpacked documents are held in memory; 0
	// leaves it to the program.
	Memory int64
	// Progress, if not nil, is counted up while files are read.
	Progress *Progress

	budget *text.Budget // of this run; Open makes it

	chunk int // see chunkSize; tests make it small
	slack int // see defaultSlack
}

// Progress counts what the first scan of every file has read. It may be looked
// at any time.
type Progress struct {
	BytesTotal, BytesRead, Rows atomic.Int64
}

// An Override names a value for a file (its path as given, or its base name),
// or for all files if File is empty.
type Override struct{ File, Value string }

// Overrides are looked through in order: the last that fits a file counts.
type Overrides []Override

// For is the value for a path; "" if there is none.
func (o Overrides) For(path string) string {
	for _, v := range slices.Backward(o) {
		if v.File == "" || v.File == path || v.File == filepath.Base(path) {
			return v.Value
		}
	}
	return ""
}

// A PathSide is one input and whose word it is; SideUnknown means that its
// content decides.
type PathSide struct {
	Path string
	Side record.Side
}

// An Input is all files of a run, ready to be scanned.
type Input struct {
	// Sets are the rows by Side; nil where no file of a side is used.
	Sets [4]*Set
	// Files are all documents found in the inputs, used or not, in an order
	// that depends only on their names and content.
	Files []*File

	docs  []*document
	close []io.Closer
}

// Close gives back files, memory and temporary files. Sets end with it.
func (in *Input) Close() error {
	var errs []error
	for _, c := range in.close {
		errs = append(errs, c.Close())
	}
	in.close = nil
	return errors.Join(errs...)
}

// Open finds the documents in the given inputs, recognises what they are, and
// leaves out what is there twice. A file that cannot be read or recognised is
// in Files with its problems; the error is for what stops the run: a done
// context, or a temporary folder that cannot be written to.
func Open(ctx context.Context, paths []PathSide, opt *Options) (*Input, error) {
	run := *opt
	opt = &run
	if opt.Layouts == nil {
		ls, err := layout.LoadLayouts("")
		if err != nil {
			return nil, err
		}
		opt.Layouts = ls
	}
	held := int64(text.DefaultHeld)
	if opt.Memory > 0 {
		held = opt.Memory / 8
	}
	opt.budget = text.NewBudget(held, text.TempFiles(opt.TempDir))
	found := make([]*opener, len(paths))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range paths {
		found[i] = newOpener(gctx, p, opt)
		g.Go(problem.Guard(found[i].open))
	}
	err := g.Wait()
	in := &Input{}
	defer func() { in.close = append(in.close, opt.budget) }() // after what lies in it
	for _, o := range found {
		in.close = append(in.close, o.close...)
		in.docs = append(in.docs, o.docs...)
		in.Files = append(in.Files, o.files...)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = in.arrange()
	}
	if err == nil {
		err = in.makeSets(ctx, opt)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// arrange puts the documents into their order and marks those that are there
// twice.
func (in *Input) arrange() error {
	var failed error
	slices.SortStableFunc(in.docs, func(a, b *document) int {
		c, err := compareDocuments(a, b)
		if err != nil {
			failed = err
		}
		return c
	})
	if failed != nil {
		return failed
	}
	if err := in.markCopies(); err != nil {
		return err
	}
	slices.SortStableFunc(in.Files, func(a, b *File) int {
		if c := strings.Compare(a.Name, b.Name); c != 0 {
			return c
		}
		return strings.Compare(a.SHA256, b.SHA256)
	})
	return nil
}

// makeSets gives every used document its place, and verifies what files say
// about themselves before anybody sees their rows.
func (in *Input) makeSets(ctx context.Context, opt *Options) error {
	for _, d := range in.docs {
		if !d.file.Used {
			if d.live { // no scan will come along
				d.file.SHA256 = digestAll(d.file.raw)
			}
			continue
		}
		s := in.Sets[d.file.Side]
		if s == nil {
			s = &Set{opt: opt, end: FirstPos}
			in.Sets[d.file.Side] = s
		}
		if s.end+record.Pos(d.src.Size()) >= maxPos {
			d.file.refuse(problem.Problem{Code: codeTooLarge})
			continue
		}
		d.base = s.end
		s.end += record.Pos(d.src.Size()) + 1
		s.docs = append(s.docs, d)
		if opt.Progress != nil {
			opt.Progress.BytesTotal.Add(d.plan.DataEnd - d.plan.DataStart)
		}
	}
	for i, s := range in.Sets {
		if s == nil {
			continue
		}
		if err := s.settleFees(ctx); err != nil {
			return err
		}
		if err := s.verify(ctx); err != nil {
			return err
		}
		if !s.Used() {
			in.Sets[i] = nil
		}
	}
	return nil
}

// FirstPos is the lowest position of a set's row. Those below are for rows that
// do not come from files: the open rows of earlier nights stand there, and so
// come before the new ones in reading order.
const FirstPos record.Pos = 1 << 32

// maxPos is where the address space of a set ends: positions take 40 bits.
const maxPos record.Pos = 1 << 40

// A Set is the rows of one side.
type Set struct {
	opt  *Options
	docs []*document // by base
	end  record.Pos
	// joined are the documents that joinFees has looked at.
	joined []*document
}

// Files are the set's documents; Row.Doc is the index.
func (s *Set) Files() []*File {
	files := make([]*File, len(s.docs))
	for i, d := range s.docs {
		files[i] = d.file
	}
	return files
}

// Used says that at least one document takes part. The last one may drop out in
// the middle of a scan; then the run has no such side any more.
func (s *Set) Used() bool {
	return slices.ContainsFunc(s.docs, func(d *document) bool { return d.file.Used })
}

// Counts are the rows of the files in use: read, and of those accepted, rejected
// and skipped. A file that was refused after its rows had been counted is not
// part of the side.
func (s *Set) Counts() (read, accepted, rejected, skipped int64) {
	for _, d := range s.docs {
		if f := d.file; f.Used {
			read, accepted, rejected, skipped = read+f.Rows, accepted+f.Accepted, rejected+f.Rejected, skipped+f.Skipped
		}
	}
	return read, accepted, rejected, skipped
}

// Carries says which text fields at least one document binds.
func (s *Set) Carries() record.FieldSet {
	var c record.FieldSet
	for _, d := range s.docs {
		if d.file.Used {
			c |= d.plan.Carries
		}
	}
	return c
}

// Scan visits every accepted row once, in no particular order; newVisitor makes
// one visitor for each worker. Only the text fields in need are sure to be
// filled in. It may be called again and then visits the same rows. The first
// call that gets through also fills in the files' counts and digests.
//
// An OutcastError says that a file turned out to be unusable halfway: what the
// visitors have got is worth nothing, and the next Scan goes without the file.
func (s *Set) Scan(ctx context.Context, workers int, need record.FieldSet, newVisitor func(worker int) func(*record.Row)) error {
	if err := s.joinFees(ctx); err != nil {
		return err
	}
	return s.scanDocs(ctx, s.docs, workers, need, newVisitor)
}

func (s *Set) scanDocs(ctx context.Context, docs []*document, workers int, need record.FieldSet, newVisitor func(worker int) func(*record.Row)) error {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	run := newRun(docs, need, s.opt, workers)
	return run.scan(ctx, workers, newVisitor)
}

// verify scans the documents that declare totals and refuses those whose rows
// do not add up to them.
func (s *Set) verify(ctx context.Context) error {
	for {
		var docs []*document
		for _, d := range s.docs {
			if d.file.Used && d.plan.Declares() && d.known() == nil {
				docs = append(docs, d)
			}
		}
		if len(docs) == 0 {
			return nil
		}
		workers := runtime.GOMAXPROCS(0)
		run := newRun(docs, record.FieldSet(0).With(record.Account), s.opt, workers)
		run.counting = true
		for _, ds := range run.docs {
			ds.chains = make([]layout.PieceChains, ds.n)
			if ds.doc.plan.HasBatches() {
				ds.batches = make([]layout.PieceBatches, ds.n)
			}
		}
		err := run.scan(ctx, workers, nil)
		var out *OutcastError
		switch {
		case errors.As(err, &out):
			continue // that file is refused now; the others start again
		case err != nil:
			return err
		}
		for _, ds := range run.docs {
			if err := s.inMoments(ctx, ds); err != nil {
				return err
			}
			ds.verify()
		}
	}
}

// inMoments counts a statement again whose lines do not follow one another as
// they stand, and keeps them, to be put in the order of their times.
func (s *Set) inMoments(ctx context.Context, ds *docScan) error {
	if !layout.InDoubt(ds.chains) {
		return nil
	}
	run := newRun([]*document{ds.doc}, record.FieldSet(0).With(record.Account), s.opt, runtime.GOMAXPROCS(0))
	run.counting = true
	for _, again := range run.docs {
		again.chains = make([]layout.PieceChains, again.n)
		for i := range again.chains {
			again.chains[i].Keep = true
		}
		ds.chains = again.chains
	}
	return run.scan(ctx, runtime.GOMAXPROCS(0), nil)
}

// verify holds a document against what it says of itself, once its rows are
// counted.
func (ds *docScan) verify() {
	d, f := ds.doc, ds.doc.file
	c, problem := d.plan.Verify(ds.binders)
	if f.Control = c; c != nil {
		f.setCheck(layout.Check{Kind: layout.CheckTotals, Lines: f.Accepted + f.Rejected, OK: c.OK})
	}
	lines := d.known()
	if ds.batches != nil {
		check, broken := d.plan.VerifyBatches(ds.batches, func(r layout.ChainRow) int64 { return lines.Chunks[r.Chunk].Base + r.Line })
		if check != nil {
			f.setCheck(*check)
		}
		if problem == nil {
			problem = broken
		}
	}
	if d.plan.BalanceUse() >= 0 {
		check, broken := d.plan.VerifyBalance(ds.chains, func(r layout.ChainRow) int64 { return lines.Chunks[r.Chunk].Base + r.Line })
		if check != nil {
			f.setCheck(*check)
		}
		if broken != nil { // it names the row
			problem = broken
		}
	}
	if problem != nil {
		f.refuse(*problem)
	}
}

// A Reject is a row that was not accepted, and why.
type Reject struct {
	problem.Problem
	Pos record.Pos
}

// openProblem tells a missing file from one that cannot be read.
func openProblem(name string, err error) problem.Problem {
	switch {
	case errors.Is(err, fs.ErrNotExist), strings.ContainsAny(name, "*?"): // a pattern that fits no file; Windows allows no such name
		return problem.Problem{Code: codeNotFound, File: name}
	case errors.Is(err, errNotRegular):
		return problem.Problem{Code: codeNotRegular, File: name}
	}
	return problem.Problem{Code: unpack.CodeUnreadable, File: name, Args: []string{err.Error()}}
}

func setDefault[T int | int64](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
