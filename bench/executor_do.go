package main

import (
	"context"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
)

var doScenario = kit.Scenario{
	Name: "executor/do",
	Doc:  "Have a function run as a task, from a goroutine outside that waits for it, while two workers have nothing else to do: by Do; by Go and Wait; on a goroutine, over a channel; on a goroutine that is there, over two.",
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: doFromOutside(func(ex *executor.Executor) { _, _ = executor.Do(context.Background(), ex, justOne) })},
		{Name: "causeway-go-wait", Measure: doFromOutside(func(ex *executor.Executor) { _, _ = executor.Go(ex, justOne).Wait(context.Background()) })},
		{Name: "goroutine", Measure: doFromOutside(func(*executor.Executor) {
			done := make(chan int, 1)
			go func() { v, _ := justOne(context.Background()); done <- v }()
			<-done
		})},
		{Name: "goroutine-kept", Measure: askGoroutine},
	},
}

func justOne(context.Context) (int, error) { return 1, nil }

// doFromOutside measures do, which waits for one function.
func doFromOutside(do func(*executor.Executor)) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		ex, err := executor.New(executor.Options{})
		if err != nil {
			return nil, err
		}
		defer ex.Close()
		for range 2 {
			go ex.Run(context.Background())
		}
		return r.Loop(func(n int) {
			for range n {
				do(ex)
			}
		}), nil
	}
}
