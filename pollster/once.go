package pollster

import (
	"context"
	"runtime"

	"github.com/causeway-go/causeway/internal/ended"
	"github.com/causeway-go/causeway/internal/goroutine"
)

// PollOnce polls f once and returns what Poll did, for code that wants the
// result if it is there and has something else to do if it is not. f stays
// alive. Nobody is woken when it becomes ready, so whoever wants to wait for it
// polls it again.
func PollOnce[T any](f Future[T]) (v T, ready bool, err error) {
	v, ready, err = orFailed(f).Poll(nil)
	return v, ready && err == nil, err
}

// Yield returns a future that lets others run: it is not ready at its first
// poll, asks for another one at once, and ends there. On an executor, the other
// tasks that are ready come first, and so they do where a function task waits for it
// with BlockOn. Anywhere else BlockOn calls runtime.Gosched.
func Yield() Future[struct{}] { return &yield{} }

type yield struct{ yielded bool }

func (y *yield) Poll(w *Waker) (v struct{}, ready bool, err error) {
	if !y.yielded {
		y.yielded = true
		w.Wake()
		return v, false, nil
	}
	return v, true, nil
}

// A yielder is a Yield. BlockOn need not poll it, since it knows what for.
type yielder interface {
	giveWay(ctx context.Context) (done bool, err error)
}

// giveWay is what BlockOn does with y, if that has not been polled yet.
func (y *yield) giveWay(ctx context.Context) (done bool, err error) {
	if y.yielded {
		return false, nil
	}
	if ctx.Err() != nil {
		return true, ended.Error(ctx)
	}
	y.yielded = true
	switch here := goroutine.Waiting(); {
	case here == nil:
		runtime.Gosched()
	case !here.Yield(ctx):
		runtime.Gosched()
	case ctx.Err() != nil: // it has ended a wait of the task, which is this one
		return true, ended.Error(ctx)
	}
	return true, nil
}

// Fuse returns a future that ends as f does and may be polled after that and
// after Cancel: it is then never ready, and wakes nobody. It is for loops that
// poll or select among the same futures again and again.
func Fuse[T any](f Future[T]) Future[T] { return &fuse[T]{f: orFailed(f)} }

type fuse[T any] struct {
	f    Future[T]
	life life
}

func (u *fuse[T]) Poll(w *Waker) (v T, ready bool, err error) {
	if !u.life.begin() {
		return v, false, nil
	}
	v, ready, err = u.f.Poll(w)
	if !ready && err == nil {
		u.life.pend()
		return v, false, nil
	}
	u.f, u.life = nil, over
	return v, err == nil, err
}

// Cancel implements [Canceler].
func (u *fuse[T]) Cancel() {
	f := u.f
	u.f, u.life = nil, over
	Cancel(f)
}
