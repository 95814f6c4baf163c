package futuretest

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A recorder is a testing.TB that notes what a check complains about.
type recorder struct {
	testing.TB // nil: what is not below must not be called
	complaint  string
}

func (r *recorder) Helper() {}

func (r *recorder) Fatalf(format string, args ...any) {
	r.complaint = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// record runs f on a goroutine of its own and returns the complaint, or "".
func record(f func(tb testing.TB)) string {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	return r.complaint
}

// testPatience is for futures of which a complaint is expected. They stand
// still for good, so it need not be long.
const testPatience = 100 * time.Millisecond

// complaints runs the checks against the futures of make until one complains
// with the words of until in it.
func complaints[T any](make func() Subject[T], patience time.Duration, until string) (all []string) {
	for _, c := range futureChecks[T]() {
		s := record(func(tb testing.TB) { c.run(&suite[T]{tb, make, patience}) })
		if s == "" {
			continue
		}
		all = append(all, c.name+": "+s)
		if until != "" && strings.Contains(s, until) {
			break
		}
	}
	return all
}

// streamComplaints is complaints for streams.
func streamComplaints[T any](make func() StreamSubject[T], until string) (all []string) {
	for _, c := range streamChecks[T]() {
		s := record(func(tb testing.TB) {
			c.run(&streamSuite[T]{suite[T]{TB: tb, patience: testPatience}, make})
		})
		if s == "" {
			continue
		}
		all = append(all, c.name+": "+s)
		if strings.Contains(s, until) {
			break
		}
	}
	return all
}

// wantLast fails t unless the last complaint is the one looked for.
func wantLast(t *testing.T, all []string, part string) {
	t.Helper()
	if len(all) == 0 || !strings.Contains(all[len(all)-1], part) {
		t.Errorf("no complaint about %q among %d: %q", part, len(all), all)
	}
}
