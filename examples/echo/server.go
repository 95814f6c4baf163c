package main

import (
	"net"
	"sync/atomic"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// bufferSize is how much is echoed at a time.
const bufferSize = 4096

// A taskServer takes connections and makes a task for each.
type taskServer struct {
	l     *reactor.Listener
	ex    *executor.Executor
	count atomic.Int64
}

func (s *taskServer) connected() int { return int(s.count.Load()) }

// future is the server as a task. It ends when the listener is closed.
func (s *taskServer) future() pollster.Future[struct{}] {
	var at reactor.Waiter
	return pollster.Func[struct{}](func(w *pollster.Waker) (v struct{}, ready bool, err error) {
		for {
			c, ready, err := s.l.PollAccept(&at, w)
			if err != nil {
				return v, true, nil
			}
			if !ready {
				return v, false, nil
			}
			s.count.Add(1)
			executor.Spawn(s.ex, pollster.Future[struct{}](&echo{c: c})).Detach()
		}
	})
}

// An echo sends back what comes over one connection.
type echo struct {
	c    *reactor.Conn
	at   reactor.Waiter
	back []byte // read and not sent yet
}

// Poll implements pollster.Future.
func (e *echo) Poll(w *pollster.Waker) (v struct{}, ready bool, err error) {
	for {
		if len(e.back) == 0 {
			// On the stack of whoever polls: an idle connection has no buffer.
			var buf [bufferSize]byte
			n, ready, err := e.c.PollRead(&e.at, w, buf[:])
			if err != nil {
				_ = e.c.Close()
				return v, true, nil
			}
			if !ready {
				return v, false, nil
			}
			e.back = append([]byte(nil), buf[:n]...)
		}
		n, ready, err := e.c.PollWrite(&e.at, w, e.back)
		if err != nil {
			_ = e.c.Close()
			return v, true, nil
		}
		if !ready {
			return v, false, nil
		}
		if e.back = e.back[n:]; len(e.back) == 0 {
			e.back = nil
		}
	}
}

// Cancel implements pollster.Canceler.
func (e *echo) Cancel() { e.at.Cancel(); _ = e.c.Close() }

// A plainServer is the same in plain Go.
type plainServer struct{ count atomic.Int64 }

func (s *plainServer) connected() int { return int(s.count.Load()) }

func (s *plainServer) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.count.Add(1)
		go func() {
			defer c.Close()
			buf := make([]byte, bufferSize)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
	}
}
