package sqldriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"

	"github.com/causeway-go/causeway/threadpool"
)

// A conn is a connection. As with every driver.Conn one goroutine at a time uses
// it; while a call is running, the goroutine of that does.
type conn struct {
	opts  *Options
	pool  *threadpool.Pool
	under driver.Conn

	call  *call           // kept for the next; nil if there is none
	tx    context.Context // of the transaction; nil outside
	rows  []*rows         // open
	stmts []*stmt         // open
	dead  []driver.Stmt   // to be closed at the next call

	// lost means that somebody else closes this connection, or has closed it.
	// It is the caller's alone, who sets it before the other side can know.
	lost bool
	// closed means that the connection below has been told to close.
	closed bool
	// discard means that the connection is not to be used again.
	discard bool
	// interrupted is the end of the context for which the call that has just
	// returned was interrupted.
	interrupted error
}

func (c *conn) base() *conn { return c }

// Unwrap returns the driver's own connection of one of this package, such as
// sql.Conn.Raw gives to its function, and any other value as it is. Nothing of
// this package applies to calls made on it: see [Run].
func Unwrap(c any) any {
	if w, ok := c.(interface{ base() *conn }); ok {
		return w.base().under
	}
	return c
}

// Run calls f with the driver's own connection of c, which sql.Conn.Raw has given
// to its function, as any other call on the connection is made: in a slot of the
// pool, and left when ctx ends. It is for what drivers offer beside database/sql,
// a backup for instance. If Run leaves, f goes on, and whatever it uses must be
// left to it.
//
//	err := conn.Raw(func(c any) error {
//		return sqldriver.Run(ctx, c, func(c driver.Conn) error {
//			return c.(*sqlite3.SQLiteConn).LoadExtension(name, entry)
//		})
//	})
func Run(ctx context.Context, c any, f func(driver.Conn) error) error {
	w, ok := c.(interface{ base() *conn })
	if !ok {
		return fmt.Errorf("sqldriver: %T is no connection of this package", c)
	}
	n := w.base()
	var err error
	if e := n.do(ctx, n.normal(), thunk(func() { err = f(n.under) })); e != nil {
		return e
	}
	return n.wrapEnded(err)
}

// normal is how calls are left that have no other way.
func (c *conn) normal() manner { return manner{linger: c.opts.Linger, interrupt: true} }

// driverContext is what the driver sees of ctx.
func (c *conn) driverContext(ctx context.Context) context.Context {
	if c.opts.Interrupt == nil || ctx.Done() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// within returns ctx, or the context of the transaction if ctx cannot end: what
// belongs to a transaction that is over is not waited for.
func (c *conn) within(ctx context.Context) context.Context {
	if ctx.Done() == nil && c.tx != nil {
		return c.tx
	}
	return ctx
}

// Prepare implements driver.Conn.
func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext implements driver.ConnPrepareContext. The driver need not: its
// statement is closed then if ctx has ended meanwhile.
func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	ctx = c.within(ctx)
	dctx := c.driverContext(ctx)
	var st driver.Stmt
	var err error
	w := &result{get: func() {
		if p, ok := c.under.(driver.ConnPrepareContext); ok {
			st, err = p.PrepareContext(dctx, query)
			return
		}
		st, err = c.under.Prepare(query)
		if end := over(ctx); err == nil && end != nil {
			_ = st.Close()
			st, err = nil, end
		}
	}, give: func() {
		if st != nil && err == nil {
			_ = st.Close()
		}
	}}
	if e := c.do(ctx, c.normal(), w); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, c.wrapEnded(err)
	}
	return stmtOf(c.newStmt(st)), nil
}

// Begin implements driver.Conn.
func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

// BeginTx implements driver.ConnBeginTx. If the driver does not, options other
// than the default are an error, as they are without this package.
func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	beginner, ok := c.under.(driver.ConnBeginTx)
	if !ok && opts != (driver.TxOptions{}) {
		return nil, errors.New("sqldriver: driver has neither isolation levels nor read-only transactions")
	}
	dctx := c.driverContext(ctx)
	var under driver.Tx
	var err error
	w := &result{get: func() {
		if ok {
			under, err = beginner.BeginTx(dctx, opts)
			return
		}
		//lint:ignore SA1019 it is what old drivers have
		under, err = c.under.Begin()
		if end := over(ctx); err == nil && end != nil {
			_ = under.Rollback()
			under, err = nil, end
		}
	}, give: func() {
		if under != nil && err == nil {
			_ = under.Rollback()
		}
	}}
	if e := c.do(ctx, c.normal(), w); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, c.wrapEnded(err)
	}
	c.tx = ctx
	return &tx{c: c, under: under, ctx: ctx}, nil
}

// IsValid implements driver.Validator.
func (c *conn) IsValid() bool {
	if c.lost || c.discard {
		return false
	}
	v, ok := c.under.(driver.Validator)
	return !ok || v.IsValid()
}

// Close implements driver.Conn.
func (c *conn) Close() error {
	if c.lost {
		return nil // somebody does
	}
	var err error
	e := c.finish(closing, thunk(func() { c.closed = true; err = c.under.Close() }))
	c.lost = true
	if e != nil {
		return e
	}
	return err
}

// exec and query make the calls of ExecerContext and QueryerContext, and those of
// statements. get is what calls the driver.
func (c *conn) exec(ctx context.Context, get func() (driver.Result, error)) (driver.Result, error) {
	var res driver.Result
	var err error
	if e := c.do(ctx, c.normal(), thunk(func() { res, err = get() })); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, c.wrapEnded(err)
	}
	return res, nil
}

func (c *conn) query(ctx context.Context, get func() (driver.Rows, error)) (driver.Rows, error) {
	var under driver.Rows
	var err error
	w := &result{get: func() { under, err = get() }, give: func() {
		if under != nil && err == nil {
			_ = under.Close()
		}
	}}
	if e := c.do(ctx, c.normal(), w); e != nil {
		return nil, e
	}
	if err != nil {
		return nil, c.wrapEnded(err)
	}
	return rowsOf(c.newRows(ctx, under)), nil
}

func (c *conn) newStmt(under driver.Stmt) *stmt {
	st := &stmt{c: c, under: under}
	c.stmts = append(c.stmts, st)
	return st
}

func (c *conn) newRows(ctx context.Context, under driver.Rows) *rows {
	r := &rows{c: c, under: under, ctx: ctx, want: 1, most: c.opts.Batch}
	c.rows = append(c.rows, r)
	return r
}

// without returns list without x.
func without[T comparable](list []T, x T) []T {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// values turns the arguments of a call with names into those of one without.
func values(named []driver.NamedValue) ([]driver.Value, error) {
	list := make([]driver.Value, len(named))
	for i, v := range named {
		if v.Name != "" {
			return nil, errors.New("sqldriver: driver has no named parameters")
		}
		list[i] = v.Value
	}
	return list, nil
}

// names is the way back.
func names(list []driver.Value) []driver.NamedValue {
	named := make([]driver.NamedValue, len(list))
	for i, v := range list {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

// A connExec adds driver.ExecerContext to a conn whose driver has that or
// driver.Execer.
type connExec conn

// ExecContext implements driver.ExecerContext.
func (x *connExec) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c := (*conn)(x)
	ctx = c.within(ctx)
	if u, ok := c.under.(driver.ExecerContext); ok {
		dctx := c.driverContext(ctx)
		return c.exec(ctx, func() (driver.Result, error) { return u.ExecContext(dctx, query, args) })
	}
	list, err := values(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 it is what old drivers have
	u := c.under.(driver.Execer)
	return c.exec(ctx, func() (driver.Result, error) { return u.Exec(query, list) })
}

// A connQuery adds driver.QueryerContext to a conn whose driver has that or
// driver.Queryer.
type connQuery conn

// QueryContext implements driver.QueryerContext.
func (x *connQuery) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	c := (*conn)(x)
	ctx = c.within(ctx)
	if u, ok := c.under.(driver.QueryerContext); ok {
		dctx := c.driverContext(ctx)
		return c.query(ctx, func() (driver.Rows, error) { return u.QueryContext(dctx, query, args) })
	}
	list, err := values(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 it is what old drivers have
	u := c.under.(driver.Queryer)
	return c.query(ctx, func() (driver.Rows, error) { return u.Query(query, list) })
}

// A connPing adds driver.Pinger to a conn.
type connPing conn

// Ping implements driver.Pinger.
func (x *connPing) Ping(ctx context.Context) error {
	c := (*conn)(x)
	dctx := c.driverContext(ctx)
	var err error
	if e := c.do(ctx, c.normal(), thunk(func() { err = c.under.(driver.Pinger).Ping(dctx) })); e != nil {
		return e
	}
	return c.wrapEnded(err)
}

// A connReset adds driver.SessionResetter to a conn.
type connReset conn

// ResetSession implements driver.SessionResetter.
func (x *connReset) ResetSession(ctx context.Context) error {
	c := (*conn)(x)
	dctx := c.driverContext(ctx)
	var err error
	if e := c.do(ctx, c.normal(), thunk(func() { err = c.under.(driver.SessionResetter).ResetSession(dctx) })); e != nil {
		return e
	}
	return c.wrapEnded(err)
}

// A connCheck adds driver.NamedValueChecker to a conn.
type connCheck conn

// CheckNamedValue implements driver.NamedValueChecker. It is called on the calling
// goroutine.
func (x *connCheck) CheckNamedValue(v *driver.NamedValue) error {
	if x.lost {
		return errLost
	}
	return x.under.(driver.NamedValueChecker).CheckNamedValue(v)
}
