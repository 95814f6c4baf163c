//go:build cgo

package sqlite

import (
	"database/sql"

	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/mattn/go-sqlite3"
)

// Open returns a database of SQLite for the data source dsn, whose calls run and
// are left as opts say. Without a hook in opts, Interrupt is used. It does not
// block; the file is opened with the first connection.
func Open(dsn string, opts sqldriver.Options) (*sql.DB, error) {
	if opts.Interrupt == nil {
		opts.Interrupt = Interrupt
	}
	return sqldriver.Open(&sqlite3.SQLiteDriver{}, dsn, opts)
}
