package sqldriver

import (
	"database/sql/driver"
	"io"
	"reflect"
)

// sayingRows have much to say about their columns.
type sayingRows struct{ driver.Rows }

func (sayingRows) ColumnTypeScanType(int) reflect.Type        { return reflect.TypeFor[int32]() }
func (sayingRows) ColumnTypeDatabaseTypeName(int) string      { return "INT" }
func (sayingRows) ColumnTypeLength(int) (int64, bool)         { return 7, true }
func (sayingRows) HasNextResultSet() bool                     { return true }
func (sayingRows) NextResultSet() error                       { return nil }
func (sayingRows) ColumnTypeNullable(int) (nullable, ok bool) { return true, true }
func (sayingRows) ColumnTypePrecisionScale(int) (precision, scale int64, ok bool) {
	return 3, 4, true
}

// endingRows are rows of two columns that say as much, and come to an end.
type endingRows struct {
	sayingRows
	left   int
	closed bool
}

func (r *endingRows) Columns() []string      { return []string{"a", "b"} }
func (r *endingRows) HasNextResultSet() bool { return false }
func (r *endingRows) Close() error           { r.closed = true; return nil }
func (r *endingRows) Next([]driver.Value) error {
	if r.left == 0 {
		return io.EOF
	}
	r.left--
	return nil
}

// A sayingStmt has opinions on its arguments.
type sayingStmt struct{ driver.Stmt }

func (sayingStmt) CheckNamedValue(v *driver.NamedValue) error {
	v.Value = "checked"
	return nil
}

func (sayingStmt) ColumnConverter(int) driver.ValueConverter { return driver.Bool }
