package main

import (
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

func TestRoomWakesItsTakerAtHalfTheLimit(t *testing.T) {
	r := &room{limit: 4}
	for i := range 4 {
		if !r.take() {
			t.Fatalf("no room for number %d", i)
		}
	}
	if r.take() {
		t.Fatal("room for a fifth of four")
	}
	woken := 0
	w := pollster.NewWaker(func() { woken++ })
	poll := func() bool {
		_, ready, err := r.Poll(w)
		if err != nil {
			t.Fatal(err)
		}
		return ready
	}
	if poll() {
		t.Fatal("ready while full")
	}
	r.give()
	if woken != 0 || poll() {
		t.Fatal("one came back: woken, or ready, too early")
	}
	r.give()
	if woken != 1 || !poll() {
		t.Fatalf("half the limit: woken %d times, or not ready", woken)
	}
	if n := r.taken.Load(); n != 3 {
		t.Errorf("%d taken after a poll that took one of two left, want 3", n)
	}
}

func TestRoomNeverLosesTheWake(t *testing.T) {
	const rounds = 20_000
	r := &room{limit: 2}
	given := make(chan struct{}, rounds)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range given {
			r.give()
		}
	}()
	for range rounds {
		if !r.take() {
			if _, err := pollster.BlockOn(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		given <- struct{}{}
	}
	close(given)
	<-done
	if n := r.taken.Load(); n != 0 {
		t.Errorf("%d taken at the end", n)
	}
}
