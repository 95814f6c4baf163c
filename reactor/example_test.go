package reactor_test

import (
	"context"
	"fmt"
	"time"

	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

// A timer is a future like any other: wait for it on a goroutine, or combine it.
func ExampleSleep() {
	_, err := pollster.BlockOn(context.Background(), reactor.Sleep(time.Millisecond))
	fmt.Println(err)
	// Output: <nil>
}
