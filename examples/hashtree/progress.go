package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// A progress keeps one line of a terminal up to date.
type progress struct {
	w     io.Writer
	stop  chan struct{}
	ended sync.WaitGroup

	mu    sync.Mutex // guards what follows, and the terminal
	width int        // of the line that is on the screen now
}

// newProgress shows line's result until end is called.
func newProgress(w io.Writer, line func() string) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	p.ended.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			p.show(line())
			select {
			case <-tick.C:
			case <-p.stop:
				return
			}
		}
	})
	return p
}

func (p *progress) show(line string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	// Spaces cover what is left of a longer line. All terminals know them.
	_, _ = fmt.Fprintf(p.w, "\r%-*s", p.width, line)
	p.width = len(line)
}

// hide takes the line off the screen, calls print if it is not nil, and lets
// the line come back at the next tick.
func (p *progress) hide(print func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = fmt.Fprintf(p.w, "\r%s\r", strings.Repeat(" ", p.width))
	p.width = 0
	if print != nil {
		print()
	}
}

// end takes the line away for good.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
	p.hide(nil)
}
