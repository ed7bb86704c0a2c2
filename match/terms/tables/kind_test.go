package tables

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// A table of contracts is told by its columns, in any order, language and
// encoding of names; a file of transactions is never taken for one.
func TestOnlyTablesOfContractsAreTakenForOne(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]bool{
		"收单机构,商户号,结算周期,切点\n甲,1,T+1,23:00\n":                                 true,
		"credit_rate,acquirer,cycle,merchant_id\n,A,T+1,1\n":                true,
		"某公司合同\n\n商户号,借记卡费率,借记卡封顶,贷记卡费率\n*,0.5%,20,0.6%\n":                  true,
		"收单机构,商户号,结算周期,切点\n甲,1,T+x,99:00\n":                                 true, // to be refused with its places
		"收单机构,商户号,切点,结算账户\n甲,1,23:00,7001\n":                                false,
		"商户号,结算周期,交易时间,交易金额,手续费,订单号,终端号,结算账户\n1,T+1,2026-01-05,1,0,A,B,C\n": false,
		"商户号,终端号,交易时间,交易金额\n1,2,2026-01-05,1\n":                             false,
		"": false,
	} {
		path := filepath.Join(dir, "t.csv")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := IsContracts(path); got != want {
			t.Errorf("%v, want %v:\n%s", got, want, text)
		}
	}
	if IsContracts(dir) || IsContracts(filepath.Join(dir, "absent.csv")) {
		t.Error("what is no file is taken for a table")
	}
	looked := 0
	err := filepath.WalkDir("../../../parse/testdata", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			looked++
			if IsContracts(path) {
				t.Errorf("%s is taken for a table of contracts", path)
			}
		}
		return err
	})
	if err != nil || looked < 50 {
		t.Fatalf("%d files, %v", looked, err)
	}
}
