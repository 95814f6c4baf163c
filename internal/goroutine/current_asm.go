//go:build (386 || amd64 || arm || arm64 || loong64 || mips || mipsle || mips64 || mips64le || ppc64 || ppc64le || riscv64 || s390x || wasm) && gc && !purego

package goroutine

// Current returns the identity of the calling goroutine. It never returns 0.
func Current() uintptr
