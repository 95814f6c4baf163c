package threadpool

import (
	"context"
	"runtime/pprof"
	"runtime/trace"
	"time"
)

// observed is what a goroutine that has a slot carries for those who look at its
// job. Of all of it only the gauge is always in use; the rest costs a branch each
// while nobody has asked for it.
type observed struct {
	gauge  gauge
	entry  tracked
	region *trace.Region
	labels context.Context // what has the labels of the goroutine outside of the job
}

// labelsOf returns a context with the profiler labels of jobs, or nil for none.
func labelsOf(o *Options) context.Context {
	if !o.Labels {
		return nil
	}
	return pprof.WithLabels(context.Background(), pprof.Labels("pool", o.Name))
}

// jobBegins is told that a job begins on the calling goroutine, which has got its
// slot at now. ctx has the labels that the goroutine is to have afterwards. A now of
// 0 is that of another clock: such a job is not measured.
func (h *holder) jobBegins(ctx context.Context, now time.Duration, j *Job) {
	p := h.pool
	if now != 0 {
		p.meter.begin(&h.gauge, now)
	}
	if p.track != nil {
		p.track.begin(p, &h.entry, j)
	}
	if p.labels != nil {
		h.labels = ctx
		pprof.SetGoroutineLabels(p.labels)
	}
	if trace.IsEnabled() {
		h.region = trace.StartRegion(ctx, "pool "+p.opts.Name)
	}
}

// jobEnds is told that the job has ended, and counts it.
func (h *holder) jobEnds() {
	p := h.pool
	if h.region != nil {
		h.region.End()
		h.region = nil
	}
	if h.labels != nil {
		pprof.SetGoroutineLabels(h.labels)
		h.labels = nil
	}
	if p.track != nil {
		p.track.end(&h.entry)
	}
	p.meter.end(&h.gauge, clock())
}
