package main

import (
	"io"
	"os"
	"strings"
	"testing"
)

func TestCommandsWriteFiles(t *testing.T) {
	for _, args := range []string{
		"day --seed 7 --layout wechat-trade --encoding utf8 --dir ",
		"day --layout generic,alipay-trade --bank --days 5 --dir ",
		"bench --rows 1000 --encoding gbk --dir ",
		"bench --rows 500 --form xlsx --dir ",
		"demo --dir ",
	} {
		dir := t.TempDir()
		var out strings.Builder
		if err := run(append(strings.Fields(args), dir), &out); err != nil {
			t.Errorf("%s: %v", args, err)
			continue
		}
		entries, err := os.ReadDir(dir)
		if err != nil || len(entries) < 2 || !strings.Contains(out.String(), "--as-of") {
			t.Errorf("%s: %d files, %v: %s", args, len(entries), err, out.String())
		}
	}
}

func TestMistakesAreExplained(t *testing.T) {
	for args, want := range map[string]string{
		"":                            "no command given",
		"nights":                      "no command",
		"day":                         "--dir is missing",
		"day --dir x --layout pidgin": "no clearing layout",
		"day --dir x --delimiter ,,":  "one character",
		"bench --dir x --rows 0":      "rows",
		"bench --dir x --sorted":      "flag provided but not defined",
		"demo --dir x y":              "unexpected",
	} {
		err := run(strings.Fields(args), io.Discard)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", args, err, want)
		}
	}
}
