package sqldriver

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
)

// hammerSteps takes the steps on many goroutines with contexts that end at any
// point of them.
func hammerSteps(t *testing.T, db *sql.DB) {
	names := []string{"ping", "reset", "exec", "query", "next set", "prepare", "close stmt", "begin", "commit"}
	hammer.Run(t, 8, func(int, int) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		switch rand.IntN(4) {
		case 0: // never ends
		case 1:
			stop := time.AfterFunc(time.Duration(rand.IntN(100))*time.Microsecond, cancel)
			defer stop.Stop()
		default:
			n := rand.IntN(50)
			go func() {
				for range n {
					runtime.Gosched()
				}
				cancel()
			}()
		}
		err := steps[names[rand.IntN(len(names))]](ctx, db)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, driver.ErrBadConn) && !errors.Is(err, sql.ErrTxDone) {
			t.Error(err)
		}
	})
}

// TestCancelAtAnyPoint wants nothing open and no goroutine left after contexts
// have ended at any point of anything.
func TestCancelAtAnyPoint(t *testing.T) {
	for _, name := range []string{"full", "legacy"} {
		for _, o := range []Options{{}, {Linger: -1, Batch: 1}} {
			t.Run(name, func(t *testing.T) {
				leak.Check(t)
				d := newFake(t)
				d.on(func(string, *fakeConn) error {
					for range rand.IntN(5) {
						runtime.Gosched()
					}
					return nil
				})
				db := open(t, d, name, o)
				db.SetMaxIdleConns(4)
				hammerSteps(t, db)
				db.Close()
				waitOpen(t, d)
			})
		}
	}
}
