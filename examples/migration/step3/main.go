// Step 3 of the migration: what a page needs is asked for at once, and main waits
// for futures: for the server, or for the signal to stop.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/compat/sqldriver/sqlite"
	"github.com/causeway-go/causeway/examples/migration/deps"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

type service struct {
	db     *sql.DB
	dir    string
	prices *deps.Prices
	vendor *threadpool.Pool
}

// patience is how long a price may take.
const patience = 50 * time.Millisecond

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "`address` to listen on")
	dir := flag.String("data", ".", "`folder` of the notes and files")
	vendor := flag.String("vendor", "vendor.sock", "`socket` of the price server")
	flag.Parse()

	db, err := sqlite.Open(deps.DSN(*dir), sqldriver.Options{})
	if err != nil {
		log.Fatal(err)
	}
	db.SetMaxIdleConns(8)
	class, err := threadpool.Default().Class(threadpool.ClassOptions{Name: "vendor", Limit: 16, Hint: threadpool.WillBlock})
	if err != nil {
		log.Fatal(err)
	}
	s := &service{db: db, dir: *dir, prices: deps.NewPrices(*vendor), vendor: class}

	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", l.Addr())
	serve := compat.Async(context.Background(), func(context.Context) (struct{}, error) { return struct{}{}, http.Serve(l, s.routes()) })
	stop, end := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer end()
	until := compat.Done[struct{}]
	_, err = pollster.BlockOn(context.Background(), pollster.Race(serve, until(stop)))
	log.Print("stopping: ", err)
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/note/{id}", s.answer(s.note))
	mux.HandleFunc("/file/{id}", s.answer(s.file))
	mux.HandleFunc("/host/{id}", s.answer(s.host))
	mux.HandleFunc("/price/{id}", s.answer(s.price))
	mux.HandleFunc("/page/{id}", s.answer(s.page))
	return mux
}

// answer makes a handler of f.
func (s *service) answer(f func(ctx context.Context, id string) (string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := f(r.Context(), r.PathValue("id"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, text)
	}
}

func (s *service) note(ctx context.Context, id string) (body string, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT body FROM notes WHERE id = ?", id).Scan(&body)
	return body, err
}

func (s *service) file(ctx context.Context, id string) (string, error) {
	data, err := unblock.Call(ctx, func() ([]byte, error) { return os.ReadFile(deps.File(s.dir, id)) })
	return string(data), err
}

func (s *service) host(ctx context.Context, id string) (string, error) {
	addrs, err := new(compat.Resolver).LookupHost(ctx, "localhost")
	return strings.Join(addrs, " "), err
}

func (s *service) price(ctx context.Context, id string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cents, err := unblock.CallOn(ctx, s.vendor, func() (int, error) { return s.prices.Price(id) })
	return fmt.Sprint(cents), err
}

// page shows an item with what it costs, and two that sell well.
func (s *service) page(ctx context.Context, id string) (string, error) {
	call := func(f func(context.Context, string) (string, error), id string) pollster.Future[string] {
		return compat.Async(ctx, func(ctx context.Context) (string, error) { return f(ctx, id) })
	}
	all, err := pollster.BlockOn(ctx, pollster.Join(call(s.note, id), call(s.file, id),
		call(s.cost, id), call(s.cost, "7"), call(s.cost, "11")))
	return strings.Join(all, "\n"), err
}

// cost is price for a page, which is shown without prices if it must be.
func (s *service) cost(ctx context.Context, id string) (string, error) {
	cents, err := s.price(ctx, id)
	if err != nil {
		cents = "unknown"
	}
	return id + ": " + cents, nil
}
