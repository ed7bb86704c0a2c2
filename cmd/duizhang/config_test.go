package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/parse/problem"

	"github.com/spf13/pflag"
)

// configured applies a configuration to fresh flags.
func configured(t *testing.T, text string, args ...string) (*runFlags, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "duizhang.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, flags := newRunFlags(), pflag.NewFlagSet("run", pflag.ContinueOnError)
	f.register(flags, problem.ZH)
	flags.Var(&languageValue{}, "lang", "")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	c, err := readConfig(file)
	if err != nil {
		return f, err
	}
	return f, c.apply(flags, flags, &f.thresholds)
}

func TestConfigSetsEveryKindOfFlag(t *testing.T) {
	f, err := configured(t, "\ufeff"+`
pos = ["a.csv", "/b.csv"]
clearing = "c.csv"
as-of = 2026-01-05
all = true
workers = 3
memory = "512MiB"
fail-on = ["late", "fee"]
encoding = ["a.csv:gbk", "utf-8"]

[match]
key_days = 5
time_window = "15m"
`)
	if err != nil {
		t.Fatal(err)
	}
	var opt match.Options
	for _, set := range f.thresholds {
		set(&opt)
	}
	if filepath.Base(f.pos.paths[0]) != "a.csv" || !filepath.IsAbs(f.pos.paths[0]) || f.pos.paths[1] != "/b.csv" ||
		len(f.clearing.paths) != 1 || f.asOf.String() != "2026-01-05" || !f.all || f.workers != 3 || f.memory != 512<<20 ||
		f.failOn.String() != "late,fee" || len(f.encoding.list) != 2 || opt.KeyDays != 5 || opt.TimeWindow != 900 {
		t.Errorf("got %+v, %+v", f, opt)
	}
}

func TestFlagsWinOverConfig(t *testing.T) {
	f, err := configured(t, "workers = 3\npos = \"a.csv\"\n", "--workers", "7", "--pos", "b.csv")
	if err != nil || f.workers != 7 || len(f.pos.paths) != 1 || f.pos.paths[0] != "b.csv" {
		t.Errorf("%v, %v, %v", f.workers, f.pos, err)
	}
}

// Each mistake is refused with the place and with what would be right.
func TestConfigMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"workers = 2\nworkerz = 2":       `duizhang.toml:2: no key "workerz"; did you mean workers?`,
		"help = true":                    `no key "help"`,
		"all = \"yes\"":                  `duizhang.toml:1: "all" has a wrong value; it must be true or false`,
		"workers = \"2\"":                `"workers" has a wrong value; it must be a whole number without quotes`,
		"workers = 0":                    `"workers": "0" is no number of workers; write a whole number from 1 to 256`,
		"as-of = 5":                      `"as-of" has a wrong value; it must be a date such as 2026-01-05`,
		"as-of = \"2026-13-01\"":         `"2026-13-01" is not a date`,
		"pos = [1]":                      `"pos" has a wrong value; it must be text in quotes, or a list of them`,
		"lang = \"fr\"":                  `"fr" is not a language`,
		"fail-on = [\"lost\"]":           `"lost" is no kind of difference`,
		"workers = 1\nworkers = 2":       `duizhang.toml:2:1: the configuration is not TOML`,
		"out = ":                         `duizhang.toml:1:`,
		"\xd6\xd0":                       `not UTF-8`,
		"match = 1":                      `"match" has a wrong value; it must be a table, written [match]`,
		"[match]\nkey_day = 1":           `duizhang.toml:2: no key "match.key_day"; did you mean key_days?`,
		"[match]\nkey_days = 400":        `"key_days" is out of range; it must be from 1 to 31`,
		"[match]\ntime_window = 600":     `"time_window" has a wrong value; it must be a duration in quotes`,
		"[match]\ntime_window = \"72h\"": `"time_window" is out of range; it must be from 1s to 24h0m0s`,
		"[other]\nx = 1":                 `no key "other"`,
	} {
		_, err := configured(t, text)
		if codeOf(err) != exitUsage || !strings.Contains(errorText(problem.EN, err), want) {
			t.Errorf("%q: status %d, %q; want %q", text, codeOf(err), errorText(problem.EN, err), want)
		}
	}
}
