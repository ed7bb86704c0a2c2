package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/report"

	"github.com/spf13/cobra"
)

// newRun reconciles and writes the report. EXIT STATUS: all of exit.go.
func newRun(e *env, lang language) (*cobra.Command, *runFlags) {
	f := newRunFlags()
	cmd := &cobra.Command{
		Use:         "run [FILE...]",
		Short:       say(lang, msgRunShort),
		Long:        say(lang, msgRunLong),
		Annotations: map[string]string{"exit": say(lang, msgExitRun)},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := readConfig(f.config)
			if f.config == "" && f.beside != "" {
				c, err = readConfig(configBeside(args))
			}
			if err != nil {
				return err
			}
			if f.beside != "" { // the files are those that were dropped
				c.forget("pos", "clearing", "bank")
			}
			if err := c.apply(cmd.Flags(), cmd.Flags(), &f.thresholds); err != nil {
				return err
			}
			return reconcile(cmd.Context(), e, languageFlag(cmd), f, args)
		},
	}
	f.register(cmd.Flags(), lang)
	return cmd, f
}

// A job is one run: what the flags ask for, checked, and what has come of it.
type job struct {
	env   *env
	lang  language
	flags *runFlags
	began time.Time

	asOf   record.Date
	paths  []parse.PathSide
	listed map[string]bool // those of paths that were found in a folder
	output report.Output
	// dropped are earlier reports and tables of decisions among the inputs.
	dropped []string
	shown   map[string]string // what stands in the report for a path; nil: the path itself

	rules    rules
	scratch  *scratch
	input    *parse.Input
	result   *result.Result
	report   *report.Run
	written  report.Written
	progress counters

	ledger    ledger.Store // nil: the run remembers nothing
	decisions []ledger.Decision
	night     *ledger.AtWork
	outcome   *ledger.Outcome
	back      readBack
}

// rules are the tables that a run is judged by.
type rules struct {
	layouts   *layout.Layouts
	contracts *terms.Contracts
	calendar  *terms.Calendar
	patterns  *terms.Patterns
}

// reconcile is the whole run. Its steps are in the order of their effects: all
// that can be wrong with the command is found before anything is read, and
// nothing is written before the proof holds.
func reconcile(ctx context.Context, e *env, lang language, f *runFlags, files []string) error {
	j := &job{env: e, lang: lang, flags: f, began: e.now()}
	defer j.close()
	stop := watch(ctx, j.terminal(), lang, j.progress.phases())
	err := j.deliver(ctx, files)
	stop()
	if err != nil {
		return err
	}
	// The report has its name: the night belongs into the ledger, whatever comes.
	if err := j.commit(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	e.reached(ctx, stageCommitted)
	if f.beside != "" && e.ownConsole() {
		if err := e.show(j.written.Workbook); err != nil {
			warn(e, lang, msgReportNotShown, j.written.Workbook, err)
		}
	}
	return j.conclude()
}

// deliver is a run up to the report under its final name.
func (j *job) deliver(ctx context.Context, files []string) error {
	steps := []struct {
		do   func(context.Context) error
		then stage
	}{
		{func(context.Context) error { return j.check(files) }, stageChecked},
		{j.lock, stageLocked},
		{j.open, stageRead},
		{j.match, stageMatched},
		{j.write, stageWritten},
	}
	for _, step := range steps {
		err := ctx.Err()
		if err == nil {
			err = step.do(ctx)
		}
		if err != nil {
			return interruptedOr(ctx, err)
		}
		j.env.reached(ctx, step.then)
	}
	return nil
}

// interruptedOr prefers the interruption to whatever it made fail.
func interruptedOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// terminal is where progress may be shown, or nil.
func (j *job) terminal() io.Writer {
	if !j.env.stderrIsTerminal || j.flags.quiet || j.flags.noProgress {
		return nil
	}
	return j.env.stderr
}

// check finds all that is wrong with flags, tables and outputs.
func (j *job) check(files []string) error {
	if err := j.checkInputs(files); err != nil {
		return err
	}
	if j.flags.asOf.day.IsZero() {
		j.flags.asOf = today(j.env)
	}
	j.asOf = j.flags.asOf.date()
	if err := j.checkOutputs(); err != nil {
		return err
	}
	if err := j.rules.load(j.flags); err != nil {
		return err
	}
	return j.flags.checkNames(j.rules.layouts)
}

// checkInputs gathers the files of all sides. A path that does not exist stays
// among them: when a clearing file has not come, the night's run shall still
// tell what is known, and say with its status that it is incomplete.
func (j *job) checkInputs(files []string) error {
	given := []struct {
		side  record.Side
		paths []string
	}{{record.SidePos, j.flags.pos.paths}, {record.SideClearing, j.flags.clearing.paths}, {record.SideBank, j.flags.bank.paths}, {record.SideUnknown, files}}
	var all []string
	j.listed = map[string]bool{}
	for _, g := range given {
		for _, pattern := range g.paths {
			if pattern == "" {
				return usage(msgEmptyPath)
			}
			found, folder, err := expand(pattern)
			if err != nil {
				return err
			}
			all = append(all, found...)
			for _, path := range found {
				j.listed[path] = folder
				j.paths = append(j.paths, parse.PathSide{Path: path, Side: g.side})
			}
		}
	}
	if len(all) == 0 && !j.remembers() {
		return usage(msgNoFiles)
	}
	if err := j.flags.checkOverrides(all); err != nil {
		return err
	}
	return j.sortOut()
}

// expand resolves * and ?, which the Windows shell leaves to programs, and
// folders. A path that exists as it stands is never a pattern, and a pattern
// that fits nothing is the name of a file that is missing.
func expand(pattern string) (paths []string, folder bool, err error) {
	info, err := os.Stat(pattern)
	if err == nil && info.IsDir() {
		paths, err = filesIn(pattern)
		return paths, true, err
	}
	if err != nil && strings.ContainsAny(pattern, "*?") { // to Windows a name with them is not missing but wrong
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return slices.DeleteFunc(found, isFolder), false, nil
		}
	}
	return []string{pattern}, false, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// filesIn are the files of a folder and of the folders in it, hidden ones and
// those of the desktop aside. Links to folders are not followed: they may lead
// round in a circle.
func filesIn(folder string) (paths []string, err error) {
	err = filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == folder:
		case strings.HasPrefix(e.Name(), ".") && e.IsDir():
			return fs.SkipDir
		case !e.IsDir() && !isFolder(path) && !isDesktopFile(e.Name()):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		return nil, &failure{code: exitUsage, msg: msgFolderUnreadable, args: []any{folder}, err: err}
	}
	if len(paths) == 0 {
		return nil, usage(msgEmptyFolder, folder)
	}
	return paths, nil
}

// isDesktopFile says that a name is one of those that systems put into folders,
// or the program's own configuration.
func isDesktopFile(name string) bool {
	return strings.HasPrefix(name, ".") || slices.ContainsFunc([]string{"Thumbs.db", "desktop.ini", defaultConfig}, func(n string) bool { return strings.EqualFold(n, name) })
}

// checkNames wants layouts and encodings that exist.
func (f *readFlags) checkNames(layouts *layout.Layouts) error {
	for _, o := range f.layout.list {
		if layouts.Get(o.Value) == nil {
			return usage(msgNoLayout, o.Value, nearest(o.Value, layoutNames(layouts)))
		}
	}
	for _, o := range f.encoding.list {
		if !text.IsEncoding(o.Value) {
			return usage(msgBadEncoding, o.Value, strings.Join(text.EncodingNames(), ", "))
		}
	}
	return nil
}

func (f *readFlags) checkOverrides(paths []string) error {
	return cmp.Or(f.encoding.check("encoding", paths), f.layout.check("layout", paths), f.sheet.check("sheet", paths))
}

// checkOutputs decides the names of the outputs and whether they can be
// written, before hours of reading are wasted on them.
func (j *job) checkOutputs() error {
	j.output = report.Output{Workbook: j.flags.out, CSV: j.flags.csv}
	if j.output.Workbook == "" {
		j.output.Workbook = filepath.Join(j.flags.beside, "对账报告_"+j.flags.asOf.String()+".xlsx")
	}
	if !strings.EqualFold(filepath.Ext(j.output.Workbook), ".xlsx") {
		return usage(msgOutNotXLSX, j.output.Workbook)
	}
	if _, err := os.Stat(filepath.Dir(j.output.Workbook)); errors.Is(err, fs.ErrNotExist) && !j.output.MakesFolder() {
		return usage(msgOutNoFolder, j.output.Workbook)
	}
	if err := j.checkInputsAreKept(); err != nil {
		return err
	}
	for _, u := range report.Sweep(j.output) {
		warn(j.env, j.lang, msgUnfinished, strings.Join(u.New, ", "), strings.Join(u.Old, ", "))
	}
	j.env.delivers(j.output)
	if err := report.Preflight(j.output); err != nil {
		return failed(err, msgCannotWrite)
	}
	return nil
}

// checkInputsAreKept refuses an output that is an input. What was only found in
// a folder is then no input, nor is an earlier report: the new one takes its place.
func (j *job) checkInputsAreKept() error {
	for _, out := range j.outputs() {
		there, err := os.Stat(out)
		if err != nil {
			continue
		}
		same := func(p parse.PathSide) bool {
			info, err := os.Stat(p.Path)
			return err == nil && os.SameFile(there, info)
		}
		j.paths = slices.DeleteFunc(j.paths, func(p parse.PathSide) bool {
			return same(p) && (j.listed[p.Path] || p.Side == record.SideUnknown && report.IsReport(p.Path))
		})
		if slices.ContainsFunc(append(j.tables(), j.paths...), same) {
			return usage(msgOutIsInput, out)
		}
	}
	if len(j.paths) == 0 && !j.remembers() {
		return usage(msgNoFiles)
	}
	return nil
}

// outputs are all files that a run may write.
func (j *job) outputs() []string {
	all := []string{j.output.Workbook}
	if j.output.CSV != "" {
		for _, name := range []string{"transactions.csv", "settlements.csv", "credits.csv", "rejects.csv", "closed.csv"} {
			all = append(all, filepath.Join(j.output.CSV, name))
		}
	}
	return all
}

func (j *job) tables() []parse.PathSide {
	return []parse.PathSide{{Path: j.flags.contracts}, {Path: j.flags.calendar}, {Path: j.flags.patterns}, {Path: j.flags.config}}
}

// today is the day in Shanghai.
func today(e *env) dateValue {
	now := e.now().In(shanghai)
	return dateValue{time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, shanghai)}
}

func (j *job) workers() int {
	if j.flags.workers > 0 {
		return int(j.flags.workers)
	}
	return runtime.GOMAXPROCS(0)
}
