package poller_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/poller"
)

// A resting is a Park whose rest says what rests does.
type resting struct {
	rests  atomic.Bool
	asked  chan struct{} // has a token each time that rest has been asked
	result chan error
	events []poller.Event
}

func parkResting(p poller.Poller) *resting {
	r := &resting{asked: make(chan struct{}, 100), result: make(chan error, 1)}
	r.rests.Store(true)
	go func() {
		buf := make([]poller.Event, 8)
		n, err := p.Park(buf, func() bool {
			defer func() { r.asked <- struct{}{} }()
			return r.rests.Load()
		})
		r.events = buf[:n]
		r.result <- err
	}()
	<-r.asked
	return r
}

// sleeps checks that the Park goes on.
func (r *resting) sleeps(t *testing.T) {
	t.Helper()
	select {
	case err := <-r.result:
		t.Fatalf("Park has ended with %v, %v", r.events, err)
	case <-time.After(10 * time.Millisecond):
	}
}

func TestEventsDoNotEndARestingPark(t *testing.T) {
	leak.Check(t)
	p := openKind(poller.Epoll)(t)
	defer p.Close()
	x := socketPair(t, p)
	defer x.close()
	if err := p.Add(x.fd, 7, R, poller.Edge); err != nil {
		t.Fatal(err)
	}
	park := parkResting(p)
	x.feed()
	park.sleeps(t)
	buf := make([]poller.Event, 4)
	if n, err := p.Glance(buf); n != 1 || err != nil || buf[0].Key != 7 || buf[0].Ready&R == 0 {
		t.Fatalf("Glance: %v, %v", buf[:n], err)
	}
	if n, err := p.Glance(buf); n != 0 || err != nil {
		t.Errorf("the event comes again: %v, %v", buf[:n], err)
	}
	x.feed()
	park.sleeps(t)
	// Alert makes it ask, and an answer of yes has it go on resting.
	p.Alert()
	<-park.asked
	park.sleeps(t)
	// An answer of no has it find what has come meanwhile.
	park.rests.Store(false)
	p.Alert()
	if err := <-park.result; err != nil || len(park.events) != 1 || park.events[0].Key != 7 {
		t.Errorf("after Alert: %v, %v", park.events, err)
	}
}

func TestNotifyAndCloseEndARestingPark(t *testing.T) {
	leak.Check(t)
	p := openKind(poller.Epoll)(t)
	park := parkResting(p)
	if err := p.Notify(); err != nil {
		t.Fatal(err)
	}
	if n, err := p.Glance(make([]poller.Event, 4)); n != 0 || err != nil {
		t.Errorf("Glance: %d, %v", n, err)
	}
	if err := <-park.result; err != nil || len(park.events) != 0 {
		t.Errorf("after Notify: %v, %v", park.events, err)
	}
	park = parkResting(p)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-park.result; err != poller.ErrClosed {
		t.Errorf("after Close: %v", err)
	}
	if _, err := p.Glance(make([]poller.Event, 4)); err != poller.ErrClosed {
		t.Errorf("Glance after Close: %v", err)
	}
	p.Alert() // does nothing
}
