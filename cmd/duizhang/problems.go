package main

import (
	"iter"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// maxTold is how many rejected rows of a run stderr lists; the report lists
// all of them.
const maxTold = 20

// tellProblems says on stderr, a line each, what is wrong with the inputs:
// files that are not used, then rows that could not be read.
func (j *job) tellProblems() {
	for _, f := range j.input.Files {
		if f.DuplicateOf != "" {
			warn(j.env, j.lang, msgDuplicate, f.Name, f.DuplicateOf)
		}
		for i := range f.Problems {
			line(j.env.stderr, visible(f.Problems[i].Text(j.lang)))
		}
	}
	told, left := 0, 0
	for p := range j.rejects() {
		if told == maxTold {
			left++
			continue
		}
		told++
		line(j.env.stderr, visible(p.Text(j.lang)))
	}
	if left > 0 {
		warn(j.env, j.lang, msgMoreProblems, left)
	}
}

// rejects are the rows of all sides that could not be read.
func (j *job) rejects() iter.Seq[*problem.Problem] {
	return func(yield func(*problem.Problem) bool) {
		for _, set := range j.input.Sets {
			if set == nil {
				continue
			}
			for _, r := range set.Rejects() {
				if !yield(&r.Problem) {
					return
				}
			}
		}
	}
}

// tellWarnings says what the matcher found odd about the run itself.
func (j *job) tellWarnings() {
	for _, w := range j.result.Warnings {
		line(j.env.stderr, visible(report.WarningText(w, j.lang)))
	}
}

// reportRun is the finished run as the report takes it. What it holds must not
// differ between runs that must give the same bytes.
func (j *job) reportRun() *report.Run {
	run := &report.Run{
		Result: j.result,
		Pos:    j.source(record.SidePos), Clearing: j.source(record.SideClearing), Bank: j.source(record.SideBank),
		Contracts: j.rules.contracts, Calendar: j.rules.calendar, Ledger: j.reportLedger(),
		Rejects: j.reportRejects(), Settings: j.settings(),
		Lang: j.lang, Version: buildVersion(), All: j.flags.all,
		Workers: j.workers(), TempDir: j.scratch.dir, Progress: &j.progress.written,
	}
	for _, f := range j.input.Files {
		file := reportFile(f, j.lang)
		file.Path = j.shownPath(file.Path)
		run.Files = append(run.Files, file)
	}
	return run
}

// shownPath is a path as the report shows it.
func (j *job) shownPath(path string) string {
	if name, ok := j.shown[path]; ok {
		return name
	}
	return path
}

// baseHash is the end of the chain of nights that this one is built on: with it
// a person can check later that no night was taken out of the ledger.
func (j *job) baseHash() string {
	if j.ledger == nil || j.night == nil || j.night.Head().Seq == 0 {
		return ""
	}
	return j.night.Head().Day.String() + " " + j.night.Head().Hash.String()
}

func (j *job) reportRejects() iter.Seq[report.Reject] {
	return func(yield func(report.Reject) bool) {
		for p := range j.rejects() {
			if !yield(report.Reject{Source: p.Source(), Column: p.Column, Value: p.Value, Reason: p.Reason(j.lang)}) {
				return
			}
		}
	}
}

// reportFile is an input file as reports and inspect --json show it.
func reportFile(f *parse.File, lang language) report.File {
	out := report.File{
		Path: f.Path, Name: f.Name, Side: f.Side, Layout: f.Layout, Acquirer: f.Acquirer, Encoding: f.Encoding,
		SHA256: f.SHA256, Bytes: f.Bytes, Rows: f.Rows, Accepted: f.Accepted, Rejected: f.Rejected, Skipped: f.Skipped, Seen: f.Seen, Gone: f.Gone,
		DuplicateOf: f.DuplicateOf,
	}
	for _, s := range f.Sums {
		out.Amount = append(out.Amount, result.Sum{Currency: s.Currency, Amount: s.Amount})
	}
	for i := range f.Problems {
		out.Problems = append(out.Problems, f.Problems[i].Reason(lang))
	}
	for _, c := range f.Checks {
		out.Checks = append(out.Checks, report.Check{Check: string(c.Kind), Lines: c.Lines, OK: c.OK})
	}
	if c := f.Control; c != nil {
		out.Control = &report.Control{
			DeclaredRows: c.DeclaredRows, HasRows: c.HasRows, DeclaredAmount: c.DeclaredAmount, HasAmount: c.HasAmount, OK: c.OK,
		}
	}
	return out
}

// settings are the options that shaped the result, for the run log.
func (j *job) settings() []report.Setting {
	f := j.flags
	var list []report.Setting
	for _, s := range []report.Setting{
		{Name: "as-of", Value: f.asOf.String()},
		{Name: "contracts", Value: j.shownPath(f.contracts)},
		{Name: "calendar", Value: f.calendar},
		{Name: "patterns", Value: f.patterns},
		{Name: "layouts", Value: f.layouts},
		{Name: "encoding", Value: f.encoding.String()},
		{Name: "layout", Value: f.layout.String()},
		{Name: "sheet", Value: f.sheet.String()},
		{Name: "fail-on", Value: f.failOn.String()},
		{Name: "ledger-base", Value: j.baseHash()},
	} {
		if s.Value != "" {
			list = append(list, s)
		}
	}
	return list
}
