package executor_test

import (
	"context"
	"fmt"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

func ExampleExecutor_Tasks() {
	ex, err := executor.New(executor.Options{Inspect: true})
	if err != nil {
		panic(err)
	}
	var reply pollster.Promise[string]
	executor.GoAttr(ex, executor.Attr{Name: "ask"}, func(ctx context.Context) (string, error) {
		return pollster.BlockOn[string](ctx, &reply)
	})
	ex.TryTick()
	for _, t := range ex.Tasks() {
		fmt.Println(t.Name, "is", t.State, "after", t.Polls, "poll; where is known:", len(t.Stack) > 0)
	}
	reply.Resolve("yes")
	ex.TryTick()
	fmt.Println(len(ex.Tasks()), "tasks left")
	// Output:
	// ask is waiting after 1 poll; where is known: true
	// 0 tasks left
}

func ExampleSpawnDetached() {
	ex, err := executor.New(executor.Options{})
	if err != nil {
		panic(err)
	}
	executor.SpawnDetached(ex, pollster.Func[struct{}](func(*pollster.Waker) (struct{}, bool, error) {
		fmt.Println("nobody waits for this")
		return struct{}{}, true, nil
	}))
	ex.TryTick()
	// Output:
	// nobody waits for this
}
