package meet_test

import (
	"testing"

	"github.com/causeway-go/causeway/executor/meet"
	"github.com/causeway-go/causeway/pollster"
)

// FuzzChan runs a sequence of operations on a channel and on an oracle that
// knows only a slice: values come out in the order they went in, and an
// operation is possible exactly when the oracle says so, whatever was polled,
// told and cancelled before.
func FuzzChan(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 2, 2, 5, 1})
	f.Add([]byte{2, 2, 0, 4, 4, 5, 0, 0, 0, 3, 6, 1, 1})
	f.Fuzz(func(t *testing.T, ops []byte) {
		const capacity = 2
		c := meet.NewChan[int](capacity)
		var oracle []int
		var sends []pollster.Future[struct{}]
		var values []int
		var receives []pollster.Future[int]
		wakes, next := 0, 0
		for _, op := range ops {
			switch op % 7 {
			case 0:
				next++
				err := c.TrySend(next)
				if possible := len(oracle) < capacity; possible != (err == nil) {
					t.Fatalf("TrySend: %v with %d inside", err, len(oracle))
				} else if possible {
					oracle = append(oracle, next)
				}
			case 1:
				v, err := c.TryRecv()
				oracle = expect(t, oracle, v, err == nil)
			case 2:
				next++
				sends, values = append(sends, c.SendFuture(next)), append(values, next)
			case 3:
				receives = append(receives, c.RecvFuture())
			case 4:
				if len(sends) == 0 {
					continue
				}
				_, ready, _ := poll(sends[0], &wakes)
				if ready != (len(oracle) < capacity) {
					t.Fatalf("send ready %v with %d inside", ready, len(oracle))
				}
				if ready {
					oracle = append(oracle, values[0])
				} else { // to the end, so that others get polled
					sends, values = append(sends, sends[0]), append(values, values[0])
				}
				sends, values = sends[1:], values[1:]
			case 5:
				if len(receives) == 0 {
					continue
				}
				v, ready, _ := poll(receives[0], &wakes)
				oracle = expect(t, oracle, v, ready)
				if !ready {
					receives = append(receives, receives[0])
				}
				receives = receives[1:]
			case 6:
				if len(sends) > 0 {
					pollster.Cancel(sends[0])
					sends, values = sends[1:], values[1:]
				}
				if len(receives) > 0 {
					pollster.Cancel(receives[0])
					receives = receives[1:]
				}
			}
			if c.Len() != len(oracle) {
				t.Fatalf("%d inside, want %d", c.Len(), len(oracle))
			}
		}
	})
}

func expect(t *testing.T, oracle []int, v int, got bool) []int {
	t.Helper()
	switch {
	case got != (len(oracle) > 0):
		t.Fatalf("received %v with %d inside", got, len(oracle))
	case got && v != oracle[0]:
		t.Fatalf("received %d, want %d", v, oracle[0])
	case got:
		return oracle[1:]
	}
	return oracle
}
