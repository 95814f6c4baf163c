package sqldriver

import (
	"bytes"
	"context"
	"database/sql/driver"
	"io"
	"reflect"
	"time"
)

// Bounds of a batch of rows beside their number.
const (
	// batchTime is after how long no more is drawn. Only a batch that got full
	// by then lets the next be larger, so rows that come slowly are passed on
	// one by one.
	batchTime = 100 * time.Microsecond
	// batchBytes is how much the strings and bytes of a batch may come to.
	batchBytes = 64 << 10
)

// A rows is the result of a query. Rows are drawn several at once while they come
// quickly, because entering the pool for each costs as much as many drivers need
// for a row, and handing it to another goroutine several times that. Between
// batches nothing runs, so whatever else is done on the connection finds the
// driver at rest.
type rows struct {
	c     *conn
	under driver.Rows
	ctx   context.Context // that of the query

	want int // rows to draw next
	most int // rows to draw at most

	// What has been drawn: n rows of width values, of which those before at
	// have been returned, and then err if it is not nil.
	buf   []driver.Value
	width int
	n, at int
	err   error

	cols     []string     // known once asked for, or when closed
	types    []columnType // what may still be asked of closed rows
	closed   bool         // under is
	closeErr error
}

func (r *rows) base() *rows { return r }

// Columns implements driver.Rows. It is called on the calling goroutine.
func (r *rows) Columns() []string {
	if r.cols == nil && !r.closed && !r.c.lost {
		r.cols = r.under.Columns()
	}
	return r.cols
}

// Next implements driver.Rows.
func (r *rows) Next(dest []driver.Value) error {
	if end := over(r.ctx); end != nil {
		return end
	}
	if r.at < r.n {
		return r.take(dest)
	}
	if r.err != nil {
		return r.err
	}
	r.width = len(dest)
	if err := r.c.do(r.ctx, r.c.normal(), r); err != nil {
		return err
	}
	if r.err != nil && r.err != io.EOF {
		r.err = r.c.wrapEnded(r.err)
	}
	if r.n == 0 {
		return r.err
	}
	return r.take(dest)
}

// take returns the next row that has been drawn.
func (r *rows) take(dest []driver.Value) error {
	copy(dest, r.buf[r.at*r.width:][:r.width])
	r.at++
	return nil
}

// run implements work: it draws a batch.
func (r *rows) run() {
	if len(r.buf) < r.want*r.width {
		r.buf = make([]driver.Value, r.want*r.width)
	}
	r.n, r.at = 0, 0
	start := time.Now()
	size, took := 0, time.Duration(0)
	for r.n < r.want && size < batchBytes && took < batchTime {
		row := r.buf[r.n*r.width:][:r.width]
		if r.err = r.under.Next(row); r.err != nil {
			break
		}
		r.n++
		if r.cursors(row) {
			r.want, r.most = 1, 1
		}
		if r.n >= r.want {
			break
		}
		size += own(row) // for the driver may write over it now
		took = time.Since(start)
	}
	if r.err == io.EOF {
		r.closeAtEnd()
	} else if r.n == r.want {
		r.want = min(2*r.want, r.most)
	}
}

// drop implements work. The rows are on the connection's list, which is closed.
func (r *rows) drop() {}

// own makes a row's bytes its own, and returns how many there are, strings
// included.
func own(row []driver.Value) (size int) {
	for i, v := range row {
		switch v := v.(type) {
		case []byte:
			row[i] = bytes.Clone(v)
			size += len(v)
		case string:
			size += len(v)
		}
	}
	return size
}

// cursors wraps values that are rows themselves and reports whether there are any.
// They have to be read before the next row is drawn.
func (r *rows) cursors(row []driver.Value) (any bool) {
	for i, v := range row {
		if under, ok := v.(driver.Rows); ok {
			row[i] = rowsOf(r.c.newRows(r.ctx, under))
			any = true
		}
	}
	return any
}

// closeAtEnd closes the rows below when there is nothing more to come from them,
// since database/sql would do that next.
func (r *rows) closeAtEnd() {
	if n, ok := r.under.(driver.RowsNextResultSet); ok && n.HasNextResultSet() {
		return
	}
	if r.cols == nil {
		r.cols = r.under.Columns()
	}
	if r.n > 0 {
		r.types = describe(r.under, len(r.cols))
	}
	r.closeUnder()
}

func (r *rows) closeUnder() {
	if !r.closed {
		r.closed = true
		r.closeErr = r.under.Close()
	}
}

// Close implements driver.Rows. It is waited for as long as the context of the
// query lasts, and for Options.Grace after that.
func (r *rows) Close() error {
	c := r.c
	if c.lost {
		return nil // somebody does
	}
	if !r.closed {
		if err := c.finish(r.ctx, thunk(r.closeUnder)); err != nil {
			return err
		}
	}
	c.rows = without(c.rows, r)
	return r.closeErr
}

// atRest reports whether the rows below may be asked about themselves.
func (r *rows) atRest() bool { return !r.closed && !r.c.lost }

// A rowsSets adds driver.RowsNextResultSet to a rows.
type rowsSets rows

// HasNextResultSet implements driver.RowsNextResultSet. It is called on the calling
// goroutine.
func (x *rowsSets) HasNextResultSet() bool {
	return (*rows)(x).atRest() && x.under.(driver.RowsNextResultSet).HasNextResultSet()
}

// NextResultSet implements driver.RowsNextResultSet.
func (x *rowsSets) NextResultSet() error {
	r := (*rows)(x)
	if r.closed {
		return io.EOF
	}
	var err error
	if e := r.c.do(r.ctx, r.c.normal(), thunk(func() { err = r.under.(driver.RowsNextResultSet).NextResultSet() })); e != nil {
		return e
	}
	r.n, r.at, r.err, r.cols, r.want = 0, 0, nil, nil, 1
	return r.c.wrapEnded(err)
}

// A columnType is what rows say about one of their columns.
type columnType struct {
	scan             reflect.Type
	name             string
	length           int64
	precision, scale int64

	hasLength, nullable, hasNullable, hasPrecision bool
}

// describe asks rows about their n columns, as they are about to be closed while some of
// what they had has not been returned yet: until then the caller may ask.
func describe(under driver.Rows, n int) []columnType {
	scan, hasScan := under.(driver.RowsColumnTypeScanType)
	name, hasName := under.(driver.RowsColumnTypeDatabaseTypeName)
	length, hasLength := under.(driver.RowsColumnTypeLength)
	nullable, hasNullable := under.(driver.RowsColumnTypeNullable)
	precision, hasPrecision := under.(driver.RowsColumnTypePrecisionScale)
	if !hasScan && !hasName && !hasLength && !hasNullable && !hasPrecision {
		return nil
	}
	types := make([]columnType, n)
	for i := range types {
		t := &types[i]
		if hasScan {
			t.scan = scan.ColumnTypeScanType(i)
		}
		if hasName {
			t.name = name.ColumnTypeDatabaseTypeName(i)
		}
		if hasLength {
			t.length, t.hasLength = length.ColumnTypeLength(i)
		}
		if hasNullable {
			t.nullable, t.hasNullable = nullable.ColumnTypeNullable(i)
		}
		if hasPrecision {
			t.precision, t.scale, t.hasPrecision = precision.ColumnTypePrecisionScale(i)
		}
	}
	return types
}

// known returns what is known of a column of rows that are closed.
func (r *rows) known(i int) columnType {
	t := columnType{}
	if i < len(r.types) {
		t = r.types[i]
	}
	if t.scan == nil {
		t.scan = reflect.TypeFor[any]()
	}
	return t
}

// The following add what rows say about their columns. They are called on the
// calling goroutine.
type (
	rowsScan      rows // driver.RowsColumnTypeScanType
	rowsName      rows // driver.RowsColumnTypeDatabaseTypeName
	rowsLength    rows // driver.RowsColumnTypeLength
	rowsNullable  rows // driver.RowsColumnTypeNullable
	rowsPrecision rows // driver.RowsColumnTypePrecisionScale
)

// ColumnTypeScanType implements driver.RowsColumnTypeScanType.
func (x *rowsScan) ColumnTypeScanType(i int) reflect.Type {
	if r := (*rows)(x); !r.atRest() {
		return r.known(i).scan
	}
	return x.under.(driver.RowsColumnTypeScanType).ColumnTypeScanType(i)
}

// ColumnTypeDatabaseTypeName implements driver.RowsColumnTypeDatabaseTypeName.
func (x *rowsName) ColumnTypeDatabaseTypeName(i int) string {
	if r := (*rows)(x); !r.atRest() {
		return r.known(i).name
	}
	return x.under.(driver.RowsColumnTypeDatabaseTypeName).ColumnTypeDatabaseTypeName(i)
}

// ColumnTypeLength implements driver.RowsColumnTypeLength.
func (x *rowsLength) ColumnTypeLength(i int) (int64, bool) {
	if r := (*rows)(x); !r.atRest() {
		t := r.known(i)
		return t.length, t.hasLength
	}
	return x.under.(driver.RowsColumnTypeLength).ColumnTypeLength(i)
}

// ColumnTypeNullable implements driver.RowsColumnTypeNullable.
func (x *rowsNullable) ColumnTypeNullable(i int) (nullable, ok bool) {
	if r := (*rows)(x); !r.atRest() {
		t := r.known(i)
		return t.nullable, t.hasNullable
	}
	return x.under.(driver.RowsColumnTypeNullable).ColumnTypeNullable(i)
}

// ColumnTypePrecisionScale implements driver.RowsColumnTypePrecisionScale.
func (x *rowsPrecision) ColumnTypePrecisionScale(i int) (precision, scale int64, ok bool) {
	if r := (*rows)(x); !r.atRest() {
		t := r.known(i)
		return t.precision, t.scale, t.hasPrecision
	}
	return x.under.(driver.RowsColumnTypePrecisionScale).ColumnTypePrecisionScale(i)
}
