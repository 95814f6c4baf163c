package reactor

import "io"

// ReadFromBy is ReadFrom with the bytes of files moved by move.
func (c *Conn) ReadFromBy(r io.Reader, move func(socket, file, n int) (int, error)) (int64, error) {
	return c.readFrom(r, move)
}

// Sendfile is the system's.
func Sendfile(socket, file, n int) (int, error) { return sysSendfile(socket, file, n) }

// Pipes returns how many pipes r has, how many of these are idle, and how many have
// been taken so far.
func (r *Reactor) Pipes() (live, idle int, taken uint64) {
	r.pipes.mu.Lock()
	defer r.pipes.mu.Unlock()
	return r.pipes.live, len(r.pipes.idle), r.pipes.taken
}

// RestPipes does what the timer does that was set after the pipe number taken.
func (r *Reactor) RestPipes(taken uint64) { r.pipes.rested(taken) }

// TakePipes takes n pipes and returns how to give them back.
func (r *Reactor) TakePipes(n int) (got int, giveBack func()) {
	var ps []*splicePipe
	for range n {
		if p := r.pipes.take(); p != nil {
			ps = append(ps, p)
		}
	}
	return len(ps), func() {
		for _, p := range ps {
			r.pipes.put(p, true)
		}
	}
}

// PipesMost is how many there may be.
const PipesMost = pipesMost
