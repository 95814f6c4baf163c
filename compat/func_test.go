package compat_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

func TestAsyncStartsAtTheFirstPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := false
		f := compat.Async(t.Context(), func(context.Context) (int, error) { started = true; return 7, nil })
		synctest.Wait()
		if started {
			t.Fatal("started before it was polled")
		}
		if v, err := pollster.BlockOn(t.Context(), f); v != 7 || err != nil || !started {
			t.Fatal(v, err, started)
		}
	})
}

func TestAsyncCancelledBeforeTheFirstPollNeverStarts(t *testing.T) {
	f := compat.Async(t.Context(), func(context.Context) (int, error) { panic("started") })
	pollster.Cancel(f)
	if _, _, err := f.Poll(nil); err != pollster.ErrCanceled {
		t.Fatal(err)
	}
}

func TestAsyncContextEndsWithCancelAndWithItsParent(t *testing.T) {
	leak.Check(t)
	type key struct{}
	for _, name := range []string{"cancel", "parent", "wait"} {
		t.Run(name, func(t *testing.T) {
			parent, end := context.WithCancelCause(context.WithValue(context.Background(), key{}, "value"))
			defer end(nil)
			causes, begun := make(chan error, 1), make(chan struct{})
			f := compat.Async(parent, func(ctx context.Context) (int, error) {
				close(begun)
				if ctx.Value(key{}) != "value" {
					t.Error("the parent's values are missing")
				}
				<-ctx.Done()
				causes <- context.Cause(ctx)
				return 0, ctx.Err()
			})
			want := error(pollster.ErrCanceled)
			switch name {
			case "cancel":
				f.Poll(nil)
				pollster.Cancel(f)
			case "parent":
				f.Poll(nil)
				end(errTest)
				want = errTest
				if _, err := pollster.BlockOn(t.Context(), f); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			case "wait":
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				go func() { <-begun; cancel() }() // else it may end before the first poll
				if _, err := pollster.BlockOn(ctx, f); !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
			if err := <-causes; !errors.Is(err, want) {
				t.Fatalf("cause %v, want %v", err, want)
			}
		})
	}
}

func TestAsyncPanicReachesThePollerWithItsStack(t *testing.T) {
	leak.Check(t)
	f := compat.Async(t.Context(), func(context.Context) (int, error) { return panics() })
	defer func() {
		p, ok := recover().(*threadpool.PanicError)
		if !ok || p.Value != "boom" || !strings.Contains(string(p.Stack), "panics") {
			t.Fatalf("recovered %v", p)
		}
	}()
	pollster.BlockOn(t.Context(), f)
	t.Fatal("no panic")
}

func panics() (int, error) { panic("boom") }

func TestAsyncGoexitIsAnError(t *testing.T) {
	leak.Check(t)
	f := compat.Async(t.Context(), func(context.Context) (int, error) { runtime.Goexit(); return 0, nil })
	if _, err := pollster.BlockOn(t.Context(), f); !errors.Is(err, threadpool.ErrGoexit) {
		t.Fatal(err)
	}
}

// again runs the test that calls it in another process and returns what that
// prints; in that process it returns false.
func again(t *testing.T) (out string, err error, parent bool) {
	if os.Getenv("COMPAT_TEST_AGAIN") == t.Name() {
		return "", nil, false
	}
	if runtime.GOOS == "js" || runtime.GOOS == "wasip1" {
		t.Skip("no processes on " + runtime.GOOS)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), "COMPAT_TEST_AGAIN="+t.Name())
	b, err := cmd.CombinedOutput()
	return string(b), err, true
}

func TestAsyncPanicThatNobodyWaitsForEndsTheProcess(t *testing.T) {
	if out, err, parent := again(t); parent {
		if err == nil || !strings.Contains(out, "boom") || !strings.Contains(out, "panics") {
			t.Fatalf("%v, output:\n%s", err, out)
		}
		return
	}
	f := compat.Async(t.Context(), func(ctx context.Context) (int, error) { <-ctx.Done(); return panics() })
	f.Poll(nil)
	pollster.Cancel(f)
	time.Sleep(30 * time.Second) // killed long before
}

func TestFuncGivesEveryCallTheOneResult(t *testing.T) {
	leak.Check(t)
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		call := compat.Func(compat.Async(t.Context(), func(context.Context) (int, error) {
			runs.Add(1)
			time.Sleep(time.Second)
			return 7, errTest
		}))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := call(t.Context()); !errors.Is(err, errTest) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if _, err := call(t.Context()); !errors.Is(err, errTest) || runs.Load() != 1 {
			t.Fatal(err, runs.Load())
		}
	})
}

func TestFuncCallThatLeavesDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var p pollster.Promise[int]
		call := compat.Func[int](&p)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { // the first caller, who polls
			if _, err := call(short); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		for range 3 {
			wg.Go(func() {
				if v, err := call(t.Context()); v != 7 || err != nil {
					t.Error(v, err)
				}
			})
		}
		time.Sleep(2 * time.Second)
		if p.Canceled() {
			t.Error("the future was cancelled with one of its callers")
		}
		p.Resolve(7)
		wg.Wait()
	})
}

func TestFuncGoesOnWithALaterCallWhenAllHaveLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch := make(chan int)
		call := compat.Func(compat.Recv(ch))
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := call(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			cancel()
		}
		ch <- 7 // while nobody waits
		if v, err := call(t.Context()); v != 7 || err != nil {
			t.Fatal(v, err)
		}
	})
}

func TestFuncRaisesAPanicInEveryCall(t *testing.T) {
	leak.Check(t)
	call := compat.Func[int](pollster.Func[int](func(*pollster.Waker) (int, bool, error) { v, err := panics(); return v, true, err }))
	for range 3 {
		func() {
			defer func() {
				if p, ok := recover().(*threadpool.PanicError); !ok || p.Value != "boom" {
					t.Errorf("recovered %v", p)
				}
			}()
			call(t.Context())
		}()
	}
	if _, err := compat.Func[int](nil)(t.Context()); !errors.Is(err, pollster.ErrNilFuture) {
		t.Fatal(err)
	}
}

// A task that is suspended in Poll holds nothing that another task of its Local could
// stop the thread in.
func TestFuncWhosePollWaitsDoesNotStopItsLocal(t *testing.T) {
	var inner pollster.Promise[int]
	var waker *pollster.Waker
	call := compat.Func[int](pollster.Func[int](func(w *pollster.Waker) (int, bool, error) {
		waker = w
		v, err := pollster.BlockOn(context.Background(), inner.Future())
		return v, err == nil, err
	}))
	l, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var tasks [2]*executor.Task[int]
	for i := range tasks {
		tasks[i] = executor.Go(l, call)
	}
	for l.Poll(1) { // the first waits inside Poll, the second in the list
	}
	waker.Wake()
	for l.Poll(1) { // hangs if the second waits for the first
	}
	inner.Resolve(7)
	for l.Poll(1) {
	}
	for _, task := range tasks {
		if v, ready, err := task.Poll(waker); v != 7 || !ready || err != nil {
			t.Error(v, ready, err)
		}
	}
}

func TestFuncUnderFire(t *testing.T) {
	leak.Check(t)
	const callers = 4
	type round struct {
		p    pollster.Promise[int]
		call func(context.Context) (int, error)
	}
	rounds := make([]round, 1<<12)
	for i := range rounds {
		rounds[i].call = compat.Func[int](&rounds[i].p)
	}
	hammer.Run(t, callers, func(g, i int) {
		r := &rounds[i%len(rounds)]
		ctx, cancel := context.WithCancel(context.Background())
		go r.p.Resolve(i % len(rounds)) // whoever comes first to this round
		if g == 1 {
			go cancel()
		}
		v, err := r.call(ctx)
		cancel()
		if g == 1 && errors.Is(err, context.Canceled) {
			return
		}
		if v != i%len(rounds) || err != nil {
			t.Error(v, err)
		}
	})
}

func TestCallbackTakesTheFirstCallAndCountsTheOthers(t *testing.T) {
	leak.Check(t)
	var done func(int, error)
	f := compat.Callback(func(d func(int, error)) func() { done = d; return nil })
	if done != nil {
		t.Fatal("started before it was polled")
	}
	if _, ready, err := f.Poll(nil); ready || err != nil {
		t.Fatal(ready, err)
	}
	done(7, nil)
	done(8, nil)
	done(0, errTest)
	if v, ready, err := f.Poll(nil); v != 7 || !ready || err != nil {
		t.Fatal(v, ready, err)
	}
	if f.Late() != 2 {
		t.Fatalf("%d late calls, want 2", f.Late())
	}
}

func TestCallbackMayComeInsideStart(t *testing.T) {
	f := compat.Callback(func(done func(int, error)) func() {
		done(7, errTest)
		return func() { t.Error("cancelled although it had ended") }
	})
	if _, _, err := f.Poll(nil); err != errTest {
		t.Fatal(err)
	}
	f.Cancel()
	if _, _, err := f.Poll(nil); err != errTest || f.Late() != 0 {
		t.Fatal(err, f.Late())
	}
}

func TestCallbackCancelStopsTheOperationOnce(t *testing.T) {
	var done func(int, error)
	canceled := 0
	f := compat.Callback(func(d func(int, error)) func() { done = d; return func() { canceled++; d(0, errTest) } })
	f.Poll(nil)
	f.Cancel()
	f.Cancel()
	done(7, nil)
	if _, _, err := f.Poll(nil); err != pollster.ErrCanceled || canceled != 1 || f.Late() != 2 {
		t.Fatal(err, canceled, f.Late())
	}
	f = compat.Callback(func(func(int, error)) func() { t.Error("started"); return nil })
	f.Cancel()
	f.Poll(nil)
}

func TestCallbackPanicOfStartReachesThePoller(t *testing.T) {
	f := compat.Callback(func(func(int, error)) func() { panic("boom") })
	func() {
		defer func() {
			if v := recover(); v != "boom" {
				t.Fatal(v)
			}
		}()
		f.Poll(nil)
	}()
	if _, err := pollster.BlockOn(t.Context(), f); err == nil {
		t.Fatal("a call that panicked has a value")
	}
}

func TestCallbackUnderFireHasOneWinner(t *testing.T) {
	leak.Check(t)
	hammer.Run(t, 2, func(g, i int) {
		var calls sync.WaitGroup
		f := compat.Callback(func(done func(int, error)) func() {
			for v := range 4 {
				calls.Go(func() { done(v, nil) })
			}
			return nil
		})
		v, err := pollster.BlockOn(context.Background(), f)
		calls.Wait()
		if again, _, _ := f.Poll(nil); err != nil || again != v || f.Late() != 3 {
			t.Errorf("%d, %v, then %d; %d late", v, err, again, f.Late())
		}
	})
}

func TestNilFunctionsPanicAtOnce(t *testing.T) {
	for name, make := range map[string]func(){
		"Async":    func() { compat.Async[int](t.Context(), nil) },
		"Callback": func() { compat.Callback[int](nil) },
		"FromSeq":  func() { compat.FromSeq[int](nil) },
		"FromSeq2": func() { compat.FromSeq2[int](nil) },
		"Go":       func() { compat.NewGroup(t.Context()).Go(nil) },
		"Tick":     func() { compat.Tick(0) },
		"Chunks":   func() { compat.Chunks(nil, 1) },
		// Else it is a goroutine of ours that panics, and ends the program.
		"CondWait":          func() { compat.CondWait(t.Context(), nil) },
		"CondWait, no lock": func() { compat.CondWait(t.Context(), new(sync.Cond)) },
		"GroupWait":         func() { compat.GroupWait(t.Context(), nil) },
		"Lock":              func() { compat.Lock(t.Context(), nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Fatal("no panic")
				}
			}()
			make()
		})
	}
}
