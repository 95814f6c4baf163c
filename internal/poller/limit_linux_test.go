package poller_test

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/poller"
)

func TestOpenFailsCleanlyWhenResourcesRunOut(t *testing.T) {
	for call, no := range map[string]error{
		"epoll_create1": unix.EMFILE, "eventfd2": unix.ENFILE, "epoll_ctl": unix.ENOMEM,
	} {
		t.Run(call, func(t *testing.T) {
			leak.Check(t)
			defer poller.Fail(call, 1, no)()
			p, _, err := poller.Open(poller.Epoll)
			if p != nil && err == nil {
				p.Close()
			}
			if !errors.Is(err, poller.ErrLimit) || !errors.Is(err, no) {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func TestARefusedChangeChangesNothing(t *testing.T) {
	for _, no := range []error{unix.ENOSPC, unix.ENOMEM} {
		b := &bench{t: t, Poller: openKind(poller.Epoll)(t)}
		p := socketPair(t, b)
		t.Cleanup(p.close)
		restore := poller.Fail("epoll_ctl", 1, no)
		if err := b.Add(p.fd, 1, R, poller.Level); !errors.Is(err, poller.ErrLimit) || !errors.Is(err, no) {
			t.Errorf("Add: %v", err)
		}
		restore()
		if err := b.Add(p.fd, 1, R, poller.Level); err != nil {
			t.Errorf("Add afterwards: %v", err)
		}
		restore = poller.Fail("epoll_ctl", 1, no)
		if err := b.Modify(p.fd, 2, W, poller.Level); !errors.Is(err, poller.ErrLimit) {
			t.Errorf("Modify: %v", err)
		}
		restore()
		p.feed()
		b.want(1, R)
		b.Close()
	}
}

func TestControlIsRetriedWhenInterrupted(t *testing.T) {
	b := &bench{t: t, Poller: openKind(poller.Epoll)(t)}
	defer b.Close()
	p := socketPair(t, b)
	defer p.close()
	for _, call := range []func() error{
		func() error { return b.Add(p.fd, 1, R, poller.Level) },
		func() error { return b.Modify(p.fd, 1, W, poller.Level) },
		func() error { return b.Delete(p.fd) },
	} {
		restore := poller.Fail("epoll_ctl", 3, unix.EINTR)
		if err := call(); err != nil {
			t.Error(err)
		}
		restore()
	}
}
