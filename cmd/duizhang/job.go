package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// counters are what the packages count while they work.
type counters struct {
	read    parse.Progress
	matched match.Progress
	written report.Progress
}

func (c *counters) phases() []phase {
	return []phase{
		{msgPhaseRead, true, c.read.BytesRead.Load, c.read.BytesTotal.Load},
		{msgPhaseMatch, false, c.matched.Joined.Load, c.matched.Scanned.Load},
		{msgPhaseWrite, false, c.written.Done.Load, c.written.Groups.Load},
	}
}

// load reads the tables. A mistake in one is a mistake in the configuration.
func (r *rules) load(f *runFlags) error {
	if err := regularFiles(f.patterns, f.contracts, f.calendar); err != nil {
		return err
	}
	var err error
	if r.layouts, err = loadLayouts(f.layouts); err != nil {
		return err
	}
	if f.patterns != "" {
		if r.patterns, err = tables.LoadPatterns(f.patterns); err != nil {
			return asConfiguration(err)
		}
	}
	if f.contracts != "" {
		if r.contracts, err = tables.LoadContracts(f.contracts, r.patterns); err != nil {
			return asConfiguration(err)
		}
	}
	r.calendar = terms.BuiltinCalendar()
	if f.calendar != "" {
		if r.calendar, err = tables.LoadCalendar(f.calendar); err != nil {
			return asConfiguration(err)
		}
	}
	return nil
}

// regularFiles wants tables that are there to be files: reading a pipe or a
// device might never end. One that is absent is told of when it is read.
func regularFiles(paths ...string) error {
	for _, path := range paths {
		if info, err := os.Stat(path); path != "" && err == nil && !info.Mode().IsRegular() {
			return usage(msgNotAFile, path)
		}
	}
	return nil
}

// asConfiguration gives the packages' own errors about tables and layouts the
// status of a configuration error.
func asConfiguration(err error) error {
	return &failure{code: exitUsage, err: err}
}

// open recognises the inputs and reports what is wrong with them.
func (j *job) open(ctx context.Context) error {
	var err error
	if j.scratch, err = newScratch(); err != nil {
		return failed(err, msgNoScratch)
	}
	j.input, err = parse.Open(ctx, j.paths, j.options(j.scratch.dir))
	if err != nil {
		return failed(err, msgReadFailed)
	}
	if j.nothingToRead() {
		j.tellProblems()
		return failed(nil, msgNothingToRead)
	}
	return nil
}

// nothingToRead says that no file can be used. With a ledger that is no reason
// to stop: what is open ages.
func (j *job) nothingToRead() bool {
	return j.ledger == nil && !slices.ContainsFunc(j.input.Files, func(f *parse.File) bool { return f.Used })
}

func (j *job) options(temp string) *parse.Options {
	opt := j.flags.readOptions(j.rules.layouts, temp)
	opt.AsOf, opt.Memory, opt.Progress = j.asOf, j.env.memoryFor(int64(j.flags.memory)), &j.progress.read
	return opt
}

// readOptions are the options that run and inspect share.
func (f *readFlags) readOptions(layouts *layout.Layouts, temp string) *parse.Options {
	return &parse.Options{
		Layouts: layouts, TempDir: temp,
		Encoding: f.encoding.list, Layout: f.layout.list, Sheet: f.sheet.list,
	}
}

// match reconciles and insists on the proof.
func (j *job) match(ctx context.Context) error {
	opt := match.Options{
		AsOf: j.asOf, Contracts: j.rules.contracts, Calendar: j.rules.calendar, Patterns: j.rules.patterns,
		Workers: j.workers(), Memory: j.env.memoryFor(int64(j.flags.memory)), TempFile: j.scratch.file,
		All: j.flags.all, Progress: &j.progress.matched,
	}
	for _, set := range j.flags.thresholds {
		set(&opt)
	}
	if err := j.matchUsable(ctx, opt); err != nil {
		return err
	}
	if !j.result.Proof.Balanced {
		j.tellProblems()
		return failed(nil, msgNotBalanced, j.result.Proof.Failure)
	}
	return ctx.Err()
}

// matchUsable matches until no file drops out: one that turns out to be bad
// only while its rows are read is out of its side, and what was matched with
// its rows is void.
func (j *job) matchUsable(ctx context.Context, opt match.Options) error {
	for range len(j.input.Files) + 1 {
		var out *parse.OutcastError
		if err := j.begin(ctx); err != nil {
			return err
		}
		opt.Before = j.night.Before(ctx)
		var err error
		j.result, err = match.Run(ctx, j.source(record.SidePos), j.source(record.SideClearing), j.source(record.SideBank), opt)
		switch {
		case err == nil:
			return j.finish(ctx)
		case !errors.As(err, &out):
			return failed(err, msgMatchFailed)
		}
		if j.nothingToRead() {
			j.tellProblems()
			return failed(nil, msgNothingToRead)
		}
	}
	return failed(nil, msgMatchFailed)
}

// source is one side as the matcher takes it: nil, not a nil *Set, if the run
// has no such side, or none any more since its last file dropped out.
func (j *job) source(side record.Side) match.Source {
	if set := j.input.Sets[side]; j.night.Source(side) == nil || set != nil && !set.Used() && j.ledger == nil {
		return nil
	}
	return j.night.Source(side)
}

// write puts the report under its final name, and then tells what is wrong with
// the inputs: all of it is known only now.
func (j *job) write(ctx context.Context) error {
	err := j.writeUsable(ctx)
	if ctx.Err() == nil {
		j.tellProblems()
		j.tellWarnings()
		j.tellDecisions()
	}
	return err
}

// writeUsable writes until no file drops out: one that somebody writes to while
// the report reads its rows again is out as well, and the others are matched
// without it.
func (j *job) writeUsable(ctx context.Context) error {
	for {
		var err error
		var out *parse.OutcastError
		j.report = j.reportRun()
		j.output.Aside = j.aside()
		j.written, err = report.Write(ctx, j.report, j.output)
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &out):
			return failed(err, msgCannotWrite)
		}
		if err := j.match(ctx); err != nil {
			return err
		}
	}
}

func (j *job) close() {
	if j.ledger != nil {
		_ = j.ledger.Close() // what was committed is on the disk
	}
	if j.input != nil {
		_ = j.input.Close() // inputs were only read; the spools go with the folder
	}
	j.scratch.remove()
}

// conclude says on stdout what came out and gives the status.
func (j *job) conclude() error {
	j.tellKept(report.Beside{Wanted: j.output.Workbook, Name: j.written.Workbook, Kept: j.written.Kept})
	for _, b := range j.written.Beside {
		j.tellKept(b)
	}
	code := j.status()
	if err := j.summarise(); err != nil {
		code = j.summaryLost(err, code)
	}
	if code != exitReconciled {
		return outcome(code)
	}
	return nil
}

// summaryLost is the status of a run whose report stands but whose summary did
// not get out. The lines for a person are a courtesy: the status is the
// result's. The JSON object was asked for, so without it the run is incomplete.
// A reader that has closed the pipe has all that it wanted.
func (j *job) summaryLost(err error, code exitCode) exitCode {
	if !errors.Is(err, syscall.EPIPE) {
		warn(j.env, j.lang, msgSummaryLost, j.written.Workbook, err)
	}
	if j.flags.json {
		code = worst(code, exitIncomplete)
	}
	return code
}

// tellKept says why an output does not have the name that was wanted.
func (j *job) tellKept(b report.Beside) {
	switch b.Kept {
	case report.KeptHeld:
		warn(j.env, j.lang, msgRenamed, b.Wanted, b.Name)
	case report.KeptEdited:
		warn(j.env, j.lang, msgKeptEdited, b.Wanted, b.Name)
	}
}

// status is the worst code that applies to a finished run.
func (j *job) status() exitCode {
	code := exitReconciled
	if j.flags.failOn.trips(j.judged()) {
		code = exitDifferences
	}
	if incomplete(j.input.Files) || j.missesDay() || j.outcome.Problems > 0 || len(j.back.bad) > 0 || j.flags.expect && len(j.outcome.Missing) > 0 {
		code = worst(code, exitIncomplete)
	}
	return code
}

// missesDay says that an acquirer's file of a day within its run of days never came.
func (j *job) missesDay() bool {
	return slices.ContainsFunc(j.result.Warnings, func(w result.Warning) bool { return w.Code == result.WarningMissingDay })
}

// incomplete says that something of a file is missing from the run.
func incomplete(files []*parse.File) bool {
	return slices.ContainsFunc(files, (*parse.File).Incomplete)
}

// summarise prints the result: one JSON object, or some lines for a person.
func (j *job) summarise() error {
	if j.flags.quiet && !j.flags.json {
		return nil
	}
	s := report.Summarize(j.report, j.written.Workbook, j.env.now().Sub(j.began))
	if j.flags.json {
		return report.WriteJSON(j.env.stdout, s)
	}
	return report.WriteTerminal(j.env.stdout, s, j.lang)
}
