package control

import "math"

// sums are the differences of two Inputs, in seconds.
type sums struct {
	time, count, area, service, log, logSquare, cpu float64
}

func (s *sums) add(d *sums) {
	s.time += d.time
	s.count += d.count
	s.area += d.area
	s.service += d.service
	s.log += d.log
	s.logSquare += d.logSquare
	s.cpu += d.cpu
}

func (s *sums) scale(f float64) {
	s.time *= f
	s.count *= f
	s.area *= f
	s.service *= f
	s.log *= f
	s.logSquare *= f
	s.cpu *= f
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
