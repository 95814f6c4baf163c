//go:build linux

package reactor_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"flag"
	"fmt"
	"hash"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/reactor"
)

// bigBody is how much is uploaded and downloaded: -body=1073741824 for the soak.
var bigBody = flag.Int64("body", 64<<20, "upload and download so many `bytes`")

// serve starts net/http on a listener of ours and returns a client that dials with
// us, both for HTTP/1.1 or for HTTP/2 over TLS.
func serve(t *testing.T, two bool, handler http.Handler) (url string, client *http.Client) {
	t.Helper()
	leak.Check(t)
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(handler)
	s.Listener.Close()
	s.Listener = l
	if s.EnableHTTP2 = two; two {
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	client = s.Client()
	client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := r.Dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	return s.URL, client
}

// digest counts and sums what passes through.
type digest struct {
	hash.Hash
	n int64
}

func (d *digest) Write(p []byte) (int, error) { d.n += int64(len(p)); return d.Hash.Write(p) }

func (d *digest) String() string { return fmt.Sprintf("%d %x", d.n, d.Sum(nil)) }

func newDigest() *digest { return &digest{Hash: sha256.New()} }

// pattern is a body of so many bytes.
func pattern(n int64) io.Reader { return io.LimitReader(&sevens{}, n) }

type sevens struct{ n byte }

func (c *sevens) Read(p []byte) (int, error) {
	for i := range p {
		c.n += 7
		p[i] = c.n
	}
	return len(p), nil
}

func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/hello", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hello ", r.Proto) })
	mux.HandleFunc("/peer", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })
	mux.HandleFunc("/download", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, pattern(*bigBody)) })
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		d := newDigest()
		io.Copy(d, r.Body)
		fmt.Fprint(w, d)
	})
	return mux
}

func get(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestHTTPServerAndClientOverOurConnections(t *testing.T) {
	want := newDigest()
	io.Copy(want, pattern(*bigBody))
	for proto, two := range map[string]bool{"HTTP/1.1": false, "HTTP/2.0": true} {
		t.Run(proto, func(t *testing.T) {
			url, client := serve(t, two, handler())
			if got := get(t, client, url+"/hello"); got != "hello "+proto {
				t.Fatalf("got %q", got)
			}
			// Kept alive: one request after the other on the same connection.
			peer := get(t, client, url+"/peer")
			for range 20 {
				if again := get(t, client, url+"/peer"); again != peer {
					t.Errorf("another connection: %s, %s", peer, again)
				}
			}
			var all sync.WaitGroup
			for range 50 {
				all.Go(func() {
					if got := get(t, client, url+"/hello"); got != "hello "+proto {
						t.Errorf("got %q", got)
					}
				})
			}
			all.Wait()
			resp, err := client.Post(url+"/upload", "application/octet-stream", pattern(*bigBody))
			if err != nil {
				t.Fatal(err)
			}
			if body, err := io.ReadAll(resp.Body); string(body) != want.String() || err != nil {
				t.Errorf("upload: %s, %v, want %v", body, err, want)
			}
			resp.Body.Close()
			if resp, err = client.Get(url + "/download"); err != nil {
				t.Fatal(err)
			}
			got := newDigest()
			if _, err := io.Copy(got, resp.Body); err != nil || got.String() != want.String() {
				t.Errorf("download: %v, %v, want %v", got, err, want)
			}
			resp.Body.Close()
			client.CloseIdleConnections()
		})
	}
}

// TestSlowClientIsServedAndADeadOneIsDropped sends a request a byte at a time, and
// one that never ends.
func TestSlowClientIsServedAndADeadOneIsDropped(t *testing.T) {
	leak.Check(t)
	r := newReactor(t)
	l, err := r.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: handler(), ReadHeaderTimeout: 300 * time.Millisecond}
	served := make(chan error)
	go func() { served <- s.Serve(l) }()
	slow, err := r.Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	for b := range strings.SplitSeq("GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "") {
		if _, err := io.WriteString(slow, b); err != nil {
			t.Fatal(err)
		}
	}
	if answer, err := io.ReadAll(slow); !bytes.HasSuffix(answer, []byte("hello HTTP/1.1")) || err != nil {
		t.Errorf("answer %q, %v", answer, err)
	}
	dead, err := r.Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer dead.Close()
	io.WriteString(dead, "GET /hel")
	dead.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(dead); err != nil {
		t.Errorf("a connection that sends no more is not dropped: %v", err)
	}
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// TestCopyGoesOnWhereSendfileIsRefused refuses it at once, and in the middle.
func TestCopyGoesOnWhereSendfileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	content, _ := io.ReadAll(pattern(1 << 20))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, after := range []int{0, 2} {
		for _, limit := range []int64{-1, 700_001} {
			a, b := connect(t, newReactor(t), "tcp", "127.0.0.1:0")
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			src, want := io.Reader(f), content
			if limit >= 0 {
				src, want = io.LimitReader(f, limit), content[:limit]
			}
			go func() {
				calls := 0
				n, err := a.ReadFromBy(src, func(socket, file, n int) (int, error) {
					if calls++; calls > after {
						return 0, os.NewSyscallError("sendfile", syscall.EINVAL)
					}
					return reactor.Sendfile(socket, file, min(n, 12345))
				})
				if n != int64(len(want)) || err != nil {
					t.Errorf("refused after %d: %d of %d, %v", after, n, len(want), err)
				}
				a.CloseWrite()
			}()
			if got, err := io.ReadAll(b); !bytes.Equal(got, want) || err != nil {
				t.Errorf("refused after %d: %d of %d have come, %v", after, len(got), len(want), err)
			}
		}
	}
}

// TestReadFromAFileAndFromOthers covers sendfile and the copy beside it.
func TestReadFromAFileAndFromOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	content, _ := io.ReadAll(pattern(3<<20 + 17))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		wrap func(*os.File) io.Reader
		want []byte
	}{
		"file":         {func(f *os.File) io.Reader { return f }, content},
		"part":         {func(f *os.File) io.Reader { return io.LimitReader(f, 1<<20+3) }, content[:1<<20+3]},
		"more than is": {func(f *os.File) io.Reader { return io.LimitReader(f, 1<<40) }, content},
		"from inside":  {func(f *os.File) io.Reader { f.Seek(100, io.SeekStart); return f }, content[100:]},
		"other reader": {func(f *os.File) io.Reader { return io.MultiReader(f) }, content},
		"nothing":      {func(f *os.File) io.Reader { return io.LimitReader(f, 0) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := connect(t, newReactor(t), "tcp", "127.0.0.1:0")
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			go func() {
				if n, err := io.Copy(a, test.wrap(f)); n != int64(len(test.want)) || err != nil {
					t.Errorf("Copy: %d, %v", n, err)
				}
				a.CloseWrite()
			}()
			var got bytes.Buffer
			if n, err := b.WriteTo(&got); n != int64(len(test.want)) || err != nil || !bytes.Equal(got.Bytes(), test.want) {
				t.Errorf("WriteTo: %d, %v", n, err)
			}
		})
	}
}
