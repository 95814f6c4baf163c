//go:build !linux

package reactor

import (
	"errors"
	"net"
)

// Where the reactor has no sockets yet, everything that would make one says so,
// and the rest is never called.

const sendfileMax = 0

func sysRead(int, []byte) (int, error)                 { return 0, errors.ErrUnsupported }
func sysReceive(int, []byte) (int, error)              { return 0, errors.ErrUnsupported }
func sysTransmit(int, []byte) (int, error)             { return 0, errors.ErrUnsupported }
func sysListen(kind, net.Addr) (int, error)            { return -1, errors.ErrUnsupported }
func sysConnect(kind, net.Addr) (int, bool, error)     { return -1, false, errors.ErrUnsupported }
func sysConnected(int, kind) error                     { return errors.ErrUnsupported }
func sysAccept(int) (int, error)                       { return -1, errors.ErrUnsupported }
func sysTune(int, kind)                                {}
func sysNoDelay(int, bool) error                       { return errors.ErrUnsupported }
func sysShutdown(int, bool) error                      { return errors.ErrUnsupported }
func sysClose(int) error                               { return errors.ErrUnsupported }
func sysNames(int, kind) (local, remote net.Addr)      { return nil, nil }
func sysRecv(int, kind, []byte) (int, net.Addr, error) { return 0, nil, errors.ErrUnsupported }
func sysSend(int, kind, []byte, net.Addr, bool) error  { return errors.ErrUnsupported }
func sysSix(int) bool                                  { return false }
func sysSendfile(int, int, int) (int, error)           { return 0, errors.ErrUnsupported }
func refused(error) bool                               { return false }
func sysError(_ string, err error) error               { return err }
func sysErrno(int32) error                             { return errors.ErrUnsupported }
func stopped(error) bool                               { return false }
