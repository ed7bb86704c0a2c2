package main

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/record"
)

// shanghai is the zone of every date of a run. It is fixed because Windows has
// no zone files and China has kept this one since 1991.
var shanghai = time.FixedZone("CST", 8*60*60)

// dateValue is a calendar day in the one form 2006-01-02.
type dateValue struct{ day time.Time }

func (v *dateValue) Type() string { return "DATE" }

func (v *dateValue) String() string {
	if v.day.IsZero() {
		return ""
	}
	return v.day.Format(time.DateOnly)
}

// The years a date may lie in: before, there was no card clearing to reconcile;
// after, the day number would leave what a report can show.
const minYear, maxYear = 1990, 2199

func (v *dateValue) Set(s string) error {
	day, err := time.ParseInLocation(time.DateOnly, s, shanghai)
	if err != nil || day.Year() < minYear || day.Year() > maxYear {
		return usage(msgBadDate, s)
	}
	v.day = day
	return nil
}

// date is the day as the packages count it.
func (v *dateValue) date() record.Date {
	_, offset := v.day.Zone()
	return record.Date((v.day.Unix() + int64(offset)) / (24 * 60 * 60))
}

// sizeValue is a number of bytes: 512MiB, 1GiB, 65536B.
type sizeValue int64

// minMemory is what the smallest partition buffers need.
const minMemory = 1 << 20

var sizeUnits = []struct {
	suffix string
	shift  uint
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}, {"B", 0}}

func (v *sizeValue) Type() string { return "SIZE" }

func (v *sizeValue) String() string {
	for i := 3; i >= 0; i-- {
		u := sizeUnits[i]
		if n := int64(*v) >> u.shift; n > 0 && n<<u.shift == int64(*v) {
			return strconv.FormatInt(n, 10) + u.suffix
		}
	}
	return strconv.FormatInt(int64(*v), 10) + "B"
}

func (v *sizeValue) Set(s string) error {
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(digits, 10, 62)
		if err != nil || digits[0] == '+' || n > (1<<62)>>u.shift {
			return usage(msgBadSize, s)
		}
		if n<<u.shift < minMemory {
			return usage(msgSmallMemory, s, sizeText(minMemory))
		}
		*v = sizeValue(n << u.shift)
		return nil
	}
	return usage(msgBadSize, s)
}

func sizeText(n int64) string { v := sizeValue(n); return v.String() }

// workersValue is a number of workers; 0 stands for one per core.
type workersValue int

// maxWorkers bounds buffers: each worker holds some megabytes.
const maxWorkers = 256

func (v *workersValue) Type() string { return "N" }

func (v *workersValue) String() string {
	if *v == 0 {
		return ""
	}
	return strconv.Itoa(int(*v))
}

func (v *workersValue) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxWorkers {
		return usage(msgBadWorkers, s, maxWorkers)
	}
	*v = workersValue(n)
	return nil
}

// languageValue is zh or en.
type languageValue struct{ lang language }

func (v *languageValue) Type() string { return "zh|en" }

func (v *languageValue) String() string { return languageNames[v.lang] }

func (v *languageValue) Set(s string) error {
	i := slices.Index(languageNames[:], s)
	if i < 0 {
		return usage(msgBadLanguage, s)
	}
	v.lang = language(i)
	return nil
}

// A finding is a kind of difference that can make a run exit 1.
type finding struct {
	name string
	in   func(*result.Result) bool
}

// findings are the words of --fail-on, in the order of the manual.
var findings = []finding{
	{"unmatched", func(r *result.Result) bool { return hasMatch(r, result.PosOnly, result.ClearingOnly) }},
	{"partial", func(r *result.Result) bool { return hasMatch(r, result.Partial) || hasCredit(r, result.CreditPartial) }},
	{"over", func(r *result.Result) bool { return hasMatch(r, result.Over) || hasCredit(r, result.CreditOver) }},
	{"conflict", func(r *result.Result) bool { return hasMatch(r, result.Conflict) }},
	{"duplicate", func(r *result.Result) bool { return hasMatch(r, result.Duplicate) }},
	{"suggested", func(r *result.Result) bool { return hasMatch(r, result.Suggested) }},
	{"late", func(r *result.Result) bool { return hasTiming(r, result.Late) }},
	{"overdue", func(r *result.Result) bool { return hasTiming(r, result.Overdue) }},
	{"fee", func(r *result.Result) bool { return hasFlag(r, result.FeeDiff) }},
	{"unidentified", func(r *result.Result) bool {
		return slices.ContainsFunc(r.Credits, func(c result.Credit) bool {
			return c.Outcome == result.Unidentified || c.Outcome == result.Ambiguous
		})
	}},
}

func hasMatch(r *result.Result, kinds ...result.Match) bool {
	return slices.ContainsFunc(kinds, func(m result.Match) bool { return r.Match[m].Groups > 0 })
}

func hasTiming(r *result.Result, t result.Timing) bool {
	return r.Timing[t].Groups > 0 ||
		slices.ContainsFunc(r.Settlements, func(s result.Settlement) bool { return s.Timing == t })
}

// hasCredit looks for settlements that ended so; one that is not due yet may
// still be completed and is no difference.
func hasCredit(r *result.Result, c result.CreditState) bool {
	return slices.ContainsFunc(r.Settlements, func(s result.Settlement) bool {
		return s.Credit == c && s.Timing != result.PendingTiming
	})
}

func hasFlag(r *result.Result, f result.Flags) bool {
	for i := range r.Flags {
		if f == 1<<i {
			return r.Flags[i] > 0
		}
	}
	return false
}

// failOnValue is the set of findings that make a run exit 1.
type failOnValue struct{ names []string }

func (v *failOnValue) Type() string { return "LIST" }

func (v *failOnValue) String() string { return strings.Join(v.names, ",") }

func (v *failOnValue) Set(s string) error {
	if s == "all" || s == "none" {
		v.names = []string{s}
		return nil
	}
	names := strings.Split(s, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		known := slices.ContainsFunc(findings, func(f finding) bool { return f.name == names[i] })
		if !known {
			return usage(msgBadFailOn, names[i], strings.Join(findingNames(), ", "))
		}
	}
	v.names = names
	return nil
}

func findingNames() []string {
	names := make([]string, len(findings))
	for i, f := range findings {
		names[i] = f.name
	}
	return names
}

// trips says whether r holds a difference that v names.
func (v *failOnValue) trips(r *result.Result) bool {
	for _, f := range findings {
		if (v.names[0] == "all" || slices.Contains(v.names, f.name)) && f.in(r) {
			return true
		}
	}
	return false
}

// overrideValue collects FILE:VALUE and VALUE of --encoding, --layout or
// --sheet. A Windows drive letter is not taken for a file: the value is what
// follows the last colon.
type overrideValue struct{ list parse.Overrides }

func (v *overrideValue) Type() string { return "[FILE:]VALUE" }

func (v *overrideValue) String() string {
	parts := make([]string, len(v.list))
	for i, o := range v.list {
		parts[i] = o.Value
		if o.File != "" {
			parts[i] = o.File + ":" + o.Value
		}
	}
	return strings.Join(parts, " ")
}

func (v *overrideValue) Set(s string) error {
	o := parse.Override{Value: s}
	if i := strings.LastIndexByte(s, ':'); i >= 0 {
		o = parse.Override{File: s[:i], Value: s[i+1:]}
		if o.File == "" {
			return usage(msgBadOverride, s)
		}
	}
	if o.Value == "" {
		return usage(msgBadOverride, s)
	}
	v.list = append(v.list, o)
	return nil
}

// check wants every file of v to be one of the inputs, by its path as given or
// its base name.
func (v *overrideValue) check(flag string, paths []string) error {
	for _, o := range v.list {
		fits := func(path string) bool { return o.File == "" || o.File == path || o.File == filepath.Base(path) }
		if !slices.ContainsFunc(paths, fits) {
			return usage(msgOverrideNoFile, flag, o.File)
		}
	}
	return nil
}
