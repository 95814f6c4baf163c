package control

import (
	"math"
	"slices"
)

// makeSizes lays out the limits that are tried: four per doubling.
func (c *Controller) makeSizes() {
	n := 0
	for x := float64(c.min); n < maxLevels-1; x = max(x*1.189207115002721, math.Round(x)) {
		v := int(math.Round(x))
		if v >= c.max {
			break
		}
		if n == 0 || v > c.sizes[n-1] {
			c.sizes[n] = v
			n++
		}
	}
	c.sizes[n] = c.max
	c.last = n
}

// index is that of the size nearest to n on a logarithmic axis.
func (c *Controller) index(n int) int {
	i, found := slices.BinarySearch(c.sizes[:c.last+1], n)
	if found || i == 0 {
		return min(i, c.last)
	}
	if i > c.last {
		return c.last
	}
	if float64(c.sizes[i])*float64(c.sizes[i-1]) > float64(n)*float64(n) {
		return i - 1
	}
	return i
}

// scaled is the index of the size nearest to f times that of i, and another
// one than i where there is one.
func (c *Controller) scaled(i int, f float64) int {
	x := min(max(float64(c.sizes[i])*f, 1), float64(c.max))
	j := c.index(int(math.Round(x)))
	if j == i && f > 1 {
		j++
	} else if j == i && f < 1 {
		j--
	}
	return min(max(j, 0), c.last)
}
