package waitlist

// Links is what makes a T fit for a [List]: T embeds a Links[T]. The zero value is
// in no line. A T in line must not be copied.
type Links[T any] struct{ next, prev *T }

func (k *Links[T]) links() *Links[T] { return k }

// linked is a pointer to a T that embeds a Links[T].
type linked[T any] interface {
	*T
	links() *Links[T]
}

// A List is a line of waiters. The zero value is empty. It is not safe for
// concurrent use, and does not block.
type List[T any, P linked[T]] struct{ first, last P }

// First returns who has waited longest, or nil if nobody waits.
func (l *List[T, P]) First() P { return l.first }

// Push puts t at the end.
//
// Preconditions: t is in no line.
func (l *List[T, P]) Push(t P) {
	if l.last != nil {
		t.links().prev = l.last
		l.last.links().next = t
	} else {
		l.first = t
	}
	l.last = t
}

// Remove takes t out.
//
// Preconditions: t is in this line.
func (l *List[T, P]) Remove(t P) {
	if l.first == l.last {
		// Alone, as most are, so its links are nil already. To reach the links of a
		// T costs a call through a dictionary of types, 1 to 2 ns.
		l.first, l.last = nil, nil
		return
	}
	k := t.links()
	next, prev := P(k.next), P(k.prev)
	if prev != nil {
		prev.links().next = next
	} else {
		l.first = next
	}
	if next != nil {
		next.links().prev = prev
	} else {
		l.last = prev
	}
	k.next, k.prev = nil, nil
}

// Pop takes out the first and returns it, or returns nil if nobody waits.
func (l *List[T, P]) Pop() P {
	t := l.first
	if t != nil {
		l.Remove(t)
	}
	return t
}
