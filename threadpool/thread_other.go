//go:build !linux

package threadpool

import "runtime"

// threadsEnd reports that a goroutine that ends while it is locked to its
// thread ends the thread.
const threadsEnd = runtime.GOOS != "js" && runtime.GOOS != "wasip1" && runtime.GOOS != "plan9"

// onMainThread is not known here. Ending the main thread parks it for good,
// which costs one thread and does no other harm.
func onMainThread() bool { return false }
