package threadpool

import "os"

// threadsAllowed returns how many threads the system lets the user (RLIMIT_NPROC)
// or the container (cgroup pids) have.
func threadsAllowed() int {
	limits, _ := os.ReadFile("/proc/self/limits")
	n := parseLimits(string(limits))
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for _, file := range cgroupFiles(string(groups)) {
		if bound, err := os.ReadFile(file); err == nil {
			n = min(n, parseAllowance(string(bound)))
		}
	}
	return n
}
