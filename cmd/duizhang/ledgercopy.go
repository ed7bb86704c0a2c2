package main

import (
	"context"
	"crypto/sha256"

	"github.com/duizhang/duizhang/match/ledger"

	"github.com/spf13/cobra"
)

// newLedger copies and checks ledgers.
func newLedger(e *env, lang language) *cobra.Command {
	cmd := &cobra.Command{
		Use: "ledger", Short: say(lang, msgLedgerShort),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return usage(msgUnknownCommand, args[0], nearest(args[0], commandNames(cmd)))
		},
	}
	cmd.AddCommand(newLedgerCopy(e, lang), newLedgerCheck(e, lang))
	return cmd
}

// newLedgerCopy copies a ledger. EXIT STATUS: 0 copied and compared, 2 usage or
// the target holds nights, 4 the copy differs, 5 a ledger cannot be used.
func newLedgerCopy(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use: "copy [FROM] TO", Short: say(lang, msgLedgerCopyShort), Args: exactly(1, 2, msgFromTo),
		Annotations: map[string]string{"exit": say(lang, msgExitLedgerCopy)},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				f.name = args[0]
			}
			return copyLedger(cmd.Context(), e, languageFlag(cmd), &f, args[len(args)-1])
		},
	}
	f.register(cmd, lang)
	return cmd
}

func copyLedger(ctx context.Context, e *env, lang language, f *ledgerFlags, to string) error {
	from, err := f.open(ctx, e, false)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := ledger.Check(ctx, from); err != nil {
		return ledgerFailure(err)
	}
	target, err := openLedger(ctx, e, to, true, f.wait)
	if err != nil {
		return err
	}
	defer target.Close()
	if err := target.Restore(ctx, from); err != nil {
		return ledgerFailure(err)
	}
	var digests [2]ledger.Hash
	for i, s := range [...]ledger.Store{from, target} {
		h := sha256.New()
		if err := ledger.Export(ctx, s, h); err != nil {
			return ledgerFailure(err)
		}
		h.Sum(digests[i][:0])
	}
	if digests[0] != digests[1] {
		return failed(nil, msgLedgerCopyDiffers)
	}
	head, err := target.Head(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	line(e.stdout, say(lang, msgLedgerCopied, head.Seq, dayOrNone(head.Day), digests[1].String()))
	return nil
}

// newLedgerCheck checks a ledger. EXIT STATUS: 0 whole, 2 usage, 4 the chain is
// broken, 5 the ledger cannot be used.
func newLedgerCheck(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use: "check [LEDGER]", Short: say(lang, msgLedgerCheckShort), Args: exactly(0, 1, msgOneLedger),
		Annotations: map[string]string{"exit": say(lang, msgExitVerify)},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				f.name = args[0]
			}
			s, err := f.open(cmd.Context(), e, false)
			if err != nil {
				return brokenChain(err)
			}
			defer s.Close()
			head, err := ledger.Check(cmd.Context(), s)
			if err != nil {
				return brokenChain(ledgerFailure(err))
			}
			line(e.stdout, say(languageFlag(cmd), msgVerifiedLedger, head.Seq, head.Hash.Short()))
			return nil
		},
	}
	f.register(cmd, lang)
	return cmd
}
