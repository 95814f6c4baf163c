package reactor

import (
	"context"
	"net"
	"time"
	"unsafe"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/poller"
)

// NewOn makes a reactor over a poller of the test's.
func NewOn(opts Options, p poller.Poller) *Reactor {
	r := newReactor(opts, goroutine.InBubble())
	r.useLocked(p, poller.Auto)
	return r
}

// TimerSize is the size of a timer.
const TimerSize = unsafe.Sizeof(Timer{})

// Linked returns how many waiters s has.
func (s *Source) Linked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for w := s.first; w != nil; w = w.next {
		n++
	}
	return n
}

// Armed returns what is watched of s.
func (s *Source) Armed() Events {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.armed
}

// A Wheel is the wheel by itself.
type Wheel struct{ w wheel }

// Add adds a timer.
func (w *Wheel) Add(t *Timer, when int64) {
	t.when = when
	w.w.add(t)
}

// Remove removes one.
func (w *Wheel) Remove(t *Timer) { w.w.remove(t) }

// Next returns what next does.
func (w *Wheel) Next() int64 { return w.w.next() }

// Count returns how many there are.
func (w *Wheel) Count() int { return w.w.count }

// Advance calls due for what is due.
func (w *Wheel) Advance(now int64, due func(*Timer) bool) bool { return w.w.advance(now, due) }

// When returns the time of t.
func (t *Timer) When() int64 { return t.when }

// Base returns the time 0 of r.
func (r *Reactor) Base() time.Time { return r.base }

// Expire makes i end with the last time that can be told.
func Expire(i *Interval) {
	i.t.rearm(0)
	i.period = never
}

// Live reports whether the driver of r is there.
func (r *Reactor) Live() bool { return r.live.Load() }

// NewOneShot makes a reactor over a poller of the test's that it uses as if it
// could do nothing but OneShot.
func NewOneShot(p poller.Poller) *Reactor {
	r := NewOn(Options{}, p)
	r.mode = poller.OneShot
	return r
}

// DialAll is Dial for a name that has these addresses.
func (r *Reactor) DialAll(ctx context.Context, network string, addrs ...net.Addr) (*Conn, error) {
	k, err := parseNetwork(network)
	if err != nil {
		return nil, err
	}
	return r.dialAll(ctx, k, addrs)
}

// InTurn is the order in which Dial tries addresses.
func InTurn(addrs []net.Addr) []net.Addr { return inTurn(addrs) }

// SetReadNow replaces how files that are opened from now on ask the page cache. With
// nil they do not. It returns how it was.
func (s *Files) SetReadNow(f func(fd int, p []byte, off int64) (int, error)) (old func(fd int, p []byte, off int64) (int, error)) {
	old, s.readNow = s.readNow, f
	return old
}

// Shared returns how many reads of a crowd are with the ring or the pool.
func (s *Files) Shared() int { return int(s.shared.Load()) }

// A FileLife is a fileLife by itself.
type FileLife struct{ l fileLife }

// Enter calls enter.
func (l *FileLife) Enter() bool { return l.l.enter() }

// Exit calls exit.
func (l *FileLife) Exit() bool { return l.l.exit() }

// Close calls close.
func (l *FileLife) Close() (first, idle bool) { return l.l.close() }

// What reads from the page cache are bounded by.
const (
	PieceMax  = pieceMax
	Crowd     = crowd
	SharedMax = sharedMax
	VainMax   = vainMax
)

// Share makes s leave some of a crowd to others on one processor too.
func (s *Files) Share() { s.share = true }

// Held returns how many requests at the position of f are in the pool.
func (f *File) Held() int { return int(f.cache.held.Load()) }

// Hold counts n more of them.
func (f *File) Hold(n int) { f.cache.held.Add(int32(n)) }
