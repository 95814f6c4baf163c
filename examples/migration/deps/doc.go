// Package deps is what the service of this example depends on, and cannot throw
// away: a database in SQLite, files, and a vendor's client for prices that was
// written before contexts. No step of the migration changes anything here.
package deps
