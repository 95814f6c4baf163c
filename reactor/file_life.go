package reactor

import "sync/atomic"

// A fileLife counts who is using the descriptor of a File and knows whether it is
// being closed. One word holds both, so that of those who close it and those who
// leave it exactly one finds that it can be closed now.
//
//	enter  count+1, unless closing
//	close  closing; the first one learns whether the count is 0
//	exit   count-1; true for the one who brings it to 0 after close
type fileLife struct{ word atomic.Int64 }

// lifeClosing is the bit of the word that says so. The rest is the count.
const lifeClosing = 1 << 62

// enter reports whether the descriptor may be used. Then exit must follow.
func (l *fileLife) enter() bool {
	for {
		w := l.word.Load()
		if w&lifeClosing != 0 {
			return false
		}
		if l.word.CompareAndSwap(w, w+1) {
			return true
		}
	}
}

// exit reports whether the caller has to close the descriptor.
func (l *fileLife) exit() (last bool) { return l.word.Add(-1) == lifeClosing }

// close refuses everybody from now on. It reports whether it is the first to do so,
// and whether nobody is inside, in which case the caller closes the descriptor.
func (l *fileLife) close() (first, idle bool) {
	w := l.word.Or(lifeClosing)
	return w&lifeClosing == 0, w == 0
}

// closing reports whether close has been called.
func (l *fileLife) closing() bool { return l.word.Load()&lifeClosing != 0 }
