package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"

	"github.com/spf13/cobra"
)

// newInspect tells what files are and how they are read. EXIT STATUS: 0 usable,
// no row rejected; 2 usage; 3 a file is unusable or has rejected rows; 4 the
// system failed; 130 interrupted.
func newInspect(e *env, lang language, run *runFlags) *cobra.Command {
	var f inspectFlags
	cmd := &cobra.Command{
		Use:         "inspect FILE...",
		Short:       say(lang, msgInspectShort),
		Long:        say(lang, msgInspectLong),
		Annotations: map[string]string{"exit": say(lang, msgExitInspect)},
		Args:        exactly(1, -1, msgOneOrMoreFiles),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := applyConfig(cmd, f.config, run); err != nil {
				return err
			}
			return inspect(cmd.Context(), e, languageFlag(cmd), &f, args)
		},
	}
	f.register(cmd.Flags(), lang)
	cmd.Flags().BoolVar(&f.json, "json", false, say(lang, msgFlagJSON))
	return cmd
}

type inspectFlags struct {
	readFlags
	json bool
}

// An inspection is what reading all of the inputs has shown.
type inspection struct {
	input *parse.Input
	first map[*parse.File][]record.Record
	shown int // first rows of a file to get
}

// inspect reads files and prints what they are.
func inspect(ctx context.Context, e *env, lang language, f *inspectFlags, args []string) error {
	var paths []parse.PathSide
	var names []string
	for _, arg := range args {
		found, _, err := expand(arg)
		if err != nil {
			return err
		}
		for _, p := range found {
			paths = append(paths, parse.PathSide{Path: p})
			names = append(names, p)
		}
	}
	if err := f.checkOverrides(names); err != nil {
		return err
	}
	layouts, err := loadLayouts(f.layouts)
	if err != nil {
		return err
	}
	if err := f.checkNames(layouts); err != nil {
		return err
	}
	temp, err := newScratch()
	if err != nil {
		return failed(err, msgNoScratch)
	}
	defer temp.remove()
	opt := f.readOptions(layouts, temp.dir)
	day := today(e)
	opt.AsOf = day.date()
	return inspectPaths(ctx, e, lang, f, paths, opt)
}

func inspectPaths(ctx context.Context, e *env, lang language, f *inspectFlags, paths []parse.PathSide, opt *parse.Options) error {
	seen, err := look(ctx, paths, opt, shownRows)
	if seen != nil {
		defer seen.input.Close()
	}
	if err != nil {
		return interruptedOr(ctx, failed(err, msgReadFailed))
	}
	if f.json {
		var files []report.File
		for _, file := range seen.input.Files {
			files = append(files, reportFile(file, lang))
		}
		err = report.WriteJSON(e.stdout, report.SummarizeFiles(files))
	} else {
		err = seen.print(e, lang)
	}
	if err != nil {
		return failed(err, msgCannotPrint)
	}
	if incomplete(seen.input.Files) {
		return outcome(exitIncomplete)
	}
	return nil
}

// shownRows is how many first rows of a file inspect prints.
const shownRows = 3

// look opens the files and reads each to its end.
func look(ctx context.Context, paths []parse.PathSide, opt *parse.Options, shown int) (*inspection, error) {
	input, err := parse.Open(ctx, paths, opt)
	if err != nil {
		return nil, err
	}
	seen := &inspection{input: input, first: map[*parse.File][]record.Record{}, shown: shown}
	for _, set := range input.Sets {
		if set != nil {
			if err := seen.read(ctx, set); err != nil {
				return seen, err
			}
		}
	}
	return seen, nil
}

// read scans a set until no file drops out of it, then gets the first rows.
func (s *inspection) read(ctx context.Context, set *parse.Set) error {
	for {
		first := make([]firstRows, len(set.Files()))
		for i := range first {
			first[i].most = s.shown
		}
		var mu sync.Mutex
		err := set.Scan(ctx, 0, 0, func(int) func(*record.Row) {
			return func(r *record.Row) {
				if first[r.Doc].wants(r.Pos, &mu) {
					first[r.Doc].add(r.Pos, &mu)
				}
			}
		})
		var out *parse.OutcastError
		switch {
		case errors.As(err, &out):
			continue
		case err != nil:
			return err
		}
		for i, file := range set.Files() {
			if s.first[file], err = set.Records(ctx, 1, first[i].pos); err != nil {
				return err
			}
		}
		return nil
	}
}

// firstRows keeps the lowest positions of a document.
type firstRows struct {
	pos  []record.Pos
	most int
}

func (f *firstRows) wants(p record.Pos, mu *sync.Mutex) bool {
	mu.Lock()
	defer mu.Unlock()
	return len(f.pos) < f.most || p < f.pos[len(f.pos)-1]
}

func (f *firstRows) add(p record.Pos, mu *sync.Mutex) {
	mu.Lock()
	defer mu.Unlock()
	i, _ := slices.BinarySearch(f.pos, p)
	f.pos = slices.Insert(f.pos, i, p)
	f.pos = f.pos[:min(len(f.pos), f.most)]
}

// print writes what was seen, a block a file.
func (s *inspection) print(e *env, lang language) error {
	var b strings.Builder
	for i, f := range s.input.Files {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.block(&b, lang, f)
	}
	_, err := fmt.Fprint(e.stdout, b.String())
	return err
}

var sideWords = [4]message{msgSideUnknown, msgSidePos, msgSideClearing, msgSideBank}

// inspectColumn is the width of the names on the left.
const inspectColumn = 10

func (s *inspection) block(b *strings.Builder, lang language, f *parse.File) {
	fmt.Fprintln(b, visible(f.Path))
	put := func(name message, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %s%s\n", pad(say(lang, name), inspectColumn), visible(value))
		}
	}
	if f.Name != f.Path {
		put(msgWordName, f.Name)
	}
	put(msgWordSide, say(lang, sideWords[f.Side]))
	put(msgWordLayout, f.Layout)
	put(msgWordAcquirer, f.Acquirer)
	put(msgWordEncoding, f.Encoding)
	put(msgWordBytes, fmt.Sprint(f.Bytes))
	put(msgWordDigest, f.SHA256)
	if f.DuplicateOf != "" {
		put(msgWordDuplicate, f.DuplicateOf)
	}
	if f.Used {
		put(msgWordRows, say(lang, msgRowCounts, f.Rows, f.Accepted, f.Rejected, f.Skipped))
		for _, sum := range f.Sums {
			put(msgWordAmount, sum.Amount.String()+" "+sum.Currency)
		}
		if f.Control != nil {
			put(msgWordControl, controlText(lang, f.Control))
		}
		put(msgWordChecks, checksText(lang, f))
		s.columns(b, lang, f)
		s.rows(b, lang, f)
	}
	s.problems(b, lang, f)
}

// controlText is what a file says about itself.
func controlText(lang language, c *layout.Control) string {
	var parts []string
	if c.HasRows {
		parts = append(parts, fmt.Sprint(c.DeclaredRows))
	}
	if c.HasAmount {
		parts = append(parts, c.DeclaredAmount.String())
	}
	verdict := msgControlFails
	if c.OK {
		verdict = msgControlAgrees
	}
	return strings.Join(append(parts, say(lang, verdict)), "  ")
}

// checksText is what a file was held against itself by, and what it holds nothing
// of to be checked by.
func checksText(lang language, f *parse.File) string {
	var made, missing []string
	for _, kind := range []layout.CheckKind{layout.CheckBalance, layout.CheckTotals, layout.CheckIdentity, layout.CheckBatch} {
		name := say(lang, checkNames[kind])
		i := slices.IndexFunc(f.Checks, func(c layout.Check) bool { return c.Kind == kind })
		if i < 0 {
			missing = append(missing, name)
			continue
		}
		if kind == layout.CheckIdentity {
			name = f.Identity
		}
		verdict := msgCheckFails
		if f.Checks[i].OK {
			verdict = msgCheckAgrees
		}
		made = append(made, say(lang, verdict, name, f.Checks[i].Lines))
	}
	if len(missing) > 0 {
		made = append(made, say(lang, msgNotChecked, strings.Join(missing, say(lang, msgListComma))))
	}
	return strings.Join(made, say(lang, msgListSemicolon))
}

// checkNames are the checks for people.
var checkNames = map[layout.CheckKind]message{
	layout.CheckBalance: msgCheckBalance, layout.CheckTotals: msgCheckTotals, layout.CheckIdentity: msgCheckIdentity, layout.CheckBatch: msgCheckBatch,
}

// recordLine is a row as it was understood: where, when, what, how much, and
// under which numbers.
func recordLine(r *record.Record) string {
	parts := []string{r.Source, timeText(r), kindNames[r.Kind], r.Amount.String()}
	for _, f := range []record.Field{record.MerchantID, record.TerminalID, record.OrderNo, record.ChannelNo, record.RefNo, record.TraceNo, record.Payer, record.Remark} {
		if r.Text[f] != "" {
			parts = append(parts, f.String()+"="+r.Text[f])
		}
	}
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), "  ")
}

// kindNames are SPEC's words for what a row does.
var kindNames = [...]string{
	record.KindUnknown: "", record.Sale: "sale", record.Void: "void", record.Reversal: "reversal", record.Refund: "refund",
	record.Preauth: "preauth", record.PreauthComplete: "preauth_complete", record.Adjustment: "adjustment",
	record.Fee: "fee", record.Payout: "payout",
}

func timeText(r *record.Record) string {
	switch {
	case r.Time != 0 && r.HasClock:
		return time.Unix(int64(r.Time), 0).UTC().Format(time.DateTime)
	case r.Time != 0:
		return time.Unix(int64(r.Time), 0).UTC().Format(time.DateOnly)
	}
	return ""
}

func (s *inspection) columns(b *strings.Builder, lang language, f *parse.File) {
	if len(f.Columns) == 0 {
		return
	}
	fmt.Fprintf(b, "  %s\n", say(lang, msgWordColumns))
	for _, c := range f.Columns {
		field := c.Field
		if field == "" {
			field = say(lang, msgNotUsed)
		}
		if c.Unit != "" {
			field += " (" + c.Unit + ")"
		}
		fmt.Fprintf(b, "    %s → %s\n", visible(c.Header), visible(field))
	}
}

func (s *inspection) rows(b *strings.Builder, lang language, f *parse.File) {
	if len(s.first[f]) == 0 {
		return
	}
	fmt.Fprintf(b, "  %s\n", say(lang, msgWordFirst))
	for i := range s.first[f] {
		fmt.Fprintf(b, "    %s\n", visible(recordLine(&s.first[f][i])))
	}
}

func (s *inspection) problems(b *strings.Builder, lang language, f *parse.File) {
	var list []string
	for i := range f.Problems {
		list = append(list, f.Problems[i].Text(lang))
	}
	if set := s.input.Sets[f.Side]; set != nil {
		for _, r := range set.Rejects() {
			if r.File == f.Name {
				list = append(list, r.Text(lang))
			}
		}
	}
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "  %s\n", say(lang, msgWordProblems))
	for _, l := range list[:min(len(list), maxTold)] {
		fmt.Fprintf(b, "    %s\n", visible(l))
	}
	if left := len(list) - maxTold; left > 0 {
		fmt.Fprintf(b, "    %s\n", say(lang, msgAndMore, left))
	}
}
