//go:build linux

package nettest_test

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// tlsCannot are the subtests that crypto/tls does not pass over anybody's
// connections, those of package net included, where it hangs in the same places: a
// TLS connection is broken for good once a Write has timed out, and these tests
// write again afterwards.
const tlsCannot = "TestConnOverTLS/.*/(PastTimeout|PresentTimeout|FutureTimeout|ConcurrentMethods)"

// TestMain leaves them out, unless the command line says what to skip.
func TestMain(m *testing.M) {
	flag.Parse()
	if skip := flag.Lookup("test.skip"); skip.Value.String() == "" {
		if err := skip.Value.Set(tlsCannot); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
