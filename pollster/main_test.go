package pollster_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// TestMain is the test binary's main function. As a child process it is one of
// the programs below instead.
func TestMain(m *testing.M) {
	if program, ok := programs[os.Getenv("POLLSTER_TEST_PROGRAM")]; ok {
		os.Exit(pollster.Main(program))
	}
	os.Exit(m.Run())
}

var programs = map[string]func(context.Context) pollster.Future[int]{
	"zero":  func(context.Context) pollster.Future[int] { return pollster.Ready(0) },
	"seven": func(context.Context) pollster.Future[int] { return pollster.Ready(7) },
	"error": func(context.Context) pollster.Future[int] { return pollster.Failed[int](errTest) },
	"nil":   func(context.Context) pollster.Future[int] { return nil },
	"panic": func(context.Context) pollster.Future[int] { panic("in the program") },
	// wait ends by a signal only.
	"wait": func(context.Context) pollster.Future[int] {
		fmt.Println("ready")
		return new(pollster.Promise[int])
	},
	// clean ends by itself after a signal.
	"clean": func(ctx context.Context) pollster.Future[int] {
		fmt.Println("ready")
		<-ctx.Done()
		return pollster.Ready(3)
	},
	// stubborn hears the first signal and does not end.
	"stubborn": func(ctx context.Context) pollster.Future[int] {
		fmt.Println("ready")
		<-ctx.Done()
		fmt.Println("heard")
		select {}
	},
}

func TestMainStatusOfEachOutcome(t *testing.T) {
	wait := func(context.Context) pollster.Future[int] { return new(pollster.Promise[int]) }
	late := func(err error) func(context.Context) pollster.Future[int] {
		return func(ctx context.Context) pollster.Future[int] {
			<-ctx.Done()
			if err == nil {
				err = context.Cause(ctx)
			}
			return pollster.Failed[int](err)
		}
	}
	tests := []struct {
		name    string
		start   func(context.Context) pollster.Future[int]
		signal  os.Signal
		status  int
		message string
	}{
		{"zero", programs["zero"], nil, 0, ""},
		{"value", programs["seven"], nil, 7, ""},
		{"error", programs["error"], nil, 1, errTest.Error()},
		{"nil future", programs["nil"], nil, 1, pollster.ErrNilFuture.Error()},
		{"canceled without a signal", func(context.Context) pollster.Future[int] {
			return pollster.Failed[int](context.Canceled)
		}, nil, 1, "context canceled"},
		{"interrupt", wait, os.Interrupt, 130, ""},
		{"terminate", wait, syscall.SIGTERM, 143, ""},
		{"interrupt, the context's cause", late(nil), os.Interrupt, 130, ""},
		{"interrupt, context.Canceled", late(context.Canceled), os.Interrupt, 130, ""},
		{"interrupt, then another error", late(errTest), os.Interrupt, 1, errTest.Error()},
		{"interrupt, then a value", func(ctx context.Context) pollster.Future[int] {
			<-ctx.Done()
			return pollster.Ready(3)
		}, os.Interrupt, 3, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			signals := make(chan os.Signal, 1)
			if test.signal != nil {
				signals <- test.signal
			}
			restored := 0
			var stderr bytes.Buffer
			status := pollster.MainStatus(test.start, signals, func() { restored++ }, &stderr)
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			if test.message == "" && stderr.Len() > 0 || !strings.Contains(stderr.String(), test.message) {
				t.Errorf("message %q, want %q", stderr.String(), test.message)
			}
			if test.signal != nil && restored != 1 {
				t.Errorf("the default action was put back %d times", restored)
			}
		})
	}
}

func TestMainCancelsTheFutureOnASignal(t *testing.T) {
	signals := make(chan os.Signal, 1)
	m := newManual[int](t)
	m.onPoll = func() { signals <- os.Interrupt }
	var cause error
	status := pollster.MainStatus(func(ctx context.Context) pollster.Future[int] {
		context.AfterFunc(ctx, func() {})
		cause = ctx.Err()
		return m
	}, signals, func() {}, os.Stderr)
	if status != 130 || !m.canceled() || cause != nil {
		t.Errorf("status %d, canceled %v, cause at start %v", status, m.canceled(), cause)
	}
}

// child starts the test binary as one of the programs.
func child(t *testing.T, program string) *exec.Cmd {
	t.Helper()
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("this platform has no processes")
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "POLLSTER_TEST_PROGRAM="+program)
	return cmd
}

func TestMainEndsTheProcessWithTheStatus(t *testing.T) {
	for program, want := range map[string]int{"zero": 0, "seven": 7, "error": 1, "nil": 1, "panic": 2} {
		cmd := child(t, program)
		out, err := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != want {
			t.Errorf("%s: status %d, want %d (%v)\n%s", program, got, want, err, out)
		}
		if (len(out) > 0) != (want == 1 || want == 2) {
			t.Errorf("%s: output %q", program, out)
		}
	}
}
