package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/ledger/postgres"
	"github.com/duizhang/duizhang/match/ledger/sqlite"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// ledgerVariable names the ledger where the command line does not: an address
// with a password does not belong there.
const ledgerVariable = "DUIZHANG_LEDGER"

// openLedger opens a ledger: a file, or postgres://… .
func openLedger(ctx context.Context, e *env, name string, write bool, wait time.Duration) (ledger.Store, error) {
	var s ledger.Store
	var err error
	if isServer(name) {
		s, err = postgres.Open(ctx, name, postgres.Options{Write: write})
	} else {
		host, herr := os.Hostname()
		if herr != nil {
			host = "?"
		}
		s, err = sqlite.Open(ctx, name, sqlite.Options{Write: write, Wait: wait, Who: ledger.Holder{
			PID: os.Getpid(), Host: host, Since: e.now().In(shanghai).Format(time.RFC3339)}})
	}
	if err != nil {
		return nil, ledgerFailure(err)
	}
	return s, nil
}

func isServer(name string) bool {
	return strings.HasPrefix(name, "postgres://") || strings.HasPrefix(name, "postgresql://")
}

// ledgerFailure puts an error of the ledger into words; its status is
// exitLedger.
func ledgerFailure(err error) error {
	var l *ledger.Error
	if !errors.As(err, &l) {
		return err
	}
	f := &failure{code: exitLedger, args: []any{l.Name}, err: l.Err}
	switch l.Code {
	case ledger.Busy:
		f.msg, f.args, f.err = msgLedgerBusy, []any{l.Name, l.Holder.PID, l.Holder.Host, l.Holder.Since}, nil
		if l.Holder == (ledger.Holder{}) {
			f.msg, f.args = msgLedgerBusyUnknown, []any{l.Name}
		}
	case ledger.Moved:
		f.msg, f.args = msgLedgerMoved, []any{l.Name, dayOrNone(l.Head.Day)}
	case ledger.OutOfOrder:
		f.msg, f.args = msgLedgerOrder, []any{dayOrNone(l.Head.Day), dayOrNone(l.Head.Day)}
	case ledger.Newer:
		f.msg, f.args = msgLedgerNewer, []any{l.Name, l.Detail}
	case ledger.Damaged:
		f.msg, f.args = msgLedgerDamaged, []any{l.Name, l.Detail}
	case ledger.NotALedger:
		f.msg, f.args = msgLedgerNot, []any{l.Name, l.Detail}
	case ledger.Missing:
		f.code, f.msg = exitUsage, msgLedgerMissing
	case ledger.TooOld:
		f.msg, f.args = msgLedgerTooOld, []any{dayOrNone(l.Head.Day)}
	case ledger.NotEmpty:
		f.code, f.msg = exitUsage, msgLedgerNotEmpty
	default:
		f.msg, f.args = msgLedgerUnreachable, []any{l.Name, l.Detail}
	}
	return f
}

func dayOrNone(d record.Date) string {
	if d == 0 {
		return "-"
	}
	return d.String()
}

// remembers says that the run has a ledger: then it may have no files, since
// what is open ages.
func (j *job) remembers() bool {
	return j.flags.ledger != "" || j.env.getenv(ledgerVariable) != ""
}

// lock opens the ledger of a run, before anything is read. A run that had to
// wait for another one, which has done the same night meanwhile, ends here.
func (j *job) lock(ctx context.Context) error {
	if j.flags.ledger == "" {
		j.flags.ledger = j.env.getenv(ledgerVariable)
	}
	if j.flags.ledger == "" {
		if j.flags.decisions != "" {
			return usage(msgDecisionsNoLedger)
		}
		return nil
	}
	var err error
	if j.flags.decisions != "" {
		if j.decisions, err = readDecisions(j.flags.decisions); err != nil {
			return err
		}
	}
	before := j.headSeen(ctx)
	if j.ledger, err = openLedger(ctx, j.env, j.flags.ledger, true, j.flags.lockWait); err != nil {
		return err
	}
	head, err := j.ledger.Head(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	if head.Day == j.asOf && (before != nil && *before != head || j.writtenSince()) {
		return ledgerFailure(&ledger.Error{Code: ledger.Moved, Name: j.flags.ledger, Head: head})
	}
	if j.asOf < head.Day {
		return ledgerFailure(&ledger.Error{Code: ledger.OutOfOrder, Name: j.flags.ledger, Head: head})
	}
	return nil
}

// writtenSince says that the ledger's file was written after this process began:
// another run of the same night was faster, even before this one came to look.
func (j *job) writtenSince() bool {
	if isServer(j.flags.ledger) {
		return false
	}
	info, err := os.Stat(j.flags.ledger)
	return err == nil && info.ModTime().After(began) && info.ModTime().Before(time.Now())
}

// began is when this process did.
var began = time.Now()

// headSeen is the last night before the run waits for the lock; nil if it
// cannot be known yet.
func (j *job) headSeen(ctx context.Context) *ledger.Head {
	if isServer(j.flags.ledger) {
		return nil
	}
	s, err := sqlite.Open(ctx, j.flags.ledger, sqlite.Options{Glance: true})
	if err != nil {
		return nil
	}
	defer s.Close()
	head, err := s.Head(ctx)
	if err != nil {
		return nil
	}
	return &head
}

func (j *job) ledgerRules() ledger.Rules {
	return ledger.Rules{AsOf: j.asOf, Contracts: j.rules.contracts, Calendar: j.rules.calendar, All: j.flags.all}
}

// begin starts the night: what was open, and which of the new rows came before.
func (j *job) begin(ctx context.Context) error {
	var err error
	if j.night, err = ledger.Begin(ctx, j.ledger, j.ledgerRules()); err != nil {
		return ledgerFailure(err)
	}
	if err = j.decide(ctx); err != nil {
		return err
	}
	if err := j.night.Read(ctx, j.input); err != nil {
		return failed(err, msgReadFailed)
	}
	return nil
}

// finish works out what is open after the night.
func (j *job) finish(ctx context.Context) error {
	var err error
	if j.outcome, err = j.night.Finish(ctx, j.result, j.decisions, j.sayer()); err != nil {
		var l *ledger.Error
		if errors.As(err, &l) {
			return ledgerFailure(err)
		}
		return err
	}
	if !j.night.Balanced() {
		return failed(nil, msgNotBalanced, "ledger")
	}
	return nil
}

// sayer puts outcomes into words with the report's sentences.
type sayer struct{ runs [2]*report.Run }

func (j *job) sayer() *sayer {
	s := &sayer{}
	for lang := range s.runs {
		s.runs[lang] = j.reportRun()
		s.runs[lang].Lang = problem.Lang(lang)
	}
	return s
}

func both[T any](s *sayer, list []T, say func(*report.Run, []T) ([]string, error)) ([][2]string, error) {
	out := make([][2]string, len(list))
	for lang, run := range s.runs {
		said, err := say(run, list)
		if err != nil {
			return nil, err
		}
		for i := range said {
			out[i][lang] = said[i]
		}
	}
	return out, nil
}

func (s *sayer) Groups(ctx context.Context, list []result.Group) ([][2]string, error) {
	return both(s, list, func(r *report.Run, l []result.Group) ([]string, error) { return r.GroupReasons(ctx, l) })
}

func (s *sayer) Settlements(ctx context.Context, list []result.Settlement) ([][2]string, error) {
	return both(s, list, func(r *report.Run, l []result.Settlement) ([]string, error) { return r.SettlementReasons(ctx, l) })
}

func (s *sayer) Credits(ctx context.Context, list []result.Credit) ([][2]string, error) {
	return both(s, list, func(r *report.Run, l []result.Credit) ([]string, error) { return r.CreditReasons(ctx, l) })
}

// commit writes the night into the ledger, after its report has its name.
func (j *job) commit(ctx context.Context) error {
	if j.ledger == nil {
		return nil
	}
	rec := &ledger.NightRecord{Report: j.written.Workbook, Files: ledger.Files(j.input.Files), Decisions: j.decisions, Version: buildVersion()}
	var err error
	if rec.ReportSHA256, err = fileDigest(j.written.Workbook); err != nil {
		return failed(err, msgCannotWrite)
	}
	if _, err := j.night.Commit(ctx, rec); err != nil {
		return ledgerFailure(err)
	}
	return nil
}

func fileDigest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// reportLedger is the night as the report shows it; nil without a ledger.
func (j *job) reportLedger() *report.Ledger {
	if j.ledger == nil || j.outcome == nil {
		return nil
	}
	o := j.outcome
	l := &report.Ledger{Night: o.Night, Base: o.Base, Carried: o.Carried, Opened: o.Opened, Closed: o.Closed, Open: o.Open, Owed: o.Owed,
		Read: o.Read, Applied: o.Applied, Problems: o.Problems, Decided: decidedItems(o.Items), Decisions: j.decisionLines()}
	if h := j.night.Head(); h.Seq > 0 {
		l.Head = h.Hash.String()
	}
	for _, m := range o.Missing {
		l.Missing = append(l.Missing, report.MissingFile{Acquirer: m.Acquirer, MerchantID: m.MerchantID, Day: m.Day})
	}
	for i := range o.Closings {
		c := &o.Closings[i]
		out := report.Closing{ItemID: c.ID, Type: c.Type.String(), SettlementID: c.SettlementID, State: c.Final, By: c.By, On: c.On,
			DaysOpen: c.DaysOpen(), DaysLate: c.Late, Amount: c.WasOwed, Reason: closingReason(c, j.lang)}
		for _, s := range c.Sources {
			out.Sources = append(out.Sources, s.Source)
		}
		l.Closings = append(l.Closings, out)
	}
	return l
}

// closingReason says what closed an item.
func closingReason(c *ledger.Closing, lang language) string {
	m := map[string]message{"row": msgClosedByRow, "credit": msgClosedByCredit, "decision": msgClosedByDecision, "age": msgClosedByAge}[c.By]
	text := say(lang, m, c.State, c.Final)
	if c.Into != "" {
		text += say(lang, msgClosedInto, c.Into)
	}
	if c.By == "decision" && c.Decision.By+c.Decision.Note != "" {
		text += say(lang, msgClosedSaid, c.Decision.By, c.Decision.Note)
	}
	return text
}

// tellDecisions says of decisions that were not applied why.
func (j *job) tellDecisions() {
	if j.outcome == nil {
		return
	}
	whys := map[string]message{"unknown_item": msgDecisionUnknownItem, "unknown_word": msgDecisionUnknownWord,
		"senseless": msgDecisionSenseless, "contradiction": msgDecisionContradiction, "closed": msgDecisionClosed}
	j.tellReadBack()
	for _, r := range j.outcome.Refused {
		warn(j.env, j.lang, whys[r.Why], r.Source, r.ItemID, r.Word, r.State)
	}
	for _, r := range j.outcome.Repeats {
		if r.Seen > 0 {
			warn(j.env, j.lang, msgFileRepeats, r.File, r.Of, r.Seen, r.Gone)
		}
	}
	for _, m := range j.outcome.Missing {
		if j.flags.expect {
			warn(j.env, j.lang, msgFileMissing, m.Acquirer, m.MerchantID, m.Day.String())
		}
	}
}

// judged is the result without what a person has put aside or closed.
func (j *job) judged() *result.Result {
	if j.outcome == nil || len(j.outcome.OnHold) == 0 {
		return j.result
	}
	res := *j.result
	held := func(id string) bool { return id != "" && j.outcome.OnHold[id] }
	for i := range res.Groups {
		if g := &res.Groups[i]; held(g.ItemID) {
			res.Match[g.Match].Groups--
			res.Timing[g.Timing].Groups--
			for bit := range res.Flags {
				if g.Flags&(1<<bit) != 0 {
					res.Flags[bit]--
				}
			}
		}
	}
	res.Settlements = slices.DeleteFunc(slices.Clone(res.Settlements), func(s result.Settlement) bool { return held(s.ItemID) })
	res.Credits = slices.DeleteFunc(slices.Clone(res.Credits), func(c result.Credit) bool { return held(c.ItemID) })
	return &res
}
