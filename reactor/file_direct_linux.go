//go:build linux

package reactor

import "golang.org/x/sys/unix"

// directFlag is the flag of files that are read around the page cache.
const directFlag = unix.O_DIRECT
