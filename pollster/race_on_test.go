//go:build race

package pollster_test

const raceEnabled = true
