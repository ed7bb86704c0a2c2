package parse

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// sheetOf is a file of the corpus as the rows of a sheet.
func sheetOf(t *testing.T, file string) (rows [][]any) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata/layouts", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cr := csv.NewReader(f)
	cr.FieldsPerRecord = -1
	records, err := cr.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		var row []any
		for _, c := range r {
			row = append(row, c)
		}
		rows = append(rows, row)
	}
	return rows
}

// Platforms put orders, sums by day and movements of the account into one
// workbook: orders and payouts are read, never as sales of the shop, and what is
// known to repeat them is passed over.
func TestWorkbooksOfPlatforms(t *testing.T) {
	for _, c := range []struct {
		name   string
		sheets [][][]any
		want   string
	}{
		{"meituan", [][][]any{sheetOf(t, "meituan-bill/0c1d2e3f-bill.csv"), sheetOf(t, "meituan-waimai/0c1d2e3f.csv"), sheetOf(t, "meituan-balance/余额流水.csv")},
			"表1 meituan-bill 3; 表2 meituan-waimai 5; 表3 "},
		{"retail", [][][]any{sheetOf(t, "meituan-bill/0c1d2e3f-bill.csv"), sheetOf(t, "meituan-shangou/merged.csv")},
			"表1 meituan-bill 3; 表2 meituan-shangou 3"},
		{"taobao", [][][]any{sheetOf(t, "taobao-bill/账单汇总.csv"), sheetOf(t, "taobao-shangou/外卖账单明细.csv")},
			"表1 taobao-bill 2; 表2 taobao-shangou 4"},
		{"jd", [][][]any{sheetOf(t, "jd-miaosong/订单级.csv")}, "表1 jd-miaosong 5"},
	} {
		path := filepath.Join(t.TempDir(), c.name+".xlsx")
		if err := os.WriteFile(path, workbookOf(t, c.sheets...), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := usedOf(t, path); got != c.want {
			t.Errorf("%s is read as %s, want %s", c.name, got, c.want)
		}
	}
}
