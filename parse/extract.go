package parse

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"duizhang/parse/money"
)

// extract takes values from the file's name and from the lines around the rows.
func (s *sight) extract(p *plan) (fields map[Field]string, dates [3]Date) {
	fields = map[Field]string{}
	for _, e := range p.layout.c.extracts {
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
func (s *sight) around(p *plan, from string) (texts []string) {
	switch from {
	case "file":
		return []string{s.fileName()}
	case "tail":
		for _, d := range s.tailLines() {
			texts = append(texts, strings.ReplaceAll(d.text, "\x1f", " "))
		}
	default:
		for _, d := range s.lines {
			if d.off >= p.dataStart {
				break
			}
			texts = append(texts, strings.ReplaceAll(d.text, "\x1f", " "))
		}
	}
	return texts
}

// take keeps one extracted value.
func (p *plan) take(name, v string, fields map[Field]string, dates *[3]Date) {
	if name == "year" {
		if y, err := strconv.Atoi(v); err == nil {
			if day, ok := DateOf(y, 7, 1); ok { // every day of a year is nearest to its middle
				p.ref = day
			}
		}
		return
	}
	t := fieldNames[name]
	if t.isText() {
		b := newBinder(&plan{layout: p.layout, enc: encUTF8})
		c := []byte(v)
		switch {
		case t.isIdentifier():
			c = b.identifier(c, Field(t))
		case Field(t) == Account:
			c = b.account(c)
		case Field(t) == CardTail:
			c = b.cardTail(c)
		default:
			c = b.freeText(c)
		}
		if c != nil {
			fields[Field(t)] = string(c)
		}
		return
	}
	day, ok := dayInName(v)
	if !ok {
		return
	}
	p.ref = day
	if t >= target(FieldClearingDate) && t <= target(FieldCreditedDate) {
		dates[t-target(FieldClearingDate)] = day
	}
}

// dayInName reads the day in a file's name or title: any common form, and six
// digits as year, month and day.
func dayInName(v string) (Date, bool) {
	if len(v) == 6 && strings.IndexFunc(v, func(r rune) bool { return r < '0' || r > '9' }) < 0 {
		v = "20" + v
	}
	w, code := parseWhen([]byte(v))
	return w.day, code == "" && w.hasDay
}

// tailLines is the lines of the tail, without the first where its begin is not
// in sight.
func (s *sight) tailLines() []docLine {
	off := s.in.size - int64(len(s.in.tail))
	b := s.in.tail
	if off > 0 {
		n := bytes.IndexByte(b, s.eol) + 1
		b, off = b[n:], off+int64(n)
	}
	return cutLines(b, off, s.eol, s.in.enc, 0)
}

// maxTrailer is how many lines a block of totals may have.
const maxTrailer = 40

// findControls looks for declared totals above and below the rows.
func (s *sight) findControls(p *plan) *Problem {
	c := p.layout.c
	found := make([]bool, len(c.controls))
	for _, d := range s.lines {
		if d.off >= p.dataStart {
			break
		}
		for i := range c.controls {
			if !found[i] {
				found[i] = p.controlIn(&c.controls[i], d.text)
			}
		}
	}
	tail := s.tailLines()
	tail = tail[max(0, len(tail)-maxTrailer-1000):]
	block := slices.IndexFunc(tail, func(d docLine) bool { return d.off >= p.dataStart })
	if block >= 0 {
		s.controlsBelow(p, tail[block:], found)
	}
	for i := range c.controls {
		if c.controls[i].Required && !found[i] {
			return &Problem{Code: codeControlMissing, Args: []string{p.layout.Name}}
		}
	}
	if len(c.controls) == 0 {
		return s.totals(p, tail[max(block, 0):])
	}
	return nil
}

// controlsBelow reads the totals under the rows. The block of a summary, whose
// values look like a row, is taken out of the rows if nothing but totals and
// remarks follows it.
func (s *sight) controlsBelow(p *plan, lines []docLine, found []bool) {
	c := p.layout.c
	for i := range lines {
		for k := range c.controls {
			spec := &c.controls[k]
			switch {
			case found[k]:
			case spec.line != nil:
				found[k] = p.controlIn(spec, lines[i].text)
			case i+1 < len(lines) && len(lines)-i <= maxTrailer && s.summaryAt(p, spec, lines[i], lines[i+1]):
				found[k] = true
				if s.onlyRemarks(p, lines[i+2:]) && lines[i].off < p.dataEnd {
					p.dataEnd = lines[i].off
					p.skippedAfter = int64(len(lines) - i)
				}
			}
		}
	}
}

// onlyRemarks says that no transaction follows a summary block.
func (s *sight) onlyRemarks(p *plan, lines []docLine) bool {
	b := newBinder(p)
	for _, d := range lines {
		cells := splitRaw(d.raw, p)
		if !b.sift(cells) && !b.isFooter(cells) {
			return false
		}
	}
	return true
}

func splitRaw(raw []byte, p *plan) [][]byte {
	if p.form != formDelimited {
		return [][]byte{raw}
	}
	return bytes.Split(raw, []byte{p.delim})
}

// controlIn reads a control from a line.
func (p *plan) controlIn(spec *controlSpec, line string) bool {
	if spec.line == nil {
		return false
	}
	m := spec.line.FindStringSubmatch(line)
	if m == nil {
		return false
	}
	ctl := control{spec: spec, sums: spec.sums}
	if i := spec.line.SubexpIndex("rows"); i >= 0 {
		ctl.rows, ctl.hasRows = parseCount(m[i])
	}
	if i := spec.line.SubexpIndex("amount"); i >= 0 {
		f, err := money.Parse(m[i], spec.unit)
		ctl.amount, ctl.hasAmount = f, err == nil
	}
	p.controls = append(p.controls, ctl)
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
func (s *sight) summaryAt(p *plan, spec *controlSpec, head, values docLine) bool {
	names := cutText(head.text, p.delim)
	if len(names) == 0 || normHeader(names[0]).key != normHeader(spec.Header).key {
		return false
	}
	cells := cutText(values.text, p.delim)
	value := func(name string) (string, bool) {
		if name == "" {
			return "", false
		}
		i := slices.IndexFunc(names, func(n string) bool { return normHeader(n).key == normHeader(name).key })
		if i < 0 || i >= len(cells) {
			return "", false
		}
		return string(unguard([]byte(cells[i]))), true
	}
	ctl := control{spec: spec, sums: spec.sums}
	if v, ok := value(spec.Rows); ok {
		ctl.rows, ctl.hasRows = parseCount(v)
	}
	if v, ok := value(spec.Amount); ok {
		f, err := money.Parse(v, spec.unit)
		ctl.amount, ctl.hasAmount = f, err == nil
	}
	p.controls = append(p.controls, ctl)
	return true
}

// encodeGB18030 spells a layout's word in the encoding of older exports.
func encodeGB18030(s string) []byte {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		return []byte(s) // cannot be: GB18030 spells every character
	}
	return b
}
