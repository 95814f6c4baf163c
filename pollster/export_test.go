package pollster

import (
	"context"
	"io"
	"os"
)

// MainStatus is Main without the process.
func MainStatus(start func(context.Context) Future[int], signals <-chan os.Signal, restore func(), stderr io.Writer) int {
	return mainStatus(start, signals, restore, stderr)
}

// TimerStopped reports whether f, of Timeout or Deadline, leaves no timer
// running. If it does, that timer is stopped now.
func TimerStopped[T any](f Future[T]) bool {
	t := f.(*timeout[T])
	return t.timer == nil || !t.timer.Stop()
}
