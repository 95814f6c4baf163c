package threadpool_test

import (
	"sync"
	"testing"

	"github.com/causeway-go/causeway/threadpool"
)

func TestWhatIsWarmDoesNotAllocate(t *testing.T) {
	if threadpool.RaceEnabled {
		t.Skip("under the race detector sync.Pool forgets things at random")
	}
	p := newPool(t, threadpool.Options{Limit: 2, KeepAlive: -1})
	f := func() {}
	var all sync.WaitGroup
	done := all.Done
	for name, run := range map[string]func(){
		"Enter and Leave": func() {
			s, err := p.Enter(background)
			if err != nil {
				t.Error(err)
			}
			s.Leave()
		},
		"Do": func() {
			if err := p.Do(background, f); err != nil {
				t.Error(err)
			}
		},
		"Do inside": func() {
			s, _ := p.Enter(background)
			_ = p.Do(background, f)
			s.Leave()
		},
		"Submit": func() {
			all.Add(1)
			if err := p.Submit(background, done); err != nil {
				t.Error(err)
			}
			all.Wait()
		},
	} {
		for range 100 {
			run()
		}
		if n := testing.AllocsPerRun(500, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
