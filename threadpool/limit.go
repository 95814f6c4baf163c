package threadpool

import (
	"math"
	"strconv"
	"strings"
	"sync"
)

// defaultLimit is the limit of pools that do not choose one: DefaultLimit, or
// less where that many threads would be too many. When the system refuses a
// thread Go's runtime ends the process, and nobody can catch that, so there is
// nothing to do about it afterwards. What the system allows is looked up once.
var defaultLimit = sync.OnceValue(func() int { return limitFor(threadsAllowed()) })

// limitFor returns the default limit where a number of threads is allowed. A
// quarter is for one pool: the allowance is shared with the rest of the process
// and with other processes of the user or the container.
func limitFor(allowed int) int { return min(DefaultLimit, max(allowed/4, 2)) }

// unlimited is what is allowed where nothing is known.
const unlimited = math.MaxInt32

// parseAllowance returns the number at the start of text, or unlimited if there
// is none, as in «max» and «unlimited».
func parseAllowance(text string) int {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return unlimited
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil || n < 0 || n > unlimited {
		return unlimited
	}
	return n
}

// parseLimits finds the soft limit of processes, which are threads, in the form
// of /proc/self/limits.
func parseLimits(text string) int {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "Max processes"); ok {
			return parseAllowance(rest)
		}
	}
	return unlimited
}
