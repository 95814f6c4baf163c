package threadpool

import "os"

// threadsAllowed returns how many threads the system lets the user (RLIMIT_NPROC)
// or the container (cgroup pids) have.
func threadsAllowed() int {
	limits, _ := os.ReadFile("/proc/self/limits")
	n := parseLimits(string(limits))
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for _, dir := range cgroupDirs(string(groups), "pids") {
		if bound, err := os.ReadFile(dir + "/pids.max"); err == nil {
			n = min(n, parseAllowance(string(bound)))
		}
	}
	return n
}

// cpuQuota returns for how many processors the control groups let the process
// compute, or 0 for no bound.
func cpuQuota() (least float64) {
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for _, dir := range cgroupDirs(string(groups), "cpu") {
		text, err := os.ReadFile(dir + "/cpu.max")
		if err != nil {
			text, _ = os.ReadFile(dir + "/cpu.cfs_quota_us")
			period, _ := os.ReadFile(dir + "/cpu.cfs_period_us")
			text = append(append(text, ' '), period...)
		}
		if q := parseQuota(string(text)); q > 0 && (least == 0 || q < least) {
			least = q
		}
	}
	return least
}
