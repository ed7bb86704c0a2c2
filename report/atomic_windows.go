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

// isFree asks for the right to remove the file, which whoever has opened it
// without sharing that right withholds.
func isFree(name string) error {
	path, err := syscall.UTF16PtrFromString(name)
	if err != nil {
		return err
	}
	const remove = 0x10000
	share := uint32(syscall.FILE_SHARE_READ | syscall.FILE_SHARE_WRITE | syscall.FILE_SHARE_DELETE)
	h, err := syscall.CreateFile(path, remove, share, nil, syscall.OPEN_EXISTING, syscall.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return err
	}
	return syscall.CloseHandle(h)
}

// processLives is false only where the system is sure that there is no such
// process, or that it has ended.
func processLives(pid int) bool {
	const query, invalid, active = 0x1000, syscall.Errno(87), 259
	h, err := syscall.OpenProcess(query, false, uint32(pid))
	if err != nil {
		return !errors.Is(err, invalid)
	}
	defer syscall.CloseHandle(h)
	var code uint32
	return syscall.GetExitCodeProcess(h, &code) != nil || code == active
}

// syncDir: the system has no such thing for folders.
func syncDir(string) error { return nil }
