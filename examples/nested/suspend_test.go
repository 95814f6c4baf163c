package main

import (
	"context"
	"testing"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

// A function that calls blocking code is suspended: its worker is free, and no
// other one has to stand in.
func TestABlockingCallSuspendsItsTask(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	ex, err := executor.New(executor.Options{StuckAfter: -1})
	if err != nil {
		t.Fatal(err)
	}
	pool, err := threadpool.New(threadpool.Options{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error)
	go func() { over <- ex.Run(ctx) }()

	release := make(chan struct{})
	blocked := executor.Go(ex, func(context.Context) (int, error) {
		return unblock.CallOn(context.Background(), pool, func() (int, error) {
			<-release
			return 1, nil
		})
	})
	for range 100 {
		if v, err := executor.Spawn(ex, pollster.Ready(2)).Wait(ctx); v != 2 || err != nil {
			t.Fatalf("%d, %v", v, err)
		}
	}
	close(release)
	if v, err := blocked.Wait(ctx); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
	if s := ex.Stats(); s.StandIns != 0 {
		t.Errorf("%+v", s)
	}
	stop()
	<-over
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
}
