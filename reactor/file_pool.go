package reactor

import (
	"runtime"
	"sync/atomic"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
)

// A poolOp is a blocking call as a future: its first Poll queues it in a pool.
type poolOp[T any] struct {
	pool    *threadpool.Pool
	call    func() (T, error)
	dropped func(T) // what to do with a result that nobody wants; may be nil
	over    func()  // called once when the pool has nothing to do with it any more; may be nil

	job     threadpool.Job
	started bool // only the poller looks
	given   bool // the result, to the poller
	result  pollster.Promise[T]
	busy    atomic.Bool // the job is queued or running
}

// Poll implements pollster.Future.
func (o *poolOp[T]) Poll(w *pollster.Waker) (v T, ready bool, err error) {
	if !o.started {
		o.started = true
		o.busy.Store(true)
		if err := o.pool.Start(&o.job, o); err != nil {
			o.leave()
			o.result.Reject(err)
		}
	}
	v, ready, err = o.result.Poll(w)
	o.given = o.given || ready
	return v, ready, err
}

// Cancel implements pollster.Canceler. A call that runs goes on without anybody
// waiting for it.
func (o *poolOp[T]) Cancel() {
	o.result.Cancel()
	if o.dropped != nil && !o.given && !o.result.Canceled() {
		for !o.result.Done() {
			runtime.Gosched() // it is being handed over at this moment
		}
		if v, ready, _ := o.result.Poll(nil); ready { // settled: needs no waker
			o.given = true
			go o.dropped(v) // which may block
		}
	}
	if !o.started {
		o.started = true
		return
	}
	if o.job.Cancel() {
		o.leave()
	} else {
		o.job.Leave()
	}
}

// RunJob implements threadpool.Runner.
func (o *poolOp[T]) RunJob() {
	v, err := o.call()
	o.leave()
	if !o.result.Settle(v, err) && err == nil && o.dropped != nil {
		o.dropped(v)
	}
}

// DropJob implements threadpool.Runner.
func (o *poolOp[T]) DropJob(err error) {
	o.leave()
	o.result.Reject(err)
}

func (o *poolOp[T]) leave() {
	o.busy.Store(false)
	if o.over != nil {
		o.over()
	}
}
