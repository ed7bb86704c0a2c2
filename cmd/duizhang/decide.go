package main

import (
	"context"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/ledger"

	"github.com/spf13/cobra"
)

// newDecide keeps decisions for the next night. EXIT STATUS: 0 kept, 2 usage,
// 3 one was refused (the others are kept), 5 the ledger cannot be used.
func newDecide(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	var d ledger.Decision
	cmd := &cobra.Command{
		Use: "decide ITEM...", Short: say(lang, msgDecideShort), Long: say(lang, msgDecideLong), Args: exactly(1, -1, msgOneOrMoreItems),
		Annotations: map[string]string{"exit": say(lang, msgExitDecide)},
		RunE: func(cmd *cobra.Command, args []string) error {
			d.Word, d.Note, d.By = decisionCode(d.Word), strings.TrimSpace(d.Note), strings.TrimSpace(d.By)
			if d.Word != "" && !slices.Contains(ledger.Words, d.Word) {
				return usage(msgDecideWord, d.Word)
			}
			if d.Word+d.Note+d.By == "" {
				return usage(msgDecideNothing)
			}
			return decideItems(cmd.Context(), e, languageFlag(cmd), &f, d, args)
		},
	}
	f.register(cmd, lang)
	cmd.Flags().StringVar(&d.Word, "as", "", say(lang, msgFlagDecideAs))
	cmd.Flags().StringVar(&d.Note, "note", "", say(lang, msgFlagDecideNote))
	cmd.Flags().StringVar(&d.By, "by", "", say(lang, msgFlagDecideBy))
	cmd.Flags().Var(&f.asOf, "as-of", say(lang, msgFlagDecideAsOf))
	return cmd
}

func decideItems(ctx context.Context, e *env, lang language, f *ledgerFlags, d ledger.Decision, ids []string) error {
	s, err := f.open(ctx, e, true)
	if err != nil {
		return err
	}
	defer s.Close()
	st, _, asOf, err := f.state(ctx, s)
	if err != nil {
		return err
	}
	d.On, d.Source = asOf, commandSource
	var all []ledger.Decision
	for _, id := range ids {
		d.ItemID = strings.ToUpper(strings.TrimSpace(id))
		all = append(all, d)
	}
	lives := lives{s: s}
	good, refused := st.Judged(all, func(id string) bool { return lives.closed(ctx, id) != nil })
	if lives.err != nil {
		return ledgerFailure(lives.err)
	}
	if err := ledger.Keep(ctx, s, st.Head, good); err != nil {
		return ledgerFailure(err)
	}
	for _, g := range good {
		it := st.Find(g.ItemID)
		line(e.stdout, visible(g.ItemID+" "+effectOf(lang, &ledger.Foreseen{Decision: g, Type: it.Type, State: it.State, Owed: it.Owed})))
	}
	if len(good) > 0 {
		line(e.stdout, say(lang, msgDecided, len(good)))
	}
	code := exitReconciled
	for _, r := range refused {
		if r.Why != "closed" {
			code = exitIncomplete
		}
		line(e.stderr, visible(r.ItemID+" "+effectOf(lang, &ledger.Foreseen{Decision: r.Decision, State: r.State, Why: r.Why})))
	}
	if code != exitReconciled {
		return outcome(code)
	}
	return nil
}
