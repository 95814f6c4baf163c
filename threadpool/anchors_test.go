package threadpool_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// What pools elsewhere do or fail at, row by row. Rows that other files have:
//
//	blocking: FIFO                               TestFirstComeFirstServed
//	blocking: 500 threads stay, never shrinks    TestABurstOf500LeavesNoThreads
//	blocking: livelock when a thread is refused  TestThreadsRefusedToTheUser, …ToTheContainer
//	blocking: a pool of one deadlocks nested     TestAThousandNestedJobsOnOneSlot
//	blocking: panic payload at the await         TestPanicsInJobs
//	tokio: thread_keep_alive                     TestThreadsAreKeptIfWanted, TestABurst…
//	tokio: max_blocking_threads(0) panics        TestBadOptionsAndNilFunctions
//	ants: ErrPoolOverload, MaxBlockingTasks      TestABoundedQueue
//	ants: Tune                                   TestResizeWhileFull
//	ants, pond: Goexit loses a worker            TestGoexitInJobs
//	pond: StopAndWait; workerpool: StopWait      TestShutdownDrains
//	workerpool: Stop drops what waits            TestCloseDropsWhatIsQueued
//	pond: context ends in the queue              TestLeavingTheQueueWhenTheContextEnds

// blocking: a Task starts eagerly, whether or not anybody waits for it; tokio:
// dropping the handle detaches.
func TestAJobStartsThoughNobodyWaits(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	ran := make(chan struct{})
	if err := p.Submit(background, func() { close(ran) }); err != nil {
		t.Fatal(err)
	}
	<-ran
}

// blocking, 0.1 item 6: of 1000 dropped handles of queued jobs none runs, and
// the running job ends; tokio: abort has an effect before the start only.
func TestOfAThousandCancelledJobsNoneRuns(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	var ran atomic.Int32
	stop := make(chan struct{})
	first := &recorder{ran: &ran, done: make(chan struct{}), f: func() { <-stop }}
	if err := p.Start(&first.Job, first); err != nil {
		t.Fatal(err)
	}
	waitFor(t, "the first to run", first.Running)
	jobs := make([]recorder, 1000)
	for i := range jobs {
		jobs[i] = recorder{ran: &ran, done: make(chan struct{})}
		if err := p.Start(&jobs[i].Job, &jobs[i]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range jobs {
		if !jobs[i].Cancel() {
			t.Errorf("job %d has started", i)
		}
	}
	if first.Cancel() {
		t.Error("a running job was cancelled")
	}
	close(stop)
	<-first.done
	waitFor(t, "the pool to be idle", func() bool { return p.Stats().Running == 0 })
	if s := p.Stats(); ran.Load() != 1 || s.Dropped != 1000 || s.Completed != 1 {
		t.Errorf("%d ran; %+v", ran.Load(), s)
	}
}

// blocking, 0.1 item 5: 100,000 jobs that do nothing drive it to its cap, 501
// threads, and tokio to some 100.
func TestJobsThatDoNothingMakeNoThreads(t *testing.T) {
	leak.Check(t)
	n := 100_000
	if testing.Short() || threadpool.RaceEnabled {
		n = 10_000
	}
	p := newPool(t, threadpool.Options{Hint: threadpool.WillBlock, Limit: 500})
	start := leak.Threads()
	most := start
	var all sync.WaitGroup
	all.Add(n)
	for i := range n {
		if err := p.Submit(background, all.Done); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 0 {
			most = max(most, leak.Threads())
		}
	}
	all.Wait()
	if most > start+runtime.GOMAXPROCS(0)+4 {
		t.Errorf("%d threads, %d at the start", most, start)
	}
	t.Logf("%d jobs: peak of %d jobs at once, at most %d threads, %d at the start", n, p.Stats().Peak, most, start)
}

// tokio: shutdown_background and shutdown_timeout leave running jobs behind and
// drop the queue; a job that comes later gets an error.
func TestShutdownThatDoesNotWait(t *testing.T) {
	leak.Check(t)
	p := mustNew(t, threadpool.Options{Limit: 1})
	release := hold(t, p)
	defer release()
	if err := p.Submit(background, func() { t.Error("ran") }); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(background)
	cancel()
	if err := p.Shutdown(ended); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s := p.Stats(); s.Running != 1 || s.Queued != 0 || s.Dropped != 1 {
		t.Errorf("%+v", s)
	}
	if err := p.Submit(background, func() {}); !errors.Is(err, threadpool.ErrClosed) {
		t.Error(err)
	}
}

// ants#374: more run than the capacity allows while it is changed.
func TestTheBoundHoldsWhileItIsChanged(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 4})
	var g gauge
	var all sync.WaitGroup
	for i := range 400 {
		if i%10 == 0 {
			if err := p.Resize(1 + i/10%4); err != nil {
				t.Fatal(err)
			}
		}
		all.Add(1)
		if err := p.Submit(background, func() { g.enter(); runtime.Gosched(); g.leave(); all.Done() }); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	if g.most.Load() > 4 || p.Stats().Peak > 4 {
		t.Errorf("%d at once, peak %d", g.most.Load(), p.Stats().Peak)
	}
}

// ants#146: a panic in a job leaves those waiting who wait for its slot.
func TestAPanicPassesTheSlotOn(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1, Queue: 1, OnPanic: func(any, []byte) {}})
	var all sync.WaitGroup
	for i := range 50 {
		all.Add(1)
		err := p.Submit(background, func() { // waits for room more often than not
			defer all.Done()
			if i%2 == 0 {
				panic(i)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
}

// ants#358: Release and Reboot at the same time panic. Closing in all ways at
// once does not.
func TestClosingInAllWaysAtOnce(t *testing.T) {
	leak.Check(t)
	for range 50 {
		p := mustNew(t, threadpool.Options{Limit: 2})
		hammerOnce(8, func(g int) {
			switch g % 4 {
			case 0:
				_ = p.Close()
			case 1:
				_ = p.Shutdown(background)
			case 2:
				_ = p.Submit(background, func() {})
			case 3:
				_ = p.Resize(1 + g)
			}
		})
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	}
}

// pond, workerpool: SubmitWait inside a job of a full pool deadlocks, with a
// bounded queue too.
func TestSubmitInsideJobsOfAFullPool(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 2, Queue: 2})
	var ran atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			err := p.Do(background, func() {
				for range 25 {
					all.Add(1)
					err := p.Submit(background, func() { defer all.Done(); ran.Add(1) })
					if err != nil {
						t.Error(err)
					}
				}
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if ran.Load() != 100 {
		t.Errorf("%d of 100 ran", ran.Load())
	}
}

// errgroup and others: the limit cannot be changed while something runs.
func TestTheLimitIsChangedInsideAJob(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 1})
	err := p.Do(background, func() {
		second := make(chan struct{})
		if err := p.Submit(background, func() { close(second) }); err != nil {
			t.Error(err)
		}
		if err := p.Resize(2); err != nil {
			t.Error(err)
		}
		<-second
	})
	if err != nil {
		t.Error(err)
	}
}
