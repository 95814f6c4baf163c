package compat_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

// stuckResolver dials with a function that takes no notice of its context, as a
// name server's socket on a dead network file system, or a C library, would.
func stuckResolver(release <-chan struct{}) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		<-release
		return nil, errTest
	}}
}

const nobody = "name.invalid."

func TestPlainResolverIsStuckAndOursIsNot(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	release := make(chan struct{})
	stuck := stuckResolver(release)
	t.Run("plain", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		done := make(chan error, 1)
		go func() { _, err := stuck.LookupTXT(ctx, nobody); done <- err }()
		<-ctx.Done()
		select {
		case err := <-done:
			t.Fatalf("plain LookupTXT has returned (%v): then nobody needs Resolver", err)
		case <-time.After(patience):
		}
	})
	t.Run("ours", func(t *testing.T) {
		pool, err := threadpool.New(threadpool.Options{Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		r := &compat.Resolver{Resolver: stuck, Pool: pool}
		for name, lookup := range lookups(r) {
			if name == "LookupPort" { // which asks no server
				continue
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			if err := lookup(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", name, err)
			}
			cancel()
		}
		if s := pool.Stats(); s.Running > 2 {
			t.Errorf("%d look-ups run in a pool of 2", s.Running)
		}
	})
	close(release)
}

// lookups is every method of r.
func lookups(r *compat.Resolver) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"LookupHost":   func(ctx context.Context) error { _, err := r.LookupHost(ctx, nobody); return err },
		"LookupIPAddr": func(ctx context.Context) error { _, err := r.LookupIPAddr(ctx, nobody); return err },
		"LookupNetIP":  func(ctx context.Context) error { _, err := r.LookupNetIP(ctx, "ip", nobody); return err },
		"LookupAddr":   func(ctx context.Context) error { _, err := r.LookupAddr(ctx, "192.0.2.1"); return err },
		"LookupCNAME":  func(ctx context.Context) error { _, err := r.LookupCNAME(ctx, nobody); return err },
		"LookupMX":     func(ctx context.Context) error { _, err := r.LookupMX(ctx, nobody); return err },
		"LookupNS":     func(ctx context.Context) error { _, err := r.LookupNS(ctx, nobody); return err },
		"LookupPort":   func(ctx context.Context) error { _, err := r.LookupPort(ctx, "tcp", "no-such-port"); return err },
		"LookupSRV":    func(ctx context.Context) error { _, _, err := r.LookupSRV(ctx, "s", "tcp", nobody); return err },
		"LookupTXT":    func(ctx context.Context) error { _, err := r.LookupTXT(ctx, nobody); return err },
	}
}

func TestResolverAnswersAsThePlainOneDoes(t *testing.T) {
	leak.Check(t, leak.Options{Threads: -1})
	var r compat.Resolver
	addrs, err := r.LookupHost(t.Context(), "127.0.0.1")
	if err != nil || len(addrs) != 1 || addrs[0] != "127.0.0.1" {
		t.Fatal(addrs, err)
	}
	if port, err := r.LookupPort(t.Context(), "tcp", "80"); port != 80 || err != nil {
		t.Fatal(port, err)
	}
	if ips, err := r.LookupNetIP(t.Context(), "ip4", "127.0.0.1"); err != nil || len(ips) != 1 || !ips[0].IsLoopback() {
		t.Fatal(ips, err)
	}
	if ips, err := r.LookupIPAddr(t.Context(), "::1"); err != nil || len(ips) != 1 {
		t.Fatal(ips, err)
	}
	var dns *net.DNSError
	refused := compat.Resolver{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errTest
	}}}
	for name, lookup := range lookups(&refused) {
		if err := lookup(t.Context()); !errors.As(err, &dns) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A call on a file that hangs: the opening of a named pipe that nobody writes
// to, which holds an OS thread in the kernel as the stat of a file on a dead
// server does.
func TestPlainFileCallHangsAndOursIsLeft(t *testing.T) {
	needs(t, "mkfifo")
	leak.Check(t, leak.Options{Threads: -1})
	name := t.TempDir() + "/fifo"
	if out, err := exec.Command("mkfifo", name).CombinedOutput(); err != nil {
		t.Skipf("no named pipes here: %v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	done, begun, ended := make(chan struct{}), make(chan struct{}, 2), make(chan struct{}, 2)
	open := func() (string, error) {
		begun <- struct{}{}
		defer func() { ended <- struct{}{} }()
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		return f.Name(), f.Close()
	}
	go func() { // plain Go has nothing to give the context to
		defer close(done)
		open()
	}()
	g := compat.NewGroup(t.Context())
	f := compat.Add[string](g, unblock.Go(open))
	for range 2 {
		<-begun
	}
	if err := g.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	if _, err := f.Wait(t.Context()); !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	select {
	case <-done:
		t.Fatal("plain Open has returned: then nobody needs unblock")
	case <-time.After(patience):
	}
	w, err := os.OpenFile(name, os.O_WRONLY, 0) // both may go home
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // until then, or a slow one would find no writer
		<-ended
	}
	w.Close()
	<-done
}

// A program that waits for a line of its standard input, leaves that, and goes
// on to read the line when it comes.
func TestStdinCanBeLeftAndLosesNothing(t *testing.T) {
	if os.Getenv("COMPAT_TEST_STDIN") != "" {
		stdinProgram(t)
		return
	}
	needs(t, "sh")
	cmd := exec.Command(os.Args[0], "-test.run=^TestStdinCanBeLeftAndLosesNothing$", "-test.timeout=60s", "-test.v")
	cmd.Env = append(os.Environ(), "COMPAT_TEST_STDIN=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var seen strings.Builder
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		seen.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "left") {
			io.WriteString(in, "hello\n")
		}
	}
	in.Close()
	if err := cmd.Wait(); err != nil || !strings.Contains(seen.String(), "got hello") {
		t.Fatalf("%v, output:\n%s", err, seen.String())
	}
}

func stdinProgram(t *testing.T) {
	r := compat.Stdin()
	if r != compat.Stdin() {
		t.Fatal("made twice")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	b := make([]byte, 100)
	if n, err := r.ReadContext(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(n, err)
	}
	os.Stdout.WriteString("left\n")
	n, err := r.ReadContext(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("got " + string(b[:n]))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stdin.Stat(); err != nil {
		t.Fatal("os.Stdin was closed:", err)
	}
}
