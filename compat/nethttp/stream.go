package nethttp

import (
	"io"

	"github.com/causeway-go/causeway/pollster"
)

// Body returns b, the body of an answer or of a request, as a stream of byte slices
// of at most size bytes, at least one each, which ends with io.EOF or the error of
// b. A slice belongs to whoever gets it. The poll that finds nothing starts a
// goroutine for one Read, which holds no slot of a pool and no thread, and nothing
// is read ahead.
//
// The stream owns b: the end and Cancel close it. Cancel does not wait for that,
// nor for the Read that it ends. The way back is compat.NewReader.
func Body(b io.ReadCloser, size int) pollster.Stream[[]byte] {
	if b == nil || size < 1 {
		panic("nethttp: Body of nothing or of no size")
	}
	return &bodyStream{b: b, size: size}
}

type bodyStream struct {
	b     io.ReadCloser
	size  int
	read  *pollster.Promise[chunk] // under way
	after error                    // of b, to come after the bytes before it
	err   error                    // the end
}

// A chunk is what one Read has given.
type chunk struct {
	bytes []byte
	err   error
}

// PollNext implements [pollster.Stream].
func (s *bodyStream) PollNext(w *pollster.Waker) ([]byte, bool, error) {
	switch {
	case s.err != nil:
		return nil, false, s.err
	case s.after != nil:
		s.err = s.after
		return nil, false, s.err
	case s.read == nil:
		s.start()
	}
	c, ready, _ := s.read.Poll(w)
	if !ready {
		return nil, false, nil
	}
	s.read, s.after = nil, c.err
	if len(c.bytes) == 0 {
		s.err = c.err
		return nil, false, s.err
	}
	return c.bytes, true, nil
}

func (s *bodyStream) start() {
	p := new(pollster.Promise[chunk])
	s.read = p
	go func() {
		buf := make([]byte, s.size)
		for {
			n, err := s.b.Read(buf)
			if n == 0 && err == nil {
				continue // as io.Reader allows, and discourages
			}
			if err != nil {
				_ = s.b.Close()
			}
			p.Resolve(chunk{buf[:n:n], err})
			return
		}
	}()
}

// Cancel implements [pollster.Canceler].
func (s *bodyStream) Cancel() {
	if s.err != nil {
		return
	}
	s.err = pollster.ErrCanceled
	go s.b.Close()
}
