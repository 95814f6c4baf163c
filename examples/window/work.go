//go:build cgo && (linux || freebsd || netbsd || openbsd)

package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	_ "github.com/mattn/go-sqlite3" // a driver in C

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

// data is where the work comes from: a database, and a server on this machine, so
// that the example needs no network.
type data struct {
	db     *sql.DB
	server *httptest.Server
	rows   int
}

const fileSize = 8 << 20

func openData(rows int) (*data, error) {
	db, err := sql.Open("sqlite3", ":memory:")
	if err != nil {
		return nil, err
	}
	return &data{db: db, server: httptest.NewServer(http.HandlerFunc(serve)), rows: rows}, nil
}

func (d *data) close() {
	d.server.CloseClientConnections()
	d.server.Close()
	d.db.Close()
}

// serve sends a large file by and by.
func serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Length", fmt.Sprint(fileSize))
	part := make([]byte, fileSize/256)
	for range 256 {
		if _, err := w.Write(part); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-time.After(8 * time.Millisecond):
		}
	}
}

// count is a query that stays in C for as long as it takes: one call, no rows in
// between.
func (d *data) count(ctx context.Context) (n int, err error) {
	const query = `WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < ?) SELECT count(*) FROM c`
	err = d.db.QueryRowContext(ctx, query, d.rows).Scan(&n)
	return n, err
}

// query is a task of the loop. Between the lines it waits, here it touches the
// window's state.
func (a *app) query(ctx context.Context) (int, error) {
	a.queries++
	defer func() { a.queries-- }()
	n, err := unblock.Call(ctx, func() (int, error) { return a.data.count(ctx) })
	if err == nil {
		a.said = fmt.Sprint("counted ", n, " rows")
	}
	return n, err
}

// queryNaively is the same without a task: the window stops until it is over.
func (a *app) queryNaively() {
	a.naive = true
	n, err := a.data.count(context.Background())
	a.naive = false
	a.said = fmt.Sprint("counted ", n, " rows, ", err)
}

// download is a task as well. Network calls of Go need no thread of their own, so a
// goroutine does where the query needs the pool.
func (a *app) download(ctx context.Context) (n int, err error) {
	a.loaded = 0
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.data.server.URL, nil)
	if err != nil {
		return 0, err
	}
	resp, err := pollster.BlockOn(ctx, compat.Async(ctx, func(context.Context) (*http.Response, error) {
		return a.data.server.Client().Do(req)
	}))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	buf := make([]byte, 64<<10)
	for {
		k, err := pollster.BlockOn(ctx, compat.Async(ctx, func(context.Context) (int, error) { return resp.Body.Read(buf) }))
		n += k
		a.loaded = float64(n) / float64(resp.ContentLength)
		switch {
		case err == io.EOF:
			return n, nil
		case err != nil:
			return n, err
		}
	}
}
