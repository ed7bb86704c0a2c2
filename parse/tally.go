package parse

import (
	"math"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// maxRejects is how many rows of one file may be rejected before the file is
// refused: it is not the file that its layout describes then.
const maxRejects = 100_000

// Sum is the signed total of a file's accepted rows in one currency.
type Sum struct {
	Currency string // ISO code
	Rows     int64
	Amount   money.Fen
}

// defaultCurrency is that of rows which do not name one.
const defaultCurrency = "CNY"

// A tally counts rows. Workers count a chunk and add it to the document's.
type tally struct {
	rows, accepted, skipped int64
	proved                  int64 // accepted rows that satisfied an identity
	sums                    []Sum
	last                    int      // index in sums of the last row's currency
	text                    *[3]byte // its text, as the binder gave it
	overflow                bool
	rejects                 []rejectAt
	odd                     oddRows
}

// rejectAt is a rejected row whose line number is not known yet.
type rejectAt struct {
	off   int64
	chunk int
	line  int64 // from the chunk's first record
	p     problem.Problem
}

func (t *tally) accept(r *record.Row) {
	t.accepted++
	s := t.sumOf(r.Text[record.Currency])
	s.Rows++
	s.Amount, t.overflow = addFen(s.Amount, r.Amount, t.overflow)
}

func addFen(a, b money.Fen, before bool) (sum money.Fen, overflow bool) {
	sum = a + b
	return sum, before || (b > 0 && a > math.MaxInt64-b) || (b < 0 && a < math.MinInt64-b)
}

// sumOf is sum for a row's currency, which mostly is the very text that the
// last row had: binders give every row the same copy of it.
func (t *tally) sumOf(currency []byte) *Sum {
	if len(currency) != 3 {
		return t.sum(currency)
	}
	if t.text != (*[3]byte)(currency) {
		t.text = (*[3]byte)(currency)
		t.sum(currency)
	}
	return &t.sums[t.last]
}

func (t *tally) sum(currency []byte) *Sum {
	for i := range t.sums {
		if string(currency) == t.sums[i].Currency {
			t.last = i
			return &t.sums[i]
		}
	}
	t.last = len(t.sums)
	t.sums = append(t.sums, Sum{Currency: string(currency)})
	return &t.sums[t.last]
}

func (t *tally) reject(chunk int, off, line int64, p *problem.Problem) {
	t.rejects = append(t.rejects, rejectAt{off: off, chunk: chunk, line: line, p: *p})
}

// add adds what o counted.
func (t *tally) add(o *tally) {
	t.rows += o.rows
	t.accepted += o.accepted
	t.skipped += o.skipped
	t.proved += o.proved
	t.overflow = t.overflow || o.overflow
	t.rejects = append(t.rejects, o.rejects...)
	if o.odd.n > 0 {
		t.odd.add(o.odd.n, o.odd.first)
	}
	for i := range o.sums {
		s := t.sum([]byte(o.sums[i].Currency))
		s.Rows += o.sums[i].Rows
		s.Amount, t.overflow = addFen(s.Amount, o.sums[i].Amount, t.overflow)
	}
}

// reset forgets the counts and keeps the memory.
func (t *tally) reset() {
	for i := range t.sums {
		t.sums[i].Rows, t.sums[i].Amount = 0, 0
	}
	*t = tally{sums: t.sums, last: t.last, text: t.text, rejects: t.rejects[:0]}
}
