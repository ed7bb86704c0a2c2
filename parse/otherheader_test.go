package parse

import (
	"errors"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
)

// Two exports in one file, the second with its columns in another order: no row
// is read by the wrong columns.
func TestAnotherHeaderRefusesTheFile(t *testing.T) {
	for what, second := range map[string]string{
		"two columns swapped": "订单号,交易时间,金额,清算日期,手续费\nA2,2026-03-01 10:00:00,6.00,2026-03-01,0.04\n",
		"all moved":           "清算日期,交易时间,金额,订单号,手续费\n2026-03-01,2026-03-01 10:00:00,6.00,A2,0.04\n",
		"one column more":     "门店,订单号,交易时间,手续费,清算日期,金额\n一店,A2,2026-03-01 10:00:00,0.04,2026-03-01,6.00\n",
		"one column less":     "订单号,手续费,清算日期,金额\nA2,0.04,2026-03-01,6.00\n",
		"in quotes":           "\"订单号\",\"交易时间\",\"金额\",\"清算日期\",\"手续费\"\nA2,2026-03-01 10:00:00,6.00,2026-03-01,0.04\n",
	} {
		text := "订单号,交易时间,手续费,清算日期,金额\nA1,2026-03-01 10:00:00,0.03,2026-03-01,5.00\n"
		for _, enc := range []func(string) []byte{gbk, func(s string) []byte { return []byte(s) }} {
			dir := writeFiles(t, map[string]string{"a.csv": string(enc(text + second))})
			in := openFiles(t, nil, dir, "a.csv")
			if what == "one column more" { // the wider header is taken, and the other found at once
				if f := in.Files[0]; f.Used || f.Problems[0].Code != layout.CodeOtherHeader || f.Problems[0].Line != 3 {
					t.Errorf("%s: used %v, %v", what, f.Used, texts(f.Problems))
				}
				continue
			}
			var out *OutcastError
			err := in.Sets[record.SideClearing].Scan(t.Context(), 1, 0, func(int) func(*record.Row) { return func(*record.Row) {} })
			if f := in.Files[0]; !errors.As(err, &out) || f.Used || f.Problems[0].Code != layout.CodeOtherHeader {
				t.Errorf("%s: %v, used %v, %v", what, err, f.Used, texts(f.Problems))
			}
		}
		// The same header again, or one within words, is none of this.
		in := openFiles(t, nil, writeFiles(t, map[string]string{"a.csv": text + text}), "a.csv")
		if got := scanAll(t, in.Sets[record.SideClearing], 1); len(got.rows) != 2 || len(got.rejects) != 0 {
			t.Errorf("%v %v", got.rows, got.rejects)
		}
	}
}
