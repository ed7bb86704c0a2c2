// Package report turns a result into what people and programs read: the
// workbook, the CSV files, the JSON summary and the lines on the terminal. It
// decides nothing: every figure is the matcher's, every row is read again from
// the inputs by its position. The same result gives the same bytes.
package report

import (
	"context"
	"iter"
	"path/filepath"
	"sync/atomic"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Run is everything a report shows.
type Run struct {
	Result *result.Result
	// Pos, Clearing and Bank hold the rows behind the result's positions; nil
	// where the run had no such side.
	Pos, Clearing, Bank match.Source
	// Contracts is the table that Result was made with, for its names of the
	// acquirers; nil: none.
	Contracts *terms.Contracts
	// Calendar is the one that Result was made with; nil: the built-in one.
	Calendar *terms.Calendar
	// Files are the inputs in the order in which they are to be shown, refused
	// and repeated ones included.
	Files []File
	// Rejects yields the rows that could not be read, in the order in which
	// they are to be shown. It may be run more than once; nil means none.
	Rejects iter.Seq[Reject]
	// Ledger is what the night did to the ledger; nil: the run has none.
	Ledger *Ledger
	// Settings are the options that shaped the result, for the run log. They
	// must not hold times or anything else that differs between equal runs.
	Settings []Setting
	Lang     problem.Lang
	Version  string
	// All lists the matched groups too; Result must have been made with them.
	All bool
	// Workers is the number of goroutines that render and compress; 0 means
	// one per core. It does not change the output.
	Workers int
	// TempDir holds what does not fit into memory; "" is the system's.
	TempDir string
	// Progress, if any, is updated while rows are written.
	Progress *Progress

	names shortNames // of the files, for the workbook's rows
}

// File is one input as the report shows it.
type File struct {
	Path string // as given by the user
	Name string // base name, with /entry of an archive
	Side record.Side
	// Layout, Acquirer and Encoding are codes or names as found; "" unknown.
	Layout, Acquirer, Encoding string
	SHA256                     string // lower-case hex
	Bytes                      int64
	// Rows = Accepted + Rejected + Skipped.
	Rows, Accepted, Rejected, Skipped int64
	// Seen rows stood in an earlier file; Gone counts the rows of an earlier
	// file that this one repeats and lacks.
	Seen, Gone int64
	Amount     result.Sums // of the accepted rows
	Control    *Control    // nil: the file declares no totals
	Checks     []Check     // what it was held against itself by
	// DuplicateOf names the file with the same content that was used instead.
	DuplicateOf string
	// Problems are why the file was refused, or what is odd about it, in the
	// run's language.
	Problems []string
}

// Check is one thing a file says of itself: balance, totals, identity or batch.
type Check struct {
	Check string `json:"check"`
	// Lines is how many rows it speaks of.
	Lines int64 `json:"lines"`
	OK    bool  `json:"ok"`
}

// Control is what a file says of itself in its head or trailer.
type Control struct {
	DeclaredRows       int64
	HasRows            bool
	DeclaredAmount     money.Fen
	HasAmount          bool
	DeclaredAmountCode string // currency, "" = CNY
	OK                 bool
}

// Reject is a row that could not be read.
type Reject struct {
	Source string // basename:line, basename:sheet!row, archive.zip/entry:line
	Column string
	Value  string // as shown: escaped, cut, card numbers masked
	Reason string // in the run's language
}

// Setting is one line of the run log.
type Setting struct{ Name, Value string }

// Progress counts rows of the report; it is polled by whoever shows it.
type Progress struct {
	// Groups is the number of groups to render, Done those already rendered.
	Groups, Done atomic.Int64
}

// Output names what is to be written; "" means not wanted.
type Output struct {
	Workbook string // path of the .xlsx
	CSV      string // folder of the CSV files; it is made if it is missing
	// Aside is where a file that stands under Workbook's name is kept before the
	// new one takes its place: a report that a person edited, whose decisions have
	// been read. "": it stays, and the new one stands beside it.
	Aside string
}

// MakesFolder says that the workbook's folder is that of the CSV files or one
// above it: it is made with them.
func (o Output) MakesFolder() bool {
	if o.CSV == "" || o.Workbook == "" {
		return false
	}
	rel, err := filepath.Rel(filepath.Dir(o.Workbook), o.CSV)
	return err == nil && filepath.IsLocal(rel)
}

// KeptReport says why the file under the wanted name was not replaced.
type KeptReport uint8

const (
	// KeptNone: there was none, or it was replaced.
	KeptNone KeptReport = iota
	// KeptHeld: another program holds it open.
	KeptHeld
	// KeptEdited: it does not bear this program's mark: another application has
	// saved it, so a person's notes are in it, or it never was a report.
	KeptEdited
)

// application is how the workbook's properties name their writer.
const application = "duizhang"

// Written says what was written.
type Written struct {
	// Workbook is the final path; it differs from the wanted one where the
	// file there had to be kept.
	Workbook string
	Kept     KeptReport
	// Aside is where the edited report is now; "" if none was moved.
	Aside string
	// CSV are the paths of the CSV files.
	CSV []string
	// Beside are the CSV files whose wanted name is that of a file that had to
	// be kept.
	Beside []Beside
	// Rows counts the data rows of all sheets.
	Rows int64
	// Bytes is the size of the workbook.
	Bytes int64
}

// Beside is an output that stands beside a file that had to be kept.
type Beside struct {
	Wanted, Name string
	Kept         KeptReport
}

// Write writes the workbook and the CSV files of a run in one pass over its
// groups. Nothing appears under a final name before everything is complete,
// on the disk and read back; on an error or when ctx ends, files of earlier
// runs are untouched and no temporary file is left.
func Write(ctx context.Context, run *Run, out Output) (Written, error) {
	w, err := newWriter(run, out)
	if err != nil {
		return Written{}, err
	}
	return w.write(ctx)
}
