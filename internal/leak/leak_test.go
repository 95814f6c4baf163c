package leak_test

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
)

// A recorder stands in for a test that is expected to fail.
type recorder struct {
	testing.TB
	cleanups []func()
	failed   bool
	log      strings.Builder
}

func (r *recorder) Helper()          {}
func (r *recorder) Failed() bool     { return r.failed }
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	fmt.Fprintf(&r.log, format+"\n", args...)
}

// check runs body between Check and its cleanup and returns the complaints.
func check(t *testing.T, o leak.Options, body func(r *recorder)) string {
	t.Helper()
	r := &recorder{TB: t}
	leak.Check(r, o)
	body(r)
	for _, f := range r.cleanups {
		f()
	}
	return r.log.String()
}

// brief is for checks of which a complaint is expected.
var brief = leak.Options{Wait: 20 * time.Millisecond}

func TestNothingLeftIsNoComplaint(t *testing.T) {
	leak.Check(t)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(runtime.Gosched)
	}
	wg.Wait()
}

func TestAGoroutineLeftIsShownWithItsStack(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	log := check(t, brief, func(*recorder) { go leftover(stop) })
	if !strings.Contains(log, "is left") || !strings.Contains(log, "leak_test.leftover") {
		t.Errorf("complaint: %q", log)
	}
}

func leftover(stop chan struct{}) { <-stop }

func TestANewGoroutineIsNotHiddenByTheEndOfAnOldOne(t *testing.T) {
	oldEnds, newEnds := make(chan struct{}), make(chan struct{})
	defer close(newEnds)
	var old sync.WaitGroup
	old.Go(func() { <-oldEnds })
	log := check(t, brief, func(*recorder) {
		close(oldEnds)
		old.Wait()
		go leftover(newEnds)
	})
	if !strings.Contains(log, "leak_test.leftover") {
		t.Errorf("complaint: %q", log)
	}
}

func TestAGoroutineOnItsWayOutIsWaitedFor(t *testing.T) {
	log := check(t, leak.Options{}, func(*recorder) {
		go func() {
			<-time.After(30 * time.Millisecond)
		}()
	})
	if log != "" {
		t.Errorf("complaint: %s", log)
	}
}

func TestTheGoroutineOfSignalsIsNotCounted(t *testing.T) {
	log := check(t, leak.Options{}, func(*recorder) {
		c := make(chan os.Signal, 1)
		signal.Notify(c, os.Interrupt)
		signal.Stop(c)
	})
	if log != "" {
		t.Errorf("complaint: %s", log)
	}
}

func TestAFailedTestIsNotChecked(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	log := check(t, brief, func(r *recorder) {
		r.failed = true
		go leftover(stop)
	})
	if log != "" {
		t.Errorf("complaint: %s", log)
	}
}

func TestDescriptorsAreComparedExactly(t *testing.T) {
	if leak.Descriptors() < 0 {
		t.Skip("this system does not list descriptors")
	}
	var f *os.File
	log := check(t, brief, func(*recorder) { f = open(t) })
	if !strings.Contains(log, "opened: ") || !strings.Contains(log, os.DevNull) {
		t.Errorf("one more: complaint: %q", log)
	}
	log = check(t, brief, func(*recorder) { f.Close() })
	if !strings.Contains(log, "closed: ") {
		t.Errorf("one less: complaint: %q", log)
	}
	log = check(t, leak.Options{}, func(*recorder) { open(t).Close() })
	if log != "" {
		t.Errorf("as many: complaint: %q", log)
	}
}

func open(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// holdThreads makes n goroutines lock a thread each, and returns how to end
// them, with their threads. Those take a moment after their goroutines, and
// next to none of them must still be there when somebody counts again.
func holdThreads(n int) (end func()) {
	start := leak.Threads()
	stop := make(chan struct{})
	var locked, ended sync.WaitGroup
	locked.Add(n)
	for range n {
		ended.Go(func() {
			runtime.LockOSThread()
			locked.Done()
			<-stop
		})
	}
	locked.Wait()
	return func() {
		close(stop)
		ended.Wait()
		for deadline := time.Now().Add(10 * time.Second); leak.Threads() > start+4 && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestThreadsBeyondTheSlackAreAComplaint(t *testing.T) {
	if runtime.GOARCH == "wasm" {
		t.Skip("wasm has one thread")
	}
	// Go may have threads at rest that hold some of the goroutines.
	n := 4 * (runtime.GOMAXPROCS(0) + 4)
	for _, c := range []struct {
		name  string
		slack int
		want  bool
	}{{"default", 0, true}, {"exceeded", n / 2, true}, {"enough", 2 * n, false}, {"any", -1, false}} {
		t.Run(c.name, func(t *testing.T) {
			end := holdThreads(1) // so that Go has made its own threads
			end()
			log := check(t, leak.Options{Threads: c.slack, Wait: brief.Wait}, func(r *recorder) {
				end = holdThreads(n)
			})
			end()
			if got := strings.Contains(log, "threads, "); got != c.want {
				t.Errorf("complaint: %v, want %v: %.200q", got, c.want, log)
			}
		})
	}
}

func TestCountsAreThere(t *testing.T) {
	if n := leak.Goroutines(); n < 2 {
		t.Errorf("%d goroutines", n)
	}
	if n := leak.Threads(); n < 1 {
		t.Errorf("%d threads", n)
	}
	if n := leak.Descriptors(); n == 0 || n < 0 && runtime.GOOS == "linux" {
		t.Errorf("%d descriptors", n)
	}
}

func TestFilesAboutLimitsAreNotCounted(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are known on linux only")
	}
	if complaint := check(t, leak.Options{Wait: time.Millisecond}, func(r *recorder) {
		f, err := os.Open("/proc/self/limits")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
	}); complaint != "" {
		t.Error(complaint)
	}
}
