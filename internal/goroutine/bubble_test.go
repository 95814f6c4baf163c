package goroutine_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/goroutine"
)

func TestABubbleIsRecognised(t *testing.T) {
	if goroutine.InBubble() {
		t.Error("outside: true")
	}
	synctest.Test(t, func(t *testing.T) {
		if !goroutine.InBubble() {
			t.Error("inside: false")
		}
		in := make(chan bool)
		go func() { in <- goroutine.InBubble() }()
		if !<-in {
			t.Error("in a goroutine of the bubble: false")
		}
	})
	if goroutine.InBubble() {
		t.Error("after it: true")
	}
}

func TestABubbleIsRecognisedAtAnyTimeOfItsClock(t *testing.T) {
	outside := time.Now()
	synctest.Test(t, func(t *testing.T) {
		// To the present day, where the two clocks show the same, and a
		// little around it.
		time.Sleep(time.Until(outside.Round(0)) - time.Minute)
		for range 10 {
			if !goroutine.InBubble() {
				t.Errorf("at %v: false", time.Now())
			}
			time.Sleep(time.Minute / 5)
		}
		time.Sleep(50 * 365 * 24 * time.Hour)
		if !goroutine.InBubble() {
			t.Errorf("at %v: false", time.Now())
		}
	})
}

func TestAGoroutineOutsideIsNotInTheBubbleBesideIt(t *testing.T) {
	ask, answer := make(chan struct{}), make(chan bool)
	go func() {
		for range ask {
			answer <- goroutine.InBubble()
		}
	}()
	defer close(ask)
	synctest.Test(t, func(*testing.T) {
		ask <- struct{}{}
		if <-answer {
			t.Error("outside: true")
		}
	})
}

func BenchmarkInBubble(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		goroutine.InBubble()
	}
}
