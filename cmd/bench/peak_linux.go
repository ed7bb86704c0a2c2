package main

import (
	"os"
	"syscall"
)

// peakBytes is the largest resident set of the finished process.
func peakBytes(ps *os.ProcessState) int64 {
	if u, ok := ps.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss * 1024
	}
	return 0
}
