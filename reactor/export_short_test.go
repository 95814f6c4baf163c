package reactor

// Drained reports whether the next read by way of w would be left out, if nothing happens.
func Drained(w *Waiter) bool { return w.empty }
