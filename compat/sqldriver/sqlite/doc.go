// Package sqlite is what sqldriver needs to know about SQLite as
// github.com/mattn/go-sqlite3 brings it to Go: how a call is stopped.
//
//	db, err := sqlite.Open("file:app.db?_busy_timeout=5000", sqldriver.Options{Pool: pool})
//
// The driver heeds contexts in much of what it does, by sqlite3_interrupt: the
// virtual machine of SQLite looks for that between two instructions. So what a
// context does not end is what takes long inside of one instruction, and what waits
// elsewhere:
//
//	waiting for a lock, up to the busy timeout    Exec, Query, Begin, Commit
//	one function over much data                   hex(randomblob(200000000))
//	a function written in Go                      whatever it does
//	COMMIT and ROLLBACK                           the driver knows no context there
//	preparing, opening, closing                   the same
//
// With package sqldriver all of these are left when the context ends. The tests of
// this package show each with the driver alone and with both.
//
// This is a module of its own, because it needs cgo and a C compiler.
package sqlite
