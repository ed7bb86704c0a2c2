package text

import "golang.org/x/sys/cpu"

// haveAVX2 says that the processor has what index_amd64.s needs; without it the
// same is done in Go, eight bytes at a time.
var haveAVX2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1 && cpu.X86.HasPOPCNT

// indexBlocks writes the places of the bytes c and d in so many blocks of 64
// bytes from buf, which stands at from, to pos, where there must be room for
// eight more than there are. seen says what else is there.
//
//go:noescape
func indexBlocks(pos *uint32, buf *byte, from, blocks int, c, d byte) (n int, seen uint64)

// utf8Blocks says whether so many blocks of 32 bytes are no UTF-8. It does not
// notice a character that the end cuts off.
//
//go:noescape
func utf8Blocks(buf *byte, blocks int) (bad bool)
