package lab

import (
	"context"
	"runtime"
	"time"

	"github.com/causeway-go/causeway/threadpool"
	"github.com/panjf2000/ants/v2"
	"github.com/sourcegraph/conc/pool"
)

// A Pool runs jobs for clients.
type Pool interface {
	// Do runs job and returns when it has ended. It may return without having
	// run it when ctx ends first.
	Do(ctx context.Context, job func())
	// Close frees what the pool holds. No job runs any more.
	Close()
	// Limit is how many jobs may run at once now; 0 if there is no bound.
	Limit() int
}

// TokioLimit is the size of the pool of tokio.
const TokioLimit = 512

// Adaptive returns our pool as it comes.
func Adaptive() (Pool, error) { return ours(threadpool.Options{}) }

// Fixed returns our pool with a size that stays.
func Fixed(n int) (Pool, error) { return ours(fixed(n)) }

// fixed are the options of a pool whose n slots may all be used from the start.
func fixed(n int) threadpool.Options {
	return threadpool.Options{Limit: n, Hint: threadpool.WillBlock}
}

func ours(o threadpool.Options) (Pool, error) {
	p, err := threadpool.New(o)
	if err != nil {
		return nil, err
	}
	return causeway{p}, nil
}

// causeway has the client run its job itself.
type causeway struct{ p *threadpool.Pool }

func (c causeway) Do(ctx context.Context, job func()) {
	slot, err := c.p.Enter(ctx)
	if err != nil {
		return // the turn is over
	}
	defer slot.Leave()
	job()
}

func (c causeway) Close()     { _ = c.p.Close() }
func (c causeway) Limit() int { return c.p.Stats().Limit }

// Ants returns the pool of ants as it comes: without a bound.
func Ants() (Pool, error) {
	p, err := ants.NewPool(-1)
	return antsPool{p}, err
}

type antsPool struct{ p *ants.Pool }

func (a antsPool) Do(_ context.Context, job func()) {
	done := make(chan struct{})
	if a.p.Submit(func() { job(); close(done) }) == nil {
		<-done
	}
}

func (a antsPool) Close()     { _ = a.p.ReleaseTimeout(time.Minute) }
func (a antsPool) Limit() int { return 0 }

// Conc returns the pool of conc with as many goroutines as its iterators have
// by default: GOMAXPROCS.
func Conc() (Pool, error) {
	return concPool{pool.New().WithMaxGoroutines(runtime.GOMAXPROCS(0))}, nil
}

type concPool struct{ p *pool.Pool }

func (c concPool) Do(_ context.Context, job func()) {
	done := make(chan struct{})
	c.p.Go(func() { job(); close(done) })
	<-done
}

func (c concPool) Close()     { c.p.Wait() }
func (c concPool) Limit() int { return c.p.MaxGoroutines() }
