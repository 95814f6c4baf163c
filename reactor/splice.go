package reactor

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"reflect"
	"syscall"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// A splicing moves bytes from one descriptor to another by way of a pipe, inside
// the kernel: from the source into the pipe when there is something, from the pipe
// to the destination when there is room.
//
// It never waits for one while it could lose what it waits for with the other:
// the pipe is empty whenever the source is waited for, so that a refusal can only
// mean that the source has nothing, and it holds bytes whenever the destination
// is, so that a refusal can only mean that there is no room. This is why even
// what is a pipe itself gets a second one: «not now» from a splice of a pipe
// and a socket does not say which of them is meant.
//
// The pipe is taken inside the attempt to read and given back if there is nothing.
// So those who wait for their source, who may be many and wait for long, hold none.
type splicing struct {
	src     io.Reader
	dst     io.Writer
	from    waits // for src
	to      waits // for dst
	pipes   *pipes
	p       *splicePipe // nil: none
	held    int         // bytes in p
	left    int64       // how much is still wanted from src
	written int64       // to dst
}

// waits calls try with a descriptor, again and again with waits between, until it
// returns something else than errAgain.
type waits func(try func(fd int) (int, error)) error

// copyWithout is how much is copied in the ordinary way, for lack of a pipe, before
// another attempt to get one, and how much a task moves before others have their turn.
const copyWithout = 1 << 20

// errNoPipe says that there is no pipe to be had now.
var errNoPipe = errors.New("reactor: no pipe to splice through")

// splice moves bytes from src to dst until the end of src, or limit. One of them is
// a Conn of r. It is not handled if they are not both of a kind that can be
// spliced, or nothing is wanted, and then nothing has happened. taken is how much
// has been read of src.
func (r *Reactor) splice(dst io.Writer, src io.Reader, limit int64) (written, taken int64, handled bool, err error) {
	if limit <= 0 {
		return 0, 0, false, nil
	}
	from, to := source(src), destination(dst)
	if from == nil || to == nil {
		return 0, 0, false, nil
	}
	s := &splicing{src: src, dst: dst, from: from, to: to, pipes: &r.pipes, left: limit}
	defer s.drop()
	err = s.run()
	return s.written, limit - s.left, true, err
}

func (s *splicing) run() error {
	fill, empty := s.fill, s.empty
	for turn := int64(copyWithout); s.left > 0; {
		if s.written >= turn && goroutine.Here() != nil {
			// A task that never has to wait lets others run all the same.
			turn = s.written + copyWithout
			_, _ = pollster.BlockOn(context.Background(), pollster.Yield())
		}
		switch err := s.from(fill); {
		case errors.Is(err, errNoPipe):
			if err := s.copy(min(s.left, copyWithout)); err != nil {
				return notEOF(err)
			}
			continue
		case refused(err):
			return notEOF(s.copy(s.left)) // the call has taken nothing
		case err != nil:
			return err
		case s.held == 0:
			return nil // the end of src
		}
		switch err := s.to(empty); {
		case refused(err):
			if err := s.salvage(); err != nil {
				return err
			}
			return notEOF(s.copy(s.left))
		case err != nil:
			return err
		}
	}
	return nil
}

// notEOF returns err without the io.EOF of copy.
func notEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// fill is one attempt to read.
func (s *splicing) fill(fd int) (int, error) {
	if s.p == nil {
		if s.p = s.pipes.take(); s.p == nil {
			return 0, errNoPipe
		}
	}
	n, err := sysSplice(fd, s.p.w, int(min(s.left, int64(s.p.size))))
	s.held = n
	s.left -= int64(n)
	if n == 0 {
		s.drop()
	}
	return n, err
}

// empty writes what is in the pipe, as much as goes.
func (s *splicing) empty(fd int) (int, error) {
	for s.held > 0 {
		n, err := sysSplice(s.p.r, fd, s.held)
		s.held -= n
		s.written += int64(n)
		if err == nil && n == 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// drop gives the pipe back. What is still in it is lost.
func (s *splicing) drop() {
	if s.p != nil {
		s.pipes.put(s.p, s.held == 0)
		s.p, s.held = nil, 0
	}
}

// salvage writes what is in the pipe in the ordinary way, for a destination that
// does not take it in the other.
func (s *splicing) salvage() error {
	buf := make([]byte, min(s.held, 64<<10))
	for s.held > 0 {
		n, err := sysRead(s.p.r, buf[:min(s.held, len(buf))])
		if n == 0 && err == nil {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		s.held -= n
		n, err = s.dst.Write(buf[:n])
		s.written += int64(n)
		if err != nil {
			return err
		}
	}
	return nil
}

// copy moves up to limit bytes through a buffer. At the end of src it returns
// io.EOF.
func (s *splicing) copy(limit int64) error {
	s.drop()
	l := &io.LimitedReader{R: onlyReader{s.src}, N: limit}
	n, err := io.Copy(onlyWriter{s.dst}, l)
	s.left -= limit - l.N
	s.written += n
	if err == nil && l.N > 0 {
		err = io.EOF
	}
	return err
}

// source returns how to wait for r, nil if it cannot be spliced from.
func source(r io.Reader) waits {
	if c, ok := r.(*Conn); ok {
		if !c.netFD.kind.stream {
			return nil
		}
		return func(try func(fd int) (int, error)) error {
			_, err := c.netFD.do(context.Background(), Readable, "read", try)
			return err
		}
	}
	raw := foreign(r, false)
	if raw == nil {
		return nil
	}
	return func(try func(fd int) (int, error)) error { return foreignError("read", r, through(raw.Read, try)) }
}

// destination returns how to wait for w, nil if it cannot be spliced to.
func destination(w io.Writer) waits {
	if c, ok := w.(*Conn); ok {
		if !c.netFD.kind.stream {
			return nil
		}
		return c.netFD.alone
	}
	raw := foreign(w, true)
	if raw == nil {
		return nil
	}
	return func(try func(fd int) (int, error)) error { return foreignError("write", w, through(raw.Write, try)) }
}

// alone makes one attempt to write after another until one need not wait, in its
// turn, and with no other write in between.
func (f *netFD) alone(try func(fd int) (int, error)) error {
	holds := f.line.tryEnter()
	if holds {
		if d := f.plainly(); d != nil {
			_, err := f.pass(d, Writable, try)
			f.line.exit()
			return f.opError("write", err)
		}
	}
	o := newWriteOp()
	o.f, o.holds = f, holds
	o.try = func(fd int) (int, error) {
		if f.wr.over.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		return try(fd)
	}
	_, err := pollster.BlockOn(context.Background(), pollster.Future[int](o))
	return err
}

// foreign returns a way to the descriptor of v, a connection of package net or a
// file of package os, if it can be spliced from, or, if out is true, to. Nothing
// else that has a SyscallConn method is asked: who embeds a *net.TCPConn, and has
// read ahead, has that method too. The types themselves are not compared because
// both packages wrap theirs on the way through io.Copy.
func foreign(v any, out bool) syscall.RawConn {
	c, ok := v.(syscall.Conn)
	if !ok {
		return nil
	}
	if !ofPackage(v, "net") && !ofPackage(v, "os") {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	if err := raw.Control(func(fd uintptr) { ok = sysSplices(int(fd), out) }); err != nil || !ok {
		return nil
	}
	return raw
}

// ofPackage reports whether the type of v is one of the package, or a pointer to one.
func ofPackage(v any, path string) bool {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.PkgPath() == path
}

// through waits in the way of somebody else's descriptor. A task that is in there
// keeps its worker, as in every method of that descriptor.
func through(wait func(func(fd uintptr) bool) error, try func(fd int) (int, error)) error {
	var err error
	if e := wait(func(fd uintptr) bool {
		_, err = try(int(fd))
		return err != errAgain
	}); e != nil {
		return e
	}
	return err
}

// foreignError shapes err as a method of v would.
func foreignError(op string, v any, err error) error {
	if err == nil || err == errNoPipe {
		return err
	}
	if o, ok := err.(*net.OpError); ok {
		err = o.Err // which is called «raw-read» there
	}
	switch v := v.(type) {
	case net.Conn:
		return &net.OpError{Op: op, Net: v.LocalAddr().Network(), Source: v.LocalAddr(), Addr: v.RemoteAddr(), Err: err}
	case interface {
		Name() string
		Stat() (os.FileInfo, error)
	}:
		if _, e := v.Stat(); errors.Is(e, os.ErrClosed) {
			err = os.ErrClosed // which SyscallConn does not say
		}
		return &os.PathError{Op: op, Path: v.Name(), Err: err}
	}
	return err
}
