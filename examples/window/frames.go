//go:build cgo && (linux || freebsd || netbsd || openbsd)

package main

import (
	"fmt"
	"time"
)

// frames keeps account of the frames.
type frames struct {
	last   time.Time
	recent [120]time.Duration // a ring: what lay between two frames
	n      int
	late   int
	worst  time.Duration
}

// lateBy is how much longer than it should be an interval is that counts as late.
const lateBy = period / 2

func (f *frames) mark(now time.Time) {
	if !f.last.IsZero() {
		d := now.Sub(f.last)
		f.recent[f.n%len(f.recent)] = d
		if d > period+lateBy {
			f.late++
		}
		f.worst = max(f.worst, d)
	}
	f.last = now
	f.n++
}

const (
	ground = 0x14202b
	pale   = 0x35506b
	ink    = 0xe8eef4
	good   = 0x57b894
	bad    = 0xe05a4b
	warm   = 0xf2b84b
)

// draw draws one frame.
func (a *app) draw(now time.Time) {
	a.frames.mark(now)
	c := a.canvas
	c.rect(0, 0, width, height, ground)
	c.text(20, 30, fmt.Sprintf("frame %d, %d late", a.frames.n, a.frames.late), ink)

	// Something that moves: it shows at a glance whether the window lives.
	c.rect(20+(3*a.frames.n)%(width-60), 44, 20, 10, warm)

	c.text(20, 84, fmt.Sprintf("download %3.0f %%", 100*a.loaded), ink)
	c.rect(150, 74, 310, 12, pale)
	c.rect(150, 74, int(310*a.loaded), 12, good)

	c.text(20, 108, "query", ink)
	c.rect(150, 98, 310, 12, pale)
	if a.queries > 0 {
		c.rect(150+(2*a.frames.n)%280, 98, 30, 12, warm)
	}
	c.text(20, 136, a.said, ink)

	// The last two seconds. The line is where a frame should end.
	const base, scale = 250, 2 // pixels per millisecond
	for i := range a.frames.recent {
		d := a.frames.recent[(a.frames.n+i)%len(a.frames.recent)]
		h := min(int(scale*d/time.Millisecond), 100)
		colour := uint32(good)
		if d > period+lateBy {
			colour = bad
		}
		c.rect(i*width/len(a.frames.recent), base-h, 3, h, colour)
	}
	c.rect(0, base-int(scale*period/time.Millisecond), width, 1, ink)
	c.show()
}
