package match

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/duizhang/duizhang/parse/record"
)

// memory is a Source over rows in memory. Row i stands at position at[i].
type memory struct {
	rows    []record.Row
	carries record.FieldSet
}

// newMemory lays the rows out in their order, at positions 100, 200, …
func newMemory(rows []record.Row) *memory {
	m := &memory{rows: slices.Clone(rows)}
	for i := range m.rows {
		m.rows[i].Pos = record.Pos(100 * (i + 1))
		for f, t := range m.rows[i].Text {
			if len(t) > 0 {
				m.carries = m.carries.With(record.Field(f))
			}
		}
	}
	return m
}

func (m *memory) Carries() record.FieldSet { return m.carries }

func (m *memory) Scan(ctx context.Context, workers int, need record.FieldSet, newVisitor func(int) func(*record.Row)) error {
	return m.each(ctx, workers, len(m.rows), newVisitor, func(visit func(*record.Row), i int) {
		row := m.rows[i]
		for f := range row.Text {
			if !need.Has(record.Field(f)) {
				row.Text[f] = nil
			}
		}
		visit(&row)
	})
}

func (m *memory) Reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(int) func(int, *record.Row)) error {
	for i := 1; i < len(pos); i++ {
		if pos[i] <= pos[i-1] {
			return fmt.Errorf("positions %d and %d are not ascending", pos[i-1], pos[i])
		}
	}
	return m.each(ctx, workers, len(pos), func(w int) func(*record.Row) {
		visit := newVisitor(w)
		return func(r *record.Row) { visit(slices.Index(pos, r.Pos), r) }
	}, func(visit func(*record.Row), i int) {
		row := m.rows[pos[i]/100-1]
		visit(&row)
	})
}

// each deals n rows out to the workers in blocks, so that neighbours meet
// different workers.
func (m *memory) each(ctx context.Context, workers, n int, newVisitor func(int) func(*record.Row), visit func(func(*record.Row), int)) error {
	var wg sync.WaitGroup
	for w := range max(workers, 1) {
		v := newVisitor(w)
		wg.Go(func() {
			for i := w; i < n && ctx.Err() == nil; i += max(workers, 1) {
				visit(v, i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}

func (m *memory) Records(_ context.Context, _ int, pos []record.Pos) ([]record.Record, error) {
	var out []record.Record
	for _, p := range pos {
		r := &m.rows[p/100-1]
		rec := record.Record{Pos: r.Pos, Doc: r.Doc, Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel,
			HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited, Time: r.Time,
			ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate,
			Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited}
		for f, t := range r.Text {
			rec.Text[f] = string(t)
		}
		rec.Source = fmt.Sprintf("memory:%d", p/100)
		out = append(out, rec)
	}
	return out, nil
}
