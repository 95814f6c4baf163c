//go:build !race

package threadpool_test

const raceEnabled = false
