package text

import (
	"bytes"
	"errors"
	"io"
	"os"

	"github.com/duizhang/duizhang/parse/problem"
)

// spoolBlock is how much a spool collects before it writes to its file.
const spoolBlock = 256 << 10

// A spool is a document that was made here: text in UTF-8 from another
// encoding, or a workbook's sheet. It stays in memory up to a limit and moves
// to a temporary file beyond it. It is written first, by one goroutine, and
// read afterwards, by any number.
type Spool struct {
	Mem      []byte // what is not in the file yet; all of it while file is nil
	File     *os.File
	inFile   int64
	limit    int // bytes to hold in memory
	tempFile func() (*os.File, error)

	// budget, if not nil, is asked for the memory of a finished spool; held is
	// what it granted. A spool that got none stands in the common file, which
	// is not its own, from byte at on.
	budget *Budget
	held   int64
	Common *os.File
	at     int64
}

func NewSpool(opt Workspace) *Spool {
	return &Spool{limit: int(opt.Memory), tempFile: opt.TempFile, budget: opt.Budget}
}

// Write takes all of p or fails with a SpoolError: it is the temporary folder
// that failed then, not the input.
func (s *Spool) Write(p []byte) (int, error) {
	s.Mem = append(s.Mem, p...)
	return len(p), s.settle()
}

// settle moves what is above the limit out of memory.
func (s *Spool) settle() error {
	if s.File == nil {
		if len(s.Mem) <= s.limit || s.tempFile == nil {
			return nil
		}
		f, err := s.tempFile()
		if err != nil {
			return &SpoolError{err}
		}
		s.File = f
	} else if len(s.Mem) < spoolBlock {
		return nil
	}
	return s.flush()
}

func (s *Spool) flush() error {
	if s.File == nil {
		return nil
	}
	n, err := s.File.Write(s.Mem)
	s.inFile += int64(n)
	if err != nil {
		return &SpoolError{err}
	}
	if cap(s.Mem) > 2*spoolBlock {
		s.Mem = make([]byte, 0, spoolBlock+spoolBlock/2)
	}
	s.Mem = s.Mem[:0]
	return nil
}

// Finish ends the writing. What is in memory stays there if the run's budget
// has room for it.
func (s *Spool) Finish() error {
	if s.File != nil {
		err := s.flush()
		s.Mem = nil
		return err
	}
	n := int64(len(s.Mem))
	if s.tempFile == nil || s.budget.take(n) {
		if s.tempFile != nil {
			s.held = n
		}
		s.Mem = bytes.Clone(s.Mem)
		return nil
	}
	var err error
	s.Common, s.at, err = s.budget.put(s.Mem)
	s.inFile, s.Mem = n, nil
	return err
}

func (s *Spool) Size() int64 { return s.inFile + int64(len(s.Mem)) }

func (s *Spool) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case s.File != nil:
		return s.File.ReadAt(p, off)
	case s.Common != nil:
		return io.NewSectionReader(s.Common, s.at, s.inFile).ReadAt(p, off)
	}
	if off < 0 || off >= int64(len(s.Mem)) {
		return 0, io.EOF
	}
	n := copy(p, s.Mem[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close gives the memory back and removes the file.
func (s *Spool) Close() error {
	s.budget.give(s.held)
	s.Mem, s.held, s.Common = nil, 0, nil
	if s.File == nil {
		return nil
	}
	f := s.File
	s.File = nil
	return closeTemp(f)
}

func closeTemp(f *os.File) error {
	err := f.Close()
	if rm := os.Remove(f.Name()); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// TempFiles makes temporary files in dir ("" is the system's). Where the system
// allows it they have no name from the beginning, so that nothing is left
// behind whatever ends the program; elsewhere closing them removes them.
func TempFiles(dir string) func() (*os.File, error) {
	return func() (*os.File, error) {
		f, err := os.CreateTemp(dir, "duizhang-*")
		if err != nil {
			return nil, err
		}
		_ = os.Remove(f.Name()) // fails on Windows while the file is open; closeTemp does it then
		return f, nil
	}
}

// A section is a source without its first bytes (a byte order mark).
type Section struct {
	Source
	Skip int64
}

func (s Section) Size() int64 { return s.Source.Size() - s.Skip }

func (s Section) ReadAt(p []byte, off int64) (int, error) {
	return s.Source.ReadAt(p, off+s.Skip)
}

// ReadFull fills p from off. A source that ends early has been cut while it was
// being read.
func ReadFull(src io.ReaderAt, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Workspace is what reading containers needs from outside.
type Workspace struct {
	Limits problem.Limits
	// memory is how much of an unpacked document is held in memory; what is
	// longer goes to a temporary file. budget is what all of them share; nil
	// sets no bound.
	Memory int64
	Budget *Budget
	// tempFile makes a temporary file, whose name has nothing to do with any
	// input. Closing the document removes it.
	TempFile func() (*os.File, error)
}

// SpoolError is a failure of the temporary file, not of the input.
type SpoolError struct{ err error }

func (e *SpoolError) Error() string { return e.err.Error() }

func (e *SpoolError) Unwrap() error { return e.err }
