package poolsim_test

import (
	"math"
	"testing"

	"github.com/causeway-go/causeway/internal/poolsim"
)

func one(phases ...poolsim.Phase) []poolsim.Segment {
	return []poolsim.Segment{{Until: 1e9, Classes: []poolsim.Class{{Name: "job", Weight: 1, Phases: phases}}}}
}

func TestThroughputIsWhatQueueingTheorySays(t *testing.T) {
	const ms = 1e-3
	tests := []struct {
		name string
		w    poolsim.Workload
		size int
		want float64 // jobs per second
	}{
		{"four cores, four jobs", poolsim.Workload{Cores: 4, Segments: one(poolsim.Phase{Kind: poolsim.CPU, Time: poolsim.Dist{Mean: 2 * ms}})}, 4, 2000},
		{"four cores, many jobs", poolsim.Workload{Cores: 4, Segments: one(poolsim.Phase{Kind: poolsim.CPU, Time: poolsim.Dist{Mean: 2 * ms}})}, 64, 2000 / 1.0075},
		{"sleepers", poolsim.Workload{Cores: 1, Segments: one(poolsim.Phase{Kind: poolsim.Sleep, Time: poolsim.Dist{Shape: poolsim.Exp, Mean: 20 * ms}})}, 100, 5000},
		{"disk", poolsim.Workload{Cores: 1, Devices: []poolsim.Device{{Channels: 8}},
			Segments: one(poolsim.Phase{Kind: poolsim.Disk, Time: poolsim.Dist{Shape: poolsim.Exp, Mean: 4 * ms}})}, 32, 2000},
		{"disk below its channels", poolsim.Workload{Cores: 1, Devices: []poolsim.Device{{Channels: 8}},
			Segments: one(poolsim.Phase{Kind: poolsim.Disk, Time: poolsim.Dist{Mean: 4 * ms}})}, 2, 500},
		{"convoy", poolsim.Workload{Cores: 1, Mutexes: []poolsim.Mutex{{Convoy: 0.1}},
			Segments: one(poolsim.Phase{Kind: poolsim.Hold, Time: poolsim.Dist{Mean: 5 * ms}})}, 12, 100}, // ten wait when one has left
	}
	for _, test := range tests {
		r := poolsim.Run(&test.w, poolsim.Fixed(test.size), 1)
		if got := float64(r.Completed) / 30; math.Abs(got/test.want-1) > 0.02 {
			t.Errorf("%s: %.1f jobs per second, want %.1f", test.name, got, test.want)
		}
	}
}

func TestARunIsTheSameEachTime(t *testing.T) {
	for _, w := range poolsim.Suite(3, 9) {
		w.Horizon = 3
		a := poolsim.Run(&w, &poolsim.Adaptive{}, 5)
		b := poolsim.Run(&w, &poolsim.Adaptive{}, 5)
		if a.Completed != b.Completed || a.Threads != b.Threads {
			t.Errorf("%s: %d jobs with %f threads, then %d with %f", w.Name, a.Completed, a.Threads, b.Completed, b.Threads)
		}
	}
}
