// Package page is a page on this computer for those who would rather look than
// type: files are dropped and looked at, reconciled, and what is open is gone
// through by keyboard. It knows no rule of reconciling: a Desk, which the command
// hands in, does the work, by the same engine as the command line.
package page

import "context"

// A Desk does the work behind the page. Its errors are sentences for the person
// at the page, in the page's language.
type Desk interface {
	// Look recognises files and reads each to its end. A file that is none of
	// the known kinds comes back with its problems, not as an error.
	Look(ctx context.Context, files []Upload) ([]Document, error)
	// Run reconciles. It hands tell a function that says how far it is; with no
	// result nothing was written.
	Run(ctx context.Context, job Job, tell func(progress func() Progress)) (Result, error)
	// Today is the day that a run is judged on where none is given, 2006-01-02.
	Today() string
	// IsDay says that a text is a day of that form that a run can be judged on.
	IsDay(text string) bool
}

// Sides of files, as flags and results name them. SideAuto lets the content
// decide; SideContracts is the table of contracts.
const (
	SideAuto      = ""
	SidePos       = "pos"
	SideClearing  = "clearing"
	SideBank      = "bank"
	SideContracts = "contracts"
)

// An Upload is a file that was dropped. Its path is the page's own choice; the
// browser knows it by its number only.
type Upload struct {
	ID   int
	Path string
	Name string // as it was called, without a folder
	// Side is what the person said, or SideAuto.
	Side  string
	Bytes int64
}

// A Document is a table in a file, as it was recognised.
type Document struct {
	Upload                            int
	Name, Side, Layout, Encoding      string
	Rows, Accepted, Rejected, Skipped int64
	Sums                              []string // "1,234.56 CNY", one a currency
	Checks                            string
	Head                              []string   // of First
	First                             [][]string // the first five rows as they were understood
	Problems                          []string
	Used                              bool
}

// A Job is what is to be reconciled.
type Job struct {
	Files []Upload
	AsOf  string // 2006-01-02
	// Out is the folder for the results, empty or of an earlier run.
	Out string
}

// Progress is how far a run is: what it does, and of how much; Total 0 is not
// known yet.
type Progress struct {
	Phase       string
	Done, Total int64
}

// A Result is a finished run.
type Result interface {
	Figures() Figures
	// Buckets are the kinds of items that a person goes through.
	Buckets() []Bucket
	// Items are some items of a bucket in the report's order.
	Items(ctx context.Context, bucket string, from, n int) ([]Item, error)
	// Brief is what an undecided item of a bucket is, without reading its rows.
	Brief(bucket string) []Brief
	// Save keeps decisions where the next run takes them from, and says where; it
	// gives the table of decisions for whom no such place exists.
	Save(ctx context.Context, decisions []Decision) (Saved, error)
	// Downloads are the names of the files that may be fetched.
	Downloads() []Download
	Close()
}

// A Download is a file of the results.
type Download struct {
	Name  string // workbook, csv …: the word in the address
	File  string // what the browser shall call it
	Label string
	// Paths are the files: one as it is, several in a zip.
	Paths []string
}

// Figures are a run's outcome: all texts and amounts are ready to be shown.
type Figures struct {
	AsOf     string
	Headline string
	// Good: nothing is different; Whole: no file or row is missing.
	Good, Whole bool
	Counts      []Count
	Owed        []Owed
	OwedTotal   []Amount
	Notes       []string
}

// An Amount is a labelled sum in yuan.
type Amount struct{ Label, Value string }

// A Count is one outcome of the run.
type Count struct {
	Code, Label   string
	Groups        int64
	Pos, Clearing string
	Bucket        bool // its items can be gone through
	Bad           bool
}

// Owed is what one acquirer owes one merchant.
type Owed struct {
	Acquirer, Merchant, Sales, Overdue, Excess, Refunds, Owed, Oldest string
	Items                                                             int64
}

// A Bucket is a kind of items.
type Bucket struct {
	Code, Label string
	Items       int
	// Bulk says that all of them may be accepted together.
	Bulk bool
}

// A Brief is an item in a list.
type Brief struct {
	ID     string
	Amount int64 // fen, of the shop's side where it has one
	Words  []string
}

// An Item is something to decide: what stands on each side, or what came nearest
// on the other.
type Item struct {
	ID, Bucket, Title, Reason string
	Left, Right               string // headings
	Fields                    []Pair
	// Words are the decisions that make sense, the likeliest first.
	Words []string
	// Decision is what was decided in an earlier night.
	Decision, Note string
}

// A Pair is one field on both sides. Plain says that it need not agree.
type Pair struct {
	Name, Left, Right string
	Plain             bool
}

// A Decision is what the person said of an item.
type Decision struct{ ID, Word, Note, By string }

// Saved says where decisions went.
type Saved struct {
	// Where is a sentence for the person; "" where the table is to be fetched.
	Where string
	// Table is the table of decisions (item_id, decision, note, by).
	Table []byte
}
