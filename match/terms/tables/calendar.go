package tables

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

var calendarColumns = []column{
	{name: "日期", aliases: []string{"date"}, kind: dateColumn},
	{name: "类型", aliases: []string{"type", "休班"}},
}

// LoadCalendar reads the built-in calendar with a file's days over it: a CSV
// or XLSX with columns 日期 and 类型 (休 or 班), or a holiday-cn JSON file. A
// year becomes published when the file gives its National Day, 1 October,
// which every year's notice does; single days of another year are overrides
// and leave the year to be warned of. The error is TableErrors, or says why
// the file cannot be read at all.
func LoadCalendar(path string) (*terms.Calendar, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	if text := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\uFEFF"))); bytes.HasPrefix(text, []byte("{")) {
		return calendarFromJSON(name, text)
	}
	t, err := ReadTable(name, data)
	if err != nil {
		return nil, err
	}
	return t.calendar()
}

// calendarShape is the calendar table's. A row without a header is told by its
// day beside 休 or 班.
var calendarShape = tableShape{columns: calendarColumns, required: []string{"日期", "类型"}, isRow: func(r tableRow) bool {
	day, kind := false, false
	for _, c := range r.cells {
		_, ok := terms.ParseDay(c.as(dateColumn))
		day = day || ok
		var t typeCell
		kind = kind || t.UnmarshalCSV(c.text) == nil && t.zh == ""
	}
	return day && kind
}}

func (t table) calendar() (*terms.Calendar, error) {
	sheets, err := t.bind(calendarShape)
	if err != nil {
		return nil, err
	}
	given := dayList{said: map[record.Date]givenDay{}}
	for _, b := range sheets {
		var lines []calendarLine
		if err := b.into(&lines); err != nil {
			return nil, err
		}
		given.lines(b, lines)
	}
	return given.calendar()
}

// lines takes the rows of one sheet.
func (given *dayList) lines(b *bound, lines []calendarLine) {
	for i, l := range lines {
		switch {
		case l.Day.zh != "":
			given.fail(b.where[i], "日期", l.Day.fault)
		case l.Day.value == 0:
			given.fail(b.where[i], "日期", fault{zh: "不能为空", en: "must not be blank"})
		case l.Type.zh != "":
			given.fail(b.where[i], "类型", l.Type.fault)
		default:
			given.add(l.Day.value, l.Type.worked, b.where[i])
		}
	}
}

// calendarFromJSON reads a year file of holiday-cn.
func calendarFromJSON(name string, text []byte) (*terms.Calendar, error) {
	var file struct {
		Days []struct {
			Date     string `json:"date"`
			IsOffDay *bool  `json:"isOffDay"`
		} `json:"days"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, &terms.TableError{Where: name, ZH: "不是有效的 JSON：" + err.Error(), EN: "not valid JSON: " + err.Error()}
	}
	given := dayList{said: map[record.Date]givenDay{}}
	for i, d := range file.Days {
		where := name + ":days[" + strconv.Itoa(i) + "]"
		day, ok := terms.ParseDay(d.Date)
		switch {
		case !ok:
			given.fail(where, "date", fault{d.Date, "不是日期", "not a date"})
		case d.IsOffDay == nil:
			given.fail(where, "isOffDay", fault{zh: "缺少", en: "is missing"})
		default:
			given.add(day, !*d.IsOffDay, where)
		}
	}
	if len(file.Days) == 0 {
		given.fail(name, "days", fault{zh: "没有任何日期，这一年的安排尚未公布", en: "holds no days; the notice for the year is not out yet"})
	}
	return given.calendar()
}

// dayList gathers the days of a calendar file and what contradicts itself.
type dayList struct {
	said map[record.Date]givenDay
	errs terms.TableErrors
}

type givenDay struct {
	worked bool
	where  string
}

func (l *dayList) fail(where, column string, f fault) {
	l.errs = append(l.errs, &terms.TableError{Where: where, Column: column, Value: f.value, ZH: f.zh, EN: f.en})
}

func (l *dayList) add(day record.Date, worked bool, where string) {
	if old, ok := l.said[day]; ok && old.worked != worked {
		l.fail(where, "日期", fault{terms.DayText(day), "与 " + old.where + " 矛盾：同一天既休又班", "contradicts " + old.where + ": the day is both off and worked"})
		return
	}
	l.said[day] = givenDay{worked, where}
}

func (l *dayList) calendar() (*terms.Calendar, error) {
	if err := l.errs.OrNil(); err != nil {
		return nil, err
	}
	c := terms.NewPublished()
	for day, given := range l.said {
		c.Days[day], c.Given[day] = given.worked, true
		if _, m, d := terms.Civil(day); m == 10 && d == 1 && !given.worked {
			c.Years[terms.YearOf(day)] = true
		}
	}
	c.MarkLawDays()
	return c, nil
}

// calendarLine is one row of a calendar table.
type calendarLine struct {
	Day  dayCell  `csv:"日期"`
	Type typeCell `csv:"类型"`
}

// typeCell is 休 (off) or 班 (worked).
type typeCell struct {
	fault
	worked bool
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *typeCell) UnmarshalCSV(s string) error {
	switch strings.ToLower(terms.Squeeze(s)) {
	case "休", "休息", "休假", "放假", "假", "节假日", "off", "holiday":
	case "班", "上班", "调休上班", "补班", "工作日", "work", "workday":
		c.worked = true
	default:
		c.fault = fault{s, "不认识，请写「休」或「班」", "unknown; write 休 (off) or 班 (worked)"}
	}
	return nil
}

const (
	textColumn columnKind = iota
	dateColumn
	clockColumn
	decimalColumn
	rateColumn
)
