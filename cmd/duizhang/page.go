package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/duizhang/duizhang/cmd/duizhang/page"

	"github.com/spf13/cobra"
)

// newPage opens the local page. EXIT STATUS: 0 when it was closed, by its button,
// its window or Ctrl-C; 2 usage; 4 the system failed.
func newPage(e *env, lang language, run *runFlags) *cobra.Command {
	f := newRunFlags()
	var noOpen bool
	cmd := &cobra.Command{
		Use:         "page [FILE...]",
		Short:       say(lang, msgPageShort),
		Long:        say(lang, msgPageLong),
		Annotations: map[string]string{"exit": say(lang, msgExitPage)},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readConfig(cmp.Or(f.config, configBeside(args)))
			if err != nil {
				return err
			}
			// The files of a configuration are those of a scheduled run: at the
			// page a person drops them.
			c.forget("pos", "clearing", "bank", "out", "csv")
			if err := applyValues(c, cmd, run, &f.thresholds); err != nil {
				return err
			}
			return servePage(cmd.Context(), e, languageFlag(cmd), f, args, noOpen)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&noOpen, "no-open", false, say(lang, msgFlagNoOpen))
	flags.Var(&f.asOf, "as-of", say(lang, msgFlagAsOf))
	fileVar(flags, &f.contracts, "contracts", "FILE", say(lang, msgFlagContracts))
	fileVar(flags, &f.calendar, "calendar", "FILE", say(lang, msgFlagCalendar))
	fileVar(flags, &f.patterns, "patterns", "FILE", say(lang, msgFlagPatterns))
	flags.Var(pathValue{&f.ledger, "FILE"}, "ledger", say(lang, msgFlagLedger))
	fileVar(flags, &f.config, "config", "FILE", say(lang, msgFlagConfig))
	fileVar(flags, &f.layouts, "layouts", "DIR", say(lang, msgFlagLayouts))
	flags.Var(&f.workers, "workers", say(lang, msgFlagWorkers))
	flags.Var(&f.memory, "memory", say(lang, msgFlagMemory))
	return cmd
}

// servePage checks what the command line gives, so that a mistake in it is told
// here and not at the page, and serves until the person has gone.
func servePage(ctx context.Context, e *env, lang language, f *runFlags, files []string, noOpen bool) error {
	var tables rules
	if err := tables.load(f); err != nil {
		return err
	}
	scratch, err := newScratch()
	if err != nil {
		return failed(err, msgNoScratch)
	}
	defer scratch.remove()
	desk := &pageDesk{env: e, lang: lang, flags: f}
	opt := page.Options{Desk: desk, Dir: scratch.dir, Lang: lang, Version: buildVersion(), AsOf: f.asOf.String(), Now: e.now}
	if opt.Files, err = pageFiles(files); err != nil {
		return err
	}
	err = page.Serve(ctx, opt, func(url string) {
		line(e.stdout, say(lang, msgPageAt, url))
		if noOpen {
			return
		}
		if err := e.show(url); err != nil {
			warn(e, lang, msgPageNotShown, err)
		}
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		return failed(err, msgPageFailed)
	}
	return nil
}
