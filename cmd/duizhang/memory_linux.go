package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/duizhang/duizhang/report"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// noLimit is above what any machine has; the kernel shows "no limit" by numbers
// of this size.
const noLimit = 1 << 60

// allowance is the tightest limit on this process: addresses or data by
// setrlimit, memory by a control group of version 2 or 1.
func allowance() memoryBudget {
	b, _ := limits()
	return b
}

// limits says also whether the tightest is one at which an allocation fails. At
// that of a control group the kernel kills instead, which looks like what it is.
func limits() (b memoryBudget, fails bool) {
	take := func(limit, used int64, hard bool) {
		if limit <= 0 || limit >= noLimit {
			return
		}
		fails = fails || hard
		if room := max(limit-used, 1); b.room == 0 || room < b.room {
			b = memoryBudget{limit, room}
		}
	}
	pages := statm()
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &r) == nil && r.Cur < noLimit {
		take(int64(r.Cur), pages[0], true)
	}
	if unix.Getrlimit(unix.RLIMIT_DATA, &r) == nil && r.Cur < noLimit {
		take(int64(r.Cur), pages[5], true)
	}
	groups, _ := os.ReadFile("/proc/self/cgroup") // none: no limit
	for _, limit := range groupLimits(string(groups), "/sys/fs/cgroup") {
		take(limit, pages[1], false)
	}
	return b, fails
}

// statm is /proc/self/statm in bytes: addresses, resident, shared, text,
// library, data.
func statm() (sizes [6]int64) {
	text, _ := os.ReadFile("/proc/self/statm")
	for i, s := range strings.Fields(string(text)) {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && i < len(sizes) {
			sizes[i] = n * int64(os.Getpagesize())
		}
	}
	return sizes
}

// groupLimits are the memory limits of the control groups that /proc/self/cgroup
// lists, and of those above them, under the folder where they are mounted. In a
// container that folder is the process's own group whatever its path is called.
func groupLimits(groups, mount string) (limits []int64) {
	read := func(file string) {
		text, err := os.ReadFile(file)
		if err != nil {
			return
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil { // not "max"
			limits = append(limits, n)
		}
	}
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		base, file := mount, "memory.max"
		if parts[1] != "" {
			if parts[1] != "memory" && !strings.Contains(","+parts[1]+",", ",memory,") {
				continue
			}
			base, file = filepath.Join(mount, "memory"), "memory.limit_in_bytes"
		}
		for dir := filepath.Clean("/" + parts[2]); ; dir = filepath.Dir(dir) {
			read(filepath.Join(base, dir, file))
			if dir == "/" {
				break
			}
		}
	}
	return limits
}

// leastRoom is less than the smallest run takes: one arena, and the stacks.
const leastRoom = arena + arena/2

// supervisorVar names, for the process under supervision, the one above it.
const supervisorVar = "DUIZHANG_SUPERVISOR"

// The files of a process under supervision. What the runtime says when it dies
// goes to file 2 and is kept from people; the program speaks on another.
const (
	childStderr = 3
	childStatus = 4
)

// supervised runs the same command in a second process where a failed allocation
// would end this one: the runtime dies of that with a status that means a
// mistaken command line, and nothing in a process can catch it. Elsewhere
// nothing is started and ran is false.
func supervised(b memoryBudget) (code exitCode, ran bool) {
	if _, fails := limits(); !fails || isChild() {
		return 0, false
	}
	if b.room < leastRoom {
		e, lang := systemEnv(), languageOf(os.Args[1:])
		return tell(e, lang, (&shortageError{b.allowed}).failure()), true
	}
	runtime.LockOSThread() // the child ends with the thread that started it
	c, err := startChild()
	if err != nil {
		return 0, false
	}
	return c.wait(b), true
}

func isChild() bool { return os.Getenv(supervisorVar) == strconv.Itoa(os.Getppid()) }

// A child is the second process and what it tells.
type child struct {
	process       *os.Process
	words, status *os.File
}

func startChild() (*child, error) {
	words, wordsIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	status, statusIn, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer wordsIn.Close()
	defer statusIn.Close()
	p, err := os.StartProcess("/proc/self/exe", os.Args, &os.ProcAttr{
		Env:   append(os.Environ(), supervisorVar+"="+strconv.Itoa(os.Getpid())),
		Files: []*os.File{os.Stdin, os.Stdout, wordsIn, os.Stderr, statusIn},
		// A group of its own: a terminal's Ctrl-C comes once, through here.
		Sys: &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true},
	})
	return &child{p, words, status}, err
}

// wait passes signals on and gives the status that the child has told, or what
// its death means.
func (c *child) wait(b memoryBudget) exitCode {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	go func() {
		for s := range signals {
			_ = c.process.Signal(s) // gone: its status says so
		}
	}()
	said := make(chan []byte, 1)
	go func() {
		head, _ := io.ReadAll(io.LimitReader(c.words, 64<<10))
		_, _ = io.Copy(io.Discard, c.words) // a full pipe would hold the child
		said <- head
	}()
	told := readTold(c.status)
	state, err := c.process.Wait()
	switch {
	case told.ended:
		return told.code
	case err != nil:
		return exitFailed
	}
	ws, _ := state.Sys().(syscall.WaitStatus)
	return told.died(b, ws, <-said)
}

// told is what a child has said of itself.
type told struct {
	ended     bool
	code      exitCode
	output    report.Output
	written   bool
	committed bool
}

// A word is one line on the status pipe.
type word struct {
	Stage  stage          `json:",omitempty"`
	Output *report.Output `json:",omitempty"`
	Exit   *exitCode      `json:",omitempty"`
}

func readTold(r io.Reader) (t told) {
	d := json.NewDecoder(bufio.NewReader(r))
	for {
		var w word
		if d.Decode(&w) != nil {
			return t
		}
		t.written = t.written || w.Stage == stageWritten
		t.committed = t.committed || w.Stage == stageCommitted
		if w.Output != nil {
			t.output = *w.Output
		}
		if w.Exit != nil {
			t.ended, t.code = true, *w.Exit
		}
	}
}

// died clears up after a child that could not, and tells why it ended.
func (t *told) died(b memoryBudget, ws syscall.WaitStatus, words []byte) exitCode {
	e, lang := systemEnv(), languageOf(os.Args[1:])
	sweepScratch(os.TempDir())
	if t.output.Workbook != "" {
		for _, u := range report.Sweep(t.output) {
			warn(e, lang, msgUnfinished, strings.Join(u.New, ", "), strings.Join(u.Old, ", "))
		}
	}
	switch {
	case t.committed: // and with it, without a ledger, written
		warn(e, lang, msgMemorySummary, t.output.Workbook)
		return exitIncomplete
	case ws.Signaled() && ws.Signal() != syscall.SIGKILL && ws.Signal() != syscall.SIGABRT:
		return tell(e, lang, context.Canceled)
	case ws.Signaled() && ws.Signal() == syscall.SIGKILL:
		return tell(e, lang, failed(nil, msgKilled))
	case ws.Signaled() || ws.ExitStatus() == int(exitFailed) || ofMemory(words):
		return tell(e, lang, (&shortageError{b.allowed}).failure())
	}
	return tell(e, lang, failed(nil, msgDied))
}

// ofMemory says that the runtime's last words are of memory: of the heap, of its
// own tables, or of threads, whose stacks are memory too.
func ofMemory(words []byte) bool {
	for _, w := range []string{"out of memory", "cannot allocate", "failed to reserve", "new OS thread", "pthread_create", "errno=12"} {
		if bytes.Contains(words, []byte(w)) {
			return true
		}
	}
	return false
}

// underSupervision lets a process that is watched over speak on the files that
// it was given, and tell how far it has come. The function tells its end.
func underSupervision(e *env) func(exitCode) {
	if !isChild() {
		return func(exitCode) {}
	}
	stderr, status := os.NewFile(childStderr, "stderr"), os.NewFile(childStatus, "status")
	syscall.CloseOnExec(childStderr)
	syscall.CloseOnExec(childStatus)
	enc := json.NewEncoder(status)
	say := func(w word) { _ = enc.Encode(w) } // nobody listens: nobody is there any more
	e.stderr = stderr
	e.stderrIsTerminal = term.IsTerminal(childStderr) && os.Getenv("TERM") != "dumb"
	reached := e.reached
	e.reached = func(ctx context.Context, s stage) { say(word{Stage: s}); reached(ctx, s) }
	e.delivers = func(o report.Output) { say(word{Output: &o}) }
	return func(c exitCode) { say(word{Exit: &c}) }
}
