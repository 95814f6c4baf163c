package meet_test

import (
	"context"
	"fmt"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/executor/meet"
)

// A goroutine sends, a task receives. The task is suspended while it waits, so
// its worker is free for others; the goroutine parks. Neither knows what the
// other is.
func ExampleChan() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ex, _ := executor.New(executor.Options{})
	go ex.Run(ctx)

	c := meet.NewChan[int](1)
	go func() {
		for i := range 4 {
			c.Send(ctx, i)
		}
		c.Close() // the receiver gets what is left, and then ErrClosed
	}()
	sum := executor.Go(ex, func(ctx context.Context) (sum int, _ error) {
		for {
			v, err := c.Recv(ctx)
			if err == meet.ErrClosed {
				return sum, nil
			}
			sum += v
		}
	})
	fmt.Println(sum.Wait(ctx))
	// Output: 6 <nil>
}
