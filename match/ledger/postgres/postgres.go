// Package postgres keeps a ledger in a PostgreSQL database, for a team whose
// nights run on several machines. It behaves as package sqlite does; only this
// package knows its driver.
//
// Who runs at the same time works on the same head, and only the first commit
// on it counts: nobody waits for a lock through a whole night's run.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Options are how a ledger is opened.
type Options struct {
	// Write makes the ledger's tables if there are none, or brings them to this
	// program's version; without it a database without them is Missing.
	Write bool
}

// schemaVersion is the version of the tables that this program writes.
const schemaVersion = 1

// migrateLock is the number of the advisory lock under which tables are made.
const migrateLock = 0x6475697a

// migrations lead from each version of the schema to the next one. Keys are
// compared byte by byte whatever the database's language is.
var migrations = [schemaVersion]string{`
CREATE TABLE duizhang_night (
	seq  bigint PRIMARY KEY,
	day  integer NOT NULL UNIQUE,
	prev bytea NOT NULL,
	hash bytea NOT NULL,
	body bytea NOT NULL
);
CREATE TABLE duizhang_page (
	kind  text COLLATE "C" NOT NULL,
	key   text COLLATE "C" NOT NULL,
	since bigint NOT NULL,
	until bigint NOT NULL DEFAULT 0, -- 0: still counts
	hash  bytea NOT NULL,
	body  bytea,                     -- NULL: forgotten
	PRIMARY KEY (kind, key, since)
);
ALTER TABLE duizhang_page ALTER COLUMN body SET STORAGE EXTERNAL; -- it is compressed already
CREATE INDEX duizhang_page_since ON duizhang_page (since);
CREATE INDEX duizhang_page_until ON duizhang_page (until) WHERE until > 0;
`}

type store struct {
	config *pgx.ConnConfig
	conn   *pgx.Conn
	name   string
}

// Open opens the ledger at a URL (postgres://…) and checks its chain of
// nights. Pages are checked when they are read.
func Open(ctx context.Context, address string, opt Options) (ledger.Store, error) {
	s := &store{name: redacted(address)}
	var err error
	if s.config, err = pgx.ParseConfig(address); err == nil {
		s.config.RuntimeParams["application_name"] = "duizhang"
		s.conn, err = pgx.ConnectConfig(ctx, s.config)
	}
	if err != nil {
		// The driver's words may hold the address with its password.
		return nil, &ledger.Error{Code: ledger.Unreachable, Name: s.name, Detail: reasonOf(err)}
	}
	if err := s.open(ctx, opt); err != nil {
		s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

// redacted is the address without user and password.
func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres://"
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// reasonOf is what the server or the system says, without the address.
func reasonOf(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Message
	}
	for errors.Unwrap(err) != nil {
		err = errors.Unwrap(err)
	}
	if text := err.Error(); !strings.Contains(text, "postgres") {
		return text
	}
	return ""
}

func (s *store) open(ctx context.Context, opt Options) error {
	if err := s.migrate(ctx, opt.Write); err != nil {
		return err
	}
	nights, err := s.Nights(ctx)
	if err != nil {
		return err
	}
	_, err = ledger.CheckChain(nights)
	return err
}

// version is the version of the tables; 0: there are none.
func version(ctx context.Context, tx pgx.Tx) (v int, err error) {
	var there bool
	if err := tx.QueryRow(ctx, "SELECT to_regclass('duizhang_schema') IS NOT NULL").Scan(&there); err != nil || !there {
		return 0, err
	}
	err = tx.QueryRow(ctx, "SELECT version FROM duizhang_schema").Scan(&v)
	return v, err
}

// migrate brings the tables to this program's version in one transaction,
// under a lock that all who start at once share.
func (s *store) migrate(ctx context.Context, write bool) error {
	return pgx.BeginFunc(ctx, s.conn, func(tx pgx.Tx) error {
		if write {
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrateLock)); err != nil {
				return err
			}
		}
		v, err := version(ctx, tx)
		switch {
		case err != nil:
			return err
		case v > schemaVersion:
			return &ledger.Error{Code: ledger.Newer, Detail: fmt.Sprintf("version %d; this program knows %d", v, schemaVersion)}
		case v == schemaVersion:
			return nil
		case !write:
			return &ledger.Error{Code: ledger.Missing}
		}
		for _, m := range migrations[v:] {
			if _, err := tx.Exec(ctx, m); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS duizhang_schema (version integer NOT NULL); DELETE FROM duizhang_schema; INSERT INTO duizhang_schema VALUES (%d)", schemaVersion))
		return err
	})
}

// explain gives the driver's errors the meaning of the package ledger.
func (s *store) explain(err error) error {
	var known *ledger.Error
	if errors.As(err, &known) {
		if known.Name == "" {
			known.Name = s.name
		}
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code := ledger.Unreachable
	var e *pgconn.PgError
	if errors.As(err, &e) {
		switch e.Code {
		case "40001", "40P01", "55P03": // serialization, deadlock, lock not available
			code = ledger.Busy
		case "42P01", "42703", "XX001", "XX002": // other tables than ours, or damaged ones
			code = ledger.Damaged
		}
	}
	return &ledger.Error{Code: code, Name: s.name, Detail: reasonOf(err), Err: err}
}

func (s *store) ok(err error) error {
	if err != nil {
		return s.explain(err)
	}
	return nil
}

// use is the connection. The driver closes it when a context ends in the
// middle of something; then a new one takes its place.
func (s *store) use(ctx context.Context) (*pgx.Conn, error) {
	if !s.conn.IsClosed() {
		return s.conn, nil
	}
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err == nil {
		s.conn = conn
	}
	return s.conn, err
}

// Close implements ledger.Store.
func (s *store) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close(context.Background())
}

// query is what a connection and a transaction have in common.
type query interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
}

const nightColumns = "SELECT seq, day, prev, hash, body FROM duizhang_night "

// Nights implements ledger.Store.
func (s *store) Nights(ctx context.Context) (list []ledger.Night, err error) {
	conn, err := s.use(ctx)
	if err == nil {
		err = eachNight(ctx, conn, nightColumns+"ORDER BY seq", func(n *ledger.Night) error {
			list = append(list, *n)
			return nil
		})
	}
	return list, s.ok(err)
}

// Head implements ledger.Store.
func (s *store) Head(ctx context.Context) (ledger.Head, error) {
	conn, err := s.use(ctx)
	if err != nil {
		return ledger.Head{}, s.explain(err)
	}
	h, err := head(ctx, conn)
	return h, s.ok(err)
}

func head(ctx context.Context, q query) (h ledger.Head, err error) {
	err = eachNight(ctx, q, nightColumns+"ORDER BY seq DESC LIMIT 1", func(n *ledger.Night) error {
		h = n.Head()
		return nil
	})
	return h, err
}

func eachNight(ctx context.Context, q query, text string, visit func(*ledger.Night) error) error {
	rows, err := q.Query(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n ledger.Night
		var prev, hash []byte
		var day int64
		if err := rows.Scan(&n.Seq, &day, &prev, &hash, &n.Body); err != nil {
			return err
		}
		n.Day = record.Date(day)
		if copy(n.Prev[:], prev) != len(prev) || copy(n.Hash[:], hash) != len(n.Hash) || len(hash) != len(n.Hash) {
			return &ledger.Error{Code: ledger.Damaged, Detail: fmt.Sprintf("night %d", n.Seq)}
		}
		if err := visit(&n); err != nil {
			return err
		}
	}
	return rows.Err()
}

const pageColumns = "SELECT kind, key, since, until, hash, body FROM duizhang_page "

// Pages implements ledger.Store.
func (s *store) Pages(ctx context.Context, kind ledger.Kind, prefix string, at int64, visit func(*ledger.Page) error) error {
	var stop error
	conn, err := s.use(ctx)
	if err != nil {
		return s.explain(err)
	}
	err = eachPage(ctx, conn, pageColumns+"WHERE kind = $1 AND since <= $2 AND (until = 0 OR until > $2) AND key >= $3 AND starts_with(key, $3) ORDER BY key",
		[]any{string(kind), at, prefix}, func(p *ledger.Page) error {
			err := p.Check()
			if err == nil {
				stop = visit(p)
				err = stop
			}
			return err
		})
	if stop != nil {
		return stop
	}
	return s.ok(err)
}

func eachPage(ctx context.Context, q query, text string, args []any, visit func(*ledger.Page) error) error {
	rows, err := q.Query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p ledger.Page
		var kind string
		var hash []byte
		if err := rows.Scan(&kind, &p.Key, &p.Since, &p.Until, &hash, &p.Body); err != nil {
			return err
		}
		p.Kind, p.Forgotten = ledger.Kind(kind), p.Body == nil
		if copy(p.Hash[:], hash) != len(p.Hash) || len(hash) != len(p.Hash) {
			return &ledger.Error{Code: ledger.Damaged, Detail: fmt.Sprintf("page %s %s of night %d", p.Kind, p.Key, p.Since)}
		}
		if err := visit(&p); err != nil {
			return err
		}
	}
	return rows.Err()
}

// inTx runs a change with the table of nights locked against other changes;
// to read stays possible.
func (s *store) inTx(ctx context.Context, do func(pgx.Tx) error) error {
	conn, err := s.use(ctx)
	if err != nil {
		return s.explain(err)
	}
	return s.ok(pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "LOCK TABLE duizhang_night IN EXCLUSIVE MODE"); err != nil {
			return err
		}
		return do(tx)
	}))
}

// Add implements ledger.Store.
func (s *store) Add(ctx context.Context, base ledger.Head, p ledger.Page) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := head(ctx, tx)
		if err != nil {
			return err
		}
		var there int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM duizhang_page WHERE kind = $1 AND key = $2 AND until = 0", string(p.Kind), p.Key).Scan(&there); err != nil {
			return err
		}
		if now != base || there > 0 {
			return &ledger.Error{Code: ledger.Moved, Head: now}
		}
		return copyPages(ctx, tx, []ledger.Page{p})
	})
}

// Commit implements ledger.Store.
func (s *store) Commit(ctx context.Context, c *ledger.Commit) (h ledger.Head, err error) {
	err = s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := head(ctx, tx)
		if err != nil {
			return err
		}
		if now != c.Base {
			return &ledger.Error{Code: ledger.Moved, Head: now}
		}
		if c.Replace {
			if err := undo(ctx, tx, now); err != nil {
				return err
			}
			if now, err = head(ctx, tx); err != nil {
				return err
			}
		}
		if c.Day <= now.Day {
			return &ledger.Error{Code: ledger.OutOfOrder, Head: now}
		}
		h, err = apply(ctx, tx, c, now)
		return err
	})
	return h, err
}

// apply writes a night on top of prev.
func apply(ctx context.Context, tx pgx.Tx, c *ledger.Commit, prev ledger.Head) (h ledger.Head, err error) {
	seq := prev.Seq + 1
	put := make([]ledger.Ref, len(c.Put))
	for i := range c.Put {
		put[i] = c.Put[i].Ref
	}
	ended, err := end(ctx, tx, seq, put)
	if err != nil {
		return h, err
	}
	dropped, err := end(ctx, tx, seq, c.Drop)
	if err != nil {
		return h, err
	}
	if len(dropped) != len(c.Drop) {
		return h, fmt.Errorf("of %d pages to be dropped only %d are there", len(c.Drop), len(dropped))
	}
	n := c.Seal(prev, append(ended, dropped...))
	if err := copyPages(ctx, tx, c.Put); err != nil {
		return h, err
	}
	if err := insertNight(ctx, tx, &n); err != nil {
		return h, err
	}
	_, err = tx.Exec(ctx, "UPDATE duizhang_page SET body = NULL WHERE until > 0 AND until <= $1 AND body IS NOT NULL", n.Seq-ledger.KeepNights)
	return n.Head(), err
}

// end ends those of the pages that still count, and says which these are.
func end(ctx context.Context, tx pgx.Tx, seq int64, refs []ledger.Ref) ([]ledger.Ref, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	kinds, keys := make([]string, len(refs)), make([]string, len(refs))
	for i, r := range refs {
		kinds[i], keys[i] = string(r.Kind), r.Key
	}
	rows, err := tx.Query(ctx, `UPDATE duizhang_page p SET until = $1 FROM unnest($2::text[], $3::text[]) AS r(kind, key)
		WHERE p.kind = r.kind COLLATE "C" AND p.key = r.key COLLATE "C" AND p.until = 0 RETURNING p.kind, p.key`, seq, kinds, keys)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r ledger.Ref, err error) {
		var kind string
		err = row.Scan(&kind, &r.Key)
		r.Kind = ledger.Kind(kind)
		return r, err
	})
}

func insertNight(ctx context.Context, tx pgx.Tx, n *ledger.Night) error {
	_, err := tx.Exec(ctx, "INSERT INTO duizhang_night (seq, day, prev, hash, body) VALUES ($1, $2, $3, $4, $5)", n.Seq, int64(n.Day), n.Prev[:], n.Hash[:], blob(n.Body))
	return err
}

func copyPages(ctx context.Context, tx pgx.Tx, pages []ledger.Page) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"duizhang_page"}, []string{"kind", "key", "since", "until", "hash", "body"},
		pgx.CopyFromSlice(len(pages), func(i int) ([]any, error) {
			p := &pages[i]
			var body any
			if !p.Forgotten {
				body = blob(p.Body)
			}
			return []any{string(p.Kind), p.Key, p.Since, p.Until, p.Hash[:], body}, nil
		}))
	return err
}

// blob keeps an empty body from becoming NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Undo implements ledger.Store.
func (s *store) Undo(ctx context.Context, last ledger.Head) error {
	return s.inTx(ctx, func(tx pgx.Tx) error {
		now, err := head(ctx, tx)
		if err != nil {
			return err
		}
		if now != last || last.Seq == 0 {
			return &ledger.Error{Code: ledger.Moved, Head: now}
		}
		return undo(ctx, tx, last)
	})
}

// undo takes the last night back.
func undo(ctx context.Context, tx pgx.Tx, last ledger.Head) error {
	var gone int64
	if err := tx.QueryRow(ctx, "SELECT count(*) FROM duizhang_page WHERE until = $1 AND body IS NULL", last.Seq).Scan(&gone); err != nil {
		return err
	}
	if gone > 0 {
		return &ledger.Error{Code: ledger.TooOld, Head: last}
	}
	for _, text := range [...]string{"DELETE FROM duizhang_page WHERE since = $1", "UPDATE duizhang_page SET until = 0 WHERE until = $1", "DELETE FROM duizhang_night WHERE seq = $1"} {
		if _, err := tx.Exec(ctx, text, last.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Dump implements ledger.Store.
func (s *store) Dump(ctx context.Context, night func(*ledger.Night) error, page func(*ledger.Page) error) error {
	conn, err := s.use(ctx)
	if err != nil {
		return s.explain(err)
	}
	err = pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if err := eachNight(ctx, tx, nightColumns+"ORDER BY seq", night); err != nil {
			return err
		}
		return eachPage(ctx, tx, pageColumns+"ORDER BY kind, key, since", nil, page)
	})
	return s.ok(err)
}

// restorePages is how many pages travel at a time.
const restorePages = 256

// Restore implements ledger.Store.
func (s *store) Restore(ctx context.Context, from ledger.Store) error {
	h, err := s.Head(ctx)
	if err != nil {
		return err
	}
	if h.Seq != 0 {
		return &ledger.Error{Code: ledger.NotEmpty, Name: s.name, Head: h}
	}
	return s.inTx(ctx, func(tx pgx.Tx) error {
		var batch []ledger.Page
		err := from.Dump(ctx, func(n *ledger.Night) error { return insertNight(ctx, tx, n) }, func(p *ledger.Page) error {
			if batch = append(batch, *p); len(batch) < restorePages {
				return nil
			}
			err := copyPages(ctx, tx, batch)
			batch = batch[:0]
			return err
		})
		if err != nil {
			return err
		}
		return copyPages(ctx, tx, batch)
	})
}
