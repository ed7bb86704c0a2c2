package parse

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"

	"github.com/xuri/excelize/v2"
)

// usedOf lists the documents of an input as name: rows, or why not.
func usedOf(t *testing.T, path string) string {
	t.Helper()
	in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{Layouts: builtin(t), AsOf: record.Civil(2026, 3, 10)})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, s := range in.Sets {
		if s != nil {
			if err := s.Scan(context.Background(), 1, 0, func(int) func(*record.Row) { return func(*record.Row) {} }); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out []string
	for _, f := range in.Files {
		name := f.Name[strings.LastIndexByte(f.Name, ':')+1:]
		switch {
		case f.DuplicateOf != "":
			out = append(out, name+" again")
		case f.Used:
			out = append(out, fmt.Sprint(name, " ", f.Layout, " ", f.Accepted))
		default:
			var codes []string
			for _, p := range f.Problems {
				codes = append(codes, string(p.Code))
			}
			out = append(out, name+" "+strings.Join(codes, " "))
		}
	}
	return strings.Join(out, "; ")
}

func TestSheetsOfTills(t *testing.T) {
	head := []any{"小票号", "交易时间", "支付方式", "实收金额"}
	row := func(id string, amount any) []any { return []any{id, "2026-03-01 10:00:00", "微信", amount} }
	one := [][]any{{"一店 销售流水"}, head, row("A1", 5), row("A2", 6.5), {"合计", "", "", 11.5}}
	two := [][]any{{"二店 销售流水"}, head, row("B1", 7), {"合计", "", "", 7}}
	bad := [][]any{{"二店 销售流水"}, head, row("B1", 7), {"合计", "", "", 8}}
	sum := [][]any{{"门店", "笔数", "金额"}, {"一店", 2, 11.5}, {"二店", 1, 7}}
	for _, c := range []struct {
		what   string
		sheets [][][]any
		want   string
	}{
		{"a sheet per store", [][][]any{one, two}, "表1 generic-pos 2; 表2 generic-pos 1"},
		{"the same data twice", [][][]any{one, two, one}, "表1 generic-pos 2; 表2 generic-pos 1; 表3 again"},
		{"a summary before", [][][]any{sum, one}, "表1 part_unused_money; 表2 generic-pos 2"},
		{"notes before", [][][]any{{{"说明", "版本"}, {"三月", "1.2"}}, one}, "表1 part_not_data; 表2 generic-pos 2"},
		{"a total that is wrong", [][][]any{one, bad}, "表1 generic-pos 2; 表2 control_amount"},
		{"goes on without a header", [][][]any{one, {row("C1", 1), row("C2", 2)}}, "表1 generic-pos 2; 表2 part_without_header"},
		{"transactions of another make", [][][]any{one, {{"订单号", "退款时刻", "退款额"}, {"R1", "2026-03-01", 3.5}, {"R2", "2026-03-01", 4.5}}}, "表1 generic-pos 2; 表2 unknown_layout"},
	} {
		if got := usedOf(t, store(t, "流水.xlsx", workbookOf(t, c.sheets...))); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

func TestMergedTitlesAndHiddenSheets(t *testing.T) {
	f := excelize.NewFile()
	for i, r := range [][]any{{"东方商场 收银流水"}, {"日期：2026-03-01"}, {}, {"小票号", "交易时间", "支付方式", "金额"}, {"A1", "2026-03-01 10:00:00", "微信", "5.00"}} {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &r); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.MergeCell("Sheet1", "A1", "D1"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.NewSheet("旧"); err != nil {
		t.Fatal(err)
	}
	if err := f.SetSheetRow("旧", "A1", &[]any{"小票号", "交易时间", "金额"}); err != nil {
		t.Fatal(err)
	}
	if err := f.SetSheetVisible("旧", false); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := usedOf(t, store(t, "a.xlsx", b.Bytes())), "Sheet1 generic-pos 1"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
