//go:build cgo

package sqlite

// #include <stddef.h>
//
// // What the SQLite in package sqlite3 defines. It is a weak reference because the
// // object files of this package are linked alone first, where there is none.
// extern void sqlite3_interrupt(void *db) __attribute__((weak));
//
// static int causeway_interrupt(void *db) {
//	if (sqlite3_interrupt == NULL || db == NULL) {
//		return 0;
//	}
//	sqlite3_interrupt(db);
//	return 1;
// }
import "C"

import (
	"database/sql/driver"
	"reflect"

	"github.com/mattn/go-sqlite3"
)

// Interrupt makes the call that is running on c, a *sqlite3.SQLiteConn, return with
// sqlite3.ErrInterrupt at the next instruction of SQLite's virtual machine. It is
// made for sqldriver.Options.Interrupt, which sees to it that there is such a call:
// it must not be called while c may be closed. It does not block. Other
// connections are left alone.
func Interrupt(c driver.Conn) { interrupt(c) }

// interrupt reports whether there was something to call.
func interrupt(c driver.Conn) bool {
	conn, ok := c.(*sqlite3.SQLiteConn)
	if !ok {
		return false
	}
	// The driver exports neither the handle nor a way to interrupt.
	db := reflect.ValueOf(conn).Elem().FieldByName("db")
	if !db.IsValid() || db.Kind() != reflect.Pointer {
		return false
	}
	return C.causeway_interrupt(db.UnsafePointer()) != 0
}
