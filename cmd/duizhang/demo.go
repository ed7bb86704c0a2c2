package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/duizhang/duizhang/fixtures"

	"github.com/spf13/cobra"
)

// defaultDemo is where demo writes without a folder.
const defaultDemo = "duizhang-demo"

// demoMark begins the configuration of a demo folder; a folder with such a file
// may be written again.
const demoMark = "# duizhang demo · 对账演示\n"

// newDemo writes a small data set and reconciles it. EXIT STATUS: 0 when the
// report is complete, whatever differences it holds; else as run.
func newDemo(e *env, lang language) *cobra.Command {
	var quiet, noProgress bool
	cmd := &cobra.Command{
		Use:   "demo [DIR]",
		Short: say(lang, msgDemoShort),
		Long:  say(lang, msgDemoLong),
		Args:  exactly(0, 1, msgAtMostOneDir),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := defaultDemo
			if len(args) == 1 {
				dir = args[0]
			}
			var pass []string
			if noProgress {
				pass = append(pass, "--no-progress")
			}
			return demo(cmd.Context(), e, languageFlag(cmd), dir, quiet, pass)
		},
	}
	cmd.Flags().BoolVar(&quiet, "quiet", false, say(lang, msgFlagQuiet))
	cmd.Flags().BoolVar(&noProgress, "no-progress", false, say(lang, msgFlagNoProgress))
	return cmd
}

// demo writes the data and runs run on them; pass are further flags of run.
func demo(ctx context.Context, e *env, lang language, dir string, quiet bool, pass []string) error {
	if err := checkDemoFolder(dir); err != nil {
		return err
	}
	data, err := fixtures.Demo(dir)
	if err != nil {
		return failed(err, msgDemoCannot)
	}
	file := filepath.Join(dir, defaultConfig)
	if err := os.WriteFile(file, []byte(demoConfig(dir, data)), 0o644); err != nil {
		return failed(err, msgDemoCannot)
	}
	if !quiet {
		line(e.stdout, say(lang, msgDemoWrote, dir, len(data.Pos), len(data.Clearing), len(data.Bank)))
		line(e.stdout, say(lang, msgDemoRuns, "duizhang run --config "+file))
	}
	args := append([]string{"run", "--config", file, "--lang", languageNames[lang]}, pass...)
	if quiet {
		args = append(args, "--quiet")
	}
	err = dispatch(ctx, args, e, lang)
	if code := codeOf(err); code != exitDifferences {
		return err
	}
	if !quiet {
		line(e.stdout, say(lang, msgDemoCompare, int(exitDifferences)))
	}
	return nil
}

// checkDemoFolder wants a folder that is new, empty, or of an earlier demo.
func checkDemoFolder(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return failed(err, msgDemoCannot)
	}
	text, err := os.ReadFile(filepath.Join(dir, defaultConfig))
	if err != nil || !strings.HasPrefix(string(text), demoMark) {
		return usage(msgDemoExists, dir)
	}
	return nil
}

// demoConfig is the configuration that reconciles the data set.
func demoConfig(dir string, d *fixtures.DemoSet) string {
	var b strings.Builder
	b.WriteString(demoMark)
	list := func(key string, paths []string) {
		if len(paths) == 0 {
			return
		}
		quoted := make([]string, len(paths))
		for i, p := range paths {
			quoted[i] = fmt.Sprintf("%q", relative(dir, p))
		}
		fmt.Fprintf(&b, "%-9s = [%s]\n", key, strings.Join(quoted, ", "))
	}
	list("pos", d.Pos)
	list("clearing", d.Clearing)
	list("bank", d.Bank)
	if d.Contracts != "" {
		fmt.Fprintf(&b, "%-9s = %q\n", "contracts", relative(dir, d.Contracts))
	}
	fmt.Fprintf(&b, "as-of     = %s\nout       = \"对账报告_%s.xlsx\"\ncsv       = \"csv\"\n", d.AsOf, d.AsOf)
	return b.String()
}

// relative is a path from a folder on, with slashes.
func relative(dir, path string) string {
	rel, err := filepath.Rel(dir, path)
	if err != nil {
		return filepath.ToSlash(path)
	}
	return filepath.ToSlash(rel)
}
