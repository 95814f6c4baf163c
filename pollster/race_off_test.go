//go:build !race

package pollster_test

const raceEnabled = false
