package layout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
)

// A file whose batches end with what was paid out says of each how much it was
// in all: what came in less what went out, the payout included, is nothing.

// BatchRule says what the rows of a batch add up to.
type BatchRule struct {
	// By are the columns whose cells together name a batch.
	By []string `toml:"by"`
	// Sum is the column that adds up to zero over all rows of a batch, as
	// printed, with what the column adds or takes off.
	Sum string `toml:"sum"`
	// Closed is the row without which a batch goes on in another file, and is
	// not checked.
	Closed Cond `toml:"closed"`
}

type batchSpec struct {
	by     []int
	sum    int
	closed condSpec
}

func (l *Layout) compileBatch(c *compiled) (err error) {
	if l.Batch == nil {
		return nil
	}
	s := &batchSpec{sum: c.columnNamed(l.Batch.Sum)}
	if s.sum < 0 || len(l.Batch.By) == 0 {
		return errors.New("batch: want by and a sum that is a column")
	}
	for _, n := range l.Batch.By {
		col := c.columnNamed(n)
		if col < 0 {
			return fmt.Errorf("batch: no column %s", n)
		}
		s.by = append(s.by, col)
	}
	if s.closed, err = c.compileCond(l.Batch.Closed); err != nil {
		return fmt.Errorf("batch: %w", err)
	}
	c.batch = s
	return nil
}

// HasBatches says whether the document has the columns by which its batches are
// checked.
func (p *Plan) HasBatches() bool {
	s := p.Layout.Compiled.batch
	return s != nil && p.Uses[s.sum].Cell >= 0 && !slices.ContainsFunc(s.by, func(col int) bool { return p.Uses[col].Cell < 0 })
}

// PieceBatches are the batches of one chunk of a document.
type PieceBatches struct {
	sums   map[string]*batchSum
	unread bool // a row was not understood
}

type batchSum struct {
	rows     int64
	sum      money.Fen
	overflow bool
	closed   ChainRow // the last row that closes it
	isClosed bool
}

// BatchLine takes a row for its batch.
func (b *Binder) BatchLine(p *PieceBatches, cells [][]byte, v Verdict, chunk int, line int64) {
	s := b.p.Layout.Compiled.batch
	switch {
	case v == Rejected:
		p.unread = true
		return
	case v != Accepted:
		return
	}
	f, _, problem := b.fen(int16(s.sum))
	if problem != nil {
		p.unread = true
		return
	}
	var key strings.Builder
	for _, col := range s.by {
		key.Write(b.textIn(cells, int16(col)))
		key.WriteByte(0x1F)
	}
	if p.sums == nil {
		p.sums = map[string]*batchSum{}
	}
	t := p.sums[key.String()]
	if t == nil {
		t = &batchSum{}
		p.sums[key.String()] = t
	}
	one := batchSum{rows: 1, sum: f}
	if b.holdsIn(s.closed, cells) {
		one.isClosed, one.closed = true, ChainRow{Chunk: chunk, Line: line}
	}
	t.add(&one)
}

func (t *batchSum) add(o *batchSum) {
	sum, fits := money.Add(t.sum, o.sum)
	t.rows, t.sum, t.overflow = t.rows+o.rows, sum, t.overflow || o.overflow || !fits
	if o.isClosed {
		t.isClosed, t.closed = true, o.closed
	}
}

// VerifyBatches adds up every batch that was closed. lineOf gives the physical
// line of a row.
func (p *Plan) VerifyBatches(pieces []PieceBatches, lineOf func(ChainRow) int64) (*Check, *problem.Problem) {
	all := map[string]*batchSum{}
	for i := range pieces {
		if pieces[i].unread {
			return nil, nil // its money is not known; the file is incomplete anyway
		}
		for key, t := range pieces[i].sums {
			if all[key] == nil {
				all[key] = &batchSum{}
			}
			all[key].add(t)
		}
	}
	out := &Check{Kind: CheckBatch, OK: true}
	var bad *batchSum
	for _, t := range all {
		if !t.isClosed || t.overflow {
			continue
		}
		out.Lines += t.rows
		if t.sum != 0 && (bad == nil || cmp.Or(cmp.Compare(t.closed.Chunk, bad.closed.Chunk), cmp.Compare(t.closed.Line, bad.closed.Line)) < 0) {
			bad = t
		}
	}
	switch {
	case out.Lines == 0:
		return nil, nil
	case bad != nil:
		out.OK = false
		u := &p.Uses[p.Layout.Compiled.batch.sum]
		return out, &problem.Problem{Code: CodeBatchOpen, Line: lineOf(bad.closed), Column: u.Header, Args: []string{bad.sum.String()}}
	}
	return out, nil
}

// CodeBatchOpen is a batch that does not add up to its payout.
const CodeBatchOpen problem.Code = "batch_open"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeBatchOpen: {ZH: "这一批次的进出合计与这一行的划款相差 {0}：缺了行、多了行，或金额被改动；请重新下载该批次的文件", EN: "the rows of this batch and the payout in this line are {0} apart: a row is missing or doubled, or an amount was changed; download the file of the batch again"},
})
