//go:build !js

package goroutine

// Waiting is Here for a goroutine that is about to wait. On js it also knows a
// callback from JavaScript when it is in one.
func Waiting() *Place { return Here() }
