package threadpool

import (
	"slices"
	"strconv"
	"strings"
)

// cgroupDirs returns where the bounds that a controller sets for a process may
// be found, given the form of /proc/self/cgroup: in its own group and in all
// those above, of cgroup v1 and v2.
func cgroupDirs(text, controller string) (dirs []string) {
	for line := range strings.Lines(text) {
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 || !strings.HasPrefix(part[2], "/") {
			continue
		}
		root := "/sys/fs/cgroup"
		switch {
		case part[0] == "0" && part[1] == "":
		case slices.Contains(strings.Split(part[1], ","), controller):
			root += "/" + part[1]
		default:
			continue
		}
		dir := strings.TrimSuffix(part[2], "/")
		for {
			dirs = append(dirs, root+dir)
			i := strings.LastIndexByte(dir, '/')
			if i < 0 {
				break
			}
			dir = dir[:i]
		}
	}
	return dirs
}

// parseQuota returns for how many processors a group is allowed to compute,
// given the form of cpu.max of cgroup v2, «quota period», or the two files of v1
// joined by a space. It returns 0 for no bound.
func parseQuota(text string) float64 {
	fields := strings.Fields(text)
	if len(fields) != 2 {
		return 0
	}
	quota, err1 := strconv.ParseFloat(fields[0], 64)
	period, err2 := strconv.ParseFloat(fields[1], 64)
	if err1 != nil || err2 != nil || !(quota > 0 && period > 0) {
		return 0
	}
	return quota / period
}
