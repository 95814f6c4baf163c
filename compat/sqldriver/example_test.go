package sqldriver_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"

	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/threadpool"
)

// A driver as they were written before there were contexts: Exec takes the lock of
// a file that another program holds, and waits.
type oldDriver struct {
	waits func() // called when Exec begins to wait
	lock  chan struct{}
}

type oldConn struct{ d oldDriver }

func (d oldDriver) Open(string) (driver.Conn, error) { return oldConn{d}, nil }

func (c oldConn) Exec(string, []driver.Value) (driver.Result, error) {
	c.d.waits()
	<-c.d.lock
	return driver.RowsAffected(1), nil
}
func (c oldConn) Query(string, []driver.Value) (driver.Rows, error) { return oneRow{new(int)}, nil }
func (c oldConn) Prepare(string) (driver.Stmt, error)               { return nil, errors.New("no") }
func (c oldConn) Begin() (driver.Tx, error)                         { return nil, errors.New("no") }
func (c oldConn) Close() error                                      { return nil }

type oneRow struct{ n *int }

func (r oneRow) Columns() []string { return []string{"answer"} }
func (r oneRow) Close() error      { return nil }
func (r oneRow) Next(dest []driver.Value) error {
	if *r.n++; *r.n > 1 {
		return io.EOF
	}
	dest[0] = int64(42)
	return nil
}

func Example() {
	// The database has a pool of its own. What hangs in it takes slots from
	// nobody else, and more than eight calls are never under way.
	pool, err := threadpool.New(threadpool.Options{Name: "database", Limit: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	old := oldDriver{waits: cancel, lock: make(chan struct{})} // the user loses patience soon
	db, err := sqldriver.Open(old, "", sqldriver.Options{Pool: pool})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()

	// The driver knows nothing of ctx, and the lock is never let go. With the
	// bare driver this call would never return.
	_, err = db.ExecContext(ctx, "UPDATE t SET x = 1")
	fmt.Println("canceled:", errors.Is(err, context.Canceled))
	fmt.Println("outcome unknown:", errors.Is(err, sqldriver.ErrLeft))
	fmt.Println("still running:", pool.Stats().Abandoned)

	// The connection is lost with the call, and replaced without a word.
	var n int
	err = db.QueryRow("SELECT 42").Scan(&n)
	fmt.Println(n, err)

	// Output:
	// canceled: true
	// outcome unknown: true
	// still running: 1
	// 42 <nil>
}

// A driver is registered under a name of its own, and opened as any other.
func ExampleNew() {
	sql.Register("old+pool", sqldriver.New(oldDriver{}, sqldriver.Options{}))
	db, err := sql.Open("old+pool", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	var n int
	fmt.Println(db.QueryRow("SELECT 42").Scan(&n), n)
	// Output: <nil> 42
}
