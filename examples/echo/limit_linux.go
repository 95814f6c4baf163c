//go:build linux

package main

import "golang.org/x/sys/unix"

// wanted is how many descriptors 20,000 connections need.
const wanted = 20_200

// descriptors raises the limit on descriptors as far as it may and needs, and
// returns what it is.
func descriptors() (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	if limit.Cur < wanted {
		raised := unix.Rlimit{Cur: wanted, Max: max(limit.Max, wanted)}
		if unix.Setrlimit(unix.RLIMIT_NOFILE, &raised) != nil { // that is for the administrator
			raised = unix.Rlimit{Cur: min(limit.Max, wanted), Max: limit.Max}
			_ = unix.Setrlimit(unix.RLIMIT_NOFILE, &raised)
		}
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			return 0, err
		}
	}
	return int(min(limit.Cur, 1<<30)), nil
}
