//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
)

// TestMain is the client when the server under test starts this program again.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "-client" {
		os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func TestEveryMessageComesBack(t *testing.T) {
	for _, args := range [][]string{{"-connections", "300"}, {"-connections", "300", "-net"}} {
		var out, errs strings.Builder
		if status := run(args, nil, &out, &errs); status != 0 || !strings.Contains(out.String(), "900 messages came back") {
			t.Errorf("%v: status %d\n%s%s", args, status, out.String(), errs.String())
		}
	}
}

func TestWrongUsage(t *testing.T) {
	var out, errs strings.Builder
	for _, args := range [][]string{{"-connections", "0"}, {"x"}, {"-y"}} {
		if status := run(args, nil, &out, &errs); status != 2 {
			t.Errorf("%v: status %d", args, status)
		}
	}
}
