package compat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// A door is one adapter at work. use has something begin elsewhere, waits for it,
// and wants it to be right. Wherever it is left, by the end of ctx or of the task
// that it is in, it leaves nothing.
type door struct {
	use     func(t testing.TB, ctx context.Context) error
	outside bool // with processes or pipes of the system, which no bubble holds
}

const soonish = 50 * time.Microsecond

// soon has f called when the caller is likely to wait.
func soon(f func()) { time.AfterFunc(soonish, f) }

// settling returns a future of 7.
func settling() *pollster.Promise[int] {
	p := new(pollster.Promise[int])
	soon(func() { p.Resolve(7) })
	return p
}

// pause is code that waits and watches its context.
func pause(ctx context.Context) error {
	timer := time.NewTimer(soonish)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// equals makes an error of anything but want and no error.
func equals[T any](want, got T, err error) error {
	if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
		err = fmt.Errorf("%w: got %v, want %v", errTest, got, want)
	}
	return err
}

// sender returns a channel that gives 0, 1, 2 and is closed, unless it is left
// before.
func sender() (ch chan int, stop func()) { return senderOf(three...) }

func senderOf[T any](values ...T) (ch chan T, stop func()) {
	ch = make(chan T)
	left := make(chan struct{})
	soon(func() {
		for _, v := range values {
			select {
			case ch <- v:
			case <-left:
				return
			}
		}
		close(ch)
	})
	return ch, func() { close(left) }
}

// collect returns what a stream gives.
func collect[T any](ctx context.Context, s pollster.Stream[T]) (all []T, err error) {
	for v, err := range pollster.Seq(ctx, s) {
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

var three = []int{0, 1, 2}

var channelDoors = map[string]door{
	"FromChan": {use: func(_ testing.TB, ctx context.Context) error {
		ch, stop := sender()
		defer stop()
		got, err := collect(ctx, compat.FromChan(ch))
		return equals(three, got, err)
	}},
	"Next": {use: func(_ testing.TB, ctx context.Context) error {
		ch, stop := sender()
		defer stop()
		r := compat.FromChan(ch)
		defer r.Cancel()
		for i := range 3 {
			v, err := r.Next(ctx)
			if err := equals(i, v, err); err != nil {
				return err
			}
		}
		if _, err := r.Next(ctx); err != io.EOF {
			return fmt.Errorf("the end: %w", err)
		}
		return nil
	}},
	"Recv": {use: func(_ testing.TB, ctx context.Context) error {
		ch, stop := sender()
		defer stop()
		v, err := pollster.BlockOn(ctx, compat.Recv(ch))
		return equals(0, v, err)
	}},
	"Send": {use: func(_ testing.TB, ctx context.Context) error {
		ch := make(chan int, 1)
		ch <- 6
		soon(func() { <-ch })
		_, err := pollster.BlockOn(ctx, compat.Send(ch, 7))
		if err != nil {
			return err
		}
		return equals(7, <-ch, nil)
	}},
	"Feed": {use: func(_ testing.TB, ctx context.Context) error {
		ch := make(chan int)
		sum := make(chan int, 1)
		soon(func() {
			n := 0
			for v := range ch {
				n += v
			}
			sum <- n
		})
		err := func() error {
			defer close(ch)
			return compat.Feed(ctx, compat.FromSeq(count(4)), ch)
		}()
		if err != nil {
			return err
		}
		v, err := pollster.BlockOn(ctx, compat.Recv(sum))
		return equals(6, v, err)
	}},
	"ToChan": {use: func(_ testing.TB, ctx context.Context) error {
		r, err := pollster.BlockOn(ctx, compat.Recv(compat.ToChan(ctx, settling().Future())))
		return equals(7, r.Value, errors.Join(err, r.Err))
	}},
}

var funcDoors = map[string]door{
	"Async": {use: func(_ testing.TB, ctx context.Context) error {
		v, err := pollster.BlockOn(ctx, compat.Async(ctx, func(ctx context.Context) (int, error) { return 7, pause(ctx) }))
		return equals(7, v, err)
	}},
	"Func": {use: func(_ testing.TB, ctx context.Context) error {
		v, err := compat.Func(settling().Future())(ctx)
		return equals(7, v, err)
	}},
	"unblock.Go": {use: func(_ testing.TB, ctx context.Context) error {
		v, err := pollster.BlockOn(ctx, unblock.Go(func() (int, error) { return 7, pause(ctx) }))
		return equals(7, v, err)
	}},
	"Callback": {use: func(_ testing.TB, ctx context.Context) error {
		c := compat.Callback(func(done func(int, error)) func() { soon(func() { done(7, nil) }); return nil })
		v, err := pollster.BlockOn(ctx, pollster.Future[int](c))
		return equals(7, v, err)
	}},
	"Done": {use: func(_ testing.TB, ctx context.Context) error {
		ending, cancel := context.WithCancelCause(context.Background())
		soon(func() { cancel(io.EOF) })
		if _, err := pollster.BlockOn(ctx, compat.Done[int](ending)); !errors.Is(err, io.EOF) {
			return fmt.Errorf("the end of a context: %w", err)
		}
		return nil
	}},
	"Context": {use: func(_ testing.TB, ctx context.Context) error {
		c, cancel := compat.Context(ctx, settling().Future())
		defer cancel()
		_, err := pollster.BlockOn(ctx, compat.Done[int](c))
		if v, ok := compat.Value[int](c); ok {
			return equals(7, v, nil)
		}
		return err
	}},
	"Group": {use: func(_ testing.TB, ctx context.Context) error {
		g := compat.NewGroup(ctx)
		g.Go(pause)
		p := compat.Add[int](g, settling())
		if err := g.Wait(ctx); err != nil {
			return err
		}
		v, err := p.Wait(ctx)
		return equals(7, v, err)
	}},
}

var seqDoors = map[string]door{
	"FromSeq": {use: func(_ testing.TB, ctx context.Context) error {
		got, err := collect(ctx, compat.FromSeq(count(3)))
		return equals(three, got, err)
	}},
	"FromSeq2": {use: func(_ testing.TB, ctx context.Context) error {
		s := compat.FromSeq2(func(yield func(int, error) bool) { _ = yield(0, nil) && yield(0, errTest) })
		if got, err := collect(ctx, s); !errors.Is(err, errTest) {
			return fmt.Errorf("the end of %v: %w", got, err)
		}
		return nil
	}},
	"unblock.Seq": {use: func(_ testing.TB, ctx context.Context) error {
		got, err := collect(ctx, unblock.Seq(func(yield func(int) bool) {
			for i := range 3 {
				if pause(ctx); !yield(i) {
					return
				}
			}
		}, unblock.Options{}))
		return equals(three, got, err)
	}},
}

// slowPipe returns a pipe in which "abc" arrives.
func slowPipe() *io.PipeReader {
	r, w := io.Pipe()
	soon(func() { io.WriteString(w, "abc"); w.Close() })
	return r
}

var ioDoors = map[string]door{
	"Chunks": {use: func(_ testing.TB, ctx context.Context) error {
		r := slowPipe()
		defer r.Close()
		got, err := collect(ctx, compat.Chunks(r, 2))
		return equals("abc", string(slices.Concat(got...)), err)
	}},
	"NewReader": {use: func(_ testing.TB, ctx context.Context) error {
		ch, stop := senderOf([]byte("a"), []byte("bc"))
		defer stop()
		r := compat.NewReader(ctx, compat.FromChan(ch))
		defer r.Close()
		got, err := io.ReadAll(r)
		return equals("abc", string(got), err)
	}},
	"unblock.NewReader": {use: func(_ testing.TB, ctx context.Context) error {
		p := slowPipe()
		defer p.Close()
		var b [4]byte
		n, err := unblock.NewReader(p, unblock.Options{}).ReadContext(ctx, b[:])
		return equals("abc", string(b[:n]), err)
	}},
	"unblock.NewWriter": {use: func(_ testing.TB, ctx context.Context) error {
		r, p := io.Pipe()
		defer r.Close()
		soon(func() { io.Copy(io.Discard, r) })
		w := unblock.NewWriter(p, unblock.Options{})
		if _, err := w.WriteContext(ctx, []byte("abc")); err != nil {
			return err
		}
		return w.CloseContext(ctx)
	}},
	"unblock.NewFile": {use: func(t testing.TB, ctx context.Context) error {
		under, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			return err
		}
		f := unblock.NewFile(under, unblock.Options{})
		defer func() { f.Close(); under.Close() }()
		if _, err := f.WriteContext(ctx, []byte("xabc")); err != nil {
			return err
		}
		if _, err := f.SeekContext(ctx, 1, io.SeekStart); err != nil {
			return err
		}
		var b [3]byte
		n, err := f.ReadContext(ctx, b[:])
		return equals("abc", string(b[:n]), err)
	}},
}

var waitDoors = map[string]door{
	"After": {use: func(_ testing.TB, ctx context.Context) error {
		_, err := pollster.BlockOn(ctx, compat.After(soonish))
		return err
	}},
	"Tick": {use: func(_ testing.TB, ctx context.Context) error {
		s := compat.Tick(soonish)
		defer pollster.Cancel(s)
		for range 3 {
			if _, err := pollster.BlockOn(ctx, pollster.Next(s)); err != nil {
				return err
			}
		}
		return nil
	}},
	"CondWait": {use: func(_ testing.TB, ctx context.Context) error {
		var mu sync.Mutex
		c, ready := sync.NewCond(&mu), false
		soon(func() { mu.Lock(); ready = true; mu.Unlock(); c.Signal() })
		mu.Lock()
		defer mu.Unlock()
		for !ready {
			if err := compat.CondWait(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}},
	"GroupWait": {use: func(_ testing.TB, ctx context.Context) error {
		wg := new(sync.WaitGroup)
		wg.Add(1)
		soon(wg.Done)
		return compat.GroupWait(ctx, wg)
	}},
	"Lock": {use: func(_ testing.TB, ctx context.Context) error {
		mu := new(sync.Mutex)
		mu.Lock()
		go func() { // not soon: whoever waits for a Mutex stops the clock of a bubble
			for range 10 {
				runtime.Gosched()
			}
			mu.Unlock()
		}()
		if err := compat.Lock(ctx, mu); err != nil {
			return err
		}
		mu.Unlock()
		return nil
	}},
}

var systemDoors = map[string]door{
	"Start": {outside: true, use: func(t testing.TB, ctx context.Context) error {
		needs(t, "cat")
		var out bytes.Buffer
		cmd := exec.Command("cat")
		cmd.Stdin, cmd.Stdout = strings.NewReader("abc"), &out
		c, err := compat.Start(cmd)
		if err != nil {
			return err
		}
		_, err = c.Wait(ctx)
		return equals("abc", out.String(), err)
	}},
	"Resolver": {outside: true, use: func(_ testing.TB, ctx context.Context) error {
		got, err := new(compat.Resolver).LookupHost(ctx, "127.0.0.1")
		return equals([]string{"127.0.0.1"}, got, err)
	}},
	"Stdin": {outside: true, use: func(_ testing.TB, ctx context.Context) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer r.Close()
		defer w.Close()
		soon(func() { io.WriteString(w, "abc") })
		var b [4]byte
		n, err := compat.Leavable(r).ReadContext(ctx, b[:])
		return equals("abc", string(b[:n]), err)
	}},
}
