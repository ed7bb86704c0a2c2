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
	var all []ledger.Decision
	for _, id := range ids {
		d.ItemID = strings.ToUpper(strings.TrimSpace(id))
		all = append(all, d)
	}
	said, err := sayDecisions(ctx, s, f, all)
	if err != nil {
		return err
	}
	for _, g := range said.good {
		it := said.state.Find(g.ItemID)
		line(e.stdout, visible(g.ItemID+" "+effectOf(lang, &ledger.Foreseen{Decision: g, Type: it.Type, State: it.State, Owed: it.Owed})))
	}
	if len(said.good) > 0 {
		line(e.stdout, say(lang, msgDecided, len(said.good)))
	}
	code := exitReconciled
	for i := range said.refused {
		if said.refused[i].Why != "closed" {
			code = exitIncomplete
		}
		line(e.stderr, said.refusal(i, lang))
	}
	if code != exitReconciled {
		return outcome(code)
	}
	return nil
}

// saidDecisions are decisions as the ledger has taken them.
type saidDecisions struct {
	state   *ledger.State
	good    []ledger.Decision
	refused []ledger.Refused
}

// refusal says why a decision was not taken.
func (d *saidDecisions) refusal(i int, lang language) string {
	r := &d.refused[i]
	return visible(r.ItemID + " " + effectOf(lang, &ledger.Foreseen{Decision: r.Decision, State: r.State, Why: r.Why}))
}

// sayDecisions keeps those decisions that make sense until the next night.
func sayDecisions(ctx context.Context, s ledger.Store, f *ledgerFlags, all []ledger.Decision) (*saidDecisions, error) {
	st, _, asOf, err := f.state(ctx, s)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i].On, all[i].Source = asOf, commandSource
	}
	lives := lives{s: s}
	d := &saidDecisions{state: st}
	d.good, d.refused = st.Judged(all, func(id string) bool { return lives.closed(ctx, id) != nil })
	if lives.err != nil {
		return nil, ledgerFailure(lives.err)
	}
	return d, ledgerFailure(ledger.Keep(ctx, s, st.Head, d.good))
}
