package ledger

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// Beside is one side of a night: the open rows of earlier nights, at positions
// below parse.FirstPos, beside those of the new files. It is a match.Source.
// A row that stood in an earlier file already is passed over.
type Beside struct {
	side record.Side
	set  match.Source // nil: no new file of the side
	rows []Row
	// open is how many of rows take part in scans. The others belong to settled
	// groups and are only read again, to be shown.
	open int
	seen map[record.Pos]bool
	at   map[rowName]record.Pos
	docs map[string]int // number of an earlier file by digest
	// items is the item that a carried row stands in, by position.
	items map[record.Pos]string
}

// rowName names a row for ever: what it says, and the how many-th row it is
// that says so.
type rowName struct {
	digest  uint64
	ordinal int32
}

func newBeside(side record.Side) *Beside {
	return &Beside{side: side, seen: map[record.Pos]bool{}, at: map[rowName]record.Pos{}, docs: map[string]int{}, items: map[record.Pos]string{}}
}

// carry adds a row of an earlier night and gives its position.
func (b *Beside) carry(r *Row) record.Pos {
	p := record.Pos(len(b.rows))
	b.rows = append(b.rows, *r)
	row := &b.rows[p]
	row.Record.Pos, row.Side = p, b.side
	if _, ok := b.docs[r.Origin.SHA256]; !ok {
		b.docs[r.Origin.SHA256] = earlierDocs + len(b.docs)
	}
	row.Record.Doc = b.docs[r.Origin.SHA256]
	b.at[rowName{r.Digest, r.Ordinal}] = p
	return p
}

// earlierDocs is where the numbers of earlier files begin, behind those of any
// set.
const earlierDocs = 1 << 30

// sealed ends the rows that take part.
func (b *Beside) sealed() { b.open = len(b.rows) }

// empty says that the side has no row and no file.
func (b *Beside) empty() bool { return b.set == nil && b.open == 0 }

// Carries implements match.Source.
func (b *Beside) Carries() (c record.FieldSet) {
	if b.set != nil {
		c = b.set.Carries()
	}
	for i := range b.rows[:b.open] {
		for f, text := range b.rows[i].Record.Text {
			if text != "" {
				c = c.With(record.Field(f))
			}
		}
	}
	return c
}

// Counts are those of the new files; rows that were seen before are neither
// accepted nor skipped, so they are taken from the rows read.
func (b *Beside) Counts() (read, accepted, rejected, skipped int64) {
	if c, ok := b.set.(interface {
		Counts() (read, accepted, rejected, skipped int64)
	}); ok {
		return c.Counts()
	}
	return 0, 0, 0, 0
}

// SeenRows counts the rows of the new files that stood in an earlier one.
func (b *Beside) SeenRows() (n int64) {
	if s, ok := b.set.(interface{ Files() []*parse.File }); ok {
		for _, f := range s.Files() {
			if f.Used {
				n += f.Seen
			}
		}
	}
	return n
}

// Scan implements match.Source.
func (b *Beside) Scan(ctx context.Context, workers int, need record.FieldSet, newVisitor func(worker int) func(*record.Row)) error {
	if b.open > 0 {
		visit := newVisitor(0)
		var row rowBuffer
		for i := range b.rows[:b.open] {
			if b.seen[record.Pos(i)] {
				continue
			}
			visit(row.of(&b.rows[i].Record))
		}
	}
	if b.set == nil {
		return ctx.Err()
	}
	if len(b.seen) == 0 {
		return b.set.Scan(ctx, workers, need, newVisitor)
	}
	return b.set.Scan(ctx, workers, need, func(w int) func(*record.Row) {
		visit := newVisitor(w)
		return func(r *record.Row) {
			if !b.seen[r.Pos] {
				visit(r)
			}
		}
	})
}

// Reread implements match.Source.
func (b *Beside) Reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(worker int) func(i int, r *record.Row)) error {
	n, _ := slices.BinarySearch(pos, parse.FirstPos)
	if n > 0 {
		visit := newVisitor(0)
		var row rowBuffer
		for i, p := range pos[:n] {
			visit(i, row.of(&b.rows[p].Record))
		}
	}
	if n == len(pos) {
		return ctx.Err()
	}
	return b.set.Reread(ctx, workers, pos[n:], func(w int) func(int, *record.Row) {
		visit := newVisitor(w)
		return func(i int, r *record.Row) { visit(i+n, r) }
	})
}

// Records implements match.Source.
func (b *Beside) Records(ctx context.Context, workers int, pos []record.Pos) ([]record.Record, error) {
	out := make([]record.Record, len(pos))
	var fresh []record.Pos
	var to []int
	for i, p := range pos {
		if p < parse.FirstPos {
			out[i] = b.rows[p].Record
			continue
		}
		fresh, to = append(fresh, p), append(to, i)
	}
	if len(fresh) == 0 {
		return out, ctx.Err()
	}
	recs, err := b.set.Records(ctx, workers, fresh)
	for i := range recs {
		out[to[i]] = recs[i]
	}
	return out, err
}

// rowBuffer shows records as rows.
type rowBuffer struct {
	row   record.Row
	bytes []byte
}

func (b *rowBuffer) of(r *record.Record) *record.Row {
	b.row = record.Row{
		Pos: r.Pos, Doc: r.Doc, Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel,
		HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited, Unsettled: r.Unsettled,
		Time: r.Time, ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate, PromisedDate: r.PromisedDate,
		Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited,
	}
	n := 0
	for i := range r.Text {
		n += len(r.Text[i])
	}
	if cap(b.bytes) < n {
		b.bytes = make([]byte, 0, 2*n)
	}
	buf := b.bytes[:0]
	for i, text := range r.Text {
		if text != "" {
			buf = append(buf, text...)
			b.row.Text[i] = buf[len(buf)-len(text):]
		}
	}
	return &b.row
}

// rowDigest is of everything that a row says, where it stands excepted. It is
// kept in ledgers: it must never change.
func rowDigest(buf []byte, side record.Side, r *record.Row) (uint64, []byte) {
	flags := byte(0)
	for i, v := range [...]bool{r.HasClock, r.HasFee, r.HasNet, r.HasCredited, r.Unsettled} {
		if v {
			flags |= 1 << i
		}
	}
	b := append(buf[:0], byte(side), byte(r.Kind), byte(r.Status), byte(r.CardType), flags)
	for _, v := range [...]int64{int64(r.Time), int64(r.ClearingDate), int64(r.SettleDate), int64(r.CreditedDate),
		int64(r.Amount), int64(r.Fee), int64(r.Net), int64(r.Credited)} {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for i := range r.Text {
		b = append(append(b, r.Text[i]...), 0x1f)
	}
	if r.PromisedDate != 0 { // rows that ledgers knew before it was read keep their digest
		b = binary.LittleEndian.AppendUint64(b, uint64(r.PromisedDate))
	}
	return xxh3.Hash(b), b
}

// dayOf is the day that files repeat each other by: the clearing date, the
// trade day, or the day of the bank line.
func dayOf(side record.Side, r *record.Row) record.Date {
	trade := record.Date(0)
	if r.Time != 0 {
		trade = r.Time.Date()
	}
	first := [...]record.Date{trade}
	switch side {
	case record.SideClearing:
		first[0] = r.ClearingDate
	case record.SideBank:
		first[0] = r.CreditedDate
	}
	for _, d := range [...]record.Date{first[0], trade, r.SettleDate, r.ClearingDate} {
		if d != 0 {
			return d
		}
	}
	return 0
}
