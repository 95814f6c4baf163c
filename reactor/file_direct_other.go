//go:build !linux

package reactor

// directFlag is the flag of files that are read around the page cache.
const directFlag = 0
