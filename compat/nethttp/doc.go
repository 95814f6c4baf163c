// Package nethttp joins package net/http to tasks, reactors and futures: a handler
// that is a function task, a server whose connections suspend a task, and a client
// whose requests are futures and can always be left.
//
//	s := &nethttp.Server{Server: http.Server{Handler: nethttp.Handler(ex, mux)}}
//	client := &http.Client{Transport: nethttp.NewTransport(nil, nil)}
//
// # When it is worth it
//
// net/http has a goroutine for each connection, and that is a good design. A
// [Handler] keeps this goroutine and adds a task; it saves nothing. What it
// gives: handlers on a Local, or a window's thread, that share data without
// locks; a number of workers, and priorities, for the code of handlers; the end of
// a handler that waits, when its client leaves, even where it does not watch a
// context. Behind a [Server] whose executor has an idle worker the goroutine of the
// request takes that one's place up to the handler's first wait (see executor.Do),
// which costs 0.3 µs, and the copy of the request with its context; with the
// garbage of these two allocations that was 6 to 9 % of an empty request with 32
// connections that keep every processor busy, 7 % or less where the handler
// computes for 15 µs, and did not show with one connection. Where no worker is idle,
// and behind a server of package net, it is a hand-over to a worker and back, 2 to
// 4 µs of processor time.
//
// A [Server] without that is as fast as http.Server, to within 5 %. A [Transport]
// is worth it wherever a name server may hang.
//
// # Name servers that hang
//
// An http.Client returns when the context of its request ends. What it leaves goes
// on: the dial, which http.Transport detaches from the request, counts among the
// connections of its host until it ends, and the look-up, which net.Resolver has
// later ones of that name share. With MaxConnsPerHost, or a C library that
// hangs for good, the client stays stuck when the name server is well again. Here
// a dial ends with the request that asked for it, and each look-up is one of its
// own, in a slot of a pool. The price: a dial is not there for a later
// request if its own was left, and many requests at once make many look-ups.
//
// # Caveats
//
// Over HTTP/2, and on connections of package net, net/http waits on channels and
// condition variables, which would hold up a worker. There the goroutine of the
// request makes these calls for the task, some microseconds each. http.MaxBytesReader
// then does not close the connection of a client that has sent too much, and
// HTTP/2 push is not offered.
//
// A look-up that never ends keeps its slot. Give [Dialer].Pool a small pool of its
// own where that may happen.
//
// # Cancellation
//
// Requests end with their contexts, and futures and streams with Cancel; what is
// left of them ends soon after, but for such look-ups. A connection that was
// dialled for a request that has been left meanwhile may stay among the idle ones.
//
// # Panics
//
// A panic in a handler reaches net/http with the stack of the task; see [Handler].
package nethttp
