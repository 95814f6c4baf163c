package reactor_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A descriptor is one kind of descriptor: what it is, what makes it readable,
// and what has then to be read from it.
type descriptor struct {
	name string
	open func(t *testing.T) (fd int, cause func())
	read func(t *testing.T, fd int) error // nil: nothing to be read
}

func must(t *testing.T, fd int, err error) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func readSome(_ *testing.T, fd int) error {
	n, err := unix.Read(fd, make([]byte, 4096))
	if err == nil && n == 0 {
		return errors.New("nothing")
	}
	return err
}

var descriptors = []descriptor{
	{"eventfd", func(t *testing.T) (int, func()) {
		fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
		must(t, fd, err)
		return fd, func() { unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)) }
	}, readSome},
	{"timerfd", func(t *testing.T) (int, func()) {
		fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
		must(t, fd, err)
		return fd, func() {
			unix.TimerfdSettime(fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(1_000_000)}, nil)
		}
	}, readSome},
	{"inotify", func(t *testing.T) (int, func()) {
		fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
		must(t, fd, err)
		dir := t.TempDir()
		if _, err := unix.InotifyAddWatch(fd, dir, unix.IN_CREATE); err != nil {
			t.Fatal(err)
		}
		n := 0
		return fd, func() {
			n++
			os.WriteFile(filepath.Join(dir, fmt.Sprint(n)), nil, 0o600)
		}
	}, readSome},
	{"netlink", func(t *testing.T) (int, func()) {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		must(t, fd, err)
		return fd, func() {
			// A request for the list of links.
			req := make([]byte, unix.NLMSG_HDRLEN+unix.SizeofIfInfomsg)
			binary.NativeEndian.PutUint32(req[0:], uint32(len(req)))
			binary.NativeEndian.PutUint16(req[4:], unix.RTM_GETLINK)
			binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
			if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
				t.Error(err)
			}
		}
	}, func(t *testing.T, fd int) error {
		if err := readSome(t, fd); err != nil {
			return err
		}
		for readSome(t, fd) == nil {
		}
		return nil
	}},
	{"pty", func(t *testing.T) (int, func()) {
		master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
		if err != nil {
			t.Skipf("no pseudo-terminals here: %v", err)
		}
		must(t, master, nil)
		unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0)
		n, err := unix.IoctlGetUint32(master, unix.TIOCGPTN)
		if err != nil {
			t.Fatal(err)
		}
		slave, err := unix.Open(fmt.Sprintf("/dev/pts/%d", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Skipf("no pseudo-terminals here: %v", err)
		}
		must(t, slave, nil)
		return master, func() { unix.Write(slave, []byte("x")) }
	}, readSome},
	{"epoll", func(t *testing.T) (int, func()) {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		must(t, fd, err)
		rd, wr := pipe(t)
		unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, rd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(rd)})
		innerRead = rd
		return fd, func() { unix.Write(wr, []byte("x")) }
	}, func(t *testing.T, fd int) error {
		var e [1]unix.EpollEvent
		if n, err := unix.EpollWait(fd, e[:], 0); n != 1 {
			return fmt.Errorf("%d events, %v", n, err)
		}
		return readSome(t, innerRead)
	}},
	{"pidfd", func(t *testing.T) (int, func()) {
		cmd := exec.Command("cat")
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { in.Close(); cmd.Wait() })
		fd, err := unix.PidfdOpen(cmd.Process.Pid, unix.PIDFD_NONBLOCK)
		return must(t, fd, err), func() { in.Close() }
	}, nil},
}

var innerRead int // of the epoll set

func TestSourceOfEveryKindOfDescriptor(t *testing.T) {
	for _, d := range descriptors {
		t.Run(d.name, func(t *testing.T) {
			each(t, func(t *testing.T, r *reactor.Reactor) {
				fd, cause := d.open(t)
				s := register(t, r, fd)
				rounds := 5
				if d.read == nil {
					rounds = 1
				}
				for range rounds {
					w := newCounter()
					f := s.Readable()
					pending(t, f, w)
					cause()
					w.await(t)
					e, err := pollster.BlockOn(t.Context(), f)
					if err != nil || e&reactor.Readable == 0 {
						t.Fatalf("%v, %v", e, err)
					}
					if d.read == nil {
						// It stays so, and says so again and again.
						for range 3 {
							if _, err := pollster.BlockOn(t.Context(), s.Readable()); err != nil {
								t.Error(err)
							}
						}
						continue
					}
					if err := d.read(t, fd); err != nil {
						t.Fatalf("read: %v", err)
					}
				}
			})
		})
	}
}

// A reactor is a descriptor, too, so one reactor can watch another one, as a
// foreign loop would.
func TestReactorInsideAForeignLoop(t *testing.T) {
	inner, err := reactor.New(reactor.Options{Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	fd, ok := inner.Descriptor()
	if !ok {
		t.Fatal("no descriptor")
	}
	outer := register(t, kinds[0].new(t), int(fd))
	rd, wr := pipe(t)
	s := register(t, inner, rd)
	w := newCounter()
	f := s.Readable()
	pending(t, f, w)
	if _, ok := inner.NextDeadline(); ok {
		t.Error("a deadline without a timer")
	}
	for inner.Stats().Rounds < 2 {
		inner.Poll(0)
	}
	go unix.Write(wr, []byte("x"))
	if _, err := pollster.BlockOn(t.Context(), outer.Readable()); err != nil {
		t.Fatal(err)
	}
	if n, err := inner.Poll(0); n != 1 || err != nil {
		t.Fatalf("Poll: %d, %v", n, err)
	}
	w.await(t)
	// A timer that is armed while the loop waits makes it look.
	var timer *reactor.Timer
	var at time.Time
	for d := 5 * time.Millisecond; ; d *= 2 {
		timer = inner.Sleep(d)
		go timer.Poll(&w.Waker)
		if _, err := pollster.BlockOn(t.Context(), outer.Readable()); err != nil {
			t.Fatal(err)
		}
		n, err := inner.Poll(0)
		if err != nil {
			t.Fatal(err)
		}
		if at, ok = inner.NextDeadline(); ok {
			break
		}
		if n == 0 {
			t.Fatal("no deadline")
		}
		w.await(t) // its time has come already: the machine is busy
	}
	if _, err := pollster.BlockOn(t.Context(), outer.Reactor().At(at)); err != nil {
		t.Fatal(err)
	}
	if n, err := inner.Poll(0); n != 1 || err != nil {
		t.Errorf("at the deadline: %d, %v", n, err)
	}
	if _, ready, err := timer.Poll(nil); !ready || err != nil {
		t.Errorf("the timer: %v, %v", ready, err)
	}
}

func TestPollIsForManualReactorsAndOneAtATime(t *testing.T) {
	for _, k := range kinds {
		if k.hand {
			continue
		}
		if _, err := k.new(t).Poll(0); err != reactor.ErrDriven {
			t.Errorf("%s: %v", k.name, err)
		}
	}
	r, err := reactor.New(reactor.Options{Manual: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var inside error
	timer := r.Sleep(time.Microsecond)
	timer.Poll(pollster.NewWaker(func() { _, inside = r.Poll(0) }))
	for n := 0; n == 0; {
		start := time.Now()
		if n, err = r.Poll(time.Minute); err != nil || time.Since(start) > 30*time.Second {
			t.Fatal(n, err)
		}
	}
	if inside != reactor.ErrPolling {
		t.Errorf("inside another Poll: %v", inside)
	}
	time.AfterFunc(2*time.Millisecond, r.Interrupt)
	if n, err := r.Poll(-1); n != 0 || err != nil {
		t.Errorf("interrupted: %d, %v", n, err)
	}
	time.AfterFunc(2*time.Millisecond, func() { r.Close() })
	if _, err := r.Poll(-1); !errors.Is(err, reactor.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if _, err := r.Poll(0); !errors.Is(err, reactor.ErrClosed) {
		t.Errorf("afterwards: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []reactor.Options{{Thread: true, Manual: true}, {Backend: 77}} {
		if _, err := reactor.New(o); !errors.Is(err, reactor.ErrOptions) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	r, err := reactor.New(reactor.Options{Backend: reactor.BackendNone})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Register(0); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("Register without a backend: %v", err)
	}
	if _, err := pollster.BlockOn(t.Context(), r.Sleep(time.Millisecond)); err != nil {
		t.Errorf("Sleep without a backend: %v", err)
	}
	if s := r.Stats(); s.Backend != "idle" || s.Driver != "none" {
		t.Errorf("%+v", s)
	}
}
