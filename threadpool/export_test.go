package threadpool

// Looks returns how often the reaper has looked.
func (p *Pool) Looks() int64 { return p.threads.looks.Load() }
