package goroutine

import "runtime"

// parse reads the goroutine's number from its own stack trace, which starts
// with «goroutine 123 [running]:». It takes about a microsecond.
func parse() uintptr {
	const prefix = "goroutine "
	var buf [64]byte
	n := runtime.Stack(buf[:], false)
	id := uintptr(0)
	for _, c := range buf[len(prefix):n] {
		if c < '0' || c > '9' {
			break
		}
		id = id*10 + uintptr(c-'0')
	}
	return id
}
