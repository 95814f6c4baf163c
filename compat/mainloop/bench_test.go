package mainloop_test

import (
	"testing"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// What a frame pays when there is nothing to do.
func BenchmarkTurnOfNothing(b *testing.B) {
	l, _ := mainloop.NewPolled(mainloop.Options{})
	defer l.End()
	for b.Loop() {
		l.Turn()
	}
}

// A task polled by a turn, which looks at the clock after each poll, and the same
// task polled by the Local, which does not.
func BenchmarkPolls(b *testing.B) {
	b.Run("turn", func(b *testing.B) {
		l, _ := mainloop.NewPolled(mainloop.Options{})
		defer l.End()
		n, end := 0, b.N
		task := spawn(l, func(w *pollster.Waker) (int, bool, error) { n++; w.Wake(); return 0, n >= end, nil })
		for !task.Done() {
			l.Turn()
		}
	})
	b.Run("local", func(b *testing.B) {
		l, _ := executor.NewLocal(executor.LocalOptions{})
		defer l.Close()
		n, end := 0, b.N
		task := executor.Spawn(l, pollster.Future[int](future(func(w *pollster.Waker) (int, bool, error) {
			n++
			w.Wake()
			return 0, n >= end, nil
		})))
		for !task.Done() {
			l.Poll(64)
		}
	})
}

// A function posted to a sleeping loop and run there, and the same with a channel
// of functions, which is how one would do it by hand.
func BenchmarkPost(b *testing.B) {
	b.Run("loop", func(b *testing.B) {
		bell := newBell()
		l, _ := mainloop.NewBlocked(bell.ring, mainloop.Options{})
		stop := false
		over := done(func() {
			l.Run(func() error {
				for d := l.Turn(); !stop; d = l.Turn() {
					if d > 0 {
						<-bell.c
					}
				}
				return nil
			})
		})
		back := make(chan struct{})
		for b.Loop() {
			l.Post(func() { back <- struct{}{} })
			<-back
		}
		l.Post(func() { stop = true })
		<-over
	})
	b.Run("channel", func(b *testing.B) {
		queue := make(chan func(), 1)
		go func() {
			for f := range queue {
				f()
			}
		}()
		back := make(chan struct{})
		for b.Loop() {
			queue <- func() { back <- struct{}{} }
			<-back
		}
		close(queue)
	})
}
