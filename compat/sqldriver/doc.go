// Package sqldriver makes any database/sql driver one whose blocking calls run in
// a pool with a limit of their own, and can be left.
//
//	db, err := sqldriver.Open(&sqlite3.SQLiteDriver{}, "file:app.db", sqldriver.Options{Pool: pool})
//	rows, err := db.QueryContext(ctx, query)   // returns when ctx ends, whatever SQLite is doing
//
// Package database/sql has contexts everywhere, and passes them on to the driver.
// What becomes of them there is the driver's affair: it may look at them before the
// call and never again, it may honour them in queries and not while it opens,
// commits, waits for a lock or draws a row, or it may have been written before
// there were any. A driver that calls a C library holds an OS thread all the
// while. This package stands between the two:
//
//   - Calls run in the slots of a threadpool.Pool, so there are never more of
//     them, and of their threads, than its limit, however many connections there
//     are.
//   - A call returns when its context ends. The driver's call goes on by itself
//     if it must; its connection is given up, and closed with all that is open on
//     it when the call has returned.
//   - Where the driver has a way to stop a call, it is used; see
//     Options.Interrupt.
//   - Waits know where they are: in a function task a call suspends the task, in a
//     job of a pool it gives the job's slot to another.
//
// # Three ways in
//
//	a driver and a data source name     Open
//	a driver, to be registered          New, with sql.Register
//	a connector                         NewConnector, with sql.OpenDB
//
// What database/sql finds is what the driver has: every optional interface that
// makes a difference to it is there just when the driver's own value has it, and
// what a driver without contexts lacks is made up for as database/sql would.
//
// # What happens when a context ends
//
//	the call waits for a slot    it is never made; the connection is as it was
//	it is running                the hook is called if there is one; for
//	                             Options.Linger it may still return, and then its
//	                             result counts
//	it goes on                   the caller gets an error that wraps ErrLeft and the
//	                             end of the context; the connection is lost
//
// A lost connection answers with driver.ErrBadConn, and database/sql replaces it.
// Whether the call that was left takes effect in the end is unknown, as with a
// connection to a server that breaks. In a transaction, calls whose own context
// cannot end are left when the transaction's ends; Commit is too.
//
// Closing rows and rolling back are waited for after the end of their context,
// since the connection is worth it, but not longer than Options.Grace.
//
// # Costs
//
// A call whose context cannot end runs on the calling goroutine, in a slot. One
// that can be left is handed to a goroutine of the pool, for less than a
// microsecond. For rows this would be paid for each, so they are drawn in batches,
// which start with one row and grow only while rows come quickly.
//
// # Caveats
//
//   - A call that is left keeps its slot until it returns. When every slot is held
//     so, further calls wait, and return when their contexts end.
//   - Rows that are drawn ahead are taken before they are asked for: a row that
//     comes late after many quick ones delays those drawn with it. Options.Batch
//     of 1 prevents that.
//   - Stmt.Close does not block, because database/sql calls it with a lock held
//     that all of the database needs. The driver's statement is closed by the
//     next call on the connection, and errors of that are dropped.
//   - The functions of sql.Conn.Raw get the connection of this package: see Unwrap
//     and Run.
//   - database/sql has waits of its own, for a connection if there is
//     SetMaxOpenConns, and for locks. They block the worker of a task. In tasks
//     leave the number of connections open and let the pool be the limit, and do
//     not close a prepared statement while another task uses it.
//   - Methods that database/sql takes for quick, such as Columns, NumInput,
//     CheckNamedValue and those of Result, are called on the calling goroutine.
//
// # Panics
//
// A panic in the driver comes out of the call, as a *threadpool.PanicError if it was
// made on another goroutine; if nobody waits for it any more it goes to the pool's
// OnPanic. runtime.Goexit in the driver ends the caller, or is
// threadpool.ErrGoexit. In each case the connection is lost.
package sqldriver
