package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/ledger/storetest"

	"github.com/jackc/pgx/v5"
)

// server is a PostgreSQL server of the tests' own, on a socket in a folder of
// its own: initdb and postgres of the newest version that Debian's package has
// put under /usr/lib/postgresql.
type server struct {
	folder string
	as     *user.User // who runs it: the server refuses to be root
}

// the is started by the first test that asks for it; skip says why there is none.
var the struct {
	once   sync.Once
	server *server
	skip   string
}

func TestMain(m *testing.M) {
	code := m.Run()
	if the.server != nil {
		the.server.stop()
	}
	os.Exit(code)
}

func running(t *testing.T) *server {
	t.Helper()
	the.once.Do(func() {
		var err error
		if the.server, err = start(); err != nil {
			the.skip = err.Error()
		}
	})
	if the.server == nil {
		t.Skipf("NOT TESTED: the ledger on PostgreSQL, because no server could be started here (%s); on Debian: apt-get install postgresql", the.skip)
	}
	return the.server
}

func start() (*server, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if len(found) == 0 {
		return nil, errors.New("no /usr/lib/postgresql/*/bin/postgres")
	}
	slices.SortFunc(found, func(a, b string) int { return versionOf(a) - versionOf(b) })
	bin := filepath.Dir(found[len(found)-1])
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s := &server{folder: folder}
	if os.Geteuid() == 0 {
		if s.as, err = user.Lookup("postgres"); err != nil {
			return nil, err
		}
		uid, _ := strconv.Atoi(s.as.Uid)
		if err := os.Chown(folder, uid, -1); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(folder, "data")
	if err := s.run(filepath.Join(bin, "initdb"), "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	err = s.run(filepath.Join(bin, "pg_ctl"), "-D", data, "-w", "-t", "60", "-l", filepath.Join(folder, "log"),
		"-o", "-c listen_addresses='' -c fsync=off -c unix_socket_directories="+folder, "start")
	if err != nil {
		os.RemoveAll(folder)
		return nil, err
	}
	return s, nil
}

// versionOf reads 15 in /usr/lib/postgresql/15/bin/postgres.
func versionOf(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// run runs a program of the server's, as the server's user.
func (s *server) run(name string, args ...string) error {
	cmd := exec.Command(name, args...)
	if s.as != nil {
		cmd = exec.Command("setpriv", append([]string{"--reuid=" + s.as.Uid, "--regid=" + s.as.Gid, "--clear-groups", name}, args...)...)
	}
	cmd.Dir = s.folder
	out, err := os.CreateTemp("", "pg-out") // not a pipe: the server would hold it open
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		return fmt.Errorf("%s: %w: %s", filepath.Base(name), err, strings.TrimSpace(string(said)))
	}
	return nil
}

func (s *server) stop() {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_ctl")
	if len(found) > 0 {
		_ = s.run(found[len(found)-1], "-D", filepath.Join(s.folder, "data"), "-m", "immediate", "stop")
	}
	os.RemoveAll(s.folder)
}

func (s *server) url(database string) string {
	return "postgres://tester@/" + database + "?host=" + s.folder
}

var databases int

// database makes an empty one.
func database(t *testing.T) string {
	t.Helper()
	s := running(t)
	databases++
	name := fmt.Sprintf("test%d", databases)
	admin, err := connect(s.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if _, err := admin.conn.Exec(context.Background(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return s.url(name)
}

func open(t *testing.T, address string, opt Options) ledger.Store {
	t.Helper()
	s, err := Open(context.Background(), address, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T) (ledger.Store, func() ledger.Store) {
		address := database(t)
		return open(t, address, Options{Write: true}), func() ledger.Store { return open(t, address, Options{Write: true}) }
	})
}

func wantCode(t *testing.T, err error, code ledger.Code) {
	t.Helper()
	if !errors.Is(err, &ledger.Error{Code: code}) {
		t.Errorf("error %v, want %v", err, code)
	}
}

func TestOnlyAWriterMakesTheTables(t *testing.T) {
	address := database(t)
	_, err := Open(context.Background(), address, Options{})
	wantCode(t, err, ledger.Missing)
	var wg sync.WaitGroup
	for range 4 { // all at once: the tables are made once
		wg.Go(func() {
			s, err := Open(context.Background(), address, Options{Write: true})
			if err != nil {
				t.Error(err)
				return
			}
			s.Close()
		})
	}
	wg.Wait()
	open(t, address, Options{})
}

func TestANewerSchemaIsRefused(t *testing.T) {
	address := database(t)
	open(t, address, Options{Write: true})
	raw, err := connect(address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.conn.Exec(context.Background(), "UPDATE duizhang_schema SET version = version + 1"); err != nil {
		t.Fatal(err)
	}
	_, err = Open(context.Background(), address, Options{Write: true})
	wantCode(t, err, ledger.Newer)
}

func TestAChangedRowIsFound(t *testing.T) {
	for _, change := range []string{
		"UPDATE duizhang_page SET body = '\\x00'", "UPDATE duizhang_page SET key = 'b'", "UPDATE duizhang_page SET until = 1",
		"UPDATE duizhang_night SET body = '\\x00'", "UPDATE duizhang_night SET day = day + 1", "DELETE FROM duizhang_page", "DELETE FROM duizhang_night",
	} {
		address := database(t)
		s := open(t, address, Options{Write: true})
		if _, err := s.Commit(context.Background(), &ledger.Commit{Day: 20000, Body: []byte("b"), Put: []ledger.Page{{Ref: ledger.Ref{Kind: "k", Key: "a"}, Body: []byte("x")}}}); err != nil {
			t.Fatal(err)
		}
		raw, err := connect(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := raw.conn.Exec(context.Background(), change); err != nil {
			t.Fatal(err)
		}
		raw.Close()
		_, err = ledger.Check(context.Background(), s)
		wantCode(t, err, ledger.Damaged)
	}
}

func TestAPasswordIsNeverTold(t *testing.T) {
	for _, address := range []string{"postgres://who:geheim@127.0.0.1:1/none?connect_timeout=1", "postgres://who:geheim@[::bad/none", "postgres://who:geheim@h/d?sslmode=geheim"} {
		_, err := Open(context.Background(), address, Options{})
		wantCode(t, err, ledger.Unreachable)
		if err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%v", err)
		}
	}
}

// connect opens a connection beside the store's own.
func connect(address string) (*store, error) {
	s := &store{}
	var err error
	s.conn, err = pgxConnect(address)
	return s, err
}

func pgxConnect(address string) (*pgx.Conn, error) { return pgx.Connect(context.Background(), address) }
