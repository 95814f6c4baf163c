package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"-reads 0", "-reads must be at least 1"},
		{"-reads x", "invalid value"},
		{"-limit 0", "-limit must be at least 1"},
		{"-naive -max-threads -1", "-max-threads must not be negative"},
		{"something", "there are no arguments"},
		{"-nonsense", "not defined"},
	} {
		var out, errOut bytes.Buffer
		status := run(strings.Fields(test.args), &out, &errOut)
		if status != exitUsage || out.Len() != 0 || !strings.Contains(errOut.String(), test.says) {
			t.Errorf("%s: exit status %d, standard output %q, standard error %q", test.args, status, &out, &errOut)
		}
	}
	var out, errOut bytes.Buffer
	if status := run([]string{"-h"}, &out, &errOut); status != exitOK || !strings.Contains(errOut.String(), "-naive") {
		t.Errorf("-h: exit status %d, standard error %q", status, &errOut)
	}
}

func TestWatchKeepsThePeak(t *testing.T) {
	n, seen := int64(0), make(chan struct{})
	w := newWatch(func() int64 {
		n++
		if n == 3 {
			close(seen)
		}
		return 5 - (n-2)*(n-2) // 4, 5, 4, and down
	})
	<-seen
	if peak := w.end(); peak != 5 {
		t.Errorf("peak %d, want 5", peak)
	}
}
