package main

import (
	"bytes"
	"io"
	"os"
	"slices"

	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// sortOut finds what is no data among the files that were given without a side,
// by what they are: a table of contracts takes its place where none was named, and
// with a ledger the decisions of an earlier report or of a table of them are read.
func (j *job) sortOut() error {
	var contracts []string
	for _, p := range j.paths {
		if p.Side == record.SideUnknown && tables.IsContracts(p.Path) {
			contracts = append(contracts, p.Path)
		}
	}
	switch {
	case len(contracts) > 0 && j.flags.contracts != "":
		for _, path := range contracts {
			if !sameFile(path, j.flags.contracts) {
				warn(j.env, j.lang, msgContractsNamed, path, j.flags.contracts)
			}
		}
	case len(contracts) > 1:
		return usage(msgContractsTwice, contracts[0], contracts[1])
	case len(contracts) == 1:
		j.flags.contracts = contracts[0]
		warn(j.env, j.lang, msgContractsFound, contracts[0])
	}
	j.take(func(p parse.PathSide) bool { return slices.Contains(contracts, p.Path) })
	if j.remembers() {
		j.take(func(p parse.PathSide) bool {
			if j.listed[p.Path] || !report.IsReport(p.Path) && !isDecisionTable(p.Path) {
				return false
			}
			j.dropped = append(j.dropped, p.Path)
			return true
		})
	}
	if len(j.paths) == 0 && !j.remembers() {
		return usage(msgNoFiles)
	}
	return nil
}

// take takes inputs without a side away.
func (j *job) take(which func(parse.PathSide) bool) {
	j.paths = slices.DeleteFunc(j.paths, func(p parse.PathSide) bool { return p.Side == record.SideUnknown && which(p) })
}

// withDropped adds the reports that were dropped, each once.
func (j *job) withDropped(books []string) []string {
	for _, d := range j.dropped {
		if !slices.ContainsFunc(books, func(b string) bool { return sameFile(b, d) }) {
			books = append(books, d)
		}
	}
	return books
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// isDecisionTable says that a file is a table of decisions, by its first line.
func isDecisionTable(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, 4<<10))
	line, _, _ := bytes.Cut(bytes.TrimPrefix(head, []byte("\ufeff")), []byte("\n"))
	cells := bytes.FieldsFunc(bytes.TrimSpace(line), func(r rune) bool { return r == ',' || r == '\t' || r == ';' })
	names := make([]string, len(cells))
	for i := range cells {
		names[i] = string(bytes.Trim(cells[i], ` "`))
	}
	columns := decisionHead(names)
	return err == nil && len(names) <= 12 && columns["item_id"] > 0 && columns["decision"] > 0
}
