package goroutine

// Parse is the fallback of Current, for comparison.
func Parse() uintptr { return parse() }

// Cells is how many goroutines the table has room for.
const Cells = 1 << bucketBits * bucketSize

// Overflowed returns how many goroutines the overflow map stands for by its
// count, and how many are in it.
func Overflowed() (count, entries int) {
	overflow.Range(func(any, any) bool { entries++; return true })
	return int(overflowed.Load()), entries
}

// Occupied returns how many cells are claimed.
func Occupied() (n int) {
	for i := range table {
		for j := range table[i] {
			if c := &table[i][j]; c.id.Load() != 0 {
				n++
			}
		}
	}
	return n
}

// Surplus returns how many of ids have no room in their buckets.
func Surplus(ids []uintptr) (n int) {
	count := make(map[*bucket]int)
	for _, id := range ids {
		b := home(id)
		if count[b]++; count[b] > bucketSize {
			n++
		}
	}
	return n
}
