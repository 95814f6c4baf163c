//go:build !race

package threadpool

// RaceEnabled tells the tests how slow everything is.
const RaceEnabled = false
