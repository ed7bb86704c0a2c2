package report

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"

	"golang.org/x/sync/errgroup"
)

// writer makes all outputs of one run.
type writer struct {
	run     *Run
	out     Output
	disk    disk
	workers int

	book           *book // nil without a workbook
	before, behind []*lineTable
	fees           *sheet
	settlements    *sheet
	credits        *sheet
	rejects        *sheet
	log, audit     *sheet
	waterfalls     *sheet
	workbook       *tempFile

	files map[string]*csvFile // by name; empty without CSV
	made  []string            // folders that were not there before, the upper ones first
	done  Written

	proof  *proof
	proved proved
	// spoil, in tests, does between the result and the files what must not
	// happen.
	spoil *spoiler
}

// A spoiler plants a fault: in the lines of a batch, in the rows of a sheet, in
// what is rendered beside groups, or in the lines of a CSV file that have been
// rendered.
type spoiler struct {
	fees        func([]*feeSum) []*feeSum
	settlements func([]*settled) []*settled
	credits     func([]*credited) []*credited
	rejects     func([]*Reject) []*Reject
	lines       func([]line)
	sheet       func([]*line) []*line
	csv         func(name string, rows []byte) []byte
}

func newWriter(run *Run, out Output) (*writer, error) {
	return newWriterOn(realDisk{}, run, out)
}

func newWriterOn(d disk, run *Run, out Output) (*writer, error) {
	w := &writer{run: run, out: out, disk: d, workers: run.Workers, files: map[string]*csvFile{}}
	if w.workers <= 0 {
		w.workers = runtime.GOMAXPROCS(0)
	}
	if err := w.open(); err != nil {
		w.discard()
		return nil, err
	}
	return w, nil
}

func (w *writer) open() error {
	defer func() { w.proof = newProof(len(w.lineTables()) + numOtherSheets) }()
	if err := w.makeFolder(); err != nil {
		return err
	}
	if w.out.Workbook != "" {
		if err := w.openWorkbook(); err != nil {
			return err
		}
	}
	if w.out.CSV != "" {
		return w.openCSV()
	}
	return nil
}

func (w *writer) openWorkbook() (err error) {
	w.run.names = w.run.shortNames()
	if w.book, err = newBook(w.run, w.workers); err != nil {
		return err
	}
	if w.workbook, err = newTemp(w.disk, w.out.Workbook); err != nil {
		return err
	}
	l := w.run.Lang
	w.before, w.behind = lineTables(l, w.run.All)
	for i, t := range w.lineTables() {
		t.proof = newLineProof(i, t)
	}
	add := func(spec sheetSpec, headings []heading) *sheet {
		s := newSheet(spec, headings)
		w.book.sheets = append(w.book.sheets, s)
		return s
	}
	for _, t := range w.before {
		if t.spec.name == feeSheet.in(l) {
			w.fees = add(sheetName("手续费汇总", "Fees", l, yellow), headingsOf(feeColumns, l))
		}
		t.sheet = add(t.spec, headingsOf(t.columns, l))
		t.sheet.proof = t.proof
	}
	w.settlements = add(sheetName("结算批次", "Settlements", l, blue), headingsOf(settlementColumns, l))
	w.waterfalls = add(sheetName("结算勾稽", "Waterfall", l, blue), headingsOf(waterfallColumns, l))
	w.credits = add(sheetName("银行入账", "Bank credits", l, blue), headingsOf(creditColumns, l))
	for _, t := range w.behind {
		t.sheet = add(t.spec, headingsOf(t.columns, l))
		t.sheet.proof = t.proof
	}
	w.rejects = add(sheetName("拒绝的行", "Rejected rows", l, red), headingsOf(rejectColumns, l))
	n := len(w.lineTables())
	w.fees.proof = newSheetProof(n, feeColumns, feeHeads...)
	w.settlements.proof = newSheetProof(n+1, settlementColumns, settlementHeads...)
	w.credits.proof = newSheetProof(n+2, creditColumns, creditHeads...)
	w.rejects.proof = newSheetProof(n+3, rejectColumns, rejectHeads...)
	w.log = add(sheetName("运行记录", "Run log", l, grey), headingsOf(logColumns, l))
	w.audit = add(sheetName("审计", "Audit", l, grey), headingsOf(auditColumns, l))
	return nil
}

// write does all of it and leaves no temporary file.
func (w *writer) write(ctx context.Context) (Written, error) {
	defer w.discard()
	if err := w.render(ctx); err != nil {
		return Written{}, w.explain(err)
	}
	if err := w.complete(ctx); err != nil {
		return Written{}, w.explain(err)
	}
	return w.commit()
}

// makeFolder makes the folder of the CSV files, and with it those above.
func (w *writer) makeFolder() error {
	if w.out.CSV == "" {
		return nil
	}
	for dir := filepath.Clean(w.out.CSV); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			break
		}
		w.made = slices.Insert(w.made, 0, dir)
	}
	return asWriteError(os.MkdirAll(w.out.CSV, 0o777), w.out.CSV, 0, NotWritable)
}

// openCSV begins the CSV files. There is no settlement or credit file where
// the run had nothing to settle or no bank side.
func (w *writer) openCSV() error {
	for _, name := range w.csvNames() {
		t, err := newTemp(w.disk, filepath.Join(w.out.CSV, name))
		if err != nil {
			return err
		}
		f := &csvFile{temp: t}
		w.files[name] = f
		f.rows.ledger = w.run.Ledger != nil
		if err := f.begin(name, f.rows.ledger); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) csvNames() []string {
	names := []string{transactionsCSV, rejectsCSV}
	if len(w.run.Result.Settlements) > 0 {
		names = append(names, settlementsCSV)
	}
	if w.run.Bank != nil {
		names = append(names, creditsCSV)
	}
	if w.run.Ledger != nil {
		names = append(names, closedCSV)
	}
	return names
}

// batchGroups is how many groups are read again and rendered at a time. It is
// a variable so that tests cross it.
var batchGroups = 2048

// render renders every row of every sheet and CSV file.
func (w *writer) render(ctx context.Context) error {
	if w.run.Progress != nil {
		w.run.Progress.Groups.Store(int64(len(w.run.Result.Groups)))
	}
	if err := w.renderGroups(ctx); err != nil {
		return err
	}
	if err := w.renderFees(); err != nil {
		return err
	}
	if err := w.renderSettlements(ctx); err != nil {
		return err
	}
	if err := w.renderCredits(ctx); err != nil {
		return err
	}
	if w.run.Ledger != nil {
		for i := range w.run.Ledger.Closings {
			w.proved.closing(&w.run.Ledger.Closings[i])
			w.proof.csv[closedCSV].add(w.proved.buf)
		}
		if err := lines(w, closedCSV, pointers(w.run.Ledger.Closings), (*csvRows).closed); err != nil {
			return err
		}
	}
	return w.renderRejects(ctx)
}

// turns lets goroutines pass one after the other in the order of their
// numbers.
type turns struct {
	mu     sync.Mutex
	change sync.Cond
	next   int
	closed bool
}

func newTurns() *turns {
	t := &turns{}
	t.change.L = &t.mu
	return t
}

// wait returns when it is number i's turn, or false when there will be none.
func (t *turns) wait(i int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.next != i && !t.closed {
		t.change.Wait()
	}
	return !t.closed
}

func (t *turns) pass() {
	t.mu.Lock()
	t.next++
	t.mu.Unlock()
	t.change.Broadcast()
}

func (t *turns) close() {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.change.Broadcast()
}

// renderGroups works on several batches at once. Only two short steps are done
// in the batches' order: giving out the row numbers, and appending what was
// rendered. Therefore the output does not depend on the number of workers.
func (w *writer) renderGroups(ctx context.Context) error {
	groups := w.run.Result.Groups
	batches := (len(groups) + batchGroups - 1) / batchGroups
	places, appends := newTurns(), newTurns()
	var next atomic.Int64
	g, ctx := errgroup.WithContext(ctx)
	for range min(w.workers, batches) {
		g.Go(problem.Guard(func() (err error) {
			defer func() {
				if err != nil {
					places.close()
					appends.close()
				}
			}()
			b := w.newBatch()
			for {
				i := int(next.Add(1)) - 1
				if i >= batches {
					return nil
				}
				part := groups[i*batchGroups : min((i+1)*batchGroups, len(groups))]
				if err := w.renderBatch(ctx, b, part, i, places, appends); err != nil {
					return err
				}
			}
		}))
	}
	return g.Wait()
}

// batch is what one worker needs to render groups.
type batch struct {
	cells *cells
	rows  [][]*line // by line table
	csv   csvRows
	// proof is what the batch adds to the writer's.
	proved       proved
	transactions rowsDigest
	shown        []provedRows // by line table
}

func (w *writer) newBatch() *batch {
	b := &batch{}
	b.csv.ledger = w.run.Ledger != nil
	if w.book != nil {
		b.cells = newCells(w.book.styles.body)
		b.rows = make([][]*line, len(w.before)+len(w.behind))
		b.shown = make([]provedRows, len(b.rows))
	}
	return b
}

func (w *writer) lineTables() []*lineTable { return slices.Concat(w.before, w.behind) }

func (w *writer) renderBatch(ctx context.Context, b *batch, groups []result.Group, i int, places, appends *turns) error {
	lines, rows, err := w.run.lines(ctx, groups)
	if err != nil {
		return err
	}
	tables := w.lineTables()
	if err := b.prove(groups, lines, &rows, tables); err != nil {
		return err
	}
	if w.spoil != nil && w.spoil.lines != nil {
		w.spoil.lines(lines)
	}
	b.sort(tables, lines)
	if w.spoil != nil && w.spoil.sheet != nil {
		for k := range b.rows {
			b.rows[k] = w.spoil.sheet(b.rows[k])
		}
	}
	if !places.wait(i) {
		return context.Canceled
	}
	first := make([]int, len(tables))
	for k, t := range tables {
		var room int
		first[k], room = t.sheet.reserve(len(b.rows[k]))
		b.rows[k] = b.rows[k][:room]
	}
	places.pass()
	segments := make([][]segment, len(tables))
	for k, t := range tables {
		segments[k] = fill(b.cells, t.sheet, t.columns, (*line).currency, first[k], b.rows[k])
	}
	w.renderTransactions(b, lines)
	if !appends.wait(i) {
		return context.Canceled
	}
	defer appends.pass()
	err = w.appendBatch(b, tables, segments, first, len(groups))
	for k := range segments {
		b.cells.recycle(segments[k])
	}
	return err
}

// prove notes what the outputs must hold of a batch, before anything is made of
// its lines.
func (b *batch) prove(groups []result.Group, lines []line, rows *[4]loaded, tables []*lineTable) error {
	b.transactions = rowsDigest{}
	for k := range b.shown {
		b.shown[k].reset(tables[k].proof)
	}
	for i := range groups {
		if err := b.proved.group(&groups[i], rows); err != nil {
			return err
		}
		b.transactions.add(b.proved.buf)
		for k, t := range tables {
			if t.wants(&lines[i]) {
				b.shown[k].group(&lines[i])
			}
		}
	}
	return nil
}

// sort puts the lines to the tables that want them.
func (b *batch) sort(tables []*lineTable, lines []line) {
	for k := range tables {
		b.rows[k] = b.rows[k][:0]
	}
	for i := range lines {
		for k, t := range tables {
			if t.wants(&lines[i]) {
				b.rows[k] = append(b.rows[k], &lines[i])
			}
		}
	}
}

func (w *writer) renderTransactions(b *batch, lines []line) {
	b.csv.reset()
	if w.files[transactionsCSV] == nil {
		return
	}
	for i := range lines {
		b.csv.line(&lines[i])
	}
}

func (w *writer) appendBatch(b *batch, tables []*lineTable, segments [][]segment, first []int, groups int) error {
	for k, t := range tables {
		for i := range segments[k] {
			if err := t.sheet.append(&segments[k][i], w.book); err != nil {
				return err
			}
		}
	}
	w.proof.csv[transactionsCSV].merge(b.transactions)
	for k, t := range tables {
		w.proof.sheets[k].placed(&b.shown[k], first[k], t.sheet.most())
	}
	if f := w.files[transactionsCSV]; f != nil {
		if err := w.writeCSV(f, transactionsCSV, b.csv.buf); err != nil {
			return err
		}
	}
	if w.run.Progress != nil {
		w.run.Progress.Done.Add(int64(groups))
	}
	return nil
}

// table renders a further batch of rows of a sheet that is not over groups.
func table[T any](w *writer, s *sheet, columns []column[T], currency func(T) string, rows []T) error {
	if w.book == nil {
		return nil
	}
	first, room := s.reserve(len(rows))
	segments := fill(newCells(w.book.styles.body), s, columns, currency, first, rows[:room])
	for i := range segments {
		if err := s.append(&segments[i], w.book); err != nil {
			return err
		}
	}
	return nil
}

// lines adds rows to a CSV file, if the run writes it.
func lines[T any](w *writer, name string, rows []T, render func(*csvRows, T)) error {
	f := w.files[name]
	if f == nil {
		return nil
	}
	f.rows.reset()
	for _, r := range rows {
		render(&f.rows, r)
	}
	return w.writeCSV(f, name, f.rows.buf)
}

func (w *writer) writeCSV(f *csvFile, name string, rows []byte) error {
	if w.spoil != nil && w.spoil.csv != nil {
		rows = w.spoil.csv(name, rows)
	}
	_, err := f.temp.Write(rows)
	return err
}

func pointers[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

func noCurrency[T any](T) string { return "" }

// numOtherSheets is how many sheets that are not over groups are proved.
const numOtherSheets = 4

// proves gives what the rows of a sheet must show to a function, and their place.
func (w *writer) proves(s *sheet, draw func(*provedRows)) {
	if w.book == nil {
		return
	}
	var rows provedRows
	rows.reset(s.proof)
	draw(&rows)
	w.proof.sheets[s.proof.sheet].placed(&rows, s.reserved, s.most())
}

func (w *writer) renderFees() error {
	list := w.run.feeSums()
	if w.book == nil || len(list) == 0 {
		return nil
	}
	w.proves(w.fees, func(p *provedRows) {
		for i := range w.run.Result.Fees {
			if f := &w.run.Result.Fees[i]; f.Checked > 0 {
				p.fee(f, w.run)
			}
		}
	})
	if w.spoil != nil && w.spoil.fees != nil {
		list = w.spoil.fees(list)
	}
	return table(w, w.fees, feeColumns, func(s *feeSum) string { return s.Currency }, list)
}

func (w *writer) renderSettlements(ctx context.Context) error {
	for chunk := range slices.Chunk(w.run.Result.Settlements, batchGroups) {
		list, err := w.run.settlements(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			w.proved.settlement(&chunk[i])
			w.proof.csv[settlementsCSV].add(w.proved.buf)
		}
		w.proves(w.settlements, func(p *provedRows) {
			for i := range chunk {
				p.settlement(&chunk[i], w.run)
			}
		})
		rows := pointers(list)
		if w.spoil != nil && w.spoil.settlements != nil {
			rows = w.spoil.settlements(rows)
		}
		if err := table(w, w.settlements, settlementColumns, func(s *settled) string { return s.Currency }, rows); err != nil {
			return err
		}
		falls := make([]waterfall, len(list))
		for i := range list {
			falls[i] = waterfall{&list[i], list[i].Settlement.Waterfall()}
		}
		if err := table(w, w.waterfalls, waterfallColumns, func(s *waterfall) string { return s.Currency }, pointers(falls)); err != nil {
			return err
		}
		if err := lines(w, settlementsCSV, rows, (*csvRows).settlement); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) renderCredits(ctx context.Context) error {
	for chunk := range slices.Chunk(w.run.Result.Credits, batchGroups) {
		list, err := w.run.credits(ctx, chunk)
		if err != nil {
			return err
		}
		for i := range chunk {
			w.proved.credit(&chunk[i], list[i].row, w.run.Result.Settlements)
			w.proof.csv[creditsCSV].add(w.proved.buf)
		}
		w.proves(w.credits, func(p *provedRows) {
			for i := range chunk {
				p.credit(&chunk[i], list[i].row, w.run)
			}
		})
		rows := pointers(list)
		if w.spoil != nil && w.spoil.credits != nil {
			rows = w.spoil.credits(rows)
		}
		if err := table(w, w.credits, creditColumns, func(c *credited) string { return c.Currency }, rows); err != nil {
			return err
		}
		if err := lines(w, creditsCSV, rows, (*csvRows).credit); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) renderRejects(ctx context.Context) error {
	var rows []*Reject
	flush := func() error {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.proves(w.rejects, func(p *provedRows) {
			for _, r := range rows {
				p.reject(r)
			}
		})
		if w.spoil != nil && w.spoil.rejects != nil {
			rows = w.spoil.rejects(rows)
		}
		if err := table(w, w.rejects, rejectColumns, noCurrency[*Reject], rows); err != nil {
			return err
		}
		err := lines(w, rejectsCSV, rows, (*csvRows).reject)
		rows = rows[:0]
		return err
	}
	for r := range w.run.rejects() {
		w.proved.reject(&r)
		w.proof.csv[rejectsCSV].add(w.proved.buf)
		if rows = append(rows, &r); len(rows) < batchGroups {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
	}
	return flush()
}

// complete puts the workbook together, brings everything to the disk and reads
// the workbook back.
func (w *writer) complete(ctx context.Context) error {
	for _, name := range w.csvNames() {
		if f := w.files[name]; f != nil {
			if err := f.temp.finish(); err != nil {
				return err
			}
			err := checkCSV(ctx, f.temp.name, name, w.run.Ledger != nil, w.proof.csv[name])
			if err != nil && ctx.Err() == nil {
				return &WriteError{Problem: NotVerified, Path: f.temp.final, Err: err}
			}
		}
	}
	if w.book == nil {
		return ctx.Err()
	}
	if err := w.writeLog(); err != nil {
		return err
	}
	if err := table(w, w.audit, auditColumns, noCurrency[*audited], pointers(w.run.audit())); err != nil {
		return err
	}
	w.book.nameParts()
	front := w.book.front()
	v, err := w.book.assemble(w.workbook, front)
	if err != nil {
		return err
	}
	for _, p := range w.book.parts() {
		w.done.Rows += int64(p.rows)
	}
	w.done.Bytes = w.workbook.size
	if err := w.workbook.finish(); err != nil {
		return err
	}
	return w.verify(ctx, v)
}

func (w *writer) verify(ctx context.Context, v *verifier) error {
	f, err := os.Open(w.workbook.name)
	if err != nil {
		return err
	}
	defer f.Close()
	v.proof = w.proof
	err = v.check(ctx, f, w.workbook.size, w.workers)
	if err != nil && ctx.Err() == nil {
		return &WriteError{Problem: NotVerified, Path: w.workbook.final, Err: err}
	}
	return err
}

// commit gives all files their names. CSV files of an earlier run that this run
// does not have go: they would be taken for its results.
func (w *writer) commit() (Written, error) {
	v := &delivery{disk: w.disk}
	for _, name := range w.csvNames() {
		if f := w.files[name]; f != nil {
			v.add(f.temp)
		}
	}
	if w.out.CSV != "" {
		for _, name := range []string{settlementsCSV, creditsCSV, closedCSV} {
			if w.files[name] == nil {
				v.remove(filepath.Join(w.out.CSV, name))
			}
		}
	}
	if w.workbook != nil {
		v.add(w.workbook)
		v.items[len(v.items)-1].keep = w.out.Aside
	}
	if err := v.run(); err != nil {
		return Written{}, err
	}
	for _, it := range v.items {
		switch {
		case it.temp == nil:
		case it.temp == w.workbook:
			w.done.Workbook, w.done.Kept, w.done.Aside = it.name, it.kept, it.keep
		default:
			w.done.CSV = append(w.done.CSV, it.name)
			if it.kept != KeptNone {
				w.done.Beside = append(w.done.Beside, Beside{it.final, it.name, it.kept})
			}
		}
	}
	w.made = nil
	return w.done, nil
}

// discard removes all temporary files that are left.
func (w *writer) discard() {
	if w.book != nil {
		w.book.close()
	}
	w.workbook.discard()
	for _, f := range w.files {
		f.temp.discard()
	}
	for _, dir := range slices.Backward(w.made) {
		_ = os.Remove(dir) // fails, as it should, unless it is empty
	}
}

// explain gives errors of the writing itself their path.
func (w *writer) explain(err error) error {
	var known *WriteError
	if errors.As(err, &known) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if isNoSpace(err) { // the spill file of the rows
		folder := w.run.TempDir
		if folder == "" {
			folder = os.TempDir()
		}
		return asWriteError(err, folder, 0, NoSpace)
	}
	return err
}
