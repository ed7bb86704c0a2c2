package unpack

import (
	"bytes"
	"encoding/binary"
	"unicode/utf16"

	"github.com/duizhang/duizhang/parse/problem"
)

// refusal is a known kind of file that holds no data we can read.
type refusal struct {
	code problem.Code
	kind string // what it is, for the message
}

// magics are the first bytes of files that are something, and of files that
// are never data. They are tried in order, at offset 0.
var magics = []struct {
	magic string
	form  form
	refusal
}{
	{"PK\x03\x04", formZip, refusal{}},
	{"PK\x05\x06", formZip, refusal{}},     // an empty archive
	{"PK\x07\x08", formZip, refusal{}},     // a spanned or split archive
	{"PK00PK\x03\x04", formZip, refusal{}}, // a split archive of one part
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", formXLS, refusal{}},
	{"\x1F\x8B", formGzip, refusal{}},
	{"\x1F\x9D", formCompress, refusal{}},

	{"Rar!\x1A\x07", formRefused, refusal{CodePackedOther, "RAR"}},
	{"7z\xBC\xAF\x27\x1C", formRefused, refusal{CodePackedOther, "7z"}},
	{"\xFD7zXZ\x00", formRefused, refusal{CodePackedOther, "xz"}},
	{"\x28\xB5\x2F\xFD", formRefused, refusal{CodePackedOther, "zstd"}},
	{"\x04\x22\x4D\x18", formRefused, refusal{CodePackedOther, "lz4"}},
	{"MSCF\x00\x00", formRefused, refusal{CodePackedOther, "CAB"}},

	// BIFF 2, 3 and 4 have no container; BIFF 5 and 8 have one.
	{"\x09\x00\x04\x00", formRefused, refusal{CodeWorkbookOld, "Excel 2"}},
	{"\x09\x02\x06\x00", formRefused, refusal{CodeWorkbookOld, "Excel 3"}},
	{"\x09\x04\x06\x00", formRefused, refusal{CodeWorkbookOld, "Excel 4"}},
	{"\x09\x08\x10\x00\x00\x06", formRefused, refusal{CodeWorkbookOld, "Excel BIFF8"}},
	{"\x09\x08\x08\x00\x00\x05", formRefused, refusal{CodeWorkbookOld, "Excel 5"}},

	{"%PDF-", formRefused, refusal{CodeNotData, "PDF"}},
	{"{\\rtf", formRefused, refusal{CodeNotData, "RTF"}},
	{"\x89PNG\r\n\x1A\n", formRefused, refusal{CodeNotData, "PNG"}},
	{"\xFF\xD8\xFF", formRefused, refusal{CodeNotData, "JPEG"}},
	{"GIF89a", formRefused, refusal{CodeNotData, "GIF"}},
	{"GIF87a", formRefused, refusal{CodeNotData, "GIF"}},
	{"II*\x00", formRefused, refusal{CodeNotData, "TIFF"}},
	{"MM\x00*", formRefused, refusal{CodeNotData, "TIFF"}},
	{"SQLite format 3\x00", formRefused, refusal{CodeNotData, "SQLite"}},
	{"\x7FELF", formRefused, refusal{CodeNotData, "ELF"}},
}

// Sniff says what a document is from its first bytes. Everything that it does
// not know is text: encoding and layout decide later.
func Sniff(head []byte) (form, refusal) {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.magic)) {
			return m.form, m.refusal
		}
	}
	if len(head) > 10 && string(head[:3]) == "BZh" && string(head[4:10]) == "1AY&SY" {
		return formRefused, refusal{CodePackedOther, "bzip2"}
	}
	if len(head) > 265 && string(head[257:262]) == "ustar" {
		return formRefused, refusal{CodePackedOther, "tar"}
	}
	if len(head) > 12 && string(head[:4]) == "RIFF" && string(head[8:12]) == "WEBP" {
		return formRefused, refusal{CodeNotData, "WebP"}
	}
	if len(head) > 64 && head[0] == 'M' && head[1] == 'Z' && bytes.IndexByte(head[:64], 0) >= 0 {
		return formRefused, refusal{CodeNotData, "EXE"}
	}
	if f, what, ok := sniffMarkup(head); ok {
		return f, what
	}
	if isNoise(head) {
		return formRefused, refusal{CodeNotData, "binary"}
	}
	return FormText, refusal{}
}

// htmlStarts are the tags with which exports in HTML begin, in lower case.
var htmlStarts = []string{
	"html", "!doctype html", "table", "head", "meta", "style", "body", "div",
	"center", "p>", "h1", "h2", "h3", "font", "title", "script", "form", "br", "span", "tr", "thead", "tbody", "base",
}

// sniffMarkup tells HTML, the XML that is not data, and MIME web archives.
func sniffMarkup(head []byte) (form, refusal, bool) {
	text := bytes.ToLower(asciiHead(head))
	if bytes.HasPrefix(text, []byte("mime-version:")) {
		return formRefused, refusal{CodeWorkbookOther, "MHTML"}, true
	}
	decl := bytes.HasPrefix(text, []byte("<?xml"))
	start := skipProlog(text)
	if len(start) == 0 || start[0] != '<' {
		return 0, refusal{}, false
	}
	for _, tag := range htmlStarts {
		if bytes.HasPrefix(start[1:], []byte(tag)) {
			return formHTML, refusal{}, true
		}
	}
	switch {
	case bytes.Contains(text, []byte("urn:schemas-microsoft-com:office:spreadsheet")),
		bytes.Contains(text, []byte("progid=\"excel.sheet\"")):
		return formXML, refusal{}, true
	case bytes.Contains(text, []byte("office:document")):
		return formRefused, refusal{CodeWorkbookOther, "ODS (XML)"}, true
	case decl:
		return formRefused, refusal{CodeNotData, "XML"}, true
	}
	return 0, refusal{}, false
}

// skipProlog drops blanks, comments, processing instructions and a doctype
// that is not HTML's, and returns the text from the first tag that says more.
func skipProlog(text []byte) []byte {
	for {
		text = bytes.TrimLeft(text, " \t\r\n\f\x00")
		var end string
		switch {
		case bytes.HasPrefix(text, []byte("<!--")):
			end = "-->"
		case bytes.HasPrefix(text, []byte("<?")):
			end = "?>"
		default:
			return text
		}
		_, rest, found := bytes.Cut(text, []byte(end))
		if !found {
			return nil
		}
		text = rest
	}
}

// asciiHead is the head without a byte order mark; UTF-16 becomes its ASCII
// characters, which is all that markup needs.
func asciiHead(head []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		return head[3:]
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		order = binary.LittleEndian
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		order = binary.BigEndian
	default:
		return head
	}
	var units []uint16
	for i := 2; i+1 < len(head); i += 2 {
		units = append(units, order.Uint16(head[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// isNoise says whether a head cannot be text of any kind: more than a few of
// it are control characters. NUL bytes alone do not count where they may be
// UTF-16 without its mark, the tail of an unfinished upload, or one damaged
// row; what is made of them is decided with the text.
func isNoise(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
		return false
	}
	control := 0
	for _, c := range head {
		if c < 0x20 && c != 0 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1A &&
			c != 0x1B && c < 0x1C || c == 0x7F {
			control++
		}
	}
	nul, odd := 0, 0
	for i, c := range head {
		if c == 0 {
			nul++
			odd += i & 1
		}
	}
	tail := len(head) - len(bytes.TrimRight(head, "\x00"))
	if nul-tail > len(head)/10 && odd != nul && odd != 0 {
		return true
	}
	return control > 2+len(head)/32
}
