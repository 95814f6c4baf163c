package poolsim

import "time"

// Sizes are the fixed sizes that the search tries.
var Sizes = []int{1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512}

// Fixed is the policy of a pool of one size.
type Fixed int

// Start implements Policy: the first limit, and the time between two ticks.
func (f Fixed) Start(int, int) (int, time.Duration) { return int(f), 0 }

// Tick implements Policy: the limit from now on.
func (f Fixed) Tick(*Observation) int { return int(f) }

// A Best is what the search found.
type Best struct {
	Size      int // the best fixed size
	Completed int // its completions
	Needed    int // the smallest size with 97 % of them
}

// Search runs w at every fixed size, with the same seed.
func Search(w *Workload, seed uint64) Best {
	var done []int
	var b Best
	for _, n := range Sizes {
		if n > w.max() {
			break
		}
		c := Run(w, Fixed(n), seed).Completed
		done = append(done, c)
		if c > b.Completed {
			b.Size, b.Completed = n, c
		}
	}
	for i, c := range done {
		if float64(c) >= 0.97*float64(b.Completed) {
			b.Needed = Sizes[i]
			break
		}
	}
	return b
}
