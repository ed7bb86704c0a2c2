package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// book is a workbook in the making. excelize makes everything around the rows:
// styles, widths, panes, filters, drop-downs, print settings, links, charts.
// The rows themselves never pass through it.
type book struct {
	run    *Run
	file   *excelize.File
	styles styles
	d      *deflater
	sheets []*sheet // table sheets in the order of the workbook
}

// unzipLimit bounds what excelize would unpack; it reads nothing here, and its
// own default is 16 GB.
const unzipLimit = 64 << 20

func newBook(run *Run, workers int) (b *book, err error) {
	defer recovered(&err)
	b = &book{run: run, d: newDeflater(workers, run.TempDir)}
	b.file = excelize.NewFile(excelize.Options{UnzipSizeLimit: unzipLimit, UnzipXMLSizeLimit: unzipLimit})
	err = b.styles.define(b.file)
	return b, err
}

// recovered turns a panic of excelize into an error: a report that cannot be
// made must not take the run's other results with it.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = errors.Join(*err, fmt.Errorf("report: the workbook could not be made: %v", p))
	}
}

func (b *book) newBody() *bodyWriter { return &bodyWriter{d: b.d} }

func (b *book) close() {
	b.d.close()
	_ = b.file.Close()
}

// styles are the ids of excelize's styles.
type styles struct {
	body                        [numKinds]int
	title, link, linkCell, head int
	totalLabel, totalMoney      int
	totalInt                    int
	heading, note               int // of 汇总
	label, value, amount, count int
	good, bad, amber, said      int
	wrap, date                  int
	done, aged                  int // conditional
	digest                      int
}

const (
	fontName    = "微软雅黑"
	fontSize    = 10
	moneyFormat = `#,##0.00;[Red]-#,##0.00`
	dateFormat  = `yyyy-mm-dd`
	timeFormat  = `yyyy-mm-dd hh:mm:ss`
	textFormat  = `@`
	intFormat   = `#,##0`
	navy        = "1F3864"
	paleYellow  = "FFF9DB"
	paleBlue    = "DDEBF7"
	lineColour  = "D0D0D0"
)

// look is a style in the making.
type look struct {
	format     string
	horizontal string
	fill       string
	colour     string
	bold, link bool
	size       float64
	wrap       bool
	border     bool
}

func (k look) style() *excelize.Style {
	s := &excelize.Style{
		Font:      &excelize.Font{Family: fontName, Size: fontSize, Bold: k.bold, Color: k.colour},
		Alignment: &excelize.Alignment{Horizontal: k.horizontal, Vertical: "center", WrapText: k.wrap},
	}
	if k.size > 0 {
		s.Font.Size = k.size
	}
	if k.link {
		s.Font.Underline = "single"
	}
	if k.format != "" {
		s.CustomNumFmt = &k.format
	}
	if k.fill != "" {
		s.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{k.fill}}
	}
	if k.border {
		for _, side := range []string{"left", "top", "right", "bottom"} {
			s.Border = append(s.Border, excelize.Border{Type: side, Color: lineColour, Style: 1})
		}
	}
	return s
}

func (s *styles) define(f *excelize.File) error {
	body := look{border: true}
	with := func(base look, change func(*look)) look { change(&base); return base }
	money := func(k *look) { k.format, k.horizontal = moneyFormat, "right" }
	ids := []struct {
		id *int
		look
	}{
		{&s.body[kText], with(body, func(k *look) { k.format = textFormat })},
		{&s.body[kLog], with(body, func(k *look) { k.format, k.wrap = textFormat, true })},
		{&s.body[kCode], with(body, func(k *look) { k.format, k.horizontal = textFormat, "center" })},
		{&s.body[kMoney], with(body, money)},
		{&s.body[kDate], with(body, func(k *look) { k.format, k.horizontal = dateFormat, "center" })},
		{&s.body[kTime], with(body, func(k *look) { k.format, k.horizontal = timeFormat, "center" })},
		{&s.body[kInt], with(body, func(k *look) { k.format, k.horizontal = intFormat, "right" })},
		{&s.body[kDecision], with(body, func(k *look) { k.format, k.horizontal, k.fill = textFormat, "center", paleYellow })},
		{&s.body[kID], look{border: true, format: textFormat, size: 7.5, colour: "7F7F7F"}},
		{&s.body[kNote], with(body, func(k *look) { k.format, k.wrap, k.fill = textFormat, true, paleYellow })},
		{&s.title, look{bold: true, size: 13, colour: navy}},
		{&s.link, look{bold: true, size: 13, colour: navy}},
		{&s.linkCell, look{link: true, colour: "0563C1", border: true}},
		{&s.head, look{bold: true, colour: "FFFFFF", fill: navy, horizontal: "center", wrap: true, border: true}},
		{&s.totalLabel, look{bold: true, fill: paleBlue, border: true, horizontal: "center"}},
		{&s.totalMoney, with(look{bold: true, fill: paleBlue, border: true}, money)},
		{&s.totalInt, look{bold: true, fill: paleBlue, border: true, format: intFormat, horizontal: "right"}},
		{&s.heading, look{bold: true, size: 11, colour: navy}},
		{&s.note, look{colour: "595959", wrap: true}},
		{&s.label, with(body, func(k *look) { k.wrap = true })},
		{&s.value, with(body, func(k *look) { k.format, k.wrap, k.horizontal = textFormat, true, "center" })},
		{&s.wrap, with(body, func(k *look) { k.format, k.wrap = textFormat, true })},
		{&s.amount, with(body, money)},
		{&s.count, with(body, func(k *look) { k.format, k.horizontal = intFormat, "right" })},
		{&s.date, with(body, func(k *look) { k.format, k.horizontal = dateFormat, "center" })},
		{&s.good, with(body, func(k *look) { k.bold, k.colour, k.fill, k.horizontal = true, "375623", "E2EFDA", "center" })},
		{&s.bad, with(body, func(k *look) {
			k.bold, k.colour, k.fill, k.horizontal, k.wrap = true, "9C0006", "FFC7CE", "center", true
		})},
		{&s.amber, with(body, func(k *look) {
			k.bold, k.colour, k.fill, k.horizontal, k.wrap = true, "7F6000", "FFF2CC", "center", true
		})},
		{&s.said, look{size: 11, wrap: true}},
		{&s.digest, look{border: true, format: textFormat, size: 7.5}},
	}
	for _, it := range ids {
		id, err := f.NewStyle(it.style())
		if err != nil {
			return err
		}
		*it.id = id
	}
	return s.defineConditional(f)
}

func (s *styles) defineConditional(f *excelize.File) (err error) {
	s.done, err = f.NewConditionalStyle(&excelize.Style{
		Font: &excelize.Font{Color: "375623"}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E2EFDA"}},
	})
	if err != nil {
		return err
	}
	s.aged, err = f.NewConditionalStyle(&excelize.Style{Font: &excelize.Font{Color: "C00000", Bold: true}})
	return err
}

// agedDays is from when on an age is shown in red.
const agedDays = 30

// assemble makes the sheets around the rows that have been written, and writes
// the whole workbook. The verifier knows what reading it back must find.
func (b *book) assemble(w io.Writer, front *front) (v *verifier, err error) {
	defer recovered(&err)
	for _, s := range b.sheets {
		for _, p := range s.parts {
			p.body.finish()
		}
	}
	if err := b.d.finish(); err != nil {
		return nil, err
	}
	bodies := map[string]body{}
	v = &verifier{moneyStyle: strconv.Itoa(b.styles.body[kMoney]), want: map[string]tally{}}
	if err := b.addFront(front, bodies, v.want); err != nil {
		return nil, err
	}
	for _, p := range b.parts() {
		if err := b.addPart(p, front.name, bodies, v.want); err != nil {
			return nil, fmt.Errorf("report: sheet %s: %w", p.name, err)
		}
	}
	if err := b.describe(); err != nil {
		return nil, err
	}
	collected := &parts{}
	b.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return collected.reset() })
	if err := b.file.Write(io.Discard); err != nil {
		return nil, err
	}
	v.blocks, err = collected.pack(w, b.d, bodies)
	return v, err
}

// parts are all parts of all sheets that have rows, in the workbook's order.
func (b *book) parts() []*part {
	var out []*part
	for _, s := range b.sheets {
		out = append(out, s.parts...)
	}
	return out
}

// namePart gives the parts of a sheet their names: 未匹配, 未匹配(续2) …
func (b *book) nameParts() {
	for _, s := range b.sheets {
		for i, p := range s.parts {
			p.name = s.spec.name
			if i > 0 {
				p.name += text{"(续" + strconv.Itoa(i+1) + ")", " (" + strconv.Itoa(i+1) + ")"}.in(b.run.Lang)
			}
		}
	}
}

// partPath is the part's name in the archive: excelize numbers sheets in the
// order in which they are made.
func (b *book) partPath() string {
	return "xl/worksheets/sheet" + strconv.Itoa(b.file.SheetCount) + ".xml"
}

func (b *book) addFront(g *front, bodies map[string]body, want map[string]tally) error {
	if err := b.file.SetSheetName("Sheet1", g.name); err != nil {
		return err
	}
	if err := b.page(g.name, "", navy, frontLine, g.pages()); err != nil {
		return err
	}
	off := false
	if err := b.file.SetSheetView(g.name, 0, &excelize.ViewOptions{ShowGridLines: &off}); err != nil {
		return err
	}
	for _, w := range g.widths {
		if err := b.file.SetColWidth(g.name, w.from, w.to, w.width); err != nil {
			return err
		}
	}
	if err := g.decorate(b); err != nil {
		return err
	}
	if err := g.addCharts(b); err != nil {
		return err
	}
	xml, last := g.xml()
	bodies[b.partPath()] = body{dimension: last, head: xml}
	want[b.partPath()] = g.tally(b.styles.body[kMoney])
	return nil
}

func (b *book) addPart(p *part, front string, bodies map[string]body, want map[string]tally) error {
	if _, err := b.file.NewSheet(p.name); err != nil {
		return err
	}
	rows := p.rows + firstRow - 1
	last := columnName(len(p.sheet.headings)-1) + strconv.Itoa(rows)
	if err := b.dress(p, front, last); err != nil {
		return err
	}
	// AutoFilter of excelize 2.11.0 replaces all properties of the sheet: the
	// tab colour and "fit to page" have to come after it.
	if err := b.page(p.name, "$"+strconv.Itoa(headRow)+":$"+strconv.Itoa(headRow), p.sheet.spec.colour, lineHeight, 0); err != nil {
		return err
	}
	bodies[b.partPath()] = body{dimension: "A1:" + last, head: b.headRows(p), blocks: p.body.blocks}
	want[b.partPath()] = tally{rows: rows, sums: p.sums, proof: p.sheet.proof}
	return nil
}

// page sets what every sheet has in print: A4 landscape, one page wide and
// pages high (0: as many as it takes), header rows on every page, page numbers.
func (b *book) page(name, repeat, colour string, height float64, pages int) error {
	yes, landscape, a4, one := true, "landscape", 9, 1
	margin, foot := 0.3, 0.5
	footer := text{"&L&8" + b.stamp() + "&R&8第 &P 页/共 &N 页", "&L&8" + b.stamp() + "&R&8Page &P of &N"}.in(b.run.Lang)
	err := errors.Join(
		b.file.SetSheetProps(name, &excelize.SheetPropsOptions{TabColorRGB: &colour, FitToPage: &yes, DefaultRowHeight: &height, CustomHeight: &yes}),
		b.file.SetPageLayout(name, &excelize.PageLayoutOptions{Orientation: &landscape, Size: &a4, FitToWidth: &one, FitToHeight: &pages}),
		b.file.SetPageMargins(name, &excelize.PageLayoutMarginsOptions{Left: &margin, Right: &margin, Top: &margin, Bottom: &foot}),
		b.file.SetHeaderFooter(name, &excelize.HeaderFooterOptions{OddFooter: footer}),
	)
	if err != nil || repeat == "" {
		return err
	}
	return b.file.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: "'" + name + "'!" + repeat, Scope: name})
}

// stamp names the report on every page.
func (b *book) stamp() string {
	return text{"对账报告 ", "Reconciliation "}.in(b.run.Lang) + dateText(b.run.Result.AsOf)
}

// dress gives a table sheet its widths, panes, filter, drop-down and links.
func (b *book) dress(p *part, front, last string) error {
	f, s := b.file, p.sheet
	// Neighbours alike are set at once: every call copies all columns.
	for i, next := 0, 0; i < len(s.headings); i = next {
		wide, empty := p.columnWidth(i), s.empty(i)
		for next = i + 1; next < len(s.headings) && p.columnWidth(next) == wide && s.empty(next) == empty; {
			next++
		}
		from, to := columnName(i), columnName(next-1)
		if err := f.SetColWidth(p.name, from, to, wide); err != nil {
			return err
		}
		if empty {
			if err := f.SetColVisible(p.name, from+":"+to, false); err != nil {
				return err
			}
		}
	}
	top := strconv.Itoa(firstRow)
	err := errors.Join(
		f.SetPanes(p.name, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: headRow, TopLeftCell: "B" + top, ActivePane: "bottomRight"}),
		f.AutoFilter(p.name, "A"+strconv.Itoa(headRow)+":"+last, nil),
		f.AddIgnoredErrors(p.name, "A"+top+":"+last, excelize.IgnoredErrorsNumberStoredAsText),
		f.SetCellHyperLink(p.name, "A1", "'"+front+"'!A1", "Location"),
	)
	if err != nil {
		return err
	}
	return b.dressColumns(p, last)
}

func (b *book) dressColumns(p *part, last string) error {
	end := strconv.Itoa(p.rows + firstRow - 1)
	for i, h := range p.sheet.headings {
		name := columnName(i)
		at := name + strconv.Itoa(firstRow) + ":" + name + end
		switch {
		case h.kind == kDecision:
			if err := b.decisionList(p.name, at, decisionWords[:]...); err != nil {
				return err
			}
			if p.sheet.bulk() == i {
				if err := b.decisionList(p.name, name+strconv.Itoa(totalsRow), decisionWords[0]); err != nil {
					return err
				}
			}
			rule := b.closedRule(name)
			if err := b.file.SetConditionalFormat(p.name, "A"+strconv.Itoa(firstRow)+":"+last, []excelize.ConditionalFormatOptions{{Type: "formula", Criteria: rule, Format: &b.styles.done}}); err != nil {
				return err
			}
		case h.title == colAge.head.in(b.run.Lang):
			if err := b.file.SetConditionalFormat(p.name, at, []excelize.ConditionalFormatOptions{
				{Type: "cell", Criteria: ">", Value: strconv.Itoa(agedDays), Format: &b.styles.aged},
				{Type: "data_bar", Criteria: "=", MinType: "num", MinValue: "0", MaxType: "max", BarColor: "#F4B183", BarSolid: true},
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// bulk is the column whose cell above the header accepts all rows of which it is
// sure; -1 where the sheet has none.
func (s *sheet) bulk() int {
	sure := slices.ContainsFunc(s.headings, func(h heading) bool { return h.title == colSure.head.zh || h.title == colSure.head.en })
	if !sure {
		return -1
	}
	return slices.IndexFunc(s.headings, func(h heading) bool { return h.kind == kDecision })
}

// closedRule is true of a row whose decision closes its item.
func (b *book) closedRule(column string) string {
	var any []string
	for _, code := range []string{"accept", "adjusted", "written_off"} {
		any = append(any, fmt.Sprintf(`$%s%d="%s"`, column, firstRow, decisionWord(code, b.run.Lang)))
	}
	return "OR(" + strings.Join(any, ",") + ")"
}

func (b *book) decisionList(sheet, at string, list ...decisionText) error {
	v := excelize.NewDataValidation(true)
	v.Sqref = at
	words := make([]string, len(list))
	for i, d := range list {
		words[i] = d.in(b.run.Lang)
	}
	if err := v.SetDropList(words); err != nil {
		return err
	}
	// A clerk's own word is allowed; the list only saves typing.
	v.ShowErrorMessage = false
	return b.file.AddDataValidation(sheet, v)
}

// columnWidth fits the header, the totals and the widest cell up to the
// column's limit, with room for the filter's arrow.
func (p *part) columnWidth(i int) float64 {
	h := p.sheet.headings[i]
	w := min(p.widths[i], h.max)
	if h.kind == kMoney {
		w = max(p.widths[i], moneyWidth(p.sums[i].fen)+1, width(h.title))
	}
	if h.kind == kDecision || h.kind == kNote {
		w = h.max
	}
	least := 6
	if i == 0 {
		least = 14 // the label of the totals
	}
	return float64(max(w, (width(h.title)+1)/2+2, least)) + 0.6
}

// empty says whether a column has nothing in any row. It is hidden then, so
// that what there is can be read on paper.
func (s *sheet) empty(column int) bool {
	switch s.headings[column].kind {
	case kDecision, kNote:
		return false
	}
	return !slices.ContainsFunc(s.parts, func(p *part) bool { return p.widths[column] > 0 })
}

// headRows are the title, the totals and the header of a part.
func (b *book) headRows(p *part) []byte {
	g := &grid{}
	l := b.run.Lang
	// The title stands with the way back in the first column, which is frozen: a
	// hidden column beside it takes nothing away.
	g.put(titleRow, 0, b.styles.link, text{"← 汇总　", "← Summary   "}.in(l)+b.partTitle(p))
	g.height(titleRow, 24)
	for i, h := range p.sheet.headings {
		g.put(headRow, i, b.styles.head, h.title)
		column := columnName(i)
		at := column + strconv.Itoa(firstRow) + ":" + column + strconv.Itoa(p.rows+firstRow-1)
		switch {
		case i == 0:
			g.put(totalsRow, i, b.styles.totalLabel, text{"合计(随筛选)", "Total (filtered)"}.in(l))
		case h.kind == kMoney:
			g.formula(totalsRow, i, b.styles.totalMoney, "SUBTOTAL(109,"+at+")", p.sums[i])
		default:
			g.put(totalsRow, i, b.styles.totalLabel, "")
		}
	}
	if i := p.sheet.bulk(); i > 0 {
		g.put(totalsRow, i-1, b.styles.totalLabel, text{"把握高的全部 →", "all of high →"}.in(l))
		g.put(totalsRow, i, b.styles.body[kDecision], "")
	}
	g.height(headRow, 2*lineHeight+2)
	xml, _ := g.xml()
	return xml
}

func (b *book) partTitle(p *part) string {
	s, l := p.sheet, b.run.Lang
	title := fmt.Sprintf(text{"%s　对账日期 %s　共 %s 行", "%s   as of %s   %s rows"}.in(l), p.name, dateText(b.run.Result.AsOf), commas(strconv.Itoa(p.rows)))
	if len(s.parts) > 1 {
		title += fmt.Sprintf(text{"（第 %d 部分/共 %d 部分，总计 %s 行）", " (part %d of %d, %s rows in all)"}.in(l), p.index+1, len(s.parts), commas(strconv.Itoa(s.reserved)))
	}
	if s.dropped > 0 {
		title += fmt.Sprintf(text{"（超出表格行数上限，另有 %s 行未列出，全部明细见 CSV）", " (beyond the sheet's limit %s more rows are not listed; the CSV has them all)"}.in(l), commas(strconv.Itoa(s.dropped)))
	}
	return title
}

// describe sets the document properties. The creation time is the run's day,
// not the clock: equal runs give equal bytes.
func (b *book) describe() error {
	at := dateText(b.run.Result.AsOf) + "T00:00:00Z"
	return errors.Join(
		b.file.SetDocProps(&excelize.DocProperties{Title: b.stamp(), Creator: "duizhang " + b.run.Version, LastModifiedBy: "duizhang", Created: at, Modified: at}),
		b.file.SetAppProps(&excelize.AppProperties{Application: application}),
	)
}

// total of a sheet over all its parts.
func (s *sheet) total(column int) (t sum) {
	for _, p := range s.parts {
		t.merge(p.sums[column])
	}
	return t
}
