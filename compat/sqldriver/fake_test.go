package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/causeway-go/causeway/threadpool"
)

// A fakeDB is a driver with a little store of strings. It ignores contexts. It
// notices when a connection is used by two goroutines at once, or after its
// end, and counts what is open.
//
//	put K V   del K   all   sets N (result sets)   broken N (rows, then an error)
//	rows N    fails   bad (ErrBadConn)   blob N (rows of bytes that it writes over)
type fakeDB struct {
	t testing.TB

	mu    sync.Mutex
	data  map[string]string
	hook  func(op string, c *fakeConn) error // called in each call, before it does anything
	calls map[string]int

	conns, stmts, rows, txs, opened atomic.Int64
}

var errFake = errors.New("fake: as asked for")

func newFake(t testing.TB) *fakeDB {
	return &fakeDB{t: t, data: map[string]string{}, calls: map[string]int{}}
}

// on sets the hook.
func (d *fakeDB) on(f func(op string, c *fakeConn) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hook = f
}

func (d *fakeDB) count(op string) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.calls[op]
}

// open returns what is open, in words.
func (d *fakeDB) open() string {
	return fmt.Sprintf("%d conns, %d stmts, %d rows, %d txs", d.conns.Load(), d.stmts.Load(), d.rows.Load(), d.txs.Load())
}

func (d *fakeDB) called(op string, c *fakeConn) error {
	d.mu.Lock()
	d.calls[op]++
	hook := d.hook
	d.mu.Unlock()
	if hook != nil {
		return hook(op, c)
	}
	return nil
}

func (d *fakeDB) Open(name string) (driver.Conn, error) {
	if err := d.called("open", nil); err != nil {
		return nil, err
	}
	d.conns.Add(1)
	d.opened.Add(1)
	c := &fakeConn{db: d}
	switch name {
	case "legacy":
		return legacyConn{c}, nil
	case "resetting":
		return resettingConn{legacyConn{c}}, nil
	}
	return fullConn{bareConn{c}}, nil
}

// A fakeConn has what the connections of all kinds do.
type fakeConn struct {
	db     *fakeDB
	busy   atomic.Bool
	closed bool
	tx     *fakeTx
	before map[string]string // of the transaction
}

// call checks and begins one call; the result ends it.
func (c *fakeConn) call(op string) (func(), error) {
	if !c.busy.CompareAndSwap(false, true) {
		c.db.t.Errorf("%s: connection is used by two", op)
	}
	over := func() { c.busy.Store(false) }
	if c.closed {
		c.db.t.Errorf("%s: connection is closed", op)
	}
	ok := false
	defer func() {
		if !ok {
			over() // the hook has panicked
		}
	}()
	err := c.db.called(op, c)
	ok = true
	if err != nil {
		over()
		return nil, err
	}
	return over, nil
}

func (c *fakeConn) exec(query string, args []any) (driver.Result, error) {
	over, err := c.call("exec")
	if err != nil {
		return nil, err
	}
	defer over()
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	for _, a := range args {
		query += fmt.Sprintf(" %v", a)
	}
	switch words := strings.Fields(query); words[0] {
	case "put":
		c.db.data[words[1]] = words[2]
	case "del":
		if _, ok := c.db.data[words[1]]; !ok {
			return driver.RowsAffected(0), nil
		}
		delete(c.db.data, words[1])
	case "fails":
		return nil, errFake
	case "bad":
		return nil, driver.ErrBadConn
	}
	return driver.RowsAffected(1), nil
}

func (c *fakeConn) query(query string) (driver.Rows, error) {
	over, err := c.call("query")
	if err != nil {
		return nil, err
	}
	defer over()
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	r := &fakeRows{c: c, sets: 1, end: io.EOF}
	words := append(strings.Fields(query), "0")
	n, _ := strconv.Atoi(words[1])
	switch words[0] {
	case "all":
		for _, k := range slices.Sorted(maps.Keys(c.db.data)) {
			r.list = append(r.list, k+"="+c.db.data[k])
		}
	case "sets":
		r.sets, r.list = n, []string{"one", "two"}
	case "fails":
		return nil, errFake
	case "bad":
		return nil, driver.ErrBadConn
	case "blob":
		r.blob = []byte("000000")
	case "broken":
		r.end = errFake
	}
	for i := 0; words[0] != "sets" && i < n; i++ {
		r.list = append(r.list, fmt.Sprintf("%06d", i))
	}
	c.db.rows.Add(1)
	return r, nil
}

func (c *fakeConn) prepare(query string) (driver.Stmt, error) {
	over, err := c.call("prepare")
	if err != nil {
		return nil, err
	}
	defer over()
	if strings.HasPrefix(query, "noprepare") {
		return nil, errFake
	}
	c.db.stmts.Add(1)
	return &fakeStmt{c: c, query: query}, nil
}

func (c *fakeConn) begin() (driver.Tx, error) {
	over, err := c.call("begin")
	if err != nil {
		return nil, err
	}
	defer over()
	c.db.mu.Lock()
	defer c.db.mu.Unlock()
	c.before = maps.Clone(c.db.data)
	c.db.txs.Add(1)
	c.tx = &fakeTx{c: c}
	return c.tx, nil
}

func (c *fakeConn) close() error {
	over, err := c.call("close")
	if err != nil {
		return err
	}
	defer over()
	c.closed = true
	if c.tx != nil && !c.tx.over { // the end of a connection rolls back
		c.db.txs.Add(-1)
	}
	c.db.conns.Add(-1)
	return nil
}

type fakeTx struct {
	c    *fakeConn
	over bool
}

func (x *fakeTx) end(op string, undo bool) error {
	over, err := x.c.call(op)
	if err != nil {
		return err
	}
	defer over()
	if x.over {
		x.c.db.t.Errorf("%s: transaction is over", op)
	}
	x.over = true
	x.c.db.txs.Add(-1)
	x.c.db.mu.Lock()
	defer x.c.db.mu.Unlock()
	if undo {
		x.c.db.data = x.c.before
	}
	return nil
}

func (x *fakeTx) Commit() error   { return x.end("commit", false) }
func (x *fakeTx) Rollback() error { return x.end("rollback", true) }

type fakeStmt struct {
	c      *fakeConn
	query  string
	closed bool
}

func (s *fakeStmt) Close() error {
	over, err := s.c.call("close stmt")
	if err != nil {
		return err
	}
	defer over()
	if s.closed {
		s.c.db.t.Error("statement closed twice")
	}
	s.closed = true
	s.c.db.stmts.Add(-1)
	return nil
}

func (s *fakeStmt) NumInput() int { return strings.Count(s.query, "?") }

func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	var list []any
	for _, a := range args {
		list = append(list, a)
	}
	return s.c.exec(strings.ReplaceAll(s.query, "?", ""), list)
}

func (s *fakeStmt) Query([]driver.Value) (driver.Rows, error) { return s.c.query(s.query) }

type fakeRows struct {
	c      *fakeConn
	list   []string
	at     int
	sets   int
	end    error
	blob   []byte
	closed bool
}

func (r *fakeRows) Columns() []string { return []string{"value"} }

func (r *fakeRows) Next(dest []driver.Value) error {
	over, err := r.c.call("next")
	if err != nil {
		return err
	}
	defer over()
	if r.closed {
		r.c.db.t.Error("next: rows are closed")
	}
	if r.at == len(r.list) {
		return r.end
	}
	dest[0] = r.list[r.at]
	if r.blob != nil {
		copy(r.blob, r.list[r.at])
		dest[0] = r.blob
	}
	r.at++
	return nil
}

func (r *fakeRows) Close() error {
	over, err := r.c.call("close rows")
	if err != nil {
		return err
	}
	defer over()
	if r.closed {
		r.c.db.t.Error("rows closed twice")
	}
	r.closed = true
	r.c.db.rows.Add(-1)
	return nil
}

func (r *fakeRows) HasNextResultSet() bool { return r.sets > 1 }

func (r *fakeRows) NextResultSet() error {
	over, err := r.c.call("next set")
	if err != nil {
		return err
	}
	defer over()
	if r.sets--; r.sets <= 0 {
		return io.EOF
	}
	r.at = 0
	return nil
}

// A bareConn has no optional interface.
type bareConn struct{ c *fakeConn }

func (b bareConn) Prepare(query string) (driver.Stmt, error) { return b.c.prepare(query) }
func (b bareConn) Begin() (driver.Tx, error)                 { return b.c.begin() }
func (b bareConn) Close() error                              { return b.c.close() }

// A legacyConn has those without contexts.
type legacyConn struct{ c *fakeConn }

func (l legacyConn) Prepare(query string) (driver.Stmt, error) { return l.c.prepare(query) }
func (l legacyConn) Begin() (driver.Tx, error)                 { return l.c.begin() }
func (l legacyConn) Close() error                              { return l.c.close() }
func (l legacyConn) Exec(query string, args []driver.Value) (driver.Result, error) {
	return (&fakeStmt{c: l.c, query: query}).Exec(args)
}
func (l legacyConn) Query(query string, _ []driver.Value) (driver.Rows, error) {
	return l.c.query(query)
}

// A resettingConn can be reset and not be asked whether it is valid.
type resettingConn struct{ legacyConn }

func (resettingConn) ResetSession(context.Context) error { return nil }

// A fullConn has all of them, and ignores the contexts.
type fullConn struct{ bareConn }

func (f fullConn) ExecContext(_ context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	var list []any
	for _, a := range args {
		list = append(list, a.Value)
	}
	return f.c.exec(strings.ReplaceAll(query, "?", ""), list)
}
func (f fullConn) QueryContext(_ context.Context, query string, _ []driver.NamedValue) (driver.Rows, error) {
	return f.c.query(query)
}
func (f fullConn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return f.c.prepare(query)
}
func (f fullConn) BeginTx(context.Context, driver.TxOptions) (driver.Tx, error) { return f.c.begin() }
func (f fullConn) Ping(context.Context) error                                   { return f.simple("ping") }
func (f fullConn) ResetSession(context.Context) error                           { return f.simple("reset") }
func (f fullConn) IsValid() bool                                                { return true }
func (f fullConn) CheckNamedValue(v *driver.NamedValue) error                   { return driver.ErrSkip }

func (f fullConn) simple(op string) error {
	over, err := f.c.call(op)
	if err == nil {
		over()
	}
	return err
}

// newPool returns a pool of the test's own.
func newPool(t testing.TB, limit int) *threadpool.Pool {
	p, err := threadpool.New(threadpool.Options{Name: t.Name(), Limit: limit, Hint: threadpool.WillBlock})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// open returns a database on d, with a pool of its own unless o has one.
func open(t testing.TB, d *fakeDB, name string, o Options) *sql.DB {
	if o.Pool == nil {
		o.Pool = newPool(t, 8)
	}
	db, err := Open(d, name, o)
	if err != nil {
		t.Fatal(err)
	}
	return db
}
