package parse

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

const testHeader = "小票号,交易时间,备注,交易类型,状态,金额(元)\n"

// testRow is a line of a shop's export; remark may need quotes.
func testRow(i int, remark string) string {
	return fmt.Sprintf("DD%010d,2026-03-%02d 10:11:12,%s,消费,成功,%d.%02d\n", i, i%28+1, remark, i%500+1, i%100)
}

// writeFiles puts texts into a folder, by name.
func writeFiles(t testing.TB, texts map[string]string) string {
	dir := t.TempDir()
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// openFiles opens files of a folder as one side's.
func openFiles(t testing.TB, opt *Options, dir string, names ...string) *Input {
	if opt == nil {
		opt = &Options{}
	}
	var paths []PathSide
	for _, n := range names {
		paths = append(paths, PathSide{Path: filepath.Join(dir, n)})
	}
	in, err := Open(context.Background(), paths, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	return in
}

// scanned is all that a scan says, in an order of its own.
type scanned struct {
	rows    []string
	pos     []record.Pos
	records []string
	rejects []string
	files   []string
}

func scanAll(t testing.TB, s *Set, workers int) scanned {
	var got scanned
	ctx := context.Background()
	type seen struct {
		pos  record.Pos
		text string
	}
	var all []seen
	var mu sync.Mutex
	scan := func() error {
		all = nil
		return s.Scan(ctx, workers, record.FieldSet(0).With(record.OrderNo, record.Remark), func(int) func(*record.Row) {
			return func(r *record.Row) {
				mu.Lock()
				defer mu.Unlock()
				all = append(all, seen{r.Pos, fmt.Sprintf("%d %d %s %d", r.Pos, r.Doc, r.Text[record.OrderNo], r.Amount)})
			}
		})
	}
	err := scan()
	for out := new(OutcastError); errors.As(err, &out); { // that file is out now
		err = scan()
	}
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b seen) int { return int(a.pos) - int(b.pos) })
	for _, a := range all {
		got.rows = append(got.rows, a.text)
		got.pos = append(got.pos, a.pos)
	}
	recs, err := s.Records(ctx, workers, got.pos)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		got.records = append(got.records, fmt.Sprintf("%d %d %s %d %s", r.Pos, r.Doc, r.Text[record.OrderNo], r.Amount, r.Source))
	}
	for _, r := range s.Rejects() {
		got.rejects = append(got.rejects, fmt.Sprintf("%d %s", r.Pos, r.Problem.Text(problem.EN)))
	}
	for _, f := range s.Files() {
		got.files = append(got.files, fmt.Sprint(f.Name, f.SHA256, f.Rows, f.Accepted, f.Rejected, f.Skipped, f.Sums))
		if f.Rows != f.Accepted+f.Rejected+f.Skipped {
			t.Fatalf("%s: %d rows are not %d + %d + %d", f.Name, f.Rows, f.Accepted, f.Rejected, f.Skipped)
		}
	}
	return got
}

func TestScanIsTheSameForAllWorkersAndChunks(t *testing.T) {
	var a, b strings.Builder
	a.WriteString(testHeader)
	for i := range 400 {
		switch {
		case i%17 == 3:
			a.WriteString(testRow(i, "\"第一行\n第二行,还有\"\"引号\"\"\""))
		case i%31 == 5:
			a.WriteString("DD,只有两格\n")
		case i%53 == 7:
			a.WriteString("\n")
		case i%67 == 9:
			a.WriteString(testRow(i, "\"没有闭合"))
		case i%71 == 1:
			a.WriteString(testRow(i, "\xB0\xA1混"))
		case i%73 == 1:
			a.WriteString(testRow(i, "\x00"))
		default:
			a.WriteString(testRow(i, "无"))
		}
	}
	b.WriteString(testHeader)
	for i := range 150 {
		b.WriteString(testRow(1000+i, "乙"))
	}
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(b.String())
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"甲.csv": a.String(), "乙.csv": gbk, "空.csv": testHeader}
	dir := writeFiles(t, texts)
	var want string
	for _, c := range []struct{ chunk, workers, slack int }{
		{0, 1, 0}, {16, 1, 3}, {16, 8, 5}, {33, 3, 1}, {64, 2, 100}, {1000, 4, 0}, {5000, 8, 7},
	} {
		in := openFiles(t, &Options{chunk: c.chunk, slack: c.slack}, dir, "甲.csv", "乙.csv", "空.csv")
		for _, f := range in.Files {
			if !f.Used {
				t.Fatalf("%s: %v", f.Name, f.Problems)
			}
		}
		got := scanAll(t, in.Sets[record.SidePos], c.workers)
		if want == "" {
			want = fmt.Sprint(got)
			checkScan(t, got, texts)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("chunk %d, workers %d:\n got %.3000v\nwant %.3000v", c.chunk, c.workers, got, want)
		}
		if again := scanAll(t, in.Sets[record.SidePos], c.workers); fmt.Sprint(again) != want {
			t.Errorf("chunk %d, workers %d: the second scan differs", c.chunk, c.workers)
		}
	}
}

// checkScan compares what can be said without the product.
func checkScan(t *testing.T, got scanned, texts map[string]string) {
	for i, rec := range got.records {
		src := rec[strings.LastIndexByte(rec, ' ')+1:]
		name, line, _ := strings.Cut(src, ":")
		var n int
		fmt.Sscan(line, &n)
		lines := strings.Split(texts[name], "\n")
		order := strings.Fields(got.rows[i])[2]
		if n < 1 || n > len(lines) || !strings.HasPrefix(lines[n-1], order) {
			t.Errorf("%s is not in %s", order, src)
		}
	}
	if len(got.rejects) < 20 {
		t.Errorf("only %d rejects", len(got.rejects))
	}
	for _, f := range got.files {
		for name, text := range texts {
			if strings.HasPrefix(f, name) && !strings.Contains(f, fmt.Sprintf("%x", sha256.Sum256([]byte(text)))) {
				t.Errorf("%s: wrong digest", f)
			}
		}
	}
}

func TestRecordsComeInTheOrderAskedFor(t *testing.T) {
	var b strings.Builder
	b.WriteString(testHeader)
	for i := range 3000 {
		b.WriteString(testRow(i, "x"))
	}
	in := openFiles(t, nil, writeFiles(t, map[string]string{"a.csv": b.String()}), "a.csv")
	s := in.Sets[record.SidePos]
	got := scanAll(t, s, 2)
	pos := []record.Pos{got.pos[2999], got.pos[5], got.pos[5], got.pos[1700]}
	recs, err := s.Records(context.Background(), 2, pos)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int{2999, 5, 5, 1700} {
		if r := recs[i]; r.Text[record.OrderNo] != fmt.Sprintf("DD%010d", want) || r.Source != fmt.Sprintf("a.csv:%d", want+2) {
			t.Errorf("%d: %s %s", i, r.Text[record.OrderNo], r.Source)
		}
	}
}

func TestRecordsBeforeAnyScan(t *testing.T) {
	text := testHeader + testRow(1, "x") + testRow(2, "y")
	in := openFiles(t, &Options{chunk: 16}, writeFiles(t, map[string]string{"a.csv": text}), "a.csv")
	at := FirstPos + record.Pos(strings.Index(text, "DD0000000002"))
	recs, err := in.Sets[record.SidePos].Records(context.Background(), 1, []record.Pos{at})
	if err != nil || recs[0].Source != "a.csv:3" {
		t.Fatal(recs, err)
	}
}

func TestSameContentIsUsedOnce(t *testing.T) {
	text := testHeader + testRow(1, "x")
	dir := writeFiles(t, map[string]string{"b.csv": text, "a.csv": text, "c.csv": testHeader + testRow(2, "x")})
	in := openFiles(t, nil, dir, "c.csv", "b.csv", "a.csv", "a.csv")
	var used, doubles []string
	for _, f := range in.Files {
		if f.Used {
			used = append(used, f.Name)
		} else {
			doubles = append(doubles, f.Name+" of "+filepath.Base(f.DuplicateOf))
		}
	}
	if got := fmt.Sprint(used, doubles); got != "[a.csv c.csv] [a.csv of a.csv b.csv of a.csv]" {
		t.Error(got)
	}
	if got := scanAll(t, in.Sets[record.SidePos], 1); len(got.rows) != 2 {
		t.Errorf("%d rows", len(got.rows))
	}
	for _, f := range in.Files {
		if len(f.SHA256) != 64 {
			t.Errorf("%s has no digest", f.Name)
		}
	}
}

func TestFilesThatAreNotReady(t *testing.T) {
	good := testHeader + testRow(1, "x")
	dir := writeFiles(t, map[string]string{
		"empty.csv": "", "tail.csv": good + "\x00\x00\x00\x00", "good.csv": good,
		"latin.csv": "caf\xe9,\xff\xfe\xfd\n" + strings.Repeat("na\xefve,x\n", 9),
	})
	in := openFiles(t, nil, dir, "empty.csv", "tail.csv", "missing.csv", "latin.csv", ".", "good.csv")
	got := map[string]problem.Code{}
	for _, f := range in.Files {
		if len(f.Problems) > 0 {
			got[f.Name] = f.Problems[0].Code
		}
	}
	for name, want := range map[string]problem.Code{
		"empty.csv": layout.CodeEmptyFile, "tail.csv": codeUnfinished, "missing.csv": codeNotFound,
		"latin.csv": codeUnknownCoding, filepath.Base(dir): codeNotRegular, "good.csv": "",
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

func TestFileChangedWhileReadingIsCastOut(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.csv": testHeader + testRow(1, "x"), "b.csv": testHeader + testRow(2, "y")})
	in := openFiles(t, nil, dir, "a.csv", "b.csv")
	s := in.Sets[record.SidePos]
	f, err := os.OpenFile(filepath.Join(dir, "a.csv"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(testRow(3, "z"))
	f.Close()
	err = s.Scan(context.Background(), 1, 0, nil)
	var out *OutcastError
	if !errors.As(err, &out) || out.File.Name != "a.csv" || out.File.Used {
		t.Fatalf("err %v", err)
	}
	if got := scanAll(t, s, 1); len(got.rows) != 1 {
		t.Errorf("%d rows after the file is out", len(got.rows))
	}
}

func TestScanStopsWhenTheContextIsDone(t *testing.T) {
	text := testHeader + strings.Repeat(testRow(1, "x"), 5000)
	in := openFiles(t, &Options{chunk: 64}, writeFiles(t, map[string]string{"a.csv": text}), "a.csv")
	ctx, cancel := context.WithCancel(context.Background())
	rows := 0
	err := in.Sets[record.SidePos].Scan(ctx, 1, 0, func(int) func(*record.Row) {
		return func(*record.Row) {
			if rows++; rows == 10 {
				cancel()
			}
		}
	})
	if !errors.Is(err, context.Canceled) || rows > 100 {
		t.Errorf("err %v after %d rows", err, rows)
	}
	if got := scanAll(t, in.Sets[record.SidePos], 2); len(got.rows) != 5000 {
		t.Errorf("a scan after it: %d rows", len(got.rows))
	}
}

// Splitting raw GB18030 and decoding the cells must give what decoding first
// and splitting then gives, for valid and broken bytes alike.
func TestSplitThenDecodeEqualsDecodeThenSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := []string{"a", "12", ",", "\n", "\xB0\xA1", "\xD6\xD0", "\x81\x30\x81\x30", "\x84\x31\x95\x33", "\x81", "\xFE", "\x80", "\xFF", "\x95\x32\x82\x36", `"`, "\x81\x5C", "\x81\x7C"}
		data := []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 60).Draw(t, "pieces"), ""))
		decoded, ok := text.GB18030.AppendText(nil, data)
		if ok != text.ValidGB18030(data) {
			t.Fatalf("valid: %v, decodes: %v: %q", !ok, ok, data)
		}
		body := splitAll(t, decoded, 1<<16, testDialect)
		raw := splitAll(t, data, 1<<16, testDialect)
		if len(raw) != len(body) {
			t.Fatalf("%d rows raw, %d decoded: %q", len(raw), len(body), data)
		}
		for i := range raw {
			cells, _ := text.GB18030.AppendText(nil, []byte(raw[i].cells))
			if string(cells) != body[i].cells || raw[i].bad != body[i].bad {
				t.Fatalf("row %d: %q, decoded first %q: %q", i, cells, body[i].cells, data)
			}
		}
	})
}

func TestGB18030EqualsXText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "b")
		want, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
		if err != nil {
			t.Fatal(err)
		}
		got, ok := text.GB18030.AppendText(nil, b)
		if strict := !bytes.ContainsRune(want, '\uFFFD'); ok && (!strict || !bytes.Equal(got, want)) {
			t.Fatalf("%q: %q, want %q", b, got, want)
		}
	})
}

func TestFileCutOffInItsLastRowIsRefused(t *testing.T) {
	head := testHeader + testRow(1, "x") + testRow(2, "中文")
	whole := strings.TrimSuffix(head, "\n")
	for _, c := range []struct {
		name, text string
		cut        bool
	}{
		{"whole", head, false},
		{"no line end", whole, false},
		{"few cells", head + "DD0000000003,2026-03-01 10:11:12,x", true},
		{"inside a character", head + "DD0000000003,2026-03-01 10:11:12,中\xE6\x96", true},
		{"inside quotes", head + "DD0000000003,2026-03-01 10:11:12,\"中", true},
		{"few cells, but a line end", head + "DD0000000003,2026-03-01 10:11:12,x\n", false},
		{"a remark", head + "制表人：张三", false},
		{"a total", head + "合计,2", false},
	} {
		in := openFiles(t, nil, writeFiles(t, map[string]string{"a.csv": c.text}), "a.csv")
		f := in.Files[0]
		if cut := len(f.Problems) > 0 && f.Problems[0].Code == codeCutOff; cut != c.cut || f.Used == c.cut {
			t.Errorf("%s: used %v, %v", c.name, f.Used, f.Problems)
		}
		if c.cut && len(f.SHA256) != 64 {
			t.Errorf("%s: no digest", c.name)
		}
	}
}
