package causeway_test

import (
	"context"
	"fmt"

	"github.com/causeway-go/causeway/pollster"
)

// A callback fills a promise, and ordinary blocking code waits for it.
func Example() {
	var p pollster.Promise[string]

	// Somewhere an event loop, a driver or a C library calls back, once.
	callback := func(s string) { p.Resolve(s) }
	go callback("the answer")

	v, err := pollster.BlockOn(context.Background(), &p)
	fmt.Println(v, err)
	// Output: the answer <nil>
}

// A future is an interface of one method. This one counts down, and asks to be
// polled again until it has finished.
func Example_future() {
	n := 3
	countdown := pollster.Func[string](func(w *pollster.Waker) (string, bool, error) {
		if n == 0 {
			return "lift-off", true, nil
		}
		fmt.Println(n)
		n--
		w.Wake() // there is more to do: poll again
		return "", false, nil
	})

	v, err := pollster.BlockOn(context.Background(), countdown)
	fmt.Println(v, err)
	// Output:
	// 3
	// 2
	// 1
	// lift-off <nil>
}
