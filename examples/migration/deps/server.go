package deps

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"
)

// answerTime is how long the vendor's server takes for a price.
const answerTime = 2 * time.Millisecond

// A Vendor is the vendor's price server, which can be made to hang.
type Vendor struct {
	l     net.Listener
	conns sync.WaitGroup

	mu   sync.Mutex
	hang chan struct{} // closed when it answers again; nil while it does
}

// StartVendor starts a server at the Unix socket of that name. Close it.
func StartVendor(socket string) (*Vendor, error) {
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	v := &Vendor{l: l}
	v.conns.Go(v.accept)
	return v, nil
}

func (v *Vendor) accept() {
	for {
		c, err := v.l.Accept()
		if err != nil {
			return
		}
		v.conns.Go(func() { v.answer(c) })
	}
}

func (v *Vendor) answer(c net.Conn) {
	defer c.Close()
	id, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return
	}
	time.Sleep(answerTime)
	v.mu.Lock()
	hang := v.hang
	v.mu.Unlock()
	if hang != nil {
		<-hang
	}
	fmt.Fprintln(c, 100+len(id))
}

// Hang makes the server accept questions and answer none until Release.
func (v *Vendor) Hang() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.hang == nil {
		v.hang = make(chan struct{})
	}
}

// Release makes it answer, also what was asked meanwhile.
func (v *Vendor) Release() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.hang != nil {
		close(v.hang)
		v.hang = nil
	}
}

// Close stops the server and waits until its connections are closed.
func (v *Vendor) Close() error {
	v.Release()
	err := v.l.Close()
	v.conns.Wait()
	return err
}
