package executor

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/causeway-go/causeway/internal/goroutine"
)

// The default executor.
var (
	defaultMu sync.Mutex
	defaultEx atomic.Pointer[Executor]
)

// Default returns the executor that is there for everybody. On first use it is
// made and gets GOMAXPROCS workers, goroutines of its own that last as long as
// the program. It must not be closed by those who have not put it there.
//
// Tasks spawned on it from inside a testing/synctest bubble run in that bubble:
// each, together with the tasks it spawns, has a worker of its own there, which
// ends with them. Workers outside could neither be started nor wake anybody
// inside.
func Default() *Executor {
	if ex := defaultEx.Load(); ex != nil {
		return ex
	}
	defaultMu.Lock()
	defer defaultMu.Unlock()
	if ex := defaultEx.Load(); ex != nil {
		return ex
	}
	ex := mustNew(Options{Name: "default"})
	ex.shared = true
	defaultEx.Store(ex)
	return ex
}

// SetDefault puts another executor in the place of the default and returns the
// one that was there, or nil. Whoever sets it runs it.
func SetDefault(ex *Executor) (old *Executor) {
	defaultMu.Lock()
	defer defaultMu.Unlock()
	return defaultEx.Swap(ex)
}

func mustNew(o Options) *Executor {
	ex, err := New(o)
	if err != nil {
		panic(err)
	}
	return ex
}

// start starts the workers of the default executor, on the first spawn from
// outside a bubble.
func (ex *Executor) start() {
	if ex.started.Swap(true) {
		return
	}
	for range runtime.GOMAXPROCS(0) {
		go ex.Run(context.Background())
	}
}

// inBubble returns where a task that is spawned on the default executor goes.
func (ex *Executor) inBubble() *Executor {
	if !goroutine.InBubble() {
		if !ex.started.Load() {
			ex.start()
		}
		return ex
	}
	if w := here(); w != nil && w.ex.bubbled {
		return w.ex
	}
	return bubbled()
}

// bubbled returns an executor with one worker inside the caller's bubble, which
// ends when it has no more tasks, since a bubble lasts until its goroutines
// have ended.
func bubbled() *Executor {
	ex := mustNew(Options{Name: "default in a bubble"})
	ex.bubbled, ex.plain = true, false
	ctx, cancel := context.WithCancel(context.Background())
	ex.onEmpty = cancel
	go ex.Run(ctx)
	return ex
}
