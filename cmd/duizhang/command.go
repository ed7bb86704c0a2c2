package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// execute runs the command that args name. In a console window of its own, it
// keeps the window open until the user has read what came out.
func execute(ctx context.Context, args []string, e *env, lang language) error {
	err := dispatch(ctx, args, e, lang)
	if e.ownConsole() && (len(args) > 0 || err != nil) {
		if err != nil {
			err = outcome(tell(e, lang, err))
		}
		holdWindow(e, lang)
	}
	return err
}

func dispatch(ctx context.Context, args []string, e *env, lang language) error {
	if err := checkDashes(args, e, lang); err != nil {
		return err
	}
	root, run := newRoot(e, lang)
	args = asAsked(args)
	if err := checkCommand(args, root); err != nil {
		return err
	}
	args = withCommand(args, root, run)
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
func newRoot(e *env, lang language) (*cobra.Command, *runFlags) {
	cobra.MousetrapHelpText = "" // cobra would refuse to be double-clicked
	var v languageValue
	root := &cobra.Command{
		Use:   "duizhang",
		Short: say(lang, msgShort),
		Long:  say(lang, msgLong),
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				if e.ownConsole() {
					return dispatch(cmd.Context(), []string{"page", "--lang", languageNames[languageFlag(cmd)]}, e, lang)
				}
				return cmd.Help()
			}
			if looksLikeFile(args[0]) {
				return usage(msgNoSuchFile, args[0])
			}
			return usage(msgUnknownCommand, args[0], nearest(args[0], commandNames(cmd)))
		},
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.PersistentFlags().Var(&v, "lang", say(lang, msgFlagLang))
	run, runFlags := newRun(e, lang)
	root.AddCommand(run, newInspect(e, lang, runFlags), newLayouts(e, lang, runFlags), newDemo(e, lang), newPage(e, lang, runFlags), newOpen(e, lang), newShow(e, lang), newDecide(e, lang), newNights(e, lang), newUndo(e, lang), newVerify(e, lang), newLedger(e, lang), newVersion(e, lang), newCompletion(lang))
	localise(root, lang)
	return root, runFlags
}

// asAsked puts the words of this program in the place of what others call help
// and version.
func asAsked(args []string) []string {
	if len(args) == 0 {
		return args
	}
	switch first := strings.ToLower(args[0]); {
	case slices.Contains([]string{"--version", "-version", "-v", "/version"}, first):
		return append([]string{"version"}, args[1:]...)
	case slices.Contains([]string{"-?", "-？", "/?", "/h", "/help", "-help"}, first) && !namesSomething(args[0]):
		return append([]string{"--help"}, args[1:]...)
	}
	return args
}

// looksLikeFile says that a word was meant as the name of a file.
func looksLikeFile(word string) bool { return strings.ContainsAny(word, `./\*`) }

// checkCommand refuses a command that was mistyped before the files that it was
// to read: it would be taken for one of them that is missing.
func checkCommand(args []string, root *cobra.Command) error {
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	newRunFlags().register(flags, problem.ZH)
	flags.AddFlag(root.PersistentFlags().Lookup("lang"))
	plain, _ := plainArguments(args, flags)
	if len(plain) < 2 || looksLikeFile(plain[0]) || namesSomething(plain[0]) {
		return nil
	}
	word := plain[0]
	names := commandNames(root)
	meant := nearest(word, names)
	if meant == "" || slices.Contains(names, word) || word == "help" || strings.HasPrefix(word, cobra.ShellCompRequestCmd) {
		return nil
	}
	return usage(msgUnknownCommand, word, meant)
}

// withCommand puts run before arguments that name no command but files, folders
// or patterns, or that begin with a flag of run: they mean run, with the report
// beside the first file, since the working folder is anywhere when files are
// dropped on the program's icon.
func withCommand(args []string, root *cobra.Command, run *runFlags) []string {
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	newRunFlags().register(flags, problem.ZH)
	flags.AddFlag(root.PersistentFlags().Lookup("lang"))
	files, runs := plainArguments(args, flags)
	if len(files) > 0 {
		known := func(c *cobra.Command) bool { return c.Name() == files[0] || c.HasAlias(files[0]) }
		if slices.ContainsFunc(root.Commands(), known) || files[0] == "help" || strings.HasPrefix(files[0], cobra.ShellCompRequestCmd) {
			return args
		}
		runs = runs || slices.ContainsFunc(files, namesSomething)
		run.beside = folderOf(files[0])
	}
	if !runs {
		return args
	}
	return append([]string{"run"}, args...)
}

// plainArguments are those that are neither flags of run nor their values; runs
// says that one of the flags is not every command's.
func plainArguments(args []string, flags *pflag.FlagSet) (plain []string, runs bool) {
	for i := 0; i < len(args); i++ {
		name, dashed := strings.CutPrefix(args[i], "--")
		switch {
		case args[i] == "--":
			return append(plain, args[i+1:]...), runs
		case !dashed && (len(args[i]) < 2 || args[i][0] != '-'):
			plain = append(plain, args[i])
			continue
		}
		name, _, whole := strings.Cut(name, "=")
		f := flags.Lookup(name)
		if f == nil {
			continue
		}
		runs = runs || name != "lang"
		if !whole && f.NoOptDefVal == "" {
			i++
		}
	}
	return plain, runs
}

// namesSomething says that a path is there, or is a pattern that fits something.
func namesSomething(path string) bool {
	if _, err := os.Stat(path); err == nil {
		return true
	}
	found, err := filepath.Glob(path)
	return err == nil && len(found) > 0
}

// longDashes are what text programs make of two hyphens, and what a Chinese
// keyboard gives for one.
const longDashes = "—–―‒−－﹣‐‑"

// checkDashes refuses a flag whose hyphens were turned into a dash: it would be
// taken for a file that is missing.
func checkDashes(args []string, e *env, lang language) error {
	for _, arg := range args {
		if arg == "--" {
			return nil
		}
		name := strings.TrimLeft(arg, "-"+longDashes)
		if !strings.ContainsAny(arg[:len(arg)-len(name)], longDashes) || namesSomething(arg) {
			continue
		}
		name, _, _ = strings.Cut(strings.ReplaceAll(name, "＝", "="), "=")
		root, _ := newRoot(e, lang)
		return usage(msgLongDash, arg, nearest("--"+name, allFlags(root)))
	}
	return nil
}

// allFlags are the flags of all commands.
func allFlags(root *cobra.Command) (names []string) {
	each(root, func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	})
	return names
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
		if most == 0 && len(args) > 0 {
			if cmd.HasAvailableSubCommands() {
				return usage(msgNoSubcommand, cmd.CommandPath(), args[0], nearest(args[0], commandNames(cmd)))
			}
			return usage(msgNoArguments, cmd.CommandPath(), len(args))
		}
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

// unknownFlag names the nearest flag of the command that was called, or the
// command that has the flag; without a command, the nearest of any.
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
		names = allFlags(cmd)
	}
	others := cmd.Root().Commands()
	slices.SortStableFunc(others, func(a, b *cobra.Command) int { // run has most of them
		return strings.Compare(strings.TrimPrefix(a.Name(), "run"), strings.TrimPrefix(b.Name(), "run"))
	})
	for _, c := range others {
		if f := c.Flags().Lookup(name); f != nil && c != cmd {
			return usage(msgFlagElsewhere, cmd.CommandPath(), dashed, c.CommandPath())
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
	return problem.ZH
}
