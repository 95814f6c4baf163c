package threadpool

// Looks returns how often the reaper has looked.
func (p *Pool) Looks() int64 { return p.threads.looks.Load() }

// Watched reports whether the reaper is going to look again.
func (p *Pool) Watched() bool { return p.threads.armed.Load() }

// Spare is how many threads the reaper leaves, beyond one for each processor.
const Spare = spare

// ReapTo is Reap with a number that may change meanwhile.
func ReapTo(keep func() int) int { return reap(keep) }

// Forget makes the others think that the pool has needed no threads of late.
func (p *Pool) Forget() {
	p.burst.Store(0)
	p.threads.last.Store(0)
	watched.Delete(&p.threads)
}

// Processors returns how many processors the process may use.
func Processors() float64 { return processors() }

// Awake reports whether the tuner is going to look.
func (p *Pool) Awake() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tuner != nil && p.tuner.awake
}
