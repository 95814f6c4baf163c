package sqldriver

import (
	"context"
	"database/sql/driver"
)

// closing is the context of what has none and is not waited for longer than
// Options.Grace: one that has ended.
var closing = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// A tx is a transaction.
type tx struct {
	c     *conn
	under driver.Tx
	ctx   context.Context // that of BeginTx
}

// Commit implements driver.Tx. It is left when the context of BeginTx ends; the
// outcome is unknown then. If there is no slot until then, it rolls back.
func (t *tx) Commit() error {
	c := t.c
	c.tx = nil
	var err error
	if e := c.do(t.ctx, c.normal(), thunk(func() { err = t.under.Commit() })); e != nil {
		if !c.lost {
			_ = c.finish(closing, thunk(func() { _ = t.under.Rollback() }))
		}
		return e
	}
	return c.wrapEnded(err)
}

// Rollback implements driver.Tx. It is waited for, after the end of the
// transaction's context, for Options.Grace; if that is not enough the connection
// is closed, which rolls back too.
func (t *tx) Rollback() error {
	c := t.c
	c.tx = nil
	var err error
	if e := c.finish(t.ctx, thunk(func() { err = t.under.Rollback() })); e != nil {
		return e
	}
	// database/sql keeps the connection of a transaction that its context has
	// ended if the driver can both reset and validate. It would take our
	// Validator for one of the driver's.
	if _, ok := c.under.(driver.Validator); !ok && over(t.ctx) != nil {
		c.discard = true
	}
	return err
}

// A stmt is a prepared statement.
type stmt struct {
	c     *conn
	under driver.Stmt
}

// Close implements driver.Stmt. It does not block: database/sql may call it with
// the lock of the whole database held. The driver's statement is closed by the
// next call on the connection, before anything else, or with the connection.
func (s *stmt) Close() error {
	c := s.c
	if c.lost {
		return nil // somebody does
	}
	c.stmts = without(c.stmts, s)
	c.dead = append(c.dead, s.under)
	return nil
}

// NumInput implements driver.Stmt. It is called on the calling goroutine.
func (s *stmt) NumInput() int {
	if s.c.lost {
		return -1
	}
	return s.under.NumInput()
}

// Exec implements driver.Stmt.
func (s *stmt) Exec(args []driver.Value) (driver.Result, error) {
	return s.ExecContext(context.Background(), names(args))
}

// Query implements driver.Stmt.
func (s *stmt) Query(args []driver.Value) (driver.Rows, error) {
	return s.QueryContext(context.Background(), names(args))
}

// ExecContext implements driver.StmtExecContext. The driver need not.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	c := s.c
	ctx = c.within(ctx)
	if u, ok := s.under.(driver.StmtExecContext); ok {
		dctx := c.driverContext(ctx)
		return c.exec(ctx, func() (driver.Result, error) { return u.ExecContext(dctx, args) })
	}
	list, err := values(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 it is what old drivers have
	return c.exec(ctx, func() (driver.Result, error) { return s.under.Exec(list) })
}

// QueryContext implements driver.StmtQueryContext. The driver need not.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	c := s.c
	ctx = c.within(ctx)
	if u, ok := s.under.(driver.StmtQueryContext); ok {
		dctx := c.driverContext(ctx)
		return c.query(ctx, func() (driver.Rows, error) { return u.QueryContext(dctx, args) })
	}
	list, err := values(args)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 it is what old drivers have
	return c.query(ctx, func() (driver.Rows, error) { return s.under.Query(list) })
}

// A stmtCheck adds driver.NamedValueChecker to a stmt.
type stmtCheck stmt

// CheckNamedValue implements driver.NamedValueChecker. It is called on the calling
// goroutine.
func (s *stmtCheck) CheckNamedValue(v *driver.NamedValue) error {
	if s.c.lost {
		return errLost
	}
	return s.under.(driver.NamedValueChecker).CheckNamedValue(v)
}

// A stmtColumns adds driver.ColumnConverter to a stmt.
type stmtColumns stmt

// ColumnConverter implements driver.ColumnConverter. It is called on the calling
// goroutine.
func (s *stmtColumns) ColumnConverter(i int) driver.ValueConverter {
	if s.c.lost {
		return driver.DefaultParameterConverter
	}
	//lint:ignore SA1019 it is what old drivers have
	return s.under.(driver.ColumnConverter).ColumnConverter(i)
}
