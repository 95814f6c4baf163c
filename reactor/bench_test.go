//go:build linux

package reactor_test

import (
	"context"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/causeway-go/causeway/internal/goroutine"
	"github.com/causeway-go/causeway/pollster"
)

// In pairs: ours and plain Go doing the same. In a test binary every wait also
// asks whether it is in a synctest bubble, which takes 45 ns and is not done in
// programs that are not tests; BenchmarkInBubble says how long here.

func BenchmarkInBubble(b *testing.B) {
	for b.Loop() {
		goroutine.InBubble()
	}
}

func BenchmarkArmAndCancel(b *testing.B) {
	for _, pending := range []struct {
		name string
		n    int
	}{{"0", 0}, {"1M", 1_000_000}} {
		b.Run("reactor/"+pending.name, func(b *testing.B) {
			r := kinds[0].new(b)
			for range pending.n {
				r.Sleep(time.Hour + time.Duration(rand.Int64N(int64(time.Hour)))).Poll(nil)
			}
			w := newCounter()
			timer := r.At(time.Now().Add(time.Minute))
			b.ReportAllocs()
			for b.Loop() {
				timer.Poll(&w.Waker)
				timer.Cancel()
			}
		})
		b.Run("reactor new/"+pending.name, func(b *testing.B) {
			r := kinds[0].new(b)
			for range pending.n {
				r.Sleep(time.Hour + time.Duration(rand.Int64N(int64(time.Hour)))).Poll(nil)
			}
			w := newCounter()
			b.ReportAllocs()
			for b.Loop() {
				timer := r.Sleep(time.Minute)
				timer.Poll(&w.Waker)
				timer.Cancel()
			}
		})
		b.Run("AfterFunc/"+pending.name, func(b *testing.B) {
			timers := make([]*time.Timer, pending.n)
			for i := range timers {
				timers[i] = time.AfterFunc(time.Hour+time.Duration(rand.Int64N(int64(time.Hour))), func() {})
			}
			b.ReportAllocs()
			for b.Loop() {
				time.AfterFunc(time.Minute, func() {}).Stop()
			}
			b.StopTimer()
			for _, t := range timers {
				t.Stop()
			}
		})
	}
}

func BenchmarkArmAndCancelParallel(b *testing.B) {
	b.Run("reactor", func(b *testing.B) {
		r := kinds[0].new(b)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				timer := r.Sleep(time.Minute)
				timer.Poll(nil)
				timer.Cancel()
			}
		})
	})
	b.Run("AfterFunc", func(b *testing.B) {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				time.AfterFunc(time.Minute, func() {}).Stop()
			}
		})
	})
}

// BenchmarkPingPong sends a byte over two pipes and back.
func BenchmarkPingPong(b *testing.B) {
	for _, k := range kinds[:3] {
		b.Run("reactor/"+k.name, func(b *testing.B) {
			r := k.new(b)
			r1, w1 := pipe(b)
			r2, w2 := pipe(b)
			s1, s2 := register(b, r, r1), register(b, r, r2)
			go func() {
				buf := make([]byte, 1)
				for {
					if n, err := s1.ReadWith(context.Background(), reader(buf)); n != 1 || err != nil {
						return
					}
					unix.Write(w2, buf)
				}
			}()
			buf := make([]byte, 1)
			read := reader(buf)
			b.ReportAllocs()
			for b.Loop() {
				unix.Write(w1, buf)
				if _, err := s2.ReadWith(context.Background(), read); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("os.File", func(b *testing.B) {
		r1, w1, _ := os.Pipe()
		r2, w2, _ := os.Pipe()
		defer r1.Close()
		defer r2.Close()
		defer w1.Close()
		go func() {
			defer w2.Close()
			buf := make([]byte, 1)
			for {
				if _, err := r1.Read(buf); err != nil {
					return
				}
				w2.Write(buf)
			}
		}()
		buf := make([]byte, 1)
		b.ReportAllocs()
		for b.Loop() {
			w1.Write(buf)
			if _, err := r2.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkReadThatNeedNotWait(b *testing.B) {
	rd, wr := pipe(b)
	s := register(b, kinds[0].new(b), rd)
	buf := make([]byte, 1)
	read := reader(buf)
	b.Run("reactor", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			unix.Write(wr, buf)
			s.ReadWith(context.Background(), read)
		}
	})
	b.Run("system call", func(b *testing.B) {
		for b.Loop() {
			unix.Write(wr, buf)
			unix.Read(rd, buf)
		}
	})
}

// BenchmarkSleepMany lets many short sleeps end.
func BenchmarkSleepMany(b *testing.B) {
	const n = 10_000
	run := func(b *testing.B, start func(d time.Duration, done func())) {
		ended := make(chan struct{}, n)
		for b.Loop() {
			for i := range n {
				start(time.Duration(i%100)*100*time.Microsecond, func() { ended <- struct{}{} })
			}
			for range n {
				<-ended
			}
		}
		b.ReportMetric(float64(b.Elapsed())/float64(b.N)/n, "ns/timer")
	}
	b.Run("reactor", func(b *testing.B) {
		r := kinds[0].new(b)
		run(b, func(d time.Duration, done func()) {
			if _, ready, _ := r.Sleep(d).Poll(pollster.NewWaker(done)); ready {
				done()
			}
		})
	})
	b.Run("AfterFunc", func(b *testing.B) {
		run(b, func(d time.Duration, done func()) { time.AfterFunc(d, done) })
	})
}
