// Package ended makes one error out of the end of a context.
package ended

import (
	"context"
	"errors"
)

// Error returns why ctx, which must have ended, has ended: an error for which
// errors.Is holds for both ctx.Err() and context.Cause(ctx).
func Error(ctx context.Context) error {
	err, cause := ctx.Err(), context.Cause(ctx)
	if errors.Is(cause, err) {
		return cause
	}
	return &causedError{err: err, cause: cause}
}

// causedError is the end of a context with a cause of its own.
type causedError struct{ err, cause error }

func (e *causedError) Error() string   { return e.err.Error() + ": " + e.cause.Error() }
func (e *causedError) Unwrap() []error { return []error{e.err, e.cause} }
