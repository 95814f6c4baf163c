package kit

import (
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// sink takes results that the compiler must not throw away.
var sink atomic.Uint64

// sampleEvery is the time between two looks at the number of threads.
const sampleEvery = time.Millisecond

// PeakThreads runs f and returns the most OS threads that the process was seen
// to have meanwhile. It looks every millisecond and at the end; since Go does
// not give threads back by itself, little escapes it. In a child process it is
// not needed.
func PeakThreads(f func()) int { return peak(f, Threads) }

// peak returns the most that look returns before, during and after f.
func peak(f func(), look func() int) int {
	quit, ended := make(chan struct{}), make(chan int)
	go func() {
		tick := time.NewTicker(sampleEvery)
		defer tick.Stop()
		for most := 0; ; {
			most = max(most, look())
			select {
			case <-tick.C:
			case <-quit:
				ended <- max(most, look())
				return
			}
		}
	}()
	f()
	close(quit)
	return <-ended
}

// ThreadsAfter waits for d and returns the number of OS threads.
func ThreadsAfter(d time.Duration) int {
	time.Sleep(d)
	return Threads()
}

// runtimeThreads returns how many threads Go's scheduler has.
func runtimeThreads() int {
	s := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int(s[0].Value.Uint64())
}
