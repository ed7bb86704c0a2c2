package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"duizhang/parse"
)

// execute runs the command that args name. In a console window of its own, it
// keeps the window open until the user has read what came out.
func execute(ctx context.Context, args []string, e *env, lang language) error {
	err := dispatch(ctx, args, e, lang)
	if e.ownConsole() {
		if err != nil {
			err = outcome(tell(e, lang, err))
		}
		holdWindow(e, lang)
	}
	return err
}

func dispatch(ctx context.Context, args []string, e *env, lang language) error {
	root := newRoot(e, lang)
	root.SetArgs(args)
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	called, err := root.ExecuteContextC(ctx)
	return asUsage(called, err)
}

// newRoot is the tree of commands. Given files instead of a command, as when
// they are dropped on the program's icon, it reconciles them and writes the
// report beside the first.
func newRoot(e *env, lang language) *cobra.Command {
	cobra.MousetrapHelpText = "" // cobra would refuse to be double-clicked
	var v languageValue
	root := &cobra.Command{
		Use:   "duizhang",
		Short: say(lang, msgShort),
		Long:  say(lang, msgLong),
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return cmd.Help()
			case !isFile(args[0]):
				return usage(msgUnknownCommand, args[0], nearest(args[0], commandNames(cmd)))
			}
			return reconcileDropped(cmd.Context(), e, lang, args)
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().Var(&v, "lang", say(lang, msgFlagLang))
	run, runFlags := newRun(e, lang)
	root.AddCommand(run, newInspect(e, lang, runFlags), newLayouts(e, lang, runFlags), newDemo(e, lang), newVersion(e, lang), newCompletion(lang))
	localise(root, lang)
	return root
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// commandNames are the names that a user may have meant.
func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// exactly wants a number of arguments between least and most (-1: any).
func exactly(least, most int, wanted message) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return usage(msgArguments, cmd.CommandPath(), wanted, len(args))
		}
		return nil
	}
}

// asUsage gives the errors of the flag parser the words and the status of this
// program. Anything else passes. cmd is the command that was called.
func asUsage(cmd *cobra.Command, err error) error {
	var own *failure
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	var syntax *pflag.InvalidSyntaxError
	switch {
	case errors.As(err, &invalid):
		name := "--" + invalid.GetFlag().Name
		if errors.As(err, &own) {
			return &failure{code: exitUsage, msg: msgFlagValue, args: []any{name}, err: own}
		}
		return usage(msgFlagNotBool, name, invalid.GetValue())
	case errors.As(err, &own):
		return err
	case errors.As(err, &unknown):
		return unknownFlag(cmd, unknown)
	case errors.As(err, &missing):
		return usage(msgFlagNeedsValue, "--"+missing.GetFlag().Name)
	case errors.As(err, &syntax):
		return usage(msgFlagSyntax, syntax.GetSpecifiedFlag())
	}
	return err
}

// unknownFlag names the nearest flag of the command that was called; without a
// command, of any.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name := e.GetSpecifiedName()
	dashed := "--" + name
	if short := e.GetSpecifiedShortnames(); short != "" {
		dashed = "-" + short
	}
	var names []string
	add := func(f *pflag.Flag) { names = append(names, "--"+f.Name) }
	cmd.Flags().VisitAll(add)
	if !cmd.HasParent() {
		for _, c := range cmd.Commands() {
			c.Flags().VisitAll(add)
		}
	}
	return usage(msgUnknownFlag, dashed, nearest("--"+strings.TrimLeft(dashed, "-"), names))
}

// holdWindow keeps a console window open until the user has read it.
func holdWindow(e *env, lang language) {
	line(e.stdout, say(lang, msgPressEnter))
	var one [1]byte
	_, _ = e.stdin.Read(one[:]) // any answer closes the window, an error too
}

// languageFlag is the flag's value once the command line has been parsed; the
// configuration may have set it.
func languageFlag(cmd *cobra.Command) language {
	if v, ok := cmd.Flag("lang").Value.(*languageValue); ok {
		return v.lang
	}
	return parse.ZH
}
