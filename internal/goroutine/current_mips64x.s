//go:build (mips64 || mips64le) && gc && !purego

#include "textflag.h"

// func Current() uintptr
TEXT ·Current(SB), NOSPLIT, $0-8
	MOVV g, ret+0(FP)
	RET
