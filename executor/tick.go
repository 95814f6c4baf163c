package executor

import (
	"context"

	"github.com/causeway-go/causeway/executor/internal/threadlock"
	"github.com/causeway-go/causeway/internal/ended"
)

// TryTick polls one task that is ready, wherever it is queued, on the calling
// goroutine, and reports whether there was one. It is for loops of your own, in
// which an executor is one thing among others; Run is faster. If the task calls
// runtime.Goexit, that ends the calling goroutine.
func (ex *Executor) TryTick() bool {
	w := ex.ticker()
	found := w.tick()
	ex.returnTicker(w)
	return found
}

// Tick waits until there is a task to be polled, polls it on the calling
// goroutine, and returns nil. It returns ErrClosed if the executor is closed,
// and an error for which errors.Is holds with ctx.Err() if ctx ends first.
// runtime.Goexit in the task ends the calling goroutine.
func (ex *Executor) Tick(ctx context.Context) error {
	w := ex.ticker()
	w.base = ctx
	defer func() {
		w.base = context.Background()
		ex.returnTicker(w)
		if ex.pending() { // a wake-up meant for anybody may have come to us
			ex.notify()
		}
	}()
	stop := context.AfterFunc(ctx, func() { w.tell(signalStop) })
	defer stop()
	for {
		switch {
		case ex.closed.Load():
			return ErrClosed
		case ctx.Err() != nil:
			return ended.Error(ctx)
		case w.tick():
			return nil
		}
		w.sleep()
	}
}

// tick polls one task.
func (w *worker) tick() (found bool) {
	if threadlock.Current().Locked() {
		elsewhere(func() { found = w.tick() })
		return found
	}
	c := w.ex.queues[High+1].take(1, 1)
	if c == nil {
		c = w.ex.queues[Normal+1].take(1, 1)
	}
	if c == nil {
		c = w.steal(*w.ex.workers.Load())
	}
	if c == nil {
		c = w.ex.queues[Low+1].take(1, 1)
	}
	if c == nil {
		return false
	}
	found = true // also if the poll panics
	w.place.Enter(w)
	w.setAwake(true)
	normal := false
	defer func() {
		if !normal {
			if v := recover(); w.current != nil {
				w.ex.caught(w.current, v)
				w.finish(w.current)
			} else if v != nil {
				panic(v) // not from a task: a bug in here
			}
		}
		w.setAwake(false)
		w.place.Leave()
		w.publish()
		w.flush()
		if w.ex.pending() {
			w.ex.notify()
		}
	}()
	w.run(c)
	normal = true
	return found
}

// setAwake makes w known to the monitor, or not.
func (w *worker) setAwake(awake bool) {
	w.ex.mu.Lock()
	w.awake = awake
	w.ex.mu.Unlock()
	w.signal.And(^(signalProbe | signalStuck))
	if awake {
		w.ex.monitor.arm()
	}
	w.release(heldStuck)
}

// ticker returns a worker for one call of Tick or TryTick. They are kept, and
// stay known as workers, since others may steal from them.
func (ex *Executor) ticker() *worker {
	ex.mu.Lock()
	if n := len(ex.tickers); n > 0 {
		w := ex.tickers[n-1]
		ex.tickers = ex.tickers[:n-1]
		ex.mu.Unlock()
		w.signal.And(^(signalStop | signalProbe | signalStuck))
		return w
	}
	ex.mu.Unlock()
	w := newWorker(ex)
	w.again, w.ticking = 0, true
	w.join()
	return w
}

func (ex *Executor) returnTicker(w *worker) {
	w.endCoroutines()
	ex.mu.Lock()
	h := w.helper
	w.helper = nil
	w.awake = false
	ex.tickers = append(ex.tickers, w)
	ex.mu.Unlock()
	if h != nil {
		h.tell(signalStop)
	}
}
