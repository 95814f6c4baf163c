//go:build unix

package poller_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/poller"
)

func TestRegularFilesCannotBePolled(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	each(t, func(t *testing.T, b *bench) {
		if !b.rig.real {
			return
		}
		if err := b.Add(int(f.Fd()), 1, R, poller.Level); !errors.Is(err, poller.ErrKind) {
			t.Errorf("Add: %v", err)
		}
	})
}

// Go's own preemption sends such signals all the time.
func TestInterruptionDoesNotEndAWait(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.add(1, R, poller.Level)
		const d = 20 * time.Millisecond
		var stop atomic.Bool
		ended := make(chan int)
		go func() {
			n := 0
			for ; !stop.Load(); n++ {
				syscall.Kill(os.Getpid(), syscall.SIGURG)
				time.Sleep(100 * time.Microsecond)
			}
			ended <- n
		}()
		start := time.Now()
		found := b.events(d)
		took := time.Since(start)
		stop.Store(true)
		if len(found) != 0 || took < d {
			t.Errorf("events %v after %v of %v", found, took, d)
		}
		t.Logf("%d signals", <-ended)
	})
}

func TestTheSetCanBeWatchedByAnotherSet(t *testing.T) {
	inner, _, err := poller.Open(poller.Auto)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := inner.Descriptor(); !ok {
		t.Skip("this system's best backend has no descriptor")
	}
	defer inner.Close()
	each(t, func(t *testing.T, b *bench) {
		if !b.rig.real {
			return
		}
		in := &bench{t: t, rig: b.rig, Poller: inner}
		fd, _ := inner.Descriptor()
		if err := b.Add(int(fd), 9, R, poller.Level); err != nil {
			t.Fatal(err)
		}
		in.events(0) // what is left of the test before
		b.nothing()
		p := in.add(3, R, poller.OneShot)
		defer inner.Delete(p.fd)
		p.feed()
		b.want(9, R)
		in.want(3, R)
		b.nothing()
		inner.Notify()
		b.want(9, R)
		in.events(0)
	})
}

// injected are faults of the system: what is injected, into which test, and
// what it has to come to.
var injected = []struct{ inject, test string }{
	{"epoll_pwait:error=EINTR:when=2+3", "TestBasicInputAndOutput|TestConcurrent"},
	{"epoll_pwait2:error=EINTR:when=1+2", "TestBasicInputAndOutput|TestTimeoutIsNeverEarly"},
	{"epoll_pwait2:error=ENOSYS", "TestTimeoutIsNeverEarly|TestBasicInputAndOutput"},
	{"ppoll:error=EINTR:when=1+2", "TestBasicInputAndOutput|TestTimeoutIsNeverEarly"},
	{"poll:error=EINTR:when=1+2", "TestLook"},
	{"write:error=EINTR:when=1+2", "TestNotifyWakes"},
	{"epoll_pwait:delay_exit=300", "TestConcurrent|TestNotifyWakes|TestCloseEnds"},
}

func TestFaultsOfTheSystem(t *testing.T) {
	run := stracer(t)
	for _, c := range injected {
		t.Run(strings.ReplaceAll(c.inject, ":", " "), func(t *testing.T) {
			if out, err := run(c.inject, c.test); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// stracer returns a function that runs tests of this binary in a process into
// which faults are injected. It skips the test where that cannot be done.
func stracer(t *testing.T) func(inject, tests string) ([]byte, error) {
	t.Helper()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: no faults can be injected")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "inject=setxattr:error=EPERM", "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, out)
	}
	return func(inject, tests string) ([]byte, error) {
		cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "inject="+inject,
			self, "-test.run=^("+tests+")", "-test.timeout=60s", "-test.short")
		return cmd.CombinedOutput()
	}
}
