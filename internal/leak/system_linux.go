package leak

import (
	"os"
	"strings"
	"sync"
)

func systemThreads() int {
	return len(names("/proc/self/task"))
}

// descriptors returns each open descriptor and what it refers to. The one
// that reads the directory is closed again before, and not counted. Nor are files
// about the process's limits, which package threadpool reads now and then, and Go
// itself: such a moment is no leak, neither before nor after.
func descriptors() map[string]string {
	d := make(map[string]string)
	for _, fd := range names("/proc/self/fd") {
		if to, err := os.Readlink("/proc/self/fd/" + fd); err == nil && !aboutLimits(to) {
			d[fd] = to
		}
	}
	return d
}

func aboutLimits(file string) bool {
	if strings.HasPrefix(file, "/sys/fs/cgroup/") {
		return true
	}
	return strings.HasPrefix(file, "/proc/") && (strings.HasSuffix(file, "/cgroup") || strings.HasSuffix(file, "/limits"))
}

func names(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	list, _ := f.Readdirnames(-1)
	return list
}

// warm lets Go's netpoller open the descriptors that it keeps.
var warm = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})
