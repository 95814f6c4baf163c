//go:build !linux

package threadpool

// onMainThread is not known here. Ending the main thread parks it for good,
// which costs one thread and does no other harm.
func onMainThread() bool { return false }
