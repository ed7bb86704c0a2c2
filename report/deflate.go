package report

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"sync"

	"github.com/duizhang/duizhang/parse/problem"

	"github.com/klauspost/compress/flate"
)

// blockSize is how much sheet XML is compressed at a time. Where the blocks
// are cut depends on the rows alone, so the bytes of the workbook do not
// depend on how many goroutines compress them.
const blockSize = 256 << 10

// deflateLevel is klauspost's fastest: files a quarter larger than at level 6
// in less than half of the time.
const deflateLevel = 1

// block is a piece of a deflate stream that begins and ends on a byte.
type block struct {
	data     []byte // compressed; nil once it has gone to the spill file
	at, size int64  // place in the spill file
	raw      int64
	crc      uint32 // of the raw bytes
}

// deflater compresses blocks in parallel and holds them until the workbook is
// put together: in memory up to a limit, beyond it in a temporary file.
type deflater struct {
	slots   chan struct{}
	writers sync.Pool
	raws    sync.Pool
	wait    sync.WaitGroup
	tempDir string

	mu    sync.Mutex
	held  int64 // bytes in memory
	spill *os.File
	end   int64 // of the spill file
	err   error
}

// maxHeld bounds the compressed rows that are kept in memory. It is a variable
// so that tests reach the spill file.
var maxHeld int64 = 48 << 20

func newDeflater(workers int, tempDir string) *deflater {
	d := &deflater{slots: make(chan struct{}, workers), tempDir: tempDir}
	d.raws.New = func() any { b := make([]byte, 0, blockSize); return &b }
	d.writers.New = func() any {
		w, err := flate.NewWriter(io.Discard, deflateLevel)
		if err != nil {
			panic(err) // the level is a constant
		}
		return w
	}
	return d
}

// compress gives raw as one block of a stream; last closes the stream.
func (d *deflater) compress(raw []byte, last bool) (*block, error) {
	var out bytes.Buffer
	out.Grow(len(raw)/6 + 64)
	w := d.writers.Get().(*flate.Writer)
	defer d.writers.Put(w)
	w.Reset(&out)
	_, err := w.Write(raw)
	if last {
		err = errors.Join(err, w.Close())
	} else {
		err = errors.Join(err, w.Flush())
	}
	return &block{data: out.Bytes(), size: int64(out.Len()), raw: int64(len(raw)), crc: crc32.ChecksumIEEE(raw)}, err
}

// start compresses own, which it takes over, in the background into b, which
// is complete after finish.
func (d *deflater) start(own *[]byte, b *block) {
	d.slots <- struct{}{}
	d.wait.Go(func() {
		defer func() { <-d.slots }()
		d.fail(problem.Guard(func() error {
			done, err := d.compress(*own, false)
			d.raws.Put(own)
			*b = *done
			if err == nil {
				err = d.keep(b)
			}
			return err
		})())
	})
}

// buffer is an empty buffer for a block.
func (d *deflater) buffer() *[]byte {
	b := d.raws.Get().(*[]byte)
	*b = (*b)[:0]
	return b
}

func (d *deflater) fail(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
}

func (d *deflater) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// keep moves a block to the spill file when memory is full.
func (d *deflater) keep(b *block) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held+b.size <= maxHeld {
		d.held += b.size
		return nil
	}
	if d.spill == nil {
		f, err := os.CreateTemp(d.tempDir, "duizhang-sheet-*")
		if err != nil {
			return err
		}
		// Where the system allows it the name goes at once, so that not even
		// a kill leaves the file behind; elsewhere close removes it.
		_ = os.Remove(f.Name())
		d.spill = f
	}
	if _, err := d.spill.WriteAt(b.data, d.end); err != nil {
		return err
	}
	b.data, b.at = nil, d.end
	d.end += b.size
	return nil
}

// finish waits for all blocks.
func (d *deflater) finish() error {
	d.wait.Wait()
	return d.failed()
}

func (d *deflater) close() {
	d.wait.Wait()
	if d.spill != nil {
		_ = d.spill.Close()
		_ = os.Remove(d.spill.Name())
		d.spill = nil
	}
}

// copyTo writes the compressed bytes of a block.
func (d *deflater) copyTo(w io.Writer, b *block) error {
	if b.data != nil {
		_, err := w.Write(b.data)
		return err
	}
	_, err := io.Copy(w, io.NewSectionReader(d.spill, b.at, b.size))
	return err
}

// bodyWriter cuts the rows of one part into blocks.
type bodyWriter struct {
	d       *deflater
	pending *[]byte // nil before the first row
	blocks  []*block
}

var rowEnd = []byte("</row>")

// write adds whole rows. A block ends behind the last row that fits into
// blockSize, or behind its only row.
func (w *bodyWriter) write(xml []byte) error {
	if w.pending == nil {
		w.pending = w.d.buffer()
	}
	for len(*w.pending)+len(xml) >= blockSize {
		n := bytes.LastIndex(xml[:blockSize-len(*w.pending)], rowEnd) + len(rowEnd)
		if n < len(rowEnd) {
			n = 0
		}
		if n == 0 && len(*w.pending) == 0 {
			n = bytes.Index(xml, rowEnd) + len(rowEnd)
		}
		*w.pending = append(*w.pending, xml[:n]...)
		w.cut()
		w.pending = w.d.buffer()
		xml = xml[n:]
	}
	*w.pending = append(*w.pending, xml...)
	return w.d.failed()
}

// cut makes a block of what is pending.
func (w *bodyWriter) cut() {
	b := new(block)
	w.blocks = append(w.blocks, b)
	w.d.start(w.pending, b)
	w.pending = nil
}

func (w *bodyWriter) finish() {
	if w.pending != nil && len(*w.pending) > 0 {
		w.cut()
	}
}

// combineCRC is the CRC-32 of a followed by b, from the sums of both and the
// length of b: the sum of a is advanced over len(b) zero bytes, which is a
// multiplication by x to the power of its bits modulo the polynomial.
func combineCRC(a, b uint32, lenB int64) uint32 {
	if a == 0 {
		return b
	}
	for square := uint32(1) << (31 - 8); lenB > 0; lenB >>= 1 { // x⁸, one byte
		if lenB&1 != 0 {
			a = product(a, square)
		}
		square = product(square, square)
	}
	return a ^ b
}

// product multiplies modulo the polynomial of CRC-32; the highest bit is the
// coefficient of x⁰.
func product(a, b uint32) (p uint32) {
	for ; a != 0; a <<= 1 {
		p ^= b & -(a >> 31)
		b = b>>1 ^ crc32.IEEE&-(b&1)
	}
	return p
}
