//go:build cgo

package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/mattn/go-sqlite3"
)

// nap is how long the calls of these tests take when nobody stops them; deadline
// is when their contexts end. What is compared is on which side of half a nap they
// return.
const (
	nap      = 800 * time.Millisecond
	deadline = 50 * time.Millisecond
)

// sleepy is the driver with a function that sleeps.
func sleepy() *sqlite3.SQLiteDriver {
	return &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("nap", func() int64 {
			time.Sleep(nap)
			return 1
		}, false)
	}}
}

type dsnConnector struct {
	d   driver.Driver
	dsn string
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.d.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.d }

// A world is a database file, opened with the driver alone or with ours too.
type world struct {
	db   *sql.DB
	dsn  string
	pool *threadpool.Pool
}

func newWorld(t *testing.T, wrapped bool, o sqldriver.Options) *world {
	w := &world{dsn: "file:" + filepath.Join(t.TempDir(), "test.db") + "?_busy_timeout=800"}
	d := sleepy()
	if wrapped {
		pool, err := threadpool.New(threadpool.Options{Name: "sqlite", Limit: 8, Hint: threadpool.WillBlock})
		if err != nil {
			t.Fatal(err)
		}
		o.Pool, w.pool = pool, pool
		if w.db, err = sqldriver.Open(d, w.dsn, o); err != nil {
			t.Fatal(err)
		}
	} else {
		w.db = sql.OpenDB(dsnConnector{d, w.dsn})
	}
	for _, q := range []string{"CREATE TABLE t (x)", "INSERT INTO t VALUES (1)"} {
		if _, err := w.db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		w.db.Close()
		if w.pool != nil { // until what was left is over and has closed its connections
			if err := w.pool.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// lock keeps the file locked against writers until unlock.
func (w *world) lock(t *testing.T, how string) (unlock func()) {
	t.Helper()
	other, err := sql.Open("sqlite3", w.dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ExecContext(t.Context(), how); err != nil {
		t.Fatal(err)
	}
	if how == "BEGIN" { // which locks with the first read
		if _, err := c.ExecContext(t.Context(), "SELECT count(*) FROM t"); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		_, _ = c.ExecContext(context.Background(), "ROLLBACK")
		c.Close()
		other.Close()
	}
}

// deaf are calls that do not hear the end of their context in SQLite.
var deaf = []struct {
	name string
	call func(t *testing.T, ctx context.Context, w *world) error
}{
	{"a write while another writes", func(t *testing.T, ctx context.Context, w *world) error {
		defer w.lock(t, "BEGIN IMMEDIATE")()
		_, err := w.db.ExecContext(ctx, "INSERT INTO t VALUES (2)")
		return err
	}},
	{"a read while another locks all", func(t *testing.T, ctx context.Context, w *world) error {
		defer w.lock(t, "BEGIN EXCLUSIVE")()
		var n int
		return w.db.QueryRowContext(ctx, "SELECT count(*) FROM t").Scan(&n)
	}},
	{"a commit while another reads", func(t *testing.T, ctx context.Context, w *world) error {
		defer w.lock(t, "BEGIN")()
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO t VALUES (3)"); err != nil {
			return err
		}
		return tx.Commit()
	}},
	{"a function in Go, in exec", func(t *testing.T, ctx context.Context, w *world) error {
		_, err := w.db.ExecContext(ctx, "UPDATE t SET x = nap()")
		return err
	}},
	{"a function in Go, in a query", func(t *testing.T, ctx context.Context, w *world) error {
		var n int
		return w.db.QueryRowContext(ctx, "SELECT nap()").Scan(&n)
	}},
	{"one long instruction", func(t *testing.T, ctx context.Context, w *world) error {
		var n int
		return w.db.QueryRowContext(ctx, "SELECT length(hex(randomblob(300000000)))").Scan(&n)
	}},
}

// tries is how often a call may be made until it is seen to be deaf, and ours not: a
// context may end before the call on a busy machine, and then nobody is deaf.
const tries = 5

// TestDriverAloneIsDeafAndOursIsNot is the bug, and that it is gone.
func TestDriverAloneIsDeafAndOursIsNot(t *testing.T) {
	for _, call := range deaf {
		for try := 1; ; try++ {
			bad := compare(t, call.name, call.call)
			if bad == "" {
				break
			}
			if try == tries {
				t.Errorf("%s: %s", call.name, bad)
				break
			}
			t.Logf("%s: %s; once more", call.name, bad)
		}
	}
}

// compare makes a call with the driver alone and with ours, and returns what was not
// as it should be.
func compare(t *testing.T, name string, call func(*testing.T, context.Context, *world) error) (bad string) {
	for _, wrapped := range []bool{false, true} {
		w := newWorld(t, wrapped, sqldriver.Options{Interrupt: Interrupt})
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		start := time.Now()
		err := call(t, ctx, w)
		took := time.Since(start)
		cancel()
		t.Logf("%s, wrapped %v: %v after %v", name, wrapped, err, took.Round(time.Millisecond))
		switch {
		case wrapped && !errors.Is(err, context.DeadlineExceeded):
			return fmt.Sprintf("with ours it returns %v", err)
		case wrapped && took > nap/2:
			return fmt.Sprintf("with ours it took %v", took)
		case !wrapped && took < nap/2:
			return fmt.Sprintf("the driver alone returned after %v; this case shows nothing any more", took)
		}
	}
	return ""
}

// TestInterruptKeepsTheConnection: a query that SQLite can stop is stopped by the
// hook, and its connection, with what is in memory only, is still there.
func TestInterruptKeepsTheConnection(t *testing.T) {
	pool, err := threadpool.New(threadpool.Options{Limit: 2, Hint: threadpool.WillBlock})
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(":memory:", sqldriver.Options{Pool: pool, Linger: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE here (x)"); err != nil {
		t.Fatal(err)
	}
	for try, seen := 1, 0; seen < 3; try++ {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		var n int
		err := db.QueryRowContext(ctx, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c").Scan(&n)
		cancel()
		var e sqlite3.Error
		switch {
		case !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sqldriver.ErrLeft):
			t.Fatalf("error %v", err)
		case errors.As(err, &e) && e.Code == sqlite3.ErrInterrupt:
			seen++
		case try > 20: // else the context has ended before the call, on a busy machine
			t.Fatalf("error %v, each time", err)
		}
	}
	if _, err := db.Exec("INSERT INTO here VALUES (1)"); err != nil {
		t.Error("the connection is another:", err)
	}
	if interrupt(nil) || interrupt(driver.Conn(nil)) {
		t.Error("interrupted nothing")
	}
}

// TestAllOfItWorks takes a database through what programs do.
func TestAllOfItWorks(t *testing.T) {
	w := newWorld(t, true, sqldriver.Options{Interrupt: Interrupt})
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		tx, err := w.db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		st, err := tx.PrepareContext(ctx, "INSERT INTO t VALUES (?)")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 1000 {
			if _, err := st.ExecContext(ctx, i); err != nil {
				t.Fatal(err)
			}
		}
		st.Close()
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		rows, err := w.db.QueryContext(ctx, "SELECT rowid, x, hex(x), x'00ff' FROM t WHERE x >= ? ORDER BY rowid", 500)
		if err != nil {
			t.Fatal(err)
		}
		types, err := rows.ColumnTypes()
		if err != nil || len(types) != 4 {
			t.Error(types, err)
		}
		n := 0
		for rows.Next() {
			var id, x int64
			var h string
			var b []byte
			if err := rows.Scan(&id, &x, &h, &b); err != nil || len(b) != 2 {
				t.Fatal(b, err)
			}
			n++
		}
		if err := rows.Err(); err != nil || n%500 != 0 || n == 0 {
			t.Error(n, err)
		}
		rows.Close()
	}
}
