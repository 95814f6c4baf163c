//go:build cgo

package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/compat/sqldriver/sqlite"
)

func ExampleOpen() {
	db, err := sqlite.Open(":memory:", sqldriver.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // each connection to :memory: is a database of its own

	// This counts for ever, until Interrupt stops it.
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	var n int
	err = db.QueryRowContext(ctx, "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c").Scan(&n)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	err = db.QueryRow("SELECT 42").Scan(&n)
	fmt.Println(n, err)
	// Output:
	// true
	// 42 <nil>
}
