package match

import (
	"context"

	"github.com/duizhang/duizhang/parse/record"
)

// Source is one side's rows, which can be scanned as often as needed and read
// again by position. *parse.Set is the real one; tests use one over a slice.
//
// Visitors are made per worker by newVisitor(worker) and called from that
// worker's goroutine only; a *parse.Row is valid until the visitor returns.
type Source interface {
	// Carries says which text fields at least one document binds. A key that
	// is not carried costs nothing.
	Carries() record.FieldSet
	// Scan visits every accepted row once, in no particular order. Only the
	// text fields in need are sure to be filled in.
	Scan(ctx context.Context, workers int, need record.FieldSet, newVisitor func(worker int) func(*record.Row)) error
	// Reread visits the rows at the given positions (ascending, distinct);
	// i is the index into pos. All text fields are filled in.
	Reread(ctx context.Context, workers int, pos []record.Pos, newVisitor func(worker int) func(i int, r *record.Row)) error
	// Records reads rows again and keeps them, in the order of pos, which
	// may be any.
	Records(ctx context.Context, workers int, pos []record.Pos) ([]record.Record, error)
}
