package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"duizhang":    main,
		"duizhang-at": mainAt,
	})
}

// mainAt is the program with an accident: at the stage that $STAGE names, it
// does what $ACCIDENT says.
func mainAt() {
	start(func(e *env) {
		e.reached = func(ctx context.Context, s stage) {
			if string(s) == os.Getenv("STAGE") {
				accident(ctx, os.Getenv("ACCIDENT"))
			}
		}
		if os.Getenv("OWN_CONSOLE") != "" {
			e.ownConsole = func() bool { return true }
		}
		// What would be opened is told; a page that was is closed at once.
		e.show = func(what string) error {
			line(e.stdout, "opened "+what)
			if !strings.HasPrefix(what, "http") {
				return nil
			}
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				return err
			}
			return self.Signal(os.Interrupt)
		}
	})
}

func accident(ctx context.Context, what string) {
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		panic(err)
	}
	switch what {
	case "panic":
		panic("row 7: card 6222020000000000")
	case "memory": // more than any limit of a test
		var held [][]byte
		for ctx.Err() == nil {
			held = append(held, bytes.Repeat([]byte{1}, 16<<20))
		}
		runtime.KeepAlive(held)
		return
	case "block": // at once, before anything can see it coming
		_ = make([]byte, 1<<40)
	case "kill":
		err = self.Kill()
	case "term":
		err = self.Signal(syscall.SIGTERM)
	case "interrupt":
		err = self.Signal(os.Interrupt)
	case "hang": // a step that does not look at its context
		err = self.Signal(os.Interrupt)
		time.Sleep(time.Minute)
	}
	if err != nil {
		panic(err)
	}
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		panic("the signal did not end the context")
	}
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("TMPDIR", filepath.Join(env.WorkDir, ".tmp"))
			env.Setenv("ESC", "\x1b")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"damage":    damage,
			"empty":     empty,
			"exits":     exits,
			"gbk":       gbk,
			"jsonkeys":  jsonKeys,
			"lines":     lines,
			"nothing":   nothing,
			"plain":     plain,
			"reports":   reports,
			"samebytes": sameBytes,
			"within":    within,
		},
	})
}

// exits STATUS PROGRAM [ARG...] runs a program and wants its exit status.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS PROGRAM [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// damage FILE changes one byte in the last quarter of a file that is not zero.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FILE")
	}
	raw := []byte(ts.ReadFile(args[0]))
	for i := len(raw) - len(raw)/4; i < len(raw); i++ {
		if raw[i] != 0 {
			raw[i] ^= 1
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
			return
		}
	}
	ts.Fatalf("%s has no byte to change", args[0])
}

// gbk FROM TO writes a UTF-8 file in GB18030.
func gbk(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: gbk FROM TO")
	}
	text, err := simplifiedchinese.GB18030.NewEncoder().String(ts.ReadFile(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// lines N FILE wants a file, stdout or stderr to have N lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); (fmt.Sprint(got) == args[0]) == neg {
		ts.Fatalf("%s has %d lines", args[1], got)
	}
}

// plain FILE wants text that a log can hold: no carriage returns, no escape
// sequences, valid UTF-8.
func plain(ts *testscript.TestScript, neg bool, args []string) {
	text := []byte(ts.ReadFile(args[0]))
	if bad := bytes.ContainsAny(text, "\r\x1b\x00\b") || !bytes.Equal(bytes.ToValidUTF8(text, nil), text); bad != neg {
		ts.Fatalf("%s is not plain text: %q", args[0], text)
	}
}

// within SECONDS STATUS PROGRAM [ARG...] is exits with a time limit.
func within(ts *testscript.TestScript, neg bool, args []string) {
	limit, err := strconv.ParseFloat(args[0], 64)
	ts.Check(err)
	began := time.Now()
	exits(ts, neg, args[1:])
	if took := time.Since(began).Seconds(); took > limit {
		ts.Fatalf("took %.1f s", took)
	}
}

// empty DIR wants a folder without entries, or none.
func empty(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		ts.Fatalf("%v", err)
	}
	if (len(entries) == 0) == neg {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}

// nothing PATTERN wants no file of that name.
func nothing(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if (len(found) == 0) == neg {
		ts.Fatalf("%v", found)
	}
}

// reports N DIR wants N complete reports in a folder.
func reports(ts *testscript.TestScript, neg bool, args []string) {
	found, err := filepath.Glob(filepath.Join(ts.MkAbs(args[1]), "对账报告_*.xlsx"))
	ts.Check(err)
	if (strconv.Itoa(len(found)) == args[0]) == neg {
		ts.Fatalf("%v", found)
	}
	for _, f := range found {
		book, err := zip.OpenReader(f)
		ts.Check(err)
		ts.Check(book.Close())
	}
}

// sameBytes A B compares files that are no text.
func sameBytes(ts *testscript.TestScript, neg bool, args []string) {
	a, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	b, err := os.ReadFile(ts.MkAbs(args[1]))
	ts.Check(err)
	if bytes.Equal(a, b) == neg {
		ts.Fatalf("%s and %s: %d and %d bytes", args[0], args[1], len(a), len(b))
	}
}

// jsonKeys FILE KEY... wants exactly one JSON object with these keys, in this
// order, besides optional ones.
func jsonKeys(ts *testscript.TestScript, neg bool, args []string) {
	text := ts.ReadFile(args[0])
	var object map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(text), &object))
	at := 0
	for _, key := range args[1:] {
		i := strings.Index(text, "\n  \""+key+"\":")
		if i < at {
			ts.Fatalf("no key %s after the one before", key)
		}
		at = i
	}
}
