//go:build unix

package deps

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
)

// Prices is the client of a vendor's price server, as vendors write them: no
// context, no deadline, and system calls that hold an OS thread until the server
// has answered.
type Prices struct{ socket string }

// NewPrices returns a client of the server at the Unix socket of that name.
func NewPrices(socket string) *Prices { return &Prices{socket} }

// Price returns the price of an item, in cents. It blocks until the server answers,
// for ever if that never does. It may be called from any goroutine.
func (p *Prices) Price(id string) (int, error) {
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		return 0, fmt.Errorf("price of %s: %w", id, err)
	}
	defer syscall.Close(fd)
	if err := syscall.Connect(fd, &syscall.SockaddrUnix{Name: p.socket}); err != nil {
		return 0, fmt.Errorf("price of %s: %w", id, err)
	}
	if _, err := syscall.Write(fd, []byte(id+"\n")); err != nil {
		return 0, fmt.Errorf("price of %s: %w", id, err)
	}
	buf := make([]byte, 32)
	n, err := syscall.Read(fd, buf)
	for err == syscall.EINTR {
		n, err = syscall.Read(fd, buf)
	}
	if err != nil || n == 0 {
		return 0, fmt.Errorf("price of %s: no answer: %w", id, err)
	}
	return strconv.Atoi(strings.TrimSpace(string(buf[:n])))
}
