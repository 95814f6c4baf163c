//go:build cgo && linux

package clib

/*
#cgo CFLAGS: -O2
#cgo LDFLAGS: -lpthread
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <time.h>

static volatile uint64_t sink;

static void spin(int64_t n) {
	uint64_t x = (uint64_t)n | 1;
	for (int64_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	sink = x;
}

static void doze(int64_t ns) {
	struct timespec t = { ns / 1000000000, ns % 1000000000 };
	while (nanosleep(&t, &t) != 0 && errno == EINTR) {}
}

static pthread_spinlock_t lock;

__attribute__((constructor)) static void prepare(void) {
	pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
}

static void locked(int64_t n) {
	pthread_spin_lock(&lock);
	spin(n);
	pthread_spin_unlock(&lock);
}
*/
import "C"

import "time"

// There reports whether there is C.
const There = true

// Spin goes round a loop n times.
func Spin(n int64) { C.spin(C.int64_t(n)) }

// Sleep sleeps in a system call.
func Sleep(d time.Duration) { C.doze(C.int64_t(d)) }

// Locked goes round a loop n times while it holds a spin lock, of which there
// is one. It blocks until it has the lock, and burns a processor meanwhile.
func Locked(n int64) { C.locked(C.int64_t(n)) }
