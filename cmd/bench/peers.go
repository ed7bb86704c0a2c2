package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// peers are the paths of the tools found on this machine; empty: not installed.
type peers struct{ duckdb, sort, join, awk, mlr string }

func findPeers() peers {
	look := func(name string) string {
		p, err := exec.LookPath(name)
		if err != nil {
			return ""
		}
		return p
	}
	return peers{duckdb: look("duckdb"), sort: look("sort"), join: look("join"), awk: look("awk"), mlr: look("mlr")}
}

func machine(p peers) string {
	var have []string
	for _, t := range []struct{ name, path string }{{"duckdb", p.duckdb}, {"sort", p.sort}, {"mlr", p.mlr}} {
		if t.path == "" {
			have = append(have, t.name+" (not installed)")
			continue
		}
		have = append(have, t.name)
	}
	return fmt.Sprintf("%s/%s, %d CPUs, peers: %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), strings.Join(have, ", "))
}

// header names of the generated files; fixgen bench writes them.
const (
	colTerminal = "终端号"
	colRef      = "参考号"
	colAmount   = "交易金额"
	colPaid     = "金额"
)

// duckWide is the comparison as a user of DuckDB would write it: all columns of
// both sides travel through the join into the output.
func (p peers) duckWide(pos, clearing, out string) job {
	return p.duck("DuckDB, all columns", pos, clearing, out, "p.*, c.*")
}

// duckNarrow carries only the key and the amounts.
func (p peers) duckNarrow(pos, clearing, out string) job {
	return p.duck("DuckDB, four columns", pos, clearing, out,
		fmt.Sprintf(`coalesce(p.%q, c.%q) AS terminal, coalesce(p.%q, c.%q) AS ref, p.%q AS sold, c.%q AS cleared`, colTerminal, colTerminal, colRef, colRef, colPaid, colAmount))
}

func (p peers) duck(name, pos, clearing, out, columns string) job {
	read := func(file, amount string) string {
		return fmt.Sprintf(`read_csv(%s, header=true, delim=',', quote='"', escape='"', all_varchar=true, types={%s: 'DECIMAL(14,2)', %s: 'BIGINT', %s: 'BIGINT'})`,
			sqlString(file), sqlString(amount), sqlString(colTerminal), sqlString(colRef))
	}
	sql := fmt.Sprintf(`SET threads=%d; SET preserve_insertion_order=false; COPY (SELECT %s FROM %s p FULL OUTER JOIN %s c ON p.%q = c.%q AND p.%q = c.%q WHERE p.%q IS DISTINCT FROM c.%q) TO %s (HEADER)`,
		runtime.NumCPU(), columns, read(pos, colPaid), read(clearing, colAmount), colTerminal, colTerminal, colRef, colRef, colPaid, colAmount, sqlString(out))
	return job{name: name, argv: []string{p.duckdb, "-c", sql}}
}

func sqlString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sortJoin cuts key and amount out of both files, sorts and joins them. awk knows
// no quotes, so sed first replaces what stands in them.
func (p peers) sortJoin(pos, clearing, dir string, posCols, clearingCols [3]int) job {
	cut := func(file string, c [3]int) string {
		return fmt.Sprintf(`sed 's/"[^"]*"/x/g' %q | %s -F, 'NR>1{print $%d "/" $%d "," $%d}' | %s -t, -k1,1`, file, p.awk, c[0], c[1], c[2], p.sort)
	}
	a, b := filepath.Join(dir, "a.sorted"), filepath.Join(dir, "b.sorted")
	script := fmt.Sprintf(`(%s > %q) & (%s > %q); wait; %s -t, -a1 -a2 -e - -o 0,1.2,2.2 %q %q | %s -F, '$2!=$3' > %q`,
		cut(pos, posCols), a, cut(clearing, clearingCols), b, p.join, a, b, p.awk, filepath.Join(dir, "sortjoin.csv"))
	return job{name: "awk + sort + join, key and amount", argv: []string{"sh", "-c", script}}
}

// miller joins both files in memory.
func (p peers) miller(pos, clearing, out string) job {
	script := fmt.Sprintf(`%s --icsv --ocsv join --np --ul --ur -j %s,%s -f %q %q > %q`, p.mlr, colTerminal, colRef, pos, clearing, out)
	return job{name: "Miller join", argv: []string{"sh", "-c", script}, runs: 1}
}
