package threadpool

import "syscall"

// onMainThread reports whether the calling goroutine, which is locked to its
// thread, runs on the first thread of the process.
func onMainThread() bool { return syscall.Gettid() == syscall.Getpid() }
