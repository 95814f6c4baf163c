//go:build linux

package reactor_test

import (
	"io"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// BenchmarkSplice passes bytes from one connection to another, in 64 KiB writes:
// spliced by us, by package net, and copied through a buffer by both. The CPU time is
// that of the whole process, so also of those who send and receive, which is the same
// for all. (package net does not splice from TCP to a Unix socket's copy below, nor
// to a pipe.)
func BenchmarkSplice(b *testing.B) {
	const chunk = 256 << 10
	for _, pair := range []struct {
		name     string
		from, to [2]int // in ways: ours, of package net
	}{
		{"tcp to tcp", [2]int{0, 2}, [2]int{0, 2}},
		{"unix to tcp", [2]int{1, 3}, [2]int{0, 2}},
		{"tcp to unix", [2]int{0, 2}, [2]int{1, 3}},
		{"pipe to tcp", [2]int{4, 4}, [2]int{0, 2}},
		{"tcp to pipe", [2]int{0, 2}, [2]int{4, 4}},
	} {
		for i, who := range []string{"causeway", "net"} {
			for _, how := range []string{"splice", "copy"} {
				b.Run(pair.name+"/"+who+"/"+how, func(b *testing.B) {
					from, to := ways[pair.from[i]].open(b, newReactor(b)), ways[pair.to[i]].open(b, newReactor(b))
					go func() {
						buf := make([]byte, 64<<10)
						for {
							if _, err := to.out.Read(buf); err != nil {
								return
							}
						}
					}()
					done := make(chan struct{})
					go func() {
						defer close(done)
						if how == "splice" {
							io.Copy(to.in, from.out)
						} else {
							io.Copy(onlyWriter{to.in}, onlyReader{from.out})
						}
					}()
					buf := make([]byte, chunk)
					cpu := cpuTime()
					b.SetBytes(chunk)
					b.ResetTimer()
					for range b.N {
						from.in.Write(buf)
					}
					from.in.Close()
					<-done
					b.ReportMetric(float64(cpuTime()-cpu)/1e6/(float64(b.N)*chunk/(1<<30)), "cpu-ms/GiB")
				})
			}
		}
	}
}

type onlyReader struct{ io.Reader }

// cpuTime returns what the process has used.
func cpuTime() time.Duration {
	var u unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
