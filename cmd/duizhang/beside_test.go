package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// goodFiles are a day on which all three sides agree.
var goodFiles = map[string]string{
	"pos": "门店,终端号,交易时间,交易类型,支付方式,金额,订单号,状态\n" +
		"一店,T0000001,2026-01-05 10:00:00,消费,银行卡,100.00,GOOD260105001,成功\n" +
		"一店,T0000001,2026-01-05 11:00:00,消费,银行卡,25.50,GOOD260105002,成功\n",
	"clearing": "商户号,终端号,交易时间,交易类型,支付方式,交易金额,手续费,结算金额,清算日期,订单号,交易状态\n" +
		"822290000000001,T0000001,2026-01-05 10:00:02,消费,银行卡,100.00,0.60,99.40,2026-01-05,GOOD260105001,成功\n" +
		"822290000000001,T0000001,2026-01-05 11:00:03,消费,银行卡,25.50,0.15,25.35,2026-01-05,GOOD260105002,成功\n",
	"bank": "交易日期,收入金额,支出金额,余额,对方户名,摘要\n" +
		"2026-01-06,124.75,,1124.75,拉卡拉支付股份有限公司客户备付金,清算款\n",
}

var sideNames = []string{"pos", "clearing", "bank"}

// reconciled runs the good files with others beside them, and gives the status,
// what was said, and the lines of the good sales in transactions.csv.
func reconciled(t *testing.T, at func(stage), beside ...string) (code exitCode, said string, good []string) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"run", "--lang", "en", "--all", "--quiet", "--as-of", "2026-01-09", "--csv", filepath.Join(dir, "csv"), "--out", filepath.Join(dir, "r.xlsx")}
	for _, side := range sideNames {
		path := filepath.Join(dir, "good-"+side+".csv")
		if err := os.WriteFile(path, []byte(goodFiles[side]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+side, path)
	}
	var stdout, stderr bytes.Buffer
	e := testEnv(&stdout, &stderr)
	e.reached = func(_ context.Context, s stage) {
		if at != nil {
			at(s)
		}
	}
	code = guarded(context.Background(), append(args, beside...), e)
	return code, stderr.String(), goodLines(t, filepath.Join(dir, "csv", "transactions.csv"))
}

// goodLines are outcome, key, amounts and sources of the good sales.
func goodLines(t *testing.T, path string) (lines []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range all[0] {
		column[name] = i
	}
	for _, row := range all[1:] {
		var cells []string
		for _, name := range []string{"match", "key", "pos_amount", "clearing_amount", "pos_source", "clearing_source"} {
			cells = append(cells, row[column[name]])
		}
		if line := strings.Join(cells, " "); strings.Contains(line, "GOOD") {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// notMissed are the files of the error corpus that a run may end well with, and
// why.
var notMissed = map[string]string{
	"fees_joined":         "says that fees were put on their sales, which is no fault",
	"odd_dates":           "a warning beside rows that are read",
	"unread_column":       "a warning beside rows that are read",
	"part_not_data":       "a part of an archive that is known not to be data",
	"part_without_header": "a part of an archive that is known not to be data",
	"lock_file":           "a lock file is no data",
	"own_result":          "the program's own result is no data",
	"personal_bill":       "a bill that is taken by flag",
	"no_such_sheet":       "only with a flag",
	"long_field":          "only with narrower limits",
	"archive_entries":     "only with narrower limits",
	"bad_encoding":        "only with a flag",
	"encoding_misnamed":   "only with a flag",
}

// Whatever is wrong with a file, and on whatever side it is given, the good
// files beside it are reconciled, the report is written, and the status says
// that something is missing.
func TestAGoodFileBesideABadOneIsReconciled(t *testing.T) {
	code, said, want := reconciled(t, nil)
	if code != exitReconciled || len(want) != 2 {
		t.Fatalf("alone: status %d, %v: %s", code, want, said)
	}
	kept, err := filepath.Glob("../../parse/testdata/errors/*/*")
	if err != nil || len(kept) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, path := range kept {
		name := filepath.Base(filepath.Dir(path))
		if strings.HasSuffix(path, ".want") {
			continue
		}
		t.Run(name+"/"+filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			var everywhere []string
			for _, side := range sideNames {
				everywhere = append(everywhere, "--"+side, path)
			}
			wantReconciled(t, name, want, nil, everywhere...)
		})
	}
}

// wantReconciled runs with a bad file beside and wants the good lines and the
// status 3.
func wantReconciled(t *testing.T, name string, want []string, at func(stage), beside ...string) {
	t.Helper()
	code, said, got := reconciled(t, at, beside...)
	if !slices.Equal(got, want) {
		t.Errorf("%v: the good rows became %v: %s", beside, got, said)
	}
	if _, fine := notMissed[name]; code != exitIncomplete && !(fine && code < exitIncomplete) {
		t.Errorf("%v: status %d: %s", beside, code, said)
	}
}

// lateFiles are good until their last line: what refuses them is found only
// after their rows have been read and counted.
var lateFiles = map[string]map[string]string{
	"pos": {
		"total": "订单号,交易时间,交易类型,状态,金额,收银员\nB1,2026-01-05 10:00:00,消费,成功,5.00,甲\nB2,2026-01-05 10:01:00,消费,成功,6.00,甲\n合计,,,,11.01,\n",
		"count": "订单号,交易时间,交易类型,状态,金额,收银员\nB1,2026-01-05 10:00:00,消费,成功,5.00,甲\nB2,2026-01-05 10:01:00,消费,成功,6.00,甲\n合计：3笔，金额11.00元\n",
	},
	"clearing": {
		"total": "商户号,商户订单号,交易时间,交易金额,手续费,清算日期\nM1,B1,2026-01-05 10:00:00,5.00,0.03,2026-01-05\nM1,B2,2026-01-05 10:01:00,6.00,0.04,2026-01-05\n合计,,,11.01,0.07,\n",
		"count": "商户号,商户订单号,交易时间,交易金额,手续费,清算日期\nM1,B1,2026-01-05 10:00:00,5.00,0.03,2026-01-05\nM1,B2,2026-01-05 10:01:00,6.00,0.04,2026-01-05\n共3笔\n",
	},
	"bank": {
		"total": "交易日期,收入金额,支出金额,余额,对方户名,摘要\n2026-01-06,5.00,,1005.00,某某,x\n2026-01-07,6.00,,1011.00,某某,y\n合计,11.01,0.00,,,\n",
		"count": "交易日期,收入金额,支出金额,余额,对方户名,摘要\n2026-01-06,5.00,,1005.00,某某,x\n2026-01-07,6.00,,1011.00,某某,y\n共3笔\n",
	},
}

// A file whose total is off by a fen, or that somebody writes to while it is
// read, is refused after its rows have been counted: they count for nothing.
func TestAFileRefusedLateDoesNotSpoilTheRun(t *testing.T) {
	_, _, want := reconciled(t, nil)
	for side, files := range lateFiles {
		for name, text := range files {
			t.Run(side+"/"+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "late.csv")
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				wantReconciled(t, "late", want, nil, "--"+side, path)
			})
		}
		for _, when := range []stage{stageRead, stageMatched} {
			t.Run(fmt.Sprint(side, "/grows when ", when), func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "late.csv")
				text := strings.Join(strings.SplitAfter(files["total"], "\n")[:3], "")
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				grow := func(s stage) {
					if s == when {
						appendTo(t, path, "x\n")
					}
				}
				wantReconciled(t, "late", want, grow, "--"+side, path)
			})
		}
	}
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
}

// The last file of a side that drops out takes the side with it: settlements
// are then not checked, as if no statement had been given.
func TestASideWhoseOnlyFileDropsOutIsAbsent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "only.csv")
	if err := os.WriteFile(path, []byte(goodFiles["bank"]), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--lang", "en", "--quiet", "--as-of", "2026-01-09", "--csv", filepath.Join(dir, "csv"), "--out", filepath.Join(dir, "r.xlsx"), "--bank", path}
	for _, side := range sideNames[:2] {
		name := filepath.Join(dir, side+".csv")
		if err := os.WriteFile(name, []byte(goodFiles[side]), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+side, name)
	}
	var stdout, stderr bytes.Buffer
	e := testEnv(&stdout, &stderr)
	e.reached = func(_ context.Context, s stage) {
		if s == stageRead {
			appendTo(t, path, "x\n")
		}
	}
	if code := guarded(t.Context(), args, e); code != exitIncomplete {
		t.Errorf("status %d: %s", code, stderr.String())
	}
	settlements, err := os.ReadFile(filepath.Join(dir, "csv", "settlements.csv"))
	if err != nil || !strings.Contains(string(settlements), ",unchecked,") {
		t.Errorf("%v: %s", err, settlements)
	}
	if there(filepath.Join(dir, "csv", "credits.csv")) {
		t.Error("credits without a bank side")
	}
}
