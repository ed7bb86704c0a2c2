package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/terms"

	"github.com/spf13/pflag"
)

// readFlags are the flags of every command that reads input files.
type readFlags struct {
	config   string
	layouts  string
	encoding overrideValue
	layout   overrideValue
	sheet    overrideValue
}

func (f *readFlags) register(flags *pflag.FlagSet, lang language) {
	fileVar(flags, &f.config, "config", "FILE", say(lang, msgFlagConfig))
	fileVar(flags, &f.layouts, "layouts", "DIR", say(lang, msgFlagLayouts))
	flags.Var(&f.encoding, "encoding", say(lang, msgFlagEncoding))
	flags.Var(&f.layout, "layout", say(lang, msgFlagLayout))
	flags.Var(&f.sheet, "sheet", say(lang, msgFlagSheet))
}

// runFlags are the flags of run.
type runFlags struct {
	readFlags
	pos, clearing, bank filesValue
	asOf                dateValue
	out, csv            string
	all, json           bool
	contracts, calendar string
	patterns            string
	failOn              failOnValue
	workers             workersValue
	memory              sizeValue
	quiet, noProgress   bool
	thresholds          thresholds
	ledger, decisions   string
	expect              bool
	lockWait            time.Duration
	// beside is the folder of the default workbook; "" is the current one.
	beside string
}

// lockWait is how long a run waits for another one's ledger.
const lockWait = 30 * time.Second

// newRunFlags are the defaults.
func newRunFlags() *runFlags {
	return &runFlags{failOn: failOnValue{[]string{"all"}}, memory: 1 << 30, lockWait: lockWait}
}

func (f *runFlags) register(flags *pflag.FlagSet, lang language) {
	flags.Var(&f.pos, "pos", say(lang, msgFlagPos))
	flags.Var(&f.clearing, "clearing", say(lang, msgFlagClearing))
	flags.Var(&f.bank, "bank", say(lang, msgFlagBank))
	flags.Var(&f.asOf, "as-of", say(lang, msgFlagAsOf))
	fileVar(flags, &f.out, "out", "FILE", say(lang, msgFlagOut))
	fileVar(flags, &f.csv, "csv", "DIR", say(lang, msgFlagCSV))
	flags.BoolVar(&f.all, "all", false, say(lang, msgFlagAll))
	flags.BoolVar(&f.json, "json", false, say(lang, msgFlagJSON))
	fileVar(flags, &f.contracts, "contracts", "FILE", say(lang, msgFlagContracts))
	fileVar(flags, &f.calendar, "calendar", "FILE", say(lang, msgFlagCalendar))
	fileVar(flags, &f.patterns, "patterns", "FILE", say(lang, msgFlagPatterns))
	flags.Var(pathValue{&f.ledger, "FILE"}, "ledger", say(lang, msgFlagLedger))
	fileVar(flags, &f.decisions, "decisions", "FILE", say(lang, msgFlagDecisions))
	flags.BoolVar(&f.expect, "expect", false, say(lang, msgFlagExpect))
	flags.DurationVar(&f.lockWait, "lock-wait", lockWait, say(lang, msgFlagLockWait))
	f.readFlags.register(flags, lang)
	flags.Var(&f.failOn, "fail-on", say(lang, msgFlagFailOn)+": "+strings.Join(findingNames(), ", "))
	flags.Var(&f.workers, "workers", say(lang, msgFlagWorkers))
	flags.Var(&f.memory, "memory", say(lang, msgFlagMemory))
	flags.BoolVar(&f.quiet, "quiet", false, say(lang, msgFlagQuiet))
	flags.BoolVar(&f.noProgress, "no-progress", false, say(lang, msgFlagNoProgress))
}

// filesValue collects the files of one side.
type filesValue struct{ paths []string }

func (v *filesValue) Type() string { return "FILE..." }

func (v *filesValue) String() string { return strings.Join(v.paths, " ") }

func (v *filesValue) Set(s string) error {
	if err := checkPath(s); err != nil {
		return err
	}
	v.paths = append(v.paths, s)
	return nil
}

// checkPath refuses a path that is none: nothing, or the next flag, which was
// taken for the value that was forgotten.
func checkPath(s string) error {
	switch {
	case s == "":
		return usage(msgEmptyPath)
	case strings.HasPrefix(s, "--") && !namesSomething(s):
		return usage(msgPathIsFlag, s)
	}
	return nil
}

// pathValue is one file or folder.
type pathValue struct {
	path *string
	kind string
}

func (v pathValue) Type() string { return v.kind }

func (v pathValue) String() string {
	if v.path == nil {
		return ""
	}
	return *v.path
}

func (v pathValue) Set(s string) error {
	if err := checkPath(s); err != nil {
		return err
	}
	*v.path = s
	return nil
}

func fileVar(flags *pflag.FlagSet, p *string, name, kind, text string) {
	flags.Var(pathValue{p, kind}, name, text)
}

// thresholdTable is the table of the configuration for the limits by which
// rows are matched and flagged. They have no flags: they belong to a shop, not
// to a run.
const thresholdTable = "match"

// thresholds are the values of that table which are set.
type thresholds []func(*match.Options)

// threshold is one key of the table: a number with its range, or a time of day
// or a duration, which TOML writes as text.
type threshold struct {
	key         string
	least, most int64
	duration    bool
	set         func(*match.Options, int64)
}

func (c *config) applyThresholds(th *thresholds) error {
	table, ok := c.values[thresholdTable].(map[string]any)
	if !ok {
		return usage(msgConfigType, c.at(thresholdTable), thresholdTable, msgTypeTable)
	}
	for _, t := range matchThresholds {
		value, given := table[t.key]
		if !given {
			continue
		}
		n, ok := t.read(value)
		switch {
		case !ok && t.duration:
			return usage(msgConfigType, c.at(t.key), t.key, msgTypeDuration)
		case !ok:
			return usage(msgConfigType, c.at(t.key), t.key, msgTypeInteger)
		case n < t.least || n > t.most:
			return usage(msgThresholdRange, c.at(t.key), t.key, t.show(t.least), t.show(t.most))
		}
		*th = append(*th, func(o *match.Options) { t.set(o, n) })
		delete(table, t.key)
	}
	for _, key := range sortedKeys(table) {
		return usage(msgConfigUnknownKey, c.at(key), thresholdTable+"."+key, nearest(key, thresholdKeys()))
	}
	return nil
}

func (t threshold) read(value any) (n int64, ok bool) {
	if !t.duration {
		n, ok = value.(int64)
		return n, ok
	}
	text, ok := value.(string)
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(text)
	return int64(d / time.Second), err == nil && d%time.Second == 0
}

func (t threshold) show(n int64) string {
	if t.duration {
		return (time.Duration(n) * time.Second).String()
	}
	return fmt.Sprint(n)
}

var matchThresholds = []threshold{
	{"key_days", 1, 31, false, func(o *match.Options, n int64) { o.KeyDays = n }},
	{"time_window", 1, daySeconds, true, func(o *match.Options, n int64) { o.TimeWindow = n }},
	{"statement_grace", 0, 92, false, func(o *match.Options, n int64) {
		if o.StatementGrace = n; n == 0 {
			o.StatementGrace = -1
		}
	}},
	{"time_diff", 1, daySeconds, true, func(o *match.Options, n int64) { o.TimeDiff = n }},
	{"swipe_count", 2, 100, false, func(o *match.Options, n int64) { flagged(o).SwipeCount = int(n) }},
	{"swipe_window", 1, daySeconds, true, func(o *match.Options, n int64) { flagged(o).SwipeWindow = n }},
	{"off_from", 0, daySeconds, true, func(o *match.Options, n int64) { flagged(o).OffFrom = int(n) }},
	{"off_to", 0, daySeconds, true, func(o *match.Options, n int64) { flagged(o).OffTo = int(n) }},
}

// flagged are the options' thresholds of flags, the defaults where none is set:
// a key that is not given keeps its default beside one that is.
func flagged(o *match.Options) *terms.Thresholds {
	if o.Thresholds == (terms.Thresholds{}) {
		o.Thresholds = terms.DefaultThresholds
	}
	return &o.Thresholds
}

const daySeconds = 24 * 60 * 60

func thresholdKeys() []string {
	keys := make([]string, len(matchThresholds))
	for i, t := range matchThresholds {
		keys[i] = t.key
	}
	return keys
}
