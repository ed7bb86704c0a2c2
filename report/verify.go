package report

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"

	"duizhang/parse"
	"duizhang/parse/money"
)

// tally is what reading a sheet back must find.
type tally struct {
	rows int
	sums []sum // per column, of the cells that are amounts
}

// verifier reads a written workbook again with nothing in common with its
// writer but the file: the zip directory, the checksums, the rows of every
// sheet and the sum of every money column have to come out as counted.
type verifier struct {
	moneyStyle string // the style of amounts: only they are added up
	want       map[string]tally
}

func (v *verifier) check(ctx context.Context, f *os.File, size int64, workers int) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("report: the workbook cannot be read back: %w", err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	seen := 0
	for _, entry := range z.File {
		want, isSheet := v.want[entry.Name]
		if isSheet {
			seen++
		}
		g.Go(parse.Guard(func() error { return v.checkEntry(ctx, entry, isSheet, want) }))
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if seen != len(v.want) {
		return fmt.Errorf("report: the workbook read back has %d of %d sheets", seen, len(v.want))
	}
	return nil
}

func (v *verifier) checkEntry(ctx context.Context, entry *zip.File, isSheet bool, want tally) error {
	r, err := entry.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := v.scan(ctx, r, len(want.sums))
	if err != nil {
		return fmt.Errorf("report: %s cannot be read back: %w", entry.Name, err)
	}
	if !isSheet {
		return nil
	}
	if got.rows != want.rows {
		return fmt.Errorf("report: %s read back has %d rows instead of %d", entry.Name, got.rows, want.rows)
	}
	for i := range want.sums {
		if got.sums[i] != want.sums[i] {
			return fmt.Errorf("report: %s read back: column %s adds up to %s instead of %s", entry.Name, columnName(i), yuan(got.sums[i].fen), yuan(want.sums[i].fen))
		}
	}
	return nil
}

// scan reads a part to its end, which checks its checksum, and counts.
func (v *verifier) scan(ctx context.Context, r io.Reader, columns int) (tally, error) {
	t := tally{sums: make([]sum, columns)}
	marker := []byte(`" s="` + v.moneyStyle + `"><v>`)
	buf := make([]byte, 0, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return t, err
		}
		n, err := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		done := err == io.EOF || err == io.ErrUnexpectedEOF
		if err != nil && !done {
			return t, err
		}
		if done {
			return t, t.count(buf, marker)
		}
		end := bytes.LastIndex(buf, rowEnd) + len(rowEnd)
		if end < len(rowEnd) { // one row is larger than the buffer
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
			continue
		}
		if err := t.count(buf[:end], marker); err != nil {
			return t, err
		}
		buf = buf[:copy(buf, buf[end:])]
	}
}

// count adds the whole rows in xml.
func (t *tally) count(xml, marker []byte) error {
	t.rows += bytes.Count(xml, rowEnd)
	for {
		at := bytes.Index(xml, marker)
		if at < 0 {
			return nil
		}
		column, err := columnBefore(xml[:at])
		if err != nil {
			return err
		}
		xml = xml[at+len(marker):]
		f, n := readYuan(xml)
		if n == 0 || column >= len(t.sums) {
			return fmt.Errorf("column %s holds %q where an amount should be", columnName(column), xml[:min(len(xml), 20)])
		}
		t.sums[column].add(f)
		xml = xml[n:]
	}
}

// columnBefore reads the column of the cell reference at the end of xml.
func columnBefore(xml []byte) (int, error) {
	i := len(xml)
	for i > 0 && xml[i-1] >= '0' && xml[i-1] <= '9' {
		i--
	}
	column, scale := 0, 1
	for i > 0 && xml[i-1] >= 'A' && xml[i-1] <= 'Z' && scale < 26*26*26 {
		i--
		column += int(xml[i]-'A'+1) * scale
		scale *= 26
	}
	if column == 0 {
		return 0, fmt.Errorf("a cell without a reference before %q", xml[max(0, len(xml)-20):])
	}
	return column - 1, nil
}

// readYuan reads an amount with two decimals up to the next tag; n is 0 if
// there is none.
func readYuan(b []byte) (f money.Fen, n int) {
	negative := len(b) > 0 && b[0] == '-'
	i := 0
	if negative {
		i = 1
	}
	point := -1
	for ; i < len(b) && b[i] != '<'; i++ {
		switch {
		case b[i] == '.' && point < 0:
			point = i
		case b[i] >= '0' && b[i] <= '9':
			f = f*10 + money.Fen(b[i]-'0')
		default:
			return 0, 0
		}
	}
	if point < 0 || i-point != 3 {
		return 0, 0
	}
	if negative {
		f = -f
	}
	return f, i
}
