//go:build linux

package reactor_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/sys/unix"
)

// TestSplicesThatAreBrokenOffLoseNothingElse breaks copies off at random, in random
// ways. What arrives is the beginning of what was sent, no more than Copy says, and
// all of it if nothing was broken off.
func TestSplicesThatAreBrokenOffLoseNothingElse(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	sent, _ := io.ReadAll(pattern(2 << 20))
	hammer.Run(t, 4, func(g, i int) {
		rnd := rand.New(rand.NewPCG(uint64(g), uint64(i)))
		pairs := [][2]int{{0, 0}, {0, 1}, {1, 0}, {2, 0}, {0, 3}, {4, 0}, {1, 4}}
		pair := pairs[rnd.IntN(len(pairs))]
		// All in a subtest of its own would be slow; what is open is closed below.
		from, to := ways[pair[0]].open(t, r), ways[pair[1]].open(t, r)
		size := rnd.IntN(len(sent))
		var all sync.WaitGroup
		var got []byte
		var n int64
		var err error
		all.Go(func() { from.in.Write(sent[:size]); from.in.Close() })
		all.Go(func() { got, _ = io.ReadAll(to.out) })
		whole := true
		copied := make(chan struct{})
		all.Go(func() {
			n, err = io.Copy(to.in, from.out)
			to.in.Close()
			close(copied)
		})
		var expected error
		if what := rnd.IntN(7); what > 0 {
			whole = false
			time.Sleep(time.Duration(rnd.IntN(2000)) * time.Microsecond) // any moment will do
			expected = breakOff(what, from, to)
		}
		<-copied
		from.out.Close()
		all.Wait()
		to.out.Close()
		if !bytes.HasPrefix(sent, got) || int64(len(got)) > n || whole && (err != nil || n != int64(size) || len(got) != size) {
			t.Errorf("%s to %s: %d sent, %d received, Copy: %d, %v", ways[pair[0]].name, ways[pair[1]].name, size, len(got), n, err)
		}
		if err != nil && !errors.Is(err, expected) && (expected != os.ErrClosed || !errors.Is(err, net.ErrClosed)) && !errors.Is(err, unix.EPIPE) && !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("not %v: %v", expected, err)
		}
	})
	if live, idle, _ := r.Pipes(); live != idle {
		t.Errorf("%d of %d pipes idle", idle, live)
	}
}

// breakOff does one of six things, and returns what a copy may fail with.
func breakOff(what int, from, to way) error {
	now := time.Now().Add(100 * time.Microsecond)
	switch what {
	case 1:
		from.out.Close()
		return os.ErrClosed
	case 2:
		to.in.Close()
		return os.ErrClosed
	case 3:
		from.out.(interface{ SetReadDeadline(time.Time) error }).SetReadDeadline(now)
		return os.ErrDeadlineExceeded
	case 4:
		to.in.(interface{ SetWriteDeadline(time.Time) error }).SetWriteDeadline(now)
		return os.ErrDeadlineExceeded
	case 5:
		if c, ok := from.out.(interface{ CloseRead() error }); ok {
			c.CloseRead()
		}
	case 6:
		if c, ok := to.in.(interface{ CloseWrite() error }); ok {
			c.CloseWrite()
		}
	}
	return unix.EPIPE
}

// TestAReverseProxyOverOurConnections passes bodies and an upgraded connection on.
func TestAReverseProxyOverOurConnections(t *testing.T) {
	up := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") == "" {
			all, _ := io.ReadAll(r.Body)
			w.Write(all)
			return
		}
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		io.Copy(c, io.MultiReader(io.LimitReader(rw, int64(rw.Reader.Buffered())), c))
	})
	back, client := serve(t, false, up)
	target, _ := url.Parse(back)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = client.Transport
	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	l, err := r.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: proxy}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	defer func() { s.Close(); <-served; client.CloseIdleConnections() }()
	body, _ := io.ReadAll(pattern(3 << 20))
	res, err := client.Post("http://"+l.Addr().String(), "x/y", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(res.Body)
	res.Body.Close()
	if err != nil || !bytes.Equal(got, body) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	head := make([]byte, 12)
	if _, err := io.ReadFull(c, head); err != nil || string(head) != "HTTP/1.1 101" {
		t.Fatalf("%q, %v", head, err)
	}
	go c.Write(body)
	var all []byte
	for p := make([]byte, 64<<10); !bytes.HasSuffix(all, body); {
		n, err := c.Read(p)
		if all = append(all, p[:n]...); err != nil || len(all) > len(body)+1000 {
			t.Fatalf("%d bytes, %v", len(all), err)
		}
	}
}
