//go:build !linux

package reactor

import "errors"

func sysSplice(int, int, int) (int, error) { return 0, errors.ErrUnsupported }
func sysPipe() (*splicePipe, error)        { return nil, errors.ErrUnsupported }
func sysSplices(int, bool) bool            { return false }
