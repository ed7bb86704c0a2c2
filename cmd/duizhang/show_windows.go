package main

import "golang.org/x/sys/windows"

// openForUser opens a file or an address with the program that the desktop has
// for it.
func openForUser(what string) error {
	target, err := windows.UTF16PtrFromString(what)
	if err != nil {
		return err
	}
	return windows.ShellExecute(0, nil, target, nil, nil, windows.SW_SHOWNORMAL)
}
