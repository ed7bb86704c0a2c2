package parse

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"
)

// scanErr scans the POS side and gives its error.
func scanErr(in *Input) error {
	return in.Sets[record.SidePos].Scan(context.Background(), 2, 0, func(int) func(*record.Row) { return func(*record.Row) {} })
}

// A file that somebody writes to between its opening and its last byte is
// refused by name, whatever was done to it; one that was replaced is read as it
// was when it was opened.
func TestAFileThatChangesIsRefused(t *testing.T) {
	text := testHeader + testRow(1, "x") + testRow(2, "y")
	for what, change := range map[string]func(t *testing.T, path string) error{
		"grows": func(t *testing.T, path string) error {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer f.Close()
			_, err = f.WriteString(testRow(3, "z"))
			return err
		},
		"is cut":     func(t *testing.T, path string) error { return os.Truncate(path, int64(len(testHeader))+5) },
		"is emptied": func(t *testing.T, path string) error { return os.Truncate(path, 0) },
		"is redone": func(t *testing.T, path string) error {
			return os.WriteFile(path, []byte(testHeader+testRow(7, "x")+testRow(8, "y")), 0o600)
		},
		"is touched":  func(t *testing.T, path string) error { return nil },
		"is replaced": func(t *testing.T, path string) error { return replace(path, testHeader+testRow(9, "q")) },
	} {
		for _, packed := range []bool{false, true} {
			content := []byte(text)
			if packed {
				content = gzipped(content)
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "a.csv")
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			in := openFiles(t, nil, dir, "a.csv")
			if err := change(t, path); err != nil {
				t.Fatal(err)
			}
			if what != "is replaced" {
				later := time.Now().Add(time.Second)
				if err := os.Chtimes(path, later, later); err != nil {
					t.Fatal(err)
				}
			}
			err := scanErr(in)
			var out *OutcastError
			f := in.Files[0]
			switch {
			case what == "is replaced":
				if err != nil || f.Accepted != 2 || f.SHA256 != digestAll(sourceOf(content)) {
					t.Errorf("%s, packed %v: %v, %d rows, digest of another version: %v", what, packed, err, f.Accepted, f.SHA256 != digestAll(sourceOf(content)))
				}
			case !errors.As(err, &out) || f.Used || f.Problems[0].Code != codeChanged:
				t.Errorf("%s, packed %v: %v, used %v, %v", what, packed, err, f.Used, texts(f.Problems))
			}
		}
	}
}

// A file that changes after its scan does not give other rows to the report.
func TestAFileThatChangesLaterIsNotReadAgain(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.csv": testHeader + testRow(1, "x") + testRow(2, "y")})
	in := openFiles(t, nil, dir, "a.csv")
	s := in.Sets[record.SidePos]
	pos := scanAll(t, s, 1).pos
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, []byte(testHeader+testRow(3, "x")+testRow(4, "y")), 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	var out *OutcastError
	if _, err := s.Records(context.Background(), 1, pos); !errors.As(err, &out) {
		t.Errorf("read again without a word: %v", err)
	}
}

// A share that vanishes is an error, not the end of the file.
func TestAReadErrorIsNotTheEnd(t *testing.T) {
	dir := writeFiles(t, map[string]string{"a.csv": testHeader + testRow(1, "x") + testRow(2, "y")})
	in := openFiles(t, nil, dir, "a.csv")
	d := in.Sets[record.SidePos].docs[0]
	for _, cause := range []error{errors.New("input/output error"), io.EOF, io.ErrUnexpectedEOF} {
		d.src = failingSource{d.src, int64(len(testHeader)) + 3, cause}
		d.file.Used, d.file.Problems = true, nil
		var out *OutcastError
		if err := scanErr(in); !errors.As(err, &out) || d.file.Problems[0].Code != unpack.CodeUnreadable {
			t.Errorf("%v: %v, %v", cause, err, texts(d.file.Problems))
		}
		d.src = d.src.(failingSource).Source
	}
}

// Files of equal size are compared with each other: one that cannot be read for
// it is refused, and no reason to refuse the others.
func TestAReadErrorWhileFilesAreComparedRefusesOne(t *testing.T) {
	row := testHeader + testRow(1, "x") + testRow(2, "y")
	long := row + strings.Repeat(testRow(3, "z"), 3000)
	for what, content := range map[string]string{"short": row, "long": long} {
		for _, from := range []int64{0, 3, int64(len(content)) / 2} {
			dir := writeFiles(t, map[string]string{"a.csv": content, "b.csv": content, "c.csv": strings.Replace(content, "y", "w", 1)})
			in := openFiles(t, nil, dir, "a.csv", "c.csv")
			more := openFiles(t, nil, dir, "b.csv")
			bad := more.docs[0]
			bad.src = failingSource{bad.src, from, errors.New("input/output error")}
			bad.file.Name = "a.csv" // the order of files of one name is that of their content
			in.docs = append(in.docs, more.docs...)
			for _, d := range in.docs {
				d.print = print{}
			}
			if err := in.arrange(); err != nil {
				t.Errorf("%s from %d: %v", what, from, err)
				continue
			}
			for _, d := range in.docs {
				refused := !d.file.Used && len(d.file.Problems) == 1 && d.file.Problems[0].Code == unpack.CodeUnreadable
				if refused != (d == bad) || d.file.DuplicateOf != "" {
					t.Errorf("%s from %d: %s used %v, same as %q, %v", what, from, d.file.Path, d.file.Used, d.file.DuplicateOf, texts(d.file.Problems))
				}
			}
		}
	}
}

// failingSource fails from an offset on.
type failingSource struct {
	text.Source
	from  int64
	cause error
}

func (s failingSource) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) <= s.from {
		return s.Source.ReadAt(p, off)
	}
	n, _ := s.Source.ReadAt(p[:max(0, s.from-off)], off)
	return n, s.cause
}

func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
