package unpack

import (
	"archive/zip"
	"bufio"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/unicode"
)

// maxSmallPart is the longest part of a package that is read whole: the list
// of sheets, relations, styles.
const maxSmallPart = 64 << 20

// ooxml is the parts of an Open Packaging archive by their names, which do not
// distinguish case.
type ooxml struct {
	lim     problem.Limits
	parts   map[string]*zip.File
	doubled bool
}

func newPackage(z *zip.Reader, lim problem.Limits) *ooxml {
	p := &ooxml{lim: lim, parts: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		key := partKey(f.Name)
		if p.parts[key] != nil {
			p.doubled = true
		}
		p.parts[key] = f
	}
	return p
}

// partKey is the name under which a part is found; .. never leads out of the
// package.
func partKey(name string) string {
	return strings.ToLower(path.Clean("/" + strings.ReplaceAll(name, `\`, "/")))
}

func (p *ooxml) part(name string) *zip.File { return p.parts[partKey(name)] }

// isOffice says that an archive is an office document and not a folder of files.
func (p *ooxml) isOffice() bool {
	return p.part("[Content_Types].xml") != nil || p.isOpenDocument()
}

func (p *ooxml) isOpenDocument() bool {
	return p.part("mimetype") != nil && p.part("content.xml") != nil
}

// Xlsx is an Office Open XML workbook.
type Xlsx struct {
	name   string
	lim    problem.Limits
	budget *text.Budget
	list   []Sheet
	parts  []*zip.File // of each sheet
	styles []cellStyle
	d1904  bool

	stringsPart *zip.File
	stringsOnce sync.Once
	Strings     stringTable
	stringsErr  error
}

// openXLSX reads what a workbook says of its sheets; their rows are streamed
// by rows.
func openXLSX(name string, pkg *ooxml, opt text.Workspace) (grid, *problem.Problem) {
	b := &Xlsx{name: name, lim: opt.Limits, budget: opt.Budget}
	if err := b.open(pkg); err != nil {
		return nil, b.problem("", 0, err)
	}
	return b, nil
}

func (b *Xlsx) open(pkg *ooxml) error {
	if pkg.isOpenDocument() && pkg.part("[Content_Types].xml") == nil {
		return &problem.Problem{Code: CodeWorkbookOther, Args: []string{"ODS"}}
	}
	for _, f := range pkg.parts {
		if f.Flags&1 != 0 {
			return &problem.Problem{Code: CodeWorkbookEncrypted}
		}
	}
	if pkg.doubled {
		return errors.New("one part twice")
	}
	main, err := mainPart(pkg)
	if err != nil {
		return err
	}
	rels, err := readRels(pkg, main)
	if err != nil {
		return err
	}
	if err := b.readWorkbook(pkg, main, rels); err != nil {
		return err
	}
	for _, r := range rels {
		switch r.kind {
		case "sharedStrings":
			b.stringsPart = pkg.part(r.target)
		case "styles":
			if f := pkg.part(r.target); f != nil {
				if err := b.readStyles(f); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mainPart is the workbook part of the package, or why it has none.
func mainPart(pkg *ooxml) (string, error) {
	main := "/xl/workbook.xml"
	rels, err := readRels(pkg, "/")
	if err != nil {
		return "", err
	}
	for _, r := range rels {
		if r.kind == "officeDocument" {
			main = r.target
		}
	}
	switch ext := strings.ToLower(path.Ext(main)); {
	case ext == ".bin":
		return "", &problem.Problem{Code: CodeWorkbookOther, Args: []string{"XLSB"}}
	case strings.HasPrefix(partKey(main), "/word/"):
		return "", &problem.Problem{Code: CodeWorkbookOther, Args: []string{"Word"}}
	case strings.HasPrefix(partKey(main), "/ppt/"):
		return "", &problem.Problem{Code: CodeWorkbookOther, Args: []string{"PowerPoint"}}
	case pkg.part(main) == nil:
		return "", errors.New("no workbook part")
	}
	return main, nil
}

// relation is one line of a .rels part.
type relation struct {
	id, kind, target string // kind is the last part of its type
	external         bool
}

// readRels reads the relations of a part; a part without any has none.
func readRels(pkg *ooxml, of string) ([]relation, error) {
	dir, base := path.Split(of)
	f := pkg.part(dir + "_rels/" + base + ".rels")
	if f == nil {
		return nil, nil
	}
	var rels []relation
	err := eachTag(f, pkg.lim, func(_ []string, t *xmlToken) error {
		if !t.is("Relationship") {
			return nil
		}
		r := relation{id: t.attr("Id"), target: t.attr("Target"), kind: path.Base(t.attr("Type"))}
		r.external = strings.EqualFold(t.attr("TargetMode"), "External")
		if r.target = strings.ReplaceAll(r.target, `\`, "/"); !strings.HasPrefix(r.target, "/") {
			r.target = path.Join("/", dir, r.target)
		}
		rels = append(rels, r)
		return nil
	})
	return rels, err
}

// eachTag calls f for every start tag of a small part, with the local names of
// the elements around it.
func eachTag(part *zip.File, lim problem.Limits, f func(path []string, t *xmlToken) error) error {
	r, err := openPart(part, lim, maxSmallPart)
	if err != nil {
		return err
	}
	defer r.Close()
	x := newXMLReader(r)
	var around []string
	for {
		t, err := x.next()
		switch {
		case err != nil:
			return err
		case t.kind == xmlEOF:
			return nil
		case t.kind == xmlStart:
			if err := f(around, &t); err != nil {
				return err
			}
			if !t.empty {
				around = append(around, local(t.name))
			}
		case t.kind == xmlEnd:
			around = around[:len(around)-1]
		}
	}
}

func (b *Xlsx) readWorkbook(pkg *ooxml, main string, rels []relation) error {
	root := true
	return eachTag(pkg.part(main), pkg.lim, func(_ []string, t *xmlToken) error {
		switch name := local(t.name); {
		case root && name != "workbook":
			return &problem.Problem{Code: CodeWorkbookOther, Args: []string{name}}
		case name == "workbookPr":
			v := t.attr("date1904")
			b.d1904 = v == "1" || v == "true" || v == "on"
		case name == "sheet":
			return b.addSheet(pkg, rels, t)
		}
		root = false
		return nil
	})
}

// addSheet adds a worksheet; charts, dialogs and macros have no rows.
func (b *Xlsx) addSheet(pkg *ooxml, rels []relation, t *xmlToken) error {
	rid, _ := xmlAttr(t.attrs, ":id")
	i := slices.IndexFunc(rels, func(r relation) bool { return r.id == string(rid) })
	if i < 0 {
		return errNoSheetPart
	}
	switch rels[i].kind {
	case "worksheet":
	case "chartsheet", "dialogsheet", "xlMacrosheet", "xlIntlMacrosheet":
		return nil
	default:
		return errNoSheetPart
	}
	f := pkg.part(rels[i].target)
	if rels[i].external || f == nil {
		return errNoSheetPart
	}
	if len(b.list) >= b.lim.Sheets {
		return &problem.Problem{Code: CodeWorkbookSheets, Args: []string{strconv.Itoa(b.lim.Sheets)}}
	}
	state := t.attr("state")
	b.list = append(b.list, Sheet{Name: t.attr("name"), Hidden: state == "hidden" || state == "veryHidden"})
	b.parts = append(b.parts, f)
	return nil
}

var errNoSheetPart = errors.New("a sheet without its part")

// readStyles keeps what each cell format means for numbers.
func (b *Xlsx) readStyles(part *zip.File) error {
	formats := map[string]cellStyle{}
	return eachTag(part, b.lim, func(around []string, t *xmlToken) error {
		if len(around) == 0 {
			return nil
		}
		switch in := around[len(around)-1]; {
		case in == "numFmts" && t.is("numFmt"):
			formats[t.attr("numFmtId")] = formatStyle(t.attr("formatCode"))
		case in == "cellXfs" && t.is("xf"):
			id := t.attr("numFmtId")
			s, ok := formats[id]
			if n, err := strconv.Atoi(id); err == nil && !ok {
				s = builtinStyle(n)
			}
			b.styles = append(b.styles, s)
		}
		return nil
	})
}

func (b *Xlsx) Sheets() []Sheet { return b.list }

func (b *Xlsx) Close() error {
	b.Strings.release()
	return nil
}

// problem says what is wrong with the workbook, near a row of a sheet.
func (b *Xlsx) problem(sheet string, row int, err error) *problem.Problem {
	return workbookProblem(b.name, sheet, row, err)
}

// openPart opens a part of a package for reading. A long one is unpacked on
// another goroutine, until it is closed.
func openPart(f *zip.File, lim problem.Limits, maxSize int64) (io.ReadCloser, error) {
	switch {
	case f.UncompressedSize64 > uint64(maxSize):
		return nil, ErrTooLarge
	case f.UncompressedSize64 > uint64(lim.RatioFrom) && f.UncompressedSize64/uint64(lim.Ratio) > f.CompressedSize64:
		return nil, errRatio
	}
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	left := maxSize
	capped := &capReader{r: rc, left: &left, packed: int64(f.CompressedSize64), ratio: lim.Ratio, from: lim.RatioFrom}
	var r io.Reader = capped
	var ahead *aheadReader
	if f.UncompressedSize64 > aheadFrom {
		ahead = newAheadReader(capped)
		r = ahead
	}
	text, err := decodeXML(r)
	if err != nil {
		err = errors.Join(err, closePart(ahead, rc))
		return nil, err
	}
	return &partReader{Reader: text, ahead: ahead, rc: rc}, nil
}

type partReader struct {
	io.Reader
	ahead *aheadReader
	rc    io.Closer
}

func (p *partReader) Close() error { return closePart(p.ahead, p.rc) }

func closePart(ahead *aheadReader, rc io.Closer) error {
	if ahead != nil {
		ahead.stop()
	}
	return rc.Close()
}

// decodeXML turns UTF-16, which a package may use, into UTF-8.
func decodeXML(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 16)
	mark, err := br.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if string(mark) == "\xFF\xFE" || string(mark) == "\xFE\xFF" {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(br), nil
	}
	return br, nil
}
