package sqldriver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
)

// FuzzSequences makes the same calls on a database of the bare driver and on one of
// ours, and wants the same to come of them.
func FuzzSequences(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, false, false)
	f.Add([]byte{7, 0, 2, 9, 7, 17, 8, 2, 10, 26, 42, 11, 60, 12}, true, true)
	f.Add([]byte{4, 20, 4, 7, 13, 14, 3, 9, 2, 5, 21, 6, 29, 15}, true, false)
	f.Fuzz(func(t *testing.T, ops []byte, cancellable, legacy bool) {
		if len(ops) > 200 {
			ops = ops[:200]
		}
		name := ""
		if legacy {
			name = "legacy"
		}
		bare, wrapped := newFake(t), newFake(t)
		plain := sql.OpenDB(dsnConnector{bare, name})
		ours := open(t, wrapped, name, Options{Batch: 4})
		ctx := context.Background()
		if cancellable {
			ctx = t.Context()
		}
		a, b := newPlay(ctx, plain), newPlay(ctx, ours)
		for i, op := range ops {
			if x, y := a.step(op), b.step(op); x != y {
				t.Fatalf("step %d of %v: bare %q, wrapped %q", i, ops, x, y)
			}
		}
		a.end()
		b.end()
		plain.Close()
		ours.Close()
		if bare.open() != nothing || wrapped.open() != nothing {
			t.Errorf("open: bare %s, wrapped %s", bare.open(), wrapped.open())
		}
	})
}

// A play is one connection with at most one transaction, statement and result open.
type play struct {
	ctx  context.Context
	conn *sql.Conn
	tx   *sql.Tx
	st   *sql.Stmt
	rows *sql.Rows
	n    int
}

func newPlay(ctx context.Context, db *sql.DB) *play {
	p := &play{ctx: ctx}
	p.conn, _ = db.Conn(ctx)
	return p
}

// user is what executes and queries now.
func (p *play) user() interface {
	ExecContext(context.Context, string, ...any) (sql.Result, error)
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	PrepareContext(context.Context, string) (*sql.Stmt, error)
} {
	if p.tx != nil {
		return p.tx
	}
	return p.conn
}

// step makes one call and returns what came of it.
func (p *play) step(op byte) string {
	p.n++
	arg := int(op) / 17
	switch op % 17 {
	case 0:
		return p.exec(fmt.Sprintf("put k%d %d", arg, p.n))
	case 1:
		return p.exec(fmt.Sprintf("del k%d", arg))
	case 2:
		return p.query("all")
	case 3:
		return p.query(fmt.Sprintf("rows %d", arg*3))
	case 4:
		return p.query(fmt.Sprintf("broken %d", arg))
	case 5:
		return p.query(fmt.Sprintf("sets %d", arg%4))
	case 6:
		return p.exec("fails") + p.query("fails")
	case 7:
		if p.tx != nil || p.rows != nil {
			return "in a transaction"
		}
		var err error
		p.tx, err = p.conn.BeginTx(p.ctx, nil)
		return say(err)
	case 8, 9:
		return p.endTx(op%17 == 8)
	case 10:
		if p.st != nil {
			return say(p.st.Close())
		}
		var err error
		p.st, err = p.user().PrepareContext(p.ctx, []string{"put p ?", "noprepare", "put q ? ?"}[arg%3])
		return say(err)
	case 11:
		if p.st == nil {
			return "no statement"
		}
		res, err := p.st.ExecContext(p.ctx, []any{p.n, "text", 1.5, []byte("x"), true, struct{}{}}[arg%6])
		return said(res, err)
	case 12, 13, 14:
		return p.read(arg)
	case 15:
		if p.rows == nil {
			return "no rows"
		}
		err := p.rows.Close()
		p.rows = nil
		return say(err)
	}
	return say(p.conn.PingContext(p.ctx))
}

func (p *play) exec(query string) string {
	res, err := p.user().ExecContext(p.ctx, query)
	return said(res, err)
}

func (p *play) query(query string) string {
	if p.rows != nil {
		return "rows are open"
	}
	rows, err := p.user().QueryContext(p.ctx, query)
	if err == nil {
		p.rows = rows
	}
	return say(err)
}

func (p *play) endTx(commit bool) string {
	tx := p.tx
	if tx == nil || p.rows != nil {
		return "no transaction"
	}
	p.tx = nil
	if p.st != nil {
		p.st.Close()
		p.st = nil
	}
	if commit {
		return say(tx.Commit())
	}
	return say(tx.Rollback())
}

// read reads up to n rows, or goes to the next result set.
func (p *play) read(n int) string {
	if p.rows == nil {
		return "no rows"
	}
	if n == 0 {
		return fmt.Sprint(p.rows.NextResultSet(), say(p.rows.Err()))
	}
	var list []string
	for len(list) < n && p.rows.Next() {
		var v string
		if err := p.rows.Scan(&v); err != nil {
			return say(err)
		}
		list = append(list, v)
	}
	cols, err := p.rows.Columns()
	return fmt.Sprint(list, cols, say(err), say(p.rows.Err()))
}

func (p *play) end() {
	if p.rows != nil {
		p.rows.Close()
	}
	if p.tx != nil {
		_ = p.tx.Rollback()
	}
	if p.st != nil {
		p.st.Close()
	}
	p.conn.Close()
}

// say returns err in a form that is the same for both.
func say(err error) string {
	if err == nil {
		return "ok"
	}
	if errors.Is(err, errFake) {
		return errFake.Error()
	}
	return err.Error()
}

func said(res sql.Result, err error) string {
	if err != nil {
		return say(err)
	}
	n, err := res.RowsAffected()
	_, none := res.LastInsertId()
	return fmt.Sprint(n, say(err), none)
}
