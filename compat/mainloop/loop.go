package mainloop

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

var (
	// ErrEnded is returned by Post and Call when the loop has ended; errors.Is
	// holds with executor.ErrClosed too. A Host returns it, or wraps it, when it
	// takes no functions any more, ever.
	ErrEnded = fmt.Errorf("mainloop: the loop has ended: %w", executor.ErrClosed)

	// ErrWait is returned where waiting would stop the loop: on its goroutine, in
	// Run, outside of tasks.
	ErrWait = errors.New("mainloop: a wait here would stop the main loop: wait in a task, started by executor.Go(loop, …)")
)

// Forever is how long a loop may sleep that need not be called again before it is
// woken.
const Forever time.Duration = math.MaxInt64

// The defaults of Options.
const (
	defaultBudget = 4 * time.Millisecond
	defaultPolls  = 16384
)

// How long it takes until a host that has refused a turn is asked again. It
// doubles each time.
const (
	retryFirst = time.Millisecond
	retryMax   = 32 * time.Millisecond
)

// A Host is a loop that has a queue of its own.
type Host interface {
	// Post has f called once, soon, on the goroutine of the loop, after what
	// is in the queue already. It must not block, and may be called on any
	// goroutine, that of the loop included. If it returns an error, f is not
	// called: then for good, if errors.Is holds with ErrEnded, else for the
	// moment, as when the queue is full.
	Post(f func()) error
}

// HostFunc makes a function a Host.
type HostFunc func(f func()) error

// Post implements Host.
func (h HostFunc) Post(f func()) error { return h(f) }

// Options are the settings of a [Loop]. The zero value is good.
type Options struct {
	// Budget is after what time a turn begins no further poll. 0 means 4 ms, a
	// quarter of a frame at 60 a second.
	Budget time.Duration

	// Polls is after how many polls a turn ends. 0 means 16,384.
	Polls int

	// Local are the settings of the executor.Local inside. OnWake belongs to the
	// Loop and must be nil. Turn is called once or a few times per turn, and its
	// deadline limits the sleep of the loop: Turn returns it, and a queued loop
	// is called by then. OnPanic, if not nil, gets the panics that would otherwise
	// surface in Turn.
	Local executor.LocalOptions
}

// A Loop runs tasks inside a main loop. Make it with NewPolled, NewBlocked or
// NewQueued, and give tasks to it as to any [executor.Spawner].
type Loop struct {
	executor.Spawner // the Local inside

	local   *executor.Local
	options Options
	design  design
	wake    func()        // of a blocked loop
	host    Host          // of a queued one
	called  func()        // what the host is given
	word    atomic.Uint32 // see state
	counts  counts

	// telling is held while the host is being told; End waits for it. teller is
	// who holds it.
	telling sync.Mutex
	teller  atomic.Uintptr
	pause   time.Duration // until the next retry; of whoever has set queued

	place place
	owner atomic.Uintptr // the goroutine of Run, 0 before it, over after it

	// Of the turn.
	hook  func() (time.Time, bool) // Options.Local.Turn
	muted bool
	next  time.Time
	known bool

	mu     sync.Mutex
	panics []*executor.PanicError // not raised yet
	broken atomic.Bool            // there are some
	alarm  *time.Timer            // for the next deadline of a queued loop
	retry  *time.Timer
	gone   bool // no timer is started any more
}

// over is no goroutine: what Loop.owner is after Run.
const over = 1

type counts struct{ turns, wakes, refused, cut atomic.Uint64 }

// Stats are counts since the Loop was made.
type Stats struct {
	Turns   uint64 // turns begun
	Wakes   uint64 // how often the host was woken, or took a turn
	Refused uint64 // how often the host did not take one
	Cut     uint64 // turns that the budget has ended
}

// NewPolled returns a Loop for a main loop that calls Turn all the time, such as
// once per frame, and is never woken. It starts nothing.
func NewPolled(o Options) (*Loop, error) { return newLoop(o, design{direct: true}, nil, nil) }

// NewBlocked returns a Loop for a main loop that sleeps until something happens,
// and calls Turn whenever it is awake. wake makes it return from its sleep, or
// not fall asleep if it is about to; it must not block, and may be called on any
// goroutine. It starts nothing.
func NewBlocked(wake func(), o Options) (*Loop, error) {
	if wake == nil {
		return nil, errors.New("mainloop: nil wake")
	}
	return newLoop(o, design{direct: true}, wake, nil)
}

// NewQueued returns a Loop for a main loop that calls the functions posted to h.
// Nobody has to call Turn, though it does no harm. It starts nothing, except that
// timers run while a deadline or a retry is waited for.
func NewQueued(h Host, o Options) (*Loop, error) {
	if h == nil {
		return nil, errors.New("mainloop: nil Host")
	}
	return newLoop(o, design{}, nil, h)
}

func newLoop(o Options, d design, wake func(), h Host) (*Loop, error) {
	switch {
	case o.Budget < 0:
		return nil, errors.New("mainloop: negative Budget")
	case o.Polls < 0:
		return nil, errors.New("mainloop: negative Polls")
	case o.Local.OnWake != nil:
		return nil, errors.New("mainloop: OnWake is for the Loop")
	}
	if o.Budget == 0 {
		o.Budget = defaultBudget
	}
	if o.Polls == 0 {
		o.Polls = defaultPolls
	}
	l := &Loop{options: o, design: d, wake: wake, host: h, hook: o.Local.Turn}
	l.called = func() { l.turn(true) }
	if d.direct {
		l.word.Store(uint32(wanted)) // it calls Turn before it first sleeps
	}
	o.Local.OnWake = l.request
	if l.hook != nil {
		o.Local.Turn = l.callHook
	}
	if o.Local.OnPanic == nil {
		o.Local.OnPanic = l.keepPanic
	}
	local, err := executor.NewLocal(o.Local)
	if err != nil {
		return nil, err
	}
	l.Spawner, l.local = local, local
	return l, nil
}

// Local returns the Local inside. Its Poll, Run and Close are called by the Loop
// and by nobody else.
func (l *Loop) Local() *executor.Local { return l.local }

// Post has f run on the loop, as a task, and does not wait for it. It may be
// called on any goroutine; on the loop's own, f runs later too. f may wait by way
// of this module and is suspended then. It returns ErrEnded if and only if the
// loop has ended, and f never runs. After nil, f runs unless the loop ends
// before. Post implements Host.
func (l *Loop) Post(f func()) error {
	if f == nil {
		panic("mainloop: Post of a nil function")
	}
	if state(l.word.Load())&ended != 0 {
		return ErrEnded
	}
	executor.Spawn(l, pollster.Future[struct{}](posted(f))).Detach()
	return nil
}

// Call runs f on the loop and waits until it has returned. On the loop itself it
// just calls f. A panic in f is raised again in the caller, as an
// *executor.PanicError; a Goexit is executor.ErrGoexit. If ctx ends first, Call
// returns its error, and f never runs unless it has begun. It returns ErrEnded
// if the loop ended before f did.
func (l *Loop) Call(ctx context.Context, f func()) error {
	if f == nil {
		panic("mainloop: Call of a nil function")
	}
	if l.OnLoop() {
		f()
		return nil
	}
	task := executor.Spawn(l, pollster.Future[struct{}](posted(f)))
	_, err := pollster.BlockOn(ctx, pollster.Future[struct{}](task))
	if errors.Is(err, executor.ErrClosed) {
		return ErrEnded
	}
	return err
}

// posted is a future that ends with its first poll.
type posted func()

// Poll implements pollster.Future.
func (f posted) Poll(*pollster.Waker) (struct{}, bool, error) {
	f()
	return struct{}{}, true, nil
}

// OnLoop reports whether the caller is on the loop: in one of its tasks, or on
// the goroutine that is in Run.
func (l *Loop) OnLoop() bool {
	return l.local.OnLocal() || l.owner.Load() == goroutine.Current()
}

// Run calls f, which is the main loop, on the calling goroutine, and returns what
// it returns. While f runs, waits outside of tasks are refused on this goroutine
// (see ErrWait). When f is over, by a panic too, the Loop ends. If it had ended
// before, f is not called and the error is ErrEnded.
//
// Run is for once. Loops whose goroutine one never gets to see do without it:
// their Turn is called, and at last End.
func (l *Loop) Run(f func() error) error {
	if f == nil {
		panic("mainloop: Run of a nil function")
	}
	if !l.owner.CompareAndSwap(0, goroutine.Current()) {
		panic("mainloop: Run called twice")
	}
	defer l.owner.Store(over)
	if state(l.word.Load())&ended != 0 {
		l.End()
		return ErrEnded
	}
	l.place.Enter(&l.place)
	defer l.place.Leave()
	defer l.End()
	return f()
}

// End ends the loop and its tasks, and when it has returned the host is not being
// told anything any more. It may be called more than once, and anywhere; but
// where it cannot end the tasks it does not wait for that:
//
//   - In a task, and while a turn is under way, that turn ends them when it is
//     over.
//   - While another goroutine is in Run, the loop is woken, and its next turn ends
//     them, or the end of Run; until then it may be woken still. To end the main
//     loop itself is up to the caller.
//   - On another goroutine, and without Run, what was suspended under a lock of
//     its thread remains suspended for good.
func (l *Loop) End() {
	if o := l.owner.Load(); o > over && o != goroutine.Current() {
		if _, a := apply(&l.word, l.design.quit); a == tell {
			l.tell()
		}
		return
	}
	_, a := apply(&l.word, l.design.end)
	if a == finally {
		l.close()
	}
}

// Stats returns counts, each correct by itself.
func (l *Loop) Stats() Stats {
	return Stats{
		Turns:   l.counts.turns.Load(),
		Wakes:   l.counts.wakes.Load(),
		Refused: l.counts.refused.Load(),
		Cut:     l.counts.cut.Load(),
	}
}

// A place is how the goroutine of a loop takes part in waiting: not at all. It
// does not say MayBlock either, so that the pool does not run its jobs there.
type place struct{ goroutine.Place }

// BeforeWait implements goroutine.Hooks.
func (p *place) BeforeWait() goroutine.Parker { return p }

// AfterWait implements goroutine.Hooks.
func (p *place) AfterWait() {}

// Park implements goroutine.Parker.
func (p *place) Park(goroutine.Wait) { panic(&goroutine.Refusal{Err: ErrWait}) }

// Unpark implements goroutine.Parker: a waker may already be on its way here.
func (p *place) Unpark() {}
