package threadpool

import "syscall"

// threadsEnd reports that a goroutine that ends while it is locked to its
// thread ends the thread.
const threadsEnd = true

// onMainThread reports whether the calling goroutine, which is locked to its
// thread, runs on the first thread of the process.
func onMainThread() bool { return syscall.Gettid() == syscall.Getpid() }
