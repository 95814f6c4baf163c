package sqldriver

import (
	"context"
	"database/sql/driver"
	"testing"
)

// is reports whether x is a T.
func is[T any](x any) bool {
	_, ok := x.(T)
	return ok
}

func bits(of ...bool) (set int) {
	for i, b := range of {
		if b {
			set |= 1 << i
		}
	}
	return set
}

func connSet(c driver.Conn) int {
	return bits(is[driver.ExecerContext](c), is[driver.QueryerContext](c), is[driver.Pinger](c), is[driver.SessionResetter](c), is[driver.NamedValueChecker](c))
}

func stmtSet(s driver.Stmt) int {
	//lint:ignore SA1019 it is what old drivers have
	return bits(is[driver.NamedValueChecker](s), is[driver.ColumnConverter](s))
}

func rowsSet(r driver.Rows) int {
	return bits(is[driver.RowsColumnTypeScanType](r), is[driver.RowsColumnTypeDatabaseTypeName](r), is[driver.RowsColumnTypeLength](r),
		is[driver.RowsColumnTypeNullable](r), is[driver.RowsColumnTypePrecisionScale](r), is[driver.RowsNextResultSet](r))
}

// TestInterfacesAreThoseOfTheDriver wraps, for every set of optional interfaces, a
// value that has just these, and looks which the wrapper has. The values come
// from the tables themselves, whose every entry is checked first.
func TestInterfacesAreThoseOfTheDriver(t *testing.T) {
	pool := newPool(t, 1)
	newConn := func(under driver.Conn) *conn { return &conn{opts: &Options{}, pool: pool, under: under} }
	for set, make := range conns {
		under := make(newConn(nil))
		if got := connSet(under); got != set {
			t.Errorf("conns[%05b] has %05b", set, got)
		}
		c := connOf(newConn(under))
		if got := connSet(c); got != set {
			t.Errorf("connection with %05b wrapped has %05b", set, got)
		}
		if !is[driver.ConnPrepareContext](c) || !is[driver.ConnBeginTx](c) || !is[driver.Validator](c) {
			t.Errorf("connection with %05b wrapped lacks what all have", set)
		}
		//lint:ignore SA1019 they must not be there
		if is[driver.Execer](c) || is[driver.Queryer](c) {
			t.Errorf("connection with %05b wrapped has a form without context", set)
		}
	}
	for set, make := range stmts {
		under := make(&stmt{c: newConn(nil), under: sayingStmt{}})
		if s, ok := under.(driver.NamedValueChecker); ok && s.CheckNamedValue(new(driver.NamedValue)) != nil {
			t.Errorf("stmts[%02b] does not check", set)
		}
		//lint:ignore SA1019 it is what old drivers have
		if s, ok := under.(driver.ColumnConverter); ok && s.ColumnConverter(0) != driver.ValueConverter(driver.Bool) {
			t.Errorf("stmts[%02b] does not convert", set)
		}
		if got := stmtSet(under); got != set {
			t.Errorf("stmts[%02b] has %02b", set, got)
		}
		s := stmtOf(&stmt{under: under})
		if got := stmtSet(s); got != set {
			t.Errorf("statement with %02b wrapped has %02b", set, got)
		}
		if !is[driver.StmtExecContext](s) || !is[driver.StmtQueryContext](s) {
			t.Errorf("statement with %02b wrapped lacks what all have", set)
		}
	}
	c := newConn(nil)
	for set := range 64 {
		table := rowsWithout[:]
		if set >= 32 {
			table = rowsWithSets[:]
		}
		under := table[set%32](&rows{c: c, under: sayingRows{}, ctx: t.Context()})
		listen(t, set, under)
		if got := rowsSet(under); got != set {
			t.Errorf("rows table at %06b has %06b", set, got)
		}
		if got := rowsSet(rowsOf(&rows{under: under})); got != set {
			t.Errorf("rows with %06b wrapped have %06b", set, got)
		}
	}
}

func TestLegacyDriverGetsContexts(t *testing.T) {
	d := newFake(t)
	pool := newPool(t, 1)
	for name, want := range map[string]int{"legacy": 3, "": 31} {
		c, err := New(d, Options{Pool: pool}).Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := connSet(c); got != want {
			t.Errorf("%q has %05b, want %05b", name, got, want)
		}
		c.Close()
	}
	fake := &fakeConn{db: d}
	d.conns.Add(1)
	opts := Options{}.withDefaults()
	bare := connOf(&conn{opts: &opts, pool: pool, under: bareConn{fake}})
	if got := connSet(bare); got != 0 {
		t.Errorf("a connection without anything has %05b", got)
	}
	if _, err := bare.(driver.ConnBeginTx).BeginTx(context.Background(), driver.TxOptions{ReadOnly: true}); err == nil {
		t.Error("a driver without BeginTx has begun a read-only transaction")
	}
	bare.Close()
	if s := d.open(); s != "0 conns, 0 stmts, 0 rows, 0 txs" {
		t.Error(s)
	}
}

// listen asks r what it has to say, which is sayingRows's.
func listen(t *testing.T, set int, r driver.Rows) {
	said := describes(r)
	if r, ok := r.(driver.RowsNextResultSet); ok {
		said = said && r.HasNextResultSet() && r.NextResultSet() == nil
	}
	if !said {
		t.Errorf("rows with %06b say something else", set)
	}
}

// describes reports whether r says of its second column what sayingRows does.
func describes(r driver.Rows) bool {
	said := true
	if r, ok := r.(driver.RowsColumnTypeScanType); ok {
		said = said && r.ColumnTypeScanType(1) == sayingRows{}.ColumnTypeScanType(1)
	}
	if r, ok := r.(driver.RowsColumnTypeDatabaseTypeName); ok {
		said = said && r.ColumnTypeDatabaseTypeName(1) == "INT"
	}
	if r, ok := r.(driver.RowsColumnTypeLength); ok {
		n, ok := r.ColumnTypeLength(1)
		said = said && n == 7 && ok
	}
	if r, ok := r.(driver.RowsColumnTypeNullable); ok {
		n, ok := r.ColumnTypeNullable(1)
		said = said && n && ok
	}
	if r, ok := r.(driver.RowsColumnTypePrecisionScale); ok {
		p, s, ok := r.ColumnTypePrecisionScale(1)
		said = said && p == 3 && s == 4 && ok
	}
	return said
}
