#include "textflag.h"

// func indexBlocks(pos *uint32, buf *byte, from, blocks int, c, d byte) (n int, seen uint64)
//
// For each block of 64 bytes from buf: the bytes that are c or d become a word
// of bits, and the places of the set bits are written eight at a time; what is
// written beyond the last one is overwritten by the next block. The bytes
// themselves, and those that are quotes or zero, are collected on the way.
TEXT ·indexBlocks(SB), NOSPLIT, $0-56
	MOVQ pos+0(FP), DI
	MOVQ buf+8(FP), SI
	MOVQ from+16(FP), R8
	MOVQ blocks+24(FP), R9
	MOVQ DI, R13
	MOVBLZX c+32(FP), AX
	MOVQ AX, X0
	VPBROADCASTB X0, Y0
	MOVBLZX d+33(FP), AX
	MOVQ AX, X1
	VPBROADCASTB X1, Y1
	MOVL $0x22, AX
	MOVQ AX, X2
	VPBROADCASTB X2, Y2
	VPXOR Y3, Y3, Y3
	VPXOR Y8, Y8, Y8
	VPXOR Y9, Y9, Y9
	VPXOR Y10, Y10, Y10

block:
	VMOVDQU (SI), Y4
	VMOVDQU 32(SI), Y5
	VPCMPEQB Y0, Y4, Y6
	VPCMPEQB Y1, Y4, Y7
	VPOR Y6, Y7, Y6
	VPMOVMSKB Y6, AX
	VPCMPEQB Y0, Y5, Y6
	VPCMPEQB Y1, Y5, Y7
	VPOR Y6, Y7, Y6
	VPMOVMSKB Y6, BX
	SHLQ $32, BX
	ORQ BX, AX
	VPOR Y4, Y8, Y8
	VPOR Y5, Y8, Y8
	VPCMPEQB Y2, Y4, Y6
	VPCMPEQB Y2, Y5, Y7
	VPOR Y6, Y9, Y9
	VPOR Y7, Y9, Y9
	VPCMPEQB Y3, Y4, Y6
	VPCMPEQB Y3, Y5, Y7
	VPOR Y6, Y10, Y10
	VPOR Y7, Y10, Y10

	POPCNTQ AX, CX
	LEAQ (DI)(CX*4), R12

eight:
	TZCNTQ AX, BX
	BLSRQ AX, AX
	ADDL R8, BX
	MOVL BX, (DI)
	TZCNTQ AX, DX
	BLSRQ AX, AX
	ADDL R8, DX
	MOVL DX, 4(DI)
	TZCNTQ AX, BX
	BLSRQ AX, AX
	ADDL R8, BX
	MOVL BX, 8(DI)
	TZCNTQ AX, DX
	BLSRQ AX, AX
	ADDL R8, DX
	MOVL DX, 12(DI)
	TZCNTQ AX, BX
	BLSRQ AX, AX
	ADDL R8, BX
	MOVL BX, 16(DI)
	TZCNTQ AX, DX
	BLSRQ AX, AX
	ADDL R8, DX
	MOVL DX, 20(DI)
	TZCNTQ AX, BX
	BLSRQ AX, AX
	ADDL R8, BX
	MOVL BX, 24(DI)
	TZCNTQ AX, DX
	BLSRQ AX, AX
	ADDL R8, DX
	MOVL DX, 28(DI)
	ADDQ $32, DI
	TESTQ AX, AX
	JNZ eight

	MOVQ R12, DI
	ADDQ $64, SI
	ADDQ $64, R8
	DECQ R9
	JNZ block

	SUBQ R13, DI
	SHRQ $2, DI
	MOVQ DI, n+40(FP)
	VPMOVMSKB Y8, AX
	VPMOVMSKB Y9, BX
	VPMOVMSKB Y10, CX
	XORL DX, DX
	TESTL AX, AX
	JZ quotes
	ORL $1, DX

quotes:
	TESTL BX, BX
	JZ nuls
	ORL $2, DX

nuls:
	TESTL CX, CX
	JZ done
	ORL $4, DX

done:
	MOVQ DX, seen+48(FP)
	VZEROUPPER
	RET

// What a pair of bytes may be wrong by, from the high and the low half of the
// first one and the high half of the second: the lookup of J. Keiser and
// D. Lemire, Validating UTF-8 In Less Than One Instruction Per Byte (2020).
// A bit that all three have is an error; bit 7 alone says that both are
// continuations, which only the second and later ones of a character may be.
DATA firstHigh<>+0(SB)/8, $0x0202020202020202
DATA firstHigh<>+8(SB)/8, $0x4915012180808080
GLOBL firstHigh<>(SB), RODATA|NOPTR, $16
DATA firstLow<>+0(SB)/8, $0xCBCBCB8B8383A3E7
DATA firstLow<>+8(SB)/8, $0xCBCBDBCBCBCBCBCB
GLOBL firstLow<>(SB), RODATA|NOPTR, $16
DATA secondHigh<>+0(SB)/8, $0x0101010101010101
DATA secondHigh<>+8(SB)/8, $0x01010101BABAAEE6
GLOBL secondHigh<>(SB), RODATA|NOPTR, $16

// func utf8Blocks(buf *byte, blocks int) (bad bool)
//
// It looks at blocks of 32 bytes, as if only zeros stood before the first. A
// character that is cut off by the end of the last one is not noticed.
TEXT ·utf8Blocks(SB), NOSPLIT, $0-17
	MOVQ buf+0(FP), SI
	MOVQ blocks+8(FP), R9
	VBROADCASTI128 firstHigh<>(SB), Y0
	VBROADCASTI128 firstLow<>(SB), Y1
	VBROADCASTI128 secondHigh<>(SB), Y2
	MOVL $0x0F, AX
	MOVQ AX, X3
	VPBROADCASTB X3, Y3
	MOVL $0x60, AX
	MOVQ AX, X4
	VPBROADCASTB X4, Y4
	MOVL $0x70, AX
	MOVQ AX, X5
	VPBROADCASTB X5, Y5
	MOVL $0x80, AX
	MOVQ AX, X6
	VPBROADCASTB X6, Y6
	VPXOR Y7, Y7, Y7
	VPXOR Y8, Y8, Y8

next:
	VMOVDQU (SI), Y9
	VPOR Y9, Y8, Y10
	VPMOVMSKB Y10, AX
	TESTL AX, AX
	JZ ascii
	VPERM2I128 $0x21, Y9, Y8, Y10
	VPALIGNR $15, Y10, Y9, Y11
	VPALIGNR $14, Y10, Y9, Y12
	VPALIGNR $13, Y10, Y9, Y13
	VPSRLW $4, Y11, Y14
	VPAND Y3, Y14, Y14
	VPSHUFB Y14, Y0, Y14
	VPAND Y3, Y11, Y11
	VPSHUFB Y11, Y1, Y11
	VPAND Y11, Y14, Y14
	VPSRLW $4, Y9, Y11
	VPAND Y3, Y11, Y11
	VPSHUFB Y11, Y2, Y11
	VPAND Y11, Y14, Y14
	VPSUBUSB Y4, Y12, Y12
	VPSUBUSB Y5, Y13, Y13
	VPOR Y12, Y13, Y12
	VPAND Y6, Y12, Y12
	VPXOR Y12, Y14, Y14
	VPOR Y14, Y7, Y7

ascii:
	VMOVDQA Y9, Y8
	ADDQ $32, SI
	DECQ R9
	JNZ next

	VPTEST Y7, Y7
	SETNE bad+16(FP)
	VZEROUPPER
	RET
