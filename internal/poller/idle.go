package poller

import (
	"errors"
	"sync"
	"time"
)

// Idle is a [Poller] that knows no descriptors. It waits for time and
// notifications, in Go's scheduler, so that a reactor without descriptors works
// on every system, and inside a testing/synctest bubble on the clock of the
// bubble.
type Idle struct {
	mu      sync.Mutex
	noted   bool
	waiting bool
	closed  bool
	wake    chan struct{} // one place; made by Wait, so that it is of its bubble

}

// NewIdle returns one.
func NewIdle() *Idle { return &Idle{} }

// Add refuses every descriptor with errors.ErrUnsupported.
func (p *Idle) Add(int, uint64, Events, Mode) error { return p.refuse() }

// Modify refuses every descriptor with errors.ErrUnsupported.
func (p *Idle) Modify(int, uint64, Events, Mode) error { return p.refuse() }

// Delete refuses every descriptor with errors.ErrUnsupported.
func (p *Idle) Delete(int) error { return p.refuse() }

// Look refuses every descriptor with errors.ErrUnsupported.
func (p *Idle) Look(int, Events) (Events, error) { return 0, p.refuse() }

func (p *Idle) refuse() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	return errors.ErrUnsupported
}

// Wait implements Poller. It holds no thread.
func (p *Idle) Wait(_ []Event, timeout time.Duration) (int, error) {
	_, err := p.await(timeout, func() bool { return false })
	return 0, err
}

// await waits for ready, a notification, or the end of timeout, and reports
// whether it was ready. It looks at ready, holding the lock, after each signal.
func (p *Idle) await(timeout time.Duration, ready func() bool) (bool, error) {
	p.mu.Lock()
	if p.waiting && !p.closed {
		p.mu.Unlock()
		return false, ErrBusy
	}
	p.waiting = true
	wake := make(chan struct{}, 1)
	p.wake = wake
	var over <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		over = t.C
	}
	for {
		is := !p.closed && ready()
		if p.closed || is || p.noted || timeout == 0 {
			break
		}
		p.mu.Unlock()
		select {
		case <-wake:
		case <-over:
			timeout = 0
		}
		p.mu.Lock()
	}
	defer p.mu.Unlock()
	p.waiting, p.wake, p.noted = false, nil, false
	if p.closed {
		return false, ErrClosed
	}
	return ready(), nil
}

// signalLocked makes the one in await look again.
func (p *Idle) signalLocked() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Park implements Poller.
func (p *Idle) Park(buf []Event, _ func() bool) (int, error) { return p.Wait(buf, -1) }

// Glance implements Poller: it cannot be done.
func (p *Idle) Glance([]Event) (int, error) { return 0, errors.ErrUnsupported }

// Alert implements Poller.
func (p *Idle) Alert() {}

// Notify implements Poller.
func (p *Idle) Notify() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.noted = true
	p.signalLocked()
	return nil
}

// Supports reports true: a mode is the last thing it would object to.
func (p *Idle) Supports(Mode) bool { return true }

// Descriptor implements Poller: there is none.
func (p *Idle) Descriptor() (uintptr, bool) { return 0, false }

// Close implements Poller.
func (p *Idle) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.closed = true
	p.signalLocked()
	return nil
}
