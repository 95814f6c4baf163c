package poller

import (
	"errors"
	"slices"
	"time"
)

// Fake is a [Poller] whose descriptors exist in memory only. A test opens them,
// says what they are ready for, and lets them fail. It waits in Go's scheduler,
// so that a reactor on top of it lives on the clock of a testing/synctest bubble
// like any goroutine.
type Fake struct {
	Idle
	next  int
	files map[int]*fakeFile
	fail  map[string]error
	calls map[string]int
	extra []Event // to be reported as they are
}

type fakeFile struct {
	state Events // what it is ready for
	edge  Events // not reported yet, in the edge modes
	added bool
	off   bool // by a one-shot event
	key   uint64
	in    Events
	mode  Mode
}

// NewFake returns a Fake without descriptors.
func NewFake() *Fake {
	return &Fake{next: 3, files: map[int]*fakeFile{}, fail: map[string]error{}, calls: map[string]int{}}
}

// Open makes a descriptor, with the lowest number that is free.
func (p *Fake) Open() (fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for fd = p.next; p.files[fd] != nil; {
		fd++
	}
	p.files[fd] = &fakeFile{}
	return fd
}

// CloseFD closes a descriptor, registered or not.
func (p *Fake) CloseFD(fd int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.files, fd)
}

// Set says what fd is ready for from now on. What is said anew counts as an
// edge, also if it was so before.
func (p *Fake) Set(fd int, state Events) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.files[fd]
	if f == nil {
		return
	}
	f.state = widen(state)
	f.edge = f.state
	p.signalLocked()
}

// Drop says that fd is no longer ready for gone. It is not news to anybody.
func (p *Fake) Drop(fd int, gone Events) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if f := p.files[fd]; f != nil {
		f.state &^= gone
		f.edge &^= gone
	}
}

// Fail makes every later call of the given name ("Add", "Modify", "Delete",
// "Look") return err; nil ends that.
func (p *Fake) Fail(call string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail[call] = err
}

// Calls returns how often the call of the given name has come in.
func (p *Fake) Calls(call string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls[call]
}

// Registered returns how many descriptors are registered.
func (p *Fake) Registered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for _, f := range p.files {
		if f.added {
			n++
		}
	}
	return n
}

// fileLocked begins every call about a descriptor.
func (p *Fake) fileLocked(call string, fd int) (*fakeFile, error) {
	p.calls[call]++
	switch f := p.files[fd]; {
	case p.closed:
		return nil, ErrClosed
	case p.fail[call] != nil:
		return nil, p.fail[call]
	case f == nil:
		return nil, ErrDescriptor
	default:
		return f, nil
	}
}

// Add implements Poller.
func (p *Fake) Add(fd int, key uint64, in Events, mode Mode) error {
	return p.set("Add", fd, key, in, mode, false, ErrExists)
}

// Modify implements Poller.
func (p *Fake) Modify(fd int, key uint64, in Events, mode Mode) error {
	return p.set("Modify", fd, key, in, mode, true, ErrNotFound)
}

func (p *Fake) set(call string, fd int, key uint64, in Events, mode Mode, added bool, otherwise error) error {
	if err := admissible(p, in, mode); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked(call, fd)
	if err != nil {
		return err
	}
	if f.added != added {
		return otherwise
	}
	f.added, f.off, f.edge = true, false, f.state
	f.key, f.in, f.mode = key, in, mode
	p.signalLocked()
	return nil
}

// Delete implements Poller.
func (p *Fake) Delete(fd int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked("Delete", fd)
	if err != nil {
		return err
	}
	if !f.added {
		return ErrNotFound
	}
	f.added = false
	return nil
}

// Look implements Poller.
func (p *Fake) Look(fd int, in Events) (Events, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f, err := p.fileLocked("Look", fd)
	if err != nil {
		return 0, err
	}
	return f.visible(f.state, in), nil
}

func (f *fakeFile) visible(e, in Events) Events {
	if e&(HangUp|Failed) != 0 {
		in |= HangUp | Failed | Read | Write
	}
	return e & in
}

// ready returns what Wait would report of f.
func (f *fakeFile) ready() Events {
	if !f.added || f.off {
		return 0
	}
	e := f.state
	if f.mode == Edge || f.mode == EdgeOneShot {
		e = f.edge
	}
	return f.visible(e, f.in)
}

// Take takes out the events that a Wait would report now, like a Wait that is
// slow to return.
func (p *Fake) Take() []Event {
	buf := make([]Event, 64)
	return buf[:p.collect(buf)]
}

// Inject makes the next Wait report these events first, whatever has become of
// their descriptors.
func (p *Fake) Inject(events ...Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.extra = append(p.extra, events...)
	p.signalLocked()
}

// Wait implements Poller. It holds no thread.
func (p *Fake) Wait(buf []Event, timeout time.Duration) (int, error) {
	some, err := p.await(timeout, func() bool {
		if len(p.extra) > 0 {
			return true
		}
		for _, f := range p.files {
			if f.ready() != 0 {
				return true
			}
		}
		return false
	})
	if err != nil || !some {
		return 0, err
	}
	return p.collect(buf), nil
}

// collect stores events, those of low descriptors first.
func (p *Fake) collect(buf []Event) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := copy(buf, p.extra)
	p.extra = p.extra[n:]
	fds := make([]int, 0, len(p.files))
	for fd := range p.files {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	for _, fd := range fds {
		f := p.files[fd]
		e := f.ready()
		if e == 0 || n == len(buf) {
			continue
		}
		buf[n] = Event{f.key, e}
		n++
		f.edge &^= e
		f.off = f.mode == OneShot || f.mode == EdgeOneShot
	}
	return n
}

// Park implements Poller.
func (p *Fake) Park(buf []Event, _ func() bool) (int, error) { return p.Wait(buf, -1) }

// Glance implements Poller: it cannot be done.
func (p *Fake) Glance([]Event) (int, error) { return 0, errors.ErrUnsupported }

// Alert implements Poller.
func (p *Fake) Alert() {}
