//go:build !unix

package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
)

var errSystem = fmt.Errorf("needs Unix pipes, which Go does not have on %s: %w", runtime.GOOS, errors.ErrUnsupported)

func pooled(options, io.Writer) error { return errSystem }
func naive(options, io.Writer) error  { return errSystem }
func child(options) error             { return errSystem }
