package ledger

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/klauspost/compress/zstd"
)

// codec writes and reads the body of a page with one description of each type
// for both ways, so that the two cannot drift apart. Numbers take as many bytes
// as they need; a text is written once per page and named by its number later.
type codec struct {
	buf     []byte // what is written, or is left to read
	reading bool
	known   map[string]uint64
	texts   []string
	err     error
}

var errShort = errors.New("the page ends too early")

func (c *codec) fail() {
	if c.err == nil {
		c.err = errShort
	}
	c.buf = nil
}

func (c *codec) uint(v *uint64) {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	x, n := binary.Uvarint(c.buf)
	if n <= 0 {
		c.fail()
		*v = 0
		return
	}
	*v, c.buf = x, c.buf[n:]
}

func (c *codec) int(v *int64) {
	u := uint64(*v<<1) ^ uint64(*v>>63)
	c.uint(&u)
	*v = int64(u>>1) ^ -int64(u&1)
}

func (c *codec) fen(v *money.Fen) { number(c, v) }

func (c *codec) date(v *record.Date) { number(c, v) }

// number is a whole number of any type.
func number[T ~int8 | ~int16 | ~int32 | ~int64 | ~int | ~uint8 | ~uint16 | ~uint32](c *codec, v *T) {
	x := int64(*v)
	c.int(&x)
	*v = T(x)
}

func (c *codec) bools(vs ...*bool) {
	var bits uint64
	for i, v := range vs {
		if *v {
			bits |= 1 << i
		}
	}
	c.uint(&bits)
	for i, v := range vs {
		*v = bits&(1<<i) != 0
	}
}

func (c *codec) text(v *string) {
	if !c.reading {
		n, ok := c.known[*v]
		if ok {
			c.uint(&n)
			return
		}
		zero := uint64(0)
		c.uint(&zero)
		c.known[*v] = uint64(len(c.known) + 1)
		n = uint64(len(*v))
		c.uint(&n)
		c.buf = append(c.buf, *v...)
		return
	}
	var n uint64
	if c.uint(&n); n > 0 {
		if n > uint64(len(c.texts)) {
			c.fail()
			return
		}
		*v = c.texts[n-1]
		return
	}
	if c.uint(&n); n > uint64(len(c.buf)) {
		c.fail()
		return
	}
	*v, c.buf = string(c.buf[:n]), c.buf[n:]
	c.texts = append(c.texts, *v)
}

// fixed is a number whose bytes are random: a digest.
func (c *codec) fixed(v *uint64) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, *v)
		return
	}
	if len(c.buf) < 8 {
		c.fail()
		return
	}
	*v, c.buf = binary.LittleEndian.Uint64(c.buf), c.buf[8:]
}

// list is a list of anything that can be written.
func list[T any](c *codec, v *[]T, each func(*codec, *T)) {
	n := uint64(len(*v))
	c.uint(&n)
	if c.reading {
		if n > uint64(len(c.buf)) { // an element takes at least a byte
			c.fail()
			return
		}
		*v = nil
		if n > 0 {
			*v = make([]T, n)
		}
	}
	for i := range *v {
		each(c, &(*v)[i])
	}
}

// zip holds the packers: to make one costs more than to pack a page.
var zip = struct {
	enc func() (*zstd.Encoder, error)
	dec func() (*zstd.Decoder, error)
}{
	sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	}),
	sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPage))
	}),
}

// maxPage is the largest body, unpacked, that is believed.
const maxPage = 256 << 20

// pack is the body of a page.
func pack[T any](v *T, each func(*codec, *T)) ([]byte, error) {
	c := codec{known: map[string]uint64{}}
	each(&c, v)
	enc, err := zip.enc()
	if err != nil {
		return nil, err
	}
	return enc.EncodeAll(c.buf, nil), nil
}

// unpack is the opposite of pack.
func unpack[T any](body []byte, v *T, each func(*codec, *T)) error {
	dec, err := zip.dec()
	if err != nil {
		return err
	}
	plain, err := dec.DecodeAll(body, nil)
	if err != nil {
		return err
	}
	c := codec{buf: plain, reading: true}
	each(&c, v)
	if c.err == nil && len(c.buf) > 0 {
		c.err = errors.New("the page goes on behind its end")
	}
	return c.err
}
