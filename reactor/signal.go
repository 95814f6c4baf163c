package reactor

import (
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"

	"github.com/causeway-go/causeway/pollster"
)

// A Signals is a stream of the signals that the process gets. Each signal that has
// come is given at least once, however many others come: several of the same kind
// may be given as one, as the system does too, but one kind never pushes out
// another. A signal comes out in the order of its first arrival.
//
// It is made of os/signal and needs no reactor. A signalfd would miss signals in a
// Go program, since the threads of the runtime do not block them. One task polls
// it; Close may be called from anywhere, and must be.
type Signals struct {
	waker pollster.AtomicWaker

	mu      sync.Mutex
	pending []os.Signal // each kind once
	closed  bool        // by Close
	ended   bool        // and all that has come is in pending

	channels []chan os.Signal
	done     sync.WaitGroup
}

// NewSignals begins to catch the signals kinds, of which there must be one at
// least. While it is open they do not have their usual effect. It keeps a goroutine
// for each kind.
func NewSignals(kinds ...os.Signal) *Signals {
	if len(kinds) == 0 {
		panic("reactor: NewSignals called without a signal")
	}
	s := &Signals{}
	var seen []os.Signal
	for _, k := range kinds {
		if slices.Contains(seen, k) {
			continue
		}
		seen = append(seen, k)
		// A channel for each, with room for one: os/signal drops what finds
		// no room, and then the same kind is in there already.
		c := make(chan os.Signal, 1)
		s.channels = append(s.channels, c)
		s.done.Go(func() { s.take(c) })
		signal.Notify(c, k)
	}
	return s
}

// take notes what comes by way of c, until it is closed. A waker that ends the
// goroutine does not end that.
func (s *Signals) take(c chan os.Signal) {
	returned := false
	defer func() {
		if !returned {
			s.done.Go(func() { s.take(c) })
		}
	}()
	for k := range c {
		s.got(k)
	}
	returned = true
}

func (s *Signals) got(k os.Signal) {
	s.mu.Lock()
	if !slices.Contains(s.pending, k) {
		s.pending = append(s.pending, k)
	}
	s.mu.Unlock()
	s.waker.Wake()
}

// PollNext implements pollster.Stream. After Close it gives what has come before,
// and then ends with io.EOF.
func (s *Signals) PollNext(w *pollster.Waker) (os.Signal, bool, error) {
	s.waker.Register(w)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) > 0 {
		k := s.pending[0]
		s.pending = s.pending[1:]
		return k, true, nil
	}
	if s.ended {
		return nil, false, io.EOF
	}
	return nil, false, nil
}

// Cancel implements pollster.Canceler: whoever polled does not wait any more. It
// leaves s open.
func (s *Signals) Cancel() { s.waker.Take() }

// Close ends the stream. The signals have their usual effect again, unless others
// catch them too. The second Close returns os.ErrClosed.
func (s *Signals) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return os.ErrClosed
	}
	s.closed = true
	s.mu.Unlock()
	for _, c := range s.channels {
		signal.Stop(c) // nothing is sent on c after that
		close(c)
	}
	s.done.Wait()
	s.mu.Lock()
	s.ended = true
	s.mu.Unlock()
	s.waker.Wake()
	return nil
}
