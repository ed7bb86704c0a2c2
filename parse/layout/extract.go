package layout

import (
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// extract takes values from the file's name and from the lines around the rows.
func (s *View) extract(p *Plan) (fields map[record.Field]string, dates [4]record.Date) {
	fields = map[record.Field]string{}
	for _, e := range p.Layout.Compiled.extracts {
		for _, text := range s.around(p, e.from) {
			m := e.re.FindStringSubmatch(text)
			if m == nil {
				continue
			}
			for i, name := range e.re.SubexpNames() {
				if v := strings.TrimSpace(m[i]); name != "" && v != "" {
					p.take(name, v, fields, &dates)
				}
			}
			break
		}
	}
	return fields, dates
}

// around is the texts an extract may look at.
func (s *View) around(p *Plan, from string) (texts []string) {
	switch from {
	case "file":
		return []string{s.fileName()}
	case "tail":
		recs := s.below(p)
		for i := range recs {
			texts = append(texts, recs[i].forms(p)...)
		}
	default:
		recs := s.above(p)
		for i := range recs {
			texts = append(texts, recs[i].forms(p)...)
		}
	}
	return texts
}

// forms is a line as expressions that look for a value see it: plain, and with
// blanks between its cells, as a name and a value stand beside each other.
func (r *DocRecord) forms(p *Plan) []string {
	if p.Form != FormDelimited || len(r.Cells) < 2 {
		return []string{r.plain(p)}
	}
	return []string{strings.Join(textsOf(r.Cells, p.Enc), " "), r.plain(p)}
}

// take keeps one extracted value.
func (p *Plan) take(name, v string, fields map[record.Field]string, dates *[4]record.Date) {
	if name == "year" {
		if y, err := strconv.Atoi(v); err == nil {
			if day, ok := record.DateOf(y, 7, 1); ok { // every day of a year is nearest to its middle
				p.ref = day
			}
		}
		return
	}
	t := TargetNamed[name]
	if t.isText() {
		b := NewBinder(&Plan{Layout: p.Layout, Enc: text.UTF8})
		c := []byte(v)
		switch {
		case t.IsIdentifier():
			c = b.identifier(c, record.Field(t))
		case record.Field(t) == record.Account:
			c = b.account(c)
		case record.Field(t) == record.CardTail:
			c = b.cardTail(c)
		default:
			c = b.freeText(c)
		}
		if c != nil {
			fields[record.Field(t)] = string(c)
		}
		return
	}
	day, ok := dayInName(v)
	if !ok {
		return
	}
	p.ref = day
	if t >= Target(record.FieldClearingDate) && t <= Target(record.FieldPromisedDate) {
		dates[t-Target(record.FieldClearingDate)] = day
	}
}

// dayInName reads the day in a file's name or title: any common form, and six
// digits as year, month and day.
func dayInName(v string) (record.Date, bool) {
	if len(v) == 6 && strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		v = "20" + v
	}
	w, code := ParseWhen([]byte(v))
	return w.day, code == "" && w.HasDay
}

// maxTrailer is how many lines a block of totals may have.
const maxTrailer = 40

// findControls looks for declared totals above and below the rows.
func (s *View) findControls(p *Plan) *problem.Problem {
	c := p.Layout.Compiled
	found := make([]bool, len(c.controls))
	above := s.above(p)
	p.notOwn = make([]bool, len(c.controls))
	for k := range above {
		line := above[k].plain(p)
		for i := range c.controls {
			p.notOwn[i] = p.notOwn[i] || c.controls[i].unless != nil && c.controls[i].unless.MatchString(line)
		}
	}
	at := int64(1)
	for k := range above {
		line := above[k].plain(p)
		for i := range c.controls {
			if !found[i] && !p.notOwn[i] {
				found[i] = p.controlIn(&c.controls[i], line, at)
			}
		}
		at += above[k].lines
	}
	tail := s.below(p)
	tail = tail[max(0, len(tail)-maxTrailer-1000):]
	s.controlsBelow(p, tail, found)
	for i := range c.controls {
		if c.controls[i].Required && !found[i] && !p.notOwn[i] {
			return &problem.Problem{Code: CodeControlMissing, Args: []string{p.Layout.Name}}
		}
	}
	if len(c.controls) == 0 {
		return s.totals(p, above, tail)
	}
	return nil
}

// controlsBelow reads the totals under the rows. The block of a summary, whose
// values look like a row, is taken out of the rows if nothing but totals and
// remarks follows it.
func (s *View) controlsBelow(p *Plan, lines []DocRecord, found []bool) {
	c := p.Layout.Compiled
	byLine := slices.ContainsFunc(c.controls, func(c controlSpec) bool { return c.line != nil })
	for i := range lines {
		line := ""
		if byLine {
			line = lines[i].plain(p)
		}
		for k := range c.controls {
			spec := &c.controls[k]
			switch {
			case found[k] && spec.currency < 0, p.notOwn[k]:
			case spec.line != nil:
				found[k] = p.controlIn(spec, line, s.lineOf(p, &lines[i])) || found[k]
			case i+1 < len(lines) && len(lines)-i <= maxTrailer && p.summaryAt(spec, &lines[i], &lines[i+1], s.lineOf(p, &lines[i+1])):
				found[k] = true
				if p.onlyRemarks(lines[i+2:]) && lines[i].off < p.DataEnd {
					p.DataEnd = lines[i].off
					p.SkippedAfter = int64(len(lines) - i)
				}
			}
		}
	}
}

// onlyRemarks says that no transaction follows a summary block.
func (p *Plan) onlyRemarks(lines []DocRecord) bool {
	b := NewBinder(p)
	for i := range lines {
		if cells := lines[i].Cells; !b.sift(cells) && !b.isFooter(cells) {
			return false
		}
	}
	return true
}

// controlIn reads a control from a line, which is number at of the file.
func (p *Plan) controlIn(spec *controlSpec, line string, at int64) bool {
	if spec.line == nil {
		return false
	}
	m := spec.line.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	ctl := control{spec: spec, sums: spec.sums, line: at}
	if spec.currency >= 0 {
		ctl.currency = m[spec.currency]
	}
	if i := spec.line.SubexpIndex("rows"); i >= 0 {
		ctl.Rows, ctl.HasRows = parseCount(m[i])
	}
	if i := spec.line.SubexpIndex("amount"); i >= 0 {
		f, milli, err := money.Fine([]byte(m[i]), spec.unit)
		ctl.Amount, ctl.milli, ctl.HasAmount = f, milli, err == nil
	}
	p.Controls = append(p.Controls, ctl)
	return true
}

// parseCount reads a number of rows; some files print it as 20.0.
func parseCount(s string) (int64, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ",", "")
	whole, frac, _ := strings.Cut(s, ".")
	if strings.Trim(frac, "0") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(whole, 10, 64)
	return n, err == nil && n >= 0
}

// summaryAt reads a summary block: its header line and the line of its values.
func (p *Plan) summaryAt(spec *controlSpec, head, values *DocRecord, at int64) bool {
	names := textsOf(head.Cells, p.Enc)
	if len(names) == 0 || NormHeader(names[0]).Key != NormHeader(spec.Header).Key {
		return false
	}
	cells := textsOf(values.Cells, p.Enc)
	value := func(name string) (string, bool) {
		if name == "" {
			return "", false
		}
		i := slices.IndexFunc(names, func(n string) bool { return NormHeader(n).Key == NormHeader(name).Key })
		if i < 0 || i >= len(cells) {
			return "", false
		}
		return string(Unguard([]byte(cells[i]))), true
	}
	ctl := control{spec: spec, sums: spec.sums, line: at}
	if v, ok := value(spec.Rows); ok {
		ctl.Rows, ctl.HasRows = parseCount(v)
	}
	if v, ok := value(spec.Amount); ok {
		f, milli, err := money.Fine([]byte(v), spec.unit)
		ctl.Amount, ctl.milli, ctl.HasAmount = f, milli, err == nil
	}
	p.Controls = append(p.Controls, ctl)
	return true
}

// EncodeGB18030 spells a layout's word in the encoding of older exports.
func EncodeGB18030(s string) []byte {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		return []byte(s) // cannot be: GB18030 spells every character
	}
	return b
}
