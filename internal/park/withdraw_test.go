package park_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/internal/interleave"
	"github.com/causeway-go/causeway/internal/park"
)

// parkerFunc is a Parker whose Park is a function.
type parkerFunc struct {
	park   func(w goroutine.Wait)
	unpark func()
}

func (p parkerFunc) Park(w goroutine.Wait) { p.park(w) }
func (p parkerFunc) Unpark()               { p.unpark() }

func TestAWithdrawnWaitIsNotUnparked(t *testing.T) {
	n := park.New()
	g := n.Begin()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.ParkVia(parkerFunc{
			park: func(w goroutine.Wait) {
				if !w.Withdraw() {
					t.Error("somebody is on his way")
				}
				runtime.Goexit()
			},
			unpark: func() { t.Error("unparked") },
		})
		t.Error("ParkVia has returned")
	}()
	<-ended
	if !n.Notify(g) || n.Notify(g) {
		t.Error("the permit")
	}
}

func TestAWaitThatSomebodyEndsIsNotWithdrawn(t *testing.T) {
	n := park.New()
	g := n.Begin()
	comes, parked, gate, unparked := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		<-parked
		n.Notify(g)
	}()
	n.ParkVia(parkerFunc{
		park: func(w goroutine.Wait) {
			close(parked)
			<-comes
			if w.Withdraw() {
				t.Error("withdrawn, while somebody is on his way")
			}
			close(gate)
			<-unparked
		},
		unpark: func() {
			close(comes)
			<-gate
			close(unparked)
		},
	})
}

// The model of one Parker, as that of a coroutine, for two waits, the first of
// which is to be ended if it is not over. Each wait has a notifier of its own,
// with one who notifies.
type ending struct {
	state    [2]kind
	permit   bool
	breaks   bool
	consumed [2]bool
	exited   bool
}

const (
	endPublish = iota
	endLook
	endWithdraw
	endConsume
)

// owner is the goroutine that waits twice.
func (w *ending) owner(pc int, mistake string) int {
	i := 0
	if w.exited || w.consumed[0] {
		i = 1
	}
	switch pc {
	case endPublish:
		if w.state[i] == notified {
			return endConsume
		}
		w.state[i] = byVia
		return endLook
	case endLook:
		switch {
		case w.permit:
			w.permit = false
			return endConsume
		case w.breaks && i == 0 && mistake == "end it at once":
			w.exited = true
			return endPublish
		case w.breaks && i == 0:
			return endWithdraw
		}
		return interleave.Blocked
	case endWithdraw:
		if w.state[i] == notified && mistake != "withdraw anyway" {
			w.breaks = false // the next look waits for the permit
			return endLook
		}
		w.state[i] = empty
		w.exited = true
		return endPublish
	default:
		if w.state[i] != notified {
			panic("unparked, and there is no permit")
		}
		w.state[i] = empty
		if w.consumed[i] = true; i == 1 {
			return interleave.Done
		}
		return endPublish
	}
}

// notify is who ends wait i.
func (w *ending) notify(i, pc int) int {
	if pc == 1 {
		w.permit = true
		return interleave.Done
	}
	was := w.state[i]
	if w.state[i] = notified; was == byVia {
		return 1
	}
	return interleave.Done
}

func endingModel(mistake string) interleave.Model[ending] {
	notifier := func(i int) interleave.Thread[ending] {
		return interleave.Thread[ending]{Name: "notifier", Steps: []string{"CAS", "unpark"},
			Step: func(w *ending, pc int) int { return w.notify(i, pc) }}
	}
	return interleave.Model[ending]{
		Threads: []interleave.Thread[ending]{
			{Name: "owner", Steps: []string{"publish", "look", "withdraw", "consume"},
				Step: func(w *ending, pc int) int { return w.owner(pc, mistake) }},
			notifier(0), notifier(1),
			{Name: "end", Optional: true, Step: func(w *ending, _ int) int {
				w.breaks = true
				return interleave.Done
			}},
		},
		Final: func(w ending) error {
			if w.permit || !w.consumed[1] || w.consumed[0] == w.exited {
				return errors.New("left over, or not there")
			}
			return nil
		},
	}
}

func TestModelAWaitThatIsEndedTakesNoOtherWithIt(t *testing.T) {
	r := endingModel("").Explore()
	if err := r.Err(); err != nil || r.Ends == 0 {
		t.Fatal(err, r.Ends)
	}
	t.Logf("%d states", r.States)
	for _, mistake := range []string{"end it at once", "withdraw anyway"} {
		if err := endingModel(mistake).Explore().Err(); !errors.Is(err, interleave.ErrViolation) {
			t.Errorf("%s: %v", mistake, err)
		}
	}
}
