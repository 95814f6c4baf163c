package lab

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/bench/lab/clib"
)

// The times of the jobs.
const (
	cpuLeast, cpuMost     = 1 * time.Millisecond, 3 * time.Millisecond
	sleepLeast, sleepMost = 1 * time.Millisecond, 50 * time.Millisecond

	// ShortJob and LongJob are those of the heavy tail, one in LongEvery.
	ShortJob  = 100 * time.Microsecond
	LongJob   = 1000 * ShortJob
	LongEvery = 100
)

// Workloads returns those whose figure is throughput.
func Workloads() []Workload {
	return []Workload{
		{Name: "cpu", Doc: "computes for 1 to 3 ms", New: jobs(computes)},
		{Name: "sleep", Doc: "sleeps for 1 to 50 ms in a system call", New: slept(sleeps)},
		{Name: "mixed", Doc: "computes for 1 to 3 ms or sleeps for 1 to 50 ms, as often the one as the other", New: slept(mixes)},
		{Name: "disk", Doc: "reads 16 KiB of a file by O_DIRECT", New: newDisk},
		{Name: "convoy", Doc: "computes for 0.1 ms, sleeps for 1 ms and then 0.25 ms behind one lock, 2 % longer for each other thread there", New: newConvoy},
		{Name: "heavy-tail", Doc: "sleeps for 0.1 ms, one in a hundred 1,000 times as long", New: slept(tails),
			Slice: 400 * time.Millisecond},
		{Name: "cgo-cpu", Doc: "computes for 1 to 3 ms in C", New: inC(func(r *rand.Rand, _ *atomic.Bool) {
			clib.Spin(int64(float64(Uniform(r, cpuLeast, cpuMost)) * perNano()))
		})},
		{Name: "cgo-sleep", Doc: "sleeps for 1 to 50 ms in C", New: inC(func(r *rand.Rand, _ *atomic.Bool) {
			clib.Sleep(Uniform(r, sleepLeast, sleepMost))
		})},
		{Name: "cgo-lock", Doc: "sleeps for 0.5 ms and then computes for 0.1 ms under a spin lock, all in C", New: inC(func(_ *rand.Rand, stop *atomic.Bool) {
			clib.Sleep(500 * time.Microsecond)
			if !stop.Load() {
				clib.Locked(int64(float64(100*time.Microsecond) * perNano()))
			}
		})},
	}
}

// jobs makes a New of a job that needs nothing.
func jobs(job func(*rand.Rand, *atomic.Bool)) func(string) (*Load, error) {
	return func(string) (*Load, error) { return &Load{Job: job}, nil }
}

// slept is jobs for a job that sleeps, which not every system can.
func slept(job func(*rand.Rand, *atomic.Bool)) func(string) (*Load, error) {
	return func(string) (*Load, error) {
		if err := Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		return &Load{Job: job}, nil
	}
}

// inC is jobs for a job in C, which is not always there.
func inC(job func(*rand.Rand, *atomic.Bool)) func(string) (*Load, error) {
	return func(string) (*Load, error) {
		if !clib.There {
			return nil, errors.ErrUnsupported
		}
		return &Load{Job: job}, nil
	}
}

func computes(r *rand.Rand, stop *atomic.Bool) { Compute(Uniform(r, cpuLeast, cpuMost), stop) }

// sleeps and the others ignore the error of Sleep: that it works has been seen.
func sleeps(r *rand.Rand, _ *atomic.Bool) { _ = Sleep(Uniform(r, sleepLeast, sleepMost)) }

func mixes(r *rand.Rand, stop *atomic.Bool) {
	if r.IntN(2) == 0 {
		computes(r, stop)
	} else {
		sleeps(r, stop)
	}
}

func tails(r *rand.Rand, _ *atomic.Bool) {
	d := ShortJob
	if r.IntN(LongEvery) == 0 {
		d = LongJob
	}
	_ = Sleep(d)
}

func newConvoy(string) (*Load, error) {
	if err := Sleep(time.Microsecond); err != nil {
		return nil, err
	}
	c := Convoy{Hold: 250 * time.Microsecond, Crowd: 0.02, Retry: 200 * time.Microsecond}
	return &Load{Job: func(_ *rand.Rand, stop *atomic.Bool) {
		Compute(100*time.Microsecond, stop)
		_ = Sleep(time.Millisecond)
		c.Use(stop)
	}}, nil
}
