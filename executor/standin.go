package executor

import (
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/internal/stacks"
)

// Why a worker is held up, so that another one has to stand in for it.
const (
	heldWaiting uint8 = 1 << iota // what it polls waits
	heldStuck                     // the monitor says so
)

// holdUp has a stand-in start, unless there is one already. Any goroutine may
// call it.
//
// A stand-in is a worker of its own; what the other one has in its queue it
// steals, so nothing is handed over that the other, coming back at any moment,
// could still be using.
func (w *worker) holdUp(why uint8) {
	ex := w.ex
	ex.mu.Lock()
	was := w.held
	w.held |= why
	h := w.helper
	if was != 0 || w.signal.Load()&(signalStop|signalClose) != 0 {
		ex.mu.Unlock()
		return
	}
	if h == nil {
		h = newWorker(ex)
		w.helper = h
		ex.mu.Unlock()
		h.join()
		go h.standIn()
	} else {
		ex.mu.Unlock()
		h.signal.And(^signalRetire)
		h.notify()
	}
	ex.counts.standIns.Add(1)
}

// release has the stand-in retire when there is no more reason for it.
func (w *worker) release(why uint8) {
	ex := w.ex
	ex.mu.Lock()
	w.held &^= why
	free, h := w.held == 0, w.helper
	ex.mu.Unlock()
	if free && h != nil {
		h.tell(signalRetire)
	}
}

// standIn is the life of a stand-in. It is kept, asleep, until the worker it
// was started for quits; its own stand-in, if it ever needed one, is not.
func (w *worker) standIn() {
	for {
		w.work()
		w.ex.mu.Lock()
		h := w.helper
		w.helper = nil
		w.ex.mu.Unlock()
		if h != nil {
			h.tell(signalStop)
		}
		for w.signal.Load()&signalQuit == signalRetire {
			w.notif.Park()
		}
		if w.signal.Load()&signalQuit != 0 {
			return
		}
		w.join()
	}
}

// A monitor notices workers that do not come back from a poll. It sets a bit at
// each worker that is awake and looks again one period later: a worker clears
// the bit before its next poll, for the price of reading a word that it reads
// anyway. The timer runs only while some worker is awake.
type monitor struct {
	ex     *Executor
	timer  *time.Timer
	armed  atomic.Bool
	ended  atomic.Bool
	period time.Duration
}

func (m *monitor) init(ex *Executor) { m.ex, m.period = ex, ex.options.StuckAfter }

// arm starts the timer unless it runs. It is called by a worker after it has
// been marked awake.
func (m *monitor) arm() {
	if m.period <= 0 || m.armed.Load() || m.ended.Load() || !m.armed.CompareAndSwap(false, true) {
		return
	}
	m.ex.mu.Lock()
	defer m.ex.mu.Unlock()
	if m.timer == nil {
		m.timer = time.AfterFunc(m.period, m.tick)
	} else {
		m.timer.Reset(m.period)
	}
}

func (m *monitor) stop() {
	m.ended.Store(true)
	m.ex.mu.Lock()
	defer m.ex.mu.Unlock()
	if m.timer != nil {
		m.timer.Stop()
	}
}

// tick looks at every worker once.
func (m *monitor) tick() {
	m.ex.counts.looks.Add(1)
	again := m.look()
	if !again {
		// A worker that wakes up now either sees armed cleared, or has been
		// marked awake before we look once more.
		m.armed.Store(false)
		if !m.awake() || !m.armed.CompareAndSwap(false, true) {
			return
		}
	}
	m.ex.mu.Lock()
	defer m.ex.mu.Unlock()
	if !m.ended.Load() {
		m.timer.Reset(m.period)
	}
}

// look reports whether it is worth while to look again.
func (m *monitor) look() (again bool) {
	for _, w := range *m.ex.workers.Load() {
		m.ex.mu.Lock()
		relevant := w.awake && w.held == 0
		m.ex.mu.Unlock()
		if !relevant {
			continue
		}
		s := w.signal.Load()
		if s&signalProbe == 0 {
			w.signal.Or(signalProbe)
			again = true
			continue
		}
		m.stuck(w)
	}
	return again
}

func (m *monitor) awake() bool {
	m.ex.mu.Lock()
	defer m.ex.mu.Unlock()
	for _, w := range *m.ex.workers.Load() {
		if w.awake && w.held == 0 {
			return true
		}
	}
	return false
}

// stuck has a stand-in start for w, and tells w, who retires it when it comes
// back. If it comes back at this very moment, that is the next thing it does.
func (m *monitor) stuck(w *worker) {
	m.ex.counts.stuck.Add(1)
	w.holdUp(heldStuck)
	w.signal.Or(signalStuck)
	m.ex.mu.Lock()
	asleep := !w.awake
	m.ex.mu.Unlock()
	if asleep {
		w.notify() // it has come back, and gone to sleep before it saw the signal
	}
	if f := m.ex.options.OnStuck; f != nil {
		id := w.goroutineID.Load()
		go func() { f(stacks.Of(id)) }()
	}
}
