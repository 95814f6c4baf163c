package executor

import (
	"context"
	"runtime"

	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// A Thread is an OS thread with a [Local] on it, for libraries that insist on
// being called from one thread: GUI toolkits, OpenGL, CUDA, PKCS#11. Tasks are
// spawned on it as on any [Spawner]. All methods may be called from any
// goroutine, its own tasks included.
type Thread struct {
	local *Local
	stop  context.CancelFunc
	ended chan struct{}

	spinner spinner
}

// NewThread starts a thread. Close ends it; the OS thread then ends too, so
// whatever was done to it (its namespace, its signal mask) goes with it.
func NewThread(o LocalOptions) (*Thread, error) {
	t, ctx, err := newThread(o)
	if err != nil {
		return nil, err
	}
	go func() {
		if threadlock.Threads {
			runtime.LockOSThread() // for good: the thread ends with this goroutine
		}
		t.run(ctx)
	}()
	return t, nil
}

func newThread(o LocalOptions) (*Thread, context.Context, error) {
	l, err := NewLocal(o)
	if err != nil {
		return nil, nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Thread{local: l, stop: stop, ended: make(chan struct{})}, ctx, nil
}

func (t *Thread) run(ctx context.Context) {
	defer close(t.ended)
	t.local.run(ctx, true)
	t.local.Close()
}

// Main makes the calling goroutine, and its OS thread, a Thread for as long as
// f runs, on a goroutine of its own, and returns what f returns. It is for
// what must happen on the program's main thread: call Main from main, and
//
//	func init() { runtime.LockOSThread() }
//
// in the same package, since Go runs main on the main thread only if it has
// been locked during initialisation. The Thread is closed when f has returned.
// A panic in f ends the program.
func Main(o LocalOptions, f func(main *Thread) error) error {
	t, ctx, err := newThread(o)
	if err != nil {
		return err
	}
	if threadlock.Threads {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	result := ErrGoexit
	go func() {
		defer t.stop()
		result = f(t)
	}()
	t.run(ctx)
	return result
}

func (t *Thread) spawn(c *core)      { t.local.spawn(c) }
func (t *Thread) admit(c *core)      { t.local.admit(c) }
func (t *Thread) launch(chain *core) { t.local.launch(chain) }

// Local returns the Local on the thread.
func (t *Thread) Local() *Local { return t.local }

// OnThread reports whether the caller is on the thread, in one of its tasks or
// in Call.
func (t *Thread) OnThread() bool { return t.local.OnLocal() }

// Call runs f on the thread and waits until it has returned. Called on the
// thread itself, it just calls f. A panic in f is raised again in the caller,
// as a [*PanicError]; a Goexit is ErrGoexit. If ctx ends first, Call returns its
// error, and f never runs unless it has begun. After Close it returns ErrClosed.
//
// f may wait by way of this module; the thread then goes on with other work.
func (t *Thread) Call(ctx context.Context, f func()) error {
	if t.OnThread() {
		f()
		return nil
	}
	task := Spawn(t, pollster.Future[struct{}](callFuture(f)))
	if t.spins() && t.spinner.until(task.core.finished) {
		_, err := task.result()
		return err
	}
	_, err := pollster.BlockOn(ctx, pollster.Future[struct{}](task))
	return err
}

// spins reports whether the caller may spin at all: not where nobody else could
// run then, where waiting is cheap, and where time stands still.
func (t *Thread) spins() bool {
	return runtime.GOMAXPROCS(0) > 1 && goroutine.Here() == nil && !goroutine.InBubble()
}

// Go has f run on the thread some time later, and does not wait for it. A panic
// in f is reported by OnPanic. After Close it does nothing.
func (t *Thread) Go(f func()) {
	Spawn(t, pollster.Future[struct{}](callFuture(f))).Detach()
}

// callFuture is a future that ends with its first poll.
type callFuture func()

// Poll implements pollster.Future.
func (f callFuture) Poll(*pollster.Waker) (struct{}, bool, error) {
	f()
	return struct{}{}, true, nil
}

// Close ends the thread's tasks with ErrClosed, and the thread, and waits for
// that; called on the thread it does not wait. It may be called more than once.
func (t *Thread) Close() error {
	t.stop()
	if !t.OnThread() {
		<-t.ended
	}
	return nil
}
