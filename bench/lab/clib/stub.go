//go:build !cgo || !linux

package clib

import "time"

// There reports whether there is C.
const There = false

const missing = "clib: no cgo here"

// Spin panics: there is no C here.
func Spin(int64) { panic(missing) }

// Sleep panics: there is no C here.
func Sleep(time.Duration) { panic(missing) }

// Locked panics: there is no C here.
func Locked(int64) { panic(missing) }
