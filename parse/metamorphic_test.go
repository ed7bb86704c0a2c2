package parse

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"

	"golang.org/x/text/encoding/unicode"
)

// A shape is another way to write down the cells of a delimited file.
type shape struct {
	name   string
	delim  byte // 0: the file's own
	quoted bool // every cell; else only those that need it
	eol    string
	encode func(*testing.T, string) []byte // nil: UTF-8
}

// shapesOf are the ways in which a file of a layout may as well be written.
func shapesOf(p *layout.Plan, eol string) (shapes []shape) {
	other := "\r\n"
	if eol == other {
		other = "\n"
	}
	inGBK := func(_ *testing.T, s string) []byte { return gbk(s) }
	inUTF16 := func(t *testing.T, s string) []byte { return utf16Text(t, []byte(s), unicode.LittleEndian) }
	withBOM := func(_ *testing.T, s string) []byte { return []byte("\xEF\xBB\xBF" + s) }
	shapes = append(shapes, shape{name: "other line ends", eol: other})
	if p.Quote {
		shapes = append(shapes,
			shape{name: "quoted", quoted: true, eol: eol},
			shape{name: "quoted, other line ends", quoted: true, eol: other},
			shape{name: "quoted, GB18030", quoted: true, eol: eol, encode: inGBK},
			shape{name: "quoted, UTF-16", quoted: true, eol: other, encode: inUTF16},
			shape{name: "quoted, BOM", quoted: true, eol: eol, encode: withBOM})
	}
	for _, d := range p.Layout.Compiled.Delims {
		if d == p.Delim {
			continue
		}
		name := map[byte]string{',': "comma", '\t': "tab", '|': "bar", ';': "semicolon"}[d]
		shapes = append(shapes, shape{name: name, delim: d, eol: eol}, shape{name: name + ", GB18030", delim: d, eol: other, encode: inGBK})
		if p.Quote {
			shapes = append(shapes, shape{name: name + ", quoted", delim: d, quoted: true, eol: eol})
		}
	}
	return shapes
}

// write is the file in the shape; ok is false where the layout has no quotes
// and a cell would need them.
func (s shape) write(t *testing.T, rows [][]string, p *layout.Plan) (content []byte, ok bool) {
	delim := s.delim
	if delim == 0 {
		delim = p.Delim
	}
	var b strings.Builder
	for _, row := range rows {
		for i, c := range row {
			if i > 0 {
				b.WriteByte(delim)
			}
			switch {
			case s.quoted, p.Quote && strings.ContainsAny(c, string(delim)+"\""):
				b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `"`)
			case strings.IndexByte(c, delim) >= 0:
				return nil, false
			default:
				b.WriteString(c)
			}
		}
		b.WriteString(s.eol)
	}
	if s.encode == nil {
		return []byte(b.String()), true
	}
	return s.encode(t, b.String()), true
}

// alike is a reading without what the shape alone makes of the lines that
// messages show.
func alike(text string) string {
	return strings.NewReplacer(`\"`, "", `"`, "", `\t`, ",", "\t", ",", "|", ",", ";", ",", `\x1f`, ",").Replace(text)
}

// unlike are the files that a shape changes by its nature, and why. The key is
// "layout/file as shape"; a shape that ends in * stands for all that begin so.
var unlike = map[string]string{}

func exempt(file, shape string) bool {
	if _, ok := unlike[file+" as "+shape]; ok {
		return true
	}
	for i := range shape {
		if _, ok := unlike[file+" as "+shape[:i]+"*"]; ok {
			return true
		}
	}
	return false
}

// TestEveryShapeOfAFileReadsTheSame writes the cells of the layouts' corpus,
// good files and bad ones, in every other way that says the same: all of them
// quoted, with the other line ends, with other delimiters of the layout, as
// a workbook. Rows, rejects, counts, sums, checks and problems stay the same.
func TestEveryShapeOfAFileReadsTheSame(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	ls, dir := builtin(t), t.TempDir()
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		opt := &Options{Layouts: ls, AsOf: record.Civil(2026, 3, 10)}
		if l := ls.Get(filepath.Base(filepath.Dir(file))); l.Explicit {
			opt.Layout = Overrides{{Value: l.Name}}
		}
		checkShapes(t, dir, file, content, opt)
	}
}

func checkShapes(t *testing.T, dir, file string, content []byte, opt *Options) {
	t.Helper()
	name := filepath.Base(file)
	short := strings.TrimPrefix(filepath.ToSlash(file), "testdata/layouts/")
	p, rows := shapeOfFile(t, opt, file, content)
	if p == nil {
		return
	}
	eol := "\n"
	if strings.Contains(string(content), "\r\n") {
		eol = "\r\n"
	}
	read := func(content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return alike(readAll(t, path, opt))
	}
	want := read(content)
	same := func(shape string, content []byte) {
		if exempt(short, shape) {
			return
		}
		if got := read(content); got != want {
			t.Errorf("%s as %s:\n%s\nwant\n%s", short, shape, got, want)
		}
	}
	for _, s := range shapesOf(p, eol) {
		if b, ok := s.write(t, rows, p); ok {
			same(s.name, b)
		}
	}
	if strings.Join(rows[len(rows)-1], "") != "" { // a workbook does not count blank rows at its end
		same("xlsx", xlsxOf(t, rows))
	}
}

// shapeOfFile is how a delimited file is cut, and its cells; nil for others. A
// file that is refused is cut as its layout says, by the first delimiter it has.
func shapeOfFile(t *testing.T, opt *Options, file string, content []byte) (*layout.Plan, [][]string) {
	r := reading{name: filepath.Base(file), asOf: opt.AsOf, layouts: opt.Layouts}
	if len(opt.Layout) > 0 {
		r.layout = opt.Layout[0].Value
	}
	p := r.read(t, content).plan
	if p == nil {
		l := opt.Layouts.Get(filepath.Base(filepath.Dir(file)))
		l.Complete()
		p = &layout.Plan{Layout: l, Form: l.Compiled.Form, Quote: l.Compiled.Quote}
		for _, d := range l.Compiled.Delims {
			if p.Delim == 0 && strings.IndexByte(string(content), d) >= 0 {
				p.Delim = d
			}
		}
	}
	if p.Form != layout.FormDelimited || p.Layout.Ignore {
		return nil, nil
	}
	var rows [][]string
	for _, line := range strings.Split(strings.TrimSuffix(string(content), "\n"), "\n") {
		var row []string
		for _, c := range cutRow([]byte(strings.TrimSuffix(line, "\r")), p) {
			row = append(row, string(c))
		}
		rows = append(rows, row)
	}
	return p, rows
}
