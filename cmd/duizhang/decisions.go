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
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/report"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// readDecisions reads the decisions of a workbook or of a CSV.
func readDecisions(path string) ([]ledger.Decision, error) {
	if isBook(path) {
		return readDecisionBook(path)
	}
	return readDecisionTable(path)
}

// readDecisionBook reads a report, or any other workbook with ids in it.
func readDecisionBook(path string) ([]ledger.Decision, error) {
	var r report.DecisionReader
	err := parse.EachSheetRow(path, func(sheet string, row int64, cells [][]byte) error {
		r.Row(sheet, row, cells)
		return nil
	})
	if err != nil {
		return nil, &failure{code: exitUsage, msg: msgDecisionsUnreadable, args: []any{path}, err: err}
	}
	out := make([]ledger.Decision, len(r.Rows))
	for i, d := range r.Rows {
		out[i] = ledger.Decision{ItemID: d.ItemID, Word: d.Word, Note: d.Note, By: d.By, Source: d.Source}
	}
	return out, nil
}

// readDecisionTable reads a CSV of decisions: item_id, decision, note, by, in any
// order and by name, in UTF-8 or GB18030.
func readDecisionTable(path string) ([]ledger.Decision, error) {
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
		d := ledger.Decision{ItemID: strings.ToUpper(cell("item_id")), Word: decisionCode(cell("decision")), Note: cell("note"), By: cell("by"),
			Source: fmt.Sprintf("%s:%d", filepath.Base(path), line)}
		if d.ItemID == "" && d.Word == "" && d.Note == "" && d.By == "" {
			continue
		}
		out = append(out, d)
	}
}

// decisionCode is the code of a word; nothing is nothing.
func decisionCode(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return ""
	}
	return report.DecisionCode(s)
}

// decisionHead finds the columns by name; numbers count from 1.
func decisionHead(cells []string) map[string]int {
	item, decision, note, by := report.DecisionHead(cells)
	return map[string]int{"item_id": item, "decision": decision, "note": note, "by": by}
}
