package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"io"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// Defaults of Options.
const (
	// DefaultLinger is for how long a call whose context has ended may still
	// return by itself.
	DefaultLinger = 5 * time.Millisecond
	// DefaultGrace is for how long calls that give something back are waited
	// for.
	DefaultGrace = time.Second
	// DefaultBatch is how many rows are drawn at once at most.
	DefaultBatch = 256
)

// Options say where the calls of a driver run, and how they are left. The zero
// value is useful.
type Options struct {
	// Pool runs the calls. Nil means threadpool.Default. A pool or a class of
	// their own keeps calls that hang from taking the slots of others, and its
	// limit is how many calls of the database run at once.
	Pool *threadpool.Pool

	// Interrupt stops the call that is running on the driver's connection
	// that it is given, as sqlite3_interrupt does. It is called at most once
	// for each call, when the context of that has ended, by the goroutine that
	// waits for the call. The call may be returning at that moment, but the
	// connection is open, and no other call begins on it before the hook has
	// returned. Calls that give something back are not interrupted. It must
	// not block.
	//
	// With a hook the driver sees contexts that do not end: what stops its
	// calls is the hook alone.
	Interrupt func(driver.Conn)

	// Linger is for how long a call whose context has ended is still waited
	// for. A driver that heeds its context, or the hook, will have returned by
	// then, and its connection lives on. 0 means DefaultLinger, a negative
	// value that such calls are left at once.
	Linger time.Duration

	// Grace is for how long, after the context has ended, calls are waited for
	// that give something back: closing rows, rolling back. Closing a
	// connection, which has no context, is waited for no longer either. What
	// takes longer goes on without anybody waiting, and the connection with
	// it. 0 means DefaultGrace, a negative value that they are waited for
	// however long it takes.
	Grace time.Duration

	// Batch is how many rows at most are drawn at once. It starts with one and
	// grows only while rows come fast. 0 means DefaultBatch, 1 that none is drawn before it is
	// asked for.
	Batch int
}

func (o Options) withDefaults() Options {
	if o.Linger == 0 {
		o.Linger = DefaultLinger
	}
	o.Linger = max(o.Linger, 0)
	if o.Grace == 0 {
		o.Grace = DefaultGrace
	}
	if o.Batch <= 0 {
		o.Batch = DefaultBatch
	}
	return o
}

// A Driver makes the calls of another driver in the slots of a pool. Make one with
// [New] and give it to sql.Register, or use [Open]. Its methods may be called from
// any goroutine.
type Driver struct {
	under driver.Driver
	opts  Options
}

// New returns a Driver of d. It calls nothing.
func New(d driver.Driver, opts Options) *Driver {
	if d == nil {
		panic("sqldriver: New called with a nil driver")
	}
	return &Driver{under: d, opts: opts}
}

// Open returns a database of d for the data source dsn, as sql.Open does for a
// driver that is registered. Close it as any other. The error is that of a driver
// that looks at the name at once; nothing is connected to.
func Open(d driver.Driver, dsn string, opts Options) (*sql.DB, error) {
	c, err := New(d, opts).OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// Open implements driver.Driver. It blocks until the connection is there.
func (d *Driver) Open(dsn string) (driver.Conn, error) {
	c, err := d.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return c.Connect(context.Background())
}

// OpenConnector implements driver.DriverContext. It blocks if the driver's own
// OpenConnector does.
func (d *Driver) OpenConnector(dsn string) (driver.Connector, error) {
	dc, ok := d.under.(driver.DriverContext)
	if !ok {
		return NewConnector(dsnConnector{d.under, dsn}, d.opts), nil
	}
	c, err := dc.OpenConnector(dsn)
	if err != nil {
		return nil, err
	}
	return NewConnector(c, d.opts), nil
}

// Unwrap returns the driver that d was made of.
func (d *Driver) Unwrap() driver.Driver { return d.under }

// dsnConnector is the connector of a driver that has none.
type dsnConnector struct {
	driver driver.Driver
	dsn    string
}

func (c dsnConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }
func (c dsnConnector) Driver() driver.Driver                        { return c.driver }

// A Connector makes the calls of another connector, and of its connections, in the
// slots of a pool. Make one with [NewConnector] and give it to sql.OpenDB. Its
// methods may be called from any goroutine.
type Connector struct {
	under driver.Connector
	opts  Options
	pool  *threadpool.Pool
}

// NewConnector returns a Connector of c. It calls nothing.
func NewConnector(c driver.Connector, opts Options) *Connector {
	if c == nil {
		panic("sqldriver: NewConnector called with a nil connector")
	}
	pool := opts.Pool
	if pool == nil {
		pool = threadpool.Default()
	}
	return &Connector{under: c, opts: opts.withDefaults(), pool: pool}
}

// Connect implements driver.Connector. It waits until there is a connection or ctx
// has ended; a connection that comes later is closed.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	n := &conn{opts: &c.opts, pool: c.pool}
	var err error
	if e := n.do(ctx, manner{linger: n.opts.Linger}, thunk(func() { n.under, err = c.under.Connect(ctx) })); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	return connOf(n), nil
}

// Driver implements driver.Connector.
func (c *Connector) Driver() driver.Driver { return &Driver{under: c.under.Driver(), opts: c.opts} }

// Close implements io.Closer: it closes the connector below if that is one, on
// the calling goroutine. sql.DB.Close calls it.
func (c *Connector) Close() error {
	if under, ok := c.under.(io.Closer); ok {
		return under.Close()
	}
	return nil
}
