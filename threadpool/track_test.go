package threadpool_test

import (
	"bytes"
	"context"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/causeway-go/causeway/internal/hammer"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/threadpool"
)

//go:noinline
func hangHere(stop <-chan struct{}) { <-stop }

// countJobs counts the jobs that are in the function called where.
func countJobs(p *threadpool.Pool, where string) (n int) {
	for _, j := range p.Jobs() {
		if bytes.Contains(j.Stack, []byte(where)) {
			n++
		}
	}
	return n
}

func TestJobsThatRunAreTold(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Name: "p", Limit: 4, Hint: threadpool.WillBlock, Track: true})
	c := mustClass(t, p, threadpool.ClassOptions{Name: "c"})
	if jobs := p.Jobs(); len(jobs) != 0 {
		t.Errorf("%+v", jobs)
	}
	stop := make(chan struct{})
	ctx, cancel := context.WithCancel(background)
	left := make(chan error)
	go func() { left <- p.Do(ctx, func() { hangHere(stop) }) }()
	go func() { _ = c.Do(background, func() { hangHere(stop) }) }()
	end := sync.OnceFunc(func() { close(stop) })
	defer end()
	waitFor(t, "both to hang", func() bool { return countJobs(p, "hangHere") == 2 })
	cancel()
	<-left
	jobs := p.Jobs()
	if len(jobs) != 2 {
		t.Fatalf("%d jobs", len(jobs))
	}
	for _, j := range jobs {
		if !bytes.Contains(j.Stack, []byte("hangHere")) || j.Goroutine == 0 || j.For <= 0 || j.Waiting {
			t.Errorf("%+v\n%s", j, j.Stack)
		}
		if j.Abandoned != (j.Pool == "p") || j.Pool != "p" && j.Pool != "p/c" {
			t.Errorf("%q: abandoned %v", j.Pool, j.Abandoned)
		}
	}
	end()
	waitFor(t, "both to end", func() bool { return len(p.Jobs()) == 0 })
	if jobs := newPool(t, threadpool.Options{}).Jobs(); jobs != nil {
		t.Errorf("not asked for: %v", jobs)
	}
}

// What runs too long is reported once, and what waits for another job is not.
func TestStalledJobsAreReported(t *testing.T) {
	leak.Check(t)
	t.Run("real", func(t *testing.T) { stalledJobsAreReported(t, false) })
	// Without a machine between the jobs and the clock.
	t.Run("bubble", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) { stalledJobsAreReported(t, true) })
	})
}

func stalledJobsAreReported(t *testing.T, exact bool) {
	hangs := func(j threadpool.JobInfo) bool { return bytes.Contains(j.Stack, []byte("hangHere")) }
	reports := make(chan threadpool.JobInfo, 100)
	p := newPool(t, threadpool.Options{Limit: 2, Hint: threadpool.WillBlock, StallAfter: 20 * time.Millisecond,
		OnStall: func(j threadpool.JobInfo) { reports <- j }})
	for range 100 { // these are quick
		_ = p.Do(background, func() {})
	}
	stop := make(chan struct{})
	waits := make(chan error)
	go func() { // this one waits inside, in the queue
		waits <- p.Do(background, func() { _ = p.Do(cancelable(t), func() { hangHere(stop) }) })
	}()
	j := <-reports
	for !exact && !hangs(j) { // on a busy machine a quick job may take that long
		j = <-reports
	}
	if !hangs(j) || j.For < 20*time.Millisecond || j.Waiting {
		t.Errorf("%+v\n%s", j, j.Stack)
	}
	close(stop)
	if err := <-waits; err != nil {
		t.Error(err)
	}
	for len(reports) > 0 {
		if j := <-reports; exact || hangs(j) {
			t.Errorf("again, or too much: %s", j.Stack)
		}
	}
}

// The clock decides exactly, and a job that hangs for ever is reported once: after
// that nothing wakes up any more, so the bubble comes to an end by deadlock only if
// the job does not.
func TestStallsByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reports atomic.Int64
		p := mustNew(t, threadpool.Options{OnStall: func(threadpool.JobInfo) { reports.Add(1) }})
		stop := make(chan struct{})
		if err := p.Submit(background, func() { <-stop }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(threadpool.DefaultStallAfter - 1)
		synctest.Wait()
		if n := reports.Load(); n != 0 {
			t.Errorf("%d reports too early", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := reports.Load(); n != 1 {
			t.Errorf("%d reports", n)
		}
		time.Sleep(time.Hour)
		if n := reports.Load(); n != 1 {
			t.Errorf("%d reports after an hour", n)
		}
		close(stop)
		if err := p.Shutdown(background); err != nil {
			t.Error(err)
		}
	})
}

// Everybody asks at the same time as jobs begin, end, wait, panic and leave.
func TestTrackingUnderFire(t *testing.T) {
	leak.Check(t)
	p := newPool(t, threadpool.Options{Limit: 3, Track: true, OnPanic: func(any, []byte) {}})
	a := &account{}
	hammer.Run(t, 4, func(g, i int) {
		if g == 0 {
			for _, j := range p.Jobs() {
				if j.Goroutine == 0 || j.For < 0 {
					t.Errorf("%+v", j)
				}
			}
			return
		}
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		if i%3 == 0 {
			go cancel()
		}
		f := a.job(p, ctx, i, true)
		if i%2 == 0 {
			a.call(func() { _ = p.Do(ctx, f) })
		} else {
			a.call(func() { _ = p.Do(background, f) })
		}
	})
	waitFor(t, "all to end", func() bool { return len(p.Jobs()) == 0 })
}

// labelled returns whether some goroutine has the label.
func labelled(t *testing.T, pool string) bool {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		t.Fatal(err)
	}
	return strings.Contains(b.String(), `"pool":"`+pool+`"`)
}

func TestJobsHaveLabelsIfWanted(t *testing.T) {
	for _, want := range []bool{true, false} {
		p := newPool(t, threadpool.Options{Name: "labelled", Limit: 2, Labels: want})
		for _, way := range ways {
			got := false
			if err := way.run(t, p, background, func() { got = labelled(t, "labelled") }); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s: %v, want %v", way.name, got, want)
			}
			waitFor(t, "the label to go", func() bool { return !labelled(t, "labelled") })
		}
		ctx := pprof.WithLabels(background, pprof.Labels("pool", "outer"))
		pprof.SetGoroutineLabels(ctx)
		s, err := p.Enter(ctx)
		if err != nil {
			t.Fatal(err)
		}
		s.Leave()
		if !labelled(t, "outer") {
			t.Error("the labels of before are gone")
		}
		pprof.SetGoroutineLabels(background)
	}
	runtime.Gosched()
}
