package reactor

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/causeway-go/causeway/internal/poller"
)

// Errors that callers compare. What the system said is wrapped too, so that
// errors.Is also holds with its error number.
var (
	// ErrClosed is what waiting ends with, and what every call returns, once
	// the Source or its Reactor has been closed. errors.Is(ErrClosed,
	// fs.ErrClosed) holds.
	ErrClosed error = fmt.Errorf("reactor: %w", fs.ErrClosed)
	// ErrRegistered is returned by Register if and only if the descriptor is
	// registered with this Reactor already. The Source that is there goes on.
	ErrRegistered = errors.New("reactor: descriptor is registered already")
	// ErrDescriptor is returned for a descriptor that is not open or does
	// not belong to the Source any more: somebody has closed it underneath.
	ErrDescriptor = errors.New("reactor: bad descriptor")
	// ErrNotPollable is returned by Register for a descriptor that does not
	// tell when it is ready, such as that of a regular file.
	ErrNotPollable = errors.New("reactor: descriptor cannot be polled")
	// ErrLimit is returned when the system has no more memory, descriptors
	// or watches to give.
	ErrLimit = errors.New("reactor: out of a system resource")
	// ErrDriven is returned by Poll for a Reactor that drives itself.
	ErrDriven = errors.New("reactor: Poll on a reactor that is not manual")
	// ErrPolling is returned by Poll while another Poll is under way.
	ErrPolling = errors.New("reactor: Poll inside or beside another Poll")
	// ErrOptions is wrapped by what New returns for options that make no
	// sense.
	ErrOptions = errors.New("reactor: bad options")
)

// translations are from the errors of the lower layer.
var translations = []struct{ from, to error }{
	{poller.ErrExists, ErrRegistered},
	{poller.ErrNotFound, ErrDescriptor},
	{poller.ErrDescriptor, ErrDescriptor},
	{poller.ErrKind, ErrNotPollable},
	{poller.ErrLimit, ErrLimit},
	{poller.ErrClosed, ErrClosed},
}

// translate makes err, of the lower layer, one of ours.
func translate(call string, err error) error {
	if err == nil {
		return nil
	}
	for _, t := range translations {
		if errors.Is(err, t.from) {
			return fmt.Errorf("%w (%s: %w)", t.to, call, err)
		}
	}
	return fmt.Errorf("reactor: %s: %w", call, err)
}
