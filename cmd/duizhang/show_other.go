//go:build !windows

package main

import (
	"os/exec"
	"runtime"
)

// openForUser opens a file or an address with the program that the desktop has
// for it. It does not wait for it.
func openForUser(what string) error {
	opener := "xdg-open"
	if runtime.GOOS == "darwin" {
		opener = "open"
	}
	cmd := exec.Command(opener, what)
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // what becomes of it is the desktop's affair
	return nil
}
