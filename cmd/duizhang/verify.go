package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse"

	"github.com/spf13/cobra"
)

// newVerify rechecks reports, inputs and the chain of nights. EXIT STATUS: 0
// nothing found, 1 a report or an input differs or is gone, 2 usage, 4 the chain
// is broken, 5 the ledger cannot be used.
func newVerify(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	var head string
	cmd := &cobra.Command{
		Use: "verify [REPORT]", Short: say(lang, msgVerifyShort), Long: say(lang, msgVerifyLong), Args: exactly(0, 1, msgOneReport),
		Annotations: map[string]string{"exit": say(lang, msgExitVerify)},
		RunE: func(cmd *cobra.Command, args []string) error {
			v := &verification{e: e, lang: languageFlag(cmd), heads: map[string]string{}}
			if head != "" {
				if head = strings.ToLower(head); !isHead.MatchString(head) {
					return usage(msgVerifyBadHead, head)
				}
				v.heads[head] = "--head"
			}
			if len(args) > 0 {
				v.report = args[0]
			}
			return v.run(cmd.Context(), &f)
		},
	}
	f.register(cmd, lang)
	cmd.Flags().StringVar(&head, "head", "", say(lang, msgFlagVerifyHead))
	return cmd
}

// verification collects what is found.
type verification struct {
	e      *env
	lang   language
	report string            // "": all
	heads  map[string]string // heads that must stand in the chain, and where they are printed
	found  int
}

func (v *verification) finding(m message, args ...any) {
	v.found++
	warn(v.e, v.lang, m, args...)
}

func (v *verification) run(ctx context.Context, f *ledgerFlags) error {
	s, err := f.open(ctx, v.e, false)
	if err != nil {
		return brokenChain(err)
	}
	defer s.Close()
	head, err := ledger.Check(ctx, s)
	if err != nil {
		return brokenChain(ledgerFailure(err))
	}
	nights, recs, err := recorded(ctx, s)
	if err != nil {
		return brokenChain(err)
	}
	if err := v.reports(recs); err != nil {
		return err
	}
	broken := v.cut(nights)
	if v.report == "" {
		v.inputs(recs)
	}
	switch {
	case broken:
		return outcome(exitFailed)
	case v.found > 0:
		return outcome(exitDifferences)
	}
	line(v.e.stdout, say(v.lang, msgVerified, len(nights), head.Hash.Short()))
	return nil
}

// brokenChain gives a damaged ledger the status of verify.
func brokenChain(err error) error {
	var f *failure
	var l *ledger.Error
	if errors.As(err, &l) && l.Code == ledger.Damaged {
		err = ledgerFailure(err)
	}
	if errors.As(err, &f) && f.code == exitLedger && f.msg == msgLedgerDamaged {
		return &failure{code: exitFailed, msg: f.msg, args: f.args, err: f.err}
	}
	return err
}

// reports compares the reports on disk with their digests: of several nights
// with one name the last one's stands there.
func (v *verification) reports(recs []*ledger.NightRecord) error {
	last := map[string]*ledger.NightRecord{}
	for _, r := range recs {
		if r.Report != "" {
			last[absolute(r.Report)] = r
		}
	}
	if v.report != "" {
		return v.oneReport(recs, last[absolute(v.report)])
	}
	for _, r := range recs {
		if r.Report != "" && last[absolute(r.Report)] == r {
			v.compare(r.Report, r.ReportSHA256, r.Day.String())
			v.printedHead(r.Report)
		}
	}
	return nil
}

// oneReport looks at a report that may have been moved: it is the one of its
// night's name, else one whose bytes a night has written.
func (v *verification) oneReport(recs []*ledger.NightRecord, named *ledger.NightRecord) error {
	digest, err := fileDigest(v.report)
	if err != nil {
		v.finding(msgVerifyGone, v.report, "-")
		return nil
	}
	v.printedHead(v.report)
	for _, r := range recs {
		if r.ReportSHA256 == digest {
			return nil
		}
		if named == nil && filepath.Base(r.Report) == filepath.Base(v.report) {
			named = r
		}
	}
	if named != nil {
		v.finding(msgVerifyDiffers, v.report, named.Day.String(), named.ReportSHA256[:12], digest[:12])
		return nil
	}
	v.finding(msgVerifyNoNight, v.report, digest[:12])
	return nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

func (v *verification) compare(path, digest, night string) {
	got, err := fileDigest(path)
	switch {
	case err != nil:
		v.finding(msgVerifyGone, path, night)
	case got != digest:
		v.finding(msgVerifyDiffers, path, night, short(digest), short(got))
	}
}

func short(digest string) string { return digest[:min(len(digest), 12)] }

// inputs compares input files with the digests that the nights noted. A name
// that a later night used again is that one's.
func (v *verification) inputs(recs []*ledger.NightRecord) {
	type input struct{ digest, night string }
	last := map[string]input{}
	var order []string
	for _, r := range recs {
		for i := range r.Files {
			f := &r.Files[i]
			if f.Path == "" || len(f.SHA256) != 2*sha256.Size {
				continue
			}
			if _, ok := last[f.Path]; !ok {
				order = append(order, f.Path)
			}
			last[f.Path] = input{f.SHA256, r.Day.String()}
		}
	}
	for _, path := range order {
		v.compare(path, last[path].digest, last[path].night)
	}
}

// isHead is a head or its beginning, as nights and verify print it.
var isHead = regexp.MustCompile(`^[0-9a-f]{12,64}$`)

// headOnReport is the head of the chain as a report prints it.
var headOnReport = regexp.MustCompile(`^ledger head ([0-9a-f]{64})$`)

// printedHead notes the head that a report bears.
func (v *verification) printedHead(path string) {
	if _, err := os.Stat(path); err != nil {
		return
	}
	err := parse.EachSheetRow(path, func(_ string, _ int64, cells [][]byte) error {
		for _, c := range cells {
			if m := headOnReport.FindSubmatch(c); m != nil {
				v.heads[string(m[1])] = path
			}
		}
		return nil
	})
	if err != nil {
		v.finding(msgVerifyUnreadable, path, reasonOf(err, v.lang))
	}
}

// cut says whether a head that stands on a report is not in the chain: nights
// are missing at its end, or it is another chain.
func (v *verification) cut(nights []ledger.Night) (broken bool) {
	for _, head := range slices.Sorted(maps.Keys(v.heads)) {
		there := false
		for i := range nights {
			there = there || strings.HasPrefix(nights[i].Hash.String(), head)
		}
		if !there {
			v.finding(msgVerifyCut, v.heads[head], short(head))
			broken = true
		}
	}
	return broken
}
