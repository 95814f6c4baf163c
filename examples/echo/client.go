package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// client connects, waits until it is told to go on, and sends rounds.
func client(o options, stdin io.Reader, stdout io.Writer) error {
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		return err
	}
	defer r.Close()
	ex, stop, err := tasks()
	if err != nil {
		return err
	}
	defer stop()
	start := time.Now()
	talks := make([]*talk, o.connections)
	for i := range talks {
		c, err := r.Dial(context.Background(), "tcp", o.client)
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		defer c.Close()
		talks[i] = &talk{c: c, number: uint64(i)}
	}
	_, _ = fmt.Fprintf(stdout, "client: %d connections after %v\n", o.connections, time.Since(start).Round(time.Millisecond))
	if _, err := io.Copy(io.Discard, stdin); err != nil {
		return err
	}
	start = time.Now()
	var times []time.Duration
	for range o.rounds {
		var answers []pollster.Future[time.Duration]
		for _, t := range talks {
			t.begin()
			answers = append(answers, executor.Spawn(ex, pollster.Future[time.Duration](t)))
		}
		took, err := pollster.BlockOn(context.Background(), pollster.Join(answers...))
		if err != nil {
			return err
		}
		times = append(times, took...)
	}
	slices.Sort(times)
	_, _ = fmt.Fprintf(stdout, "client: %d messages came back in %v, one in %v (median), %v (99 of 100)\n", len(times),
		time.Since(start).Round(time.Millisecond), times[len(times)/2].Round(time.Microsecond), times[len(times)*99/100].Round(time.Microsecond))
	return nil
}

// errWrong is the error of an answer that is not what was sent.
var errWrong = errors.New("another answer than what was sent")

// A talk is one message there and back, again and again.
type talk struct {
	c       *reactor.Conn
	at      reactor.Waiter
	number  uint64
	start   time.Time
	message [8]byte
	answer  [8]byte
	sent, n int
}

func (t *talk) begin() {
	t.number++
	binary.LittleEndian.PutUint64(t.message[:], t.number)
	t.sent, t.n, t.start = 0, 0, time.Now()
}

// Poll implements pollster.Future.
func (t *talk) Poll(w *pollster.Waker) (took time.Duration, ready bool, err error) {
	for t.sent < len(t.message) {
		n, ready, err := t.c.PollWrite(&t.at, w, t.message[t.sent:])
		if !ready {
			return 0, false, err
		}
		t.sent += n
	}
	for t.n < len(t.answer) {
		n, ready, err := t.c.PollRead(&t.at, w, t.answer[t.n:])
		if !ready {
			return 0, false, err
		}
		t.n += n
	}
	if t.answer != t.message {
		return 0, false, errWrong
	}
	return time.Since(t.start), true, nil
}

// Cancel implements pollster.Canceler.
func (t *talk) Cancel() { t.at.Cancel() }
