package main

import (
	"io"
	"slices"

	"github.com/spf13/cobra"
)

var shells = []string{"bash", "zsh", "fish", "powershell"}

// newCompletion prints a completion script. EXIT STATUS: 0; 2 for a shell that
// it does not know.
func newCompletion(lang language) *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     say(lang, msgComplShort),
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(msgArguments, cmd.CommandPath(), msgOneShell, len(args))
			}
			if !slices.Contains(shells, args[0]) {
				return usage(msgNoShell, args[0], nearest(args[0], slices.Clone(shells)))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return completionScript(cmd.Root(), args[0], cmd.OutOrStdout())
		},
	}
}

func completionScript(root *cobra.Command, shell string, w io.Writer) error {
	switch shell {
	case "bash":
		return root.GenBashCompletionV2(w, true)
	case "zsh":
		return root.GenZshCompletion(w)
	case "fish":
		return root.GenFishCompletion(w, true)
	default:
		return root.GenPowerShellCompletionWithDesc(w)
	}
}
