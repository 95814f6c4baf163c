//go:build !linux

package main

import "os"

// isTerminal reports whether f is a character device, which here is as near as
// the standard library gets. The null device is taken for a terminal, to no harm.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
