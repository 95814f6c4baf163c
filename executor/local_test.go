package executor_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
)

func newLocal(t testing.TB, o executor.LocalOptions) *executor.Local {
	t.Helper()
	l, err := executor.NewLocal(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// pump polls until nothing is ready.
func pump(l *executor.Local) {
	for l.Poll(1) {
	}
}

func TestALocalNeedsNoLocks(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	count := 0 // the race detector watches
	for i := range 100 {
		if i%2 == 0 {
			executor.Go(l, func(ctx context.Context) (int, error) {
				for range 100 {
					count++
					mustYield()
				}
				return 0, nil
			})
			continue
		}
		polls := 0
		executor.Spawn(l, future(func(w *pollster.Waker) (int, bool, error) {
			count++
			polls++
			go w.Wake()
			return 0, polls == 100, nil
		}))
	}
	ctx, cancel := context.WithCancel(background)
	go func() {
		for !l.IsEmpty() {
			runtime.Gosched()
		}
		cancel()
	}()
	if err := l.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	if count != 10_000 {
		t.Errorf("counted %d", count)
	}
	l.Close()
}

func TestPollKeepsToItsBudget(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{})
	polls := 0
	executor.Spawn(l, future(func(w *pollster.Waker) (int, bool, error) {
		polls++
		w.Wake()
		return 0, polls == 10, nil
	}))
	for i := 1; i <= 3; i++ {
		if more := l.Poll(3); !more || polls != 3*i {
			t.Errorf("more %v after %d polls", more, polls)
		}
	}
	if l.Poll(3) || polls != 10 {
		t.Errorf("more after %d polls", polls)
	}
}

func TestOnWakeIsCalledOncePerSleep(t *testing.T) {
	var calls atomic.Int32
	l := newLocal(t, executor.LocalOptions{OnWake: func() { calls.Add(1) }})
	p, q := &probe{}, &probe{}
	executor.Spawn(l, pollster.Future[int](p))
	executor.Spawn(l, pollster.Future[int](q))
	if n := calls.Load(); n != 1 {
		t.Errorf("%d calls for two spawns", n)
	}
	pump(l)
	for range 3 {
		p.waker.Wake()
		q.waker.Wake()
	}
	if n := calls.Load(); n != 2 {
		t.Errorf("%d calls after the second sleep", n)
	}
	pump(l)
	p.counts(t, 2, 0)
	q.counts(t, 2, 0)
	// A wake between tasks is nobody else's business.
	executor.Spawn(l, future(func(w *pollster.Waker) (int, bool, error) {
		p.waker.Wake()
		return 0, true, nil
	}))
	before := calls.Load()
	pump(l)
	if n := calls.Load(); n != before {
		t.Errorf("%d calls for a local wake", n-before)
	}
	p.counts(t, 3, 0)
}

func TestAPollOnALocalThatWaitsDoesNotStopTheOthers(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	// The waits end in the order they began in, which a nested loop could not do.
	var probes [50]probe
	var order []int
	for i := range probes {
		executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
			before := goroutine.Current()
			pollster.BlockOn(background, pollster.Future[int](&probes[i]))
			if goroutine.Current() != before {
				t.Error("came back on another goroutine")
			}
			order = append(order, i)
			return 0, true, nil
		}))
	}
	pump(l)
	for i := range probes {
		probes[i].Open()
		pump(l)
	}
	for i, n := range order {
		if i != n {
			t.Fatalf("order %v", order)
		}
	}
	if len(order) != len(probes) || !l.IsEmpty() {
		t.Errorf("%d ended", len(order))
	}
	l.Close()
}

func TestALocalNestsAThousandDeep(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	var nest func(n int) (int, error)
	nest = func(n int) (v int, err error) {
		switch {
		case n == 0:
			return 0, nil
		case n%2 == 0:
			v, err = executor.Go(l, func(context.Context) (int, error) { return nest(n - 1) }).Wait(background)
		default:
			v, err = executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
				v, err := nest(n - 1)
				return v, true, err
			})).Wait(background)
		}
		return v + 1, err
	}
	task := executor.Go(l, func(context.Context) (int, error) { return nest(1000) })
	pump(l)
	if v, err := task.Wait(background); v != 1000 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	l.Close()
}

func TestPanicAndGoexitOnALocal(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	bad := executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) { panic("broken") }))
	gone := executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
		runtime.Goexit()
		return 0, false, nil
	}))
	goneToo := executor.Go(l, func(context.Context) (int, error) {
		runtime.Goexit()
		return 0, nil
	})
	good := executor.Spawn(l, pollster.Ready(1))
	pump(l)
	for _, task := range []*executor.Task[int]{gone, goneToo} {
		if _, err := task.Wait(background); !errors.Is(err, executor.ErrGoexit) {
			t.Errorf("ended with %v", err)
		}
	}
	if v, err := good.Wait(background); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	l.Close()
	defer func() {
		if _, ok := recover().(*executor.PanicError); !ok {
			t.Error("no panic")
		}
	}()
	bad.Wait(background)
}

func TestCloseOfALocalEndsEverything(t *testing.T) {
	leak.Check(t)
	l := newLocal(t, executor.LocalOptions{})
	var probes [4]probe
	cleaned := 0
	wait := func(i int) (int, error) {
		defer func() { cleaned++ }()
		return pollster.BlockOn(background, pollster.Future[int](&probes[i]))
	}
	tasks := []*executor.Task[int]{
		executor.Spawn(l, pollster.Future[int](&probes[0])),
		executor.Go(l, func(context.Context) (int, error) { return wait(1) }),
		executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
			v, err := wait(2)
			return v, true, err
		})),
	}
	pump(l)
	tasks = append(tasks, executor.Spawn(l, pollster.Future[int](&probes[3])))
	l.Close()
	for i, task := range tasks {
		_, err := task.Wait(background)
		if !errors.Is(err, executor.ErrClosed) {
			t.Errorf("task %d ended with %v", i, err)
		}
		if n := probes[i].cancels.Load(); n != 1 {
			t.Errorf("future %d cancelled %d times", i, n)
		}
	}
	if cleaned != 2 {
		t.Errorf("%d deferred calls", cleaned)
	}
	if _, err := executor.Spawn(l, pollster.Ready(1)).Wait(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := l.Run(background); !errors.Is(err, executor.ErrClosed) {
		t.Errorf("Run returned %v", err)
	}
}

func TestCancelFromElsewhereReachesALocal(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{})
	p := &probe{}
	task := executor.Spawn(l, pollster.Future[int](p))
	function := executor.Go(l, func(context.Context) (int, error) {
		return pollster.BlockOn(background, pollster.Future[int](&probe{}))
	})
	pump(l)
	var wg sync.WaitGroup
	wg.Go(task.Cancel)
	wg.Go(function.Cancel)
	wg.Wait()
	pump(l)
	p.counts(t, 1, 1)
	for _, x := range []*executor.Task[int]{task, function} {
		if _, err := x.Wait(background); !errors.Is(err, executor.ErrCanceled) {
			t.Errorf("ended with %v", err)
		}
	}
	l.Close()
}

func TestTurnIsDrivenByTheLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &probe{value: 1}
		at := time.Now().Add(time.Minute)
		l := newLocal(t, executor.LocalOptions{Turn: func() (time.Time, bool) {
			if !time.Now().Before(at) {
				p.Open() // a local wake: Turn is part of the Local
			}
			return at, !p.open.Load()
		}})
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		executor.Go(l, func(context.Context) (int, error) {
			pollster.BlockOn(background, pollster.Future[int](p))
			cancel()
			return 0, nil
		})
		l.Run(ctx)
		if time.Now() != at {
			t.Errorf("ended at %v, want %v", time.Now(), at)
		}
		if _, known := l.Deadline(); known {
			t.Error("there is a deadline left")
		}
		l.Close()
	})
}

func TestAStopIsReportedWithBothStacks(t *testing.T) {
	type report struct {
		stuck     []byte
		suspended [][]byte
	}
	reports := make(chan report, 1000)
	l := newLocal(t, executor.LocalOptions{
		StopAfter: 5 * time.Millisecond,
		OnStop:    func(stuck []byte, suspended [][]byte) { reports <- report{stuck, suspended} },
	})
	var mu sync.Mutex
	p := &probe{}
	executor.Go(l, func(context.Context) (int, error) { return holderHere(&mu, p), nil })
	executor.Go(l, func(context.Context) (int, error) { return stuckHere(&mu), nil })
	go func() {
		r := <-reports
		for !strings.Contains(string(r.stuck), "stuckHere") {
			r = <-reports // on a busy machine any other poll may take long, too
		}
		if len(r.suspended) != 1 || !strings.Contains(string(r.suspended[0]), "holderHere") {
			t.Errorf("suspended: %d stacks", len(r.suspended))
		}
		mu.Unlock() // in the holder's place, so that the test can end
	}()
	pump(l)
	mu.Lock() // what the holder will unlock
	p.Open()
	pump(l)
	l.Close()
}

// The first tick may come before the poll that starts it has gone on.
func TestAStopMayBeDueAtOnce(t *testing.T) {
	for range 1000 {
		l := newLocal(t, executor.LocalOptions{StopAfter: 1, OnStop: func([]byte, [][]byte) {}})
		executor.Spawn(l, pollster.Ready(1))
		pump(l)
		l.Close()
	}
}

//go:noinline
func holderHere(mu *sync.Mutex, p *probe) int {
	mu.Lock()
	defer mu.Unlock()
	v, _ := pollster.BlockOn(background, pollster.Future[int](p))
	return v
}

func TestParkOnALocalKeepsAMutexFromStoppingIt(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{Park: true})
	var mu sync.Mutex
	p := &probe{}
	var order []string
	executor.Go(l, func(context.Context) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		go p.Open()
		pollster.BlockOn(background, pollster.Future[int](p))
		order = append(order, "first")
		return 0, nil
	})
	executor.Go(l, func(context.Context) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		order = append(order, "second")
		return 0, nil
	})
	pump(l)
	if s := strings.Join(order, " "); s != "first second" {
		t.Errorf("order %q", s)
	}
}

func TestPollInsidePollIsAMistake(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{})
	task := executor.Spawn(l, future(func(*pollster.Waker) (int, bool, error) {
		l.Poll(1)
		return 0, true, nil
	}))
	pump(l)
	defer func() {
		pe, ok := recover().(*executor.PanicError)
		if !ok || !strings.Contains(pe.Error(), "Poll called inside Poll") {
			t.Errorf("got %v", pe)
		}
	}()
	task.Wait(background)
}

func TestPollUnderDifferentThreadLocks(t *testing.T) {
	needsExactLocks(t)
	// Each depth of locking is a state of its own for the runtime.
	l := newLocal(t, executor.LocalOptions{})
	var probes [6]probe
	var tasks []*executor.Task[int]
	poll := func(depth int) {
		for range depth {
			runtime.LockOSThread()
		}
		pump(l)
		for range depth {
			runtime.UnlockOSThread()
		}
	}
	for i := range probes {
		tasks = append(tasks, executor.Go(l, func(context.Context) (int, error) {
			return pollster.BlockOn(background, pollster.Future[int](&probes[i]))
		}))
		poll(i % 3)
	}
	for i := range probes {
		probes[i].Open()
	}
	for depth := range 3 {
		poll(depth)
	}
	done := 0
	for _, task := range tasks {
		if task.Done() {
			done++
		}
	}
	// Those made without a lock go on anywhere; the others wait for theirs.
	if done < 2 {
		t.Errorf("%d of %d done", done, len(tasks))
	}
}

func TestWakesFromEverywhereReachALocal(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{})
	const goroutines = 4
	var want [goroutines]atomic.Int64
	var seen [goroutines]int64
	var wakers [goroutines]pollster.AtomicWaker
	for i := range goroutines {
		executor.Spawn(l, future(func(w *pollster.Waker) (int, bool, error) {
			wakers[i].Register(w)
			seen[i] = want[i].Load()
			return 0, seen[i] < 0, nil
		}))
	}
	ctx, cancel := context.WithCancel(background)
	var wg sync.WaitGroup
	wg.Go(func() { l.Run(ctx) })
	hammer.Run(t, goroutines, func(g, i int) {
		want[g].Store(int64(i))
		wakers[g].Wake()
	})
	for i := range want {
		want[i].Store(-1)
		wakers[i].Wake()
	}
	for !l.IsEmpty() {
		runtime.Gosched()
	}
	cancel()
	wg.Wait()
	for i, n := range seen {
		if n != -1 {
			t.Errorf("task %d last saw %d", i, n)
		}
	}
}
