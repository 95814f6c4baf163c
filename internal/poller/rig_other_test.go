//go:build !unix

package poller_test

func rigs() []rig { return []rig{fakeRig()} }
