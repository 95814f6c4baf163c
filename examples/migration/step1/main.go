// Step 1 of the migration: each blocking call is wrapped. There is a bound to how
// many run at once, and a request whose client has gone is left.
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
	"strings"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/sqldriver"
	"github.com/causeway-go/causeway/compat/sqldriver/sqlite"
	"github.com/causeway-go/causeway/examples/migration/deps"
	"github.com/causeway-go/causeway/unblock"
)

type service struct {
	db     *sql.DB
	dir    string
	prices *deps.Prices
}

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
	s := &service{db: db, dir: *dir, prices: deps.NewPrices(*vendor)}

	l, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", l.Addr())
	log.Fatal(http.Serve(l, s.routes()))
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
	cents, err := unblock.Call(ctx, func() (int, error) { return s.prices.Price(id) })
	return fmt.Sprint(cents), err
}

// page shows an item with what it costs, and two that sell well.
func (s *service) page(ctx context.Context, id string) (string, error) {
	note, err := s.note(ctx, id)
	if err != nil {
		return "", err
	}
	file, err := s.file(ctx, id)
	if err != nil {
		return "", err
	}
	text := note + "\n" + file
	for _, id := range []string{id, "7", "11"} {
		cents, err := s.price(ctx, id)
		if err != nil {
			cents = "unknown"
		}
		text += "\n" + id + ": " + cents
	}
	return text, nil
}
