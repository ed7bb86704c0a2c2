package report

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
	}
}

// xmlSheet is a sheet as encoding/xml reads it.
type xmlSheet struct {
	Dimension struct {
		Ref string `xml:"ref,attr"`
	} `xml:"dimension"`
	Rows []struct {
		R     int `xml:"r,attr"`
		Cells []struct {
			R  string `xml:"r,attr"`
			T  string `xml:"t,attr"`
			F  string `xml:"f"`
			V  string `xml:"v"`
			Is struct {
				T string `xml:"t"`
			} `xml:"is"`
		} `xml:"c"`
	} `xml:"sheetData>row"`
}

// unzip reads all parts of a workbook; it checks their checksums.
func unzip(t testing.TB, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	parts := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		r.Close()
		if err := xml.Unmarshal(b, new(struct{})); err != nil {
			t.Errorf("%s is not well-formed: %v", f.Name, err)
		}
		parts[f.Name] = b
	}
	return parts
}

var (
	sheetDataText = regexp.MustCompile(`(?s)<sheetData>.*</sheetData>`)
	betweenTags   = regexp.MustCompile(`><`)
)

// dump is a workbook as text: of every sheet its frame and its cells.
func dump(t *testing.T, path string) string {
	parts := unzip(t, path)
	names := make([]string, 0, len(parts))
	for name := range parts {
		names = append(names, name)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, "xl/worksheets/sheet"):
			fmt.Fprintf(&b, "== %s\n%s\n", name, betweenTags.ReplaceAll(sheetDataText.ReplaceAll(parts[name], []byte("<ROWS/>")), []byte(">\n<")))
			dumpRows(t, &b, parts[name])
		case name == "xl/workbook.xml", strings.HasPrefix(name, "docProps/"), name == contentTypes, strings.HasSuffix(name, ".rels"):
			fmt.Fprintf(&b, "== %s\n%s\n", name, betweenTags.ReplaceAll(parts[name], []byte(">\n<")))
		default:
			fmt.Fprintf(&b, "== %s %d bytes\n", name, len(parts[name]))
		}
	}
	return b.String()
}

func dumpRows(t *testing.T, b *strings.Builder, part []byte) {
	var s xmlSheet
	if err := xml.Unmarshal(part, &s); err != nil {
		t.Fatal(err)
	}
	for _, row := range s.Rows {
		for _, c := range row.Cells {
			switch {
			case c.T == "inlineStr":
				fmt.Fprintf(b, "%s %q\n", c.R, c.Is.T)
			case c.F != "":
				fmt.Fprintf(b, "%s =%s → %s\n", c.R, c.F, c.V)
			case c.V != "":
				fmt.Fprintf(b, "%s %s\n", c.R, c.V)
			}
		}
	}
}

func TestWorkbookGolden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.xlsx")
	write(t, sample(problem.ZH), Output{Workbook: path})
	golden(t, "workbook_zh.txt", dump(t, path))
}

func TestWorkbookEnglishSheets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.xlsx")
	write(t, sample(problem.EN), Output{Workbook: path})
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := []string{"Summary", "Unmatched", "Partial", "Late", "Fees", "Fee differences", "Refunds and voids", "Suggested", "Settlements", "Waterfall", "Bank credits", "Risks", "In transit and failed", "Rejected rows", "Run log", "Audit"}
	if diff := cmp.Diff(want, f.GetSheetList()); diff != "" {
		t.Error(diff)
	}
}

// Another reader sees text as text, amounts as numbers, and dates as dates.
func TestWorkbookReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.xlsx")
	write(t, sample(problem.ZH), Output{Workbook: path})
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("未匹配")
	if err != nil {
		t.Fatal(err)
	}
	head := rows[headRow-1]
	cell := func(row int, title string) string {
		i := slices.Index(head, title)
		if i < 0 || i >= len(rows[row-1]) {
			return ""
		}
		return rows[row-1][i]
	}
	for _, c := range []struct{ got, want string }{
		{cell(4, "结果"), "类型/状态不符"},
		{cell(4, "订单号"), `=HYPERLINK("http://example.invalid")`},
		{cell(4, "终端号"), "00012345"},
		{cell(4, "商户号"), "898310000000001"},
		{cell(4, "商户金额(元)"), "99.00"},
		{cell(4, "清算金额(元)"), "-99.00"},
		{cell(4, "交易时间"), "2026-01-05 09:03:07"},
		{cell(5, "应到账日"), "2026-01-05"},
		{cell(2, "商户金额(元)"), "256.00"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
	if formula, _ := f.GetCellFormula("未匹配", "J4"); formula != "" {
		t.Errorf("J4 became the formula %s", formula)
	}
}

// The only formulas of a workbook are its own totals.
func TestWorkbookHasOnlyItsOwnFormulas(t *testing.T) {
	run := nasty(problem.ZH)
	path := filepath.Join(t.TempDir(), "r.xlsx")
	write(t, run, Output{Workbook: path})
	own := regexp.MustCompile(`^(SUBTOTAL\(109,[A-Z]+\d+:[A-Z]+\d+\)|SUM\([A-Z]+\d+:[A-Z]+\d+\))$`)
	for name, part := range unzip(t, path) {
		if !strings.HasPrefix(name, "xl/worksheets/sheet") {
			continue
		}
		var s xmlSheet
		if err := xml.Unmarshal(part, &s); err != nil {
			t.Fatal(err)
		}
		for _, row := range s.Rows {
			for _, c := range row.Cells {
				if c.F != "" && !own.MatchString(c.F) {
					t.Errorf("%s %s has the formula %s", name, c.R, c.F)
				}
			}
		}
	}
}

// nasty is a run whose text tries to become something else.
func nasty(lang problem.Lang) *Run {
	d := newDay(lang)
	for _, s := range nastyTexts {
		d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, 100, func(r *record.Record) {
			for f := range r.Text {
				if f != int(record.Currency) {
					r.Text[f] = s
				}
			}
		})), Reason: result.Reason{Code: result.ReasonNoCandidate}})
		d.run.Files = append(d.run.Files, File{Path: s, Name: s, Layout: s, Problems: []string{s}})
	}
	d.run.Rejects = rejectList(Reject{"a:1", nastyTexts[0], nastyTexts[1], nastyTexts[2]})
	return d.run
}

var nastyTexts = []string{
	"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0",
	"</t></is></c><c><f>1+1</f></c>", "a&b<c>\"d'", "\x00\x01\x1b[31mred", "bad \xff utf-8", "\uFFFE\uFFFF", "_x0041_ and _x000D_", "a\r\nb\rc\n", " edge ", "“𠮷䶮😀", strings.Repeat("长", 40000),
}

func TestCellTextSurvives(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a&b<c>\"d'", "a&b<c>\"d'"},
		{"\x00\x1b[31m", "\uFFFD\uFFFD[31m"},
		{"bad \xff", "bad \uFFFD"},
		{"\uFFFE\uFFFFx", "\uFFFD\uFFFDx"},
		{"_x0041_", "_x005F_x0041_"},
		{"_x00_ _y0041_", "_x00_ _y0041_"},
		{"a\rb", "a\nb"},
		{"a\r\nb", "a \nb"},
		{"𠮷䶮😀", "𠮷䶮😀"},
	} {
		var got struct {
			T string `xml:",chardata"`
		}
		text := append(appendXML([]byte("<t>"), c.in), "</t>"...)
		if err := xml.Unmarshal(text, &got); err != nil {
			t.Errorf("%q: %v", c.in, err)
		}
		if got.T != c.want {
			t.Errorf("%q became %q, want %q", c.in, got.T, c.want)
		}
	}
}

func TestLongTextIsCutVisibly(t *testing.T) {
	for _, c := range []struct {
		in  string
		cut bool
	}{
		{strings.Repeat("a", maxText), false},
		{strings.Repeat("a", maxText+1), true},
		{strings.Repeat("长", maxText), false},
		{strings.Repeat("长", maxText+1), true},
		{strings.Repeat("𠮷", maxText/2), false},
		{strings.Repeat("𠮷", maxText/2+1), true},
	} {
		got := clip(c.in)
		if cut := strings.HasSuffix(got, cutMark); cut != c.cut || !c.cut && got != c.in {
			t.Errorf("%d bytes: cut is %v", len(c.in), cut)
		}
		units := 0
		for _, r := range got {
			if units++; r > 0xFFFF {
				units++
			}
		}
		if units > maxText {
			t.Errorf("%d bytes became %d units", len(c.in), units)
		}
	}
}

// big is a run of n groups of all outcomes; amounts and texts vary.
func big(n int) *Run {
	d := newDay(problem.ZH)
	for i := range n {
		amount := money.Fen(i*37%99991 + 1)
		switch i % 5 {
		case 0:
			d.pair(amount, amount-1, result.Group{Match: result.Partial, Timing: result.PendingTiming, Reason: result.Reason{Code: result.ReasonLess, Amount: -1}})
		case 1:
			d.pair(amount, amount, result.Group{Match: result.Matched, Timing: result.Overdue, Reason: result.Reason{Code: result.ReasonAgrees}})
		default:
			d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, amount, nil)), Reason: result.Reason{Code: result.ReasonNoCandidate}})
		}
	}
	return d.run
}

func digest(t testing.TB, path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", sha256.Sum256(b))
}

func TestSameResultSameBytes(t *testing.T) {
	set(t, &batchGroups, 64)
	run := big(1517)
	dir := t.TempDir()
	var want string
	for i, c := range []struct {
		workers, procs int
		held           int64
	}{{1, 1, maxHeld}, {1, 4, maxHeld}, {4, 1, maxHeld}, {4, 4, maxHeld}, {3, 2, 0}, {4, 4, 40 << 10}} {
		set(t, &maxHeld, c.held)
		before := runtime.GOMAXPROCS(c.procs)
		run.Workers = c.workers
		out := Output{Workbook: filepath.Join(dir, strconv.Itoa(i)+".xlsx"), CSV: filepath.Join(dir, strconv.Itoa(i))}
		write(t, run, out)
		runtime.GOMAXPROCS(before)
		got := digest(t, out.Workbook) + digest(t, filepath.Join(out.CSV, transactionsCSV))
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%+v gave other bytes", c)
		}
	}
}

// set changes a limit for the time of a test.
func set[T any](t *testing.T, at *T, v T) {
	before := *at
	*at = v
	t.Cleanup(func() { *at = before })
}

func TestRowsBeyondASheetGoOnInTheNext(t *testing.T) {
	set(t, &batchGroups, 64)
	set(t, &maxSheetRows, 100+firstRow-1)
	const n = 550 // 330 on 未匹配, 110 on 部分到账 and 延迟到账
	run := big(n)
	run.All = true
	path := filepath.Join(t.TempDir(), "r.xlsx")
	w := write(t, run, Output{Workbook: path})
	if want := int64(330 + 110 + 110 + 100 + 2 + 3); w.Rows != want {
		t.Errorf("%d rows written, want %d", w.Rows, want)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := []string{"汇总", "未匹配", "未匹配(续2)", "未匹配(续3)", "未匹配(续4)", "部分到账", "部分到账(续2)", "延迟到账", "延迟到账(续2)", "一致明细", "运行记录", "审计"}
	if diff := cmp.Diff(want, f.GetSheetList()); diff != "" {
		t.Fatal(diff)
	}
	rows := 0
	for _, name := range want[1:5] {
		part, err := f.GetRows(name)
		if err != nil {
			t.Fatal(err)
		}
		rows += len(part) - headRow
	}
	if rows != 330 {
		t.Errorf("%d rows on the parts of 未匹配", rows)
	}
	title, _ := f.GetCellValue("未匹配(续4)", "A1")
	if !strings.Contains(title, "共 30 行") || !strings.Contains(title, "总计 330 行") {
		t.Errorf("the last part is entitled %q", title)
	}
	title, _ = f.GetCellValue("一致明细", "A1")
	if !strings.Contains(title, "另有 10 行未列出") {
		t.Errorf("the sheet of matched groups is entitled %q", title)
	}
}

// Every group that the result lists stands on some sheet.
func TestNoListedGroupIsLost(t *testing.T) {
	before, behind := lineTables(problem.ZH, false)
	tables := slices.Concat(before, behind)
	for m := range result.NumMatch {
		for timing := range result.NumTiming {
			for bit := -1; bit < result.NumFlags; bit++ {
				g := result.Group{Match: m, Timing: timing}
				if bit >= 0 {
					g.Flags = 1 << bit
				}
				quiet := m == result.Matched && bit < 0 && timing != result.Late && timing != result.Overdue
				l := &line{group: &g}
				found := slices.ContainsFunc(tables, func(t *lineTable) bool { return t.wants(l) })
				if found == quiet {
					t.Errorf("%v %v flag %d: on a sheet: %v", m, timing, bit, found)
				}
			}
		}
	}
}

func TestForeignMoneyIsNotAddedUp(t *testing.T) {
	d := newDay(problem.ZH)
	for _, currency := range []string{"CNY", "", "HKD"} {
		p := d.sale(d.pos, 10000, func(r *record.Record) { r.Text[record.Currency] = currency })
		d.group(result.Group{Match: result.PosOnly, Pos: at(p)})
	}
	path := filepath.Join(t.TempDir(), "r.xlsx")
	write(t, d.run, Output{Workbook: path})
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	total, _ := f.GetCellValue("未匹配", "L2")
	last, _ := f.GetCellValue("未匹配", "L6")
	if total != "200.00" || last != "HKD 100.00" {
		t.Errorf("total %s, the row in HKD %s", total, last)
	}
}

// What reading back finds is compared with what was meant: a changed digit, a
// lost row, a broken checksum and a lost sheet are all noticed.
func TestVerifierNoticesDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.xlsx")
	w, err := newWriter(sample(problem.ZH), Output{Workbook: path})
	if err != nil {
		t.Fatal(err)
	}
	defer w.discard()
	if err := w.render(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.complete(t.Context()); err != nil {
		t.Fatal(err)
	}
	parts := unzip(t, w.workbook.name)
	sheet := "xl/worksheets/sheet2.xml"
	for name, damage := range map[string]func() map[string][]byte{
		"digit": func() map[string][]byte {
			return with(parts, sheet, bytes.Replace(parts[sheet], []byte("<v>99.00</v>"), []byte("<v>98.00</v>"), 1))
		},
		"row": func() map[string][]byte {
			return with(parts, sheet, regexp.MustCompile(`<row r="5".*?</row>`).ReplaceAll(parts[sheet], nil))
		},
		"sheet": func() map[string][]byte { p := with(parts, sheet, nil); delete(p, sheet); return p },
		"none":  func() map[string][]byte { return parts },
	} {
		err := verifyParts(t, w, damage())
		if (err == nil) != (name == "none") {
			t.Errorf("damaged %s: %v", name, err)
		}
	}
}

func with(parts map[string][]byte, name string, b []byte) map[string][]byte {
	out := map[string][]byte{}
	for k, v := range parts {
		out[k] = v
	}
	out[name] = b
	return out
}

func verifyParts(t *testing.T, w *writer, parts map[string][]byte) error {
	f, err := os.Create(filepath.Join(t.TempDir(), "damaged.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	for name, b := range parts {
		entry, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := entry.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]tally{"xl/worksheets/sheet1.xml": w.book.front().tally(w.book.styles.body[kMoney])}
	for _, p := range w.book.parts() {
		want["xl/worksheets/sheet"+strconv.Itoa(len(want)+1)+".xml"] = tally{rows: p.rows + firstRow - 1, sums: p.sums}
	}
	v := &verifier{moneyStyle: strconv.Itoa(w.book.styles.body[kMoney]), want: want}
	return v.check(t.Context(), f, info.Size(), 2)
}

// What a run says nothing about is not in the clerk's way; what the clerk
// fills in always is.
func TestEmptyColumnsAreHidden(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.xlsx")
	d := newDay(problem.ZH)
	d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, 10000, nil))})
	write(t, d.run, Output{Workbook: path})
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	hidden := map[string]bool{"收单机构": false, "商户号": false, "标记": true, "订单号": true, "清算日期": true, "应到账日": true, "商户金额(元)": false, "处理结果": false, "备注": false}
	for i, c := range oneSided {
		want, ok := hidden[c.head.zh]
		if got, err := f.GetColVisible("未匹配", columnName(i)); ok && (err != nil || got == want) {
			t.Errorf("%s is visible: %v, %v", c.head.zh, got, err)
		}
	}
}

// A day with 25 files is summed up on three pages, at seven points or more.
func TestFrontOfADayFitsThreePages(t *testing.T) {
	run := sample(problem.ZH)
	for len(run.Files) < 25 {
		run.Files = append(run.Files, run.Files[1])
	}
	b, err := newBook(run, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	if got := b.front().pages(); got != frontPages {
		t.Errorf("%d pages", got)
	}
	for len(run.Files) < 200 {
		run.Files = append(run.Files, run.Files[1])
	}
	if got := b.front().pages(); got != 0 {
		t.Errorf("200 files squeezed into %d pages", got)
	}
}
