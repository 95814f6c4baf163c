//go:build race

package poolsim_test

// raceEnabled: the detector makes a run several times slower, and a run is of one
// goroutine, so that it looks at fewer of them.
const raceEnabled = true
