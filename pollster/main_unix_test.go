//go:build unix

package pollster_test

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
)

// startWithSignals starts cmd with the default actions of the signals, also
// where the test itself ignores the interrupt, as what a shell runs in the
// background does. A child inherits that, but not that a signal is listened
// for.
func startWithSignals(cmd *exec.Cmd) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	return cmd.Start()
}

// Elsewhere a signal cannot be sent to one process.
func TestMainEndsTheProcessBySignals(t *testing.T) {
	for _, test := range []struct {
		program string
		signals []syscall.Signal
		status  int
		killed  bool
	}{
		{"wait", []syscall.Signal{syscall.SIGINT}, 130, false},
		{"wait", []syscall.Signal{syscall.SIGTERM}, 143, false},
		{"clean", []syscall.Signal{syscall.SIGINT}, 3, false},
		{"stubborn", []syscall.Signal{syscall.SIGINT, syscall.SIGINT}, 0, true},
		{"stubborn", []syscall.Signal{syscall.SIGTERM, syscall.SIGINT}, 0, true},
	} {
		cmd := child(t, test.program)
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := startWithSignals(cmd); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for _, s := range test.signals {
			lines.Scan() // it is where the signal should find it
			cmd.Process.Signal(s)
		}
		var exit *exec.ExitError
		err = cmd.Wait()
		if test.status != 0 && cmd.ProcessState.ExitCode() != test.status {
			t.Errorf("%s: %v, want status %d", test.program, err, test.status)
		}
		if test.killed && (!errors.As(err, &exit) || exit.Exited()) {
			t.Errorf("%s: %v, want to be killed", test.program, err)
		}
	}
}
