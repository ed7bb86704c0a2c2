package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/fixtures"
	"github.com/duizhang/duizhang/parse/money"

	"github.com/xuri/excelize/v2"
)

// readTable reads a result CSV as maps by column.
func readTable(t *testing.T, path string) (rows []map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\ufeff")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range all[1:] {
		row := map[string]string{}
		for i, name := range all[0] {
			row[name] = line[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func fenOf(t *testing.T, s string) money.Fen {
	t.Helper()
	if s == "" {
		return 0
	}
	f, err := money.Parse(strings.ReplaceAll(s, ",", ""), money.Yuan)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// statuses are what a sentence about a conflict says of both sides.
var statuses = regexp.MustCompile(`POS says ([a-z]+) \(.*clearing says ([a-z]+) \(`)

// owedByHand adds up what is owed from the result CSVs alone, by SPEC section 10.
type owedByHand struct {
	total, sales, excess, refunds, overdue, unplaced money.Fen
	groups, settlements                              money.Fen
	by                                               map[[2]string]money.Fen
}

func addOwed(t *testing.T, dir string) (o owedByHand) {
	o.by = map[[2]string]money.Fen{}
	add := func(row map[string]string, owed money.Fen, back bool) {
		o.total += owed
		if back {
			o.refunds += owed
		} else {
			o.sales += owed
			o.excess += max(-owed, 0)
			if row["timing"] == "overdue" && owed > 0 {
				o.overdue += owed
			}
		}
		if owed != 0 {
			o.by[[2]string{row["acquirer"], row["merchant_id"]}] += owed
		}
	}
	for _, row := range readTable(t, filepath.Join(dir, "transactions.csv")) {
		sold, cleared := fenOf(t, row["pos_amount"]), fenOf(t, row["clearing_amount"])
		back := sold < 0 || sold == 0 && cleared < 0
		switch row["match"] {
		case "matched", "voided", "failed":
			continue
		case "duplicate":
			sold = 0
		case "in_transit":
			if strings.Contains(row["reason"], "both sides") {
				continue
			}
		case "conflict":
			if m := statuses.FindStringSubmatch(row["reason"]); m != nil {
				if m[1] != "ok" {
					sold = 0
				}
				if m[2] != "ok" {
					cleared = 0
				}
			}
		}
		o.groups += sold - cleared
		add(row, sold-cleared, back)
	}
	for _, row := range readTable(t, filepath.Join(dir, "settlements.csv")) {
		owed := fenOf(t, row["outstanding"])
		if row["credit"] == "unchecked" && row["timing"] != "overdue" {
			owed = 0
		}
		o.settlements += owed
		add(row, owed, owed+fenOf(t, row["credited"]) < 0) // net with what was carried
	}
	for _, row := range readTable(t, filepath.Join(dir, "credits.csv")) {
		if row["outcome"] == "unidentified" || row["outcome"] == "ambiguous" {
			o.unplaced += fenOf(t, row["amount"]) - fenOf(t, row["allocated"])
		}
	}
	return o
}

// Who owes how much is one figure: adding it up from the result CSVs gives that
// of the JSON summary, of the terminal and of every sheet.
func TestEveryFigureOfWhatIsOwedAddsUp(t *testing.T) {
	for seed := uint64(1); seed <= seeds(t); seed++ {
		w := fixtures.Generate(seed, fixtures.Config{Layouts: []string{"generic"}, Bank: true})
		dir := t.TempDir()
		args := writeWorld(t, dir, w, fixtures.Spec{})
		bank, err := w.WriteBank(filepath.Join(dir, "bank"), fixtures.Spec{})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bank {
			args = append(args, "--bank="+b)
		}
		contracts, err := w.WriteContracts(dir)
		if err != nil {
			t.Fatal(err)
		}
		report := filepath.Join(dir, "report.xlsx")
		args = append([]string{"run", "--lang", "en", "--quiet", "--json", "--as-of", w.AsOf.String(), "--contracts", contracts,
			"--csv", filepath.Join(dir, "csv"), "--out", report}, args...)
		if seed%2 == 0 {
			args = append(args, "--ledger", filepath.Join(dir, "nights.db"))
		}
		var stdout, stderr bytes.Buffer
		if code := guarded(context.Background(), args, testEnv(&stdout, &stderr)); code != exitDifferences {
			t.Fatalf("seed %d: status %d (%s)", seed, code, stderr.String())
		}
		hand := addOwed(t, filepath.Join(dir, "csv"))
		var said struct {
			Owed struct {
				Total, Overdue, Sales, Excess, Refunds, Unplaced string
				By                                               []struct {
					Acquirer   string
					MerchantID string `json:"merchant_id"`
					Owed       string
				}
			}
			Ledger *struct{ Owed string }
		}
		if err := json.Unmarshal(stdout.Bytes(), &said); err != nil {
			t.Fatal(err)
		}
		o := &said.Owed
		if hand.sales == 0 || hand.refunds == 0 {
			t.Errorf("seed %d has nothing that is owed: %+v", seed, hand)
		}
		if hand.overdue > hand.sales+hand.excess {
			t.Errorf("seed %d: %v overdue of %v", seed, hand.overdue, hand.sales+hand.excess)
		}
		for what, pair := range map[string][2]money.Fen{
			"total": {hand.total, fenOf(t, o.Total)}, "sales": {hand.sales, fenOf(t, o.Sales)}, "excess": {hand.excess, fenOf(t, o.Excess)}, "refunds": {hand.refunds, fenOf(t, o.Refunds)},
			"overdue": {hand.overdue, fenOf(t, o.Overdue)}, "unplaced": {hand.unplaced, fenOf(t, o.Unplaced)},
			"the sheets of groups":      {hand.groups, sheetSum(t, report, "Owed (CNY)", "Unmatched", "Partial", "Suggested", "In transit and failed")},
			"the sheet of settlements":  {hand.settlements, sheetSum(t, report, "Owed (CNY)", "Settlements")},
			"the sheet of bank credits": {hand.unplaced, sheetSum(t, report, "To be claimed (CNY)", "Bank credits")},
		} {
			if pair[0] != pair[1] {
				t.Errorf("seed %d: %s: added up %v, said %v", seed, what, pair[0], pair[1])
			}
		}
		steps := money.Fen(0)
		for _, step := range []string{"Sales (CNY)", "+ refunds", "+ adjustments", "- fees", "- payout fee", "- repeated rows", "± carried", "- held", "+ released", "- unpaid", "+ overpaid", "- unexplained"} {
			steps += sheetSum(t, report, step, "Waterfall")
		}
		if came := sheetSum(t, report, "= credited", "Waterfall"); came != steps || came == 0 {
			t.Errorf("seed %d: the steps of the waterfall lead to %v, credited is %v", seed, steps, came)
		}
		if l := said.Ledger; l != nil && fenOf(t, l.Owed) != hand.total-hand.unplaced {
			t.Errorf("seed %d: the ledger says %s, added up %v", seed, l.Owed, hand.total-hand.unplaced)
		}
		for _, b := range o.By {
			key := [2]string{b.Acquirer, b.MerchantID}
			if hand.by[key] != fenOf(t, b.Owed) {
				t.Errorf("seed %d: %v: added up %v, said %s", seed, key, hand.by[key], b.Owed)
			}
			delete(hand.by, key)
		}
		if len(hand.by) > 0 {
			t.Errorf("seed %d: not said: %v", seed, hand.by)
		}
	}
}

// sheetSum adds up a column of some sheets, and holds each against its total.
func sheetSum(t *testing.T, path, column string, sheets ...string) (sum money.Fen) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range sheets {
		rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
		if err != nil {
			continue // no such rows
		}
		of, at := money.Fen(0), -1
		for i, row := range rows {
			for j, cell := range row {
				if i == 2 && cell == column {
					at = j
				}
			}
			if i > 2 && at >= 0 && at < len(row) {
				of += fenOf(t, row[at])
			}
		}
		if at < 0 {
			t.Errorf("%s has no column %s", sheet, column)
			continue
		}
		if total := fenOf(t, rows[1][at]); total != of {
			t.Errorf("%s: the total is %v, the rows add up to %v", sheet, total, of)
		}
		sum += of
	}
	return sum
}
