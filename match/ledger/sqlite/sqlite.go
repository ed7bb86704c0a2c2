// Package sqlite keeps a ledger in one SQLite file. It is the store that is
// built in; only this package knows its driver.
//
// SQLite does not notice a byte that changed inside a live row, so every page
// and every night carries a digest of its own. A write waits until the disk
// has it (synchronous=FULL), and one writer at a time holds a lock file beside
// the ledger, which the system gives back whatever becomes of the process.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse/record"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Options are how a ledger is opened.
type Options struct {
	// Write takes the lock and makes the ledger if there is none; without it a
	// ledger that does not exist is Missing.
	Write bool
	// Glance looks at the chain of nights only, and checks no page.
	Glance bool
	// Wait is how long to wait for another one's lock.
	Wait time.Duration
	// Who is written into the lock file for those who wait.
	Who ledger.Holder
}

// schemaVersion is the version of the tables that this program writes.
const schemaVersion = 1

// applicationID marks the file as a ledger: "duiz".
const applicationID = 0x6475697a

// migrations lead from each version of the schema to the next one.
var migrations = [schemaVersion]string{`
CREATE TABLE night (
	seq  INTEGER PRIMARY KEY,
	day  INTEGER NOT NULL,
	prev BLOB NOT NULL,
	hash BLOB NOT NULL,
	body BLOB NOT NULL
) STRICT;
CREATE TABLE page (
	kind  TEXT NOT NULL,
	key   TEXT NOT NULL,
	since INTEGER NOT NULL,
	until INTEGER NOT NULL DEFAULT 0, -- 0: still counts
	hash  BLOB NOT NULL,
	body  BLOB,                       -- NULL: forgotten
	PRIMARY KEY (kind, key, since)
) STRICT;
CREATE INDEX page_since ON page (since);
CREATE INDEX page_until ON page (until) WHERE until > 0;
`}

// wholeCheck is up to which size a ledger is checked as a whole when it is
// opened. Of a larger one the chain of nights is, and each page when it is read.
const wholeCheck = 64 << 20

type store struct {
	db   *sql.DB
	name string
	lock *os.File
}

var magic = []byte("SQLite format 3\x00")

// Open opens a ledger and checks it.
func Open(ctx context.Context, name string, opt Options) (ledger.Store, error) {
	s := &store{name: name}
	err := s.open(ctx, opt)
	if err != nil {
		s.Close()
		return nil, s.explain(err)
	}
	return s, nil
}

func (s *store) open(ctx context.Context, opt Options) (err error) {
	if opt.Write {
		if s.lock, err = takeLock(ctx, s.name, opt); err != nil {
			return err
		}
	}
	size, err := s.look(opt.Write)
	if err != nil {
		return err
	}
	if s.db, err = sql.Open("sqlite", dsn(s.name, opt.Write)); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	if err := s.migrate(ctx, size == 0); err != nil {
		return err
	}
	if opt.Glance {
		size = wholeCheck + 1
	}
	return s.check(ctx, size)
}

// dsn names the file for the driver, whatever characters its name has.
func dsn(name string, write bool) string {
	if abs, err := filepath.Abs(name); err == nil {
		name = abs
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(5000)", "trusted_schema(OFF)", "cell_size_check(ON)"}}
	if write {
		q.Set("mode", "rwc")
		q["_pragma"] = append(q["_pragma"], "synchronous(FULL)", "journal_mode(DELETE)", "secure_delete(ON)")
		q.Set("_txlock", "immediate") // so that the head that is read is the one that is written on
	}
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(name), RawQuery: q.Encode()}
	if !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path // C:/…
	}
	return u.String()
}

// look says how large the file is, before the driver sees it: a ledger is never
// silently made anew where something else lies.
func (s *store) look(write bool) (size int64, err error) {
	f, err := os.Open(s.name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && write:
		return 0, nil
	case errors.Is(err, fs.ErrNotExist):
		return 0, &ledger.Error{Code: ledger.Missing}
	case err != nil:
		return 0, &ledger.Error{Code: ledger.Unreachable, Err: err}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, &ledger.Error{Code: ledger.Unreachable, Err: err}
	}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != string(magic) {
		return 0, &ledger.Error{Code: ledger.NotALedger, Detail: fmt.Sprintf("its %d bytes do not begin as a ledger does", info.Size())}
	}
	return info.Size(), nil
}

// migrate brings the tables to this program's version, in one transaction.
func (s *store) migrate(ctx context.Context, fresh bool) error {
	var id, version int
	if err := s.db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	switch {
	case !fresh && id != applicationID:
		return &ledger.Error{Code: ledger.NotALedger, Detail: "it is another program's database"}
	case version > schemaVersion:
		return &ledger.Error{Code: ledger.Newer, Detail: fmt.Sprintf("version %d; this program knows %d", version, schemaVersion)}
	case version == schemaVersion:
		return nil
	}
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, m := range migrations[version:] {
			if _, err := tx.ExecContext(ctx, m); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", applicationID, schemaVersion))
		return err
	})
}

// check looks for damage: SQLite's own, and what its checks do not see.
func (s *store) check(ctx context.Context, size int64) error {
	if size > wholeCheck {
		nights, err := s.Nights(ctx)
		if err != nil {
			return err
		}
		_, err = ledger.CheckChain(nights)
		return err
	}
	var said string
	if err := s.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
		return err
	}
	if said != "ok" {
		return &ledger.Error{Code: ledger.Damaged, Detail: said}
	}
	_, err := ledger.Check(ctx, s)
	return err
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
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			code = ledger.Busy
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_ERROR:
			code = ledger.Damaged // an error in our own statements: other tables than ours
		case sqlite3.SQLITE_NOTADB:
			code = ledger.NotALedger
		}
	}
	return &ledger.Error{Code: code, Name: s.name, Err: err}
}

func (s *store) inTx(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// Close implements ledger.Store.
func (s *store) Close() error {
	var err error
	if s.db != nil {
		err = s.db.Close()
	}
	releaseLock(s.lock)
	s.lock = nil
	return err
}

// query is what a connection and a transaction have in common.
type query interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

const nightColumns = "SELECT seq, day, prev, hash, body FROM night "

// Nights implements ledger.Store.
func (s *store) Nights(ctx context.Context) (list []ledger.Night, err error) {
	err = eachNight(ctx, s.db, nightColumns+"ORDER BY seq", func(n *ledger.Night) error {
		list = append(list, *n)
		return nil
	})
	return list, s.ok(err)
}

// ok is explain for an error that may be none.
func (s *store) ok(err error) error {
	if err != nil {
		return s.explain(err)
	}
	return nil
}

// Head implements ledger.Store.
func (s *store) Head(ctx context.Context) (ledger.Head, error) {
	h, err := head(ctx, s.db)
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
	rows, err := q.QueryContext(ctx, text)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var n ledger.Night
		var prev, hash sql.RawBytes
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

const pageColumns = "SELECT kind, key, since, until, hash, body FROM page "

// Pages implements ledger.Store.
func (s *store) Pages(ctx context.Context, kind ledger.Kind, prefix string, at int64, visit func(*ledger.Page) error) error {
	text, args := pageColumns+"WHERE kind = ? AND since <= ? AND (until = 0 OR until > ?)", []any{string(kind), at, at}
	if prefix != "" {
		text += " AND key >= ? AND substr(key, 1, ?) = ?"
		args = append(args, prefix, len([]rune(prefix)), prefix)
	}
	var stop error
	err := eachPage(ctx, s.db, text+" ORDER BY key", args, func(p *ledger.Page) error {
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
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p ledger.Page
		var kind string
		var hash sql.RawBytes
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

// Add implements ledger.Store.
func (s *store) Add(ctx context.Context, base ledger.Head, p ledger.Page) error {
	return s.ok(s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := head(ctx, tx)
		if err != nil {
			return err
		}
		var there int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM page WHERE kind = ? AND key = ? AND until = 0", string(p.Kind), p.Key).Scan(&there); err != nil {
			return err
		}
		if now != base || there > 0 {
			return &ledger.Error{Code: ledger.Moved, Head: now}
		}
		return insertPages(ctx, tx, []ledger.Page{p})
	}))
}

// Commit implements ledger.Store.
func (s *store) Commit(ctx context.Context, c *ledger.Commit) (h ledger.Head, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
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
	return h, s.ok(err)
}

// apply writes a night on top of prev.
func apply(ctx context.Context, tx *sql.Tx, c *ledger.Commit, prev ledger.Head) (h ledger.Head, err error) {
	seq := prev.Seq + 1
	end, err := tx.PrepareContext(ctx, "UPDATE page SET until = ? WHERE kind = ? AND key = ? AND until = 0")
	if err != nil {
		return h, err
	}
	defer end.Close()
	var ended []ledger.Ref
	ends := func(r ledger.Ref) (bool, error) {
		res, err := end.ExecContext(ctx, seq, string(r.Kind), r.Key)
		if err != nil {
			return false, err
		}
		n, err := res.RowsAffected()
		if n > 0 {
			ended = append(ended, r)
		}
		return n > 0, err
	}
	for i := range c.Put {
		if _, err := ends(c.Put[i].Ref); err != nil {
			return h, err
		}
	}
	for _, r := range c.Drop {
		if was, err := ends(r); err != nil || !was {
			return h, errors.Join(fmt.Errorf("page %s %s is not there to be dropped", r.Kind, r.Key), err)
		}
	}
	n := c.Seal(prev, ended)
	if err := insertPages(ctx, tx, c.Put); err != nil {
		return h, err
	}
	if err := insertNight(ctx, tx, &n); err != nil {
		return h, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE page SET body = NULL WHERE until > 0 AND until <= ? AND body IS NOT NULL", n.Seq-ledger.KeepNights)
	return n.Head(), err
}

func insertNight(ctx context.Context, tx *sql.Tx, n *ledger.Night) error {
	_, err := tx.ExecContext(ctx, "INSERT INTO night (seq, day, prev, hash, body) VALUES (?, ?, ?, ?, ?)", n.Seq, int64(n.Day), n.Prev[:], n.Hash[:], blob(n.Body))
	return err
}

func insertPages(ctx context.Context, tx *sql.Tx, pages []ledger.Page) error {
	put, err := tx.PrepareContext(ctx, "INSERT INTO page (kind, key, since, until, hash, body) VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for i := range pages {
		p := &pages[i]
		var body any
		if !p.Forgotten {
			body = blob(p.Body)
		}
		if _, err := put.ExecContext(ctx, string(p.Kind), p.Key, p.Since, p.Until, p.Hash[:], body); err != nil {
			return err
		}
	}
	return nil
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
	return s.ok(s.inTx(ctx, func(tx *sql.Tx) error {
		now, err := head(ctx, tx)
		if err != nil {
			return err
		}
		if now != last || last.Seq == 0 {
			return &ledger.Error{Code: ledger.Moved, Head: now}
		}
		return undo(ctx, tx, last)
	}))
}

// undo takes the last night back.
func undo(ctx context.Context, tx *sql.Tx, last ledger.Head) error {
	var gone int64
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM page WHERE until = ? AND body IS NULL", last.Seq).Scan(&gone); err != nil {
		return err
	}
	if gone > 0 {
		return &ledger.Error{Code: ledger.TooOld, Head: last}
	}
	for _, text := range [...]string{"DELETE FROM page WHERE since = ?", "UPDATE page SET until = 0 WHERE until = ?", "DELETE FROM night WHERE seq = ?"} {
		if _, err := tx.ExecContext(ctx, text, last.Seq); err != nil {
			return err
		}
	}
	return nil
}

// Dump implements ledger.Store.
func (s *store) Dump(ctx context.Context, night func(*ledger.Night) error, page func(*ledger.Page) error) error {
	if err := eachNight(ctx, s.db, nightColumns+"ORDER BY seq", night); err != nil {
		return s.explain(err)
	}
	return s.ok(eachPage(ctx, s.db, pageColumns+"ORDER BY kind, key, since", nil, page))
}

// Restore implements ledger.Store.
func (s *store) Restore(ctx context.Context, from ledger.Store) error {
	h, err := s.Head(ctx)
	if err != nil {
		return err
	}
	if h.Seq != 0 {
		return &ledger.Error{Code: ledger.NotEmpty, Name: s.name, Head: h}
	}
	return s.ok(s.inTx(ctx, func(tx *sql.Tx) error {
		return from.Dump(ctx, func(n *ledger.Night) error { return insertNight(ctx, tx, n) }, func(p *ledger.Page) error {
			return insertPages(ctx, tx, []ledger.Page{*p})
		})
	}))
}
