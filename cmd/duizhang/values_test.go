package main

import (
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/problem"
)

func TestSizes(t *testing.T) {
	good := map[string]int64{"1GiB": 1 << 30, "512MiB": 512 << 20, "1024KiB": 1 << 20, "1048576B": 1 << 20, "2TiB": 2 << 40}
	for text, want := range good {
		var v sizeValue
		if err := v.Set(text); err != nil || int64(v) != want {
			t.Errorf("%s: got %d, %v; want %d", text, int64(v), err, want)
		}
	}
	for _, text := range []string{"", "1", "1GB", "1gib", "-1GiB", "+1GiB", "1.5GiB", "1 GiB", "GiB", "1KiB", "0B", "99999999999TiB", "1e3MiB", "０GiB"} {
		if err := new(sizeValue).Set(text); codeOf(err) != exitUsage {
			t.Errorf("%q is accepted as a size (%v)", text, err)
		}
	}
	if got := sizeText(1 << 30); got != "1GiB" {
		t.Errorf("1<<30 is shown as %s", got)
	}
}

func TestDatesAreExact(t *testing.T) {
	var v dateValue
	if err := v.Set("2026-01-05"); err != nil || v.date() != 20458 {
		t.Errorf("2026-01-05 is day %d (%v), want 20458 since 1970-01-01", v.date(), err)
	}
	for _, text := range []string{"", "2026-02-29", "2026-1-5", "20260105", "2026/01/05", "0001-01-01", "2026-01-05 ", "9999-01-01"} {
		if err := new(dateValue).Set(text); codeOf(err) != exitUsage {
			t.Errorf("%q is accepted as a date", text)
		}
	}
}

func TestOverridesKeepDriveLetters(t *testing.T) {
	var v overrideValue
	for _, text := range []string{"gbk", `C:\数据\a.csv:gb18030`, "a.csv:utf-8"} {
		if err := v.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	want := parse.Overrides{{Value: "gbk"}, {File: `C:\数据\a.csv`, Value: "gb18030"}, {File: "a.csv", Value: "utf-8"}}
	for i, o := range v.list {
		if o != want[i] {
			t.Errorf("override %d is %v, want %v", i, o, want[i])
		}
	}
	for _, text := range []string{"", ":gbk", "a.csv:"} {
		if err := new(overrideValue).Set(text); codeOf(err) != exitUsage {
			t.Errorf("%q is accepted as an override", text)
		}
	}
}

// Each word of --fail-on answers to its own kind of difference and to no other;
// in transit, pending and unknown are no differences at all.
func TestFailOnNamesEachDifference(t *testing.T) {
	results := map[string]*result.Result{
		"unmatched": withMatch(result.PosOnly), "partial": withMatch(result.Partial), "over": withMatch(result.Over),
		"conflict": withMatch(result.Conflict), "duplicate": withMatch(result.Duplicate), "suggested": withMatch(result.Suggested),
		"late": withTiming(result.Late), "overdue": withTiming(result.Overdue),
		"fee":          {Flags: [result.NumFlags]int64{1}},
		"unidentified": {Credits: []result.Credit{{Outcome: result.Unidentified}}},
	}
	for name, r := range results {
		for _, word := range findingNames() {
			v := failOnValue{}
			if err := v.Set(word); err != nil {
				t.Fatal(err)
			}
			if got, want := v.trips(r), word == name; got != want {
				t.Errorf("--fail-on %s over a result with %s: %v", word, name, got)
			}
		}
		all, none := failOnValue{[]string{"all"}}, failOnValue{[]string{"none"}}
		if !all.trips(r) || none.trips(r) {
			t.Errorf("%s: all must trip and none must not", name)
		}
	}
	quiet := withMatch(result.InTransit)
	quiet.Match[result.Voided].Groups, quiet.Match[result.FailedMatch].Groups = 1, 1
	quiet.Timing[result.PendingTiming].Groups, quiet.Timing[result.UnknownTiming].Groups = 1, 1
	quiet.Settlements = []result.Settlement{{Credit: result.CreditPartial, Timing: result.PendingTiming}}
	if all := (failOnValue{[]string{"all"}}); all.trips(quiet) {
		t.Error("in transit, voided, failed, pending and unknown count as differences")
	}
}

func withMatch(m result.Match) *result.Result {
	r := &result.Result{}
	r.Match[m].Groups = 1
	return r
}

func withTiming(m result.Timing) *result.Result {
	r := &result.Result{}
	r.Timing[m].Groups = 1
	return r
}

func TestVisibleTextCannotForgeLines(t *testing.T) {
	for raw, want := range map[string]string{
		"对账单.csv":        "对账单.csv",
		"a\nb":           `a\nb`,
		"\x1b[31mred":    `\x1b[31mred`,
		"bad\xff":        `bad\xff`,
		"exe\u202excod":  `exe\u202excod`,
		"zero\u200bjoin": `zero\u200bjoin`,
	} {
		if got := visible(raw); got != want {
			t.Errorf("%q is shown as %s, want %s", raw, got, want)
		}
	}
}

func TestLanguageIsFoundBeforeTheRestIsUnderstood(t *testing.T) {
	for _, c := range []struct {
		args []string
		want language
	}{
		{nil, problem.ZH},
		{[]string{"run", "--lang", "en", "--nonsense"}, problem.EN},
		{[]string{"--lang=en"}, problem.EN},
		{[]string{"--lang", "en", "--lang=zh"}, problem.ZH},
		{[]string{"run", "--", "--lang=en"}, problem.ZH},
		{[]string{"--lang", "fr"}, problem.ZH},
	} {
		if got := languageOf(c.args); got != c.want {
			t.Errorf("%q: %v, want %v", c.args, got, c.want)
		}
	}
}
