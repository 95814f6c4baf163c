// Package unblock runs blocking code for futures, and for goroutines that want
// to be able to leave it.
package unblock
