package unpack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// xmlReader cuts XML into tags and texts, for the parts of workbooks: strict
// about nesting, without namespaces (local names decide), without document
// types and entities beyond the five of XML. It reads a stream through a
// window that grows up to a limit.
type xmlReader struct {
	r     io.Reader // nil when buf holds everything
	buf   []byte
	pos   int // start of what is not consumed
	limit int // the longest token
	fills int // how often the window has changed
	eof   bool
	stack []byte // names of the open elements, one after the other
	marks []int  // where each begins in stack
	root  bool   // a root element was seen
	utf8  bool   // r was decoded: what the declaration says of its encoding is past
}

// xmlKind is the kind of an xmlToken.
type xmlKind uint8

const (
	xmlEOF   xmlKind = iota
	xmlStart         // a start tag; an end token follows even if it is <a/>
	xmlEnd
	xmlText // raw, with its references
	xmlData // CDATA, literal
)

// xmlToken is valid until the next call of next.
type xmlToken struct {
	kind  xmlKind
	name  []byte // local name
	attrs []byte // all between the name and the end of the tag
	empty bool   // <a/>: no end token follows
	text  []byte
}

// Errors of XML itself. errXMLCut says that the part ends too early.
var (
	errXMLCut    = errors.New("XML ends in the middle")
	errXMLEntity = errors.New("XML with a document type or own entities")
	errXMLLong   = errors.New("XML element too long")
)

func xmlError(format string, args ...any) error {
	return fmt.Errorf("XML: "+format, args...)
}

const (
	xmlWindow   = 256 << 10
	xmlMaxToken = 4 << 20
	xmlMaxDepth = 256
)

// newXMLReader reads a stream.
func newXMLReader(r io.Reader) *xmlReader {
	return &xmlReader{r: r, buf: make([]byte, 0, xmlWindow), limit: xmlMaxToken}
}

// fill reads more behind what is not consumed, which moves to the front. It
// returns io.EOF when there is no more.
func (x *xmlReader) fill() error {
	if x.eof || x.r == nil {
		x.eof = true
		return io.EOF
	}
	x.fills++
	if x.pos > 0 {
		n := copy(x.buf, x.buf[x.pos:])
		x.buf, x.pos = x.buf[:n], 0
	}
	if len(x.buf) == cap(x.buf) {
		if len(x.buf) >= x.limit {
			return errXMLLong
		}
		grown := make([]byte, len(x.buf), 2*cap(x.buf))
		copy(grown, x.buf)
		x.buf = grown
	}
	for {
		n, err := x.r.Read(x.buf[len(x.buf):cap(x.buf)])
		x.buf = x.buf[:len(x.buf)+n]
		if n > 0 {
			return nil // an error comes again with the next read
		}
		if err == io.EOF {
			x.eof = true
		}
		if err != nil {
			return err
		}
	}
}

// next is the next tag or text.
func (x *xmlReader) next() (xmlToken, error) {
	for {
		tok, n, err := x.token(x.buf[x.pos:])
		if n == 0 && err == nil { // incomplete
			if err = x.fill(); err == io.EOF {
				return x.end()
			}
		}
		if err != nil {
			return xmlToken{}, err
		}
		x.pos += n
		if n == 0 || tok.kind == xmlEOF { // filled, or something to pass over
			continue
		}
		return tok, x.nest(tok)
	}
}

// end is what the end of the input means.
func (x *xmlReader) end() (xmlToken, error) {
	rest := bytes.Trim(x.buf[x.pos:], " \t\r\n\x00")
	if len(x.marks) > 0 || len(rest) > 0 || !x.root {
		return xmlToken{}, errXMLCut
	}
	return xmlToken{kind: xmlEOF}, nil
}

// token cuts one token off data. n = 0 means that more is needed; a token of
// kind xmlEOF with n > 0 is a comment or declaration.
func (x *xmlReader) token(data []byte) (tok xmlToken, n int, err error) {
	if len(data) < 2 {
		return tok, 0, nil
	}
	if data[0] != '<' {
		i := bytes.IndexByte(data, '<')
		if i < 0 {
			return tok, 0, nil
		}
		return xmlToken{kind: xmlText, text: data[:i]}, i, nil
	}
	switch data[1] {
	case '/':
		return endTag(data)
	case '?':
		i := bytes.Index(data, []byte("?>"))
		if i < 0 {
			return tok, 0, nil
		}
		if x.utf8 {
			return tok, i + 2, nil
		}
		return tok, i + 2, checkDeclaration(data[:i])
	case '!':
		return bang(data)
	}
	return startTag(data)
}

func endTag(data []byte) (tok xmlToken, n int, err error) {
	i := bytes.IndexByte(data, '>')
	if i < 0 {
		return tok, 0, nil
	}
	return xmlToken{kind: xmlEnd, name: bytes.TrimRight(data[2:i], " \t\r\n")}, i + 1, nil
}

// bang cuts a comment or CDATA; anything else with <! is refused.
func bang(data []byte) (tok xmlToken, n int, err error) {
	const open, comment = "<![CDATA[", "<!--"
	switch {
	case bytes.HasPrefix(data, []byte(comment)):
		if i := bytes.Index(data[4:], []byte("-->")); i >= 0 {
			return tok, i + 7, nil
		}
	case bytes.HasPrefix(data, []byte(open)):
		if i := bytes.Index(data, []byte("]]>")); i >= 0 {
			return xmlToken{kind: xmlData, text: data[len(open):i]}, i + 3, nil
		}
	case len(data) >= len(open):
		return tok, 0, errXMLEntity
	}
	return tok, 0, nil
}

// startTag cuts a start tag: up to the first > outside quotes.
func startTag(data []byte) (tok xmlToken, n int, err error) {
	quote := byte(0)
	for i := 1; i < len(data); i++ {
		c := data[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			} else if c == '<' {
				return tok, 0, xmlError("< in an attribute")
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			return tok, 0, xmlError("< in a tag")
		case c == '>':
			return cutTag(data[1:i]), i + 1, nil
		}
	}
	return tok, 0, nil
}

func cutTag(tag []byte) xmlToken {
	tok := xmlToken{kind: xmlStart}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		tok.empty, tag = true, tag[:n-1]
	}
	i := bytes.IndexAny(tag, " \t\r\n/")
	if i < 0 {
		i = len(tag)
	}
	tok.name, tok.attrs = tag[:i], tag[i:]
	return tok
}

// checkDeclaration refuses encodings other than UTF-8 (UTF-16 was decoded
// before).
func checkDeclaration(decl []byte) error {
	if !bytes.HasPrefix(decl, []byte("<?xml")) {
		return nil
	}
	enc, ok := xmlAttr(decl[len("<?xml"):], "encoding")
	switch {
	case !ok, equalFoldASCII(enc, "utf-8"), equalFoldASCII(enc, "utf8"), equalFoldASCII(enc, "us-ascii"),
		equalFoldASCII(enc, "utf-16"):
		return nil
	}
	return xmlError("encoding %q", enc)
}

func equalFoldASCII(b []byte, s string) bool { return bytes.EqualFold(b, []byte(s)) }

// nest checks that tags close what they open. Names are local from here on.
func (x *xmlReader) nest(tok xmlToken) error {
	switch tok.kind {
	case xmlStart:
		if len(tok.name) == 0 || !isNameStart(tok.name[0]) {
			return xmlError("tag without a name")
		}
		if len(x.marks) == 0 && x.root {
			return xmlError("a second root element <%s>", tok.name)
		}
		x.root = true
		if err := checkAttrs(tok.attrs); err != nil || tok.empty {
			return err
		}
		if len(x.marks) >= xmlMaxDepth {
			return xmlError("nested too deeply")
		}
		x.marks = append(x.marks, len(x.stack))
		x.stack = append(x.stack, tok.name...)
	case xmlEnd:
		if len(x.marks) == 0 {
			return xmlError("</%s> closes nothing", tok.name)
		}
		at := x.marks[len(x.marks)-1]
		if !bytes.Equal(x.stack[at:], tok.name) {
			return xmlError("<%s> is closed by </%s>", x.stack[at:], tok.name)
		}
		x.marks, x.stack = x.marks[:len(x.marks)-1], x.stack[:at]
	case xmlText, xmlData:
		if len(x.marks) == 0 && len(bytes.Trim(tok.text, " \t\r\n\xEF\xBB\xBF")) > 0 {
			return xmlError("text outside of elements")
		}
	}
	return nil
}

func isNameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

// local is a name without its prefix.
func local(name []byte) string {
	return string(name[bytes.IndexByte(name, ':')+1:])
}

// is says whether the token is a start tag of that local name.
func (t *xmlToken) is(name string) bool {
	return t.kind == xmlStart && local(t.name) == name
}

// attr is the value of the attribute, "" if there is none.
func (t *xmlToken) attr(name string) string {
	v, _ := xmlAttr(t.attrs, name)
	if bytes.IndexByte(v, '&') >= 0 {
		if u, err := unescapeXML(nil, v); err == nil {
			v = u
		}
	}
	return string(v)
}

// xmlAttr finds an attribute by its name: exactly, or with any prefix where
// name begins with a colon.
func xmlAttr(attrs []byte, name string) (value []byte, ok bool) {
	for {
		attrs = bytes.TrimLeft(attrs, " \t\r\n/?")
		eq := bytes.IndexByte(attrs, '=')
		if eq < 0 {
			return nil, false
		}
		key := bytes.TrimRight(attrs[:eq], " \t\r\n")
		rest := bytes.TrimLeft(attrs[eq+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil, false
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil, false
		}
		if string(key) == name || name[0] == ':' && bytes.HasSuffix(key, []byte(name)) {
			return rest[1 : 1+end], true
		}
		attrs = rest[end+2:]
	}
}

// checkAttrs checks that attributes are name="value", each of another name.
func checkAttrs(attrs []byte) error {
	var names [][]byte
	for {
		rest := bytes.TrimLeft(attrs, " \t\r\n")
		if len(rest) == 0 {
			return nil
		}
		eq := bytes.IndexByte(rest, '=')
		if eq <= 0 || len(rest) == len(attrs) {
			return xmlError("bad attribute")
		}
		key := bytes.TrimRight(rest[:eq], " \t\r\n")
		value := bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(key) == 0 || bytes.ContainsAny(key, " \t\r\n\"'") ||
			len(value) == 0 || value[0] != '"' && value[0] != '\'' {
			return xmlError("bad attribute")
		}
		end := bytes.IndexByte(value[1:], value[0])
		if end < 0 || len(names) >= 256 {
			return xmlError("bad attribute")
		}
		for _, n := range names {
			if bytes.Equal(n, key) {
				return xmlError("attribute %q twice", key)
			}
		}
		names = append(names, key)
		attrs = value[end+2:]
	}
}

// unescapeXML appends text to dst with its references resolved.
func unescapeXML(dst, text []byte) ([]byte, error) {
	for {
		i := bytes.IndexByte(text, '&')
		if i < 0 {
			return append(dst, text...), nil
		}
		dst = append(dst, text[:i]...)
		text = text[i+1:]
		end := bytes.IndexByte(text[:min(len(text), 12)], ';')
		if end < 0 {
			return dst, xmlError("& without its ;")
		}
		r, ok := reference(string(text[:end]))
		if !ok {
			return dst, errXMLEntity
		}
		dst = utf8.AppendRune(dst, r)
		text = text[end+1:]
	}
}

// reference resolves what stands between & and ;.
func reference(name string) (rune, bool) {
	switch name {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || !utf8.ValidRune(rune(v)) {
		return 0, false
	}
	return rune(v), true
}
