package executor_test

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// waitHere is a function of its own so that stacks can name it.
func waitHere(ctx context.Context, p *probe) (int, error) {
	return pollster.BlockOn(ctx, pollster.Future[int](p))
}

// byName returns the task of that name, which must be there.
func byName(t *testing.T, all []executor.TaskInfo, name string) executor.TaskInfo {
	t.Helper()
	for _, i := range all {
		if i.Name == name {
			return i
		}
	}
	t.Fatalf("no task %q among %d", name, len(all))
	return executor.TaskInfo{}
}

// stackHas reports whether a function of that name is in the stack.
func stackHas(stack []runtime.Frame, function string) bool {
	for _, f := range stack {
		if strings.HasSuffix(f.Function, function) {
			return true
		}
	}
	return false
}

func TestTasksTellsWhatWaitsAndWhere(t *testing.T) {
	ex := newExecutor(t, executor.Options{Inspect: true})
	inFunction, parked := &probe{}, &probe{}
	before := time.Now()
	f := executor.GoAttr(ex, executor.Attr{Name: "function", Meta: 7}, func(ctx context.Context) (int, error) {
		return waitHere(ctx, inFunction)
	})
	executor.SpawnAttr(ex, executor.Attr{Name: "future"}, pollster.Future[int](parked))
	executor.SpawnAttr(ex, executor.Attr{Name: "over"}, pollster.Ready(1))

	if all := ex.Tasks(); len(all) != 3 || all[0].ID != 1 || all[2].ID != 3 {
		t.Fatalf("before the first poll: %+v", all)
	}
	for _, i := range ex.Tasks() {
		if i.State != executor.Queued || i.Polls != 0 || i.Stack != nil {
			t.Errorf("before the first poll: %+v", i)
		}
	}
	tickAll(ex)
	all := ex.Tasks()
	if len(all) != 2 {
		t.Fatalf("%d tasks, one of three has ended", len(all))
	}
	i := byName(t, all, "function")
	if i.State != executor.Waiting || i.Polls != 1 || i.Meta != 7 || !stackHas(i.Stack, "executor_test.waitHere") {
		t.Errorf("suspended function: %+v", i)
	}
	if i.Stack != nil && !strings.HasSuffix(i.Stack[0].Function, "waitHere") {
		t.Errorf("the stack begins inside the machinery: %s", i.Stack[0].Function)
	}
	if !strings.Contains(i.Code, "TestTasksTellsWhatWaitsAndWhere") || !stackHas([]runtime.Frame{i.Origin}, "TestTasksTellsWhatWaitsAndWhere") {
		t.Errorf("code %q, origin %q", i.Code, i.Origin.Function)
	}
	if i.Created.Before(before) || i.Since.Before(i.Created) || i.Busy <= 0 {
		t.Errorf("created %v, since %v, busy %v", i.Created, i.Since, i.Busy)
	}
	i = byName(t, all, "future")
	if i.State != executor.Waiting || i.Code != "*executor_test.probe" || i.Stack != nil {
		t.Errorf("parked future: %+v", i)
	}
	parked.waker.Wake()
	if again := byName(t, ex.Tasks(), "future"); again.State != executor.Queued || !again.Since.After(i.Since) {
		t.Errorf("woken: %v since %v, was since %v", again.State, again.Since, i.Since)
	}
	inFunction.Open()
	parked.Open()
	tickAll(ex)
	if all := ex.Tasks(); len(all) != 0 || !f.Done() {
		t.Errorf("all have ended, %d are listed", len(all))
	}
}

func TestTasksTellsWhatIsBlocked(t *testing.T) {
	ex := start(t, 1, executor.Options{Inspect: true})
	for _, name := range []string{"future", "function"} {
		p := &probe{}
		entered := make(chan struct{})
		p.during = func(n int32) {
			if n == 1 {
				close(entered)
			}
		}
		var task *executor.Task[int]
		if a := (executor.Attr{Name: name, Park: true}); name == "future" {
			task = executor.SpawnAttr(ex, a, future(func(*pollster.Waker) (int, bool, error) {
				v, err := waitHere(background, p)
				return v, true, err
			}))
		} else {
			task = executor.GoAttr(ex, a, func(context.Context) (int, error) { return waitHere(background, p) })
		}
		<-entered
		// It is entered in the first poll, a moment before it is blocked.
		i := byName(t, ex.Tasks(), name)
		for i.State != executor.Blocked {
			if i.State != executor.Running {
				t.Fatalf("%s: %v", name, i.State)
			}
			runtime.Gosched()
			i = byName(t, ex.Tasks(), name)
		}
		if !stackHas(i.Stack, "executor_test.waitHere") {
			t.Errorf("%s: blocked at %+v", name, i.Stack)
		}
		p.Open()
		task.Wait(background)
	}
}

func TestTasksWithoutInspectListsWhatHasWaited(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	p := &probe{}
	executor.SpawnAttr(ex, executor.Attr{Name: "a", Meta: "b"}, pollster.Future[int](p))
	if all := ex.Tasks(); len(all) != 0 {
		t.Errorf("before it waits: %+v", all)
	}
	tickAll(ex)
	if i := byName(t, ex.Tasks(), "a"); i.State != executor.Waiting || i.Meta != "b" || i.ID != 0 || i.Code != "" {
		t.Errorf("%+v", i)
	}
	p.Open()
	tickAll(ex)
	if all := ex.Tasks(); len(all) != 0 {
		t.Errorf("after it has ended: %+v", all)
	}
}

func TestTasksOfALocal(t *testing.T) {
	l := newLocal(t, executor.LocalOptions{Inspect: true})
	if all := newLocal(t, executor.LocalOptions{}).Tasks(); all != nil {
		t.Errorf("without Inspect: %+v", all)
	}
	p, q := &probe{}, &probe{}
	executor.SpawnAttr(l, executor.Attr{Name: "future"}, pollster.Future[int](p))
	executor.GoAttr(l, executor.Attr{Name: "function"}, func(ctx context.Context) (int, error) { return waitHere(ctx, q) })
	executor.SpawnAttr(l, executor.Attr{Name: "self"}, future(func(w *pollster.Waker) (int, bool, error) {
		if i := byName(t, l.Tasks(), "self"); i.State != executor.Running {
			t.Errorf("in its poll: %v", i.State)
		}
		return 0, true, nil
	}))
	if i := byName(t, l.Tasks(), "future"); i.State != executor.Queued {
		t.Errorf("before the first poll: %v", i.State)
	}
	for l.Poll(100) {
	}
	all := l.Tasks()
	if i := byName(t, all, "future"); len(all) != 2 || i.State != executor.Waiting || i.Polls != 1 {
		t.Errorf("%d tasks; future: %+v", len(all), i)
	}
	if i := byName(t, all, "function"); i.State != executor.Waiting || !stackHas(i.Stack, "waitHere") {
		t.Errorf("function: %+v", i)
	}
	p.Open()
	q.Open()
	for l.Poll(100) {
	}
	if all := l.Tasks(); len(all) != 0 {
		t.Errorf("at the end: %+v", all)
	}
}

func TestTaskStateHasAName(t *testing.T) {
	for s, want := range map[executor.TaskState]string{executor.Queued: "queued", executor.Running: "running",
		executor.Waiting: "waiting", executor.Blocked: "blocked", 9: "unknown"} {
		if s.String() != want {
			t.Errorf("%d is %q, want %q", s, s, want)
		}
	}
}

func TestTasksWhileTheyComeAndGo(t *testing.T) {
	ex := start(t, 2, executor.Options{Inspect: true, Labels: true})
	over := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				for _, i := range ex.Tasks() {
					_ = i.State.String()
				}
				runtime.Gosched()
			}
		}
	})
	for range 200 {
		a := executor.Go(ex, func(ctx context.Context) (int, error) {
			return executor.Spawn(ex, yields(3)).Wait(ctx)
		})
		b := executor.Spawn(ex, yields(3))
		b.Cancel()
		a.Wait(background)
		b.Wait(background)
	}
	close(over)
	wg.Wait()
	if all := ex.Tasks(); len(all) != 0 {
		t.Errorf("%d are left: %+v", len(all), all[0])
	}
}

// yields wakes itself n times before it ends.
func yields(n int) pollster.Future[int] {
	return future(func(w *pollster.Waker) (int, bool, error) {
		n--
		w.Wake()
		return n, n < 0, nil
	})
}

// goroutineLabels returns the labels of all goroutines, as text.
func goroutineLabels(t *testing.T) string {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestLabelsAreThoseOfTheTaskInItsPollOnly(t *testing.T) {
	ex := newExecutor(t, executor.Options{Name: "shop", Labels: true, StuckAfter: -1})
	executor.SpawnAttr(ex, executor.Attr{Name: "sale"}, future(func(*pollster.Waker) (int, bool, error) {
		if s := goroutineLabels(t); !strings.Contains(s, `"executor":"shop"`) || !strings.Contains(s, `"task":"sale"`) {
			t.Errorf("no label in the poll: %.300s", s)
		}
		return 0, true, nil
	}))
	executor.Go(ex, func(context.Context) (int, error) {
		if s := goroutineLabels(t); !strings.Contains(s, `TestLabelsAreThoseOfTheTaskInItsPollOnly.func`) {
			t.Errorf("a function without a name goes by its code: %.300s", s)
		}
		return 0, nil
	})
	panicking := executor.SpawnAttr(ex, executor.Attr{Name: "sale"}, future(func(*pollster.Waker) (int, bool, error) { panic("x") }))
	pprof.Do(background, pprof.Labels("mine", "yes"), func(ctx context.Context) {
		for range 3 {
			if err := ex.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if s := goroutineLabels(t); strings.Contains(s, `"task":"sale"`) || !strings.Contains(s, `"mine":"yes"`) {
			t.Errorf("after the polls: %.300s", s)
		}
	})
	func() {
		defer func() { recover() }()
		panicking.Wait(background)
	}()
}

func TestLabelsOffLeavesTheWorkerAlone(t *testing.T) {
	ex := newExecutor(t, executor.Options{})
	executor.SpawnAttr(ex, executor.Attr{Name: "sale"}, future(func(*pollster.Waker) (int, bool, error) {
		if s := goroutineLabels(t); strings.Contains(s, `"task":"sale"`) {
			t.Errorf("a label nobody asked for: %.300s", s)
		}
		return 0, true, nil
	}))
	tickAll(ex)
}

func TestTraceHasTasksAndRegions(t *testing.T) {
	if trace.IsEnabled() {
		t.Skip("the test run itself is being traced")
	}
	ex := newExecutor(t, executor.Options{Trace: true})
	early := executor.SpawnAttr(ex, executor.Attr{Name: "early-bird"}, yields(1))
	var b bytes.Buffer
	if err := trace.Start(&b); err != nil {
		t.Skip("no trace to be had: ", err)
	}
	future := executor.SpawnAttr(ex, executor.Attr{Name: "traced-future"}, yields(1))
	function := executor.GoAttr(ex, executor.Attr{Name: "traced-function"}, func(ctx context.Context) (int, error) {
		trace.Log(ctx, "weather", "fine-and-dry")
		return 1, nil
	})
	tickAll(ex)
	trace.Stop()
	for _, task := range []*executor.Task[int]{early, future, function} {
		if _, err := task.Wait(background); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{"traced-future", "traced-function", "poll", "function", "fine-and-dry"} {
		if !bytes.Contains(b.Bytes(), []byte(want)) {
			t.Errorf("no %q in the trace", want)
		}
	}
	if bytes.Contains(b.Bytes(), []byte("early-bird")) {
		t.Error("a task spawned before the trace began is in it, without its beginning")
	}
}
