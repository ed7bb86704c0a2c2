package draft

import (
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/text"
)

// maxDraftRows is how many rows a draft looks at.
const maxDraftRows = 300

// A DraftTable is what of a document looks like a table.
type DraftTable struct {
	in      layout.Sample
	form    layout.FormKind
	delim   byte
	Header  int // line of the header, -1 without one
	columns []draftColumn
	rows    int
	lengths []int // of the lines of a fixed form
	Score   int
}

// draftColumn is one column with what its cells hold.
type draftColumn struct {
	header     string
	start, len int // of a fixed form
	values     []string
	filled     int
}

// FindTable looks for the line and the delimiter that make the best table.
func FindTable(in layout.Sample) *DraftTable {
	s := layout.NewSight(in)
	s.Lines = layout.CutLines(in.Head, 0, s.EOL, in.Enc, layout.MaxPreamble+maxDraftRows)
	if n := len(s.Lines); n > 1 && !s.Whole && n < layout.MaxPreamble+maxDraftRows {
		s.Lines = s.Lines[:n-1]
	}
	var best *DraftTable
	better := func(t *DraftTable) {
		if t != nil && (best == nil || t.Score > best.Score) {
			best = t
		}
	}
	delims := []byte(",\t|;^")
	if in.Spooled {
		delims = []byte{text.SpoolCell}
	}
	for _, delim := range delims {
		rows := tableRows(s, delim)
		for i := range s.Lines[:min(len(s.Lines), layout.MaxPreamble+1)] {
			better(delimitedTable(s, i, delim, rows))
		}
	}
	if best == nil && !in.Spooled {
		best = fixedTable(s)
	}
	return best
}

// A tableRow is what begins with a line, and the lines that it takes.
type tableRow struct {
	cells []string
	lines int
}

// tableRows cuts all lines in sight.
func tableRows(s *layout.View, delim byte) []tableRow {
	rows := make([]tableRow, len(s.Lines))
	for i := range rows {
		rows[i].cells, rows[i].lines = s.TextCells(i, delim)
	}
	return rows
}

// delimitedTable is the table whose header is a line, or whose first row it is
// where it is no header.
func delimitedTable(s *layout.View, line int, delim byte, rows []tableRow) *DraftTable {
	head := rows[line].cells
	for len(head) > 0 && strings.TrimSpace(head[len(head)-1]) == "" {
		head = head[:len(head)-1]
	}
	if len(head) < 3 || len(head) > layout.MaxColumns {
		return nil
	}
	t := &DraftTable{in: s.In, form: layout.FormDelimited, delim: delim, Header: line}
	names := 0
	for _, c := range head {
		c = strings.TrimSpace(string(layout.Unguard([]byte(c))))
		t.columns = append(t.columns, draftColumn{header: c})
		names += Btoi(looksLikeName(c))
	}
	first := line + rows[line].lines
	if names*4 < len(head)*3 {
		t.Header, first = -1, line
		if names*3 > len(head) {
			return nil
		}
	}
	for i := first; i < len(rows); i += rows[i].lines {
		t.addRow(rows[i].cells)
	}
	if t.rows == 0 || t.Header < 0 && t.rows < 2 {
		return nil
	}
	t.Score = t.rows*len(t.columns) + 40*Btoi(t.Header >= 0)*len(t.columns)
	return t
}

// looksLikeName tells a column's name from a value.
func looksLikeName(c string) bool {
	if c == "" || len([]rune(c)) > 40 {
		return false
	}
	digits := 0
	for _, r := range c {
		digits += Btoi(r >= '0' && r <= '9')
	}
	if digits*2 > len(c) {
		return false
	}
	_, code := layout.ParseWhen([]byte(c))
	return code != ""
}

// addRow takes a row if it has the table's width and is no total.
func (t *DraftTable) addRow(cells []string) {
	n := len(cells)
	for n > 0 && strings.TrimSpace(cells[n-1]) == "" {
		n--
	}
	if n < 2 || n > len(t.columns) || len(cells) < len(t.columns) && t.delim != text.SpoolCell || layout.TotalOf(cells) != layout.NoTotal || layout.IsTotal(layout.NormWord(cells[0])) || strings.HasPrefix(cells[0], "#") {
		return
	}
	t.rows++
	for i := range t.columns {
		v := ""
		if i < len(cells) {
			v = strings.TrimSpace(string(layout.Unguard([]byte(cells[i]))))
		}
		t.columns[i].add(v)
	}
}

func (c *draftColumn) add(v string) {
	if v == "" || v == "-" || v == "--" || v == "*" || v == "/" {
		v = ""
	}
	c.values = append(c.values, v)
	c.filled += Btoi(v != "")
}

// fixedTable is the table of lines of one length, whose fields are separated by
// columns that are blank in every line.
func fixedTable(s *layout.View) *DraftTable {
	count := map[int]int{}
	raw := make([][]byte, len(s.Lines))
	for i, d := range s.Lines {
		if raw[i] = d.Raw; s.In.Enc != text.GB18030 && text.FirstHigh(d.Raw) >= 0 {
			raw[i] = layout.EncodeGB18030(d.Text) // whose bytes the places of a fixed form are
		}
		count[len(raw[i])]++
	}
	length, most := 0, 0
	for l, n := range count {
		if l >= 40 && (n > most || n == most && l > length) {
			length, most = l, n
		}
	}
	if most < 2 || most*4 < len(s.Lines)*3 {
		return nil
	}
	t := &DraftTable{in: s.In, form: layout.FormFixed, Header: -1, Score: most}
	used := make([]bool, length)
	var lines [][]byte
	for _, line := range raw {
		if len(line) != length {
			continue
		}
		lines = append(lines, line)
		for i, b := range line {
			used[i] = used[i] || b != ' '
		}
	}
	for i := 0; i < length; i++ {
		if !used[i] {
			continue
		}
		from := i
		for i < length && used[i] {
			i++
		}
		t.columns = append(t.columns, draftColumn{start: from, len: i - from})
	}
	if len(t.columns) < 4 {
		return nil
	}
	t.lengths = []int{length}
	for _, line := range lines {
		t.rows++
		for i := range t.columns {
			c := &t.columns[i]
			text, _ := text.GB18030.AppendText(nil, line[c.start:c.start+c.len])
			c.add(strings.TrimSpace(string(text)))
		}
	}
	return t
}

// fixedLine is an expression that the rows of a fixed form match: the first
// fields, as far as they hold digits only.
func (t *DraftTable) fixedLine() string {
	var b strings.Builder
	b.WriteString("^")
	at := 0
	for i, c := range t.columns {
		if i == 6 || slices.ContainsFunc(c.values, func(v string) bool { return text.FirstHigh([]byte(v)) >= 0 }) {
			break
		}
		b.WriteString(strings.Repeat(" ", c.start-at))
		class := "[^ ]"
		if !slices.ContainsFunc(c.values, func(v string) bool { return !digitsOnly.MatchString(v) || len(v) != c.len }) {
			class = "[0-9]"
		} else {
			class = "."
		}
		b.WriteString(class + "{" + itoa(c.len) + "}")
		at = c.start + c.len
	}
	return b.String()
}

var digitsOnly = regexp.MustCompile(`^[0-9]+$`)
