package main

import (
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/bench/lab"
)

// dependent compares sizes on jobs that wait for jobs. The sizes that are less
// than the number of those that wait deadlock, and have nothing.
var dependent = jointly("pool/dependent",
	"200 jobs at a time sleep for 1 to 5 ms, have another one of 1 to 10 ms run by the same pool and wait for it on a channel; causeway-seen waits for it in BlockOn, so that the pool knows. Throughput by that of the best fixed size, on the channel.",
	[]string{kit.Ours, "causeway-seen", "fixed-8", "fixed-256", "fixed-500", "fixed-8-seen"},
	func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		const ( // as long altogether as the comparisons of other workloads
			turn   = 2500 * time.Millisecond
			rounds = 6
		)
		blind := fixedRows([]int{8, 256, 500})
		got, err := lab.Rounds(blind, rounds, func(p lab.Pool) (lab.Tally, error) { return lab.Waits(p, turn), nil })
		if err != nil {
			return nil, err
		}
		seeing := []lab.Row{{Name: "causeway-seen", Open: lab.Adaptive}, lab.FixedRow("fixed-8-seen", 8)}
		seen, err := lab.Rounds(seeing, rounds, func(p lab.Pool) (lab.Tally, error) { return lab.WaitsSeen(p, turn), nil })
		if err != nil {
			return nil, err
		}
		best := lab.Least([]string{"fixed-8", "fixed-256", "fixed-500"}, func(name string) float64 {
			return -lab.NewScore(got[name], got[name]).Rate
		})
		rows := map[string]kit.Figures{}
		for name, turns := range got {
			rows[name] = scored(lab.NewScore(turns, got[best]))
		}
		for name, turns := range seen {
			rows[name] = scored(lab.NewScore(turns, got[best]))
		}
		return rows, nil
	})

var appLatency = jointly("pool/app-latency",
	"How late the timers of the program are, one every 3 ms, beside 10 x GOMAXPROCS clients whose jobs compute for 5 to 20 ms; go has them all run at once.",
	[]string{kit.Ours, "fixed-1", "fixed-2", "fixed-4", "go"}, func(string) (map[string]kit.Figures, error) {
		list := append(fixedRows([]int{1, 2, 4}), lab.Row{Name: "go", Open: lab.Unbounded})
		type turn struct {
			late  []time.Duration
			tally lab.Tally
		}
		got, err := lab.Rounds(list, 3, func(p lab.Pool) (turn, error) {
			late, tally := lab.Lateness(p, 600*time.Millisecond)
			return turn{late, tally}, nil
		})
		if err != nil {
			return nil, err
		}
		rows := map[string]kit.Figures{}
		for name, turns := range got {
			var late []time.Duration
			var tallies []lab.Tally
			for _, t := range turns {
				late, tallies = append(late, t.late...), append(tallies, t.tally)
			}
			s := lab.NewScore(tallies, tallies)
			rows[name] = kit.Figures{
				{Metric: kit.P99Ms, Value: lab.P99(late)},
				{Metric: kit.JobsPerS, Value: s.Rate},
				{Metric: kit.Limit, Value: float64(s.Limit)},
			}
		}
		return rows, nil
	})

// metaBest is about the best size for the lock.
const metaBest = 3

var metastable = jointly("pool/metastable",
	"600 jobs a second for a lock that can do 800 if few threads crowd it, and 1,000 more at once; whether and how soon the backlog goes, by the time a pool of 3 takes.",
	[]string{kit.Ours, "fixed-3", "fixed-500"}, func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		type end struct {
			took      time.Duration
			recovered bool
		}
		got, err := lab.Rounds(fixedRows([]int{metaBest, 500}), 1, func(p lab.Pool) (end, error) {
			took, recovered := lab.Metastable.Run(p)
			return end{took, recovered}, nil
		})
		if err != nil {
			return nil, err
		}
		rows := map[string]kit.Figures{}
		for name, e := range got {
			f := kit.Figures{{Metric: kit.Recovered, Value: 0}}
			if e[0].recovered {
				f[0].Value = 1
				f = f.With(kit.TimeRatio, float64(e[0].took)/float64(got[fixedName(metaBest)][0].took))
			}
			rows[name] = f
		}
		return rows, nil
	})

var slowDependency = jointly("pool/slow-dependency",
	"1,500 jobs of 10 ms a second beside 300 of another kind, which then hang for 10 s: throughput of the first that is left, and the 99th percentile of their times by that of before. Ours has two classes of one pool, the others have one pool for both.",
	[]string{kit.Ours, "causeway-one", "fixed-500", "ants"}, func(string) (map[string]kit.Figures, error) {
		if err := lab.Sleep(time.Microsecond); err != nil {
			return nil, err
		}
		shared := func(open func() (lab.Pool, error)) func() (*lab.Two, error) {
			return func() (*lab.Two, error) { return lab.Shared(open) }
		}
		rows := map[string]kit.Figures{}
		for name, open := range map[string]func() (*lab.Two, error){
			kit.Ours:       lab.Classes,
			"causeway-one": shared(lab.Adaptive),
			"fixed-500":    shared(func() (lab.Pool, error) { return lab.Fixed(500) }),
			"ants":         shared(lab.Ants),
		} {
			two, err := open()
			if err != nil {
				return nil, err
			}
			o := lab.Hang.Run(two)
			two.Close()
			rows[name] = kit.Figures{
				{Metric: kit.Kept, Value: o.Kept},
				{Metric: kit.P99Ratio, Value: o.P99Ratio},
				{Metric: kit.ThreadsPeak, Value: float64(o.Threads)},
			}
		}
		return rows, nil
	})
