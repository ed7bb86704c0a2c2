package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/ledger"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// decisionColumns are the names of a decisions table's columns.
var decisionColumns = map[string]string{
	"item_id": "item_id", "编号": "item_id", "项目编号": "item_id", "item": "item_id", "id": "item_id",
	"decision": "decision", "处理结果": "decision",
	"note": "note", "备注": "note",
	"by": "by", "处理人": "by",
}

// decisionWords are the words of 处理结果 and the codes.
var decisionWords = map[string]string{
	"确认匹配": ledger.Accept, "不是同一笔": ledger.Reject, "已申请补划": ledger.Claimed, "已调账": ledger.Adjusted,
	"核销": ledger.WrittenOff, "挂起": ledger.Hold, "处理中": ledger.Open,
}

// decisionWord is the code of a word; a word that is none stays as it is, and
// is refused where the decision would be applied.
func decisionWord(s string) string {
	s = strings.TrimSpace(s)
	if code, ok := decisionWords[s]; ok {
		return code
	}
	return strings.ToLower(s)
}

// readDecisions reads a CSV of decisions: item_id, decision, note, by, in any
// order and by name, in UTF-8 or GB18030.
func readDecisions(path string) ([]ledger.Decision, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &failure{code: exitUsage, msg: msgDecisionsUnreadable, args: []any{path}, err: err}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	if !utf8.Valid(raw) {
		if raw, err = simplifiedchinese.GB18030.NewDecoder().Bytes(raw); err != nil {
			return nil, &failure{code: exitUsage, msg: msgDecisionsUnreadable, args: []any{path}, err: err}
		}
	}
	r := csv.NewReader(bytes.NewReader(raw))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	first, _, _ := bytes.Cut(raw, []byte("\n"))
	for _, comma := range "\t;" {
		if bytes.Count(first, []byte(string(comma))) > bytes.Count(first, []byte(",")) {
			r.Comma = comma
		}
	}
	var columns map[string]int
	var out []ledger.Decision
	for {
		cells, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && columns == nil:
			return nil, usage(msgDecisionsNoColumn, path)
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, &failure{code: exitUsage, msg: msgDecisionsUnreadable, args: []any{path}, err: err}
		}
		if columns == nil {
			if columns = decisionHead(cells); columns["item_id"] == 0 {
				return nil, usage(msgDecisionsNoColumn, path)
			}
			continue
		}
		line, _ := r.FieldPos(0)
		cell := func(name string) string {
			if i := columns[name]; i > 0 && i <= len(cells) {
				return strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(cells[i-1]), "'"))
			}
			return ""
		}
		d := ledger.Decision{ItemID: strings.ToUpper(cell("item_id")), Word: decisionWord(cell("decision")), Note: cell("note"), By: cell("by"),
			Source: fmt.Sprintf("%s:%d", filepath.Base(path), line)}
		if d.ItemID == "" && d.Word == "" && d.Note == "" && d.By == "" {
			continue
		}
		out = append(out, d)
	}
}

// decisionHead finds the columns by name; numbers count from 1.
func decisionHead(cells []string) map[string]int {
	columns := map[string]int{}
	for i, c := range cells {
		if name, ok := decisionColumns[strings.ToLower(strings.TrimSpace(c))]; ok && columns[name] == 0 {
			columns[name] = i + 1
		}
	}
	return columns
}
