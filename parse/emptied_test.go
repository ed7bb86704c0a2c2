package parse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deciding are the columns whose words say what a row is.
func deciding(p *plan) (uses []int) {
	note := func(use int) {
		if use >= 0 && p.uses[use].cell >= 0 && !slices.Contains(uses, use) && !p.isValue(use) {
			uses = append(uses, use)
		}
	}
	for i := range p.bindings {
		for _, t := range []target{target(FieldKind), target(FieldStatus), targetDirection} {
			note(int(p.bindings[i].at[t]))
		}
	}
	for _, c := range p.conds {
		note(c.use)
	}
	return uses
}

// emptied are the columns whose empty cell says something among filled ones,
// by layout and column, and why.
var emptied = map[string]string{}

// TestAnEmptiedWordIsNoSale empties, one at a time, every cell of the corpus
// that says what its row is. The row is rejected, or the file is, or the row
// means what it meant: never does a refund become a sale, or a failed one count.
func TestAnEmptiedWordIsNoSale(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".want") || strings.HasPrefix(name, "bad") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: name, asOf: civil(2026, 3, 10)}
		if l := builtin(t).Get(filepath.Base(filepath.Dir(file))); l.Explicit {
			r.layout = l.Name
		}
		g := r.read(t, content)
		if g.plan == nil || g.plan.form != formDelimited && g.plan.form != formFixed || len(g.plan.bindings) == 0 {
			continue
		}
		for _, use := range deciding(g.plan) {
			u := &g.plan.uses[use]
			if _, ok := emptied[g.plan.layout.Name+" "+u.spec.As]; !ok {
				checkEmptied(t, r, file, content, g, u)
			}
		}
	}
}

// checkEmptied empties the cells of one column in turn.
func checkEmptied(t *testing.T, r reading, file string, content []byte, g *got, u *columnUse) {
	t.Helper()
	for i, want := range g.rows {
		if g.plan.layout.c.headerless && i == 0 {
			continue // without it the line has not the shape by which the first row is found
		}
		lines := strings.SplitAfter(string(content), "\n")
		n := 0
		fmt.Sscan(want.Source, &n)
		line := strings.TrimRight(lines[n-1], "\r\n")
		if line = withoutCell(line, g.plan, u); line == "" {
			continue
		}
		lines[n-1] = line + "\n"
		h := r.read(t, []byte(strings.Join(lines, "")))
		if len(h.problems) > 0 || len(h.rejects) > len(g.rejects) {
			continue
		}
		k := slices.IndexFunc(h.rows, func(o Record) bool { return o.Source == want.Source })
		if k < 0 || h.rows[k].Kind != want.Kind || h.rows[k].Status != want.Status || h.rows[k].Amount != want.Amount {
			is := "skipped"
			if k >= 0 {
				is = show(h.rows[k])
			}
			t.Errorf("%s: without its %s row %d is\n%s, was\n%s", strings.TrimPrefix(file, "testdata/layouts/"), u.header, i, is, show(want))
		}
	}
}

// withoutCell is a line with one cell empty, "" where it is empty already or
// cannot be told.
func withoutCell(line string, p *plan, u *columnUse) string {
	if p.form == formFixed {
		if u.to > len(line) || strings.TrimSpace(line[u.from:u.to]) == "" || firstHigh([]byte(line[:u.to])) >= 0 {
			return ""
		}
		return line[:u.from] + strings.Repeat(" ", u.to-u.from) + line[u.to:]
	}
	cells := cutRow([]byte(line), p)
	if u.cell >= len(cells) || len(bytes.Trim(cells[u.cell], " -`\t")) == 0 || bytes.ContainsAny(bytes.Join(cells, nil), "\",|") {
		return ""
	}
	cells[u.cell] = nil
	return string(bytes.Join(cells, []byte{p.delim}))
}

// TestAnEmptiedAmountIsNoZero empties, one at a time, the amounts of every line
// of the corpus that has one for what came and one for what went, and puts 0.00
// where the other is empty: the line is rejected.
func TestAnEmptiedAmountIsNoZero(t *testing.T) {
	files, _ := filepath.Glob("testdata/layouts/*/*")
	tried := 0
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, ".want") || strings.HasPrefix(name, "bad") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: name, asOf: civil(2026, 3, 10)}
		if l := builtin(t).Get(filepath.Base(filepath.Dir(file))); l.Explicit {
			r.layout = l.Name
		}
		g := r.read(t, content)
		if g.plan == nil || g.plan.form != formDelimited || len(g.plan.bindings) == 0 {
			continue
		}
		in, out := g.plan.bindings[0].at[targetAmountIn], g.plan.bindings[0].at[targetAmountOut]
		taken := slices.ContainsFunc(g.plan.bindings, func(b binding) bool { return b.at[targetAmountIn] != in }) // some rows have theirs elsewhere
		if in < 0 || out < 0 || taken || g.plan.bindings[0].at[FieldAmount] >= 0 {
			continue
		}
		for _, row := range g.rows {
			lines := strings.SplitAfter(string(content), "\n")
			n := 0
			fmt.Sscan(row.Source, &n)
			cells := cutRow([]byte(strings.TrimRight(lines[n-1], "\r\n")), g.plan)
			if bytes.ContainsAny(bytes.Join(cells, nil), "\",") || row.Amount == 0 {
				continue
			}
			for _, zero := range []int16{in, out} {
				cells[g.plan.uses[in].cell], cells[g.plan.uses[out].cell] = nil, nil
				cells[g.plan.uses[zero].cell] = []byte("0.00")
				lines[n-1] = string(bytes.Join(cells, []byte{g.plan.delim})) + "\n"
				h := r.read(t, []byte(strings.Join(lines, "")))
				tried++
				if len(h.problems) == 0 && len(h.rejects) <= len(g.rejects) {
					t.Errorf("%s: line %d without its amount is read: %s", file, n, lines[n-1])
				}
			}
		}
	}
	if tried < 20 {
		t.Errorf("only %d lines were tried", tried)
	}
}

// What a damaged row may be taken for, and must not.
func TestDamagedRowsAreRejected(t *testing.T) {
	bank := "交易日期,收入金额,支出金额,账户余额,对方户名\n2026-03-01,5.00,,105.00,拉卡拉\n"
	goods := "小票号,交易时间,金额,备注,门店\nA1,2026-03-01 10:00:00,5.00,无,一店\nA2,2026-03-01 10:00:01,1234.00,无,一店\n"
	general := "小票号,交易时间,金额,备注,门店\nA1,2026-03-01 10:00:00,5,无,一店\nA2,2026-03-01 10:00:01,12.5,无,一店\n"
	words := "小票号,交易时间,交易类型,状态,收/支,金额\nA1,2026-03-01 10:00:00,消费,成功,收入,5.00\n"
	for _, c := range []struct{ what, text, want string }{
		{"income empty, expense 0.00", bank + "2026-03-02,,0.00,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"income 0.00, expense empty", bank + "2026-03-02,0.00,,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"income 0, expense a dash", bank + "2026-03-02,0,-,105.00,拉卡拉\n", "1 rows 5.00 no_amount:3"},
		{"both 0.00", bank + "2026-03-02,0.00,0.00,105.00,结息\n", "2 rows 5.00"},
		{"an expense column of another name", strings.Replace(bank, "支出金额", "付出额", 1) + "2026-03-02,0.00,6.00,99.00,房东\n", "1 rows 5.00 no_amount:3"},
		{"a comma in an amount, the row one cell short", goods + "A3,2026-03-01 10:00:02,1,23.45,一店\n", "2 rows 1239.00 split_amount:4"},
		{"thousands, the row one cell short", goods + "A3,2026-03-01 10:00:02,1,234.56,一店\n", "2 rows 1239.00 split_amount:4"},
		{"thousands, negative", goods + "A3,2026-03-01 10:00:02,-1,234.56,一店\n", "2 rows 1239.00 split_amount:4"},
		{"a million, two cells short", strings.NewReplacer("门店", "门店,店员", "一店", "一店,无").Replace(goods) + "A3,2026-03-01 10:00:02,1,234,567.00,一店\n", "2 rows 1239.00 split_amount:4"},
		{"amounts as a spreadsheet shows them", general + "A3,2026-03-01 10:00:02,1,23.45,一店\n", "3 rows 18.50"},
		{"a kind empty", words + "A2,2026-03-01 11:00:00,,成功,收入,6.00\n", "1 rows 5.00 empty_word:3"},
		{"a status empty", words + "A2,2026-03-01 11:00:00,消费,,收入,6.00\n", "1 rows 5.00 empty_word:3"},
		{"a direction empty", words + "A2,2026-03-01 11:00:00,消费,成功,,6.00\n", "1 rows 5.00 empty_word:3"},
		{"kinds of refunds alone", "小票号,交易时间,交易类型,金额\nA1,2026-03-01 10:00:00,,5.00\nA2,2026-03-01 11:00:00,退货,2.00\n", "2 rows 3.00"},
		{"no kind at all", "小票号,交易时间,交易类型,金额\nA1,2026-03-01 10:00:00,,5.00\nA2,2026-03-01 11:00:00,,2.00\n", "2 rows 7.00"},
	} {
		if got := said(t, "a.csv", []byte(c.text), nil); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
		for _, enc := range []string{string(gbk(c.text))} {
			if got := said(t, "a.csv", []byte(enc), nil); got != c.want {
				t.Errorf("%s, GB18030: %s, want %s", c.what, got, c.want)
			}
		}
	}
}
