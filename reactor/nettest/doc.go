// Package nettest holds the connections of package reactor to the suite that Go
// keeps for implementations of net.Conn. It is a module of its own, so that
// golang.org/x/net is not needed by those who use Causeway.
package nettest
