package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/ledger/storetest"
)

func open(t *testing.T, name string, opt Options) ledger.Store {
	t.Helper()
	s, err := Open(context.Background(), name, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (ledger.Store, func() ledger.Store) {
		name := filepath.Join(t.TempDir(), "账本 #1?.db")
		first := open(t, name, Options{Write: true})
		// Beside the lock: what two hosts could do on one network share.
		return first, func() ledger.Store {
			s := &store{name: name}
			t.Cleanup(func() { s.Close() })
			var err error
			if s.db, err = sql.Open("sqlite", (&fileURL{name}).String()); err != nil {
				t.Fatal(err)
			}
			s.db.SetMaxOpenConns(1)
			return s
		}
	})
}

func TestMemoryIsAStore(t *testing.T) {
	storetest.Run(t, func(*testing.T) (ledger.Store, func() ledger.Store) {
		m := ledger.NewMemory()
		return m, func() ledger.Store { return m }
	})
}

func wantCode(t *testing.T, err error, code ledger.Code) {
	t.Helper()
	if !errors.Is(err, &ledger.Error{Code: code}) {
		t.Errorf("error %v, want %v", err, code)
	}
}

// filled is a ledger of two nights.
func filled(t *testing.T) string {
	name := filepath.Join(t.TempDir(), "ledger.db")
	s := open(t, name, Options{Write: true})
	var h ledger.Head
	for i := range 2 {
		var err error
		if h, err = s.Commit(context.Background(), &ledger.Commit{Base: h, Day: h.Day + 20000, Body: []byte("body of a night"), Put: []ledger.Page{
			{Ref: ledger.Ref{Kind: "k", Key: fmt.Sprint("key", i)}, Body: bytes.Repeat([]byte("value "), 2000)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestALockedLedgerNamesItsHolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "ledger.db")
	who := ledger.Holder{PID: 4711, Host: "till-pc", Since: "2026-03-02T23:30:00+08:00"}
	s := open(t, name, Options{Write: true, Who: who})
	_, err := Open(context.Background(), name, Options{Write: true, Wait: 120 * time.Millisecond})
	wantCode(t, err, ledger.Busy)
	var e *ledger.Error
	if errors.As(err, &e) && (e.Holder != who || e.Name != name) {
		t.Errorf("told %+v", e)
	}
	open(t, name, Options{}) // to read needs no lock
	time.AfterFunc(60*time.Millisecond, func() { s.Close() })
	open(t, name, Options{Write: true, Wait: time.Minute})
}

func TestOnlyAWriterMakesALedger(t *testing.T) {
	name := filepath.Join(t.TempDir(), "none.db")
	_, err := Open(context.Background(), name, Options{})
	wantCode(t, err, ledger.Missing)
	if _, err := os.Stat(name); err == nil {
		t.Error("reading made a ledger")
	}
	_, err = Open(context.Background(), filepath.Join(name, "deep.db"), Options{Write: true})
	wantCode(t, err, ledger.Unreachable)
}

func TestWhatIsNoLedgerIsNeverMadeOne(t *testing.T) {
	for what, bytes := range map[string][]byte{"empty": {}, "text": []byte("日期,金额\n2026-03-02,1.00\n"), "magic only": magic} {
		name := filepath.Join(t.TempDir(), "ledger.db")
		if err := os.WriteFile(name, bytes, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Open(context.Background(), name, Options{Write: true})
		var e *ledger.Error
		if !errors.As(err, &e) || e.Code != ledger.NotALedger && e.Code != ledger.Damaged {
			t.Errorf("%s: %v", what, err)
		}
		if now, _ := os.ReadFile(name); string(now) != string(bytes) {
			t.Errorf("%s: the file was written to", what)
		}
	}
	name := filepath.Join(t.TempDir(), "other.db")
	db, err := sql.Open("sqlite", (&fileURL{name}).String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE contacts (name TEXT)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(context.Background(), name, Options{Write: true})
	wantCode(t, err, ledger.NotALedger)
}

func TestANewerSchemaIsRefused(t *testing.T) {
	name := filled(t)
	db, err := sql.Open("sqlite", (&fileURL{name}).String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf("PRAGMA user_version = %d", schemaVersion+1)); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(context.Background(), name, Options{Write: true})
	wantCode(t, err, ledger.Newer)
}

// Every byte of every row that a night has written is under a digest: a change
// of any of them is found when the ledger is opened. Beside the rows SQLite may
// leave stale copies in the file, which nobody reads.
func TestAChangedByteIsFound(t *testing.T) {
	name := filled(t)
	want := exported(t, open(t, name, Options{}))
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	seen, unseen := 0, 0
	for _, text := range []string{"value value", "body of a night", "key0", "key1"} {
		for at := 0; ; {
			i := bytes.Index(whole[at:], []byte(text))
			if i < 0 {
				if at == 0 {
					t.Errorf("%q is not in the file", text)
				}
				break
			}
			at += i + 1
			broken := bytes.Clone(whole)
			broken[at] ^= 1
			if err := os.WriteFile(name, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err := Open(context.Background(), name, Options{}); err == nil {
				unseen++
				if !bytes.Equal(exported(t, s), want) {
					t.Errorf("the changed byte %d in %q was not noticed", at, text)
				}
				s.Close()
			} else {
				seen++
			}
			if at > 40000 {
				break
			}
			at += 300
		}
	}
	if seen < 4*unseen {
		t.Errorf("%d changes were noticed, %d were not", seen, unseen)
	}
}

func exported(t *testing.T, s ledger.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ledger.Export(context.Background(), s, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestACutLedgerIsRefused(t *testing.T) {
	name := filled(t)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(whole) - 1; n > 0; n -= 1777 {
		if err := os.WriteFile(name, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := Open(context.Background(), name, Options{Write: true}); err == nil {
			s.Close()
			t.Errorf("cut to %d of %d bytes it is taken for whole", n, len(whole))
		}
	}
}

// fileURL names a file for the driver.
type fileURL struct{ name string }

func (u *fileURL) String() string { return dsn(u.name, true) }
