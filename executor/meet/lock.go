package meet

import (
	"context"
	"errors"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

// A Mutex is a lock that may be held across waits: whoever wants it meanwhile is
// suspended. It belongs to no goroutine; anybody may unlock it. The zero value
// is unlocked. It must not be copied.
type Mutex struct{ s Semaphore }

// Lock locks m, and waits for it until ctx ends.
func (m *Mutex) Lock(ctx context.Context) error {
	if m.TryLock() {
		return nil
	}
	_, err := pollster.BlockOn(ctx, m.LockFuture())
	return err
}

// TryLock locks m if nobody holds it or waits for it.
func (m *Mutex) TryLock() bool {
	m.s.mu.Lock()
	defer m.s.mu.Unlock()
	m.s.once()
	return m.s.try(1)
}

// LockFuture returns a future that ends when it has locked m.
func (m *Mutex) LockFuture() pollster.Future[struct{}] {
	m.s.mu.Lock()
	m.s.once()
	m.s.mu.Unlock()
	return m.s.future(1)
}

// Unlock unlocks m, which must be locked, and hands it to the first who waits.
func (m *Mutex) Unlock() {
	m.s.mu.Lock()
	if m.s.size == 0 || m.s.free != 0 {
		m.s.mu.Unlock()
		panic("meet: Unlock of an unlocked Mutex")
	}
	m.s.mu.Unlock()
	m.s.Release(1)
}

// once makes the zero Semaphore of a Mutex one of size 1.
func (s *Semaphore) once() {
	if s.size == 0 {
		s.size, s.free = 1, 1
	}
}

var errTooMany = errors.New("meet: Acquire of more than the Semaphore has")

// A Semaphore has a number of permits, which are acquired, several at once if
// need be, and released. Make it with [NewSemaphore].
type Semaphore struct {
	mu   sync.Mutex
	size int
	free int
	line line
}

// NewSemaphore returns a semaphore with n permits, at least one.
func NewSemaphore(n int) *Semaphore {
	if n < 1 {
		panic("meet: NewSemaphore with less than 1 permit")
	}
	return &Semaphore{size: n, free: n}
}

// Acquire acquires n permits, and waits for them until ctx ends. A request for
// many holds up those for few that come after it. More than there are is an
// error at once.
func (s *Semaphore) Acquire(ctx context.Context, n int) error {
	if s.TryAcquire(n) {
		return nil
	}
	_, err := pollster.BlockOn(ctx, s.AcquireFuture(n))
	return err
}

// TryAcquire acquires n permits if they are there and nobody waits.
func (s *Semaphore) TryAcquire(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.try(n)
}

func (s *Semaphore) try(n int) bool {
	if n < 0 {
		panic("meet: negative number of permits")
	}
	if s.free < n || s.line.First() != nil {
		return false
	}
	s.free -= n
	return true
}

// AcquireFuture returns a future that ends when it has acquired n permits.
func (s *Semaphore) AcquireFuture(n int) pollster.Future[struct{}] {
	if n < 0 {
		panic("meet: negative number of permits")
	}
	return s.future(n)
}

func (s *Semaphore) future(n int) *acquiring { return &acquiring{s: s, w: waiter{need: n}} }

// Release releases n permits, which must have been acquired.
func (s *Semaphore) Release(n int) {
	s.mu.Lock()
	if n < 0 || s.free+n > s.size {
		s.mu.Unlock()
		panic("meet: Release of more than was acquired")
	}
	s.free += n
	wakers := s.grant()
	s.mu.Unlock()
	wakeAll(wakers)
}

// grant gives free permits to those who wait, in their order.
func (s *Semaphore) grant() (wakers []*pollster.Waker) {
	for w := s.line.First(); w != nil && w.need <= s.free; w = s.line.First() {
		s.free -= w.need
		wakers = append(wakers, s.line.tell())
	}
	return wakers
}

// acquiring is an Acquire that may have to wait. It has its permits when it has
// been told, though its poll is yet to come.
type acquiring struct {
	s    *Semaphore
	w    waiter
	over bool
}

// Poll implements pollster.Future.
func (a *acquiring) Poll(k *pollster.Waker) (none struct{}, ready bool, err error) {
	s := a.s
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case a.over:
		return none, true, nil
	case a.w.need > s.size:
		return none, false, errTooMany
	case a.w.state == told, a.w.state == idle && s.try(a.w.need):
		s.line.leave(&a.w)
		a.over = true
		return none, true, nil
	}
	s.line.enter(&a.w, k)
	return none, false, nil
}

// Cancel implements pollster.Canceler.
func (a *acquiring) Cancel() {
	s := a.s
	s.mu.Lock()
	var wakers []*pollster.Waker
	if !a.over {
		a.over = true
		was := s.line.leave(&a.w)
		if was == told {
			s.free += a.w.need
		}
		// Whether it was told or stood first in line with a great need: who
		// comes after it may have enough now.
		wakers = s.grant()
	}
	s.mu.Unlock()
	wakeAll(wakers)
}
