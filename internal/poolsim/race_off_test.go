//go:build !race

package poolsim_test

// raceEnabled says that the detector is off.
const raceEnabled = false
