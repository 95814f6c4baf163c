//go:build !cgo || !(linux || freebsd || netbsd || openbsd)

// Command window needs cgo and an X server: it draws through Xlib.
package main

import "fmt"

func main() { fmt.Println("this example draws through Xlib: it needs cgo, and a system that has X") }
