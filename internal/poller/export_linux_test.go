package poller

import "golang.org/x/sys/unix"

// Fail makes the named system call fail with err the next n times, and
// returns a function that ends that.
func Fail(call string, n int, err error) (restore func()) {
	create, ctl, event := epollCreate, epollCtl, eventfd
	fails := func() bool { n--; return n >= 0 }
	switch call {
	case "epoll_create1":
		epollCreate = func(int) (int, error) { return -1, err }
	case "eventfd2":
		eventfd = func(uint, int) (int, error) { return -1, err }
	case "epoll_ctl":
		epollCtl = func(epfd, op, fd int, event *unix.EpollEvent) error {
			if fails() {
				return err
			}
			return ctl(epfd, op, fd, event)
		}
	}
	return func() { epollCreate, epollCtl, eventfd = create, ctl, event }
}
