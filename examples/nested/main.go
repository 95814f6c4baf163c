// Command nested lets blocking code and futures call each other a thousand
// levels deep, in mixed order, on one worker and one pool thread: a function
// task calls blocking code in the pool, which spawns a future and waits for it,
// whose Poll calls blocking code, which starts a goroutine, and so on. Each
// level waits for the next by the same one call, which finds out where it is.
//
//	go run ./examples/nested -depth 1000
//
// The same with tokio is a panic («Cannot start a runtime from within a
// runtime»), and with a pool of one thread a deadlock.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

func main() {
	depth := flag.Int("depth", 1000, "nest `n` levels")
	flag.Parse()
	if err := run(*depth, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A nest is the world that the levels live in.
type nest struct {
	ex    *executor.Executor // with one worker
	pool  *threadpool.Pool   // with one thread
	waits map[string]int     // by where
	out   io.Writer
	shown int
}

func run(depth int, out io.Writer) error {
	ex, err := executor.New(executor.Options{})
	if err != nil {
		return err
	}
	pool, err := threadpool.New(threadpool.Options{Limit: 1})
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	over := make(chan error)
	go func() { over <- ex.Run(ctx) }()

	n := &nest{ex: ex, pool: pool, waits: make(map[string]int), out: out}
	reached, err := n.level("main", depth)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "reached %d levels on 1 worker and 1 pool thread\n", reached)
	for _, where := range places {
		fmt.Fprintf(out, "%5d waits in %-15s %s\n", n.waits[where.name], where.name, where.how)
	}
	stop()
	<-over
	if err := ex.Close(); err != nil {
		return err
	}
	return pool.Close()
}

// places are where a level can stand, and what its wait does there.
var places = []struct{ name, how string }{
	{"main", "parks the goroutine"},
	{"a function task", "suspends the task; the worker goes on"},
	{"a pool job", "parks; the pool lets another job run in its place"},
	{"a Poll", "parks; another worker stands in"},
	{"a goroutine", "parks the goroutine"},
}

// level is ordinary blocking code. It stands somewhere, starts the next level
// somewhere else, and waits for it. It does not know what its caller is.
func (n *nest) level(where string, depth int) (int, error) {
	if depth == 0 {
		return 0, nil
	}
	n.waits[where]++ // no lock: one level runs at a time
	ctx := context.Background()
	next := places[1+depth%(len(places)-1)].name
	if n.shown < 8 {
		fmt.Fprintf(n.out, "%*s%s waits for %s\n", 2*n.shown, "", where, next)
		n.shown++
	}
	below := func() (int, error) { return n.level(next, depth-1) }
	var v int
	var err error
	switch next {
	case "a function task":
		v, err = executor.Go(n.ex, func(context.Context) (int, error) { return below() }).Wait(ctx)
	case "a pool job":
		v, err = unblock.CallOn(ctx, n.pool, below)
	case "a Poll":
		v, err = executor.Spawn(n.ex, pollster.Future[int](pollster.Func[int](
			func(*pollster.Waker) (int, bool, error) {
				v, err := below()
				return v, true, err
			}))).Wait(ctx)
	case "a goroutine":
		var p pollster.Promise[int]
		go func() {
			if v, err := below(); err != nil {
				p.Reject(err)
			} else {
				p.Resolve(v)
			}
		}()
		v, err = pollster.BlockOn(ctx, pollster.Future[int](&p))
	}
	return v + 1, err
}
