//go:build linux

package nettest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/causeway-go/causeway/reactor"
	"golang.org/x/net/nettest"
)

// pipe returns a connected pair.
func pipe(r *reactor.Reactor, network, address string) (c1, c2 net.Conn, stop func(), err error) {
	ctx := context.Background()
	l, err := r.Listen(ctx, network, address)
	if err != nil {
		return nil, nil, nil, err
	}
	defer l.Close()
	a, err := r.Dial(ctx, network, l.Addr().String())
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := l.Accept()
	if err != nil {
		a.Close()
		return nil, nil, nil, err
	}
	return a, b, func() { a.Close(); b.Close() }, nil
}

// reactors are the kinds of reactor that the suite is run on.
var reactors = map[string]reactor.Options{
	"netpoll": {},
	"thread":  {Thread: true},
	"poll":    {Backend: reactor.BackendPoll},
}

// forAll runs test with each kind of reactor.
func forAll(t *testing.T, test func(t *testing.T, r *reactor.Reactor)) {
	for name, options := range reactors {
		t.Run(name, func(t *testing.T) {
			r, err := reactor.New(options)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			test(t, r)
		})
	}
}

func TestConnOverTCP(t *testing.T) {
	forAll(t, func(t *testing.T, r *reactor.Reactor) {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return pipe(r, "tcp", "127.0.0.1:0") })
	})
}

func TestConnOverTCP6(t *testing.T) {
	if !nettest.SupportsIPv6() {
		t.Skip("there is no IPv6 here")
	}
	forAll(t, func(t *testing.T, r *reactor.Reactor) {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return pipe(r, "tcp6", "[::1]:0") })
	})
}

func TestConnOverUnix(t *testing.T) {
	forAll(t, func(t *testing.T, r *reactor.Reactor) {
		path := filepath.Join(t.TempDir(), "s")
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) { return pipe(r, "unix", path) })
	})
}

// below is a connection that may have been closed before. Close of TLS tells the
// other end first, which is when BasicIO is over and closes what is left, and
// then closes the connection.
type below struct{ net.Conn }

func (b below) Close() error {
	if err := b.Conn.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

func TestConnOverTLS(t *testing.T) {
	config := selfSigned(t)
	forAll(t, func(t *testing.T, r *reactor.Reactor) {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			a, b, stop, err := pipe(r, "tcp", "127.0.0.1:0")
			if err != nil {
				return nil, nil, nil, err
			}
			client, server := tls.Client(below{a}, config), tls.Server(below{b}, config)
			shaken := make(chan error, 1)
			go func() { shaken <- server.Handshake() }()
			if err := errors.Join(client.Handshake(), <-shaken); err != nil {
				stop()
				return nil, nil, nil, err
			}
			return client, server, stop, nil
		})
	})
}

// TestConnToGoNet has our end talk to one of package net.
func TestConnToGoNet(t *testing.T) {
	forAll(t, func(t *testing.T, r *reactor.Reactor) {
		nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, nil, nil, err
			}
			defer l.Close()
			a, err := r.Dial(context.Background(), "tcp", l.Addr().String())
			if err != nil {
				return nil, nil, nil, err
			}
			b, err := l.Accept()
			if err != nil {
				a.Close()
				return nil, nil, nil, err
			}
			return a, b, func() { a.Close(); b.Close() }, nil
		})
	})
}

// selfSigned returns a configuration for both ends.
func selfSigned(t *testing.T) *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"localhost"},
		NotAfter:     time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		RootCAs:      roots,
		ServerName:   "localhost",
	}
}
