package report

import (
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// grid is a small sheet, or a piece of one, whose cells are placed freely.
type grid struct {
	name    string
	cells   map[[2]int]gridValue // by row (from 1) and column (from 0)
	heights map[int]float64
	widths  []gridWidth
	merges  [][2]string
	links   []gridLink
}

// gridValue is a cell; an empty body is a cell that only has a style.
type gridValue struct {
	style int
	text  string
	body  string // `<v>…</v>` or `<f>…</f><v>…</v>` of a number
}

type gridWidth struct {
	from, to string
	width    float64
}

// gridLink leads from a cell to a sheet of the same workbook.
type gridLink struct{ cell, sheet string }

func (g *grid) set(row, col int, v gridValue) {
	if g.cells == nil {
		g.cells, g.heights = map[[2]int]gridValue{}, map[int]float64{}
	}
	g.cells[[2]int{row, col}] = v
}

func (g *grid) put(row, col, style int, s string) { g.set(row, col, gridValue{style: style, text: s}) }

func (g *grid) count64(row, col, style int, n int64) {
	g.set(row, col, gridValue{style: style, body: "<v>" + strconv.FormatInt(n, 10) + "</v>"})
}

func (g *grid) money(row, col, style int, f money.Fen) {
	if f > exactFen || f < -exactFen {
		g.put(row, col, style, grouped(f))
		return
	}
	g.set(row, col, gridValue{style: style, body: "<v>" + yuan(f) + "</v>"})
}

func (g *grid) date(row, col, style int, d record.Date) {
	if d == 0 {
		g.put(row, col, style, "")
		return
	}
	g.set(row, col, gridValue{style: style, body: "<v>" + strconv.Itoa(int(d)+serial) + "</v>"})
}

// formula writes a formula with the value that it has now, so that previews
// which do not calculate show it too.
func (g *grid) formula(row, col, style int, formula string, now sum) {
	body := "<f>" + formula + "</f>"
	if !now.overflow {
		body += "<v>" + yuan(now.fen) + "</v>"
	}
	g.set(row, col, gridValue{style: style, body: body})
}

func (g *grid) height(row int, points float64) { g.heights[row] = points }

// merge joins the cells from (row, col) to (row, to); all get the style.
func (g *grid) merge(row, col, to, style int, s string) {
	g.put(row, col, style, s)
	for c := col + 1; c <= to; c++ {
		g.put(row, c, style, "")
	}
	g.merges = append(g.merges, [2]string{cellName(row, col), cellName(row, to)})
}

func cellName(row, col int) string { return columnName(col) + strconv.Itoa(row) }

// xml is the grid's rows and the range that they fill.
func (g *grid) xml() (xml []byte, dimension string) {
	places := make([][2]int, 0, len(g.cells))
	lastRow, lastCol := 1, 0
	for at := range g.cells {
		places = append(places, at)
		lastRow, lastCol = max(lastRow, at[0]), max(lastCol, at[1])
	}
	slices.SortFunc(places, func(a, b [2]int) int { return slices.Compare(a[:], b[:]) })
	row := 0
	for _, at := range places {
		if at[0] != row {
			if row != 0 {
				xml = append(xml, rowEnd...)
			}
			row = at[0]
			xml = g.openRow(xml, row)
		}
		xml = g.cells[at].append(xml, cellName(at[0], at[1]))
	}
	if row != 0 {
		xml = append(xml, rowEnd...)
	}
	return xml, "A1:" + cellName(lastRow, lastCol)
}

// tally is what reading the grid back must find.
func (g *grid) tally(moneyStyle int) tally {
	rows, t := map[int]bool{}, tally{}
	for at, v := range g.cells {
		rows[at[0]] = true
		for len(t.sums) <= at[1] {
			t.sums = append(t.sums, sum{})
		}
		if v.style == moneyStyle && v.body != "" {
			f, _ := readYuan([]byte(v.body[len("<v>"):]))
			t.sums[at[1]].add(f)
		}
	}
	t.rows = len(rows)
	return t
}

func (g *grid) openRow(xml []byte, row int) []byte {
	xml = append(xml, `<row r="`...)
	xml = strconv.AppendInt(xml, int64(row), 10)
	if h := g.heights[row]; h > 0 {
		xml = append(xml, `" ht="`...)
		xml = strconv.AppendFloat(xml, h, 'f', -1, 64)
		xml = append(xml, `" customHeight="1`...)
	}
	return append(xml, `">`...)
}

func (v gridValue) append(xml []byte, name string) []byte {
	xml = append(xml, `<c r="`...)
	xml = append(xml, name...)
	xml = append(xml, `" s="`...)
	xml = strconv.AppendInt(xml, int64(v.style), 10)
	switch {
	case v.body != "":
		xml = append(xml, `">`...)
		xml = append(xml, v.body...)
		return append(xml, `</c>`...)
	case v.text == "":
		return append(xml, `"/>`...)
	}
	xml = append(xml, `" t="inlineStr"><is><t xml:space="preserve">`...)
	xml = appendXML(xml, clip(v.text))
	return append(xml, `</t></is></c>`...)
}

// decorate adds what excelize keeps outside the rows.
func (g *grid) decorate(b *book) error {
	for _, m := range g.merges {
		if err := b.file.MergeCell(g.name, m[0], m[1]); err != nil {
			return err
		}
	}
	for _, l := range g.links {
		if err := b.file.SetCellHyperLink(g.name, l.cell, "'"+l.sheet+"'!A1", "Location"); err != nil {
			return err
		}
	}
	return nil
}
