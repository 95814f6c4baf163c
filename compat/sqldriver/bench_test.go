package sqldriver

import (
	"context"
	"database/sql"
	"fmt"
	"testing"
)

// The bare driver does next to nothing, so what is seen is what the wrapper costs.
func benchDBs(b *testing.B, run func(b *testing.B, ctx context.Context, db *sql.DB)) {
	for _, cancellable := range []bool{false, true} {
		ctx := context.Background()
		if cancellable {
			ctx = b.Context()
		}
		for _, who := range []string{"bare", "ours", "ours batch=1"} {
			d := newFake(b)
			db := sql.OpenDB(dsnConnector{d, "legacy"})
			switch who {
			case "ours":
				db = open(b, d, "legacy", Options{})
			case "ours batch=1":
				db = open(b, d, "legacy", Options{Batch: 1})
			}
			b.Run(fmt.Sprintf("ctx=%v/%s", cancellable, who), func(b *testing.B) {
				b.ReportAllocs()
				run(b, ctx, db)
			})
			db.Close()
		}
	}
}

func BenchmarkExec(b *testing.B) {
	benchDBs(b, func(b *testing.B, ctx context.Context, db *sql.DB) {
		for b.Loop() {
			if _, err := db.ExecContext(ctx, "put a 1"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRows1000(b *testing.B) {
	benchDBs(b, func(b *testing.B, ctx context.Context, db *sql.DB) {
		for b.Loop() {
			rows, err := db.QueryContext(ctx, "rows 1000")
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
			}
			if err := rows.Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
