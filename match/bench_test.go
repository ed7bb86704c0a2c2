package match

import (
	"context"
	"math/bits"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// generated is a Source of n rows that are computed on demand: a terminal of
// 8 and a reference of 12 digits, one day, a hundred terminals.
type generated struct {
	n, differ int // every differ-th row has another amount
	from      int // the first row's number
	scatter   bool
	oneKey    bool
}

func (g *generated) Carries() record.FieldSet {
	return record.FieldSet(0).With(record.TerminalID, record.RefNo, record.MerchantID)
}

func (g *generated) row(buf *[64]byte, i int, r *record.Row) {
	id := i
	if g.scatter { // an odd multiplier permutes a power of two; walk on until it is in range
		mask := uint64(1)<<bits.Len(uint(g.n)) - 1
		for v := uint64(i); ; {
			if v = v * 0x9e3779b97f4a7c15 & mask; v < uint64(g.n) {
				id = int(v)
				break
			}
		}
	}
	key := g.from + id
	if g.oneKey {
		key = 7
	}
	b := strconv.AppendInt(buf[:0], int64(10000000+key%100), 10)
	t := b
	b = strconv.AppendInt(b, int64(100000000000+key), 10)
	r.Pos = record.Pos(i) * 150
	r.Kind, r.Status, r.HasClock, r.Channel = record.Sale, record.OK, true, record.ChannelCard
	r.Amount = money.Fen(100 + id*7919%100000)
	if g.differ > 0 && id%g.differ == 0 {
		r.Amount++
	}
	r.Time = at0 + record.Time(id%36000)
	r.ClearingDate = day0
	r.Text[record.TerminalID], r.Text[record.RefNo] = b[:len(t)], b[len(t):]
	r.Text[record.MerchantID] = merchants[id%len(merchants)]
}

var merchants = [][]byte{[]byte("821290000000001"), []byte("821290000000002"), []byte("821290000000003")}

func (g *generated) Scan(ctx context.Context, workers int, need record.FieldSet, newVisitor func(int) func(*record.Row)) error {
	var wg sync.WaitGroup
	for w := range workers {
		visit := newVisitor(w)
		wg.Go(func() {
			var r record.Row
			var buf [64]byte
			for i := g.n * w / workers; i < g.n*(w+1)/workers; i++ {
				g.row(&buf, i, &r)
				visit(&r)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

func (g *generated) Reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(int) func(int, *record.Row)) error {
	visit := newVisitor(0)
	var r record.Row
	var buf [64]byte
	for i, p := range pos {
		g.row(&buf, int(p/150), &r)
		visit(i, &r)
	}
	return ctx.Err()
}

func (g *generated) Records(context.Context, int, []record.Pos) ([]record.Record, error) {
	return nil, nil
}

func BenchmarkRun(b *testing.B) {
	for _, c := range []struct {
		name     string
		pos, clr generated
		memory   int64
	}{
		{"1M", generated{n: 1 << 20, scatter: true}, generated{n: 1 << 20, differ: 100}, 0},
		{"1M-spill", generated{n: 1 << 20, scatter: true}, generated{n: 1 << 20, differ: 100}, 8 << 20},
		{"1M-onekey", generated{n: 1 << 20, oneKey: true, scatter: true}, generated{n: 1 << 20, oneKey: true, differ: 100}, 0},
		{"128k-onekey", generated{n: 1 << 17, oneKey: true, scatter: true}, generated{n: 1 << 17, oneKey: true, differ: 100}, 0},
		{"1M-nothing-fits", generated{n: 1 << 20, scatter: true}, generated{n: 1 << 20, from: 1 << 30}, 0},
		{"10M", generated{n: 10 << 20, scatter: true}, generated{n: 10 << 20, differ: 100}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			if c.pos.n > 2<<20 && testing.Short() {
				b.Skip()
			}
			opt := Options{AsOf: day0 + 1, Memory: c.memory, TempFile: tempFiles(b)}
			var peak uint64
			for b.Loop() {
				res, err := Run(context.Background(), &c.pos, &c.clr, nil, opt)
				if err != nil || !res.Proof.Balanced {
					b.Fatal(err, res.Proof.Failure)
				}
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapSys)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(2*c.pos.n), "ns/row")
			b.ReportMetric(float64(peak)/(1<<20), "MiB-heap")
		})
	}
}

func BenchmarkScanFact(b *testing.B) {
	g := generated{n: 1 << 20}
	r := newRun(func() Options { o := Options{AsOf: day0}; o.setDefaults(); return o }(), &g, &g, nil)
	var row record.Row
	var buf [64]byte
	cl := newClasser(r, pair.ClearingSide)
	k := newKeyer(1)
	b.Run("row", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			g.row(&buf, i&(1<<20-1), &row)
		}
	})
	b.Run("row+class", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			g.row(&buf, i&(1<<20-1), &row)
			cl.of(&row)
		}
	})
	b.Run("row+key", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			g.row(&buf, i&(1<<20-1), &row)
			k.key(result.KeyRef, &row)
		}
	})
}
