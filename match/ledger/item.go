package ledger

import (
	"fmt"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Type is what an item is.
type Type uint8

const (
	Transaction Type = iota // a group of rows that is not settled
	Settlement              // a settlement that is not paid
	Credit                  // a bank line that nobody knows
)

// String is the code of open.csv and closed.csv.
func (t Type) String() string { return [...]string{"transaction", "settlement", "credit"}[t] }

// Letter begins the item's id.
func (t Type) Letter() string { return [...]string{"T-", "S-", "C-"}[t] }

// Item is what a person follows from night to night (SPEC section 10).
//
// Timing, DaysLate and Age are those of the night that wrote the item; Judge
// works them out anew for another day.
type Item struct {
	ID   string // T-, S- or C- and 12 characters
	Type Type
	// State is the code of its match, credit or outcome: what open.csv shows.
	State  string
	Timing result.Timing
	// DaysLate is, of an overdue item, its age.
	DaysLate int32
	// FirstNight is the first night at whose end one of its rows stood in an
	// open item; reopening does not change it.
	FirstNight record.Date
	DueDate    record.Date // 0: none
	Cycle      string      // T+1 …: by which its age is counted
	Age        int32
	Acquirer   string
	MerchantID string
	TerminalID string
	Currency   string // "" is CNY
	// SettlementID is that of its clearing rows, or its own.
	SettlementID string
	// Owed is what the acquirer owes us, negative where we hold too much.
	Owed money.Fen
	// Sources are a transaction's POS rows, then its clearing rows; a
	// settlement's bank lines so far; a bank line itself.
	Sources []Origin
	// Decision is the last decision that stands; its Word is "" if there is
	// none, its Note and By may stand alone.
	Decision Decision
	// ClaimedOn is the day of the first claim; 0: not claimed.
	ClaimedOn record.Date
	// Reason is the sentence of the report, by parse.Lang.
	Reason [2]string

	// What follows is for matching on, and for claims.

	Rows []Row // of a transaction and of a bank line; a settlement has its own pages
	// Hint names the settlement that a bank line looks like, if one does: what
	// the decision accept gives it to.
	Hint string
	// Rejected are the digests of rows (see Row.Digest) that a person said are
	// not the same transaction as this one's.
	Rejected []uint64
	// Gross, Fee, Net and Credited are a settlement's, or the sums of a
	// transaction's clearing rows.
	Gross, Fee, Net, Credited money.Fen
	Account                   string
	ClearingDate              record.Date
	Flags                     result.Flags
	KeyType                   result.KeyType
}

// Origin says where a row stands, and of which file it is.
type Origin struct {
	Source string // basename:line, basename:sheet!row or archive.zip/entry:line
	SHA256 string // of the input file, in hexadecimal
	Night  record.Date
}

// Row is a row of an earlier night with everything that it says: as the scan
// of its file would give it.
type Row struct {
	Side   record.Side
	Record record.Record
	Origin Origin
	// Digest is of what the row says, not of where it stands.
	Digest uint64
	// Ordinal counts equal rows in the order in which they came, from 1.
	Ordinal int32
}

// Words of decisions (SPEC section 10), as they stand in decisions files.
const (
	Accept     = "accept"
	Reject     = "reject"
	Claimed    = "claimed"
	Adjusted   = "adjusted"
	WrittenOff = "written_off"
	Hold       = "hold"
	Open       = "open"
)

// Words are all of them in the order in which they are offered.
var Words = []string{Accept, Reject, Claimed, Adjusted, WrittenOff, Hold, Open}

// Decision is what a person says of an item.
type Decision struct {
	ItemID string
	Word   string // one of Words, or "": only a note or a name
	Note   string
	By     string
	// On is the day of the night that read it.
	On record.Date
	// Source says where it was read: file:line, or the command.
	Source string
}

// Claim is one mark of "claimed": what was asked for and when.
type Claim struct {
	ItemID string
	On     record.Date
	Amount money.Fen
	By     string
}

// Closing is how an item ended: a line of closed.csv.
type Closing struct {
	Item
	By    string // row, credit, decision, age
	On    record.Date
	Final string // matched, voided, full, carried, identified, superseded, recovered, or the decision's word
	// Late is how late the money came, in the days of the item's cycle.
	Late int32
	// WasOwed is what was owed the night before.
	WasOwed money.Fen
	// Into is the item that its rows went on in, if they did.
	Into string
}

// DaysOpen are the calendar days from its first night.
func (c *Closing) DaysOpen() int { return int(c.On - c.FirstNight) }

// Event is something that a night did to an item; together they are its life.
type Event struct {
	ItemID string
	// What is opened, changed, closed, reopened, decided, noted or claimed.
	What string
	// State is what the item was afterwards; Detail says more: a decision's
	// word and note, what closed it.
	State, Detail, By string
	Owed              money.Fen
}

// File is an input of a night.
type File struct {
	Path, Name string
	Side       record.Side
	Layout     string
	SHA256     string
	Bytes      int64
	// Rows = Accepted + Seen + Rejected + Skipped.
	Rows, Accepted, Seen, Rejected, Skipped int64
	// Gone counts the rows of an earlier file that this one should repeat and lacks.
	Gone int64
	// DuplicateOf names the file with the same content that was used instead.
	DuplicateOf string
}

// MissingFile is a clearing file that was expected and did not come.
type MissingFile struct {
	Acquirer   string      `json:"acquirer"`
	MerchantID string      `json:"merchant_id"`
	Day        record.Date `json:"-"`
}

// NightRecord is what a night says of itself: the body of a Night.
type NightRecord struct {
	Day    record.Date
	Report string // path as given
	// ReportSHA256 is of the report's bytes, which the rerun gives again.
	ReportSHA256 string
	Files        []File
	Missing      []MissingFile
	// Carried + Opened − Closed = Open; reopened ones are among the opened.
	Carried, Opened, Closed, Open int64
	Owed                          money.Fen
	Applied, Problems             int64 // decisions
	Decisions                     []Decision
	// Version is the program's.
	Version string
}

func (n *NightRecord) code(c *codec) {
	c.date(&n.Day)
	c.text(&n.Report)
	c.text(&n.ReportSHA256)
	list(c, &n.Files, codeFile)
	list(c, &n.Missing, func(c *codec, m *MissingFile) {
		c.text(&m.Acquirer)
		c.text(&m.MerchantID)
		c.date(&m.Day)
	})
	for _, v := range [...]*int64{&n.Carried, &n.Opened, &n.Closed, &n.Open, &n.Applied, &n.Problems} {
		c.int(v)
	}
	c.fen(&n.Owed)
	list(c, &n.Decisions, codeDecision)
	c.text(&n.Version)
}

// EncodeNight is the body of a Night.
func EncodeNight(n *NightRecord) ([]byte, error) {
	return pack(n, func(c *codec, n *NightRecord) { n.code(c) })
}

// DecodeNight reads the body of a Night.
func DecodeNight(n *Night) (*NightRecord, error) {
	r := new(NightRecord)
	if err := unpack(n.Body, r, func(c *codec, n *NightRecord) { n.code(c) }); err != nil {
		return nil, &Error{Code: Damaged, Detail: fmt.Sprintf("night %d", n.Seq), Err: err}
	}
	return r, nil
}

func codeFile(c *codec, f *File) {
	for _, v := range [...]*string{&f.Path, &f.Name, &f.Layout, &f.SHA256, &f.DuplicateOf} {
		c.text(v)
	}
	number(c, &f.Side)
	for _, v := range [...]*int64{&f.Bytes, &f.Rows, &f.Accepted, &f.Seen, &f.Rejected, &f.Skipped, &f.Gone} {
		c.int(v)
	}
}

func codeDecision(c *codec, d *Decision) {
	for _, v := range [...]*string{&d.ItemID, &d.Word, &d.Note, &d.By, &d.Source} {
		c.text(v)
	}
	c.date(&d.On)
}

func codeOrigin(c *codec, o *Origin) {
	c.text(&o.Source)
	c.text(&o.SHA256)
	c.date(&o.Night)
}

func codeItem(c *codec, it *Item) {
	for _, v := range [...]*string{&it.ID, &it.State, &it.Cycle, &it.Acquirer, &it.MerchantID, &it.TerminalID, &it.Currency,
		&it.SettlementID, &it.Reason[0], &it.Reason[1], &it.Hint, &it.Account} {
		c.text(v)
	}
	number(c, &it.Type)
	number(c, &it.Timing)
	number(c, &it.DaysLate)
	number(c, &it.Age)
	number(c, &it.Flags)
	number(c, &it.KeyType)
	for _, v := range [...]*record.Date{&it.FirstNight, &it.DueDate, &it.ClaimedOn, &it.ClearingDate} {
		c.date(v)
	}
	for _, v := range [...]*money.Fen{&it.Owed, &it.Gross, &it.Fee, &it.Net, &it.Credited} {
		c.fen(v)
	}
	list(c, &it.Sources, codeOrigin)
	codeDecision(c, &it.Decision)
	list(c, &it.Rows, codeRow)
	list(c, &it.Rejected, (*codec).fixed)
}

func codeClosing(c *codec, cl *Closing) {
	codeItem(c, &cl.Item)
	c.text(&cl.By)
	c.text(&cl.Final)
	c.text(&cl.Into)
	c.date(&cl.On)
	number(c, &cl.Late)
	c.fen(&cl.WasOwed)
}

func codeEvent(c *codec, e *Event) {
	for _, v := range [...]*string{&e.ItemID, &e.What, &e.State, &e.Detail, &e.By} {
		c.text(v)
	}
	c.fen(&e.Owed)
}

func codeRow(c *codec, r *Row) {
	number(c, &r.Side)
	codeRecord(c, &r.Record)
	c.text(&r.Origin.SHA256)
	c.date(&r.Origin.Night)
	r.Origin.Source = r.Record.Source
	c.fixed(&r.Digest)
	number(c, &r.Ordinal)
}

func codeRecord(c *codec, r *record.Record) {
	number(c, &r.Kind)
	number(c, &r.Status)
	number(c, &r.CardType)
	number(c, &r.Channel)
	// A row without a promised day is written as before there was one.
	promised := r.PromisedDate != 0
	c.bools(&r.HasClock, &r.HasFee, &r.HasNet, &r.HasCredited, &r.Unsettled, &promised)
	number(c, &r.Time)
	for _, v := range [...]*record.Date{&r.ClearingDate, &r.SettleDate, &r.CreditedDate} {
		c.date(v)
	}
	if promised {
		c.date(&r.PromisedDate)
	}
	for _, v := range [...]*money.Fen{&r.Amount, &r.Fee, &r.Net, &r.Credited} {
		c.fen(v)
	}
	var set uint64
	for i := range r.Text {
		if r.Text[i] != "" {
			set |= 1 << i
		}
	}
	c.uint(&set)
	for i := range r.Text {
		if set&(1<<i) != 0 {
			c.text(&r.Text[i])
		}
	}
	c.text(&r.Source)
}
