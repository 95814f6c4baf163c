package poolsim

// An event is something that happens to a job (or to the run) at a time. In
// the heap of the cores the time is virtual: the work that each runnable job
// has been given since the start.
type event struct {
	at   float64
	seq  uint32 // ties go to the earlier one: the run is deterministic
	job  int32
	kind eventKind
}

type eventKind uint8

const (
	evWake   eventKind = iota // a Sleep ends
	evDisk                    // a request ends
	evHold                    // a Hold ends
	evStart                   // the job's thread has started
	evArrive                  // an open arrival
	evBurst
	evTick
)

func (e *event) before(f *event) bool {
	return e.at < f.at || e.at == f.at && int32(e.seq-f.seq) < 0
}

// A heap is a binary heap of events, earliest first.
type heap struct{ es []event }

func (h *heap) push(e event) {
	h.es = append(h.es, e)
	i := len(h.es) - 1
	for i > 0 {
		p := (i - 1) / 2
		if !e.before(&h.es[p]) {
			break
		}
		h.es[i] = h.es[p]
		i = p
	}
	h.es[i] = e
}

func (h *heap) pop() event {
	top := h.es[0]
	n := len(h.es) - 1
	e := h.es[n]
	h.es = h.es[:n]
	if n == 0 {
		return top
	}
	i := 0
	for {
		c := 2*i + 1
		if c >= n {
			break
		}
		if c+1 < n && h.es[c+1].before(&h.es[c]) {
			c++
		}
		if !h.es[c].before(&e) {
			break
		}
		h.es[i] = h.es[c]
		i = c
	}
	h.es[i] = e
	return top
}

// A fifo is a queue with a front to which one may also return.
type fifo[T any] struct {
	items []T
	head  int
}

func (q *fifo[T]) len() int { return len(q.items) - q.head }

func (q *fifo[T]) push(v T) { q.items = append(q.items, v) }

func (q *fifo[T]) pop() T {
	v := q.items[q.head]
	q.head++
	if q.head > 64 && q.head*2 > len(q.items) {
		n := copy(q.items, q.items[q.head:])
		q.items, q.head = q.items[:n], 0
	}
	return v
}

func (q *fifo[T]) pushFront(v T) {
	if q.head > 0 {
		q.head--
		q.items[q.head] = v
		return
	}
	q.items = append(q.items, v)
	copy(q.items[1:], q.items)
	q.items[0] = v
}
