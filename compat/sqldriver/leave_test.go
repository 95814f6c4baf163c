package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
)

const nothing = "0 conns, 0 stmts, 0 rows, 0 txs"

// steps are uses of a database, each of which comes to the call it is named after.
var steps = map[string]func(ctx context.Context, db *sql.DB) error{
	"open": func(ctx context.Context, db *sql.DB) error { return db.PingContext(ctx) },
	"ping": func(ctx context.Context, db *sql.DB) error { return db.PingContext(ctx) },
	"reset": func(ctx context.Context, db *sql.DB) error {
		if _, err := db.ExecContext(ctx, "put a 1"); err != nil {
			return err
		}
		return db.PingContext(ctx)
	},
	"exec": func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, "put a 1")
		return err
	},
	"query":    func(ctx context.Context, db *sql.DB) error { return read(ctx, db, "rows 3") },
	"next":     func(ctx context.Context, db *sql.DB) error { return read(ctx, db, "rows 3") },
	"next set": func(ctx context.Context, db *sql.DB) error { return read(ctx, db, "sets 3") },
	"prepare": func(ctx context.Context, db *sql.DB) error {
		st, err := db.PrepareContext(ctx, "put a ?")
		if err != nil {
			return err
		}
		defer st.Close()
		_, err = st.ExecContext(ctx, 1)
		return err
	},
	"close stmt": func(ctx context.Context, db *sql.DB) error {
		c, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		st, err := c.PrepareContext(ctx, "put a ?")
		if err != nil {
			return err
		}
		st.Close()
		_, err = c.ExecContext(ctx, "put a 1")
		return err
	},
	"begin": func(ctx context.Context, db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return tx.Rollback()
	},
	"commit": func(ctx context.Context, db *sql.DB) error {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		return tx.Commit()
	},
}

// read reads all rows of all result sets.
func read(ctx context.Context, db *sql.DB, query string) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for more := true; more; more = rows.NextResultSet() {
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// TestEveryCallCanBeLeft lets the driver hang in each of its calls, ends the
// context, and wants the caller back, the database usable, and in the end nothing
// open.
func TestEveryCallCanBeLeft(t *testing.T) {
	for op, step := range steps {
		for _, name := range []string{"full", "legacy"} {
			if name == "legacy" && (op == "ping" || op == "reset") {
				continue
			}
			t.Run(op+"/"+name, func(t *testing.T) {
				leak.Check(t)
				d := newFake(t)
				release, hangs := make(chan struct{}), make(chan struct{})
				var once sync.Once
				d.on(func(o string, _ *fakeConn) error {
					hung := false
					if o == op {
						once.Do(func() { hung = true })
					}
					if hung {
						close(hangs)
						<-release
					}
					return nil
				})
				db := open(t, d, name, Options{Grace: time.Minute})
				cause := errors.New("had enough")
				ctx, cancel := context.WithCancelCause(t.Context())
				go func() { <-hangs; cancel(cause) }()
				err := step(ctx, db)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("left with %v", err)
				}
				// database/sql has errors of its own about rows, and drops
				// those of resetting.
				if !strings.HasPrefix(op, "next") && op != "reset" && (!errors.Is(err, ErrLeft) || !errors.Is(err, cause)) {
					t.Errorf("left with %v, which is not ErrLeft, or not the cause", err)
				}
				if err := steps["exec"](t.Context(), db); err != nil {
					t.Error("afterwards:", err)
				}
				close(release)
				db.Close()
				waitOpen(t, d)
			})
		}
	}
}

// waitOpen waits until nothing is open.
func waitOpen(t *testing.T, d *fakeDB) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); d.open() != nothing; runtime.Gosched() {
		if time.Now().After(end) {
			t.Error("still open:", d.open())
			return
		}
	}
}

// TestNoSlotLeavesTheConnection is about a context that ends before there is a
// slot: the driver is never called and the connection stays.
func TestNoSlotLeavesTheConnection(t *testing.T) {
	d := newFake(t)
	pool := newPool(t, 1)
	db := open(t, d, "", Options{Pool: pool})
	defer db.Close()
	if err := db.Ping(); err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	started := make(chan struct{})
	if err := pool.Submit(t.Context(), func() { close(started); <-release }); err != nil {
		t.Fatal(err)
	}
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	_, err := db.ExecContext(ctx, "put a 1")
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrLeft) {
		t.Error("error", err)
	}
	close(release)
	if _, err := db.ExecContext(t.Context(), "put a 1"); err != nil {
		t.Error(err)
	}
	if n := d.opened.Load(); n != 1 || d.count("exec") != 1 {
		t.Errorf("%d connections opened, %d calls of exec; want 1 of each", n, d.count("exec"))
	}
}

// endsAfter returns a context that ends when something comes from begun, so that
// it cannot have ended before the call it is for, however slow the machine is.
func endsAfter(t *testing.T, begun <-chan struct{}) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		<-begun
	}()
	return ctx
}

// TestCallsThatReturnInTimeKeepTheirConnection: with a hook that works, or a driver
// that heeds its context, a connection survives the end of contexts.
func TestCallsThatReturnInTimeKeepTheirConnection(t *testing.T) {
	d := newFake(t)
	begun, stop := make(chan struct{}, 1), make(chan struct{}, 1)
	stopped := errors.New("interrupted")
	d.on(func(op string, _ *fakeConn) error {
		if op == "exec" {
			begun <- struct{}{}
			<-stop
			return stopped
		}
		return nil
	})
	var hooks atomic.Int32
	db := open(t, d, "", Options{Linger: time.Minute, Interrupt: func(c driver.Conn) {
		if _, ok := c.(fullConn); !ok {
			t.Errorf("hook got a %T", c)
		}
		hooks.Add(1)
		stop <- struct{}{}
	}})
	for range 10 {
		ctx := endsAfter(t, begun)
		_, err := db.ExecContext(ctx, "put a 1")
		if !errors.Is(err, stopped) || !errors.Is(err, context.Canceled) || errors.Is(err, ErrLeft) {
			t.Error("error", err)
		}
	}
	if n, h := d.opened.Load(), hooks.Load(); n != 1 || h != 10 {
		t.Errorf("%d connections opened, %d interrupts; want 1, 10", n, h)
	}
	db.Close()
	waitOpen(t, d)
}

// TestHookHitsOnlyItsCall hammers a database with contexts that end at any
// time, and wants the hook to find its connection in a call each time.
func TestHookHitsOnlyItsCall(t *testing.T) {
	leak.Check(t)
	d := newFake(t)
	db := open(t, d, "", Options{Interrupt: func(c driver.Conn) {
		if !c.(fullConn).c.db.busyOrDone(c.(fullConn).c) {
			t.Error("interrupted a connection that is closed")
		}
	}})
	hammerSteps(t, db)
	db.Close()
	waitOpen(t, d)
}

// busyOrDone reports whether the connection is not closed. The call the hook is
// for may have left the driver, but not the wrapper.
func (d *fakeDB) busyOrDone(c *fakeConn) bool { return !c.closed }

// TestRollbackAndCloseHaveGrace is about what gives something back after the end
// of its context: it is waited for, but not for ever.
func TestRollbackAndCloseHaveGrace(t *testing.T) {
	for _, op := range []string{"rollback", "close rows", "close"} {
		for _, grace := range []time.Duration{10 * time.Second, -1} {
			synctest.Test(t, func(t *testing.T) {
				d := newFake(t)
				d.on(func(o string, _ *fakeConn) error {
					if o == op {
						time.Sleep(time.Hour)
					}
					return nil
				})
				want := grace
				if grace < 0 {
					want = time.Hour
				}
				ctx, cancel := context.WithCancel(t.Context())
				n, err := New(d, Options{Grace: grace, Pool: newPool(t, 4)}).OpenConnector("")
				if err != nil {
					t.Fatal(err)
				}
				c, err := n.Connect(ctx)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				switch op {
				case "rollback":
					var tx driver.Tx
					tx, err = c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{})
					if err != nil {
						t.Fatal(err)
					}
					cancel()
					err = tx.Rollback()
				case "close rows":
					var rows driver.Rows
					rows, err = c.(driver.QueryerContext).QueryContext(ctx, "rows 3", nil)
					if err != nil {
						t.Fatal(err)
					}
					rows.Next(make([]driver.Value, 1))
					cancel()
					err = rows.Close()
				case "close":
					err = c.Close()
				}
				if (err == nil) != (grace < 0) {
					t.Errorf("%s: %v", op, err)
				}
				cancel()
				if took := time.Since(start); took < want || took > want+time.Second {
					t.Errorf("%s with a grace of %v took %v", op, grace, took)
				}
				c.Close()
				time.Sleep(2 * time.Hour)
				if s := d.open(); s != nothing {
					t.Error("still open:", s)
				}
			})
		}
	}
}

// TestTransactionEndsItsCalls: a call whose own context cannot end is left with
// that of the transaction it is in.
func TestTransactionEndsItsCalls(t *testing.T) {
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
	db := open(t, d, "", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() { <-hangs; cancel() }()
	if _, err := tx.Exec("put a 1"); !errors.Is(err, ErrLeft) || !errors.Is(err, context.Canceled) {
		t.Error("exec:", err)
	}
	if _, err := tx.Exec("put a 1"); err == nil {
		t.Error("a transaction that is over has executed something")
	}
	close(release)
	db.Close()
	waitOpen(t, d)
}

// TestLostConnectionsAreInvalid, and the hook is for calls that are running.
func TestLostConnectionsAreInvalid(t *testing.T) {
	d := newFake(t)
	begun, release := make(chan struct{}, 1), make(chan struct{})
	c, err := New(d, Options{Pool: newPool(t, 2)}).Open("")
	if err != nil {
		t.Fatal(err)
	}
	d.on(func(op string, _ *fakeConn) error {
		if op == "ping" {
			begun <- struct{}{}
			<-release
		}
		return nil
	})
	if !c.(driver.Validator).IsValid() {
		t.Error("a new connection is not valid")
	}
	if err := c.(driver.Pinger).Ping(endsAfter(t, begun)); !errors.Is(err, ErrLeft) {
		t.Error(err)
	}
	if c.(driver.Validator).IsValid() {
		t.Error("a lost connection is valid")
	}
	if _, err := c.(driver.ExecerContext).ExecContext(t.Context(), "put a 1", nil); !errors.Is(err, driver.ErrBadConn) {
		t.Error("on a lost connection:", err)
	}
	close(release)
	waitOpen(t, d)
	k := &call{conn: &conn{under: bareConn{}, opts: &Options{Interrupt: func(driver.Conn) { t.Error("interrupted a call that is done") }}}}
	k.state.Store(callDone)
	if k.interrupt() {
		t.Error("and says so")
	}
}

// TestOldDriversEndWhatCameTooLate: as database/sql does for drivers without
// contexts, what the driver has begun when its context has ended is ended.
func TestOldDriversEndWhatCameTooLate(t *testing.T) {
	d := newFake(t)
	n, err := New(d, Options{Pool: newPool(t, 2), Linger: time.Minute}).OpenConnector("legacy")
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		d.on(func(op string, _ *fakeConn) error {
			if op == "begin" || op == "prepare" {
				cancel()
			}
			return nil
		})
		if _, err := c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrLeft) {
			t.Error("begin:", err)
		}
		ctx, cancel = context.WithCancel(t.Context())
		if _, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, "put a 1"); !errors.Is(err, context.Canceled) || errors.Is(err, ErrLeft) {
			t.Error("prepare:", err)
		}
		if s := d.open(); s != "1 conns, 0 stmts, 0 rows, 0 txs" {
			t.Error(s)
		}
		cancel()
	}
	c.Close()
}
