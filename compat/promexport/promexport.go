// Package promexport gives the figures of a live.View to Prometheus.
//
// It is a module of its own, so that only those who use it depend on the client
// library of Prometheus.
package promexport

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/causeway-go/causeway/compat/live"
)

// A Collector is a prometheus.Collector of all that a view has: what is added to
// the view later is collected too. It starts nothing; the figures are read when
// Prometheus asks for them, which takes microseconds. It may be used by several
// goroutines at once.
type Collector struct{ view *live.View }

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector returns a Collector of view, to be registered once:
//
//	prometheus.MustRegister(promexport.NewCollector(&view))
func NewCollector(view *live.View) *Collector { return &Collector{view} }

// Describe implements prometheus.Collector. It describes nothing, which makes the
// collector an unchecked one: what a view has changes.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	for f := range c.view.Figures() {
		names, values := make([]string, len(f.Labels)), make([]string, len(f.Labels))
		for i, l := range f.Labels {
			names[i], values[i] = l.Name, l.Value
		}
		kind := prometheus.GaugeValue
		if f.Counter {
			kind = prometheus.CounterValue
		}
		m, err := prometheus.NewConstMetric(prometheus.NewDesc(f.Name, f.Help, names, nil), kind, f.Value, values...)
		if err != nil { // a name that is not UTF-8
			m = prometheus.NewInvalidMetric(prometheus.NewDesc(f.Name, f.Help, names, nil), err)
		}
		out <- m
	}
}
