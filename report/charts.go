package report

import (
	"strconv"

	"github.com/xuri/excelize/v2"
)

// chartKind is the form of a chart on the front page.
type chartKind uint8

const (
	chartBar    chartKind = iota // horizontal bars
	chartColumn                  // upright columns
	chartTrend                   // stacked columns, the last series as a line
)

// frontChart shows rows first to last of a table on the front page: the
// categories stand in the column of names, the names of the series in the header
// row.
type frontChart struct {
	title       string
	kind        chartKind
	first, last int
	head        int
	names       int   // column
	series      []int // columns
	at          int   // row of the upper edge
}

// chartPlaces are where charts stand side by side: the column of the left edge
// and the width in pixels.
var chartPlaces = [...]struct {
	column string
	width  uint
}{{"A", 455}, {"F", 380}, {"J", 380}}

const chartHeight = 270 // pixels

var chartColours = []string{"2F75B5", "ED7D31", "70AD47", "FFC000", "7030A0", "00B0A0", "7F7F7F"}

func (f *front) addCharts(b *book) error {
	for i, c := range f.charts {
		place := chartPlaces[i%len(chartPlaces)]
		var charts []*excelize.Chart
		if c.kind == chartTrend {
			charts = f.trendChart(c)
		} else {
			charts = []*excelize.Chart{f.plainChart(c)}
		}
		for _, chart := range charts {
			chart.Dimension.Width = place.width
		}
		err := b.file.AddChart(f.name, place.column+strconv.Itoa(c.at), charts[0], charts[1:]...)
		if err != nil {
			return err
		}
	}
	return nil
}

// dark is the colour of axis texts: the default is too pale to read.
const dark = "333333"

func chartFont(size float64, bold bool) excelize.Font {
	return excelize.Font{Family: fontName, Size: size, Bold: bold, Color: dark}
}

func (f *front) base(c frontChart, kind excelize.ChartType, columns []int) *excelize.Chart {
	titleFont, vary := chartFont(11, true), false
	chart := &excelize.Chart{
		Type:       kind,
		VaryColors: &vary,
		Dimension:  excelize.ChartDimension{Height: chartHeight},
		Format:     excelize.GraphicOptions{OffsetX: 4, OffsetY: 4},
		Title:      excelize.ChartTitle{Paragraph: []excelize.RichTextRun{{Text: c.title, Font: &titleFont}}},
		Legend:     excelize.ChartLegend{Position: "none"},
		XAxis:      excelize.ChartAxis{Font: chartFont(9, false)},
		YAxis:      excelize.ChartAxis{Font: chartFont(9, false), MajorGridLines: true},
	}
	for n, col := range columns {
		chart.Series = append(chart.Series, excelize.ChartSeries{
			Name:       f.ref(c.head, c.head, col),
			Categories: f.ref(c.first, c.last, c.names),
			Values:     f.ref(c.first, c.last, col),
			Fill:       excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{chartColours[n%len(chartColours)]}},
		})
	}
	return chart
}

// ref is an absolute reference to a piece of a column of the front page.
func (f *front) ref(first, last, col int) string {
	at := func(row int) string { return "$" + columnName(col) + "$" + strconv.Itoa(row) }
	if first == last {
		return "'" + f.name + "'!" + at(first)
	}
	return "'" + f.name + "'!" + at(first) + ":" + at(last)
}

func (f *front) plainChart(c frontChart) *excelize.Chart {
	kind := excelize.Col
	if c.kind == chartBar {
		kind = excelize.Bar
	}
	chart := f.base(c, kind, c.series)
	gap := uint(60)
	chart.GapWidth = &gap
	chart.PlotArea.ShowVal = true
	if c.kind == chartBar {
		chart.XAxis.ReverseOrder = true // the first row of the table on top
		chart.YAxis.None = true         // every bar says its number
		chart.YAxis.MajorGridLines = false
		chart.PlotArea.NumFmt = excelize.ChartNumFmt{CustomNumFmt: intFormat}
	} else {
		chart.XAxis.TickLabelPosition = excelize.ChartTickLabelLow // below negative columns
		chart.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: intFormat}
		chart.PlotArea.NumFmt = excelize.ChartNumFmt{CustomNumFmt: `#,##0;-#,##0;;`}
	}
	return chart
}

// trendChart stacks the acquirers and draws what is open as a line.
func (f *front) trendChart(c frontChart) []*excelize.Chart {
	open := c.series[len(c.series)-1]
	bars := f.base(c, excelize.ColStacked, c.series[:len(c.series)-1])
	bars.Legend = excelize.ChartLegend{Position: "bottom", Font: new(excelize.Font)}
	*bars.Legend.Font = chartFont(9, false)
	bars.XAxis.TickLabelPosition = excelize.ChartTickLabelLow // below negative columns
	bars.YAxis.NumFmt = excelize.ChartNumFmt{CustomNumFmt: intFormat}
	line := f.base(c, excelize.Line, []int{open})
	line.YAxis.NumFmt = bars.YAxis.NumFmt
	line.XAxis.TickLabelPosition = bars.XAxis.TickLabelPosition
	line.Series[0].Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{red}}
	line.Series[0].Marker = excelize.ChartMarker{Symbol: "circle", Size: 6}
	return []*excelize.Chart{bars, line}
}
