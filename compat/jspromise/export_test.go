//go:build js

package jspromise

// Live returns how many entries the table has.
func Live() int {
	table.mu.Lock()
	defer table.mu.Unlock()
	return len(table.live)
}
