//go:build windows

package report

import (
	"errors"
	"syscall"
)

// The system's texts are translated; its numbers are not.
const (
	errAccessDenied     = syscall.Errno(5) // renaming over a file that is open
	errSharingViolation = syscall.Errno(32)
	errHandleDiskFull   = syscall.Errno(39)
	errDiskFull         = syscall.Errno(112)
)

func isNoSpace(err error) bool {
	return errors.Is(err, errDiskFull) || errors.Is(err, errHandleDiskFull)
}

func isHeldOpen(err error) bool {
	return errors.Is(err, errSharingViolation) || errors.Is(err, errAccessDenied)
}

// processLives need not be known: a file that a living process writes is open
// and cannot be removed.
func processLives(int) bool { return false }

// syncDir: the system has no such thing for folders.
func syncDir(string) error { return nil }
