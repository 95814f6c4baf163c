package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
)

// TestBadConnectionsAreRetried: driver.ErrBadConn comes through, and database/sql
// tries again with another connection.
func TestBadConnectionsAreRetried(t *testing.T) {
	for _, cancellable := range []bool{false, true} {
		d := newFake(t)
		var bad atomic.Int32
		d.on(func(op string, _ *fakeConn) error {
			if op == "exec" && bad.Add(1) <= 2 {
				return driver.ErrBadConn
			}
			return nil
		})
		db := open(t, d, "", Options{})
		ctx := context.Background()
		if cancellable {
			ctx = t.Context()
		}
		if _, err := db.ExecContext(ctx, "put a 1"); err != nil {
			t.Error(err)
		}
		if n := d.opened.Load(); n != 3 {
			t.Errorf("%d connections opened, want 3", n)
		}
		db.Close()
		waitOpen(t, d)
	}
}

// TestTransactionRollsBackWhenItsContextEnds, once, and its connection lives on if
// the driver's would.
func TestTransactionRollsBackWhenItsContextEnds(t *testing.T) {
	leak.Check(t)
	for name, opened := range map[string]int64{"full": 1, "legacy": 2, "resetting": 2} {
		d := newFake(t)
		db := open(t, d, name, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, "put a 1"); err != nil {
			t.Fatal(err)
		}
		cancel()
		for db.Stats().InUse > 0 {
			runtime.Gosched()
		}
		if err := tx.Commit(); !errors.Is(err, sql.ErrTxDone) && !errors.Is(err, context.Canceled) {
			t.Error("commit:", err)
		}
		if d.count("rollback") != 1 || len(d.data) != 0 {
			t.Errorf("%d rollbacks, data %v", d.count("rollback"), d.data)
		}
		if _, err := db.Exec("put b 2"); err != nil {
			t.Error(err)
		}
		if n := d.opened.Load(); n != opened {
			t.Errorf("%s: %d connections opened, want %d", name, n, opened)
		}
		db.Close()
		waitOpen(t, d)
	}
}

// TestStatementCloseHoldsUpNobody: database/sql closes statements with its lock
// held.
func TestStatementCloseHoldsUpNobody(t *testing.T) {
	d := newFake(t)
	db := open(t, d, "", Options{})
	st, err := db.Prepare("put a ?")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.Exec(1); err != nil {
		t.Fatal(err)
	}
	d.on(func(op string, _ *fakeConn) error {
		if op == "close stmt" {
			t.Error("Stmt.Close closes at once")
		}
		return nil
	})
	if err := st.Close(); err != nil {
		t.Error(err)
	}
	d.on(nil)
	if err := db.Ping(); err != nil {
		t.Error(err)
	}
	if d.stmts.Load() != 0 {
		t.Error("the next call has not closed it")
	}
	db.Close()
	waitOpen(t, d)
}

func TestRawConnections(t *testing.T) {
	d := newFake(t)
	db := open(t, d, "", Options{})
	defer db.Close()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	err = c.Raw(func(dc any) error {
		if _, ok := Unwrap(dc).(fullConn); !ok {
			t.Errorf("Unwrap returned a %T", Unwrap(dc))
		}
		return Run(t.Context(), dc, func(c driver.Conn) error {
			if _, ok := c.(fullConn); !ok {
				t.Errorf("Run has passed a %T", c)
			}
			return errFake
		})
	})
	if !errors.Is(err, errFake) {
		t.Error(err)
	}
	if Unwrap(3) != 3 || Run(t.Context(), 3, nil) == nil {
		t.Error("a number is a connection")
	}
	if New(d, Options{}).Unwrap() != driver.Driver(d) || db.Driver().(*Driver).Unwrap() != driver.Driver(d) {
		t.Error("the driver is another")
	}
}

// TestCallsSuspendTheirTask: on an executor with one worker, calls that wait for
// each other go on, so none of them holds the worker.
func TestCallsSuspendTheirTask(t *testing.T) {
	leak.Check(t)
	const tasks = 4
	d := newFake(t)
	var together sync.WaitGroup
	together.Add(tasks)
	d.on(func(op string, _ *fakeConn) error {
		if op == "query" {
			together.Done()
			together.Wait()
		}
		return nil
	})
	db := open(t, d, "", Options{Pool: newPool(t, tasks)})
	local, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	left := tasks
	for i := range tasks {
		executor.Go(local, func(context.Context) (struct{}, error) {
			ctx := context.Background()
			if i%2 == 0 {
				ctx = t.Context()
			}
			if err := read(ctx, db, "rows 100"); err != nil {
				t.Error(err)
			}
			if left--; left == 0 {
				cancel()
			}
			return struct{}{}, nil
		}).Detach()
	}
	if err := local.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	err = local.Close()
	if err != nil {
		t.Error(err)
	}
	db.Close()
	waitOpen(t, d)
}

// TestTaskThatIsEndedGivesUpItsCall: the goroutine that waits for the driver ends.
func TestTaskThatIsEndedGivesUpItsCall(t *testing.T) {
	leak.Check(t)
	d := newFake(t)
	release, hangs := make(chan struct{}), make(chan struct{})
	d.on(func(op string, _ *fakeConn) error {
		if op == "exec" {
			close(hangs)
			<-release
		}
		return nil
	})
	c, err := New(d, Options{Pool: newPool(t, 2)}).Open("")
	if err != nil {
		t.Fatal(err)
	}
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- ex.Run(ctx) }()
	task := executor.Go(ex, func(context.Context) (struct{}, error) {
		_, err := c.(driver.ExecerContext).ExecContext(context.Background(), "put a 1", nil)
		return struct{}{}, err
	})
	<-hangs
	task.Cancel()
	_, _ = task.Wait(t.Context())
	close(release)
	waitOpen(t, d)
	cancel()
	<-over
	_ = ex.Close()
}
