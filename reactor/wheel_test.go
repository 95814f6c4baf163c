package reactor_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/reactor"
)

// An oracle is what a wheel is held to: a slice.
type oracle struct {
	now   int64
	items map[*reactor.Timer]int64
}

// due takes out what is due by now.
func (o *oracle) due(now int64) []int64 {
	o.now = max(o.now, now)
	var due []int64
	for t, when := range o.items {
		if when <= o.now {
			due = append(due, when)
			delete(o.items, t)
		}
	}
	slices.Sort(due)
	return due
}

func (o *oracle) next() int64 {
	next := int64(math.MaxInt64)
	for _, when := range o.items {
		next = min(next, when)
	}
	return next
}

// wheelProgram runs one program of operations on a wheel and the oracle.
// Each operation takes three bytes.
func wheelProgram(t *testing.T, program []byte) {
	w := &reactor.Wheel{}
	o := &oracle{items: map[*reactor.Timer]int64{}}
	var order []*reactor.Timer
	for ; len(program) >= 3; program = program[3:] {
		op, a, b := program[0], int64(program[1]), int64(program[2])
		distance := a << (b % 56)
		switch op % 8 {
		case 0, 1, 2, 3:
			timer := &reactor.Timer{}
			when := o.now + distance
			if op&64 != 0 {
				when = o.now - distance>>1 // already past
			}
			if when < 0 {
				continue
			}
			w.Add(timer, when)
			o.items[timer] = when
			order = append(order, timer)
		case 4:
			if len(order) > 0 {
				i := int(a) % len(order)
				if _, ok := o.items[order[i]]; ok {
					w.Remove(order[i])
					delete(o.items, order[i])
				}
				order = slices.Delete(order, i, i+1)
			}
		default:
			now := o.now + distance
			if op&64 != 0 {
				now = min(w.Next(), 1<<62)
			}
			advance(t, w, o, now, 1+int(b)%4)
		}
		if next := w.Next(); next > o.next() {
			t.Fatalf("next is %d, but one is due at %d", next, o.next())
		}
		if w.Count() != len(o.items) {
			t.Fatalf("%d timers, want %d", w.Count(), len(o.items))
		}
	}
	advance(t, w, o, math.MaxInt64, 1<<30)
}

// advance moves both to now; the wheel atOnce timers at a time.
func advance(t *testing.T, w *reactor.Wheel, o *oracle, now int64, atOnce int) {
	t.Helper()
	now = max(now, o.now)
	var got []int64
	for done := false; !done; {
		n := 0
		done = w.Advance(now, func(timer *reactor.Timer) bool {
			if timer.When() > now {
				t.Fatalf("timer for %d due at %d", timer.When(), now)
			}
			got = append(got, timer.When())
			n++
			return n < atOnce
		})
	}
	slices.Sort(got)
	if want := o.due(now); !slices.Equal(got, want) {
		t.Fatalf("at %d: due %v, want %v", now, got, want)
	}
}

func FuzzWheelAgainstASlice(f *testing.F) {
	f.Add([]byte{0, 1, 16, 0, 1, 22, 0, 200, 50, 5, 1, 17, 4, 0, 0, 69, 0, 0})
	f.Add([]byte{0, 255, 55, 0, 1, 0, 64, 1, 1, 5, 1, 55, 7, 9, 9})
	f.Fuzz(wheelProgram)
}

func TestWheelAgreesWithASlice(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		program := make([]byte, 3*rnd.IntN(80))
		for i := range program {
			program[i] = byte(rnd.Uint32())
		}
		wheelProgram(t, program)
	}
}

// What keeps the number of wake-ups down: a timer alone is looked at when it
// is due, and not on the way through the levels.
func TestWheelTellsTheTimeOfALoneTimerExactly(t *testing.T) {
	for shift := range 62 {
		w := &reactor.Wheel{}
		w.Add(&reactor.Timer{}, 1<<shift+3)
		if next := w.Next(); next != 1<<shift+3 {
			t.Errorf("next is %d, want %d", next, 1<<shift+3)
		}
		n := 0
		w.Advance(1<<shift+2, func(*reactor.Timer) bool { n++; return true })
		if next := w.Next(); n != 0 || next != 1<<shift+3 {
			t.Errorf("just before: %d due, next is %d, want %d", n, next, 1<<shift+3)
		}
		w.Advance(1<<shift+3, func(*reactor.Timer) bool { n++; return true })
		if n != 1 || w.Next() != math.MaxInt64 {
			t.Errorf("at its time: %d due", n)
		}
	}
}
