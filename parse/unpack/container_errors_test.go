package unpack

import (
	"archive/zip"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// brokenSource is a disk that fails.
type brokenSource struct{ text.Source }

func (brokenSource) ReadAt([]byte, int64) (int, error) { return 0, errors.New("input/output error") }

// containerErrors is the smallest file for every problem of containers.
func containerErrors(t *testing.T) map[problem.Code]struct {
	name string
	data []byte
} {
	type file = struct {
		name string
		data []byte
	}
	text := func(name, s string) file { return file{name, []byte(s)} }
	nested := makeZip(t, zipEntry{name: "a.csv", data: csvText})
	for range 2 {
		nested = makeZip(t, zipEntry{name: "里.zip", data: string(nested)})
	}
	split := makeZip(t, zipEntry{name: "a.csv", data: csvText})
	split[len(split)-18] = 2 // the disk of the directory
	method := makeZip(t, zipEntry{name: "a.csv", data: csvText})
	method[strings.Index(string(method), "PK\x01\x02")+10] = 14 // LZMA
	var many []zipEntry
	for i := range 10_001 {
		many = append(many, zipEntry{name: fmt.Sprint(i, "/"), head: func(h *zip.FileHeader) { h.Method = zip.Store }})
	}
	manySheets := strings.Repeat(`<sheet name="a" r:id="rId1"/>`, 1025)
	row := func(cells string) []byte { return bookOf(t, `<row r="1">`+cells+`</row>`) }
	return map[problem.Code]file{
		CodeUnreadable:        {"a.csv", nil},
		CodeSpool:             {"a.csv.gz", makeGzip(t, strings.Repeat(csvText, 100))},
		CodePackDamaged:       {"a.zip", makeZip(t, zipEntry{name: "a.csv", data: csvText})[:60]},
		CodePackEncrypted:     {"a.zip", makeZip(t, zipEntry{name: "a.csv", data: csvText, head: func(h *zip.FileHeader) { h.Flags |= 1 }})},
		CodePackMethod:        {"a.zip", method},
		CodePackSplit:         {"a.zip", split},
		CodePackLink:          {"a.zip", makeZip(t, zipEntry{name: "a.csv", data: "b.csv", head: func(h *zip.FileHeader) { h.SetMode(os.ModeSymlink) }})},
		CodePackedOther:       text("a.rar", "Rar!\x1A\x07\x01\x00"),
		CodeArchiveDeep:       {"a.zip", nested},
		CodeArchiveEmpty:      {"a.zip", makeZip(t)},
		CodeArchiveMany:       {"a.zip", makeZip(t, many...)},
		CodeUnpackLarge:       {"a.zip", makeZip(t, zipEntry{name: "a.csv", data: strings.Repeat(csvText, 2000)})},
		CodeUnpackRatio:       {"a.zip", makeZip(t, zipEntry{name: "a.csv", data: strings.Repeat("0", 17<<20)})},
		CodeNotData:           text("账单.csv", "%PDF-1.4\n"),
		CodeWebPage:           text("账单.xls", "<html><body>请登录</body></html>"),
		CodeWorkbookOld:       {"账单.xls", makeOLE(map[string][]byte{"Book": rec(biffBOF, 0x0500, 5, 0, 0)}, "Book")},
		CodeWorkbookOther:     {"账单.ods", makeZip(t, zipEntry{name: "mimetype"}, zipEntry{name: "content.xml"})},
		CodeWorkbookEncrypted: {"账单.xlsx", makeOLE(nil, "EncryptionInfo", "EncryptedPackage")},
		CodeWorkbookDamaged:   {"账单.xlsx", row(`<c r="A1"><v>1</v>`)},
		CodeWorkbookEntity:    {"账单.xlsx", row(`<c r="A1" t="str"><v>&x;</v></c>`)},
		CodeWorkbookRows:      {"账单.xlsx", bookOf(t, `<row r="2147483647"/>`)},
		CodeWorkbookColumns:   {"账单.xlsx", row(`<c r="XFD1"><v>1</v></c>`)},
		CodeWorkbookStrings:   {"账单.xlsx", makeBook(t, bookParts{strings: `<sst><si><t>` + strings.Repeat("长", 1<<19) + `</t></si></sst>`})},
		CodeWorkbookSheets:    {"账单.xlsx", makeBook(t, bookParts{workbook: `<workbook ` + nsMain + `><sheets>` + manySheets + `</sheets></workbook>`})},
	}
}

// TestContainerErrors keeps the sentence for each of them in both languages.
func TestContainerErrors(t *testing.T) {
	files := containerErrors(t)
	var out strings.Builder
	for _, code := range sortedCodes(files) {
		f := files[code]
		src, opt := sourceOf(f.data), testContainerOptions(t)
		switch code {
		case CodeUnreadable:
			src = brokenSource{sourceOf([]byte(csvText))}
		case CodeSpool:
			opt.TempFile = func() (*os.File, error) { return nil, errors.New("no space left on device") }
		case CodeUnpackLarge:
			opt.Limits.Inflated = 50_000
		}
		blobs := openAll(f.name, src, opt)
		p := blobs[0].Problem
		if p == nil && blobs[0].Book != nil {
			_, err := dump(blobs[0].Book)
			errors.As(err, &p)
		}
		blobs[0].Close()
		if p == nil || p.Code != code {
			t.Errorf("%s: %v", code, p)
			continue
		}
		fmt.Fprintf(&out, "%s\n  %s\n  %s\n", code, p.Text(problem.ZH), p.Text(problem.EN))
	}
	checkGolden(t, "../testdata/errors/containers.want", out.String())
}

func sortedCodes[V any](m map[problem.Code]V) []problem.Code {
	return slices.Sorted(maps.Keys(m))
}
