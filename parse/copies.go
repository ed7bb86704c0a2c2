package parse

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"strings"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// This file tells which documents hold the same bytes. Each is read at most
// once for it, whatever the number of documents, and only as far as others are
// of its size.

// A print is what tells a document's content: the digest of its ends, which
// most that differ differ in, and where those agree that of all its bytes.
type print struct {
	ends, whole [sha256.Size]byte
	hasEnds     bool
	hasWhole    bool
	lost        bool // the bytes cannot be read
}

// printBytes is how much of each end is read first.
const printBytes = 16 << 10

// ends is the digest of a document's first and last bytes.
func (d *document) ends() ([sha256.Size]byte, error) {
	if d.print.hasEnds || d.print.lost {
		return d.print.ends, nil
	}
	size := d.src.Size()
	n := min(printBytes, size)
	b := make([]byte, 2*n)
	if err := errors.Join(text.ReadFull(d.src, b[:n], 0), text.ReadFull(d.src, b[n:], size-n)); err != nil {
		return d.print.ends, d.lose(err)
	}
	d.print.ends, d.print.hasEnds = sha256.Sum256(b), true
	return d.print.ends, nil
}

// whole is the digest of all bytes.
func (d *document) whole() ([sha256.Size]byte, error) {
	if d.print.hasWhole || d.print.lost {
		return d.print.whole, nil
	}
	h := sha256.New()
	n, err := io.CopyBuffer(h, io.NewSectionReader(d.src, 0, d.src.Size()), make([]byte, 256<<10))
	if err == nil && n != d.src.Size() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return d.print.whole, d.lose(err)
	}
	h.Sum(d.print.whole[:0])
	d.print.hasWhole = true
	return d.print.whole, nil
}

// lose refuses a document whose bytes cannot be read: the others are compared
// without it. The end of the run stays an error.
func (d *document) lose(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	_ = d.readError(err) // it says that the file is out
	d.print.lost = true
	return nil
}

// compareDocuments orders by name, and files of one name by size and content.
func compareDocuments(a, b *document) (int, error) {
	if c := cmp.Or(strings.Compare(a.file.Name, b.file.Name), cmp.Compare(a.src.Size(), b.src.Size())); c != 0 || a == b {
		return c, nil
	}
	x, err1 := a.ends()
	y, err2 := b.ends()
	if c := bytes.Compare(x[:], y[:]); c != 0 || err1 != nil || err2 != nil {
		return c, errors.Join(err1, err2)
	}
	x, err1 = a.whole()
	y, err2 = b.whole()
	return bytes.Compare(x[:], y[:]), errors.Join(err1, err2)
}

// A sameness is what copies have in common.
type sameness struct {
	side  record.Side
	size  int64
	ends  [sha256.Size]byte
	whole [sha256.Size]byte
}

// markCopies takes every document out whose side has an earlier one with the
// same bytes.
func (in *Input) markCopies() error {
	key := make([]sameness, len(in.docs))
	stages := []func(i int, d *document) error{
		func(i int, d *document) error {
			key[i] = sameness{side: d.file.Side, size: d.src.Size()}
			return nil
		},
		func(i int, d *document) (err error) {
			key[i].ends, err = d.ends()
			return err
		},
		func(i int, d *document) (err error) {
			key[i].whole, err = d.whole()
			return err
		},
	}
	alike := map[sameness]int{}
	for stage, look := range stages {
		next := map[sameness]int{}
		for i, d := range in.docs {
			if stage > 0 && alike[key[i]] < 2 || d.print.lost {
				continue // nothing is like it
			}
			if err := look(i, d); err != nil {
				return err
			}
			if d.print.lost {
				continue
			}
			next[key[i]]++
		}
		alike = next
	}
	first := map[sameness]*document{}
	for i, d := range in.docs {
		if alike[key[i]] < 2 || d.print.lost {
			continue
		}
		e := first[key[i]]
		if e == nil {
			first[key[i]] = d
			continue
		}
		d.file.Used = false
		d.file.DuplicateOf = e.file.Name
		if d.file.Path != e.file.Path {
			d.file.DuplicateOf = e.file.Path
		}
	}
	return nil
}
