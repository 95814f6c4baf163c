package sqldriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// TestPanicAndGoexit: both come to the caller, and the connection is not used again.
func TestPanicAndGoexit(t *testing.T) {
	for _, op := range []string{"open", "exec", "query", "next", "begin", "commit", "prepare", "ping"} {
		for _, cancellable := range []bool{false, true} {
			for _, how := range []string{"panic", "goexit"} {
				d := newFake(t)
				var done atomic.Bool
				d.on(func(o string, _ *fakeConn) error {
					switch {
					case o != op || done.Swap(true):
					case how == "panic":
						panic("boom")
					default:
						runtime.Goexit()
					}
					return nil
				})
				c, err := New(d, Options{Pool: newPool(t, 2)}).OpenConnector("")
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.Background(), context.CancelFunc(func() {})
				if cancellable {
					ctx, cancel = context.WithCancel(ctx)
				}
				got := fate(func() error { return useConn(ctx, c) })
				cancel()
				want := how
				if how == "goexit" && cancellable {
					want = threadpool.ErrGoexit.Error()
				}
				if !strings.HasPrefix(got, want) {
					t.Errorf("%s in %s, context that can end %v: came as %q", how, op, cancellable, got)
				}
				waitOpen(t, d)
			}
		}
	}
}

// useConn makes every call of a driver once, and stops at the first error.
func useConn(ctx context.Context, connector driver.Connector) error {
	c, err := connector.Connect(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	f := c.(interface {
		driver.Pinger
		driver.ExecerContext
		driver.QueryerContext
		driver.ConnBeginTx
		driver.ConnPrepareContext
	})
	if err := f.Ping(ctx); err != nil {
		return err
	}
	if _, err := f.ExecContext(ctx, "put a 1", nil); err != nil {
		return err
	}
	rows, err := f.QueryContext(ctx, "rows 3", nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	if err := rows.Next(make([]driver.Value, 1)); err != nil {
		return err
	}
	st, err := f.PrepareContext(ctx, "put a 1")
	if err != nil {
		return err
	}
	defer st.Close()
	tx, err := f.BeginTx(ctx, driver.TxOptions{})
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return nil
}

// fate returns how f ends: its error, "panic", or "goexit".
func fate(f func() error) string {
	end := make(chan string, 1)
	go func() {
		s := "goexit"
		defer func() {
			if recover() != nil {
				s = "panic"
			}
			end <- s
		}()
		if err := f(); err != nil {
			s = err.Error()
		} else {
			s = "nothing"
		}
	}()
	return <-end
}

// TestPanicAfterLeaving goes to the pool's OnPanic, once, and everything is closed.
func TestPanicAfterLeaving(t *testing.T) {
	leak.Check(t)
	d := newFake(t)
	release, hangs := make(chan struct{}), make(chan struct{})
	d.on(func(op string, _ *fakeConn) error {
		if op == "exec" {
			close(hangs)
			<-release
			panic("late")
		}
		return nil
	})
	panics := make(chan any, 10)
	pool, err := threadpool.New(threadpool.Options{Limit: 2, OnPanic: func(v any, _ []byte) { panics <- v }})
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, d, "", Options{Pool: pool})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-hangs; cancel() }()
	if _, err := db.ExecContext(ctx, "put a 1"); !errors.Is(err, ErrLeft) {
		t.Error(err)
	}
	close(release)
	if v := <-panics; v != "late" {
		t.Error("panic with", v)
	}
	db.Close()
	waitOpen(t, d)
	if n := len(panics); n != 0 {
		t.Errorf("%d panics more", n)
	}
}

// TestPanicAsTheCallerIsEnded: the call has panicked, and before its caller could see that,
// it was ended itself. The panic is the pool's, which may be full, or closed.
func TestPanicAsTheCallerIsEnded(t *testing.T) {
	leak.Check(t)
	for _, how := range []string{"free", "full", "closed"} {
		panics := make(chan any, 10)
		pool, err := threadpool.New(threadpool.Options{Limit: 1, Queue: 1, OnPanic: func(v any, _ []byte) { panics <- v }})
		if err != nil {
			t.Fatal(err)
		}
		release := make(chan struct{})
		for how == "full" && pool.TrySubmit(func() { <-release }) == nil {
		}
		if how == "closed" {
			pool.Close()
		}
		d := newFake(t)
		d.conns.Add(1)
		c := &conn{opts: &Options{}, pool: pool, under: bareConn{&fakeConn{db: d}}}
		k := &call{conn: c, work: thunk(func() { panic("unheard") })}
		k.Work()
		c.abandon(k)
		c.abandon(k)
		close(release)
		if v := <-panics; v != "unheard" {
			t.Errorf("%s pool: panic with %v", how, v)
		}
		waitOpen(t, d)
		pool.Close()
		if n := len(panics); n != 0 {
			t.Errorf("%d panics more", n)
		}
	}
}
