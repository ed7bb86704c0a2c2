//go:build !amd64

package text

const haveAVX2 = false

func indexBlocks(*uint32, *byte, int, int, byte, byte) (int, uint64) { panic("no AVX2") }

func utf8Blocks(*byte, int) bool { panic("no AVX2") }
