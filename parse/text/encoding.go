package text

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"sync"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Encoding is how a document's bytes spell characters. ASCII counts as UTF-8.
type Encoding uint8

const (
	UnknownEncoding Encoding = iota
	UTF8
	// GB18030 also reads GBK and GB2312, which it contains.
	GB18030
	// The two forms of UTF-16 are turned into UTF-8 before anything else looks
	// at the document; they remain as the file's declared encoding.
	UTF16LE
	UTF16BE
)

func (e Encoding) String() string {
	switch e {
	case UTF8:
		return "UTF-8"
	case GB18030:
		return "GB18030"
	case UTF16LE:
		return "UTF-16LE"
	case UTF16BE:
		return "UTF-16BE"
	}
	return "unknown"
}

// EncodingNamed finds an encoding by the names that people use for it.
func EncodingNamed(name string) (Encoding, bool) {
	switch foldEncodingName(name) {
	case "utf8", "ascii", "utf8bom", "utf8sig":
		return UTF8, true
	case "gb18030", "gbk", "gb2312", "cp936", "936", "ansi":
		return GB18030, true
	case "utf16", "utf16le", "unicode":
		return UTF16LE, true
	case "utf16be":
		return UTF16BE, true
	}
	return UnknownEncoding, false
}

func foldEncodingName(name string) string {
	b := make([]byte, 0, len(name))
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case c >= 'A' && c <= 'Z':
			b = append(b, c+'a'-'A')
		case c == '-' || c == '_' || c == ' ':
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// badByte stands in a transcoded document for what the original encoding could
// not spell: it is never valid UTF-8, so the row that has it is rejected by the
// same check that guards every other row.
const badByte = 0xFF

// A ByteOrderMark opens a document and names its encoding.
var byteOrderMarks = []struct {
	mark string
	enc  Encoding
}{
	{"\xEF\xBB\xBF", UTF8},
	{"\xFF\xFE", UTF16LE},
	{"\xFE\xFF", UTF16BE},
	{"\x84\x31\x95\x33", GB18030},
}

// ByteOrderMark is the encoding that the first bytes declare and how many bytes
// the declaration takes.
func ByteOrderMark(head []byte) (Encoding, int) {
	for _, m := range byteOrderMarks {
		if len(head) >= len(m.mark) && string(head[:len(m.mark)]) == m.mark {
			return m.enc, len(m.mark)
		}
	}
	return UnknownEncoding, 0
}

// DetectEncoding applies the rule of the house to the head of a document that
// has no byte order mark: strict UTF-8, else strict GB18030, else nothing. A
// head in which single lines disagree goes to the encoding of the many: the
// scan rejects the few by name. Pure ASCII is reported as such, because then
// the rest of the document decides. whole says that head is all there is.
func DetectEncoding(head []byte, whole bool) (enc Encoding, ascii bool) {
	if e := bomlessUTF16(head); e != UnknownEncoding {
		return e, false
	}
	if FirstHigh(head) < 0 {
		return UTF8, true
	}
	lines := wholeLines(head) // the last line may end in the middle of a character
	if !whole {
		head = lines
	}
	switch {
	case ValidUTF8(head) || FirstHigh(lines) >= 0 && ValidUTF8(lines):
		return UTF8, false
	case ValidGB18030(head) || FirstHigh(lines) >= 0 && ValidGB18030(lines):
		if mostlyUTF8(lines) {
			return UTF8, false
		}
		return GB18030, false
	}
	return EncodingByVote(head), false
}

// bomlessUTF16 recognises UTF-16 without a mark by its zero bytes: in a file
// full of digits and separators every other byte of a long stretch is zero.
func bomlessUTF16(head []byte) Encoding {
	n := min(len(head), 4096) &^ 1
	if n < 16 {
		return UnknownEncoding
	}
	var zero [2]int
	for i := 0; i < n; i++ {
		if head[i] == 0 {
			zero[i&1]++
		}
	}
	switch {
	case zero[0] == 0 && zero[1] > n/8:
		return UTF16LE
	case zero[1] == 0 && zero[0] > n/8:
		return UTF16BE
	}
	return UnknownEncoding
}

// wholeLines cuts a head at its last line end, so that no character is cut.
func wholeLines(head []byte) []byte {
	for i := len(head) - 1; i >= 0; i-- {
		if head[i] == '\n' || head[i] == '\r' {
			return head[:i+1]
		}
	}
	return head
}

// EncodingByVote counts the lines that only one of the encodings can read. One
// line in ten that neither can read makes the document unreadable.
func EncodingByVote(head []byte) Encoding {
	var asUTF8, asGB, neither int
	for len(head) > 0 {
		line := head
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			line, head = head[:i], head[i+1:]
		} else {
			head = nil
		}
		if FirstHigh(line) < 0 {
			continue
		}
		switch {
		case ValidUTF8(line):
			asUTF8++
		case ValidGB18030(line):
			asGB++
		default:
			neither++
		}
	}
	if neither*10 > asUTF8+asGB {
		return UnknownEncoding
	}
	if asUTF8 >= asGB {
		return UTF8
	}
	return GB18030
}

const highBits = 0x8080808080808080

// FirstHigh is the index of the first byte that is not ASCII, or -1.
func FirstHigh(b []byte) int {
	i := 0
	for ; i+64 <= len(b); i += 64 {
		p := (*[64]byte)(b[i:])
		w := binary.LittleEndian.Uint64(p[0:]) | binary.LittleEndian.Uint64(p[8:]) | binary.LittleEndian.Uint64(p[16:]) | binary.LittleEndian.Uint64(p[24:]) |
			binary.LittleEndian.Uint64(p[32:]) | binary.LittleEndian.Uint64(p[40:]) | binary.LittleEndian.Uint64(p[48:]) | binary.LittleEndian.Uint64(p[56:])
		if w&highBits != 0 {
			break
		}
	}
	for ; i+8 <= len(b); i += 8 {
		if w := binary.LittleEndian.Uint64(b[i:]) & highBits; w != 0 {
			return i + bits.TrailingZeros64(w)/8
		}
	}
	for ; i < len(b); i++ {
		if b[i] >= utf8.RuneSelf {
			return i
		}
	}
	return -1
}

// Valid says whether b is strictly spelled in e. Nothing is repaired.
func (e Encoding) Valid(b []byte) bool {
	if e == GB18030 {
		return ValidGB18030(b)
	}
	return ValidUTF8(b)
}

// ValidUTF8 is utf8.Valid for text that changes between ASCII and Chinese all
// the time.
func ValidUTF8(b []byte) bool {
	if haveAVX2 && len(b) >= 64 {
		blocks := len(b) / 32
		if utf8Blocks(&b[0], blocks) {
			return false
		}
		// A character may begin in the last block and end behind it.
		n := 32 * blocks
		for i := 1; i < utf8.UTFMax && b[n-1] >= utf8.RuneSelf; i++ {
			if n--; utf8.RuneStart(b[n]) {
				break
			}
		}
		b = b[n:]
	}
	return validUTF8Words(b)
}

// validUTF8Words is ValidUTF8 without any help of the processor: it takes eight ASCII bytes or one three-byte character at a step,
// wherever they stand.
func validUTF8Words(b []byte) bool {
	for len(b) >= 8 {
		w := binary.LittleEndian.Uint64(b)
		if m := w & highBits; m != 0 {
			b = b[bits.TrailingZeros64(m)/8:]
		} else {
			b = b[8:]
			continue
		}
		for len(b) >= 4 {
			x := binary.LittleEndian.Uint32(b)
			if x&0xC0C0F0 != 0x8080E0 {
				break
			}
			if m := x & 0x200F; m == 0 || m == 0x200D {
				return false // overlong, or half a surrogate pair
			}
			b = b[3:]
		}
		if len(b) > 0 && b[0] >= utf8.RuneSelf {
			r, size := utf8.DecodeRune(b)
			if r == utf8.RuneError && size == 1 {
				return false
			}
			b = b[size:]
		}
	}
	return utf8.Valid(b)
}

// AppendText appends src, which is in e, to dst as UTF-8. A byte that e cannot
// read becomes badByte, and ok is false.
func (e Encoding) AppendText(dst, src []byte) (out []byte, ok bool) {
	if e != GB18030 {
		return append(dst, src...), utf8.Valid(src)
	}
	ok = true
	for len(src) > 0 {
		n := FirstHigh(src)
		if n < 0 {
			return append(dst, src...), ok
		}
		dst = append(dst, src[:n]...)
		src = src[n:]
		r, size := DecodeGB18030(src)
		if r == utf8.RuneError {
			dst = append(dst, badByte)
			ok = false
		} else {
			dst = utf8.AppendRune(dst, r)
		}
		src = src[size:]
	}
	return dst, ok
}

// GB2 maps the two-byte codes of GB18030; zero is an unassigned code. It is
// made from x/text on first use, so that there is one source of the mapping.
var GB2 = sync.OnceValue(func() *[126 * 191]uint16 {
	pairs := make([]byte, 0, 126*191*2)
	for hi := 0x81; hi <= 0xFE; hi++ {
		for lo := 0x40; lo <= 0xFE; lo++ {
			if lo == 0x7F {
				lo++
			}
			pairs = append(pairs, byte(hi), byte(lo))
		}
	}
	table := new([126 * 191]uint16)
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(pairs)
	if err != nil {
		panic("parse: GB18030 table: " + err.Error()) // the decoder has no errors
	}
	for i := 0; len(text) > 0; i += 2 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		if r != utf8.RuneError {
			table[gb2Index(pairs[i], pairs[i+1])] = uint16(r)
		}
	}
	return table
})

func gb2Index(hi, lo byte) int { return int(hi-0x81)*191 + int(lo-0x40) }

// gbPairs has a bit for each pair of bytes that is a code of GB18030, read as a
// little-endian word: a small table that stays in the core's own cache.
var gbPairs = sync.OnceValue(func() *[1 << 10]uint64 {
	var pairs [1 << 10]uint64
	for hi := 0x81; hi <= 0xFE; hi++ {
		for lo := 0x40; lo <= 0xFE; lo++ {
			if pair := lo<<8 | hi; GB2()[gb2Index(byte(hi), byte(lo))] != 0 {
				pairs[pair>>6] |= 1 << (pair & 63)
			}
		}
	}
	return &pairs
})

// ValidGB18030 says whether b is GB18030 without any unassigned code.
func ValidGB18030(b []byte) bool {
	pairs := gbPairs()
	for i := 0; i < len(b); {
		if i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:]) & highBits
			if w == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(w) / 8
		} else if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		for i+1 < len(b) {
			if pair := uint(b[i]) | uint(b[i+1])<<8; pairs[pair>>6]>>(pair&63)&1 != 0 {
				i += 2
				continue
			}
			if b[i] < utf8.RuneSelf {
				break
			}
			r, size := DecodeGB18030(b[i:])
			if r == utf8.RuneError {
				return false
			}
			i += size
		}
		if i+1 == len(b) {
			return b[i] <= 0x80
		}
	}
	return true
}

// DecodeGB18030 reads the first character of b, which is not empty. What is not
// a code is utf8.RuneError and one byte long (two for an unassigned pair), so
// that a separator behind a broken lead byte stays a separator.
func DecodeGB18030(b []byte) (r rune, size int) {
	c := b[0]
	switch {
	case c < utf8.RuneSelf:
		return rune(c), 1
	case c == 0x80: // code page 936 spells the euro sign so
		return '€', 1
	case c == 0xFF || len(b) < 2:
		return utf8.RuneError, 1
	case b[1] >= 0x40 && b[1] != 0x7F && b[1] != 0xFF:
		if r := GB2()[gb2Index(c, b[1])]; r != 0 {
			return rune(r), 2
		}
		return utf8.RuneError, 2
	case len(b) >= 4 && IsDigit(b[1]) && b[2] >= 0x81 && b[2] != 0xFF && IsDigit(b[3]):
		return decodeGB4(b[:4])
	}
	return utf8.RuneError, 1
}

// decodeGB4 reads a four-byte code; they are rare enough for x/text.
func decodeGB4(b []byte) (rune, int) {
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b)
	if err != nil {
		return utf8.RuneError, 1
	}
	r, size := utf8.DecodeRune(text)
	if r == utf8.RuneError || size != len(text) {
		return utf8.RuneError, 1
	}
	return r, 4
}

func IsDigit(c byte) bool { return c-'0' <= 9 }

// Transcode appends as much of src as is whole characters to dst in UTF-8 and
// returns what is left: nothing if src is the end of the document. Bytes that
// spell nothing become badByte.
func (e Encoding) Transcode(dst, src []byte, last bool) (out, rest []byte) {
	if IsUTF16(e) {
		return e.transcode16(dst, src, last)
	}
	n := len(src)
	if !last {
		n = wholeGB18030(src)
	}
	dst, _ = e.AppendText(dst, src[:n])
	return dst, src[n:]
}

// wholeGB18030 is where src can be cut without cutting a character: behind the
// last byte that can neither begin nor continue one.
func wholeGB18030(src []byte) int {
	for i := len(src) - 1; i >= 0; i-- {
		if src[i] < 0x30 {
			return i + 1
		}
	}
	return len(src)
}

// transcode16 reads UTF-16. Half a surrogate pair, or half a unit at the end,
// becomes badByte.
func (e Encoding) transcode16(dst, src []byte, last bool) (out, rest []byte) {
	unit := func(i int) rune {
		if e == UTF16BE {
			return rune(src[i])<<8 | rune(src[i+1])
		}
		return rune(src[i+1])<<8 | rune(src[i])
	}
	i := 0
	for ; i+2 <= len(src); i += 2 {
		r := unit(i)
		if utf16.IsSurrogate(r) {
			if i+4 > len(src) && !last {
				break
			}
			if i+4 <= len(src) {
				if pair := utf16.DecodeRune(r, unit(i+2)); pair != utf8.RuneError {
					dst = utf8.AppendRune(dst, pair)
					i += 2
					continue
				}
			}
			dst = append(dst, badByte)
			continue
		}
		dst = utf8.AppendRune(dst, r)
	}
	if last && i < len(src) {
		return append(dst, badByte), nil
	}
	return dst, src[i:]
}

// EncodingNames are the names of the encodings that an override may name.
func EncodingNames() []string { return []string{"utf-8", "gb18030", "utf-16le", "utf-16be"} }

// IsEncoding says whether an override may name this encoding: one of
// EncodingNames, or another usual name of one, such as gbk.
func IsEncoding(name string) bool {
	_, ok := EncodingNamed(name)
	return ok
}

func IsUTF16(e Encoding) bool { return e == UTF16LE || e == UTF16BE }

// TranscodeBytes is how much of a document is transcoded at a time.
const TranscodeBytes = 64 << 10
