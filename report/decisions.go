package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/problem"
)

// decisionWords are what a person can choose as 处理结果, in the order of the
// list, with the codes of SPEC section 10. Each list has at most 255 characters.
var decisionWords = [...]decisionText{
	{"accept", text{"确认匹配", "Accept"}}, {"reject", text{"不是同一笔", "Reject"}}, {"claimed", text{"已申请补划", "Claimed"}},
	{"adjusted", text{"已调账", "Adjusted"}}, {"written_off", text{"核销", "Written off"}}, {"hold", text{"挂起", "Hold"}}, {"open", text{"处理中", "Open"}},
}

type decisionText struct {
	code string
	text
}

// DecisionCode is the code of a word of 处理结果, of either language, or of a code
// however it is written. A word that is none stays as it is, in lower case: it
// is refused where the decision would be applied.
func DecisionCode(s string) string {
	s = strings.TrimSpace(s)
	code := strings.ReplaceAll(strings.ToLower(s), " ", "_")
	for _, w := range decisionWords {
		if s == w.zh || code == w.code || strings.EqualFold(s, w.en) {
			return w.code
		}
	}
	return strings.ToLower(s)
}

// decisionWord is the word of a code; a code that is none stays.
func decisionWord(code string, l problem.Lang) string {
	for _, w := range decisionWords {
		if w.code == code {
			return w.in(l)
		}
	}
	return code
}

// decisionColumns are the names of the columns of decisions, in reports and in
// tables that a person makes.
var decisionColumns = map[string]string{
	"item_id": "item_id", "item id": "item_id", "编号": "item_id", "项目编号": "item_id", "item": "item_id", "id": "item_id",
	"decision": "decision", "处理结果": "decision",
	"note": "note", "备注": "note",
	"by": "by", "处理人": "by",
	"把握": "sure", "how sure": "sure",
}

// DecisionHead finds the columns of a header by name; numbers count from 1, and
// 0 is a column that is not there.
func DecisionHead(cells []string) (item, decision, note, by int) {
	c := decisionHead(cells)
	return c["item_id"], c["decision"], c["note"], c["by"]
}

func decisionHead(cells []string) map[string]int {
	columns := map[string]int{}
	for i, c := range cells {
		if name, ok := decisionColumns[strings.ToLower(strings.TrimSpace(c))]; ok && columns[name] == 0 {
			columns[name] = i + 1
		}
	}
	return columns
}

// A DecisionRow is what a row of a workbook says of an item. Word is a code, or
// what stands there instead of one.
type DecisionRow struct {
	ItemID, Word, Note, By string
	Source                 string // book.xlsx:sheet!row
}

// DecisionReader collects the decisions of a workbook, row by row. A row is
// known by its id alone: rows may have been sorted, deleted, or copied to another
// sheet, with their header or without it, as long as the columns before the id
// came along.
type DecisionReader struct {
	// Rows are the rows that say something; a row of a table of items that says
	// something and has no id is among them.
	Rows []DecisionRow

	sheet   string
	columns map[string]int
	above   []string // the row before
	bulk    string   // what the cell above the header says of all sure rows
}

// idLength is that of T-, S- or C- and twelve characters.
const idLength = 14

// isItemID says that a cell is nothing but an id.
func isItemID(s string) bool {
	if len(s) != idLength || s[1] != '-' || !strings.ContainsRune("TSC", rune(s[0])) {
		return false
	}
	return !strings.ContainsFunc(s[2:], func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') })
}

// Row takes the next row of a sheet; its cells may change afterwards.
func (d *DecisionReader) Row(sheet string, row int64, cells [][]byte) {
	if sheet != d.sheet {
		d.sheet, d.columns, d.above, d.bulk = sheet, nil, nil, ""
	}
	list := make([]string, len(cells))
	for i, c := range cells {
		list[i] = string(bytes.TrimSpace(c))
	}
	defer func() { d.above = list }()
	if head := decisionHead(list); head["item_id"] > 0 && head["decision"]+head["note"] > 0 {
		d.columns, d.bulk = head, ""
		if head["sure"] > 0 && head["decision"] > 0 {
			d.bulk = cellAt(d.above, head["decision"])
		}
		return
	}
	columns, id := d.place(list)
	if columns == nil {
		return
	}
	r := DecisionRow{ItemID: id, Word: cellAt(list, columns["decision"]), Note: cellAt(list, columns["note"]), By: cellAt(list, columns["by"])}
	if r.Word == "" && d.bulk != "" && isSure(cellAt(list, columns["sure"])) {
		r.Word = d.bulk
	}
	if r.Word == "" && r.Note == "" && r.By == "" {
		return
	}
	if r.Word != "" {
		r.Word = DecisionCode(r.Word)
	}
	r.Source = fmt.Sprintf("%s!%d", sheet, row)
	d.Rows = append(d.Rows, r)
}

// place finds the id of a row and the columns beside it: by the header, else
// where the id stands, behind decision, note and name. Without an id the header
// must say that there should be one.
func (d *DecisionReader) place(list []string) (columns map[string]int, id string) {
	if n := d.columns["item_id"]; n > 0 {
		if id = strings.ToUpper(cellAt(list, n)); isItemID(id) {
			return d.columns, id
		}
	}
	if i := slices.IndexFunc(list, func(s string) bool { return isItemID(strings.ToUpper(s)) }); i >= 0 {
		return map[string]int{"decision": i - 2, "note": i - 1, "by": i}, strings.ToUpper(list[i])
	}
	return d.columns, id
}

// cellAt is the n-th cell, from 1; "" if there is none. An apostrophe before it only
// tells a spreadsheet that it is text.
func cellAt(list []string, n int) string {
	if n < 1 || n > len(list) {
		return ""
	}
	return strings.TrimSpace(strings.TrimPrefix(list[n-1], "'"))
}

// sureText marks suggestions of which a person will hardly doubt: same amount,
// one row of each side, and each the only candidate of the other.
var sureText = text{"高", "high"}

func isSure(s string) bool { return s == sureText.zh || strings.EqualFold(s, sureText.en) }

// Decided is what a person has said of an open item so far.
type Decided struct{ Word, Note, By string }
