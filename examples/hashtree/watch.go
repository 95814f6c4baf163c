package main

import (
	"runtime/metrics"
	"time"
)

// peaks are the highest counts that were seen.
type peaks struct{ threads, goroutines int64 }

// A watch looks at the runtime's counts every millisecond.
type watch struct {
	samples []metrics.Sample
	stop    chan struct{}
	seen    chan peaks
}

func newWatch() *watch {
	w := &watch{
		samples: []metrics.Sample{
			{Name: "/sched/threads/total:threads"},
			{Name: "/sched/goroutines:goroutines"},
		},
		stop: make(chan struct{}),
		seen: make(chan peaks, 1),
	}
	go w.run()
	return w
}

func (w *watch) run() {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	var p peaks
	for {
		metrics.Read(w.samples)
		p.threads = max(p.threads, int64(w.samples[0].Value.Uint64()))
		p.goroutines = max(p.goroutines, int64(w.samples[1].Value.Uint64()))
		select {
		case <-tick.C:
		case <-w.stop:
			w.seen <- p
			return
		}
	}
}

// end stops looking and returns the peaks.
func (w *watch) end() peaks {
	close(w.stop)
	return <-w.seen
}
