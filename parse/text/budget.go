package text

import (
	"os"
	"sync"
	"sync/atomic"

	"github.com/duizhang/duizhang/parse/problem"
)

const (
	// DefaultHeld is what all unpacked documents of a run hold in memory
	// together where the caller names no size.
	DefaultHeld = 128 << 20
	// BigStrings is from which size on the shared texts of a workbook are
	// loaded one workbook after the other.
	BigStrings = 32 << 20
)

// A budget is the memory that all documents made in one run share: entries of
// archives, transcoded texts, sheets of workbooks. What does not fit goes to
// one temporary file, so that neither memory nor open files grow with the
// number of entries. What is read does not depend on where it lies.
type Budget struct {
	left atomic.Int64
	// strings lets one workbook with many texts have them in memory at a time.
	Strings sync.Mutex

	mu   sync.Mutex
	open func() (*os.File, error)
	file *os.File
	end  int64
}

func NewBudget(memory int64, tempFile func() (*os.File, error)) *Budget {
	b := &Budget{open: tempFile}
	b.left.Store(memory)
	return b
}

// take says whether n bytes more may be held.
func (b *Budget) take(n int64) bool {
	if b == nil {
		return true
	}
	if b.left.Add(-n) >= 0 {
		return true
	}
	b.left.Add(n)
	return false
}

func (b *Budget) give(n int64) {
	if b != nil {
		b.left.Add(n)
	}
}

// put appends p to the common file and says where it stands. Its error is a
// SpoolError: the temporary folder failed.
func (b *Budget) put(p []byte) (file *os.File, at int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		if b.file, err = b.open(); err != nil {
			b.file = nil
			return nil, 0, &SpoolError{err}
		}
	}
	at = b.end
	n, err := b.file.WriteAt(p, at)
	b.end += int64(n)
	if err != nil {
		return nil, 0, &SpoolError{err}
	}
	return b.file, at, nil
}

// Close removes the common file; nothing that went to it can be read any more.
func (b *Budget) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.file == nil {
		return nil
	}
	f := b.file
	b.file = nil
	return closeTemp(f)
}

// StringsLimit is how large the shared texts of one workbook may be: a quarter
// of the run's memory, since they are looked up in no order and so cannot lie
// in a file. It depends on nothing but the settings, so that the same workbook
// is refused in every run or in none.
func StringsLimit(memory int64) int64 {
	if memory <= 0 {
		return problem.DefaultStrings
	}
	return min(problem.DefaultStrings, max(memory/4, BigStrings))
}
