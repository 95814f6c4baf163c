package nethttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/causeway-go/causeway/compat/nethttp"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// A server whose handlers are tasks of one Local: they share a counter without a
// lock, and one that waits holds nobody up. The client races two requests.
func Example() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	local := make(chan *executor.Local)
	go func() {
		l, err := executor.NewLocal(executor.LocalOptions{})
		if err != nil {
			panic(err)
		}
		local <- l
		_ = l.Run(ctx)
		_ = l.Close()
	}()
	count := 0
	s := &nethttp.Server{Server: http.Server{Handler: nethttp.Handler(<-local, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			count++ // no lock: all handlers run on one goroutine
			if r.URL.Path == "/slow" {
				_, _ = pollster.BlockOn(r.Context(), pollster.Timeout(pollster.Future[int](new(pollster.Promise[int])), time.Hour))
			}
			fmt.Fprintf(w, "%s, %d", r.URL.Path, min(count, 1))
		}))}}
	l, err := s.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go s.Serve(l)
	defer s.Close()

	t := nethttp.NewTransport(nil, nil)
	defer t.CloseIdleConnections()
	ask := func(path string) pollster.Future[*http.Response] {
		r, err := http.NewRequest("GET", "http://"+l.Addr().String()+path, nil)
		if err != nil {
			return pollster.Failed[*http.Response](err)
		}
		return t.Start(r)
	}
	resp, err := pollster.BlockOn(ctx, pollster.Race(ask("/slow"), ask("/quick"))) // the loser is cancelled
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	fmt.Println(string(b))
	// Output: /quick, 1
}
