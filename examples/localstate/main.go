// Command localstate keeps state that is not safe for concurrent use, an
// ordinary map, and a hundred activities that change it and wait in between,
// without a lock: they are tasks of one executor.Local, so they take turns, and a
// turn ends only where a task waits.
//
//	go run ./examples/localstate
//
// Run it with -race to see that nothing is shared.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

const (
	clerks    = 100
	transfers = 50
	accounts  = 10
	opening   = 1000
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(out io.Writer) error {
	local, err := executor.NewLocal(executor.LocalOptions{})
	if err != nil {
		return err
	}
	defer local.Close()

	// The state. Only tasks of local touch it while they run.
	balance := make(map[int]int)
	for i := range accounts {
		balance[i] = opening
	}
	refused := 0

	ctx, stop := context.WithCancel(context.Background())
	office := executor.Go(local, func(ctx context.Context) (int, error) {
		defer stop()
		// A scope: the office closes when the last clerk has gone.
		return 0, executor.Within(ctx, local, func(s *executor.Scope) error {
			for clerk := range clerks {
				executor.Go(s, func(ctx context.Context) (int, error) {
					for i := range transfers {
						from, to := (clerk+i)%accounts, (clerk*i+1)%accounts
						amount := 10 * (i % 40)
						// Nobody comes between the look and the leap: there
						// is no wait in this block.
						if balance[from] < amount {
							refused++
						} else {
							balance[from] -= amount
							balance[to] += amount
						}
						// Here the others have their turn.
						if err := paperwork(ctx); err != nil {
							return 0, err
						}
					}
					return 0, nil
				})
			}
			return nil
		})
	})
	_ = local.Run(ctx) // on this goroutine, until stop
	if _, err := office.Wait(context.Background()); err != nil {
		return err
	}

	total := 0
	for _, b := range balance {
		total += b
	}
	fmt.Fprintf(out, "%d transfers by %d clerks, some refused: %v\n", clerks*transfers, clerks, refused > 0)
	fmt.Fprintf(out, "money at the start %d, at the end %d\n", accounts*opening, total)
	return nil
}

// paperwork takes some time that is spent elsewhere.
func paperwork(ctx context.Context) error {
	var done pollster.Promise[struct{}]
	time.AfterFunc(10*time.Microsecond, func() { done.Resolve(struct{}{}) })
	_, err := pollster.BlockOn(ctx, pollster.Future[struct{}](&done))
	return err
}
