package reactor_test

import (
	"io"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// taken is the first few values of an Interval.
type taken struct {
	*reactor.Interval
	left int
}

func (s *taken) PollNext(w *pollster.Waker) (time.Time, bool, error) {
	if s.left == 0 {
		return time.Time{}, false, io.EOF
	}
	at, ready, err := s.Interval.PollNext(w)
	if ready {
		s.left--
	}
	return at, ready, err
}
