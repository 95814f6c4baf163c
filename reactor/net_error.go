package reactor

import (
	"errors"
	"io"
	"net"
)

// opError shapes an error the way package net does, so that code written for
// net.Conn finds net.Error, net.ErrClosed, os.ErrDeadlineExceeded and errnos where
// it looks for them. io.EOF and nil stay what they are.
func (f *netFD) opError(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if errors.Is(err, ErrClosed) {
		err = net.ErrClosed
	}
	e := &net.OpError{Op: op, Net: f.kind.network, Source: f.local, Addr: f.remote, Err: err}
	if f.remote == nil {
		e.Source, e.Addr = nil, f.local
	}
	return e
}
