//go:build cgo

package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/mattn/go-sqlite3"
)

// benchDBs runs the driver alone and with ours, on the same file, one after the
// other in one process: it is the ratio that counts.
func benchDBs(b *testing.B, run func(b *testing.B, ctx context.Context, db *sql.DB)) {
	dsn := "file:" + filepath.Join(b.TempDir(), "bench.db") + "?_journal_mode=OFF&_sync=0"
	pool, err := threadpool.New(threadpool.Options{Limit: 8, Hint: threadpool.WillBlock})
	if err != nil {
		b.Fatal(err)
	}
	alone, err := sql.Open("sqlite3", dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer alone.Close()
	if _, err := alone.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<1000) INSERT INTO t SELECT i, 'some text ' || i FROM c"); err != nil {
		b.Fatal(err)
	}
	ours, err := sqldriver.Open(&sqlite3.SQLiteDriver{}, dsn, sqldriver.Options{Pool: pool, Interrupt: Interrupt})
	if err != nil {
		b.Fatal(err)
	}
	defer ours.Close()
	hookless, err := sqldriver.Open(&sqlite3.SQLiteDriver{}, dsn, sqldriver.Options{Pool: pool})
	if err != nil {
		b.Fatal(err)
	}
	defer hookless.Close()
	for _, ctx := range []context.Context{context.Background(), b.Context()} {
		for _, who := range []struct {
			name string
			db   *sql.DB
		}{{"alone", alone}, {"ours", ours}, {"ours-nohook", hookless}} {
			b.Run(fmt.Sprintf("ctx=%v/%s", ctx.Done() != nil, who.name), func(b *testing.B) {
				b.ReportAllocs()
				run(b, ctx, who.db)
			})
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	benchDBs(b, func(b *testing.B, ctx context.Context, db *sql.DB) {
		for b.Loop() {
			if _, err := db.ExecContext(ctx, "UPDATE t SET x = 'other' WHERE id = ?", 7); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkOneRow(b *testing.B) {
	benchDBs(b, func(b *testing.B, ctx context.Context, db *sql.DB) {
		for b.Loop() {
			var x string
			if err := db.QueryRowContext(ctx, "SELECT x FROM t WHERE id = ?", 7).Scan(&x); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkThousandRows(b *testing.B) {
	benchDBs(b, func(b *testing.B, ctx context.Context, db *sql.DB) {
		for b.Loop() {
			rows, err := db.QueryContext(ctx, "SELECT id, x FROM t")
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
				var id int64
				var x sql.RawBytes
				if err := rows.Scan(&id, &x); err != nil {
					b.Fatal(err)
				}
			}
			if err := rows.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
