package main

import (
	"context"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
)

// shifting runs the whole shift on some sizes, and then ours twice beside the
// best of them.
var shifting = jointly("pool/shifting",
	"768 clients whose jobs compute for 0.1 ms, then sleep for 1 to 50 ms, then compute, 3 s each; throughput by that of the best fixed size, and the longer of the times to reach nine tenths of it again.",
	[]string{kit.Ours, "best-fixed"}, func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		found, err := lab.SearchAmong([]int{2, 8, 32, 128, 256, 500}, func(n int) (float64, error) {
			p, err := lab.Fixed(n)
			if err != nil {
				return 0, err
			}
			defer p.Close()
			s := lab.RunShift(p, 300*time.Millisecond)
			return s.Rate(), nil
		})
		if err != nil {
			return nil, err
		}
		const best = "best-fixed"
		turns, err := lab.Rounds([]lab.Row{{Name: kit.Ours, Open: lab.Adaptive}, lab.FixedRow(best, found.Best)}, 2,
			func(p lab.Pool) (lab.Shift, error) { return lab.RunShift(p, 3*time.Second), nil })
		if err != nil {
			return nil, err
		}
		rows := map[string]kit.Figures{}
		for name, mine := range turns {
			score := lab.NewScore(tallies(mine), tallies(turns[best]))
			var recover []float64
			for i := range mine {
				recover = append(recover, mine[i].Recovery(&turns[best][i]))
			}
			rows[name] = scored(score).With(kit.RecoverMs, kit.Median(recover))
		}
		return rows, nil
	})

func tallies(shifts []lab.Shift) (t []lab.Tally) {
	for _, s := range shifts {
		t = append(t, s.Tally)
	}
	return t
}

// burstSizes are the sizes that take part in bursts.
var burstSizes = []int{128, 256, 500}

var burst = jointly("pool/burst",
	"Nothing for some time, and then 5,000 jobs at once that sleep for 1 to 19 ms; the delay until a job starts by that in the best of the pools of 128 to 500, all of them warm, and the time until all have ended, of the first burst too.",
	rowNames(fixedRows(burstSizes)), func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		const (
			bursts = 6
			warm   = 2 // of them are not warm
		)
		list := fixedRows(burstSizes)
		got, err := lab.Rounds(list, bursts, func(p lab.Pool) (lab.Burst, error) {
			time.Sleep(100 * time.Millisecond)
			return lab.RunBurst(p, 5000), nil
		})
		if err != nil {
			return nil, err
		}
		delay := func(name string) float64 {
			var all []float64
			for _, b := range got[name][warm:] {
				all = append(all, b.P99)
			}
			return kit.Median(all)
		}
		took := func(name string) (all float64) {
			for _, b := range got[name] {
				all += b.Took.Seconds()
			}
			return all
		}
		best := lab.Least(rowNames(list)[1:], delay)
		rows := map[string]kit.Figures{}
		for name := range got {
			rows[name] = kit.Figures{
				{Metric: kit.P99Ratio, Value: delay(name) / delay(best)},
				{Metric: kit.BestRatio, Value: took(best) / took(name)},
				{Metric: kit.P99Ms, Value: delay(name)},
			}
		}
		return rows, nil
	})

// fixedRows are ours and pools of the given sizes.
func fixedRows(sizes []int) []lab.Row {
	rows := []lab.Row{{Name: kit.Ours, Open: lab.Adaptive}}
	for _, n := range sizes {
		rows = append(rows, lab.FixedRow(fixedName(n), n))
	}
	return rows
}

func rowNames(rows []lab.Row) (names []string) {
	for _, r := range rows {
		names = append(names, r.Name)
	}
	return names
}

// tailSizes are the sizes that take part in the waits of the heavy tail.
var tailSizes = []int{16, 32, 64, 500}

var tailWait = jointly("pool/heavy-tail-wait",
	"6,000 jobs a second that sleep for 0.1 ms, of which one in a hundred sleeps 1,000 times as long; how long the short ones wait, the first second not counted, by that in the best of the pools of 16 to 500.",
	rowNames(fixedRows(tailSizes)), func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		const (
			rounds = 6
			warm   = 2 // of them are not warm
		)
		list := fixedRows(tailSizes)
		type turn struct {
			p99   float64
			limit int
		}
		got, err := lab.Rounds(list, rounds, func(p lab.Pool) (turn, error) {
			return turn{lab.P99(waits(p, 500*time.Millisecond)), p.Limit()}, nil
		})
		if err != nil {
			return nil, err
		}
		p99 := func(name string) []float64 {
			var all []float64
			for _, t := range got[name][warm:] {
				all = append(all, t.p99)
			}
			return all
		}
		best := p99(lab.Least(rowNames(list)[1:], func(name string) float64 { return kit.Median(p99(name)) }))
		rows := map[string]kit.Figures{}
		for name, turns := range got {
			mine := p99(name)
			rows[name] = kit.Figures{
				{Metric: kit.P99Ratio, Value: lab.MedianRatio(mine, best)},
				{Metric: kit.P99Ms, Value: kit.Median(mine)},
				{Metric: kit.Limit, Value: float64(turns[len(turns)-1].limit)},
			}
		}
		return rows, nil
	})

// waits offers p the heavy tail for d and returns how long the short jobs waited.
func waits(p lab.Pool, d time.Duration) []time.Duration {
	lab.ReapThreads()
	var s lab.Stream
	var short lab.Delays
	s.Offer(context.Background(), time.Second/6000, d, func(i int, came time.Time) {
		long := lab.Random(i).IntN(lab.LongEvery) == 0
		p.Do(context.Background(), func() {
			if long {
				_ = lab.Sleep(lab.LongJob)
				return
			}
			short.Add(time.Since(came))
			_ = lab.Sleep(lab.ShortJob)
		})
	})
	s.Wait()
	return short.Take()
}
