package parse

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// isOtherHeader says whether a row that cannot be read is a header whose columns
// stand in another order than the document's: two exports were put together,
// and what follows it would be read by the wrong columns.
func (p *plan) isOtherHeader(cells [][]byte) bool {
	moved := 0
	for _, a := range p.again {
		if a.cell < len(cells) && bytes.Equal(trim(cells[a.cell]), a.text) || len(a.text) == 0 {
			continue
		}
		for _, c := range cells {
			if bytes.Equal(trim(c), a.text) {
				moved++
				break
			}
		}
	}
	return moved > 1
}

// otherAbove finds a table of the same columns, but for one that it lacks, above
// the header that was chosen because it is the wider one.
func (s *sight) otherAbove(f *fit) *Problem {
	for i := 0; f.hdr != nil && i+1 < f.line; i++ {
		h := s.header(i, f.delim)
		if h == nil || h.width < 3 || !f.hdr.hasAll(h) || len(missingColumns(f.layout.c, h.assign(f.layout.c.columns))) > 0 {
			continue
		}
		return &Problem{Code: codeOtherHeader, Line: int64(f.line + 1), Value: cutRunes(s.lines[f.line].text, maxShown)}
	}
	return nil
}

// hasAll says whether every column of o is one of h.
func (h *header) hasAll(o *header) bool {
	for i, n := range o.names[:o.width] {
		if o.cells[i] != "" && h.count[n.key] == 0 {
			return false
		}
	}
	return true
}

// rowAbove finds a row above the header: a transaction of the table itself, or
// one of another table that somebody put before it.
func (s *sight) rowAbove(p *plan, f *fit) *Problem {
	if f.hdr == nil {
		return nil
	}
	b := newBinder(p)
	var row Row
	for i, d := range s.lines[:f.line] {
		if strings.TrimSpace(d.text) == "" {
			continue
		}
		above := s.isOtherRow(d)
		if cells := p.lineCells(d); !above && p.form == formDelimited && len(cells) >= f.hdr.width {
			v, _ := b.bind(&rawRow{cells: cells}, &row, 0)
			above = v == accept
		}
		if above {
			return &Problem{Code: codeRowAbove, Line: int64(i + 1), Value: cutRunes(strings.ReplaceAll(d.text, "\x1f", ", "), maxShown), Args: []string{strconv.Itoa(f.line + 1)}}
		}
	}
	return nil
}

// isOtherRow says whether a line looks like a row of any table, however that may
// be cut.
func (s *sight) isOtherRow(d docLine) bool {
	delims := []byte(",\t|;^")
	if s.in.spooled {
		delims = []byte{spoolCell}
	}
	for _, delim := range delims {
		if strings.IndexByte(d.text, delim) < 0 {
			continue
		}
		if cells := s.lineTexts(d, delim); totalOf(cells) == noTotal && isLikeRow(cells) {
			return true
		}
	}
	if s.in.spooled || len(d.raw) < minFixedLine {
		return false
	}
	return slices.ContainsFunc(s.in.layouts.list, func(l *Layout) bool {
		return l.sign.headerless && l.sign.form != formDelimited && !l.Ignore && l.complete().line != nil && l.fitsLine(d.raw, s.in.enc)
	})
}

// minFixedLine is how long a line of a fixed or blank-aligned form is at least.
const minFixedLine = 40

const (
	codeOtherHeader Code = "other_header"
	codeRowAbove    Code = "row_above_header"
)

var _ = addMessages(map[Code]message{
	codeOtherHeader: {"表中间又出现一个列序不同的表头 {value}：是两个文件拼在一起的；请拆成两个文件，各带自己的表头", "within the table stands another header, {value}, with its columns in another order: two exports were put together; make two files of it, each with its own header"},
	codeRowAbove:    {"这一行 {value} 是交易，却在表头（第 {0} 行）之上，没有读取；请把表头移到最前面，或把两个文件拆开", "this row, {value}, is a transaction but stands above the header in line {0}; put the header first, or make two files of it"},
})
