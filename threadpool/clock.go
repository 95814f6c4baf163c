package threadpool

import "time"

var epoch = time.Now()

// clock is the time since the program started, by the clock of the calling
// goroutine: in a synctest bubble, that of the bubble.
func clock() time.Duration { return time.Since(epoch) }
