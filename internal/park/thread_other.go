package park

// ParkThread is Park for an owner that is locked to its OS thread.
func (n *Notifier) ParkThread() { n.Park() }

func (n *Notifier) wakeThread() {}
