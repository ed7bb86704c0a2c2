package main

import (
	"testing"

	"duizhang/match"
	"duizhang/parse"
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
	results := map[string]*match.Result{
		"unmatched": withMatch(match.PosOnly), "partial": withMatch(match.Partial), "over": withMatch(match.Over),
		"conflict": withMatch(match.Conflict), "duplicate": withMatch(match.Duplicate), "suggested": withMatch(match.Suggested),
		"late": withTiming(match.Late), "overdue": withTiming(match.Overdue),
		"fee":          {Flags: [match.NumFlags]int64{1}},
		"unidentified": {Credits: []match.Credit{{Outcome: match.Unidentified}}},
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
	quiet := withMatch(match.InTransit)
	quiet.Match[match.Voided].Groups, quiet.Match[match.FailedMatch].Groups = 1, 1
	quiet.Timing[match.PendingTiming].Groups, quiet.Timing[match.UnknownTiming].Groups = 1, 1
	quiet.Settlements = []match.Settlement{{Credit: match.CreditPartial, Timing: match.PendingTiming}}
	if all := (failOnValue{[]string{"all"}}); all.trips(quiet) {
		t.Error("in transit, voided, failed, pending and unknown count as differences")
	}
}

func withMatch(m match.Match) *match.Result {
	r := &match.Result{}
	r.Match[m].Groups = 1
	return r
}

func withTiming(m match.Timing) *match.Result {
	r := &match.Result{}
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
		{nil, parse.ZH},
		{[]string{"run", "--lang", "en", "--nonsense"}, parse.EN},
		{[]string{"--lang=en"}, parse.EN},
		{[]string{"--lang", "en", "--lang=zh"}, parse.ZH},
		{[]string{"run", "--", "--lang=en"}, parse.ZH},
		{[]string{"--lang", "fr"}, parse.ZH},
	} {
		if got := languageOf(c.args); got != c.want {
			t.Errorf("%q: %v, want %v", c.args, got, c.want)
		}
	}
}
