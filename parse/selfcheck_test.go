package parse

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
)

// checkedFile reads a file as a run does.
func checkedFile(t *testing.T, text string, chunk int) *File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{AsOf: record.Civil(2026, 3, 10), chunk: chunk})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, s := range in.Sets {
		if s != nil {
			if err := s.Scan(context.Background(), 2, 0, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	return in.Files[0]
}

const statementHead = "交易日期,账号,收入金额,支出金额,余额,对方户名\n"

var statementLines = []string{
	"2026-03-01,6000000001,10.00,,110.00,甲",
	"2026-03-01,6000000001,,30.00,80.00,乙",
	"2026-03-02,6000000001,7.00,,87.00,甲",
	"2026-03-03,6000000001,5.00,,92.00,甲",
	"2026-03-04,6000000001,,1.50,90.50,甲",
	"2026-03-05,6000000001,8.00,,98.50,甲",
}

// A statement with a running balance from which a line is gone, in which one
// stands twice or has another amount, is refused, forwards and backwards, in
// chunks of any size; of lines in another order nothing is refused.
func TestAStatementIsHeldAgainstItsBalances(t *testing.T) {
	good := map[string][]string{"forwards": statementLines, "reordered": slices.Clone(statementLines)}
	good["reordered"][0], good["reordered"][1] = good["reordered"][1], good["reordered"][0]
	back := slices.Clone(statementLines)
	slices.Reverse(back)
	good["backwards"] = back
	two := slices.Clone(statementLines)
	for i, l := range statementLines {
		two = slices.Insert(two, 2*i, strings.Replace(l, "6000000001", "6000000002", 1))
	}
	good["two accounts"] = two
	for name, lines := range good {
		for _, chunk := range []int{64, 0} {
			f := checkedFile(t, statementHead+strings.Join(lines, "\n")+"\n", chunk)
			if !f.Used || len(f.Checks) == 0 || f.Checks[0] != (layout.Check{Kind: layout.CheckBalance, Lines: int64(len(lines)), OK: true}) {
				t.Errorf("%s: used %v, %+v, %v", name, f.Used, f.Checks, f.Problems)
			}
			for damage, bad := range map[string][]string{
				"dropped": slices.Delete(slices.Clone(lines), 2, 3),
				"doubled": slices.Insert(slices.Clone(lines), 2, lines[2]),
				"changed": append(append(slices.Clone(lines[:2]), strings.Replace(strings.Replace(lines[2], ",7.00", ",7.10", 1), ",5.00", ",5.10", 1)), lines[3:]...),
			} {
				if slices.Equal(bad, lines) {
					continue
				}
				f := checkedFile(t, statementHead+strings.Join(bad, "\n")+"\n", chunk)
				if f.Used || f.Problems[0].Code != layout.CodeBalanceBroken || f.Problems[0].Line == 0 {
					t.Errorf("%s, %s: used %v, %v", name, damage, f.Used, f.Problems)
				}
			}
		}
	}
}

// A company's own book calls money in what the bank calls money out.
func TestAJournalWithDebitAsMoneyInIsRefused(t *testing.T) {
	f := checkedFile(t, "日期,摘要,借方金额,贷方金额,余额,对方户名\n2026-03-01,收,10.00,,110.00,甲\n2026-03-02,付,,30.00,80.00,乙\n2026-03-03,收,5.00,,85.00,甲\n", 0)
	if f.Used || f.Problems[0].Code != layout.CodeBalanceTurned {
		t.Errorf("used %v, %v", f.Used, f.Problems)
	}
}

// A column that has the same balance on every line is the balance of today.
func TestABalanceThatDoesNotRunIsNotChecked(t *testing.T) {
	f := checkedFile(t, "交易日期,收入金额,支出金额,可用余额,对方户名\n2026-03-01,10.00,,90.00,甲\n2026-03-02,,30.00,90.00,乙\n2026-03-03,5.00,,90.00,甲\n", 0)
	if !f.Used || len(f.Checks) > 0 {
		t.Errorf("used %v, %+v, %v", f.Used, f.Checks, f.Problems)
	}
}

// A row of a file with amount, fee and net is rejected where they differ;
// refunds and failed rows with any sign of the fee are not.
func TestARowWhoseNetDiffersIsRejected(t *testing.T) {
	head := "交易时间,终端号,参考号,交易类型,状态,交易金额,手续费,结算金额\n"
	row := func(n, rest string) string {
		return "2026-03-01 10:00:0" + n + ",10000001,12345678901" + n + "," + rest + "\n"
	}
	good := row("1", "消费,成功,100.00,0.60,99.40") + row("2", "退货,成功,100.00,0.60,99.40") + row("3", "退货,成功,-50.00,-0.30,-49.70") +
		row("4", "退货,成功,-50.00,0.30,-50.30") + row("5", "消费,失败,30.00,0.18,0.00") + row("6", "退货,成功,-20.00,0.12,19.88")
	f := checkedFile(t, head+good, 0)
	if f.Rejected > 0 || !slices.Contains(f.Checks, layout.Check{Kind: layout.CheckIdentity, Lines: 5, OK: true}) {
		t.Errorf("%d rejected, %+v", f.Rejected, f.Checks)
	}
	f = checkedFile(t, head+good+row("7", "消费,成功,100.01,0.60,99.40"), 0)
	if f.Rejected != 1 || !slices.Contains(f.Checks, layout.Check{Kind: layout.CheckIdentity, Lines: 5, OK: false}) || !f.Incomplete() {
		t.Errorf("%d rejected, %+v", f.Rejected, f.Checks)
	}
}

// What the lines above a header declare is held against the rows, whatever the
// layout.
func TestDeclaredTotalsUnderGenericLayouts(t *testing.T) {
	rows := "交易时间,终端号,参考号,交易金额,手续费\n2026-03-01 10:00:00,10000001,123456789012,100.00,0.60\n2026-03-01 10:00:01,10000001,123456789013,50.00,0.30\n"
	cut := strings.Join(strings.SplitAfter(rows, "\n")[:2], "")
	for _, above := range []string{"累计笔数：2\n", "累计笔数,2,,,\n", "汇总：150.00\n", "累计金额,150.00,,,\n"} {
		if f := checkedFile(t, above+rows, 0); !f.Used || f.Control == nil || !f.Control.OK {
			t.Errorf("%q: used %v, %v", above, f.Used, f.Problems)
		}
		if f := checkedFile(t, above+cut, 0); f.Used {
			t.Errorf("%q: a row is gone and nothing is said", above)
		}
	}
	for _, above := range []string{"总收入：30.00\n", "总支出：31.50\n", "收入合计,30.00,,,,\n", "期初余额：100.00\n", "期末余额：98.50\n"} {
		all := statementHead + strings.Join(statementLines, "\n") + "\n"
		if f := checkedFile(t, above+all, 0); !f.Used {
			t.Errorf("%q: %v", above, f.Problems)
		}
		short := statementHead + strings.Join(statementLines[2:5], "\n") + "\n"
		if f := checkedFile(t, above+short, 0); f.Used {
			t.Errorf("%q: lines are gone and nothing is said", above)
		}
	}
}
