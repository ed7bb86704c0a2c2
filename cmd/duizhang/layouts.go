package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"

	"github.com/spf13/cobra"
)

// newLayouts lists, prints and drafts layouts. EXIT STATUS: 0; 2 for a wrong
// command line, configuration or layout of one's own.
func newLayouts(e *env, lang language, run *runFlags) *cobra.Command {
	var f readFlags
	load := func(cmd *cobra.Command) (*layout.Layouts, error) {
		if err := applyConfig(cmd, f.config, run); err != nil {
			return nil, err
		}
		return loadLayouts(f.layouts)
	}
	list := &cobra.Command{
		Use:   "layouts",
		Short: say(lang, msgLayoutsShort),
		Args:  exactly(0, 0, message{}),
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := load(cmd)
			if err != nil {
				return err
			}
			return printLayouts(e, languageFlag(cmd), all)
		},
	}
	show := &cobra.Command{
		Use:   "show NAME",
		Short: say(lang, msgShowShort),
		Args:  exactly(1, 1, msgOneLayout),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := load(cmd)
			if err != nil {
				return err
			}
			l := all.Get(args[0])
			if l == nil {
				return usage(msgNoLayout, args[0], nearest(args[0], layoutNames(all)))
			}
			_, err = fmt.Fprint(e.stdout, l.Text())
			return err
		},
		ValidArgsFunction: func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
			all, err := load(cmd)
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return layoutNames(all), cobra.ShellCompDirectiveNoFileComp
		},
	}
	list.AddCommand(show, newDraft(e, lang, &f, load))
	fileVar(list.PersistentFlags(), &f.config, "config", "FILE", say(lang, msgFlagConfig))
	fileVar(list.PersistentFlags(), &f.layouts, "layouts", "DIR", say(lang, msgFlagLayouts))
	return list
}

// newDraft drafts a layout from a file. EXIT STATUS: 0; 2 usage; 3 there is no
// table in the file, or it cannot be read.
func newDraft(e *env, lang language, f *readFlags, load func(*cobra.Command) (*layout.Layouts, error)) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new FILE",
		Short: say(lang, msgNewShort),
		Long:  say(lang, msgNewLong),
		Args:  exactly(1, 1, msgOneFile),
		RunE: func(cmd *cobra.Command, args []string) error {
			all, err := load(cmd)
			if err != nil {
				return err
			}
			if err := f.checkOverrides(args); err != nil {
				return err
			}
			return draft(cmd, e, f, all, args[0])
		},
	}
	cmd.Flags().Var(&f.encoding, "encoding", say(lang, msgFlagEncoding))
	cmd.Flags().Var(&f.sheet, "sheet", say(lang, msgFlagSheet))
	return cmd
}

func draft(cmd *cobra.Command, e *env, f *readFlags, all *layout.Layouts, path string) error {
	temp, err := newScratch()
	if err != nil {
		return failed(err, msgNoScratch)
	}
	defer temp.remove()
	opt := f.readOptions(all, temp.dir)
	day := today(e)
	opt.AsOf = day.date()
	d, err := parse.DraftLayout(cmd.Context(), path, opt, languageFlag(cmd))
	var p *problem.Problem
	if errors.As(err, &p) {
		line(e.stderr, visible(p.Text(languageFlag(cmd))))
		return outcome(exitIncomplete)
	}
	if err != nil {
		return failed(err, msgNoDraft, path)
	}
	_, err = fmt.Fprint(e.stdout, d.Text)
	return err
}

// loadLayouts is the built-in layouts and those of the user's folder.
func loadLayouts(dir string) (*layout.Layouts, error) {
	if err := checkLayoutFolder(dir); err != nil {
		return nil, err
	}
	l, err := layout.LoadLayouts(dir)
	if err != nil {
		return nil, asConfiguration(err)
	}
	return l, nil
}

// checkLayoutFolder wants the user's folder, if there is one, to be a folder
// whose layouts are files.
func checkLayoutFolder(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return usage(msgNoLayoutDir, dir)
	case err == nil && !info.IsDir():
		return usage(msgLayoutNoDir, dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return asConfiguration(err)
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".toml" {
			if err := regularFiles(filepath.Join(dir, e.Name())); err != nil && !e.IsDir() {
				return err
			}
		}
	}
	return nil
}

func layoutNames(all *layout.Layouts) []string {
	var names []string
	for _, l := range all.List() {
		names = append(names, l.Name)
	}
	return names
}

// printLayouts writes a table: name, side, grade of evidence, title.
func printLayouts(e *env, lang language, all *layout.Layouts) error {
	var b strings.Builder
	for _, l := range all.List() {
		title := l.Title
		if lang == problem.EN && l.TitleEN != "" {
			title = l.TitleEN
		}
		fmt.Fprintf(&b, "%s %s %s %s\n", pad(l.Name, 24), pad(l.Side, 9), pad(l.Grade, 2), visible(title))
	}
	_, err := fmt.Fprint(e.stdout, b.String())
	return err
}

// pad fills text up to a number of terminal cells; CJK takes two a rune.
func pad(s string, cells int) string {
	for _, r := range s {
		cells--
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || r >= 0xff00 && r <= 0xff60 || r >= 0x3000 && r <= 0x303f {
			cells--
		}
	}
	return s + strings.Repeat(" ", max(cells, 0))
}
