package parse

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/unicode"
)

// readAll is what an input says, independent of where it is stored: every
// accepted row with its line, every reject, and the counts.
func readAll(t *testing.T, path string, opt *Options) string {
	t.Helper()
	in, err := Open(context.Background(), []PathSide{{Path: path}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var b strings.Builder
	for _, s := range in.Sets {
		if s == nil {
			continue
		}
		got := scanAll(t, s, 2)
		recs, err := s.Records(context.Background(), 2, got.pos)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recs {
			line := r.Source[strings.LastIndexAny(r.Source, ":!")+1:]
			r.Pos, r.Source = 0, ""
			fmt.Fprintf(&b, "%s %+v\n", line, r)
		}
		for _, r := range s.Rejects() {
			fmt.Fprintf(&b, "%d %s %q %s\n", r.Line, r.Column, r.Value, r.Code)
		}
	}
	for _, f := range in.Files {
		fmt.Fprintln(&b, f.Used, f.Layout, f.Side, f.Rows, f.Accepted, f.Rejected, f.Skipped, f.Sums, f.Ignored, f.Control)
		for _, p := range f.Problems {
			fmt.Fprintln(&b, p.Code, p.Line, p.Args)
		}
	}
	return b.String()
}

func store(t *testing.T, name string, content []byte) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, entry string, content []byte) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create("账单/" + entry)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(content)
	w.Close()
	return b.Bytes()
}

func gzipped(content []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func utf16Text(t *testing.T, content []byte, e unicode.Endianness) []byte {
	b, err := unicode.UTF16(e, unicode.UseBOM).NewEncoder().Bytes(content)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestEveryFormOfAFileReadsTheSame takes the files of the layouts' corpus
// through every encoding and container they may arrive in.
func TestEveryFormOfAFileReadsTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	ls := builtin(t)
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		opt := &Options{Layouts: ls, AsOf: record.Civil(2026, 3, 10)}
		if dir := filepath.Base(filepath.Dir(file)); ls.Get(dir).Explicit {
			opt.Layout = Overrides{{Value: dir}}
		}
		name := filepath.Base(file)
		want := readAll(t, store(t, name, content), opt)
		fixed := strings.Contains(want, "unionpay")
		for form, bytes := range map[string][]byte{
			"BOM":      append([]byte("\xEF\xBB\xBF"), content...),
			"GB18030":  gbk(string(content)),
			"UTF-16LE": utf16Text(t, content, unicode.LittleEndian),
			"UTF-16BE": utf16Text(t, content, unicode.BigEndian),
			"zip":      zipped(t, name, content),
			"gzip":     gzipped(gbk(string(content))),
		} {
			if fixed && form != "zip" && form != "GB18030" && form != "gzip" {
				continue // offsets count bytes of the encoding it is defined in
			}
			if got := readAll(t, store(t, name, bytes), opt); got != want {
				t.Errorf("%s as %s:\n%s\nwant\n%s", file, form, got, want)
			}
		}
		if rows, ok := cellsOf(t, opt, name, content); ok && !strings.HasPrefix(name, "bad") {
			for form, bytes := range map[string][]byte{"xlsx": xlsxOf(t, rows), "xls": xlsOf(rows), "html": htmlOf(rows)} {
				if got := readAll(t, store(t, name, bytes), opt); got != want {
					t.Errorf("%s as %s:\n%s\nwant\n%s", file, form, got, want)
				}
			}
		}
		small := *opt
		small.chunk, small.slack, small.Memory = 20, 3, 1
		small.TempDir = t.TempDir()
		if got := readAll(t, store(t, name, zipped(t, name, content)), &small); got != want {
			t.Errorf("%s in small chunks through temporary files:\n%s\nwant\n%s", file, got, want)
		}
		if left, _ := os.ReadDir(small.TempDir); len(left) > 0 {
			t.Errorf("%s: temporary files are left: %v", file, left)
		}
	}
}

// cellsOf is a delimited file's cells, as its layout cuts them; ok is false where
// a workbook could not hold the same.
func cellsOf(t *testing.T, opt *Options, name string, content []byte) (rows [][]string, ok bool) {
	r := reading{name: name, asOf: opt.AsOf, layouts: opt.Layouts}
	if len(opt.Layout) > 0 {
		r.layout = opt.Layout[0].Value
	}
	p := r.read(t, content).plan
	if p == nil || p.Form != layout.FormDelimited || p.Layout.Ignore || len(p.Columns) == 0 {
		return nil, false
	}
	for _, line := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		var row []string
		for _, c := range cutRow([]byte(strings.TrimSuffix(line, "\r")), p) {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
	// A workbook does not count blank rows at its end.
	return rows, strings.Join(rows[len(rows)-1], "") != ""
}

func xlsxOf(t *testing.T, rows [][]string) []byte {
	sheet := make([][]any, len(rows))
	for i, row := range rows {
		for _, c := range row {
			sheet[i] = append(sheet[i], c)
		}
	}
	return workbookOf(t, sheet)
}

func xlsOf(rows [][]string) []byte {
	var records [][]byte
	for i, row := range rows {
		for j, c := range row {
			records = append(records, rec(biffLabel, i, j, 0, wide(c, 2)))
		}
	}
	return makeXLS(biffBook{sheets: [][][]byte{records}})
}

func htmlOf(rows [][]string) []byte {
	var b strings.Builder
	b.WriteString("<html><head><meta charset=\"utf-8\"></head><body><table>\n")
	for _, row := range rows {
		b.WriteString("<tr>")
		for _, c := range row {
			b.WriteString("<td>" + html.EscapeString(c) + "</td>")
		}
		b.WriteString("</tr>\n")
	}
	b.WriteString("</table></body></html>\n")
	return []byte(b.String())
}

func TestCarriageReturnsOnly(t *testing.T) {
	text := testHeader + testRow(1, "x") + testRow(2, "\"a\nb\"") + testRow(3, "x")
	want := readAll(t, store(t, "a.csv", []byte(strings.ReplaceAll(text, "\"a\nb\"", "ab"))), &Options{})
	got := readAll(t, store(t, "a.csv", []byte(strings.ReplaceAll(strings.ReplaceAll(text, "\"a\nb\"", "ab"), "\n", "\r"))), &Options{})
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// workbook makes a workbook whose sheets hold the given rows.
func workbookOf(t testing.TB, sheets ...[][]any) []byte {
	f := excelize.NewFile()
	for i, rows := range sheets {
		name := fmt.Sprintf("表%d", i+1)
		if i == 0 {
			if err := f.SetSheetName("Sheet1", name); err != nil {
				t.Fatal(err)
			}
		} else if _, err := f.NewSheet(name); err != nil {
			t.Fatal(err)
		}
		for j, row := range rows {
			cell, _ := excelize.CoordinatesToCellName(1, j+1)
			if err := f.SetSheetRow(name, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWorkbook(t *testing.T) {
	head := []any{"小票号", "交易时间", "备注", "交易类型", "状态", "金额(元)"}
	row := func(id string, amount any) []any {
		return []any{id, "2026-03-01 10:00:00", "有,\"符号", "消费", "成功", amount}
	}
	book := workbookOf(t,
		[][]any{{"门店流水"}, head, row("A1", 12.5), nil, row("A2", "7.00"), row("A3", "x")},
		[][]any{head, row("B1", 1)},
		[][]any{{"说明"}, {"本表由系统导出"}},
	)
	path := store(t, "流水.xlsx", book)
	in := openFiles(t, &Options{chunk: 32}, filepath.Dir(path), "流水.xlsx")
	s := in.Sets[record.SidePos]
	if s == nil {
		t.Fatal(in.Files[0].Problems)
	}
	got := scanAll(t, s, 2)
	var sources []string
	for _, r := range got.records {
		f := strings.Fields(r)
		sources = append(sources, f[2]+" "+f[3]+" "+f[4])
	}
	want := []string{"A1 1250 流水.xlsx:表1!3", "A2 700 流水.xlsx:表1!5", "B1 100 流水.xlsx:表2!2"}
	if !slices.Equal(sources, want) {
		t.Errorf("%q", sources)
	}
	if len(got.rejects) != 1 || !strings.Contains(got.rejects[0], "流水.xlsx:表1!6: 金额(元)") {
		t.Errorf("%q", got.rejects)
	}
	for _, f := range in.Files {
		if f.Name == "流水.xlsx:表3" && (!f.Ignored || f.Used) {
			t.Errorf("%s: %+v", f.Name, f.Problems)
		}
		if len(f.SHA256) != 64 {
			t.Errorf("%s: no digest", f.Name)
		}
	}
	// The rows as they were, from a workbook and from text.
	csv := "门店流水\n小票号,交易时间,备注,交易类型,状态,金额(元)\nA1,2026-03-01 10:00:00,\"有,\"\"符号\",消费,成功,12.5\n\nA2,2026-03-01 10:00:00,\"有,\"\"符号\",消费,成功,7.00\nA3,2026-03-01 10:00:00,\"有,\"\"符号\",消费,成功,x\n"
	one := workbookOf(t, [][]any{{"门店流水"}, head, row("A1", 12.5), nil, row("A2", "7.00"), row("A3", "x")})
	a, b := readAll(t, store(t, "a.xlsx", one), &Options{}), readAll(t, store(t, "a.csv", []byte(csv)), &Options{})
	if a != b {
		t.Errorf("workbook\n%s\ntext\n%s", a, b)
	}
}

func TestFormulaWithoutValueIsRejected(t *testing.T) {
	f := excelize.NewFile()
	for i, row := range [][]any{{"小票号", "交易时间", "金额(元)", "备注"}, {"A1", "2026-03-01 10:00:00", nil, "x"}, {"A2", "2026-03-01 10:00:00", 2, nil}, {"合计", "", nil, ""}} {
		cell, _ := excelize.CoordinatesToCellName(1, i+1)
		if err := f.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []string{"C2", "D3", "C4"} {
		if err := f.SetCellFormula("Sheet1", c, "1+1"); err != nil {
			t.Fatal(err)
		}
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	path := store(t, "a.xlsx", b.Bytes())
	in := openFiles(t, nil, filepath.Dir(path), "a.xlsx")
	got := scanAll(t, in.Sets[record.SidePos], 1)
	var codes []string
	for _, r := range in.Sets[record.SidePos].Rejects() {
		codes = append(codes, fmt.Sprint(r.Line, r.Column, r.Code))
	}
	if fmt.Sprint(codes) != "[2金额(元)formula_without_value 3备注formula_without_value]" || len(got.rows) != 0 {
		t.Errorf("rejects %v, rows %v", codes, got.rows)
	}
}

func TestTextInAnArchiveAndBesideItIsUsedOnce(t *testing.T) {
	text := []byte(testHeader + testRow(1, "x"))
	dir := t.TempDir()
	for name, b := range map[string][]byte{"a.zip": zipped(t, "b.csv", text), "b.csv": text} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	in := openFiles(t, nil, dir, "b.csv", "a.zip")
	if got := scanAll(t, in.Sets[record.SidePos], 1); len(got.rows) != 1 {
		t.Errorf("%d rows", len(got.rows))
	}
	for _, f := range in.Files {
		t.Log(f.Name, f.Used, f.DuplicateOf)
	}
}

func TestControlTotalIsVerifiedBeforeRowsAreSeen(t *testing.T) {
	good, err := os.ReadFile("testdata/layouts/alipay-trade/20880000000000010156_20260301_业务明细.csv")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := os.ReadFile("testdata/layouts/alipay-trade/bad-total.csv")
	if err != nil {
		t.Fatal(err)
	}
	dir := writeFiles(t, map[string]string{"good.csv": string(good), "bad.csv": string(bad)})
	in := openFiles(t, nil, dir, "good.csv", "bad.csv")
	for _, f := range in.Files {
		if f.Control == nil || f.Control.OK != (f.Name == "good.csv") || f.Used != f.Control.OK {
			t.Errorf("%s: used %v control %+v %v", f.Name, f.Used, f.Control, f.Problems)
		}
	}
	seen := map[int]bool{}
	err = in.Sets[record.SideClearing].Scan(context.Background(), 1, 0, func(int) func(*record.Row) { return func(r *record.Row) { seen[r.Doc] = true } })
	if err != nil || len(seen) != 1 {
		t.Errorf("rows of %d documents, err %v", len(seen), err)
	}
}

// FuzzOpen reads anything at all, in one piece and in small ones: both must say
// the same, and every record must be accounted for.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(testHeader + testRow(1, "x") + testRow(2, "\"a\nb\"")))
	f.Add([]byte("\xEF\xBB\xBF" + testHeader + testRow(1, "\"open") + "合计,1\n"))
	f.Add(gbk(testHeader + testRow(1, "中文") + testRow(2, "\"引,号\"")))
	f.Add([]byte("PK\x03\x04"))
	f.Add([]byte("\xFF\xFE\x01\x02"))
	ls, err := layout.LoadLayouts("")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		path := store(t, "a.csv", content)
		whole := readAll(t, path, &Options{Layouts: ls})
		small := readAll(t, path, &Options{Layouts: ls, chunk: 16, slack: 1, Memory: 1, TempDir: t.TempDir()})
		if whole != small {
			t.Fatalf("whole:\n%s\nin small chunks:\n%s", whole, small)
		}
	})
}
