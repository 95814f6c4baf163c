//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
)

// stormCalls is how many calls block at once: more than Go's runtime takes.
const stormCalls = 10_050

// stormEnv has this program do the storm in plain Go, of which it should die.
const stormEnv = "CAUSEWAY_BENCH_STORM"

var storm = kit.Scenario{
	Name:  "pool/storm",
	Doc:   "10,050 reads of an empty pipe at once, by goroutines: whether the process lives, and how many ran at once.",
	Child: true,
	Impls: []kit.Impl{
		{Name: kit.Ours, Measure: func(*kit.Rep) (kit.Figures, error) { return stormPool(lab.Adaptive) }},
		{Name: "fixed-500", Measure: func(*kit.Rep) (kit.Figures, error) {
			return stormPool(func() (lab.Pool, error) { return lab.Fixed(500) })
		}},
		{Name: "go", Measure: stormGo},
	},
}

// stormPool has them all go through a pool, looks how many are in the call when
// that does not change any more, and lets them go.
func stormPool(open func() (lab.Pool, error)) (f kit.Figures, err error) {
	p, err := open()
	if err != nil {
		return nil, err
	}
	s, err := startStorm(p)
	if err != nil {
		return nil, err
	}
	s.settle(3 * time.Second)
	if err := s.release(); err != nil {
		return nil, err
	}
	return kit.Figures{
		{Metric: kit.Survived, Value: 1},
		{Metric: kit.AtOnce, Value: float64(s.most.n.Load())},
	}, nil
}

// A storming is calls that block until they are released.
type storming struct {
	now, most atomicMost
	calls     sync.WaitGroup
	in, out   *os.File
	errs      chan error
}

func startStorm(p lab.Pool) (*storming, error) {
	var fds [2]int
	if err := syscall.Pipe(fds[:]); err != nil {
		return nil, fmt.Errorf("storm: %w", err)
	}
	s := &storming{errs: make(chan error, stormCalls)}
	s.in, s.out = os.NewFile(uintptr(fds[0]), "in"), os.NewFile(uintptr(fds[1]), "out")
	for range stormCalls {
		s.calls.Go(func() {
			p.Do(context.Background(), func() {
				s.most.raise(s.now.add(1))
				defer s.now.add(-1)
				var b [1]byte
				for {
					_, err := syscall.Read(fds[0], b[:])
					if !errors.Is(err, syscall.EINTR) {
						s.errs <- err
						return
					}
				}
			})
		})
	}
	return s, nil
}

// settle waits until no more calls have begun for a third of a second.
func (s *storming) settle(limit time.Duration) {
	const step = 20 * time.Millisecond
	for same, last := time.Duration(0), int64(-1); same < limit/9 && limit > 0; limit -= step {
		time.Sleep(step)
		n := s.most.n.Load()
		if same += step; n != last {
			same, last = 0, n
		}
	}
}

// release ends all the calls.
func (s *storming) release() error {
	if _, err := s.out.Write(make([]byte, stormCalls)); err != nil {
		return err
	}
	s.calls.Wait()
	close(s.errs)
	for err := range s.errs {
		if err != nil {
			return fmt.Errorf("storm: %w", err)
		}
	}
	return errors.Join(s.in.Close(), s.out.Close())
}

// stormGo starts a process that does it in plain Go, and sees what becomes of it.
func stormGo(*kit.Rep) (kit.Figures, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 40*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), stormEnv+"=1")
	survived := 1.0
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) || ctx.Err() != nil {
			return nil, fmt.Errorf("storm: %w", err)
		}
		survived = 0
	}
	return kit.Figures{{Metric: kit.Survived, Value: survived}}, nil
}

// stormed does the storm in plain Go if this process was started for it.
func stormed() {
	if os.Getenv(stormEnv) == "" {
		return
	}
	debug.SetTraceback("none") // ten thousand stacks are of no use
	p, err := lab.Unbounded()
	if err != nil {
		os.Exit(2)
	}
	if s, err := startStorm(p); err == nil {
		s.settle(30 * time.Second)
		_ = s.release()
	}
	os.Exit(0)
}
