package parse

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// spoolBlock is how much a spool collects before it writes to its file.
const spoolBlock = 256 << 10

// A spool is a document that was made here: text in UTF-8 from another
// encoding, or a workbook's sheet. It stays in memory up to a limit and moves
// to a temporary file beyond it. It is written first, by one goroutine, and
// read afterwards, by any number.
type spool struct {
	mem      []byte // what is not in the file yet; all of it while file is nil
	file     *os.File
	inFile   int64
	limit    int // bytes to hold in memory
	tempFile func() (*os.File, error)

	// budget, if not nil, is asked for the memory of a finished spool; held is
	// what it granted. A spool that got none stands in the common file, which
	// is not its own, from byte at on.
	budget *budget
	held   int64
	common *os.File
	at     int64
}

func newSpool(opt containerOptions) *spool {
	return &spool{limit: int(opt.memory), tempFile: opt.tempFile, budget: opt.budget}
}

// Write takes all of p or fails with a spoolError: it is the temporary folder
// that failed then, not the input.
func (s *spool) Write(p []byte) (int, error) {
	s.mem = append(s.mem, p...)
	return len(p), s.settle()
}

// settle moves what is above the limit out of memory.
func (s *spool) settle() error {
	if s.file == nil {
		if len(s.mem) <= s.limit || s.tempFile == nil {
			return nil
		}
		f, err := s.tempFile()
		if err != nil {
			return &spoolError{err}
		}
		s.file = f
	} else if len(s.mem) < spoolBlock {
		return nil
	}
	return s.flush()
}

func (s *spool) flush() error {
	if s.file == nil {
		return nil
	}
	n, err := s.file.Write(s.mem)
	s.inFile += int64(n)
	if err != nil {
		return &spoolError{err}
	}
	if cap(s.mem) > 2*spoolBlock {
		s.mem = make([]byte, 0, spoolBlock+spoolBlock/2)
	}
	s.mem = s.mem[:0]
	return nil
}

// finish ends the writing. What is in memory stays there if the run's budget
// has room for it.
func (s *spool) finish() error {
	if s.file != nil {
		err := s.flush()
		s.mem = nil
		return err
	}
	n := int64(len(s.mem))
	if s.tempFile == nil || s.budget.take(n) {
		if s.tempFile != nil {
			s.held = n
		}
		s.mem = bytes.Clone(s.mem)
		return nil
	}
	var err error
	s.common, s.at, err = s.budget.put(s.mem)
	s.inFile, s.mem = n, nil
	return err
}

func (s *spool) Size() int64 { return s.inFile + int64(len(s.mem)) }

func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case s.file != nil:
		return s.file.ReadAt(p, off)
	case s.common != nil:
		return io.NewSectionReader(s.common, s.at, s.inFile).ReadAt(p, off)
	}
	if off < 0 || off >= int64(len(s.mem)) {
		return 0, io.EOF
	}
	n := copy(p, s.mem[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close gives the memory back and removes the file.
func (s *spool) Close() error {
	s.budget.give(s.held)
	s.mem, s.held, s.common = nil, 0, nil
	if s.file == nil {
		return nil
	}
	f := s.file
	s.file = nil
	return closeTemp(f)
}

func closeTemp(f *os.File) error {
	err := f.Close()
	if rm := os.Remove(f.Name()); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// tempFiles makes temporary files in dir ("" is the system's). Where the system
// allows it they have no name from the beginning, so that nothing is left
// behind whatever ends the program; elsewhere closing them removes them.
func tempFiles(dir string) func() (*os.File, error) {
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
type section struct {
	byteSource
	skip int64
}

func (s section) Size() int64 { return s.byteSource.Size() - s.skip }
func (s section) ReadAt(p []byte, off int64) (int, error) {
	return s.byteSource.ReadAt(p, off+s.skip)
}

// readFull fills p from off. A source that ends early has been cut while it was
// being read.
func readFull(src io.ReaderAt, p []byte, off int64) error {
	n, err := src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
