package main

import (
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/spf13/cobra"
)

// newUndo drops the last night of a ledger. EXIT STATUS: 0 it is dropped, 2
// usage, 5 the day is not the last night's, or the ledger cannot be used.
func newUndo(e *env, lang language) *cobra.Command {
	var name string
	wait := lockWait
	cmd := &cobra.Command{
		Use:         "undo DATE",
		Short:       say(lang, msgUndoShort),
		Long:        say(lang, msgUndoLong),
		Args:        exactly(1, 1, msgOneDay),
		Annotations: map[string]string{"exit": say(lang, msgExitUndo)},
		RunE: func(cmd *cobra.Command, args []string) error {
			var day dateValue
			if err := day.Set(args[0]); err != nil {
				return err
			}
			if name == "" {
				name = e.getenv(ledgerVariable)
			}
			if name == "" {
				return usage(msgNoLedgerNamed)
			}
			return undoNight(cmd, e, languageFlag(cmd), name, wait, day.date())
		},
	}
	fileVar(cmd.Flags(), &name, "ledger", "FILE", say(lang, msgFlagLedger))
	cmd.Flags().DurationVar(&wait, "lock-wait", lockWait, say(lang, msgFlagLockWait))
	return cmd
}

func undoNight(cmd *cobra.Command, e *env, lang language, name string, wait time.Duration, day record.Date) error {
	ctx := cmd.Context()
	there, err := openLedger(ctx, e, name, false, 0) // undo makes no ledger
	if err != nil {
		return err
	}
	_ = there.Close() // it was only read
	s, err := openLedger(ctx, e, name, true, wait)
	if err != nil {
		return err
	}
	defer s.Close()
	head, err := s.Head(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	if head.Seq == 0 || head.Day != day {
		return &failure{code: exitLedger, msg: msgUndoNotLast, args: []any{day.String(), dayOrNone(head.Day)}}
	}
	nights, err := s.Nights(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	if err := s.Undo(ctx, head); err != nil {
		return ledgerFailure(err)
	}
	report := ""
	if rec, err := ledger.DecodeNight(&nights[len(nights)-1]); err == nil {
		report = rec.Report
	}
	line(e.stdout, say(lang, msgUndone, day.String(), report))
	return nil
}
