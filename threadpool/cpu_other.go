//go:build !unix && !windows

package threadpool

import "time"

// processCPU is the processor time that the process has used, or negative if
// that is not known.
func processCPU() time.Duration { return -1 }
