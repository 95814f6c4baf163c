package reactor_test

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/poller"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func TestRefusedRegistrationIsATypedError(t *testing.T) {
	r, p := fake(t, reactor.Options{})
	for _, c := range []struct {
		from, to, no error
	}{
		{poller.ErrLimit, reactor.ErrLimit, unix.ENOSPC},
		{poller.ErrLimit, reactor.ErrLimit, unix.ENOMEM},
		{poller.ErrKind, reactor.ErrNotPollable, unix.EPERM},
		{poller.ErrDescriptor, reactor.ErrDescriptor, unix.EBADF},
	} {
		fd := p.Open()
		p.Fail("Add", errors.Join(c.from, c.no))
		if _, err := r.Register(uintptr(fd)); !errors.Is(err, c.to) || !errors.Is(err, c.no) {
			t.Errorf("Register with %v: %v", c.no, err)
		}
		p.Fail("Add", nil)
		s := register(t, r, fd)
		p.Fail("Modify", errors.Join(c.from, c.no))
		f := s.Writable() // which is not watched yet
		if _, ready, err := f.Poll(nil); ready || !errors.Is(err, c.to) || !errors.Is(err, c.no) {
			t.Errorf("waiting with %v: %v, %v", c.no, ready, err)
		}
		if n := s.Linked(); n != 0 {
			t.Errorf("%d waiters are left", n)
		}
		p.Fail("Modify", nil)
		w := newCounter()
		pending(t, f, w)
		p.Set(fd, poller.Write)
		w.await(t)
		p.Fail("Look", errors.Join(c.from, c.no))
		if _, ready, err := f.Poll(nil); ready || !errors.Is(err, c.to) {
			t.Errorf("looking with %v: %v, %v", c.no, ready, err)
		}
		p.Fail("Look", nil)
		f.Cancel()
	}
}

// A one-shot backend has to be asked again for those whose event has not come
// yet. If it refuses, they must not be left waiting.
func TestRefusedRearmingIsToldToThoseWhoWait(t *testing.T) {
	p := poller.NewFake()
	r := reactor.NewOneShot(p)
	defer r.Close()
	fd := p.Open()
	s := register(t, r, fd)
	rd, wr := newCounter(), newCounter()
	f, g := s.Readable(), s.Writable()
	pending(t, f, rd)
	pending(t, g, wr)
	p.Set(fd, poller.Read)
	rd.await(t)
	if n := s.Linked(); n != 1 || s.Armed() != reactor.Writable {
		t.Errorf("%d waiters, watched: %v", n, s.Armed())
	}
	pending(t, g, wr)
	p.Drop(fd, poller.Read)
	pending(t, f, rd)
	p.Fail("Modify", errors.Join(poller.ErrLimit, unix.ENOMEM))
	p.Set(fd, poller.Read)
	rd.await(t)
	wr.await(t)
	if _, ready, err := g.Poll(nil); ready || !errors.Is(err, reactor.ErrLimit) {
		t.Errorf("the one who is left: %v, %v", ready, err)
	}
}

func TestInterruptedTriesAreRepeatedAtOnce(t *testing.T) {
	r := kinds[0].new(t)
	rd, wr := pipe(t)
	s := register(t, r, rd)
	unix.Write(wr, []byte("x"))
	calls := 0
	n, err := s.ReadWith(t.Context(), func(fd int) (int, error) {
		if calls++; calls < 5 {
			return 0, syscall.EINTR
		}
		return unix.Read(fd, make([]byte, 10))
	})
	if n != 1 || err != nil || calls != 5 {
		t.Errorf("%d, %v after %d calls", n, err, calls)
	}
}

func TestAnErrorOfTheDescriptorWakesEveryDirection(t *testing.T) {
	r, p := fake(t, reactor.Options{})
	for _, state := range []poller.Events{poller.HangUp, poller.Failed} {
		fd := p.Open()
		s := register(t, r, fd)
		w := newCounter()
		for _, f := range []*reactor.Readiness{s.Readable(), s.Writable(), s.Priority()} {
			pending(t, f, w)
		}
		p.Set(fd, state)
		for range 3 {
			w.await(t)
		}
		if e, err := pollster.BlockOn(t.Context(), s.Priority()); err != nil || e&reactor.Events(state) == 0 {
			t.Errorf("%v, %v", e, err)
		}
	}
}

func TestPriorityTellsOfOutOfBandData(t *testing.T) {
	fds, err := listenAndDial()
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fds[0])
	defer unix.Close(fds[1])
	each(t, func(t *testing.T, r *reactor.Reactor) {
		s := register(t, r, fds[0])
		w := newCounter()
		f := s.Priority()
		pending(t, f, w)
		if err := unix.Sendto(fds[1], []byte("!"), unix.MSG_OOB, nil); err != nil {
			t.Skipf("this system sends no out-of-band data: %v", err)
		}
		w.await(t)
		if e, err := pollster.BlockOn(t.Context(), f); err != nil || e&reactor.Priority == 0 {
			t.Errorf("%v, %v", e, err)
		}
		if n, _, err := unix.Recvfrom(fds[0], make([]byte, 1), unix.MSG_OOB); n != 1 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		s.Close()
	})
}

// listenAndDial returns both ends of a TCP connection over loopback.
func listenAndDial() ([2]int, error) {
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return [2]int{}, err
	}
	defer unix.Close(l)
	if err := errors.Join(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(l, 1)); err != nil {
		return [2]int{}, err
	}
	addr, _ := unix.Getsockname(l)
	d, _ := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err := unix.Connect(d, addr); err != nil {
		return [2]int{}, err
	}
	a, _, err := unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
	return [2]int{a, d}, err
}

// The tests that faults are injected into, which must not notice.
const (
	coreTests   = "^(TestSourceReadsAndWritesAPipe|TestCloseWakes|TestStale|TestTimerLife|TestReactorInside)"
	netTests    = "^(TestBytesArrive|TestAddressesAre|TestPacketsKeep|TestGoroutinesAndFutures|TestAcceptGoesOn)"
	spliceTests = "^TestSplicedBytesAreTheSame"
	fileTests   = "^(TestFileReads|TestFileBackend|TestFileHammered|TestManyReads|TestPipesAre)"
)

var faults = []struct{ inject, tests string }{
	{"epoll_pwait:error=EINTR:when=2+3", coreTests},
	{"epoll_pwait2:error=EINTR:when=1+2", coreTests},
	{"epoll_pwait2:error=ENOSYS", coreTests},
	{"ppoll:error=EINTR:when=1+2", coreTests},
	{"read:error=EINTR:when=3+3", coreTests},
	{"epoll_pwait:delay_exit=200:when=1+3", coreTests},
	{"epoll_ctl:delay_enter=200:when=5+3", coreTests},
	{"read:error=EINTR:when=9+3", netTests},
	{"write:error=EINTR:when=9+3", netTests},
	{"accept4:error=EINTR:when=1+2", netTests},
	{"accept4:error=ECONNABORTED:when=1+2", netTests},
	{"accept4:error=ENFILE:when=2", "^TestAcceptGoesOn"},
	{"recvfrom,sendto:error=EINTR:when=1+2", netTests},
	{"epoll_ctl:error=EINTR:when=4+2", netTests},
	// Interrupted; refused at once, with bytes in the pipe, and later; no pipe. That
	// there is nothing when there is (EAGAIN) is not tried: no event would follow.
	{"splice:error=EINTR:when=1+2", spliceTests},
	{"splice:error=EINVAL", spliceTests},
	{"splice:error=ENOSYS:when=2", spliceTests},
	{"splice:error=EINVAL:when=2+2", spliceTests},
	{"splice:error=EINVAL:when=5+3", spliceTests},
	{"splice:error=EINVAL:when=9+20", spliceTests},
	{"splice:delay_exit=200:when=1+3", spliceTests},
	{"pipe2:error=EMFILE", "^TestSplicedBytesAreTheSame/(tcp|unix)_to_(tcp|unix)$"},
	// A kernel without io_uring, and a sandbox that refuses it.
	{"io_uring_setup:error=ENOSYS", fileTests},
	{"io_uring_setup:error=EPERM", fileTests},
	{"io_uring_enter:error=EINTR:when=1+2", fileTests},
	{"io_uring_enter:error=EAGAIN:when=1+3", fileTests},
	{"io_uring_enter:error=EBUSY:when=2+3", fileTests},
	// The page cache gives nothing, or cannot be asked, or a signal comes.
	{"preadv2:error=EAGAIN:when=1+2", fileTests},
	{"preadv2:error=EINTR:when=1+3", fileTests},
	{"preadv2:error=EINTR", fileTests},
	{"preadv2:error=EOPNOTSUPP", fileTests},
	{"preadv2:error=ENOSYS", fileTests},
	{"preadv2:retval=0:when=1+2", fileTests},
	{"statx:error=EPERM", fileTests},
}

func TestFaultsOfTheSystemAreNotNoticed(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: no faults can be injected")
	}
	some := faults
	if raceEnabled || testing.Short() {
		some = faults[:1]
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range some {
		cmd := exec.Command(strace, "-f", "-qq", "-o", os.DevNull, "-e", "inject="+fault.inject, self,
			"-test.run="+fault.tests, "-test.short", "-test.timeout=60s")
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v after %v\n%s", fault.inject, err, time.Since(start), out)
		}
	}
}
