package parse

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"
)

// A File is one document as reports show it: a file, an entry of an archive or
// a sheet of a workbook.
type File struct {
	// Path is the input as it was given; the digest is that of its bytes.
	Path string
	// Name is how rows name it: the base name, archive.zip/entry, or
	// book.xlsx:sheet.
	Name   string
	Side   record.Side
	Layout string // name of the layout; "" if none was found
	// Acquirer is the layout's, where no column names one.
	Acquirer string
	Encoding string
	// SHA256 is known for every file after the first scan, in hexadecimal.
	SHA256 string
	// Bytes is the size of the document, unpacked.
	Bytes int64
	// Rows = Accepted + Rejected + Skipped: the physical records, with blank
	// lines, titles, the header and trailers counted as skipped.
	Rows, Accepted, Rejected, Skipped int64
	// Seen are rows that stood in an earlier file already: read, and neither
	// accepted nor rejected nor skipped. Gone counts the rows of an earlier file
	// that this one repeats and lacks.
	Seen, Gone int64
	// Sums are the accepted rows' signed totals, by currency.
	Sums []Sum
	// Problems say why the file is refused, or what else concerns it as a
	// whole. Rejected rows are in Set.Rejects.
	Problems []problem.Problem
	// Control is what the file says about itself, if it does.
	Control *layout.Control
	// Checks are what the file was held against itself by, in a fixed order.
	Checks []layout.Check
	// Identity is the equation of CheckIdentity, in the words of layouts.
	Identity string
	// DuplicateOf names the file with the same content that is used instead.
	DuplicateOf string
	// Used says that its rows take part.
	Used bool
	// Doubtful says that a column of money that nothing reads is what the rows
	// lack to add up.
	Doubtful bool
	// Empty says that it has no rows, and does not say itself that there are none.
	Empty bool
	// Ignored says that it is known to hold no transactions, or is a part of
	// an archive or workbook that does not look like data.
	Ignored bool
	// Columns says what each header cell is read as, and Choice why the layout
	// was taken.
	Columns []layout.ColumnUse
	Choice  layout.Choice

	raw text.Source // the input's own bytes
}

// Amount is the signed total in yuan, and in whatever else there is only if
// there is nothing in yuan.
func (f *File) Amount() Sum {
	for _, s := range f.Sums {
		if s.Currency == defaultCurrency {
			return s
		}
	}
	if len(f.Sums) > 0 {
		return f.Sums[0]
	}
	return Sum{Currency: defaultCurrency}
}

// Incomplete says that something of the file is missing from the run: it is
// refused, rows of it are rejected, or there is not one. A file that is there
// twice, or known to hold no transactions, is not missed.
func (f *File) Incomplete() bool {
	return f.Rejected > 0 || f.Used && (f.Empty || f.Doubtful) || !f.Used && !f.Ignored && f.DuplicateOf == ""
}

// refuse takes the file out of its set. Its rows may have been counted before
// it turned out to be bad: from now on they count for nothing.
func (f *File) refuse(p problem.Problem) {
	p.File, p.Column, p.Value = f.Name, problem.MaskCards(p.Column), problem.MaskCards(p.Value)
	f.Problems = append(f.Problems, p)
	f.Used = false
	f.Rows, f.Accepted, f.Rejected, f.Skipped, f.Sums = 0, 0, 0, 0, nil
}

// A document is an opened File whose rows can be read.
type document struct {
	file  *File
	src   text.Source // what the rows are cut from
	sheet bool        // src is the spool of a workbook's sheet
	skip  int64       // bytes of the input before src (a byte order mark)
	live  bool        // src is the input itself, so that the scan digests it
	plan  *layout.Plan
	d     text.Dialect
	size  int // of a chunk
	base  record.Pos
	print print // of its content, as far as it was asked for

	mu      sync.Mutex
	claimed bool
	index   *text.LineIndex // after the first scan
	joint   *joint          // see joinFees; nil: none
	rejects []rejectAt
}

// chunks is how many chunks the rows' bytes make.
func (d *document) chunks() int {
	return int((d.plan.DataEnd - d.plan.DataStart + int64(d.size) - 1) / int64(d.size))
}

// chunk is the range of chunk k.
func (d *document) chunk(k int) (from, to int64) {
	from = d.plan.DataStart + int64(k)*int64(d.size)
	return from, min(from+int64(d.size), d.plan.DataEnd)
}

// claim says whether the caller's run is the one that records results.
func (d *document) claim() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.claimed {
		return false
	}
	d.claimed = true
	return true
}

func (d *document) unclaim() {
	d.mu.Lock()
	d.claimed = false
	d.mu.Unlock()
}

// known is the index of the document's lines and chunks, once a scan has gone
// through.
func (d *document) known() *text.LineIndex {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.index
}

// add takes a chunk's counts.
func (ds *docScan) add(t *tally) error {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.tally.add(t)
	for i := range t.rejects {
		if p := &t.rejects[i].p; p.Code == layout.CodeOtherHeader || p.Code == layout.CodeUnknownZone {
			return ds.doc.outcast(*p)
		}
	}
	if len(ds.tally.rejects) > maxRejects {
		return ds.doc.outcast(problem.Problem{Code: codeTooManyRejects, Args: []string{fmt.Sprint(maxRejects)}})
	}
	if ds.tally.overflow {
		return ds.doc.outcast(problem.Problem{Code: codeSumRange})
	}
	return nil
}

// finish keeps what the first run through the document has found.
func (ds *docScan) finish() error {
	if !ds.record {
		return nil
	}
	d, f, t := ds.doc, ds.doc.file, &ds.tally
	if ds.hash != nil {
		if err := ds.hashOutside(false); err != nil {
			return err
		}
		f.SHA256 = hexDigest(ds.hash.sum)
	}
	x := &text.LineIndex{EOL: d.plan.EOL, First: d.plan.FirstLine, Chunks: ds.lines}
	x.Link()
	slices.SortFunc(t.rejects, func(a, b rejectAt) int { return int(a.off - b.off) })
	for i := range t.rejects {
		r := &t.rejects[i]
		r.p.File = f.Name
		r.p.Column, r.p.Value = problem.MaskCards(r.p.Column), problem.MaskCards(r.p.Value)
		r.p.Line = x.Chunks[r.chunk].Base + r.line
	}
	outside := d.plan.SkippedBefore + d.plan.SkippedAfter
	f.Rows, f.Accepted = t.rows+outside, t.accepted
	f.Rejected, f.Skipped = int64(len(t.rejects)), t.skipped+outside
	f.Sums = t.sums
	for i := range f.Sums {
		if f.Sums[i].Currency == "" {
			f.Sums[i].Currency = defaultCurrency
		}
	}
	f.Sums = mergeSums(f.Sums)
	f.checkIdentity(d.plan, t)
	if p := d.plan.Doubt(); p != nil && !f.Doubtful {
		f.Doubtful = true
		p.File = f.Name
		f.Problems = append(f.Problems, *p)
	}
	if p := t.odd.problem(x, ds.asOf); p != nil {
		p.File = f.Name
		f.Problems = append(f.Problems, *p)
	}
	if f.Accepted+f.Rejected == 0 && !d.declaresNothing() {
		f.Empty = true
		f.Problems = append(f.Problems, problem.Problem{Code: codeNoRows, File: f.Name})
	}
	d.mu.Lock()
	d.index, d.rejects = x, t.rejects
	d.mu.Unlock()
	return d.unchanged()
}

// formula is the problem of a row in which a column that counts holds a formula
// without a value: whatever the row says without it is not what the sheet says.
func (d *document) formula(cells [][]byte) *problem.Problem {
	for i := range d.plan.Uses {
		u := &d.plan.Uses[i]
		if u.Cell >= 0 && u.Cell < len(cells) && string(cells[u.Cell]) == text.FormulaMark {
			return &problem.Problem{Code: codeFormula, Column: u.Header}
		}
	}
	return nil
}

// mergeSums adds up what is in the same currency and sorts by it.
func mergeSums(sums []Sum) []Sum {
	slices.SortFunc(sums, func(a, b Sum) int { return strings.Compare(a.Currency, b.Currency) })
	out := sums[:0]
	for _, s := range sums {
		if n := len(out); n > 0 && out[n-1].Currency == s.Currency {
			out[n-1].Rows += s.Rows
			out[n-1].Amount += s.Amount
			continue
		}
		out = append(out, s)
	}
	return out
}

// An inputFile is an input on disk, read at offsets. It is never written.
type inputFile struct {
	*os.File
	path string
	size int64
	mod  time.Time
}

// openInput opens a regular file. It looks before it opens: to open a pipe is
// to wait until somebody writes into it.
func openInput(path string) (*inputFile, error) {
	st, err := os.Stat(path)
	if err == nil && !st.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err = f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &inputFile{File: f, path: path, size: st.Size(), mod: st.ModTime()}, nil
}

var errNotRegular = errors.New("not a regular file")

// Size is that at opening.
func (f *inputFile) Size() int64 { return f.size }

// changed says whether somebody has written to the file since it was opened.
func (f *inputFile) changed() bool {
	st, err := f.Stat()
	return err != nil || st.Size() != f.size || !st.ModTime().Equal(f.mod)
}

// unchanged refuses a file that was written to while it was read.
func (d *document) unchanged() error {
	if f, ok := d.file.raw.(*inputFile); ok && f.changed() {
		return d.outcast(problem.Problem{Code: codeChanged})
	}
	return nil
}

// readError is an error of reading the document's bytes: that of a file which
// became shorter, or one of the disk.
func (d *document) readError(err error) error {
	var out *OutcastError
	if errors.As(err, &out) {
		return err
	}
	if err := d.unchanged(); err != nil {
		return err
	}
	return d.outcast(problem.Problem{Code: unpack.CodeUnreadable, Args: []string{err.Error()}})
}

// An OutcastError says that a file was refused in the middle of a scan, when
// some of its rows had been handed out. The file is out of its set now:
// whoever scans starts again without it.
type OutcastError struct{ File *File }

func (e *OutcastError) Error() string {
	p := e.File.Problems[len(e.File.Problems)-1]
	return p.Error()
}

// outcast refuses the file once; workers may come upon it together.
func (d *document) outcast(p problem.Problem) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file.Used {
		d.file.refuse(p)
	}
	return &OutcastError{d.file}
}

// faultProblem says why a record could not be cut.
func (d *document) faultProblem(bad text.Fault, record []byte) *problem.Problem {
	body, _ := d.plan.Enc.AppendText(nil, record[:min(len(record), 400)])
	p := &problem.Problem{Value: string(body)}
	switch bad {
	case text.FaultQuote:
		p.Code = codeLoneQuote
	case text.FaultRecord:
		p.Code, p.Args = codeLongRecord, []string{problem.SizeText(d.d.Record)}
	case text.FaultField:
		p.Code, p.Args = codeLongField, []string{problem.SizeText(d.d.Field)}
	case text.FaultColumns:
		p.Code, p.Args = codeManyColumns, []string{fmt.Sprint(d.d.Columns)}
	case text.FaultNUL:
		p.Code = codeNUL
	case text.FaultCoding:
		p.Code, p.Args = codeCoding, []string{d.file.Encoding}
		if len(record) > 0 && record[0] == text.MixedByte && d.plan.Enc == text.UTF8 {
			p.Code, p.Args = codeMixedCoding, []string{d.file.Encoding, text.UTF8.String()}
			p.Value = string(record[1:min(len(record), 400)])
		} else if other := otherEncoding(d.plan.Enc); other.Valid(record) {
			p.Code, p.Args = codeMixedCoding, []string{d.file.Encoding, other.String()}
			body, _ = other.AppendText(nil, record[:min(len(record), 400)])
			p.Value = string(body)
		}
	}
	return p
}

func otherEncoding(e text.Encoding) text.Encoding {
	if e == text.GB18030 {
		return text.UTF8
	}
	return text.GB18030
}
