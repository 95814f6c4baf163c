package threadpool_test

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// A dam blocks threads in reads of a pipe until it breaks.
type dam struct {
	read, write int
	inside      gauge
}

func newDam(t testing.TB) *dam {
	var fd [2]int
	if err := syscall.Pipe2(fd[:], syscall.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	d := &dam{read: fd[0], write: fd[1]}
	t.Cleanup(func() { _ = syscall.Close(d.read) })
	return d
}

func (d *dam) hold() {
	d.inside.enter()
	defer d.inside.leave()
	var b [1]byte
	for {
		if _, err := syscall.Read(d.read, b[:]); err != syscall.EINTR {
			return
		}
	}
}

// burst has n jobs block at once, and returns when all have ended.
func burst(t testing.TB, p *threadpool.Pool, n int) (threads int) {
	t.Helper()
	d := newDam(t)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := ways[i%2*2].run(t, p, cancelable(t), d.hold); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "all inside", func() bool { return d.inside.now.Load() == int64(min(n, p.Stats().Limit)) })
	threads = leak.Threads()
	_ = syscall.Close(d.write)
	all.Wait()
	return threads
}

// few is how many threads a process comes back to.
func few(start int) int {
	const template = 1 // Go starts it at the first LockOSThread
	return max(start, runtime.GOMAXPROCS(0)+threadpool.Spare) + template
}

func TestABurstOf500LeavesNoThreads(t *testing.T) {
	leak.Check(t)
	start := leak.Threads()
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 500})
	for round := range 2 {
		peak := burst(t, p, 500)
		if peak < 500 {
			t.Errorf("%d threads with 500 blocked", peak)
		}
		idle := time.Now()
		waitFor(t, "threads to end", func() bool { return leak.Threads() <= few(start) })
		t.Logf("round %d: %d threads at the start, %d in the burst, %d after %v idle",
			round, start, peak, leak.Threads(), time.Since(idle).Round(time.Millisecond))
		waitFor(t, "the reaper to sleep", func() bool { return !p.Watched() })
	}
	for range 20 { // and it stays so
		time.Sleep(10 * time.Millisecond)
		if n := leak.Threads(); n > few(start)+2 {
			t.Fatalf("%d threads again", n)
		}
	}
}

// A small pool whose reaper is awake all the time does not end the threads that
// another one has needed of late.
func TestReapersLeaveEachOtherTheirThreads(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	big := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 100, KeepAlive: time.Hour})
	small := newPool(t, threadpool.Options{Limit: 3, KeepAlive: 2 * time.Millisecond})
	burst(t, big, 100)
	for range 5 {
		looks := small.Looks()
		hold(t, small)()
		waitFor(t, "looks", func() bool { return small.Looks() > looks && !small.Watched() })
	}
	if n := leak.Threads(); n < 100 {
		t.Errorf("%d threads left of 100", n)
	}
	big.Forget()
	looks := small.Looks()
	hold(t, small)()
	waitFor(t, "looks", func() bool { return small.Looks() > looks && !small.Watched() })
	waitFor(t, "a thread that nobody needs to end", func() bool { return leak.Threads() < 100 })
}

// A reaper asks before each batch what is to be left: threads that have been
// needed since it began are not surplus.
func TestReapingEndsWhenMoreAreNeeded(t *testing.T) {
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 150, KeepAlive: time.Hour})
	defer p.Forget()
	burst(t, p, 150)
	asked := 0
	ended := threadpool.ReapTo(func() int {
		asked++
		return []int{10, 1000}[min(asked-1, 1)]
	})
	if asked != 2 || ended > 64 {
		t.Errorf("asked %d times, %d threads have ended, want one batch of 64", asked, ended)
	}
}

// Reapers of pools of other tests may be awake, which do not know of threads
// that this pool keeps.
func TestThreadsAreKeptIfWanted(t *testing.T) {
	for try := 0; ; try++ {
		p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 60, KeepAlive: -1})
		burst(t, p, 60)
		if p.Watched() || p.Looks() != 0 {
			t.Error("the reaper is at work")
		}
		kept := leak.Threads()
		ended := threadpool.Reap(10)
		waitFor(t, "the others to end", func() bool { threadpool.Reap(10); return leak.Threads() <= 10+2 })
		if kept >= 60 && ended > 0 {
			return
		}
		if try == 10 {
			t.Fatalf("%d threads left of 60, Reap(10) has ended %d", kept, ended)
		}
	}
}

func TestReapLeavesWhatIsInUse(t *testing.T) {
	leak.Check(t)
	d := newDam(t)
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 30, KeepAlive: -1})
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if err := p.Do(background, d.hold); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, "all inside", func() bool { return d.inside.now.Load() == 30 })
	var reapers sync.WaitGroup
	for range 3 { // more than one at a time, and more than once
		reapers.Go(func() {
			for range 3 {
				threadpool.Reap(-5)
			}
		})
	}
	reapers.Wait()
	if n := leak.Threads(); n < 30 {
		t.Errorf("%d threads for 30 blocked calls", n)
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", os.Getpid())); err != nil {
		t.Errorf("the main thread: %v", err)
	}
	_ = syscall.Close(d.write)
	all.Wait()
	threadpool.Reap(runtime.GOMAXPROCS(0) + threadpool.Spare)
}

func TestNothingIsLeftOfAnIdlePool(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 8, KeepAlive: 2 * time.Millisecond})
	hold(t, p)()
	waitFor(t, "the reaper to sleep", func() bool { return !p.Watched() })
	looks := p.Looks()
	for range 20 {
		time.Sleep(time.Millisecond)
	}
	if n := p.Looks(); n != looks {
		t.Errorf("looks %d times while idle", n-looks)
	}
	hold(t, p)() // and again
	waitFor(t, "the reaper to wake and sleep", func() bool { return p.Looks() > looks && !p.Watched() })
}

func TestTheReaperLeavesAGrowingPoolAlone(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 100, KeepAlive: 2 * time.Millisecond})
	for range 10 {
		burst(t, p, 100)
	}
	waitFor(t, "all to be counted", func() bool { return p.Stats().Completed == 1000 })
}
