package threadpool_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

// childVariable names what the test binary does instead of testing, when it is
// started by a test.
const childVariable = "CAUSEWAY_THREADPOOL_CHILD"

func TestMain(m *testing.M) {
	if what := os.Getenv(childVariable); what != "" {
		if err := beChild(what); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// startChild runs the test binary as a child and returns its output.
func startChild(t *testing.T, what string, arguments ...string) (output string, err error) {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, arguments...)
	c.Env = append(os.Environ(), childVariable+"="+what, "GOTRACEBACK=none")
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Minute, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err = c.Wait()
	return strings.TrimSpace(out.String()), err
}

const (
	childProcesses = 100   // RLIMIT_NPROC of a child
	childUser      = 61234 // who has no other processes
	rlimitNproc    = 6     // on all of Go's ports but those of MIPS, which are not tested here
)

func beChild(what string) error {
	switch where, what, _ := strings.Cut(what, " "); where {
	case "nproc":
		limit := syscall.Rlimit{Cur: childProcesses, Max: childProcesses}
		if err := syscall.Setrlimit(rlimitNproc, &limit); err != nil {
			return err
		}
		if err := syscall.Setuid(childUser); err != nil {
			return err
		}
		return blockMany(what, 200)
	case "group":
		if err := os.WriteFile(filepath.Join(os.Args[1], "cgroup.procs"), []byte("0"), 0); err != nil {
			return err
		}
		return blockMany(what, 200)
	case "quota":
		if err := os.WriteFile(filepath.Join(os.Args[1], "cgroup.procs"), []byte("0"), 0); err != nil {
			return err
		}
		return compute()
	case "many":
		return blockMany(what, 10_050)
	}
	return errors.New("what?")
}

// blockMany makes n blocking calls at once, in a pool of the given kind or
// without any.
func blockMany(how string, n int) error {
	opts := threadpool.Options{Hint: threadpool.WillBlock}
	if how == "256" {
		opts.Limit = 256
	}
	p, err := threadpool.New(opts)
	if err != nil {
		return err
	}
	var ran, most atomic.Int64
	call := func() {
		t := syscall.NsecToTimespec(int64(2 * time.Millisecond))
		for syscall.Nanosleep(&t, &t) == syscall.EINTR {
		}
		if ran.Add(1)%100 == 0 {
			most.Store(max(most.Load(), int64(leak.Threads())))
		}
	}
	if how == "none" {
		call = func() {
			t := syscall.NsecToTimespec(int64(time.Second))
			for syscall.Nanosleep(&t, &t) == syscall.EINTR {
			}
		}
	}
	var all sync.WaitGroup
	for i := range n {
		switch {
		case how == "none":
			all.Go(call)
		case i%2 == 0:
			all.Go(func() { _ = p.Do(background, call) })
		default:
			all.Add(1)
			if err := p.Submit(background, func() { defer all.Done(); call() }); err != nil {
				return err
			}
		}
	}
	all.Wait()
	s := p.Stats()
	fmt.Printf("ran %d, limit %d, peak %d, threads at most %d", ran.Load(), s.Limit, s.Peak, most.Load())
	return nil
}

func TestTenThousandBlockedCallsUnderALimit(t *testing.T) {
	out, err := startChild(t, "many 256")
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Log(out)
	var ran, limit, peak, threads int
	if _, err := fmt.Sscanf(out, "ran %d, limit %d, peak %d, threads at most %d", &ran, &limit, &peak, &threads); err != nil {
		t.Fatal(err)
	}
	// Go's own: one for each processor, and what starts, collects and watches.
	if ran != 10_050 || peak > 256 || threads > 256+runtime.GOMAXPROCS(0)+6 {
		t.Error(out)
	}
}

// refused tests a system that refuses threads: without a pool the process dies,
// with a pool of the default limit everything runs.
func refused(t *testing.T, where string, limit int, arguments ...string) {
	out, err := startChild(t, where+" none", arguments...)
	if err == nil {
		t.Skipf("%s: this system lets a process have more threads than it may have: %s", where, out)
	}
	t.Logf("without a pool: %v: %.100q", err, out)
	// Go's own words, and those of cgo, which is there with the race detector.
	if !strings.Contains(out, "failed to create new OS thread") && !strings.Contains(out, "pthread_create failed") {
		t.Errorf("died of something else")
	}
	out, err = startChild(t, where+" default", arguments...)
	t.Logf("with one: %s", out)
	if err != nil || !strings.HasPrefix(out, fmt.Sprintf("ran 200, limit %d,", limit)) {
		t.Errorf("%v", err)
	}
}

func TestThreadsRefusedToTheUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only the superuser can become somebody else to try it")
	}
	refused(t, "nproc", childProcesses/4)
}

// newGroup makes a control group with a bound, which is written to the first of the
// files that is there, with what belongs to it.
func newGroup(t *testing.T, controller string, bounds map[string]string) (dir string) {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup/" + controller, "/sys/fs/cgroup"} {
		d := filepath.Join(root, fmt.Sprintf("causeway-%d", os.Getpid()))
		if os.Mkdir(d, 0o755) != nil {
			continue
		}
		t.Cleanup(func() {
			waitFor(t, "the last child to be gone from "+d, func() bool { return os.Remove(d) == nil })
		})
		for name, bound := range bounds {
			if os.WriteFile(filepath.Join(d, name), []byte(bound), 0) == nil {
				return d
			}
		}
	}
	t.Skipf("no control group with a bound on %s can be made here", controller)
	return ""
}

func TestThreadsRefusedToTheContainer(t *testing.T) {
	dir := newGroup(t, "pids", map[string]string{"pids.max": "20"})
	refused(t, "group", 20/4, dir)
}

// A container that may use a fifth of a processor: the pool knows, and jobs that
// compute do not get the 500 slots that they ask for.
func TestAContainerWithAFifthOfAProcessor(t *testing.T) {
	dir := newGroup(t, "cpu", map[string]string{"cpu.max": "20000 100000", "cpu.cfs_quota_us": "20000"})
	out, err := startChild(t, "quota", dir)
	t.Log(out)
	var procs float64
	var limit int
	if _, scan := fmt.Sscanf(out, "%g processors, limit %d", &procs, &limit); err != nil || scan != nil {
		t.Fatal(err, scan)
	}
	if procs != 0.2 || limit > 32 {
		t.Errorf("it does not see the bound")
	}
}

// compute has many clients compute in a pool, for some time.
func compute() error {
	p, err := threadpool.New(threadpool.Options{})
	if err != nil {
		return err
	}
	end := time.Now().Add(time.Second)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			for time.Now().Before(end) {
				_ = p.Do(background, func() {
					for x := 0; x < 300_000; x++ {
						spun.Add(1)
					}
				})
			}
		})
	}
	all.Wait()
	fmt.Printf("%g processors, limit %d; %v", threadpool.Processors(), p.Stats().Limit, p.Events())
	return nil
}

var spun atomic.Int64
