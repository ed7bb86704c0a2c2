package layout

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/duizhang/duizhang/parse/problem"
)

// A zone is the clock that a file's times are read off. What it says is moved to
// China's clock as soon as a day and a time of day are known.
type zone struct {
	ahead int64          // seconds that China's clock is ahead of this one
	loc   *time.Location // of a place whose clock is put forward in summer; nil: ahead counts
}

// chinaOffset is how far China's clock is ahead of UTC, in seconds.
const chinaOffset = 8 * 3600

// zoneOffsets are the names that files print, in seconds from UTC, in lower
// case. Of the abbreviations only those are known that mean one thing in
// payments files: CST may be Chicago or China.
var zoneOffsets = map[string]int64{
	"utc": 0, "gmt": 0, "z": 0,
	"cet": 3600, "cest": 2 * 3600, "bst": 3600,
	"est": -5 * 3600, "edt": -4 * 3600, "pst": -8 * 3600, "pdt": -7 * 3600,
	"jst": 9 * 3600, "hkt": chinaOffset,
	"北京时间": chinaOffset, "中国标准时间": chinaOffset, "东八区": chinaOffset, "beijing": chinaOffset, "beijingtime": chinaOffset,
}

// zonePlaces are names of clocks, as tools for shops print them, for the places
// that keep them.
var zonePlaces = map[string]string{
	"easterntime(us&canada)": "America/New_York", "centraltime(us&canada)": "America/Chicago",
	"mountaintime(us&canada)": "America/Denver", "pacifictime(us&canada)": "America/Los_Angeles",
}

var (
	zoneShift = regexp.MustCompile(`^(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?$`)
	zonePlace = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}$`)
	// zoneAtEnd is the zone behind a time of day, in brackets or not.
	zoneAtEnd = regexp.MustCompile(`^(.*\d(?:\s*[AaPp][Mm])?)\s*((?:(?:UTC|GMT|utc|gmt)\s*)?[+-]\d{1,2}(?::?\d{2})?|[Zz]|\s[A-Za-z][A-Za-z_/+-]*|\s*[(（\[][^)）\]]+[)）\]])$`)
)

// zoneNamed is the zone that a text names: an offset, one of the abbreviations
// above, or a place of the IANA database.
func zoneNamed(text string) (*zone, bool) {
	text = strings.TrimSpace(text)
	if r := []rune(text); len(r) > 2 && strings.ContainsRune("([（【", r[0]) && strings.ContainsRune(")]）】", r[len(r)-1]) {
		text = strings.TrimSpace(string(r[1 : len(r)-1]))
	}
	word := NormWord(text)
	if off, ok := zoneOffsets[word]; ok {
		return &zone{ahead: chinaOffset - off}, true
	}
	if m := zoneShift.FindStringSubmatch(word); m != nil {
		h, _ := strconv.Atoi(m[2])
		min, _ := strconv.Atoi("0" + m[3])
		if h > 14 || min > 59 {
			return nil, false
		}
		off := int64(h*3600 + min*60)
		if m[1] == "-" {
			off = -off
		}
		return &zone{ahead: chinaOffset - off}, true
	}
	place := text
	if p, ok := zonePlaces[word]; ok {
		place = p
	}
	if !zonePlace.MatchString(place) || place == "Local" {
		return nil, false
	}
	loc, err := time.LoadLocation(place)
	if err != nil {
		return nil, false
	}
	return &zone{loc: loc}, true
}

// in moves a moment from the clock of z to China's. A day without a time stays
// as it is, and a time that has stated its own zone is China's already; one
// without its day is moved when it has it.
func (w when) in(z *zone) when {
	switch {
	case z == nil || w.zoned:
		return w
	case !w.HasDay || !w.HasClock:
		if w.zone == nil {
			w.zone = z
		}
		return w
	}
	ahead := z.ahead
	if z.loc != nil {
		y, m, d := w.day.YMD()
		_, off := time.Date(y, time.Month(m), d, 0, 0, int(w.sec), 0, z.loc).Zone()
		ahead = chinaOffset - int64(off)
	}
	w.zone, w.zoned = nil, true
	return w.carry(int64(w.sec) + ahead)
}

// splitZone cuts a zone off the end of a time; nil where there is none. known
// is false where a word stands there that names no zone.
func splitZone(s []byte) (rest []byte, z *zone, known bool) {
	if bytes.IndexByte(s, ':') < 0 {
		return s, nil, true
	}
	m := zoneAtEnd.FindSubmatch(s)
	if m == nil {
		return s, nil, true
	}
	if word := strings.ToLower(strings.TrimSpace(string(m[2]))); word == "am" || word == "pm" {
		return s, nil, true
	}
	z, known = zoneNamed(string(m[2]))
	return Trim(m[1]), z, known
}

// headerZone is the zone that a column's name states at its end, and the name
// without it: Created (UTC), time_utc, 交易时间（GMT）, Date [America/New_York].
func headerZone(cell string) (name string, z *zone) {
	cell = strings.TrimSpace(cell)
	if m := zoneInName.FindStringSubmatch(cell); m != nil {
		if z, ok := zoneNamed(m[2]); ok {
			return m[1], z
		}
	}
	if m := zoneSuffix.FindStringSubmatch(cell); m != nil {
		z, _ := zoneNamed(m[2])
		return m[1], z
	}
	return cell, nil
}

var (
	zoneInName = regexp.MustCompile(`^(.+?)\s*[(（\[【]([^()（）\[\]【】]+)[)）\]】]$`)
	zoneSuffix = regexp.MustCompile(`(?i)^(.+?)[\s_]+(UTC|GMT)$`)
)

// zoneLine is a line above the table that says what clock its times are of.
var zoneLine = regexp.MustCompile(`(?i)^[#\s"]*(?:时区|time[ _]?zone)\s*[：:=,\t ]\s*"?([^,"\t]+)`)

// zoneAbove looks for such a line.
func (s *View) zoneAbove(p *Plan) (*zone, *problem.Problem) {
	recs := s.above(p)
	for i := range recs {
		if recs[i].off >= s.headerOff(p) {
			break
		}
		text := recs[i].plain(p)
		m := zoneLine.FindStringSubmatch(strings.ReplaceAll(text, "\x1f", ","))
		if m == nil {
			continue
		}
		z, ok := zoneNamed(m[1])
		if !ok {
			return nil, &problem.Problem{Code: CodeUnknownZone, Line: int64(i) + 1, Value: strings.TrimSpace(m[1])}
		}
		return z, nil
	}
	return nil, nil
}

// setZones gives every column of times the clock that its own name states,
// else its layout, else a line above the table.
func (p *Plan) setZones(s *View) *problem.Problem {
	above, problem := s.zoneAbove(p)
	if problem != nil {
		return problem
	}
	for i := range p.Uses {
		u := &p.Uses[i]
		if u.zone == nil {
			u.zone = u.spec.zone
		}
		if u.zone == nil {
			u.zone = above
		}
	}
	return nil
}

// zoneIn is the zone that the row's own column names, nil where there is none
// or the cell is empty.
func (b *Binder) zoneIn(use int16) (*zone, *problem.Problem) {
	if use < 0 {
		return nil, nil
	}
	c := b.cell(use)
	if len(c) == 0 {
		return nil, nil
	}
	if z, ok := b.zones[string(c)]; ok {
		return z, nil
	}
	z, ok := zoneNamed(b.Show(c))
	if !ok {
		return nil, b.fail(CodeUnknownZone, use, c)
	}
	if b.zones == nil {
		b.zones = map[string]*zone{}
	}
	if len(b.zones) < maxMemo {
		b.zones[string(c)] = z
	}
	return z, nil
}

const CodeUnknownZone problem.Code = "unknown_zone"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeUnknownZone: {
		ZH: "不认识的时区 {value}：无法换算为北京时间，整份文件没有使用；请改为 UTC、+08:00 这类偏移或 Asia/Shanghai 这类地名",
		EN: "time zone {value} is unknown, so the times cannot be converted to Beijing time and the file is not used; write an offset like +08:00, UTC, or a place like America/New_York",
	},
})
