package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// readBack is what came back from people before a night begins.
type readBack struct {
	done bool
	// read are the workbooks that decisions were taken from, bad those that
	// should have been and could not.
	read, bad []string
	foreseen  []ledger.Foreseen
}

// decide collects the night's decisions: from --decisions, else from the last
// report, if a person changed it, behind those that the replaced run of the same
// day had read. It says of each what it will change before anything is done.
func (j *job) decide(ctx context.Context) error {
	if j.ledger == nil {
		return nil
	}
	var err error
	if !j.back.done {
		if j.flags.decisions != "" {
			if err = j.fromFile(); err == nil {
				j.back.read = append(j.back.read, j.flags.decisions)
			}
		} else {
			err = j.fromLastReport(ctx)
		}
		if err != nil {
			return err
		}
		if err = j.fromCommands(ctx); err != nil {
			return err
		}
		j.back.foreseen = j.night.Foresee(j.decisions)
		j.foretell()
	}
	j.back.done = true
	j.night.Take(j.decisions)
	return nil
}

// fromFile takes of a workbook given by --decisions what a person has changed in
// it; a table of decisions counts as it is.
func (j *job) fromFile() error {
	if !isBook(j.flags.decisions) {
		return nil
	}
	var err error
	j.decisions, err = j.night.Changed(j.decisions)
	return ledgerFailure(err)
}

// fromCommands adds what duizhang decide and claims --mark have said since the
// last night. It is later than what a replaced run had read; what --decisions or
// a changed report says at the same time must agree with it.
func (j *job) fromCommands(ctx context.Context) error {
	said, err := j.night.Said(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	earlier, err := j.night.Earlier(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	if j.flags.decisions != "" { // the file stands for what was read, not for what was said
		for _, d := range earlier {
			if isSaid(&d) {
				j.decisions = append(j.decisions, d)
			}
		}
	}
	former := j.decisions[:0:0]
	var now []ledger.Decision
	for _, d := range j.decisions {
		if slices.Contains(earlier, d) {
			former = append(former, d)
		} else {
			now = append(now, d)
		}
	}
	j.decisions = ledger.Later(former, append(now, said...))
	return nil
}

// commandSource is where decisions of the command line were said.
const commandSource = "duizhang decide"

func isSaid(d *ledger.Decision) bool { return d.Source == commandSource }

func (j *job) fromLastReport(ctx context.Context) error {
	earlier, err := j.night.Earlier(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	path, digest, err := j.night.LastReport(ctx)
	if err != nil {
		return ledgerFailure(err)
	}
	var rows []ledger.Decision
	for _, book := range j.withDropped(j.editedReports(path, digest)) {
		list, err := readDecisions(book)
		if err != nil {
			j.back.bad = append(j.back.bad, book)
			warn(j.env, j.lang, msgReportUnreadable, book, reasonOf(err, j.lang))
			continue
		}
		rows = append(rows, list...)
		j.back.read = append(j.back.read, book)
	}
	changed, err := j.night.Changed(rows)
	if err != nil {
		return ledgerFailure(err)
	}
	j.decisions = ledger.Later(earlier, changed)
	return nil
}

// editedReports are the last report, if it is not as the ledger has it, and what
// a run that was killed before it could commit had moved aside.
func (j *job) editedReports(path, digest string) (list []string) {
	if path == "" {
		return nil
	}
	now, err := fileDigest(path)
	if err == nil && now != digest {
		list = append(list, path)
	}
	if err == nil && now == digest {
		return nil
	}
	ext := filepath.Ext(path)
	left, err := filepath.Glob(escapeGlob(strings.TrimSuffix(path, ext)) + "(*" + j.night.LastHead().Tag() + ")" + ext)
	if err != nil {
		return list
	}
	slices.Sort(left)
	return append(list, left...)
}

// escapeGlob takes the meaning of a pattern from a name.
func escapeGlob(name string) string {
	if filepath.Separator == '\\' {
		return name // no escapes there; a name with a bracket matches nothing
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(name)
}

// aside is where the report that the new one replaces goes, if its decisions have
// been read: a name that says so. Its tag is that of the last night, so that a
// run that dies before it commits finds the file again.
func (j *job) aside() string {
	wanted, err := os.Stat(j.output.Workbook)
	if err != nil {
		return ""
	}
	for _, book := range j.back.read {
		if info, err := os.Stat(book); err != nil || !os.SameFile(info, wanted) {
			continue
		}
		ext := filepath.Ext(j.output.Workbook)
		name := strings.TrimSuffix(j.output.Workbook, ext) + "(" + say(j.lang, msgAlreadyRead, j.asOf.String()) + " " + j.night.LastHead().Tag() + ")" + ext
		if _, err := os.Lstat(name); err == nil {
			return "" // a run that was killed has moved it already
		}
		return name
	}
	return ""
}

// isBook says that a file is a workbook by its first bytes.
func isBook(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	return err == nil && (string(head) == "PK\x03\x04" || string(head) == "\xd0\xcf\x11\xe0")
}

// maxForetold bounds the decisions that stderr tells of; the report lists all.
const maxForetold = 50

// foretell says what each decision will change.
func (j *job) foretell() {
	for i := range j.back.foreseen {
		if i == maxForetold {
			line(j.env.stderr, say(j.lang, msgForetoldMore, len(j.back.foreseen)-maxForetold))
			return
		}
		f := &j.back.foreseen[i]
		if f.Why == "" {
			line(j.env.stderr, visible(f.Source+": "+f.ItemID+" "+j.effect(f)))
		}
	}
}

// effect says in words what a decision changes.
func (j *job) effect(f *ledger.Foreseen) string { return effectOf(j.lang, f) }

func effectOf(lang language, f *ledger.Foreseen) string {
	if f.Why != "" {
		return say(lang, map[string]message{"unknown_item": msgWhyUnknownItem, "unknown_word": msgWhyUnknownWord, "senseless": msgWhySenseless,
			"contradiction": msgWhyContradiction, "closed": msgWhyClosed}[f.Why], f.State, f.Word)
	}
	m := map[string]message{ledger.Accept: msgEffectAccept, ledger.Reject: msgEffectReject, ledger.Claimed: msgEffectClaimed, ledger.Adjusted: msgEffectClosed,
		ledger.WrittenOff: msgEffectClosed, ledger.Hold: msgEffectHold, ledger.Open: msgEffectOpen, "": msgEffectNote}[f.Word]
	if f.Word == ledger.Accept && f.State == result.Suggested.String() {
		m = msgEffectPair
	}
	if f.Word == ledger.Accept && f.Type == ledger.Credit {
		m = msgEffectPlace
	}
	text := say(lang, m, f.State, f.Owed.String(), f.Word)
	if f.By+f.Note != "" {
		text += say(lang, msgClosedSaid, f.By, f.Note)
	}
	return text
}

// decisionLines are the decisions as the report lists them: as they were
// foreseen, with what turned out otherwise.
func (j *job) decisionLines() []report.DecisionLine {
	refused := map[ledger.Decision]string{}
	for _, r := range j.outcome.Refused {
		d := r.Decision
		d.On = 0
		refused[d] = r.Why
	}
	out := make([]report.DecisionLine, len(j.back.foreseen))
	for i := range j.back.foreseen {
		f := j.back.foreseen[i]
		d := f.Decision
		d.On = record.Date(0)
		if why, ok := refused[d]; ok {
			f.Why = why
		}
		out[i] = report.DecisionLine{DecisionRow: report.DecisionRow{ItemID: f.ItemID, Word: f.Word, Note: f.Note, By: f.By, Source: f.Source},
			Effect: j.effect(&f), Applied: f.Why == ""}
	}
	return out
}

// decidedItems are the words, notes and names of what is open.
func decidedItems(items []ledger.Item) map[string]report.Decided {
	out := map[string]report.Decided{}
	for i := range items {
		if d := &items[i].Decision; d.Word != "" || d.Note != "" || d.By != "" {
			out[items[i].ID] = report.Decided{Word: d.Word, Note: d.Note, By: d.By}
		}
	}
	return out
}

// tellReadBack says which report was read and where it is now.
func (j *job) tellReadBack() {
	if j.written.Aside != "" {
		warn(j.env, j.lang, msgReportAside, j.output.Workbook, filepath.Base(j.written.Aside))
	}
}

// reasonOf is why a file could not be read.
func reasonOf(err error, lang language) string {
	var f *failure
	if errors.As(err, &f) && f.err != nil {
		err = f.err
	}
	return errorText(lang, err)
}
