package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the Makefile; a plain go build leaves it to buildVersion.
var version = ""

// buildVersion is the program's version: the linker's, else the module's.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "devel"
}

// newVersion prints the version. EXIT STATUS: 0; 2 for a wrong command line.
func newVersion(e *env, lang language) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: say(lang, msgVersionShort),
		Args:  exactly(0, 0, message{}),
		RunE: func(*cobra.Command, []string) error {
			line(e.stdout, fmt.Sprintf("duizhang %s %s/%s %s", buildVersion(), runtime.GOOS, runtime.GOARCH, runtime.Version()))
			return nil
		},
	}
}
