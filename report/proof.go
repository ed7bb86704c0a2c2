package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// A rowsDigest stands for some rows whatever their order: how many there are and the
// sum of a hash of each. A row that is left out, doubled, changed in a fen or
// put under another group's outcome changes it.
type rowsDigest struct {
	n   int64
	sum uint64
}

func (d *rowsDigest) add(row []byte) {
	d.n++
	d.sum += xxh3.Hash(row)
}

func (d *rowsDigest) merge(o rowsDigest) {
	d.n += o.n
	d.sum += o.sum
}

// proof is what the outputs must hold: drawn from the result and the rows behind
// it before anything is rendered. Reading the written files back must give it.
type proof struct {
	csv    map[string]*rowsDigest
	sheets []rowsDigest // by sheetProof.sheet
}

func newProof(sheets int) *proof {
	p := &proof{csv: map[string]*rowsDigest{closedCSV: {}}, sheets: make([]rowsDigest, sheets)}
	for name := range csvHeads {
		p.csv[name] = &rowsDigest{}
	}
	return p
}

// proofColumns are the columns of a CSV file whose values are proved.
var proofColumns = map[string][]string{
	transactionsCSV: {"match", "timing", "pos_amount", "clearing_amount", "pos_source", "clearing_source"},
	settlementsCSV: {"settlement_id", "credit", "timing", "days_late", "acquirer", "merchant_id", "account", "clearing_date", "due_date",
		"transactions", "gross", "fee", "net", "credited", "outstanding", "first_credit_date", "last_credit_date"},
	creditsCSV: {"outcome", "date", "amount", "allocated", "account", "payer", "remark", "settlement_ids", "source"},
	rejectsCSV: {"source", "column", "value", "reason"},
	closedCSV:  {"item_id", "state", "closed_by", "source", "amount"},
}

// proved is a row in the making: its values, each with an end.
type proved struct{ buf []byte }

func (r *proved) start() { r.buf = r.buf[:0] }

func (r *proved) text(s string) {
	from := len(r.buf)
	r.buf = append(r.buf, plain(s)...)
	r.end(from)
}

// end ends the value that begins at from, without what a CSV file does to text:
// the guard against formulas, and the carriage returns.
func (r *proved) end(from int) {
	v := r.buf[from:]
	if len(v) > 0 && v[0] == '\'' {
		v = v[1:]
	}
	n := 0
	for _, b := range v {
		if b != '\r' {
			r.buf[from+n] = b
			n++
		}
	}
	r.buf = append(r.buf[:from+n], 0)
}

func (r *proved) fen(f money.Fen, ok bool) {
	if ok {
		r.buf = f.Append(r.buf)
	}
	r.buf = append(r.buf, 0)
}

func (r *proved) sources(at []record.Pos, rows *loaded) error {
	from := len(r.buf)
	for i, p := range at {
		row := rows.find(p)
		if row == nil || row.Pos != p {
			return fmt.Errorf("report: row %d of the result is not what was read again", p)
		}
		if i > 0 {
			r.buf = append(r.buf, ';')
		}
		r.buf = append(r.buf, plain(row.Source)...)
	}
	r.end(from)
	return nil
}

// group is a line of transactions.csv as the result has it.
func (r *proved) group(g *result.Group, rows *[4]loaded) error {
	r.start()
	r.text(g.Match.String())
	r.text(g.Timing.String())
	r.fen(g.PosAmount, len(g.Pos) > 0)
	r.fen(g.ClearingAmount, len(g.Clearing) > 0)
	if err := r.sources(g.Pos, &rows[record.SidePos]); err != nil {
		return err
	}
	return r.sources(g.Clearing, &rows[record.SideClearing])
}

func (r *proved) settlement(s *result.Settlement) {
	r.start()
	r.text(s.ID)
	r.text(s.Credit.String())
	r.text(s.Timing.String())
	r.text(strconv.Itoa(int(s.DaysLate)))
	r.text(s.Acquirer)
	r.text(s.MerchantID)
	r.text(s.Account)
	r.text(dateText(s.ClearingDate))
	r.text(dateText(s.DueDate))
	r.text(strconv.FormatInt(s.Transactions, 10))
	for _, f := range [...]money.Fen{s.Gross, s.Fee, s.Net, s.Credited, s.Outstanding} {
		r.fen(f, true)
	}
	r.text(dateText(s.FirstCredit))
	r.text(dateText(s.LastCredit))
}

// credit is a line of credits.csv; all are the settlements that it pays among.
func (r *proved) credit(c *result.Credit, row *record.Record, all []result.Settlement) {
	r.start()
	r.text(c.Outcome.String())
	r.text(dateText(c.Date))
	r.fen(c.Amount, true)
	r.fen(c.Allocated, true)
	r.text(row.Text[record.Account])
	r.text(row.Text[record.Payer])
	r.text(row.Text[record.Remark])
	ids := make([]string, len(c.Settlements))
	for i, s := range c.Settlements {
		ids[i] = all[s].ID
	}
	r.text(strings.Join(ids, ";"))
	r.text(row.Source)
}

func (r *proved) reject(j *Reject) {
	r.start()
	for _, s := range [...]string{j.Source, j.Column, j.Value, j.Reason} {
		r.text(s)
	}
}

func (r *proved) closing(c *Closing) {
	r.start()
	r.text(c.ItemID)
	r.text(c.State)
	r.text(c.By)
	r.text(strings.Join(c.Sources, ";"))
	r.fen(c.Amount, true)
}

// checkCSV reads a CSV file back and compares it with what it must hold.
func checkCSV(ctx context.Context, path, name string, ledger bool, want *rowsDigest) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := readCSV(ctx, f, name, ledger)
	switch {
	case err != nil:
		return err
	case got.n != want.n:
		return fmt.Errorf("%d lines instead of %d", got.n, want.n)
	case got != *want:
		return fmt.Errorf("a line is not that of the result")
	}
	return nil
}

// readCSV digests the proved columns of every line.
func readCSV(ctx context.Context, r io.Reader, name string, ledger bool) (d rowsDigest, err error) {
	columns := csvHead(name, ledger)
	head := bom + columns
	wanted := make([]int, strings.Count(columns, ",")+1)
	order := map[string]int{}
	for i, c := range proofColumns[name] {
		order[c] = i + 1
	}
	for i, c := range strings.Split(columns, ",") {
		wanted[i] = order[c]
	}
	c := csvCutter{wanted: wanted, values: make([][]byte, len(order))}
	buf := make([]byte, 0, 256<<10)
	for first, done := true, false; !done; {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		n, rerr := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		done = rerr == io.EOF || rerr == io.ErrUnexpectedEOF
		if rerr != nil && !done {
			return d, rerr
		}
		rest := buf
		for {
			end := c.cut(rest)
			if end < 0 {
				break
			}
			if first {
				if first = false; string(bytes.TrimSuffix(rest[:end], []byte("\r\n"))) != head {
					return d, fmt.Errorf("another header")
				}
			} else if err := c.digest(&d); err != nil {
				return d, err
			}
			rest = rest[end:]
		}
		if len(rest) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), rest...)
			continue
		}
		buf = buf[:copy(buf, rest)]
	}
	if len(buf) > 0 {
		return d, fmt.Errorf("the last line has no end")
	}
	return d, nil
}

// csvCutter cuts lines of the kind that csvRows writes. It has nothing in common
// with what wrote them.
type csvCutter struct {
	wanted []int    // by column: which of values, from 1; 0 none
	values [][]byte // of the line cut last, with their quotes
	cells  int
	row    proved
	plain  []byte
}

// cut finds the line at the beginning of b and where it ends; -1: not in b.
func (c *csvCutter) cut(b []byte) (end int) {
	c.cells = 0
	for at := 0; at < len(b); {
		from := at
		if b[at] == '"' {
			for at++; ; at += 2 { // a quote that is doubled is none
				i := bytes.IndexByte(b[at:], '"')
				if i < 0 || at+i+1 >= len(b) {
					return -1
				}
				if at += i; b[at+1] != '"' {
					at++
					break
				}
			}
		}
		for at < len(b) && b[at] != ',' && b[at] != '\n' {
			at++
		}
		if at == len(b) {
			return -1
		}
		if c.cells < len(c.wanted) && c.wanted[c.cells] > 0 {
			c.values[c.wanted[c.cells]-1] = bytes.TrimSuffix(b[from:at], []byte("\r"))
		}
		c.cells++
		if at++; b[at-1] == '\n' {
			return at
		}
	}
	return -1
}

// digest adds the line cut last.
func (c *csvCutter) digest(d *rowsDigest) error {
	if c.cells != len(c.wanted) {
		return fmt.Errorf("a line of %d columns instead of %d", c.cells, len(c.wanted))
	}
	c.row.start()
	for _, v := range c.values {
		if len(v) > 0 && v[0] == '"' {
			c.plain = append(c.plain[:0], v[1:len(v)-1]...)
			v = bytes.ReplaceAll(c.plain, []byte(`""`), []byte(`"`))
		}
		from := len(c.row.buf)
		c.row.buf = append(c.row.buf, v...)
		c.row.end(from)
	}
	d.add(c.row.buf)
	return nil
}
