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

// Occupied returns how many cells have an id or a place.
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

// Fullest returns how many of ids share the bucket most of them share.
func Fullest(ids []uintptr) (n int) {
	count := make(map[*bucket]int)
	for _, id := range ids {
		b := home(id)
		count[b]++
		n = max(n, count[b])
	}
	return n
}
