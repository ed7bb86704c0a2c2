package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What somebody may type by mistake, and what the program says: the word that is
// wrong, and what to write. Nothing is read or written for it.
func TestMistypedCommandLinesAreTold(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"A.csv", "B.csv"} {
		if err := os.WriteFile(name, []byte("x,y\n1,2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"key.toml": "postion = 1\n", "far.toml": "xyzzy = 1\n", "type.toml": "all = \"yes\"\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("empty", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, zh, en string }{
		{"A.csv|B.csv|--otu|x.xlsx", "没有选项 --otu；是否想用 --out？加 --help", "no flag --otu; did you mean --out? add --help"},
		{"A.csv|B.csv|--out|x", "“x”不是 .xlsx", `"x" is not .xlsx`},
		{"A.csv|--pso|B.csv", "是否想用 --pos？", "did you mean --pos?"},
		{"A.csv|--clearin=B.csv", "是否想用 --clearing？", "did you mean --clearing?"},
		{"A.csv|--xyzzy", "没有选项 --xyzzy；加 --help", "no flag --xyzzy; add --help"},
		{"-pos|A.csv", "没有选项 -pos；是否想用 --pos？", "no flag -pos; did you mean --pos?"},
		{"A.csv|—pos|B.csv", "“—pos”开头的横线不是选项用的减号（多半被文字处理软件改过）；是否想用 --pos？", "did you mean --pos? type two hyphens"},
		{"run|－－clearing|B.csv", "是否想用 --clearing？", "did you mean --clearing?"},
		{"run|–pos＝A.csv", "是否想用 --pos？", "did you mean --pos?"},
		{"--pos=A.csv|--clearing", "选项 --clearing 后面缺少值", `flag --clearing: "--lang" is the next flag`},
		{"run|--pos|--clearing|B.csv", "选项 --pos：“--clearing”是下一个选项，不是文件", `"--clearing" is the next flag`},
		{"run|--pos|", "选项 --pos：路径是空的", "flag --pos: the path is empty"},
		{"run|", "路径是空的", "the path is empty"},
		{"run|--all=maybe", "“maybe”不是开关值", "not a switch"},
		{"rum", "没有命令或文件“rum”；是否想用 run？", "did you mean run?"},
		{"rnu|A.csv", "没有命令或文件“rnu”；是否想用 run？", "did you mean run?"},
		{"Run|A.csv", "是否想用 run？", "did you mean run?"},
		{"inpsect|A.csv|--json", "是否想用 inspect？", "did you mean inspect?"},
		{"xyzzy", "没有命令或文件“xyzzy”；运行 duizhang help", `no command or file "xyzzy"; run duizhang help`},
		{"Q.csv", "没有文件“Q.csv”；请核对路径", `no file "Q.csv"`},
		{`C:\对账\Q`, "没有文件", "no file"},
		{"help|rnu", "是否想用 run？", "did you mean run?"},
		{"version|now", "duizhang version 不带参数，现在给了 1 个", "takes no arguments, got 1"},
		{"layouts|shwo|x", "duizhang layouts 没有子命令“shwo”；是否想用 show？", "did you mean show?"},
		{"layouts|show", "需要一个版式名称，现在给了 0 个", "wants one layout name, got 0"},
		{"layouts|show|generic-po", "没有版式“generic-po”；是否想用 generic-pos？", "did you mean generic-pos?"},
		{"layouts|show|xyzzy", "没有版式“xyzzy”；运行 duizhang layouts", `no layout "xyzzy"; run duizhang layouts`},
		{"completion|bsh", "没有 shell“bsh”；是否想用 bash？可用", "did you mean bash? use"},
		{"completion", "需要一个 shell 名称", "wants the name of one shell"},
		{"inspect", "需要一个或多个文件，现在给了 0 个", "wants one or more files, got 0"},
		{"demo|a|b", "需要至多一个文件夹，现在给了 2 个", "wants at most one folder, got 2"},
		{"undo", "需要一个日期，如 2026-01-05，现在给了 0 个", "wants one day such as 2026-01-05, got 0"},
		{"undo|5.1.", "“5.1.”不是日期", "is not a date"},
		{"demo|--csv|x", "duizhang demo 没有选项 --csv，它是 duizhang run 的选项", "has no flag --csv, it is one of duizhang run"},
		{"run|--as-of|2026/01/05|A.csv", "“2026/01/05”不是日期；写作 2026-01-05", "write 2026-01-05"},
		{"run|--memory|5|A.csv", "“5”不是大小；写作 512MiB", "write 512MiB"},
		{"run|--workers|0|A.csv", "写 1 到 256 之间的整数", "write a whole number from 1 to 256"},
		{"run|--fail-on|lat|A.csv", "“lat”不是差异种类", "no kind of difference"},
		{"run|--layouts|没有|A.csv", "选项 --layouts：文件夹“没有”不存在", `flag --layouts: there is no folder "没有"`},
		{"run|--layouts|A.csv|A.csv", "选项 --layouts：“A.csv”不是文件夹", `flag --layouts: "A.csv" is not a folder`},
		{"run|--layout|x|A.csv", "没有版式“x”", `no layout "x"`},
		{"run|--encoding|utf9|A.csv", "没有编码“utf9”；可用", `no encoding "utf9"; use`},
		{"run|--contracts|empty|A.csv", "“empty”不是普通文件", "not a regular file"},
		{"run|--contracts|A.csv|B.csv", "需要有列：收单机构、商户号", "收单机构"},
		{"run|--config|none.toml|A.csv", "none.toml：读不了配置文件", "cannot read the configuration"},
		{"run|--config|key.toml|A.csv", "key.toml:1：没有配置项“postion”；全部", "no key"},
		{"run|--config|far.toml|A.csv", "far.toml:1：没有配置项“xyzzy”；全部配置项见", `no key "xyzzy"; duizhang run --help`},
		{"run|--config|type.toml|A.csv", "type.toml:1：“all”的值不对；应当是true 或 false", "must be true or false"},
		{"run|empty", "文件夹“empty”里没有文件", "no files in the folder"},
		{"run", "没有给出任何文件；例如", "no files given"},
		{"run|--out|none/r.xlsx|A.csv", "所在的文件夹不存在", "does not exist"},
		{"run|--out|A.csv|A.csv", "“A.csv”不是 .xlsx", "is not .xlsx"},
		{"page|Q.csv|--no-open", "Q.csv：文件或文件夹不存在", "no such file"},
		{"page|--open", "是否想用 --no-open？", "did you mean --no-open?"},
	} {
		for flag, want := range map[string]string{"": c.zh, "en": c.en} {
			args := strings.Split(c.args, "|")
			if flag != "" {
				args = append(args, "--lang", flag)
			}
			var stdout, stderr bytes.Buffer
			code := guarded(t.Context(), args, testEnv(&stdout, &stderr))
			if said := stderr.String(); code != exitUsage || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 || stdout.Len() > 0 {
				t.Errorf("%q: status %d, %q, want %q", args, code, said, want)
			}
		}
	}
	if left, _ := filepath.Glob("*.xlsx"); len(left) > 0 {
		t.Errorf("written: %q", left)
	}
}

// What other programs call help and version is understood.
func TestOthersWordsForHelpAndVersion(t *testing.T) {
	for arg, want := range map[string]string{"-v": "duizhang ", "-V": "duizhang ", "--version": "duizhang ", "/?": "用法：", "-?": "用法：", "-？": "用法：", "/help": "用法：", "--help": "用法：", "-h": "用法：", "help": "用法："} {
		var stdout, stderr bytes.Buffer
		if code := guarded(t.Context(), []string{arg}, testEnv(&stdout, &stderr)); code != exitReconciled || !strings.Contains(stdout.String(), want) {
			t.Errorf("%s: status %d, %q %q", arg, code, &stdout, &stderr)
		}
	}
}
