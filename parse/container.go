package parse

import (
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path"
)

// A blob is one document found in an input: the file itself, one entry of an
// archive, or a workbook.
type blob struct {
	// name is how messages and reports call it: the file's base name, or
	// archive.zip/folder/entry.csv. It is data, never a path to open.
	name string
	// form says what it is, by content.
	form form
	// src is the document's own bytes, out of its archive: what is hashed, and
	// what is read unless book is set. It is nil if even that was impossible.
	src byteSource
	// book is the workbook that src holds.
	book grid
	// problem says why the document is refused; then book is nil.
	problem *Problem

	owned bool // src was made here
}

// Close releases what openContainer made for this document. The source that
// was given to openContainer stays open.
func (b *blob) Close() error {
	var errs []error
	if b.book != nil {
		errs = append(errs, b.book.Close())
	}
	if b.owned && b.src != nil {
		errs = append(errs, b.src.Close())
	}
	b.book, b.src = nil, nil
	return errors.Join(errs...)
}

// form is what a document is, decided by its content and never by its name.
type form uint8

const (
	formText form = iota // anything that may be delimited or fixed-width text
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

// containerOptions is what reading containers needs from outside.
type containerOptions struct {
	limits Limits
	// memory is how much of an unpacked document is held in memory; what is
	// longer goes to a temporary file. budget is what all of them share; nil
	// sets no bound.
	memory int64
	budget *budget
	// tempFile makes a temporary file, whose name has nothing to do with any
	// input. Closing the document removes it.
	tempFile func() (*os.File, error)
}

// openContainer finds the documents in one input file and gives each to found
// before it unpacks the next, so that a workbook can be read and let go of
// before another one is loaded. There is always at least one; whatever cannot
// be read is a blob with a problem, so that nothing is passed over in silence.
// src must stay open as long as the blobs. An error of found ends the search.
func openContainer(name string, src byteSource, opt containerOptions, found func(*blob) error) error {
	opt.limits = opt.limits.orDefaults()
	if opt.memory <= 0 {
		opt.memory = 8 << 20
	}
	u := &unpacker{opt: opt, left: opt.limits.Inflated, found: found}
	u.open(name, src, false, 0)
	return u.err
}

// unpacker walks one input, archives within archives, and collects documents.
type unpacker struct {
	opt   containerOptions
	left  int64 // bytes that this input may still unpack to
	found func(*blob) error
	err   error // of found: nothing more is looked for
}

func (u *unpacker) add(b blob) {
	if u.err == nil {
		u.err = u.found(&b)
	}
}

// open looks at one document and adds it, or what is in it. owned says that
// src was made here and belongs to the blob.
func (u *unpacker) open(name string, src byteSource, owned bool, depth int) {
	b := blob{name: name, src: src, owned: owned}
	head, err := readHead(src)
	if err != nil {
		b.problem = problemAt(name, codeUnreadable, err.Error())
		u.add(b)
		return
	}
	f, what := sniff(head)
	b.form = f
	switch f {
	case formText:
		u.add(b)
	case formRefused:
		b.problem = problemAt(name, what.code, what.kind)
		u.add(b)
	case formGzip, formCompress:
		u.stream(b, depth)
	case formZip:
		u.zip(b, depth)
	case formXLS:
		b.book, b.problem = openXLS(name, src, u.opt)
		u.add(b)
	case formXML:
		b.book, b.problem = openXML2003(name, src, u.opt)
		u.add(b)
	case formHTML:
		b.book, b.problem = openHTML(name, src, u.opt)
		u.add(b)
	}
}

// stream unpacks a single compressed stream.
func (u *unpacker) stream(b blob, depth int) {
	if depth >= u.opt.limits.Depth {
		b.problem = problemAt(b.name, codeArchiveDeep)
		u.add(b)
		return
	}
	r, err := decompressor(b.form, io.NewSectionReader(b.src, 0, b.src.Size()))
	var in byteSource
	if err == nil {
		in, err = u.spool(r, b.src.Size())
	}
	if err != nil {
		b.problem = unpackProblem(b.name, err)
		u.add(b)
		return
	}
	if b.owned {
		b.src.Close()
	}
	u.open(b.name, in, true, depth+1)
}

func decompressor(f form, r io.Reader) (io.Reader, error) {
	if f == formCompress {
		return newCompressReader(r)
	}
	return gzip.NewReader(r)
}

// spool unpacks r, whose packed size is given, into memory or a temporary file.
func (u *unpacker) spool(r io.Reader, packed int64) (byteSource, error) {
	lim := u.opt.limits
	cr := &capReader{r: r, left: &u.left, packed: packed, ratio: lim.Ratio, from: lim.RatioFrom}
	out := newSpool(u.opt)
	_, err := io.Copy(out, cr)
	if err == nil {
		err = out.finish()
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
	errTooLarge = errors.New("unpacks to more than the limit")
	errRatio    = errors.New("unpacks to too many times its size")
)

func (c *capReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.read += int64(n)
	*c.left -= int64(n)
	if *c.left < 0 {
		return 0, errTooLarge
	}
	if c.read > c.from && c.read/c.ratio > c.packed {
		return 0, errRatio
	}
	return n, err
}

// spoolError is a failure of the temporary file, not of the input.
type spoolError struct{ err error }

func (e *spoolError) Error() string { return e.err.Error() }
func (e *spoolError) Unwrap() error { return e.err }

// headSize is how much of a document is looked at to tell what it is.
const headSize = 8 << 10

func readHead(src byteSource) ([]byte, error) {
	head := make([]byte, min(headSize, src.Size()))
	n, err := src.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return head[:n], err
}

// baseName is the last part of an entry's name.
func baseName(name string) string { return path.Base(name) }
