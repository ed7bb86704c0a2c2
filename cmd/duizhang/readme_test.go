package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"

	"github.com/spf13/cobra"
)

var update = flag.Bool("update", false, "write the generated parts of README.md")

const readme = "../../README.md"

// Every command of README that is marked as one to run does run: in a folder
// where the demo data stand, as the text before it says.
func TestReadmeCommandsRun(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("the commands of README are for a POSIX shell")
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```sh run\n(.*?)^```$").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 3 {
		t.Fatalf("only %d blocks of commands found", len(blocks))
	}
	dir := t.TempDir()
	shell(t, dir, "duizhang demo 演示 --quiet")
	for _, b := range blocks {
		shell(t, dir, b[1])
	}
	for _, made := range []string{"报告.xlsx", "汇总.json", "结果/transactions.csv", "通用清算.toml"} {
		if !there(filepath.Join(dir, made)) {
			t.Errorf("the commands of README did not make %s", made)
		}
	}
}

func shell(t *testing.T, dir, script string) {
	t.Helper()
	cmd := exec.Command("bash", "-euo", "pipefail", "-c", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%s\n%v\n%s", script, err, out)
	}
}

// The README begins with the two commands, and they exist.
func TestReadmeBeginsWithTheTwoCommands(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile("\\A# [^\n]+\n\n```sh\nmake demo [^\n]*\nmake test [^\n]*\n```\n").Match(text) {
		t.Error("README.md does not begin with make demo and make test")
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range regexp.MustCompile("make ([a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		if !regexp.MustCompile("(?m)^" + target[1] + ":").Match(makefile) {
			t.Errorf("README names make %s, which the Makefile lacks", target[1])
		}
	}
}

// Every exit code and every flag stands in README or in the help that it
// points to, and README names no flag that does not exist.
func TestReadmeNamesOnlyRealFlags(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	root, _ := newRoot(systemEnv(), problem.ZH)
	known := map[string]bool{"--lang": true}
	each(root, func(c *cobra.Command) {
		for _, l := range strings.Split(flagList(c), "\n") {
			if f := regexp.MustCompile(`--[a-z-]+`).FindString(l); f != "" {
				known[f] = true
			}
		}
	})
	for _, f := range regexp.MustCompile("(?m)(?:^|[ `])(--[a-z][a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		if !known[f[1]] {
			t.Errorf("README names the flag %s, which no command has", f[1])
		}
	}
}

// The generated parts of README are what the program says today.
func TestReadmeIsCurrent(t *testing.T) {
	file, err := filepath.Abs(readme) // the demo changes the folder
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	text = between(t, text, "layouts", layoutMarkdown(t))
	text = between(t, text, "demo", demoOutput(t))
	if text == string(raw) {
		return
	}
	if !*update {
		t.Fatal("README.md is stale: go test ./cmd/duizhang -run Readme -update")
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// between replaces what stands between the two markers of a generated part.
func between(t *testing.T, text, name, part string) string {
	t.Helper()
	begin, end := "<!-- "+name+":begin -->\n", "<!-- "+name+":end -->"
	before, rest, ok := strings.Cut(text, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md lacks the markers of its part %s", name)
	}
	return before + begin + part + end + after
}

// demoOutput is what make demo prints, but for the time that it took.
func demoOutput(t *testing.T) string {
	t.Helper()
	t.Chdir(t.TempDir())
	var stdout, stderr bytes.Buffer
	if code := guarded(context.Background(), []string{"demo", "demo"}, testEnv(&stdout, &stderr)); code != exitReconciled {
		t.Fatalf("demo: status %d, %s", code, &stderr)
	}
	return "```\n" + regexp.MustCompile(`用时 [\d.]+ 秒`).ReplaceAllString(stdout.String(), "用时 0.1 秒") + "```\n"
}

func layoutMarkdown(t *testing.T) string {
	t.Helper()
	all, err := layout.LoadLayouts("")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| 版式 · Layout | 方 · Side | 是什么 | What it is | 依据 · Evidence |\n|---|---|---|---|---|\n")
	for _, l := range all.List() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", l.Name, l.Side, l.Title, l.TitleEN, l.Grade)
	}
	b.WriteString("\n不能自检 · Not self-checking（文件自己不含余额、合计、净额或批次，少一行、改一笔从文件本身看不出来 · their files hold no balance, total, net or batch: a row gone or changed shows only against another side）：")
	comma := ""
	for _, l := range all.List() {
		if len(l.SelfChecks()) == 0 && !l.Ignore {
			b.WriteString(comma + "`" + l.Name + "`")
			comma = "、"
		}
	}
	b.WriteString("\n")
	return b.String()
}
