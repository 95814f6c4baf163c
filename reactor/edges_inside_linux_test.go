package reactor

import (
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Close waits for a signal that is on its way from package os, and until it is there
// the stream has not ended.
func TestSignalsEndAfterWhatIsOnItsWay(t *testing.T) {
	s, hold := &Signals{}, make(chan struct{})
	c := make(chan os.Signal, 1)
	c <- syscall.SIGUSR1
	s.channels = append(s.channels, c)
	s.done.Go(func() {
		<-hold
		s.take(c)
	})
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		_ = s.Close()
	}()
	for begun := false; !begun; runtime.Gosched() {
		s.mu.Lock()
		begun = s.closed
		s.mu.Unlock()
	}
	if k, ready, err := s.PollNext(nil); ready || err != nil {
		t.Errorf("before the last signal: %v, %v, %v", k, ready, err)
	}
	close(hold)
	<-closed
	if k, ready, err := s.PollNext(nil); k != syscall.SIGUSR1 || !ready || err != nil {
		t.Errorf("the last signal: %v, %v, %v", k, ready, err)
	}
	if _, ready, err := s.PollNext(nil); ready || err != io.EOF {
		t.Error(ready, err)
	}
}

// Somebody who dials a port of those that the system gives away may be given that very
// port, and be connected to himself.
func TestASocketConnectedToItselfIsRefused(t *testing.T) {
	for _, sa := range []unix.Sockaddr{
		&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}},
		&unix.SockaddrInet6{Addr: [16]byte{15: 1}},
	} {
		family := unix.AF_INET
		if _, ok := sa.(*unix.SockaddrInet6); ok {
			family = unix.AF_INET6
		}
		fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Skip("no such sockets here:", err)
		}
		defer unix.Close(fd)
		if err := unix.Bind(fd, sa); err != nil {
			t.Skip("no loopback address here:", err)
		}
		itself, err := unix.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Connect(fd, itself); err != nil {
			t.Fatal(err)
		}
		k, _ := parseNetwork("tcp")
		if err := sysConnected(fd, k); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Error(err)
		}
	}
}
