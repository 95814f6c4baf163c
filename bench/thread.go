package main

import (
	"runtime"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
)

// Calls of a function on a locked OS thread.

func callThread(r *kit.Rep) (kit.Figures, error) {
	t, err := executor.NewThread(executor.LocalOptions{})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	return r.Loop(func(n int) {
		for range n {
			if e := t.Call(executorBackground, func() {}); e != nil {
				err = e
			}
		}
	}), err
}

func callChannel(r *kit.Rep) (kit.Figures, error) {
	type call struct {
		f    func()
		done chan struct{}
	}
	calls := make(chan call)
	go func() {
		runtime.LockOSThread()
		for c := range calls {
			c.f()
			c.done <- struct{}{}
		}
	}()
	defer close(calls)
	c := call{f: func() {}, done: make(chan struct{})}
	return r.Loop(func(n int) {
		for range n {
			calls <- c
			<-c.done
		}
	}), nil
}
