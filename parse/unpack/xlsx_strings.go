package unpack

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// stringTable holds the shared texts of a workbook in a few large blocks; each
// text is its length as a varint and its bytes.
type stringTable struct {
	At     []uint32 // block<<stringBlockBits | place in block, of each text
	blocks [][]byte
	size   int64
	// turn is the budget whose turn this table has, once it is large.
	turn *text.Budget
}

// release gives the memory back, and the turn to the next large table.
func (t *stringTable) release() {
	if t.turn != nil {
		t.turn.Strings.Unlock()
	}
	*t = stringTable{}
}

const (
	stringBlockBits = 20
	StringBlock     = 1 << stringBlockBits
	// maxSharedText is the longest single text: a cell holds 32,767 characters.
	maxSharedText = StringBlock - binary.MaxVarintLen32
)

func (t *stringTable) len() int { return len(t.At) }

// get is the text of an index below len.
func (t *stringTable) get(i int) []byte {
	at := t.At[i]
	b := t.blocks[at>>stringBlockBits][at&(StringBlock-1):]
	if n := b[0]; n < 0x80 {
		return b[1 : 1+int(n)]
	}
	n, w := binary.Uvarint(b)
	return b[w : w+int(n)]
}

// add appends a text. A table that grows large waits for those of other
// workbooks to be released; whoever has the turn waits for nobody.
func (t *stringTable) add(body []byte, lim problem.Limits, run *text.Budget) error {
	t.size += int64(len(body)) + 8
	if len(body) > maxSharedText || t.size > lim.Strings || t.size > 1<<32-StringBlock {
		return &problem.Problem{Code: CodeWorkbookStrings, Args: []string{problem.SizeText(int(lim.Strings))}}
	}
	if t.size > text.BigStrings && t.turn == nil && run != nil {
		run.Strings.Lock()
		t.turn = run
	}
	last := len(t.blocks) - 1
	if last < 0 || len(t.blocks[last])+binary.MaxVarintLen32+len(body) > StringBlock {
		t.blocks = append(t.blocks, make([]byte, 0, StringBlock))
		last++
	}
	b := t.blocks[last]
	t.At = append(t.At, uint32(last)<<stringBlockBits|uint32(len(b)))
	t.blocks[last] = append(binary.AppendUvarint(b, uint64(len(body))), body...)
	return nil
}

// loadStrings reads the shared texts once.
func (b *Xlsx) loadStrings() error {
	b.stringsOnce.Do(func() {
		if b.stringsPart != nil {
			b.stringsErr = b.readStrings()
		}
	})
	return b.stringsErr
}

func (b *Xlsx) readStrings() error {
	r, err := openPart(b.stringsPart, b.lim, b.lim.Inflated)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXMLReader(r)
	var buf []byte
	for {
		if n, text, ok := plainItem(x.buf[x.pos:]); ok && len(x.marks) == 1 {
			x.pos += n
			if err := b.Strings.add(text, b.lim, b.budget); err != nil {
				return err
			}
			continue
		}
		t, err := x.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == xmlEOF:
			return nil
		case t.is("si"):
			if buf, err = readText(x, t, buf[:0]); err != nil {
				return err
			}
			if err = b.Strings.add(buf, b.lim, b.budget); err != nil {
				return err
			}
		case t.kind == xmlStart && !t.is("sst"):
			if err = skipElement(x, t); err != nil {
				return err
			}
		}
	}
}

// plainItem is the fast way for <si><t>text</t></si> without references. What
// it does not take, the XML reader does.
func plainItem(d []byte) (n int, text []byte, ok bool) {
	const open, preserve, end = "<si><t>", `<si><t xml:space="preserve">`, "</t></si>"
	switch {
	case len(d) > len(open) && string(d[:len(open)]) == open:
		n = len(open)
	case len(d) > len(preserve) && string(d[:len(preserve)]) == preserve:
		n = len(preserve)
	default:
		return 0, nil, false
	}
	i := bytes.IndexByte(d[n:], '<')
	if i < 0 {
		return 0, nil, false
	}
	text = d[n : n+i]
	n += i
	if len(d)-n < len(end) || string(d[n:n+len(end)]) != end || needsUnescape(text) {
		return 0, nil, false
	}
	return n + len(end), text, true
}

// needsUnescape says that a text has references or _x000D_ escapes.
func needsUnescape(text []byte) bool {
	for i, c := range text {
		if c == '&' || c == '_' && i+1 < len(text) && text[i+1] == 'x' {
			return true
		}
	}
	return false
}

// readText appends the text of an <si> or <is> element: its <t>, those of its
// rich text runs, not those of its phonetic ones. The start tag was read.
func readText(x *xmlReader, start xmlToken, dst []byte) ([]byte, error) {
	if start.empty {
		return dst, nil
	}
	depth, inText := 1, 0
	from := len(dst)
	for depth > 0 {
		t, err := x.next()
		if err != nil {
			return dst, err
		}
		switch {
		case t.is("rPh"):
			if err := skipElement(x, t); err != nil {
				return dst, err
			}
		case t.kind == xmlStart && !t.empty:
			depth++
			if local(t.name) == "t" && inText == 0 {
				inText = depth
			}
		case t.kind == xmlEnd:
			if depth == inText {
				inText = 0
			}
			depth--
		case t.kind == xmlText && inText > 0:
			if dst, err = unescapeXML(dst, t.text); err != nil {
				return dst, err
			}
		case t.kind == xmlData && inText > 0:
			dst = append(dst, t.text...)
		}
	}
	return append(dst[:from], unescapeSpreadsheet(dst[from:])...), nil
}

// skipElement reads to the end of the element that start opened.
func skipElement(x *xmlReader, start xmlToken) error {
	if start.empty {
		return nil
	}
	for depth := 1; depth > 0; {
		t, err := x.next()
		if err != nil {
			return err
		}
		if t.kind == xmlStart && !t.empty {
			depth++
		} else if t.kind == xmlEnd {
			depth--
		}
	}
	return nil
}

// unescapeSpreadsheet resolves in place the _x000D_ form in which spreadsheets
// write characters that XML does not allow (ECMA-376 part 1, 22.4.2.4).
func unescapeSpreadsheet(text []byte) []byte {
	i := bytes.Index(text, []byte("_x"))
	if i < 0 {
		return text
	}
	out := text[:i]
	for i < len(text) {
		if len(text)-i >= 7 && text[i] == '_' && text[i+1] == 'x' && text[i+6] == '_' {
			if v, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16); err == nil {
				out = appendEscaped(out, rune(v))
				i += 7
				continue
			}
		}
		out = append(out, text[i])
		i++
	}
	return out
}

// appendEscaped appends an escaped character; a surrogate is no character.
func appendEscaped(dst []byte, r rune) []byte {
	return append(dst, string(r)...)
}
