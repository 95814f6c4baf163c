package control

import "math"

// sums are the differences of two Inputs, in seconds; late is the lateness by the
// time that it was so.
type sums struct {
	time, count, area, service, log, logSquare, cpu, late float64
}

func (s *sums) add(d *sums) {
	s.time += d.time
	s.count += d.count
	s.area += d.area
	s.service += d.service
	s.log += d.log
	s.logSquare += d.logSquare
	s.cpu += d.cpu
	s.late += d.late
}

func (s *sums) scale(f float64) {
	s.time *= f
	s.count *= f
	s.area *= f
	s.service *= f
	s.log *= f
	s.logSquare *= f
	s.cpu *= f
	s.late *= f
}

// counted is completions per second.
func (s *sums) counted() float64 { return s.count / s.time }

// little is completions per second by Little's law: jobs running over their
// mean service time. With regular jobs it does not see where a slice begins
// and ends, as counting does.
func (s *sums) little() float64 { return s.area / s.time * s.count / s.service }

// running is the mean number of running jobs.
func (s *sums) running() float64 { return s.area / s.time }

func (s *sums) valid() bool { return s.time > 0 && s.count > 0 && s.service > 0 && s.area > 0 }

// logMean is the mean of ln(service time) and the variance of that mean.
func (s *sums) logMean() (mean, variance float64) {
	if s.count == 0 {
		return 0, math.Inf(1)
	}
	mean = s.log / s.count
	variance = max(s.logSquare/s.count-mean*mean, 0.01) / s.count
	return mean, variance
}

// A level is what is known about one limit.
type level struct {
	sums
	at float64 // when it was last measured
}

// A dispersion is the variance of the completions in a batch over their mean:
// 1 for a Poisson process, 0 for a clock. It belongs to the workload and not
// to a level, so all batches share it.
type dispersion struct{ sum, weight float64 }

func (d *dispersion) value() float64 {
	const prior, weight = 1.0, 8.0
	return min(max((d.sum+prior*weight)/(d.weight+weight), 0.1), 20)
}

func (d *dispersion) observe(ratio, count float64) {
	const memory = 40
	r := ratio - 1
	d.sum += min(r*r*count, 50)
	d.weight++
	if d.weight > memory {
		f := memory / d.weight
		d.sum *= f
		d.weight *= f
	}
}

// endings are the times at which jobs ended last, but for strays: those so few
// that they are no sign of work going on. Jobs that collapse, as by convoys, still
// end at some hundredths of their best rate.
type endings struct {
	last   float64 // the last of them
	start  float64 // when it began to look
	strays float64 // jobs since last
	total  float64 // jobs since the last stall, without strays
	ring   [stallEnds]struct{ at, count float64 }
	used   int
}

func (e *endings) begin(now float64) { *e = endings{last: now, start: now} }

// add notes that count jobs have ended, of which few would be strays.
func (e *endings) add(now, count, few float64) {
	if e.strays += count; e.strays <= few {
		return
	}
	i := e.used % stallEnds
	e.ring[i].at, e.ring[i].count = now, e.strays
	e.used++
	e.total += e.strays
	e.last, e.strays = now, 0
}

// span is how long the last sixteen jobs took to end, or all if they are fewer.
func (e *endings) span() float64 {
	n := 0.0
	for i := e.used - 1; i >= 0 && i >= e.used-stallEnds; i-- {
		r := &e.ring[i%stallEnds]
		if n += r.count; n >= stallEnds {
			return e.last - r.at
		}
	}
	return e.last - e.start
}
