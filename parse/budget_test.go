package parse

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"
)

// bigText is a clearing file of roughly the given size whose numbers begin with
// a prefix.
func bigText(prefix, sep string, size int) string {
	var b strings.Builder
	b.WriteString(strings.ReplaceAll("商户号,交易时间,订单号,交易金额,手续费,清算日期\n", ",", sep))
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, strings.ReplaceAll("800012345600001,2026-01-05 10:00:00,%s%08d,10.00,0.06,2026-01-05\n", ",", sep), prefix, i)
	}
	return b.String()
}

// The entries of an archive, its workbooks and its texts share one memory and
// one temporary file, and are read the same as with memory for all.
func TestManyEntriesOfAnArchiveShareOneMemory(t *testing.T) {
	var entries []zipEntry
	for i := range 40 {
		prefix := fmt.Sprintf("N%02d", i)
		data := bigText(prefix, ",", 30<<10)
		if i%4 == 1 {
			data = string(encodeUTF16(data))
		}
		entries = append(entries, zipEntry{name: prefix + ".csv", data: data})
	}
	path := store(t, "a.zip", makeZip(t, entries...))
	const memory = 1 << 20
	dir := t.TempDir()
	in, err := Open(context.Background(), []PathSide{{Path: path}}, &Options{Memory: memory, TempDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	held, common := int64(0), map[*os.File]bool{}
	for _, d := range in.docs {
		s := d.src
		if cut, ok := s.(text.Section); ok {
			s = cut.Source
		}
		s1 := s.(*text.Spool)
		held += int64(len(s1.Mem))
		if s1.File != nil {
			t.Errorf("%s has a file of its own", d.file.Name)
		}
		if s1.Common != nil {
			common[s1.Common] = true
		}
	}
	if held > memory/8 || len(common) != 1 || len(in.docs) != 40 {
		t.Errorf("%d documents hold %d bytes in memory, %d common files; want 40, at most %d, 1", len(in.docs), held, len(common), memory/8)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if small, large := readAll(t, path, &Options{Memory: memory}), readAll(t, path, &Options{}); small != large {
		t.Errorf("little memory reads something else:\n%.400s\nwant\n%.400s", small, large)
	}
}

func encodeUTF16(s string) []byte {
	out := []byte{0xFF, 0xFE}
	for _, r := range s {
		out = append(out, byte(r), byte(r>>8))
	}
	return out
}

// A workbook is let go of before the next one of an archive is loaded.
func TestWorkbooksOfAnArchiveAreReadOneByOne(t *testing.T) {
	book := string(makeBook(t, bookParts{}))
	data := makeZip(t, zipEntry{name: "a.xlsx", data: book}, zipEntry{name: "b.xlsx", data: book}, zipEntry{name: "c.xlsx", data: book})
	loaded, found := 0, 0
	var last *unpack.Xlsx
	err := unpack.Open("a.zip", sourceOf(data), testContainerOptions(t), func(b *unpack.Part) error {
		if last != nil && last.Strings.At != nil {
			loaded++
		}
		found++
		last = b.Book.(*unpack.Xlsx)
		if err := last.Rows(0, func(int, []unpack.Cell) error { return nil }); err != nil {
			return err
		}
		return b.Close()
	})
	if err != nil || found != 3 || loaded > 0 {
		t.Errorf("%d workbooks, %d still loaded, %v", found, loaded, err)
	}
}

// The limit of shared texts follows from the settings alone and leaves room for
// the rest.
func TestSharedTextsAreBoundByTheMemory(t *testing.T) {
	for _, c := range []struct{ memory, want int64 }{{0, 256 << 20}, {1 << 30, 256 << 20}, {512 << 20, 128 << 20}, {1 << 20, text.BigStrings}} {
		if got := text.StringsLimit(c.memory); got != c.want {
			t.Errorf("of %d: %d, want %d", c.memory, got, c.want)
		}
	}
	var items strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&items, "<si><t>%0200d</t></si>", i)
	}
	path := store(t, "a.xlsx", makeBook(t, bookParts{strings: "<sst>" + items.String() + "</sst>"}))
	in, err := Open(context.Background(), []PathSide{{Path: path, Side: record.SideClearing}}, &Options{Limits: problem.Limits{Strings: 100 << 10}})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if f := in.Files[0]; len(f.Problems) != 1 || f.Problems[0].Code != unpack.CodeWorkbookStrings {
		t.Errorf("problems %v", f.Problems)
	}
}

// countedSource counts what is read of a document.
type countedSource struct {
	*bytes.Reader
	read *int64
}

func (s countedSource) ReadAt(p []byte, off int64) (int, error) {
	*s.read += int64(len(p))
	return s.Reader.ReadAt(p, off)
}

func (countedSource) Close() error { return nil }

// Files of one size are each read once to find those that are there twice, not
// once for each other file.
func TestManyFilesOfOneSizeAreComparedInOnePass(t *testing.T) {
	const n, size = 600, 4096
	in, read := &Input{}, int64(0)
	for i := range n {
		text := fmt.Sprintf("%0*d", size, i/2) // each is there twice
		name := "a.csv"
		if i%3 == 0 {
			name = fmt.Sprintf("b%d.csv", i)
		}
		f := &File{Name: name, Path: fmt.Sprintf("%d/%s", i, name), Side: record.SidePos, Used: true}
		in.docs = append(in.docs, &document{file: f, src: countedSource{bytes.NewReader([]byte(text)), &read}})
		in.Files = append(in.Files, f)
	}
	if err := in.arrange(); err != nil {
		t.Fatal(err)
	}
	if read > 4*n*size {
		t.Errorf("read %d bytes of %d", read, n*size)
	}
	used := 0
	for _, f := range in.Files {
		if f.Used {
			used++
		} else if f.DuplicateOf == "" {
			t.Errorf("%s is a copy of nothing", f.Path)
		}
	}
	if used != n/2 {
		t.Errorf("%d files used, want %d", used, n/2)
	}
}

// Files that agree at both ends and in size are told apart by what is between.
func TestFilesThatDifferInTheMiddleAreNoCopies(t *testing.T) {
	text := bigText("N", ",", 200<<10)
	at := len(text) / 2
	other := text[:at] + strings.Replace(text[at:], "10.00", "20.00", 1)
	dir := t.TempDir()
	for name, content := range map[string]string{"a.csv": text, "b.csv": other, "c.csv": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var paths []PathSide
	for _, name := range []string{"c.csv", "b.csv", "a.csv"} {
		paths = append(paths, PathSide{Path: filepath.Join(dir, name), Side: record.SideClearing})
	}
	in, err := Open(context.Background(), paths, &Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, f := range in.Files {
		if want := f.Name == "c.csv"; want != (f.DuplicateOf != "") || want == f.Used {
			t.Errorf("%s: used %v, copy of %q, problems %v", f.Name, f.Used, f.DuplicateOf, f.Problems)
		}
	}
}
