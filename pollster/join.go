package pollster

// A Pair is the result of [Join2].
type Pair[A, B any] struct {
	First  A // of the first future
	Second B // of the second one
}

// A Triple is the result of [Join3].
type Triple[A, B, C any] struct {
	First  A // of the first future
	Second B // of the second one
	Third  C // of the third one
}

// Join2 returns a future that runs a and b together and ends with both values,
// or with the first error; the other one is then cancelled. For futures of one
// type, and many of them, there is [Join].
func Join2[A, B any](a Future[A], b Future[B]) Future[Pair[A, B]] {
	return &join2[A, B]{a: orFailed(a), b: orFailed(b)}
}

type join2[A, B any] struct {
	a    Future[A] // nil when it has ended
	b    Future[B] // likewise
	v    Pair[A, B]
	life life
}

func (j *join2[A, B]) Poll(w *Waker) (v Pair[A, B], ready bool, err error) {
	if !j.life.begin() {
		return v, false, errEnded
	}
	pending := step(&j.a, &j.v.First, w, &err) // both, whatever the first says
	pending = step(&j.b, &j.v.Second, w, &err) || pending
	return endJoin(j, &j.v, &j.life, pending, err)
}

// Cancel implements [Canceler].
func (j *join2[A, B]) Cancel() {
	a, b := j.a, j.b
	j.a, j.b, j.life = nil, nil, over
	Cancel(a)
	Cancel(b)
}

// Join3 is [Join2] for three futures.
func Join3[A, B, C any](a Future[A], b Future[B], c Future[C]) Future[Triple[A, B, C]] {
	return &join3[A, B, C]{a: orFailed(a), b: orFailed(b), c: orFailed(c)}
}

type join3[A, B, C any] struct {
	a    Future[A] // nil when it has ended
	b    Future[B] // likewise
	c    Future[C] // likewise
	v    Triple[A, B, C]
	life life
}

func (j *join3[A, B, C]) Poll(w *Waker) (v Triple[A, B, C], ready bool, err error) {
	if !j.life.begin() {
		return v, false, errEnded
	}
	pending := step(&j.a, &j.v.First, w, &err)
	pending = step(&j.b, &j.v.Second, w, &err) || pending
	pending = step(&j.c, &j.v.Third, w, &err) || pending
	return endJoin(j, &j.v, &j.life, pending, err)
}

// Cancel implements [Canceler].
func (j *join3[A, B, C]) Cancel() {
	a, b, c := j.a, j.b, j.c
	j.a, j.b, j.c, j.life = nil, nil, nil, over
	Cancel(a)
	Cancel(b)
	Cancel(c)
}

// step polls *f, unless it has ended before or another one has failed, and
// reports whether it is still going on. A value goes to *v, an error to *err.
func step[T any](f *Future[T], v *T, w *Waker, err *error) (pending bool) {
	if *f == nil || *err != nil {
		return false
	}
	x, ready, e := (*f).Poll(w)
	if !ready && e == nil {
		return true
	}
	*f = nil
	if e == nil {
		*v = x
	}
	*err = e
	return false
}

// endJoin is the end of a poll of join2 or join3.
func endJoin[V any](j Canceler, v *V, l *life, pending bool, err error) (V, bool, error) {
	var zero V
	switch {
	case err != nil:
		j.Cancel() // the others
		return zero, false, err
	case pending:
		l.pend()
		return zero, false, nil
	}
	*l = over
	return *v, true, nil
}
