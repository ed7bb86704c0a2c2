package unpack

import (
	"bufio"
	"errors"
	"io"
)

// errCompress is a damaged .Z stream.
var errCompress = errors.New("compress: corrupt LZW stream")

const (
	compressClear    = 256 // the code that empties the table, in block mode
	compressMinBits  = 9
	compressMaxBits  = 16
	compressBlock    = 0x80
	compressBitsMask = 0x1F
)

// compressReader reads the .Z files of Unix compress: LZW codes of 9 to 16
// bits, low bits first, written in groups of eight. When the width changes or
// the table is emptied, the rest of the group is padding (a quirk of the first
// implementation that became the format).
//
// The format has no checksum and no end mark: a file cut between two codes
// looks whole. The text's own checks must find that.
type compressReader struct {
	in        *bufio.Reader
	maxBits   uint
	blockMode bool

	bits    uint // width of the next code
	group   [compressMaxBits]byte
	groupN  int  // bits in group
	groupAt int  // bits used
	last    bool // the group is the last one

	next   int // next free entry
	prev   int // previous code, -1 after a clear
	first  byte
	prefix [1 << compressMaxBits]uint16
	suffix [1 << compressMaxBits]byte

	out  [1 << compressMaxBits]byte // filled from the end
	left []byte
	err  error
}

// newCompressReader reads the header of a .Z stream.
func newCompressReader(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	var h [3]byte
	if _, err := io.ReadFull(in, h[:]); err != nil {
		return nil, err
	}
	z := &compressReader{in: in, maxBits: uint(h[2] & compressBitsMask), blockMode: h[2]&compressBlock != 0}
	if h[0] != 0x1F || h[1] != 0x9D || h[2]&0x60 != 0 || z.maxBits < compressMinBits || z.maxBits > compressMaxBits {
		return nil, errCompress
	}
	for i := range 256 {
		z.suffix[i] = byte(i)
	}
	z.clear()
	return z, nil
}

func (z *compressReader) clear() {
	z.bits, z.prev = compressMinBits, -1
	z.next = 256
	if z.blockMode {
		z.next = 257
	}
	z.groupN, z.groupAt = 0, 0
}

func (z *compressReader) Read(p []byte) (int, error) {
	for len(z.left) == 0 {
		if z.err != nil {
			return 0, z.err
		}
		z.left, z.err = z.decode()
	}
	n := copy(p, z.left)
	z.left = z.left[n:]
	return n, nil
}

// code is the next code of the stream.
func (z *compressReader) code() (int, error) {
	if z.groupAt+int(z.bits) > z.groupN {
		if z.last {
			return 0, io.EOF
		}
		n, err := io.ReadFull(z.in, z.group[:z.bits])
		if err == io.ErrUnexpectedEOF {
			z.last = true
		} else if err != nil {
			return 0, err
		}
		z.groupN, z.groupAt = n*8, 0
		if z.groupN < int(z.bits) {
			return 0, io.ErrUnexpectedEOF
		}
	}
	at, v := z.groupAt>>3, uint32(0)
	for i := range 3 {
		if at+i < len(z.group) {
			v |= uint32(z.group[at+i]) << (8 * i)
		}
	}
	v = v >> (z.groupAt & 7) & (1<<z.bits - 1)
	z.groupAt += int(z.bits)
	return int(v), nil
}

// decode returns the bytes of the next code; they are valid until the next call.
func (z *compressReader) decode() ([]byte, error) {
	code, err := z.code()
	if err != nil {
		return nil, err
	}
	if code == compressClear && z.blockMode {
		z.clear()
		return nil, nil
	}
	if z.prev < 0 {
		if code > 255 {
			return nil, errCompress
		}
		z.prev, z.first = code, byte(code)
		z.out[0] = byte(code)
		return z.out[:1], nil
	}
	if code > z.next || code == z.next && z.next >= 1<<z.maxBits {
		return nil, errCompress
	}
	at := len(z.out)
	c := code
	if code == z.next { // the entry that is only now being made
		at--
		z.out[at] = z.first
		c = z.prev
	}
	for ; c > 255; c = int(z.prefix[c]) {
		at--
		z.out[at] = z.suffix[c]
	}
	at--
	z.out[at], z.first = byte(c), byte(c)
	z.grow()
	z.prev = code
	return z.out[at:], nil
}

// grow adds the entry that the code just read completes, and widens the codes
// when the table needs it.
func (z *compressReader) grow() {
	if z.next >= 1<<z.maxBits {
		return
	}
	z.prefix[z.next], z.suffix[z.next] = uint16(z.prev), z.first
	z.next++
	if z.next > 1<<z.bits-1 && z.bits < z.maxBits {
		z.bits++
		z.groupN, z.groupAt = 0, 0
	}
}
