//go:build !windows

package main

// ownConsole is false where a program never gets a window of its own.
func ownConsole() bool { return false }
