package reactor_test

import (
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// closeAndWait closes r and waits until it has let go of its descriptors.
func closeAndWait(r *reactor.Reactor) {
	r.Close()
	for r.Live() {
		time.Sleep(100 * time.Microsecond)
	}
}

// counting has those tests whose first reactor counts descriptors.
var counting sync.Map

// newReactor returns a reactor that is closed at the end of the test, and has given
// back its descriptors when the next test counts them. Only the first of a test, the
// last to be closed, waits for that: one made before may open some later than the
// next is made, which would wait for them in vain.
func newReactor(t testing.TB) *reactor.Reactor {
	t.Helper()
	before := leak.Descriptors()
	_, again := counting.LoadOrStore(t, true)
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		closeAndWait(r)
		if again {
			return
		}
		counting.Delete(t)
		for deadline := time.Now().Add(5 * time.Second); leak.Descriptors() > before && time.Now().Before(deadline); {
			time.Sleep(100 * time.Microsecond)
		}
	})
	return r
}

// fenced is a future whose results come after what others did under a mutex.
type fenced[T any] struct {
	pollster.Future[T]
	order *sync.Mutex
}

func (f fenced[T]) Poll(w *pollster.Waker) (T, bool, error) {
	v, ready, err := f.Future.Poll(w)
	f.order.Lock()
	defer f.order.Unlock()
	return v, ready, err
}

func (f fenced[T]) Cancel() { pollster.Cancel(f.Future) }
