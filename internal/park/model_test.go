package park_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of a Notifier: one owner with two uses, and with each a wait; two
// notifiers of the first use, either of which may be late, and one of the
// second. Every atomic operation of the code is a step.

type kind int

const (
	empty kind = iota
	notified
	byChan   // Park, and ParkThread in the scheduler
	byOr     // ParkOr
	byVia    // ParkVia
	byThread // ParkThread on the futex
)

var kindNames = []string{"", "", "Park", "ParkOr", "ParkVia", "ParkThread"}

type word struct {
	generation int
	kind       kind
}

// A world is everything that the threads share or remember.
type world struct {
	state  word
	tokens int     // in the channel
	via    int     // which use's Parker Notifier.via is, or 0
	unpark [3]int  // pending Unparks of the Parker of each use
	parked [3]bool // the owner is in Park of that Parker
	asleep bool    // the owner's thread sleeps on the futex
	done   bool    // the channel given to ParkOr is closed

	seen [3]word // what each notifier has loaded
	was  [3]kind // what each notifier has replaced

	written [3]bool // what each notifier wrote before Notify
	use     int     // which use the owner is in
	got     [3]bool // the owner consumed a permit in that use
}

const (
	notifyLoad = iota
	notifyCAS
	notifyUnpark
)

// notifier i belongs to the given generation.
func notifier(i, generation int, mistake string) interleave.Thread[world] {
	return interleave.Thread[world]{
		Name:  fmt.Sprintf("notifier %d of use %d", i, generation),
		Steps: []string{"load", "CAS", "unpark"},
		Step: func(w *world, pc int) int {
			switch pc {
			case notifyLoad:
				w.written[i] = true
				w.seen[i] = w.state
				if w.seen[i].generation != generation && mistake != "no generation" {
					w.seen[i] = word{}
					return interleave.Done
				}
				if mistake == "unpark before CAS" && w.seen[i].kind == byThread {
					w.asleep = false
				}
				return notifyCAS
			case notifyCAS:
				if w.state != w.seen[i] && mistake != "store instead of CAS" {
					w.seen[i] = word{}
					return notifyLoad
				}
				w.was[i] = w.seen[i].kind
				w.state = word{w.seen[i].generation, notified}
				w.seen[i] = word{}
				if w.was[i] <= notified || mistake == "unpark before CAS" && w.was[i] == byThread {
					w.was[i] = 0
					return interleave.Done
				}
				return notifyUnpark
			default:
				w.deliver(w.was[i], mistake)
				w.was[i] = 0
				return interleave.Done
			}
		},
	}
}

func (w *world) deliver(was kind, mistake string) {
	switch was {
	case byChan, byOr:
		if w.tokens++; w.tokens > 1 {
			panic("a notifier blocks on the channel")
		}
	case byVia:
		if w.via == 0 {
			panic("no Parker to unpark")
		}
		if mistake == "an early Unpark is lost" && !w.parked[w.via] {
			return
		}
		w.unpark[w.via]++
	case byThread:
		w.asleep = false // a wake when nobody sleeps does nothing
	}
}

const (
	begin = iota
	publish
	publishLate
	wait
	asleep
	withdraw
	owed
	consume
)

// owner waits once in each use, in the ways given.
func owner(ways [3]kind, mistake string) interleave.Thread[world] {
	return interleave.Thread[world]{
		Name:  "owner",
		Steps: []string{"begin", "publish", "publish late", "wait", "asleep", "withdraw", "owed token", "consume"},
		Step: func(w *world, pc int) int {
			switch way := ways[w.use]; pc {
			case begin:
				w.use++
				w.state = word{w.state.generation + 1, empty}
				return publish
			case publish:
				if way = ways[w.use]; way == byVia {
					w.via = w.use
				}
				if w.state.kind != empty {
					return consume
				}
				if mistake == "look, then publish" {
					return publishLate
				}
				w.state.kind = way
				return wait
			case publishLate:
				w.state.kind = way
				return wait
			case wait:
				return w.wait(way, mistake)
			case asleep:
				if w.asleep {
					return interleave.Blocked
				}
				if mistake == "trust the futex" {
					return consume
				}
				return wait
			case withdraw:
				return w.withdraw(mistake)
			case owed:
				if w.tokens == 0 {
					return interleave.Blocked
				}
				w.tokens--
				return consume
			default:
				return w.consume()
			}
		},
	}
}

func (w *world) wait(way kind, mistake string) int {
	switch way {
	case byChan, byOr:
		if w.tokens > 0 {
			w.tokens--
			return consume
		}
		if way == byOr && w.done {
			return withdraw
		}
		return interleave.Blocked
	case byVia:
		if w.unpark[w.use] == 0 {
			if w.parked[w.use] {
				return interleave.Blocked
			}
			w.parked[w.use] = true
			return wait
		}
		w.unpark[w.use]--
		return consume
	default: // the system compares and goes to sleep in one step
		if w.state.kind != byThread && mistake != "sleep without comparing" {
			return consume
		}
		w.asleep = true
		return asleep
	}
}

func (w *world) withdraw(mistake string) int {
	if w.state.kind == byOr {
		w.state.kind = empty
		return w.next()
	}
	if mistake == "leave the token" {
		return consume
	}
	return owed
}

func (w *world) consume() int {
	if w.state.kind != notified {
		panic("parked, woken, and no permit")
	}
	w.state.kind = empty
	w.got[w.use] = true
	w.via = 0
	return w.next()
}

func (w *world) next() int {
	if w.use == 2 {
		return interleave.Done
	}
	return begin
}

// events that nobody may rely on
var (
	closer = interleave.Thread[world]{Name: "done", Optional: true, Step: func(w *world, pc int) int {
		w.done = true
		return interleave.Done
	}}
	signal = interleave.Thread[world]{Name: "spurious wake", Optional: true, Step: func(w *world, pc int) int {
		w.asleep = false
		return interleave.Done
	}}
)

func notifierModel(first, second kind, mistake string) interleave.Model[world] {
	return interleave.Model[world]{
		Threads: []interleave.Thread[world]{
			owner([3]kind{0, first, second}, mistake),
			notifier(0, 1, mistake), notifier(1, 1, mistake), notifier(2, 2, mistake),
			closer, signal,
		},
		Invariant: func(w world) error {
			if w.got[1] && !w.written[0] && !w.written[1] {
				return errors.New("the first use has a permit that nobody gave")
			}
			if w.got[2] && !w.written[2] {
				return errors.New("the second use has a permit that nobody gave")
			}
			return nil
		},
		Final: func(w world) error {
			if w.tokens != 0 || w.unpark != [3]int{} {
				return fmt.Errorf("left over: %d tokens, %v unparks", w.tokens, w.unpark)
			}
			if !w.got[1] && first != byOr || !w.got[2] && second != byOr {
				return errors.New("a park has ended without its permit")
			}
			return nil
		},
	}
}

// The notifiers of the second use start with it, in reality because they get
// the generation from Begin. In the model one that comes too early sees another
// generation and is gone, which would leave the owner alone; so it waits.
func withOrder(m interleave.Model[world]) interleave.Model[world] {
	for i, th := range m.Threads[1:4] {
		generation := 1 + i/2
		step := th.Step
		m.Threads[1+i].Step = func(w *world, pc int) int {
			if pc == notifyLoad && w.state.generation < generation {
				return interleave.Blocked
			}
			return step(w, pc)
		}
	}
	return m
}

func TestNoInterleavingOfAnyTwoUsesLosesAWakeUp(t *testing.T) {
	states := 0
	for first := byChan; first <= byThread; first++ {
		for second := byChan; second <= byThread; second++ {
			r := withOrder(notifierModel(first, second, "")).Explore()
			if err := r.Err(); err != nil {
				t.Fatalf("%s, then %s: %v", kindNames[first], kindNames[second], err)
			}
			if r.Ends == 0 {
				t.Fatalf("%s, then %s: no end", kindNames[first], kindNames[second])
			}
			states += r.States
		}
	}
	t.Logf("%d states", states)
}

func TestTheModelFindsEachMistake(t *testing.T) {
	for _, c := range []struct {
		mistake       string
		first, second kind
		want          error
	}{
		{"store instead of CAS", byChan, byChan, interleave.ErrHang},
		{"no generation", byChan, byChan, interleave.ErrViolation},
		{"look, then publish", byChan, byChan, interleave.ErrHang},
		{"look, then publish", byThread, byThread, interleave.ErrHang},
		{"leave the token", byOr, byChan, interleave.ErrViolation},
		{"an early Unpark is lost", byVia, byVia, interleave.ErrHang},
		{"sleep without comparing", byThread, byThread, interleave.ErrHang},
		{"unpark before CAS", byThread, byThread, interleave.ErrHang},
		{"trust the futex", byThread, byThread, interleave.ErrViolation},
	} {
		t.Run(c.mistake+" "+kindNames[c.first], func(t *testing.T) {
			err := withOrder(notifierModel(c.first, c.second, c.mistake)).Explore().Err()
			if !errors.Is(err, c.want) {
				t.Fatalf("want a %v, got %v", c.want, err)
			}
		})
	}
}
