package unpack

import (
	"compress/gzip"
	"errors"
	"io"
	"path"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// A blob is one document found in an input: the file itself, one entry of an
// archive, or a workbook.
type Part struct {
	// name is how messages and reports call it: the file's base name, or
	// archive.zip/folder/entry.csv. It is data, never a path to open.
	Name string
	// form says what it is, by content.
	form form
	// src is the document's own bytes, out of its archive: what is hashed, and
	// what is read unless book is set. It is nil if even that was impossible.
	Src text.Source
	// book is the workbook that src holds.
	Book grid
	// problem says why the document is refused; then book is nil.
	Problem *problem.Problem

	owned bool // src was made here
}

// Close releases what Open made for this document. The source that
// was given to Open stays open.
func (b *Part) Close() error {
	var errs []error
	if b.Book != nil {
		errs = append(errs, b.Book.Close())
	}
	if b.owned && b.Src != nil {
		errs = append(errs, b.Src.Close())
	}
	b.Book, b.Src = nil, nil
	return errors.Join(errs...)
}

// form is what a document is, decided by its content and never by its name.
type form uint8

const (
	FormText form = iota // anything that may be delimited or fixed-width text
	formXLSX
	formXLS
	formHTML
	formXML // the XML workbook of Excel 2003
	formZip
	formGzip
	formCompress // .Z of Unix compress
	formRefused  // something known that is not data
)

func (f form) String() string {
	return [...]string{"text", "xlsx", "xls", "html", "xml", "zip", "gzip", "compress", "refused"}[f]
}

// Open finds the documents in one input file and gives each to found
// before it unpacks the next, so that a workbook can be read and let go of
// before another one is loaded. There is always at least one; whatever cannot
// be read is a blob with a problem, so that nothing is passed over in silence.
// src must stay open as long as the blobs. An error of found ends the search.
func Open(name string, src text.Source, opt text.Workspace, found func(*Part) error) error {
	opt.Limits = opt.Limits.OrDefaults()
	if opt.Memory <= 0 {
		opt.Memory = 8 << 20
	}
	u := &unpacker{opt: opt, left: opt.Limits.Inflated, found: found}
	u.open(name, src, false, 0)
	return u.err
}

// unpacker walks one input, archives within archives, and collects documents.
type unpacker struct {
	opt   text.Workspace
	left  int64 // bytes that this input may still unpack to
	found func(*Part) error
	err   error // of found: nothing more is looked for
}

func (u *unpacker) add(b Part) {
	if u.err == nil {
		u.err = u.found(&b)
	}
}

// open looks at one document and adds it, or what is in it. owned says that
// src was made here and belongs to the blob.
func (u *unpacker) open(name string, src text.Source, owned bool, depth int) {
	b := Part{Name: name, Src: src, owned: owned}
	head, err := ReadHead(src)
	if err != nil {
		b.Problem = problemAt(name, CodeUnreadable, err.Error())
		u.add(b)
		return
	}
	f, what := Sniff(head)
	b.form = f
	switch f {
	case FormText:
		u.add(b)
	case formRefused:
		b.Problem = problemAt(name, what.code, what.kind)
		u.add(b)
	case formGzip, formCompress:
		u.stream(b, depth)
	case formZip:
		u.zip(b, depth)
	case formXLS:
		b.Book, b.Problem = openXLS(name, src, u.opt)
		u.add(b)
	case formXML:
		b.Book, b.Problem = openXML2003(name, src, u.opt)
		u.add(b)
	case formHTML:
		b.Book, b.Problem = openHTML(name, src, u.opt)
		u.add(b)
	}
}

// stream unpacks a single compressed stream.
func (u *unpacker) stream(b Part, depth int) {
	if depth >= u.opt.Limits.Depth {
		b.Problem = problemAt(b.Name, CodeArchiveDeep)
		u.add(b)
		return
	}
	r, err := decompressor(b.form, io.NewSectionReader(b.Src, 0, b.Src.Size()))
	var in text.Source
	if err == nil {
		in, err = u.spool(r, b.Src.Size())
	}
	if err != nil {
		b.Problem = unpackProblem(b.Name, err)
		u.add(b)
		return
	}
	if b.owned {
		b.Src.Close()
	}
	u.open(b.Name, in, true, depth+1)
}

func decompressor(f form, r io.Reader) (io.Reader, error) {
	if f == formCompress {
		return newCompressReader(r)
	}
	return gzip.NewReader(r)
}

// spool unpacks r, whose packed size is given, into memory or a temporary file.
func (u *unpacker) spool(r io.Reader, packed int64) (text.Source, error) {
	lim := u.opt.Limits
	cr := &capReader{r: r, left: &u.left, packed: packed, ratio: lim.Ratio, from: lim.RatioFrom}
	out := text.NewSpool(u.opt)
	_, err := io.Copy(out, cr)
	if err == nil {
		err = out.Finish()
	}
	if err != nil {
		return nil, errors.Join(err, out.Close())
	}
	return out, nil
}

// capReader stops a stream that unpacks beyond its limits.
type capReader struct {
	r      io.Reader
	left   *int64 // shared by all streams of an input
	read   int64
	packed int64
	ratio  int64
	from   int64
}

var (
	ErrTooLarge = errors.New("unpacks to more than the limit")
	errRatio    = errors.New("unpacks to too many times its size")
)

func (c *capReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	*c.left -= int64(n)
	if *c.left < 0 {
		return 0, ErrTooLarge
	}
	if c.read > c.from && c.read/c.ratio > c.packed {
		return 0, errRatio
	}
	return n, err
}

// headSize is how much of a document is looked at to tell what it is.
const headSize = 8 << 10

func ReadHead(src text.Source) ([]byte, error) {
	head := make([]byte, min(headSize, src.Size()))
	n, err := src.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// baseName is the last part of an entry's name.
func baseName(name string) string { return path.Base(name) }
