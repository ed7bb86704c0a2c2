package report

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"

	"golang.org/x/sync/errgroup"
)

// parts collects what excelize would zip. excelize hands its parts over in a
// changing order and compresses them on one core; they are small here, because
// the rows are not among them.
type parts struct {
	names   []string
	content map[string]*bytes.Buffer
}

// Create is called by excelize for every part.
func (p *parts) Create(name string) (io.Writer, error) {
	if p.content[name] == nil {
		p.names = append(p.names, name)
	}
	b := new(bytes.Buffer)
	p.content[name] = b
	return b, nil
}

// AddFS belongs to excelize's interface; it is never called on writing.
func (p *parts) AddFS(fs.FS) error { return errors.ErrUnsupported }

// Close is called by excelize behind the last part.
func (p *parts) Close() error { return nil }

const contentTypes = "[Content_Types].xml"

// order puts the parts into the one order in which they are written.
func (p *parts) order() []string {
	names := slices.Clone(p.names)
	slices.SortFunc(names, func(a, b string) int {
		if (a == contentTypes) != (b == contentTypes) {
			if a == contentTypes {
				return -1
			}
			return 1
		}
		return strings.Compare(a, b)
	})
	return names
}

// body is what takes the place of an excelize sheet's rows.
type body struct {
	dimension string
	head      []byte // rows before the blocks
	blocks    []*block
	tail      []byte // rows behind the blocks
}

// pack writes all parts as one zip archive, the same bytes for the same parts
// whatever excelize's order was. bodies are the rows by part name. It returns
// the blocks of every part.
func (p *parts) pack(w io.Writer, d *deflater, bodies map[string]body) (map[string][]*block, error) {
	z := zip.NewWriter(w)
	names := p.order()
	blocks := make([][]*block, len(names))
	var g errgroup.Group
	g.SetLimit(cap(d.slots))
	for i, name := range names {
		g.Go(problem.Guard(func() (err error) {
			if blocks[i], err = p.blocks(name, d, bodies); err != nil {
				err = fmt.Errorf("report: %s: %w", name, err)
			}
			return err
		}))
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	packed := map[string][]*block{}
	for i, name := range names {
		if err := writeEntry(z, name, d, blocks[i]); err != nil {
			return nil, err
		}
		packed[name] = blocks[i]
	}
	return packed, z.Close()
}

func (p *parts) blocks(name string, d *deflater, bodies map[string]body) ([]*block, error) {
	content := p.content[name].Bytes()
	rows, ok := bodies[name]
	if !ok {
		if name == contentTypes {
			content = sortTypes(content)
		}
		b, err := d.compress(content, true)
		return []*block{b}, err
	}
	before, after, err := splitSheet(content, rows.dimension)
	if err != nil {
		return nil, err
	}
	first, err := d.compress(slices.Concat(before, rows.head), false)
	if err != nil {
		return nil, err
	}
	last, err := d.compress(slices.Concat(rows.tail, after), true)
	return slices.Concat([]*block{first}, rows.blocks, []*block{last}), err
}

// splitSheet cuts excelize's sheet where its rows are, and sets the dimension,
// which excelize leaves at A1: readers that trust it would see one row.
func splitSheet(xml []byte, dimension string) (before, after []byte, err error) {
	before, after, found := bytes.Cut(xml, []byte("<sheetData"))
	if !found {
		return nil, nil, errors.New("no sheetData in the sheet")
	}
	if i := bytes.LastIndex(after, []byte("</sheetData>")); i >= 0 {
		after = after[i+len("</sheetData>"):]
	} else {
		after = bytes.TrimPrefix(after, []byte("/>"))
	}
	const dimensionOpen = `<dimension ref="`
	if head, rest, found := bytes.Cut(before, []byte(dimensionOpen)); found {
		_, rest, _ = bytes.Cut(rest, []byte(`"`))
		rest = bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("/>")), []byte("></dimension>"))
		before = slices.Concat(head, []byte(dimensionOpen+dimension+`"/>`), rest)
	}
	return slices.Concat(before, []byte("<sheetData>")), slices.Concat([]byte("</sheetData>"), after), nil
}

var typeTag = regexp.MustCompile(`<(?:Default|Override) [^>]*(?:/>|></(?:Default|Override)>)`)

// sortTypes gives [Content_Types].xml one order; excelize's follows a map.
func sortTypes(xml []byte) []byte {
	tags := slices.Clone(typeTag.FindAll(xml, -1))
	if len(tags) == 0 {
		return xml
	}
	at := typeTag.FindIndex(xml)[0]
	rest := typeTag.ReplaceAll(xml, nil)
	slices.SortFunc(tags, bytes.Compare)
	return slices.Concat(rest[:at], bytes.Join(tags, nil), rest[at:])
}

// dosEpoch is 1980-01-01, the first day of a zip archive's calendar.
const dosEpoch = 1<<5 | 1

// maxPlainSize is where the zip format needs its 64-bit extension.
const maxPlainSize = 1<<32 - 1

func writeEntry(z *zip.Writer, name string, d *deflater, blocks []*block) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, ModifiedDate: dosEpoch}
	for _, b := range blocks {
		h.CRC32 = combineCRC(h.CRC32, b.crc, b.raw)
		h.UncompressedSize64 += uint64(b.raw)
		h.CompressedSize64 += uint64(b.size)
	}
	if h.UncompressedSize64 > maxPlainSize || h.CompressedSize64 > maxPlainSize {
		h.Flags |= 8 // the sizes follow in a data descriptor, which can hold them
	}
	w, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := d.copyTo(w, b); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) reset() *parts {
	p.names, p.content = nil, map[string]*bytes.Buffer{}
	return p
}
