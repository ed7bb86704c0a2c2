package report

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"slices"
	"sync"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"

	"github.com/klauspost/compress/flate"
	"golang.org/x/sync/errgroup"
)

// tally is what reading a sheet back must find.
type tally struct {
	rows int
	sums []sum // per column, of the cells that are amounts
	// proof says what else is looked at in a row, and digest is what was found.
	proof  *sheetProof
	digest rowsDigest
}

// verifier reads a written workbook again with nothing in common with its
// writer but the file: the zip directory, the checksums, the rows of every
// sheet and the sum of every money column have to come out as counted.
type verifier struct {
	moneyStyle string // the style of amounts: only they are added up
	want       map[string]tally
	// blocks are the pieces in which large parts were compressed, so that
	// they can be read on several cores; a part without is read in one piece.
	blocks map[string][]*block
	// proof is what the sheets must hold; nil: not asked.
	proof *proof
}

func (v *verifier) check(ctx context.Context, f *os.File, size int64, workers int) error {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return fmt.Errorf("report: the workbook cannot be read back: %w", err)
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	seen := 0
	found := map[int]rowsDigest{}
	for _, entry := range z.File {
		want, isSheet := v.want[entry.Name]
		if isSheet {
			seen++
		}
		got, err := v.read(ctx, f, entry, want.like(), workers)
		if err != nil {
			return fmt.Errorf("report: %s cannot be read back: %w", entry.Name, err)
		}
		if !isSheet {
			continue
		}
		if err := got.compare(want); err != nil {
			return fmt.Errorf("report: %s read back has %w", entry.Name, err)
		}
		if p := want.proof; p != nil {
			d := found[p.sheet]
			d.merge(got.digest)
			found[p.sheet] = d
		}
	}
	if seen != len(v.want) {
		return fmt.Errorf("report: the workbook read back has %d of %d sheets", seen, len(v.want))
	}
	return v.compareProof(found)
}

// compareProof compares the rows of the sheets with the result's.
func (v *verifier) compareProof(found map[int]rowsDigest) error {
	if v.proof == nil {
		return nil
	}
	for i, want := range v.proof.sheets {
		switch got := found[i]; {
		case got.n != want.n:
			return fmt.Errorf("report: a sheet read back has %d rows of the result instead of %d", got.n, want.n)
		case got != want:
			return fmt.Errorf("report: a row of a sheet read back is not that of the result")
		}
	}
	return nil
}

// like is an empty tally of the same columns.
func (t *tally) like() tally { return tally{sums: make([]sum, len(t.sums)), proof: t.proof} }

func (t *tally) compare(want tally) error {
	if t.rows != want.rows {
		return fmt.Errorf("%d rows instead of %d", t.rows, want.rows)
	}
	for i := range want.sums {
		if t.sums[i] != want.sums[i] {
			return fmt.Errorf("%s in column %s instead of %s", yuan(t.sums[i].fen), columnName(i), yuan(want.sums[i].fen))
		}
	}
	return nil
}

func (t *tally) merge(o *tally) {
	t.rows += o.rows
	t.digest.merge(o.digest)
	for i := range t.sums {
		t.sums[i].merge(o.sums[i])
	}
}

// read counts a part.
func (v *verifier) read(ctx context.Context, f *os.File, entry *zip.File, like tally, workers int) (tally, error) {
	if len(v.blocks[entry.Name]) > 1 {
		return v.readBlocks(ctx, f, entry, like, workers)
	}
	r, err := entry.Open()
	if err != nil {
		return tally{}, err
	}
	defer r.Close()
	return v.scan(ctx, r, like)
}

// readBlocks counts a part block by block. That every block unpacks by itself
// to its length, that all but the last end on the mark of a flushed stream and
// the last one ends it, and that the checksums combine to the directory's,
// together say that the part as a whole unpacks.
func (v *verifier) readBlocks(ctx context.Context, f *os.File, entry *zip.File, like tally, workers int) (tally, error) {
	start, err := entry.DataOffset()
	if err != nil {
		return tally{}, err
	}
	blocks := v.blocks[entry.Name]
	tallies, sums := make([]tally, len(blocks)), make([]uint32, len(blocks))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	end := start
	for i, b := range blocks {
		at, last := end, i == len(blocks)-1
		end += b.size
		g.Go(problem.Guard(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			tallies[i], sums[i], err = v.readBlock(io.NewSectionReader(f, at, b.size), b.raw, last, like)
			return err
		}))
	}
	if err := g.Wait(); err != nil {
		return tally{}, err
	}
	total, crc, raw := like.like(), uint32(0), int64(0)
	for i, b := range blocks {
		total.merge(&tallies[i])
		crc = combineCRC(crc, sums[i], b.raw)
		raw += b.raw
	}
	if end-start != int64(entry.CompressedSize64) || raw != int64(entry.UncompressedSize64) || crc != entry.CRC32 {
		return tally{}, zip.ErrChecksum
	}
	return total, nil
}

// flushed ends a block behind which others follow.
var flushed = []byte{0, 0, 0xFF, 0xFF}

func (v *verifier) readBlock(r *io.SectionReader, raw int64, last bool, like tally) (tally, uint32, error) {
	t := like.like()
	k := unpackers.Get().(*unpacker)
	defer unpackers.Put(k)
	k.packed = slices.Grow(k.packed[:0], int(r.Size()))[:r.Size()]
	packed := k.packed
	if _, err := io.ReadFull(r, packed); err != nil {
		return t, 0, err
	}
	if !last && !bytes.HasSuffix(packed, flushed) {
		return t, 0, flate.CorruptInputError(r.Size())
	}
	k.xml = slices.Grow(k.xml[:0], int(raw))[:raw]
	xml := k.xml
	if err := k.z.(flate.Resetter).Reset(bytes.NewReader(packed), nil); err != nil {
		return t, 0, err
	}
	if _, err := io.ReadFull(k.z, xml); err != nil {
		return t, 0, err
	}
	if _, err := k.z.Read(make([]byte, 1)); (err == io.EOF) != last {
		return t, 0, flate.CorruptInputError(r.Size())
	}
	return t, crc32.ChecksumIEEE(xml), t.count(xml, v.marker())
}

// unpacker is what reading a block needs.
type unpacker struct {
	z           io.ReadCloser
	packed, xml []byte
}

var unpackers = sync.Pool{New: func() any { return &unpacker{z: flate.NewReader(bytes.NewReader(nil))} }}

// marker stands before the value of an amount.
func (v *verifier) marker() []byte { return []byte(`" s="` + v.moneyStyle + `">`) }

// scan reads a part to its end, which checks its checksum, and counts.
func (v *verifier) scan(ctx context.Context, r io.Reader, like tally) (tally, error) {
	t := like.like()
	marker := v.marker()
	k := unpackers.Get().(*unpacker)
	defer unpackers.Put(k)
	buf := slices.Grow(k.xml[:0], blockSize)
	defer func() { k.xml = buf }()
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

// rowMark is in every row once and, as text has no bare ">", nowhere else. It
// begins with a letter that is rare in a sheet, so that the search for it goes
// through the sheet in long steps.
var rowMark = []byte("ow>")

// valueMark is the end of <v> and of </v>.
var valueMark = []byte("v>")

// count adds the whole rows in xml; marker stands before the <v> of amounts.
func (t *tally) count(xml, marker []byte) error {
	t.rows += bytes.Count(xml, rowMark)
	if t.proof != nil {
		t.proof.read(&t.digest, xml)
	}
	for from := 0; ; {
		i := bytes.Index(xml[from:], valueMark)
		if i < 0 {
			return nil
		}
		i += from
		from = i + len(valueMark)
		if i == 0 || xml[i-1] != '<' || !bytes.HasSuffix(xml[:i-1], marker) {
			continue
		}
		column, err := columnBefore(xml[:i-1-len(marker)])
		if err != nil {
			return err
		}
		f, n := readYuan(xml[from:])
		if n == 0 || column >= len(t.sums) {
			return fmt.Errorf("column %s holds %q where an amount should be", columnName(column), xml[from:min(from+20, len(xml))])
		}
		t.sums[column].add(f)
		from += n
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
