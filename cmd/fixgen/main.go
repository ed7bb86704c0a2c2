// Command fixgen writes generated days to a folder: files of a shop, its
// acquirers and its bank, for demos, tests by hand and benchmarks.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/duizhang/duizhang/fixtures"
)

const usage = `usage:
  fixgen day   --dir D [--seed N] [--layout NAME,...] [--days N] [--encoding E] [--form csv|xlsx|zip] [--bank] ...
               a shop's days: POS export, clearing files, with --bank contracts and bank statement too
  fixgen bench --dir D --rows N [--differ 0.01] [--encoding utf8|gbk] [--form csv|fixed|xlsx]
               one big day for benchmarks
  fixgen demo  --dir D
               the data set of 'duizhang demo'
  fixgen layouts
               the clearing layouts that 'day' can write
`

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fixgen:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("no command given\n" + usage)
	}
	switch args[0] {
	case "day":
		return day(args[1:], out)
	case "bench":
		return bench(args[1:], out)
	case "demo":
		return demo(args[1:], out)
	case "layouts":
		fmt.Fprintln(out, strings.Join(fixtures.Layouts(), "\n"))
		return nil
	}
	return fmt.Errorf("no command %q\n%s", args[0], usage)
}

// parse reads the flags and insists on a folder.
func parse(f *flag.FlagSet, args []string, dir *string) error {
	f.SetOutput(io.Discard)
	if err := f.Parse(args); err != nil {
		return fmt.Errorf("%w\n%s", err, usage)
	}
	if f.NArg() > 0 {
		return fmt.Errorf("unexpected %q\n%s", f.Arg(0), usage)
	}
	if *dir == "" {
		return errors.New("--dir is missing: say which folder to write to")
	}
	return nil
}

func day(args []string, out io.Writer) error {
	f := flag.NewFlagSet("day", flag.ContinueOnError)
	dir := f.String("dir", "", "folder to write to")
	seed := f.Uint64("seed", 1, "seed of the world")
	layouts := f.String("layout", "generic", "clearing layouts, one acquirer each")
	days := f.Int("days", 3, "clearing days")
	stores := f.Int("stores", 0, "stores; 0 draws")
	sales := f.Int("sales", 0, "happenings per till and day; 0 draws")
	encoding := f.String("encoding", "", "utf8, utf8-bom, gbk, gb18030 or utf16le; the layout's own if not given")
	form := f.String("form", "", "csv, xlsx or zip")
	delimiter := f.String("delimiter", ",", "of generic tables")
	lf := f.Bool("lf", false, "end lines with LF")
	bank := f.Bool("bank", false, "contracts and bank statement too")
	bankLayout := f.String("bank-layout", "generic", "layout of the bank statement")
	if err := parse(f, args, dir); err != nil {
		return err
	}
	names := strings.Split(*layouts, ",")
	for _, n := range names {
		if !fixtures.HasLayout(n) {
			return fmt.Errorf("no clearing layout %q: use %s", n, strings.Join(fixtures.Layouts(), ", "))
		}
		if *bank && !fixtures.LayoutTraits(n).Fees {
			return fmt.Errorf("--bank: what a day pays cannot be computed from %s, which shows no fees", n)
		}
	}
	if len(*delimiter) != 1 {
		return fmt.Errorf("delimiter %q: use one character", *delimiter)
	}
	w := fixtures.Generate(*seed, fixtures.Config{Layouts: names, Days: *days, Stores: *stores, Sales: *sales, Bank: *bank})
	spec := fixtures.Spec{Encoding: *encoding, Form: *form, Delimiter: (*delimiter)[0], LF: *lf}
	pos := spec
	if pos.Form == "zip" {
		pos.Form = ""
	}
	paths, err := w.WritePos(*dir, pos)
	if err != nil {
		return err
	}
	more, err := w.WriteClearing(*dir, spec)
	if err != nil {
		return err
	}
	paths = append(paths, more...)
	if *bank {
		bankPaths, err := w.WriteBank(*dir, fixtures.Spec{Encoding: *encoding, Variant: *bankLayout})
		if err != nil {
			return err
		}
		contracts, err := w.WriteContracts(*dir)
		if err != nil {
			return err
		}
		paths = append(append(paths, bankPaths...), contracts)
	}
	list(out, paths, w.AsOf)
	return nil
}

func list(out io.Writer, paths []string, asOf fixtures.Day) {
	for _, p := range paths {
		fmt.Fprintln(out, p)
	}
	fmt.Fprintf(out, "reconcile with --as-of %s\n", asOf)
}

func bench(args []string, out io.Writer) error {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	dir := f.String("dir", "", "folder to write to")
	b := fixtures.Bulk{}
	f.IntVar(&b.Rows, "rows", 1_000_000, "transactions")
	f.Float64Var(&b.Differ, "differ", 0.01, "share of the rows that differ")
	f.StringVar(&b.Encoding, "encoding", "utf8", "utf8 or gbk")
	f.StringVar(&b.Form, "form", "csv", "csv, fixed or xlsx")
	f.Uint64Var(&b.Seed, "seed", 1, "seed of the amounts")
	if err := parse(f, args, dir); err != nil {
		return err
	}
	start := time.Now()
	t, err := b.Write(*dir)
	if err != nil {
		return err
	}
	rows := t.PosRows + t.ClearingRows
	fmt.Fprintf(out, "%s/%s %d rows\n%s/%s %d rows\nreconcile with --as-of %s\n", *dir, t.PosFile, t.PosRows, *dir, t.ClearingFile, t.ClearingRows, t.AsOf)
	fmt.Fprintf(out, "%.2f million rows a second\n", float64(rows)/1e6/time.Since(start).Seconds())
	return nil
}

func demo(args []string, out io.Writer) error {
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	dir := f.String("dir", "", "folder to write to")
	if err := parse(f, args, dir); err != nil {
		return err
	}
	d, err := fixtures.Demo(*dir)
	if err != nil {
		return err
	}
	list(out, d.Paths(), d.AsOf)
	return nil
}
