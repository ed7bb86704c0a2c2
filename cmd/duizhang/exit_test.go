package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
)

func TestEveryErrorHasOneStatus(t *testing.T) {
	for _, c := range []struct {
		err  error
		want exitCode
	}{
		{nil, exitReconciled},
		{outcome(exitDifferences), exitDifferences},
		{outcome(exitIncomplete), exitIncomplete},
		{usage(msgNoFiles), exitUsage},
		{failed(errors.New("disk"), msgCannotWrite), exitFailed},
		{failed(context.Canceled, msgReadFailed), exitInterrupted},
		{fmt.Errorf("reading: %w", context.Canceled), exitInterrupted},
		{context.DeadlineExceeded, exitFailed},
		{errors.New("anything else"), exitFailed},
	} {
		if got := codeOf(c.err); got != c.want {
			t.Errorf("%v: status %d, want %d", c.err, got, c.want)
		}
	}
}

func TestTheWorstStatusWins(t *testing.T) {
	order := []exitCode{exitReconciled, exitDifferences, exitIncomplete, exitFailed, exitInterrupted}
	for i, a := range order {
		for j, b := range order {
			if got, want := worst(a, b), order[max(i, j)]; got != want {
				t.Errorf("%d with %d gives %d, want %d", a, b, got, want)
			}
		}
	}
}

// A panic becomes one line with the place and no data: panic values may quote
// a card number.
func TestPanicTellsNoData(t *testing.T) {
	for name, cause := range map[string]func(){
		"text":  func() { panic("card 6222020000000000") },
		"error": func() { panic(fmt.Errorf("row %q", "6222020000000000")) },
		"index": func() { _ = []int{}[len(t.Name())] },
	} {
		var stdout, stderr bytes.Buffer
		e := testEnv(&stdout, &stderr)
		e.ownConsole = func() bool { cause(); return false }
		code := guarded(context.Background(), []string{"version"}, e)
		got := stderr.String()
		if code != exitFailed || strings.Count(got, "\n") != 1 || strings.Contains(got, "6222") || !strings.Contains(got, "exit_test.go:") {
			t.Errorf("%s: status %d, %q", name, code, got)
		}
	}
}

// A program with a window of its own shows what came out, or what went wrong, and
// waits. A double-click opens the page, which says itself when it has ended.
func TestOwnConsoleWaitsForTheUser(t *testing.T) {
	for _, c := range []struct {
		args  []string
		want  exitCode
		waits bool
	}{{nil, exitReconciled, false}, {[]string{"version"}, exitReconciled, true}, {[]string{"no-such-file.csv"}, exitUsage, true}} {
		ctx, cancel := context.WithCancel(t.Context())
		var stdout, stderr bytes.Buffer
		e := testEnv(&stdout, &stderr)
		e.ownConsole = func() bool { return true }
		e.show = func(string) error { cancel(); return nil }
		keys := strings.NewReader("\n")
		e.stdin = keys
		code := guarded(ctx, c.args, e)
		cancel()
		if code != c.want || (keys.Len() == 0) != c.waits || strings.HasSuffix(stdout.String(), say(problem.ZH, msgPressEnter)+"\n") != c.waits {
			t.Errorf("%q: status %d, stdout %q, stderr %q, %d keys left", c.args, code, &stdout, &stderr, keys.Len())
		}
	}
}

func testEnv(stdout, stderr *bytes.Buffer) *env {
	e := systemEnv()
	e.stdin, e.stdout, e.stderr = strings.NewReader(""), stdout, stderr
	e.stderrIsTerminal = false
	e.show = func(string) error { return nil }
	return e
}
