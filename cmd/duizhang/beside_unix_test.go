//go:build unix

package main

import (
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// What is no file is refused and not waited for: a pipe that nobody writes to,
// a device without end, a socket, a link that leads to itself.
func TestWhatIsNoFileIsNotWaitedFor(t *testing.T) {
	_, _, want := reconciled(t, nil)
	dir, err := os.MkdirTemp("", "odd") // the name of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	pipe, loop, socket := filepath.Join(dir, "pipe.csv"), filepath.Join(dir, "loop.csv"), filepath.Join(dir, "s.csv")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, path := range []string{pipe, loop, socket, "/dev/zero", "/dev/tty"} {
		for _, side := range sideNames {
			wantReconciled(t, path, want, nil, "--"+side, path)
		}
		wantReconciled(t, path, want, nil, path)
	}
	if err := os.Rename(pipe, filepath.Join(dir, "pipe.toml")); err != nil {
		t.Fatal(err)
	}
	pipe = filepath.Join(dir, "pipe.toml")
	for _, flag := range []string{"--contracts", "--calendar", "--patterns", "--config"} {
		for _, path := range []string{pipe, "/dev/zero", dir} {
			if code, said, _ := reconciled(t, nil, flag, path); code != exitUsage {
				t.Errorf("%s %s: status %d: %s", flag, path, code, said)
			}
		}
	}
	if code, said, _ := reconciled(t, nil, "--layouts", dir); code != exitUsage {
		t.Errorf("a pipe among the layouts: status %d: %s", code, said)
	}
}
