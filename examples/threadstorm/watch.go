package main

import (
	"time"
)

// A watch looks at a number every millisecond.
type watch struct {
	peak int64
	stop chan struct{}
	done chan struct{}
}

// newWatch starts a watch of what look returns.
func newWatch(look func() int64) *watch {
	w := &watch{stop: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			w.peak = max(w.peak, look())
			select {
			case <-tick.C:
			case <-w.stop:
				return
			}
		}
	}()
	return w
}

// end stops looking and returns the peak.
func (w *watch) end() int64 {
	close(w.stop)
	<-w.done
	return w.peak
}
