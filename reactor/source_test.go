//go:build unix

package reactor_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

func TestSourceSmoke(t *testing.T) {
	for _, o := range []reactor.Options{{}, {Thread: true}, {Backend: reactor.BackendPoll}} {
		r, err := reactor.New(o)
		if err != nil {
			t.Fatal(err)
		}
		var p [2]int
		unix.Pipe(p[:])
		unix.SetNonblock(p[0], true)
		s, err := r.Register(uintptr(p[0]))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Register(uintptr(p[0])); err == nil {
			t.Fatal("twice")
		}
		go func() {
			for range 1000 {
				unix.Write(p[1], []byte("x"))
				time.Sleep(time.Microsecond)
			}
			unix.Close(p[1])
		}()
		var b [7]byte
		total := 0
		start := time.Now()
		for {
			n, err := s.ReadWith(context.Background(), func(fd int) (int, error) { return unix.Read(fd, b[:]) })
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				break
			}
			total += n
		}
		e, err := pollster.BlockOn(t.Context(), s.Readable())
		t.Log(total, e, err, time.Since(start), r.Stats())
		start = time.Now()
		pollster.BlockOn(t.Context(), r.Sleep(10*time.Millisecond))
		t.Log(time.Since(start))
		s.CloseWith(unix.Close)
		r.Close()
	}
}
