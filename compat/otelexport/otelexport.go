// Package otelexport gives the figures of a live.View to OpenTelemetry.
//
// It is a module of its own, so that only those who use it depend on the API of
// OpenTelemetry.
package otelexport

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/causeway-go/causeway/compat/live"
)

// Register has the figures of view observed by the instruments of meter whenever a
// reader of that collects. The instruments are those of the figures that the view
// has at this moment, of every pool, executor and reactor in it; other pools that are
// added later are observed too, other kinds of parts are not. It starts nothing. The
// registration that is returned ends it. The error is one of meter's, or that view is
// empty.
func Register(meter metric.Meter, view *live.View) (metric.Registration, error) {
	r := &reader{view: view, instruments: make(map[string]metric.Float64Observable)}
	var all []metric.Observable
	for f := range view.Figures() {
		if r.instruments[f.Name] != nil {
			continue
		}
		i, err := instrument(meter, f)
		if err != nil {
			return nil, fmt.Errorf("otelexport: %s: %w", f.Name, err)
		}
		r.instruments[f.Name] = i
		all = append(all, i)
	}
	if len(all) == 0 {
		return nil, errors.New("otelexport: the view is empty")
	}
	return meter.RegisterCallback(r.observe, all...)
}

// instrument makes what observes figures like f. Names are those of OpenTelemetry:
// dots, and no suffix for counters and units.
func instrument(meter metric.Meter, f live.Figure) (metric.Float64Observable, error) {
	name := strings.TrimSuffix(f.Name, "_total")
	name, seconds := strings.CutSuffix(name, "_seconds")
	name = strings.Replace(name, "_", ".", 2)
	unit := "1"
	if seconds {
		unit = "s"
	}
	if f.Counter {
		return meter.Float64ObservableCounter(name, metric.WithDescription(f.Help), metric.WithUnit(unit))
	}
	return meter.Float64ObservableGauge(name, metric.WithDescription(f.Help), metric.WithUnit(unit))
}

// A reader hands figures over.
type reader struct {
	view        *live.View
	instruments map[string]metric.Float64Observable
}

func (r *reader) observe(_ context.Context, o metric.Observer) error {
	for f := range r.view.Figures() {
		i := r.instruments[f.Name]
		if i == nil {
			continue
		}
		labels := make([]attribute.KeyValue, len(f.Labels))
		for k, l := range f.Labels {
			labels[k] = attribute.String(l.Name, l.Value)
		}
		o.ObserveFloat64(i, f.Value, metric.WithAttributes(labels...))
	}
	return nil
}
