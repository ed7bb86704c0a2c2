package unpack

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// options of a test: everything unpacked beyond 1 KiB goes through a file.
func testContainerOptions(t testing.TB) text.Workspace {
	dir := t.TempDir()
	return text.Workspace{
		Memory:   1 << 10,
		TempFile: func() (*os.File, error) { return os.CreateTemp(dir, "spool-*") },
	}
}

// openBytes opens content as a file of that name and closes it with the test.
func openBytes(t testing.TB, name string, content []byte) []Part {
	t.Helper()
	return openWith(t, name, content, testContainerOptions(t))
}

func openWith(t testing.TB, name string, content []byte, opt text.Workspace) []Part {
	t.Helper()
	blobs := openAll(name, sourceOf(content), opt)
	t.Cleanup(func() {
		for i := range blobs {
			if err := blobs[i].Close(); err != nil {
				t.Errorf("%s: close: %v", name, err)
			}
		}
	})
	if len(blobs) == 0 {
		t.Fatalf("%s: no blobs", name)
	}
	return blobs
}

// sourceOf is content as a document in memory.
func sourceOf(content []byte) text.Source { return &text.Spool{Mem: content} }

// textOf is all of a document's bytes.
func textOf(t testing.TB, b Part) string {
	t.Helper()
	if b.Problem != nil {
		t.Fatalf("%s: %v", b.Name, b.Problem)
	}
	text := make([]byte, b.Src.Size())
	if n, err := b.Src.ReadAt(text, 0); n != len(text) {
		t.Fatalf("%s: read %d of %d: %v", b.Name, n, len(text), err)
	}
	return string(text)
}

// dump writes the sheets of a workbook as one line a row:
// [sheet]
// 3: t:门店 n:45.00 d:2026-01-05 - b:TRUE e:#N/A f:=A1
func dump(g grid) (string, error) {
	var out strings.Builder
	for i, sh := range g.Sheets() {
		fmt.Fprintf(&out, "[%s]", sh.Name)
		if sh.Hidden {
			out.WriteString(" hidden")
		}
		out.WriteString("\n")
		last := 0
		err := g.Rows(i, func(row int, cells []Cell) error {
			if row <= last {
				return fmt.Errorf("row %d after %d", row, last)
			}
			last = row
			fmt.Fprintf(&out, "%d:", row)
			for _, c := range cells {
				if c.Kind == cellBlank {
					if len(c.Text) > 0 {
						return fmt.Errorf("blank cell with text %q", c.Text)
					}
					out.WriteString(" -")
					continue
				}
				fmt.Fprintf(&out, " %c:%s", "-tndbef"[c.Kind], c.Text)
			}
			out.WriteString("\n")
			return nil
		})
		if err != nil {
			return out.String(), err
		}
	}
	return out.String(), nil
}

// dumpOf is the dump of the only document in content, which must be a workbook.
func dumpOf(t testing.TB, content []byte) string {
	t.Helper()
	b := openBytes(t, "book", content)
	if len(b) != 1 || b[0].Problem != nil || b[0].Book == nil {
		t.Fatalf("not one workbook: %+v, problem %v", b, b[0].Problem)
	}
	out, err := dump(b[0].Book)
	if err != nil {
		t.Fatalf("%v after\n%s", err, out)
	}
	return out
}

// refusalOf is the code with which the only document in content is refused,
// on opening or on reading its rows.
func refusalOf(t testing.TB, content []byte) *problem.Problem {
	t.Helper()
	b := openBytes(t, "book", content)
	if len(b) != 1 {
		t.Fatalf("%d documents", len(b))
	}
	if b[0].Problem != nil {
		return b[0].Problem
	}
	if b[0].Book == nil {
		t.Fatalf("read as text")
	}
	out, err := dump(b[0].Book)
	p, ok := err.(*problem.Problem)
	if !ok {
		t.Fatalf("read as\n%serror %v", out, err)
	}
	return p
}

// zipEntry is one entry of an archive that a test makes.
type zipEntry struct {
	name string
	data string
	head func(*zip.FileHeader)
}

func makeZip(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.head != nil {
			e.head(h)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(e.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func makeGzip(t testing.TB, data string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const csvText = "交易日期,金额\n2026-01-05,45.00\n"

func TestContentDecidesAndNotTheName(t *testing.T) {
	book := string(makeBook(t, bookParts{}))
	for _, c := range []struct {
		name, data string
		form       form
		code       problem.Code
	}{
		{"a.csv", csvText, FormText, ""},
		{"a.xlsx", csvText, FormText, ""},
		{"a.xls", csvText, FormText, ""},
		{"a.zip", csvText, FormText, ""},
		{"a.csv", book, formXLSX, ""},
		{"a.xls", book, formXLSX, ""},
		{"a.csv", "", FormText, ""},
		{"a.csv", "\xEF\xBB\xBF" + csvText, FormText, ""},
		{"a.csv", "\xFF\xFEa\x00,\x00b\x00\n\x00", FormText, ""},
		{"a.csv", "a\x00,\x00b\x00\n\x001\x00,\x002\x00\n\x00", FormText, ""},
		{"a.csv", "订单,金额\n1,2\n" + strings.Repeat("\x00", 9000), FormText, ""},
		{"a.csv", "\xBD\xBB\xD2\xD7,\xBD\xF0\xB6\xEE\r\n", FormText, ""},
		{"a.csv", "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", formRefused, CodeNotData},
		{"a.csv", "\x89PNG\r\n\x1A\n....", formRefused, CodeNotData},
		{"a.csv", "\xFF\xD8\xFF\xE0..JFIF", formRefused, CodeNotData},
		{"a.csv", "GIF89a....", formRefused, CodeNotData},
		{"a.doc", `{\rtf1\ansi`, formRefused, CodeNotData},
		{"a.csv", "MZ\x90\x00\x03" + strings.Repeat("\x00", 90), formRefused, CodeNotData},
		{"a.csv", "\x7FELF\x02\x01\x01", formRefused, CodeNotData},
		{"a.csv", "MZ,金额\n1,2\n" + strings.Repeat("3,4\n", 30), FormText, ""},
		{"a.csv", "BZh,金额\n1,2\n", FormText, ""},
		{"a.csv", "BZh91AY&SY....", formRefused, CodePackedOther},
		{"a.csv", "Rar!\x1A\x07\x01\x00", formRefused, CodePackedOther},
		{"a.csv", "7z\xBC\xAF\x27\x1C", formRefused, CodePackedOther},
		{"a.tar", "a.csv" + strings.Repeat("\x00", 252) + "ustar\x0000" + strings.Repeat("\x00", 20), formRefused, CodePackedOther},
		{"a.xls", "\x09\x04\x06\x00\x00\x00\x10\x00\x00\x00", formRefused, CodeWorkbookOld},
		{"a.xls", "MIME-Version: 1.0\nX-Document-Type: Workbook\n", formRefused, CodeWorkbookOther},
		{"a.xls", `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>`, formXML, ""},
		{"a.xml", `<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">`, formRefused, CodeNotData},
		{"a.csv", "<备注>,金额\n1,2\n", FormText, ""},
		{"a.bin", noise(4096), formRefused, CodeNotData},
	} {
		b := openBytes(t, c.name, []byte(c.data))
		if len(b) != 1 || b[0].form != c.form {
			t.Errorf("%s %.20q: %d documents, form %v, want %v", c.name, c.data, len(b), b[0].form, c.form)
			continue
		}
		if p := b[0].Problem; (p == nil) != (c.code == "") || p != nil && p.Code != c.code {
			t.Errorf("%s %.20q: problem %v, want %q", c.name, c.data, p, c.code)
		}
	}
}

// noise is bytes without any order.
func noise(n int) string {
	b, v := make([]byte, n), uint64(88172645463325252)
	for i := range b {
		v ^= v << 13
		v ^= v >> 7
		v ^= v << 17
		b[i] = byte(v)
	}
	return string(b)
}

func TestGzipIsUnpackedAndChecked(t *testing.T) {
	long := strings.Repeat(csvText, 1000)
	for _, text := range []string{csvText, long, ""} {
		b := openBytes(t, "a.csv.gz", makeGzip(t, text))
		if got := textOf(t, b[0]); got != text || b[0].Name != "a.csv.gz" {
			t.Errorf("%s: %d bytes, want %d", b[0].Name, len(got), len(text))
		}
	}
	two := append(makeGzip(t, "a,b\n"), makeGzip(t, "1,2\n")...)
	if got := textOf(t, openBytes(t, "a.gz", two)[0]); got != "a,b\n1,2\n" {
		t.Errorf("two members: %q", got)
	}
	good := makeGzip(t, long)
	cut := good[:len(good)/2]
	noEnd := good[:len(good)-5]
	flipped := bytes.Clone(good)
	flipped[len(flipped)-6] ^= 1
	for name, data := range map[string][]byte{"cut": cut, "no end": noEnd, "flipped": flipped, "head only": good[:5]} {
		if b := openBytes(t, "a.gz", data); b[0].Problem == nil || b[0].Problem.Code != CodePackDamaged {
			t.Errorf("%s: %v", name, b[0].Problem)
		}
	}
}

func TestWorkbookInGzipInZip(t *testing.T) {
	book := makeBook(t, bookParts{})
	inner := makeZip(t, zipEntry{name: "明细.xlsx", data: string(book)})
	b := openBytes(t, "a.zip", makeZip(t, zipEntry{name: "one.zip", data: string(inner)}))
	if len(b) != 1 || b[0].Book == nil || b[0].Name != "a.zip/one.zip/明细.xlsx" {
		t.Fatalf("%+v %v", b, b[0].Problem)
	}
	two := makeZip(t, zipEntry{name: "two.zip", data: string(makeZip(t, zipEntry{name: "one.zip", data: string(inner)}))})
	if b := openBytes(t, "a.zip", two); b[0].Problem == nil || b[0].Problem.Code != CodeArchiveDeep {
		t.Errorf("%+v", b)
	}
}

func TestZipEntries(t *testing.T) {
	gbk := func(h *zip.FileHeader) {
		h.Name, h.NonUTF8 = "2088\xC3\xF7\xCF\xB8.csv", true // 明细
	}
	long := strings.Repeat(csvText, 200)
	data := makeZip(t,
		zipEntry{name: "2026/01/明细.csv", data: csvText},
		zipEntry{name: "x", data: long, head: gbk},
		zipEntry{name: "2026/", data: ""},
		zipEntry{name: "__MACOSX/2026/._明细.csv", data: "Mac"},
		zipEntry{name: "2026/._明细.csv", data: "Mac"},
		zipEntry{name: ".DS_Store", data: "Mac"},
		zipEntry{name: "../../etc/passwd", data: "a,b\n"},
		zipEntry{name: `win\folder\a.csv`, data: "c,d\n"},
		zipEntry{name: "mac明细.csv", data: "e\n", head: func(h *zip.FileHeader) { h.NonUTF8 = true }},
		zipEntry{name: "bad\x1b[31m.csv", data: "f\n"},
		zipEntry{name: "stored.csv", data: csvText, head: func(h *zip.FileHeader) { h.Method = zip.Store }},
	)
	var got []string
	for _, b := range openBytes(t, "支付宝.zip", data) {
		got = append(got, fmt.Sprintf("%s %d", b.Name, len(textOf(t, b))))
	}
	want := []string{
		fmt.Sprintf("支付宝.zip/2026/01/明细.csv %d", len(csvText)),
		fmt.Sprintf("支付宝.zip/2088明细.csv %d", len(long)),
		"支付宝.zip/../../etc/passwd 4",
		"支付宝.zip/win/folder/a.csv 4",
		"支付宝.zip/mac明细.csv 2",
		"支付宝.zip/bad\uFFFD[31m.csv 2",
		fmt.Sprintf("支付宝.zip/stored.csv %d", len(csvText)),
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestZipEntriesThatAreRefused(t *testing.T) {
	flag := func(h *zip.FileHeader) { h.Flags |= 1 }
	aes := func(h *zip.FileHeader) { h.Method = zip.Store }
	link := func(h *zip.FileHeader) { h.SetMode(os.ModeSymlink | 0o777) }
	data := makeZip(t,
		zipEntry{name: "locked.csv", data: csvText, head: flag},
		zipEntry{name: "aes.csv", data: csvText, head: aes},
		zipEntry{name: "link", data: "/etc/passwd", head: link},
		zipEntry{name: "说明.pdf", data: "%PDF-1.4 ..."},
		zipEntry{name: "bomb.csv", data: strings.Repeat("0", 40<<20)},
		zipEntry{name: "good.csv", data: csvText},
	)
	// AES entries carry method 99, which archive/zip does not write.
	at := bytes.LastIndex(data, []byte("aes.csv")) - 46
	data[at+10] = 99
	codes := map[string]problem.Code{}
	for _, b := range openBytes(t, "z.zip", data) {
		codes[strings.TrimPrefix(b.Name, "z.zip/")] = ""
		if b.Problem != nil {
			codes[strings.TrimPrefix(b.Name, "z.zip/")] = b.Problem.Code
		}
	}
	for name, want := range map[string]problem.Code{"locked.csv": CodePackEncrypted, "aes.csv": CodePackEncrypted, "link": CodePackLink,
		"说明.pdf": CodeNotData, "bomb.csv": CodeUnpackRatio, "good.csv": ""} {
		if got, ok := codes[name]; !ok || got != want {
			t.Errorf("%s: %q (listed: %v), want %q", name, got, ok, want)
		}
	}
}

func TestDamagedArchives(t *testing.T) {
	good := makeZip(t, zipEntry{name: "a.csv", data: strings.Repeat(csvText+noise(50), 300)})
	cut := good[:len(good)/2]
	tail := good[:len(good)-4]
	flipped := bytes.Clone(good)
	flipped[200] ^= 0x40
	for name, c := range map[string]struct {
		data []byte
		code problem.Code
	}{
		"cut":         {cut, CodePackDamaged},
		"end cut":     {tail, CodePackDamaged},
		"flipped bit": {flipped, CodePackDamaged},
		"head":        {[]byte("PK\x03\x04"), CodePackDamaged},
		"empty":       {makeZip(t), CodeArchiveEmpty},
		"folders":     {makeZip(t, zipEntry{name: "a/"}), CodeArchiveEmpty},
	} {
		b := openBytes(t, "a.zip", c.data)
		if len(b) != 1 || b[0].Problem == nil || b[0].Problem.Code != c.code {
			t.Errorf("%s: %v", name, b[0].Problem)
		}
	}
}

func TestUnpackingIsLimited(t *testing.T) {
	opt := testContainerOptions(t)
	opt.Limits = problem.Limits{Inflated: 1000, Entries: 3}
	text := strings.Repeat("1,2\n", 100)
	entry := func(i int) zipEntry { return zipEntry{name: fmt.Sprintf("%d.csv", i), data: text} }
	b := openWith(t, "a.zip", makeZip(t, entry(1), entry(2), entry(3)), opt)
	if len(b) != 3 || b[0].Problem != nil || b[1].Problem != nil || b[2].Problem == nil || b[2].Problem.Code != CodeUnpackLarge {
		t.Errorf("third entry beyond the size: %v", b[2].Problem)
	}
	b = openWith(t, "a.zip", makeZip(t, entry(1), entry(2), entry(3), entry(4)), opt)
	if len(b) != 1 || b[0].Problem == nil || b[0].Problem.Code != CodeArchiveMany {
		t.Errorf("four entries: %v", b[0].Problem)
	}
	b = openWith(t, "a.gz", makeGzip(t, strings.Repeat(text, 3)), opt)
	if b[0].Problem == nil || b[0].Problem.Code != CodeUnpackLarge {
		t.Errorf("gzip: %v", b[0].Problem)
	}
	b = openBytes(t, "a.gz", makeGzip(t, strings.Repeat("\x00", 40<<20)))
	if b[0].Problem == nil || b[0].Problem.Code != CodeUnpackRatio {
		t.Errorf("gzip bomb: %v", b[0].Problem)
	}
}

func TestTemporaryFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	opt := text.Workspace{Memory: 10, TempFile: func() (*os.File, error) { return os.CreateTemp(dir, "spool-*") }}
	data := makeZip(t, zipEntry{name: "a.csv", data: csvText}, zipEntry{name: "b.csv.gz", data: string(makeGzip(t, csvText))},
		zipEntry{name: "c.zip", data: string(makeZip(t, zipEntry{name: "a.csv", data: csvText}))},
		zipEntry{name: "d.csv.gz", data: string(makeGzip(t, csvText)[:40])})
	blobs := openAll("a.zip", sourceOf(data), opt)
	names, _ := os.ReadDir(dir)
	if len(names) == 0 {
		t.Error("nothing was spooled")
	}
	for i := range blobs {
		if err := blobs[i].Close(); err != nil {
			t.Error(err)
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != 0 {
		t.Errorf("left: %v", names)
	}
}

func TestNoTemporarySpaceIsNoFaultOfTheFile(t *testing.T) {
	opt := text.Workspace{Memory: 10, TempFile: func() (*os.File, error) { return nil, os.ErrPermission }}
	b := openWith(t, "a.gz", makeGzip(t, csvText), opt)
	if b[0].Problem == nil || b[0].Problem.Code != CodeSpool {
		t.Errorf("%v", b[0].Problem)
	}
}

func TestZip64Directory(t *testing.T) {
	var entries []zipEntry
	for i := range 66_000 { // more than a directory without Zip64 can count
		entries = append(entries, zipEntry{name: fmt.Sprint(i, "/"), head: func(h *zip.FileHeader) { h.Method = zip.Store }})
	}
	data := makeZip(t, append(entries, zipEntry{name: "a.csv", data: csvText})...)
	if b := openBytes(t, "a.zip", data); b[0].Problem == nil || b[0].Problem.Code != CodeArchiveMany {
		t.Errorf("%v", b[0].Problem)
	}
	opt := testContainerOptions(t)
	opt.Limits.Entries = 100_000
	if b := openWith(t, "a.zip", data, opt); len(b) != 1 || textOf(t, b[0]) != csvText {
		t.Errorf("%d documents", len(b))
	}
}

// TestSizesThatLie changes what the directory says of an entry's size: the
// limits count what comes out.
func TestSizesThatLie(t *testing.T) {
	good := makeZip(t, zipEntry{name: "a.csv", data: strings.Repeat("0", 40<<20)})
	at := bytes.LastIndex(good, []byte("PK\x01\x02"))
	for name, size := range map[string]uint32{"small": 10, "huge": 0xFFFFFFF0} {
		data := bytes.Clone(good)
		binary.LittleEndian.PutUint32(data[at+24:], size)
		b := openBytes(t, "a.zip", data)
		if p := b[0].Problem; p == nil || p.Code != CodeUnpackRatio && p.Code != CodePackDamaged && p.Code != CodeUnpackLarge {
			t.Errorf("%s: %v", name, p)
		}
	}
}

// openAll is all documents of an input at once.
func openAll(name string, src text.Source, opt text.Workspace) (blobs []Part) {
	_ = Open(name, src, opt, func(b *Part) error {
		blobs = append(blobs, *b)
		return nil
	})
	return blobs
}
