package layout

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// IsOtherHeader says whether a row that cannot be read is a header whose columns
// stand in another order than the document's: two exports were put together,
// and what follows it would be read by the wrong columns.
func (p *Plan) IsOtherHeader(cells [][]byte) bool {
	moved := 0
	for _, a := range p.again {
		if a.cell < len(cells) && bytes.Equal(Trim(cells[a.cell]), a.text) || len(a.text) == 0 {
			continue
		}
		for _, c := range cells {
			if bytes.Equal(Trim(c), a.text) {
				moved++
				break
			}
		}
	}
	return moved > 1
}

// otherAbove finds a table of the same columns, but for one that it lacks, above
// the header that was chosen because it is the wider one.
func (s *View) otherAbove(f *fit) *problem.Problem {
	for i := 0; f.hdr != nil && i+1 < f.line; i++ {
		h := s.header(i, f.delim)
		if h == nil || h.width < 3 || !f.hdr.hasAll(h) || len(missingColumns(f.layout.Compiled, h.assign(f.layout.Compiled.Columns))) > 0 {
			continue
		}
		return &problem.Problem{Code: CodeOtherHeader, Line: int64(f.line + 1), Value: cutRunes(s.Lines[f.line].Text, problem.MaxShown)}
	}
	return nil
}

// hasAll says whether every column of o is one of h.
func (h *header) hasAll(o *header) bool {
	for i, n := range o.names[:o.width] {
		if o.cells[i] != "" && h.count[n.Key] == 0 {
			return false
		}
	}
	return true
}

// rowAbove finds a row above the header: a transaction of the table itself, or
// one of another table that somebody put before it.
func (s *View) rowAbove(p *Plan, f *fit) *problem.Problem {
	if f.hdr == nil {
		return nil
	}
	b := NewBinder(p)
	var row record.Row
	for i, d := range s.Lines[:f.line] {
		if strings.TrimSpace(d.Text) == "" {
			continue
		}
		above := s.isOtherRow(d)
		if cells := p.LineCells(d); !above && p.Form == FormDelimited && len(cells) >= f.hdr.width {
			v, _ := b.Bind(&text.Record{Cells: cells}, &row, 0)
			above = v == Accepted
		}
		if above {
			return &problem.Problem{Code: CodeRowAbove, Line: int64(i + 1), Value: cutRunes(strings.ReplaceAll(d.Text, "\x1f", ", "), problem.MaxShown), Args: []string{strconv.Itoa(f.line + 1)}}
		}
	}
	return nil
}

// isOtherRow says whether a line looks like a row of any table, however that may
// be cut.
func (s *View) isOtherRow(d docLine) bool {
	delims := []byte(",\t|;^")
	if s.In.Spooled {
		delims = []byte{text.SpoolCell}
	}
	for _, delim := range delims {
		if strings.IndexByte(d.Text, delim) < 0 {
			continue
		}
		if cells := s.LineTexts(d, delim); TotalOf(cells) == NoTotal && isLikeRow(cells) {
			return true
		}
	}
	if s.In.Spooled || len(d.Raw) < minFixedLine {
		return false
	}
	if cells := strings.Fields(d.Text); len(cells) >= leastAligned && TotalOf(cells) == NoTotal && isLikeRow(cells) {
		return true // of a report that is aligned by blanks
	}
	return slices.ContainsFunc(s.In.Layouts.All, func(l *Layout) bool {
		return l.Sign.Headerless && l.Sign.Form != FormDelimited && !l.Ignore && l.Complete().line != nil && l.fitsLine(d.Raw, s.In.Enc)
	})
}

// leastAligned is how many cells a row has at least that blanks alone separate.
const leastAligned = 6

// minFixedLine is how long a line of a fixed or blank-aligned form is at least.
const minFixedLine = 40

const (
	CodeOtherHeader problem.Code = "other_header"
	CodeRowAbove    problem.Code = "row_above_header"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeOtherHeader: {ZH: "表中间又出现一个列序不同的表头 {value}：是两个文件拼在一起的；请拆成两个文件，各带自己的表头", EN: "within the table stands another header, {value}, with its columns in another order: two exports were put together; make two files of it, each with its own header"},
	CodeRowAbove:    {ZH: "这一行 {value} 是交易，却在表头（第 {0} 行）之上，没有读取；请把表头移到最前面，或把两个文件拆开", EN: "this row, {value}, is a transaction but stands above the header in line {0}; put the header first, or make two files of it"},
})
